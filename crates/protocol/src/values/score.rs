use serde::Serialize;

/// How sure a face or an original was recognised: 0 to 100 (§4.2.7.6.2, tables 5.8 and 5.9).
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
pub struct Score(f64);

impl Score {
    /// `None` outside 0 to 100.
    pub fn new(score: f64) -> Option<Self> {
        (0.0..=100.0).contains(&score).then_some(Self(score))
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_numbers_from_0_to_100() {
        for score in [0.0, 90.68, 100.0] {
            assert_eq!(Score::new(score).map(Score::get), Some(score));
        }
        for score in [-0.01, 100.01, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Score::new(score), None, "{score}");
        }
    }
}
