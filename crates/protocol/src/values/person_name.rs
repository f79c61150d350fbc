use std::fmt;

use compact_str::CompactString;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{Malformed, composed, without_controls};
use crate::mask;

/// The holder's name as on the licence: 1–40 characters (§4.2.1.4).
/// Overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct PersonName(CompactString);

impl PersonName {
    /// 1–40 characters in Unicode NFC without outer white space; none of them a control or format character
    /// (docs/spec-decisions.md, Validation).
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let name = composed(text.trim());
        match name.chars().count() {
            1..=40 => {
                without_controls(&name)?;
                Ok(Self(name))
            }
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn length_counts_characters_not_bytes() {
        assert!(PersonName::parse(&"가".repeat(40)).is_ok());
        assert!(PersonName::parse(&"가".repeat(41)).is_err());
        assert!(PersonName::parse("").is_err());
    }

    #[test]
    fn one_name_has_one_spelling() {
        for text in [" 홍길동", "홍길동\n", "\t홍길동\u{3000}", "\u{1112}\u{1169}\u{11bc}길동"] {
            assert_eq!(PersonName::parse(text).unwrap().as_str(), "홍길동", "{text:?}");
        }
        assert_eq!(PersonName::parse(" 남궁 민수 ").unwrap().as_str(), "남궁 민수");
        let decomposed = "\u{1100}\u{1161}\u{11a8}";
        assert_eq!(PersonName::parse(&decomposed.repeat(40)).unwrap().as_str(), "각".repeat(40));
        assert!(PersonName::parse(&decomposed.repeat(41)).is_err());
        assert!(PersonName::parse(" \u{3000}\n").is_err());
    }

    #[test]
    fn control_and_format_characters_are_refused() {
        for text in
            ["홍\0길동", "홍\n길동", "홍\u{1b}]0;길동", "홍\u{200b}길동", "\u{202e}홍길동", "\u{feff}홍길동"]
        {
            let refused = Err(Malformed("제어 문자와 서식 문자를 쓸 수 없습니다"));
            assert_eq!(PersonName::parse(text), refused, "{text:?}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        let name = PersonName::parse("홍길동").unwrap();
        assert_eq!(format!("{name:?}"), "PersonName(…)");
        assert_eq!((name.as_str(), name.masked().as_str()), ("홍길동", "홍*동"));
    }

    proptest! {
        #[test]
        fn a_name_that_was_read_is_read_the_same_again(text in "\\PC{0,45}|[ -~가-힣\u{1100}-\u{11ff}\u{300}-\u{36f}]{0,45}") {
            if let Ok(name) = PersonName::parse(&text) {
                prop_assert_eq!(PersonName::parse(name.as_str()), Ok(name));
            }
        }
    }
}
