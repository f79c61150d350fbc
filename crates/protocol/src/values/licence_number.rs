use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Malformed;
use crate::codes::REGIONS;
use crate::mask;

/// What stands between the digits on a card, and what word processors make of it.
const SEPARATORS: [char; 8] =
    ['-', ' ', '\u{a0}', '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2212}'];

/// A driving licence number: 12 ASCII digits (§4.2.1.4). The first two are a region (table 5.5), but an
/// unknown region is not a format error: the licence register answers it.
/// Overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq, Hash, Zeroize, ZeroizeOnDrop)]
pub struct LicenceNumber([u8; 12]);

impl LicenceNumber {
    /// Exactly 12 ASCII digits: what a request may carry.
    pub fn parse_wire(text: &str) -> Result<Self, Malformed> {
        let digits: [u8; 12] = text.as_bytes().try_into().map_err(|_| Self::RULE)?;
        if digits.iter().all(u8::is_ascii_digit) { Ok(Self(digits)) } else { Err(Self::RULE) }
    }

    /// The same, and what is printed on a card: with hyphens and spaces (`11-12-345678-90`), or beginning with the
    /// name of a region in Korean (`서울 12-345678-90`, table 5.5).
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let text = text.trim();
        if let Ok(number) = Self::parse_wire(text) {
            return Ok(number);
        }
        let named = REGIONS.iter().filter_map(|region| Some((region, text.strip_prefix(region.korean)?)));
        // 경기 is also how 경기남부 and 경기북부 begin.
        let (region, rest) = match named.max_by_key(|(region, _)| region.korean.len()) {
            Some((region, rest)) => (region.code, rest),
            None => ("", text),
        };
        let digits = rest.chars().filter(|character| !SEPARATORS.contains(character));
        Self::parse_wire(&region.chars().chain(digits).collect::<String>())
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
    fn the_wire_carries_twelve_ascii_digits_only() {
        assert_eq!(LicenceNumber::parse_wire("221212121212").unwrap().as_str(), "221212121212");
        assert!(LicenceNumber::parse_wire("991212121212").is_ok(), "an unknown region is no format error");
        for text in [
            "",
            "22121212121",
            "2212121212123",
            "22121212121a",
            "２２１２１２１２１２１２",
            "22-12-121212-12",
            " 221212121212",
        ] {
            assert_eq!(LicenceNumber::parse_wire(text), Err(LicenceNumber::RULE), "{text}");
        }
    }

    #[test]
    fn a_card_is_read_as_it_is_printed() {
        for (text, digits) in [
            ("111234567890", "111234567890"),
            ("11-12-345678-90", "111234567890"),
            (" 11 12 345678 90 ", "111234567890"),
            ("서울 12-345678-90", "111234567890"),
            ("서울12-345678-90", "111234567890"),
            ("경기 12-345678-90", "131234567890"),
            ("경기남부 12-345678-90", "131234567890"),
            ("경기북부 12-345678-90", "281234567890"),
            ("제주 12–345678−90", "211234567890"),
        ] {
            assert_eq!(LicenceNumber::parse(text).unwrap().as_str(), digits, "{text}");
        }
        for text in [
            "",
            "서울",
            "서울 11-12-345678-90",
            "서 12-345678-90",
            "12-345678-90",
            "11.12.345678.90",
            "11-12-345678-9O",
            "Seoul 12-345678-90",
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
