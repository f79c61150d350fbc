use super::Malformed;

/// A caller's own name for a request whose result it wants to be told later, sent as `Recheck-Reference`
/// (docs/outages.md): 1–64 ASCII letters, digits, `-` and `_`. Webhooks repeat it, so it should name no person.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecheckReference(String);

impl RecheckReference {
    /// The header's name.
    pub const HEADER: &'static str = "Recheck-Reference";

    /// 1–64 characters, each a letter, a digit, `-` or `_`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let valid = (1..=64).contains(&text.len()) && text.bytes().all(is_allowed);
        if valid { Ok(Self(text.to_owned())) } else { Err(Self::RULE) }
    }

    const RULE: Malformed = Malformed("1자 이상 64자 이하의 영문자, 숫자, -, _여야 합니다");

    /// As sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_digits_and_two_marks() {
        for text in ["a", "2f1c-88_Z", &"9".repeat(64)] {
            assert_eq!(RecheckReference::parse(text).unwrap().as_str(), text);
        }
        for text in ["", " ", "a b", "홍길동", "a.b", "a\n", &"9".repeat(65)] {
            assert_eq!(RecheckReference::parse(text), Err(RecheckReference::RULE), "{text}");
        }
    }
}
