//! Idempotency keys: a caller that repeats a request under the same key gets the first one's answer.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

/// How long a key is remembered.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// A caller's own name for a request: 1–255 visible ASCII characters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

/// What is no idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key has 1 to 255 visible ASCII characters")]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// 1–255 characters, each from `!` to `~`.
    pub fn parse(text: &str) -> Result<Self, InvalidIdempotencyKey> {
        let valid = (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidIdempotencyKey) }
    }

    /// As sent. It may be anything the caller knows a request by: never log it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(…)")
    }
}

/// Whether a key first used at `created` still stands for its answer.
pub fn is_alive(created: Timestamp, now: Timestamp) -> bool {
    now.duration_since(created) < LIFETIME
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
        for text in ["", " ", "a b", "a\n", "\u{7f}", "키", "é", &"x".repeat(256)] {
            assert_eq!(IdempotencyKey::parse(text), Err(InvalidIdempotencyKey), "{text:?}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        let key = IdempotencyKey::parse("221212121212").unwrap();
        assert_eq!(format!("{key:?}"), "IdempotencyKey(…)");
    }

    #[test]
    fn a_key_lives_a_day_and_not_a_moment_longer() {
        let created: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        assert!(is_alive(created, created));
        assert!(is_alive(created, "2026-01-01T23:59:59.999999999Z".parse().unwrap()));
        assert!(!is_alive(created, "2026-01-02T00:00:00Z".parse().unwrap()));
        assert!(!is_alive(Timestamp::MIN, Timestamp::MAX) && is_alive(Timestamp::MAX, Timestamp::MIN));
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
