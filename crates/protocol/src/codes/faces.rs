/// A row of tables 5.8 and 5.9: from which score on a level is reached, and how often it errs.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct FaceLevel {
    /// 단계, from 1.
    pub level: u8,
    /// The score (0–100) that reaches this level (민감도).
    pub score: f64,
    /// Table 5.8: how many real faces in `out_of` are refused. Table 5.9: how many strangers are accepted.
    pub errors: f64,
    /// The denominator the specification writes.
    pub out_of: u32,
}

const fn level(level: u8, score: f64, errors: f64, out_of: u32) -> FaceLevel {
    FaceLevel { level, score, errors, out_of }
}

/// Table 5.8 (얼굴 활성화도 판정 기준표): false rejects of living faces. Level 4 or higher is recommended.
pub const FACE_LIVENESS_LEVELS: &[FaceLevel] = &[
    level(1, 61.07, 0.48, 100),
    level(2, 88.93, 0.8, 100),
    level(3, 93.97, 1.04, 100),
    level(4, 96.84, 1.4, 100),
    level(5, 97.50, 1.55, 100),
    level(6, 97.74, 1.62, 100),
    level(7, 98.81, 2.15, 100),
];

/// Table 5.9 (얼굴 유사도 판정 기준표): false accepts of strangers. Level 12 or higher is recommended.
pub const FACE_SIMILARITY_LEVELS: &[FaceLevel] = &[
    level(1, 97.64, 1.0, 100),
    level(2, 98.72, 5.0, 1_000),
    level(3, 99.72, 1.0, 1_000),
    level(4, 99.74, 9.0, 10_000),
    level(5, 99.77, 8.0, 10_000),
    level(6, 99.80, 7.0, 10_000),
    level(7, 99.83, 6.0, 10_000),
    level(8, 99.85, 5.0, 10_000),
    level(9, 99.87, 4.0, 10_000),
    level(10, 99.90, 3.0, 10_000),
    level(11, 99.92, 2.0, 10_000),
    level(12, 99.96, 1.0, 10_000),
    level(13, 99.97, 7.0, 100_000),
    level(14, 99.98, 5.0, 100_000),
    level(15, 99.99, 3.0, 100_000),
    level(16, 100.0, 1.0, 100_000),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_rise_without_gaps() {
        for table in [FACE_LIVENESS_LEVELS, FACE_SIMILARITY_LEVELS] {
            for (index, row) in table.iter().enumerate() {
                assert_eq!(usize::from(row.level), index + 1);
            }
            assert!(table.windows(2).all(|pair| pair[0].score < pair[1].score));
        }
    }
}
