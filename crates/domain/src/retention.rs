//! How long records are kept before they are destroyed.

use jiff::{SignedDuration, Timestamp};

/// The moment before which everything is destroyed that is kept for `days` days.
pub fn destroyed_before(days: u32, now: Timestamp) -> Timestamp {
    // Asia/Seoul has no daylight saving time: each of its days has 24 hours.
    let kept = SignedDuration::from_hours(24 * i64::from(days));
    now.saturating_sub(kept).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_record_is_kept_to_the_moment() {
        let now: Timestamp = "2029-02-28T12:00:00+09:00".parse().unwrap();
        for (days, expected) in [
            (0, "2029-02-28T12:00:00+09:00"),
            (1, "2029-02-27T12:00:00+09:00"),
            (365, "2028-02-29T12:00:00+09:00"),
            (730, "2027-03-01T12:00:00+09:00"),
        ] {
            assert_eq!(destroyed_before(days, now), expected.parse().unwrap(), "{days}");
        }
    }

    #[test]
    fn the_beginning_of_time_is_no_panic() {
        assert_eq!(destroyed_before(u32::MAX, Timestamp::UNIX_EPOCH), Timestamp::MIN);
        assert_eq!(destroyed_before(1, Timestamp::MIN), Timestamp::MIN);
    }

    proptest! {
        #[test]
        fn longer_retention_destroys_less(days in 0u32..4000, seconds in 0i64..4_000_000_000) {
            let now = Timestamp::from_second(seconds).unwrap();
            prop_assert!(destroyed_before(days + 1, now) < destroyed_before(days, now));
            prop_assert!(destroyed_before(days, now) <= now);
        }
    }
}
