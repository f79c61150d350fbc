use std::fmt;

use compact_str::CompactString;

use super::{Malformed, without_controls};

/// 사용자ID: 1–32 characters (§4.2.1.4 bizinfo), not blank, without control and format characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(CompactString);

impl UserId {
    /// 1–32 characters, not blank, none of them a control or format character.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        match text.chars().count() {
            1..=32 if text.trim().is_empty() => Err(Malformed("빈칸만으로 이루어질 수 없습니다")),
            1..=32 => without_controls(text).map(|text| Self(text.into())),
            _ => Err(Malformed("1자 이상 32자 이하여야 합니다")),
        }
    }

    /// As registered.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// 사업자등록번호: 10 digits. No check digit is asked: the specification's own sample fails it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BusinessNumber(CompactString);

impl BusinessNumber {
    /// Exactly 10 ASCII digits.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.into()))
        } else {
            Err(Malformed("숫자 10자리여야 합니다"))
        }
    }

    /// The 10 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BusinessNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_ids() {
        assert_eq!(UserId::parse("s01").unwrap().to_string(), "s01");
        assert_eq!(UserId::parse(&"a".repeat(32)).unwrap().as_str().len(), 32);
        assert!(UserId::parse(&"a".repeat(33)).is_err() && UserId::parse("").is_err());
    }

    #[test]
    fn user_ids_are_neither_blank_nor_have_control_or_format_characters() {
        assert_eq!(UserId::parse("사용자 01").unwrap().as_str(), "사용자 01");
        for text in [" ", "\u{3000}\u{3000}", "\n", "s01\0", "s\n01", "s01\u{7f}", "\u{85}s01", "s\u{200b}01"]
        {
            assert!(UserId::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn business_numbers() {
        assert_eq!(BusinessNumber::parse("1234567890").unwrap().to_string(), "1234567890");
        assert_eq!(BusinessNumber::parse("1234567890").unwrap().as_str(), "1234567890");
        for text in ["", "123456789", "12345678901", "123-45-678", "１２３４５６７８９０"] {
            assert!(BusinessNumber::parse(text).is_err(), "{text}");
        }
    }
}
