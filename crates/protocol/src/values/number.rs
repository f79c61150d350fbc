use std::fmt;

use serde::{Serialize, Serializer};

use crate::{ApiError, Sector};

/// Which of the two names a number has on the wire, and so which error refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberKind {
    /// 대여번호, `rent_no`: letters R and P; refused with -230.
    Rental,
    /// 검증번호, `vrfc_no`: letters V, D and C; refused with -260.
    Verification,
}

impl NumberKind {
    /// Its member on the wire.
    pub const fn member(self) -> &'static str {
        match self {
            Self::Rental => "rent_no",
            Self::Verification => "vrfc_no",
        }
    }

    /// The error for a number that is malformed, unknown or another's (table 5.1).
    pub const fn refusal(self) -> ApiError {
        match self {
            Self::Rental => ApiError::InvalidRentNo,
            Self::Verification => ApiError::InvalidVrfcNo,
        }
    }
}

/// A rental or verification number: letter, two digits of the KST year, `-`, nine digits (`R25-000000843`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RemoteNumber {
    sector: Sector,
    year: u8,
    sequence: u32,
}

impl RemoteNumber {
    /// The largest sequence nine digits can write.
    pub const MAX_SEQUENCE: u32 = 999_999_999;

    /// The number of a sector, a two-digit year and a sequence from 1; `None` outside those ranges.
    pub fn new(sector: Sector, year: u8, sequence: u32) -> Option<Self> {
        let valid = year <= 99 && (1..=Self::MAX_SEQUENCE).contains(&sequence);
        valid.then_some(Self { sector, year, sequence })
    }

    /// Reads a number. `S…` is read as `D…`: §4.1.3.3 calls 대리운전's letter S, §4.5.2.13 issues D.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (letter, rest) = bytes.split_first()?;
        let (year, rest) = rest.split_at_checked(2)?;
        let sequence = rest.strip_prefix(b"-")?;
        if sequence.len() != 9 || !year.iter().chain(sequence).all(u8::is_ascii_digit) {
            return None;
        }
        let letter = if *letter == b'S' { 'D' } else { char::from(*letter) };
        let sector = Sector::ALL.iter().copied().find(|sector| sector.rules().number_letter == letter)?;
        let number = |digits: &[u8]| digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        Self::new(sector, u8::try_from(number(year)).ok()?, number(sequence))
    }

    /// The sector of its letter.
    pub fn sector(self) -> Sector {
        self.sector
    }

    /// The two digits of its year.
    pub fn year(self) -> u8 {
        self.year
    }

    /// Its sequence in that letter and year, from 1.
    pub fn sequence(self) -> u32 {
        self.sequence
    }

    /// Whether it is a rental or a verification number.
    pub fn kind(self) -> NumberKind {
        self.sector.rules().number.kind
    }
}

impl fmt::Display for RemoteNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:02}-{:09}", self.sector.rules().number_letter, self.year, self.sequence)
    }
}

impl Serialize for RemoteNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_the_specifications_samples() {
        let number = RemoteNumber::parse("R25-000000843").unwrap();
        assert_eq!((number.sector(), number.year(), number.sequence()), (Sector::Rental, 25, 843));
        assert_eq!(number.kind(), NumberKind::Rental);
        assert_eq!(RemoteNumber::parse("V25-000000293").unwrap().kind(), NumberKind::Verification);
        assert_eq!(RemoteNumber::parse("S25-000000001").unwrap().to_string(), "D25-000000001");
    }

    #[test]
    fn only_rental_and_pm_have_rental_numbers() {
        for (letter, member, code) in [
            ('R', "rent_no", -230),
            ('V', "vrfc_no", -260),
            ('P', "rent_no", -230),
            ('D', "vrfc_no", -260),
            ('C', "vrfc_no", -260),
        ] {
            let kind = RemoteNumber::parse(&format!("{letter}25-000000001")).unwrap().kind();
            assert_eq!((kind.member(), kind.refusal().code().code()), (member, code), "{letter}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "R",
            "R25",
            "X25-000000001",
            "r25-000000001",
            "R25-000000000",
            "R25-00000001",
            "R25-0000000001",
            "R2a-000000001",
            "R25_000000001",
            "R25-00000000a",
            "한25-000000001",
        ] {
            assert_eq!(RemoteNumber::parse(text), None, "{text}");
        }
        assert_eq!(RemoteNumber::new(Sector::Rental, 100, 1), None);
        assert_eq!(RemoteNumber::new(Sector::Rental, 25, 1_000_000_000), None);
    }

    proptest! {
        #[test]
        fn written_numbers_come_back(index in 0usize..5, year in 0u8..=99, sequence in 1u32..=999_999_999) {
            let number = RemoteNumber::new(Sector::ALL[index], year, sequence).unwrap();
            prop_assert_eq!(RemoteNumber::parse(&number.to_string()), Some(number));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,16}") {
            if let Some(number) = RemoteNumber::parse(&text) {
                prop_assert_eq!(number.to_string().len(), 13);
            }
        }
    }
}
