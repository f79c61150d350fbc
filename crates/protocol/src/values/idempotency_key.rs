use std::fmt;

use super::Malformed;

/// A caller's own name for a request, sent as `Idempotency-Key` (docs/idempotency.md): 1–255 visible ASCII characters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The header's name.
    pub const HEADER: &'static str = "Idempotency-Key";

    /// The header of a token's answer by which a RIMS says that it knows such keys: `true`.
    pub const SUPPORTED: &'static str = "Idempotency-Supported";

    /// 1–255 characters, each from `!` to `~`. In quotation marks, as draft-ietf-httpapi-idempotency-key-header writes it,
    /// it is the same key.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let text = quoted.filter(|inner| !inner.contains('"')).unwrap_or(text);
        let valid = (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if valid { Ok(Self(text.to_owned())) } else { Err(Self::RULE) }
    }

    const RULE: Malformed = Malformed("1자 이상 255자 이하의 ASCII 문자여야 합니다");

    /// The key. It may be anything the caller knows a request by: never log it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn visible_ascii_only() {
        for text in ["!", "~", "8e03978e-40d5-43dd-bc93-6894a57f9324", &"x".repeat(255)] {
            assert_eq!(IdempotencyKey::parse(text).unwrap().as_str(), text);
        }
        assert_eq!(IdempotencyKey::parse("\"k1\"").unwrap().as_str(), "k1");
        for text in ["\"", "\"k1", "a\"b", "\"a\"b\""] {
            assert_eq!(IdempotencyKey::parse(text).unwrap().as_str(), text, "no quoted text");
        }
        for text in ["", "\"\"", " ", "a b", "a\n", "\u{7f}", "키", "é", &"x".repeat(256)] {
            assert_eq!(IdempotencyKey::parse(text), Err(IdempotencyKey::RULE), "{text:?}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        let key = IdempotencyKey::parse("221212121212").unwrap();
        assert_eq!(format!("{key:?}"), "IdempotencyKey(…)");
    }

    proptest! {
        #[test]
        fn what_is_read_is_kept(text in "\\PC{0,300}") {
            if let Ok(key) = IdempotencyKey::parse(&text) {
                prop_assert!(text.bytes().all(|byte| (0x21..=0x7e).contains(&byte)));
                prop_assert_eq!(key.as_str(), text);
            }
        }
    }
}
