//! Tokens: three hours each, whatever came before (§2.2, §4.1.1).

use jiff::{SignedDuration, Timestamp};

/// "토큰의 유효 기간은 3시간이다" (§2.2).
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(3);

/// When a token issued now stops to work.
pub fn expiry(issued: Timestamp) -> Timestamp {
    issued.saturating_add(LIFETIME).unwrap_or(Timestamp::MAX)
}

/// Whether a token still works.
pub fn is_alive(expires: Timestamp, now: Timestamp) -> bool {
    now < expires
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lives_three_hours_and_not_a_moment_longer() {
        let issued: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let expires = expiry(issued);
        assert_eq!(expires, "2026-01-01T03:00:00Z".parse().unwrap());
        assert!(is_alive(expires, "2026-01-01T02:59:59.999999999Z".parse().unwrap()));
        assert!(!is_alive(expires, expires));
        assert_eq!(expiry(Timestamp::MAX), Timestamp::MAX);
    }
}
