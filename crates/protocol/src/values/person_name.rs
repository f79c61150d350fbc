use std::fmt;

use compact_str::CompactString;

use super::Malformed;
use crate::mask;

/// The holder's name as on the licence: 1–40 characters (§4.2.1.4).
#[derive(Clone, PartialEq, Eq)]
pub struct PersonName(CompactString);

impl PersonName {
    /// 1–40 characters, kept as sent.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        match text.chars().count() {
            1..=40 => Ok(Self(text.into())),
            _ => Err(Malformed("1자 이상 40자 이하여야 합니다")),
        }
    }

    /// The name. Personal data: never log it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As answers show it: `홍*동`.
    pub fn masked(&self) -> String {
        mask::person_name(&self.0)
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_characters_not_bytes() {
        assert!(PersonName::parse(&"가".repeat(40)).is_ok());
        assert!(PersonName::parse(&"가".repeat(41)).is_err());
        assert!(PersonName::parse("").is_err());
    }

    #[test]
    fn debug_shows_nothing() {
        let name = PersonName::parse("홍길동").unwrap();
        assert_eq!(format!("{name:?}"), "PersonName(…)");
        assert_eq!((name.as_str(), name.masked().as_str()), ("홍길동", "홍*동"));
    }
}
