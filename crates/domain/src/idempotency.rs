//! Idempotency keys: a caller that repeats a request under the same key gets the first one's answer.

use jiff::{SignedDuration, Timestamp};

/// How long a key is remembered.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// Whether a key first used at `created` still stands for its answer.
pub fn is_alive(created: Timestamp, now: Timestamp) -> bool {
    now.duration_since(created) < LIFETIME
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_lives_a_day_and_not_a_moment_longer() {
        let created: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        assert!(is_alive(created, created));
        assert!(is_alive(created, "2026-01-01T23:59:59.999999999Z".parse().unwrap()));
        assert!(!is_alive(created, "2026-01-02T00:00:00Z".parse().unwrap()));
        assert!(!is_alive(Timestamp::MIN, Timestamp::MAX) && is_alive(Timestamp::MAX, Timestamp::MIN));
    }
}
