use std::fmt;

use super::Malformed;
use crate::mask;

/// A driving licence number: 12 ASCII digits (§4.2.1.4). The first two are a region (table 5.5), but an
/// unknown region is not a format error: the licence register answers it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LicenceNumber([u8; 12]);

impl LicenceNumber {
    /// Exactly 12 ASCII digits.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let digits: [u8; 12] = text.as_bytes().try_into().map_err(|_| Self::RULE)?;
        if digits.iter().all(u8::is_ascii_digit) { Ok(Self(digits)) } else { Err(Self::RULE) }
    }

    const RULE: Malformed = Malformed("숫자 12자리여야 합니다");

    /// The 12 digits. Personal data: never log them.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// As answers show it: `1*3*5*6*1*1*`.
    pub fn masked(&self) -> String {
        mask::licence_number(self.as_str())
    }
}

impl fmt::Debug for LicenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LicenceNumber(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_ascii_digits_only() {
        assert_eq!(LicenceNumber::parse("221212121212").unwrap().as_str(), "221212121212");
        assert!(LicenceNumber::parse("991212121212").is_ok(), "an unknown region is no format error");
        for text in [
            "",
            "22121212121",
            "2212121212123",
            "22121212121a",
            "２２１２１２１２１２１２",
            "22-12-121212-12",
        ] {
            assert_eq!(LicenceNumber::parse(text), Err(LicenceNumber::RULE), "{text}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        let number = LicenceNumber::parse("221212121212").unwrap();
        assert_eq!(format!("{number:?}"), "LicenceNumber(…)");
        assert_eq!(number.masked(), "2*1*1*1*1*1*");
    }
}
