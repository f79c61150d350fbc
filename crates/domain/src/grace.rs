//! The month in which a company may prove that an unconfirmed vehicle is its own (§3.3).

use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::calendar::{in_seoul, today};

/// Whether a vehicle's grace is over: one calendar month after its first sighting in Asia/Seoul (31 January
/// → 28 or 29 February). The last day still counts.
pub fn is_over(first_sighting: Timestamp, now: Timestamp) -> bool {
    in_seoul(first_sighting).date().checked_add(1.month()).is_ok_and(|last_day| today(now) > last_day)
}

/// The longest grace, from any hour of its first day to the end of its last: 31 days and the first.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 32);

/// The moment of first sightings before which every grace is over.
pub fn surely_over_before(now: Timestamp) -> Timestamp {
    now.saturating_sub(LONGEST).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_calendar_month_to_the_day() {
        let first = at("2026-01-31T10:00:00+09:00");
        assert!(!is_over(first, first));
        assert!(!is_over(first, at("2026-02-28T23:59:59+09:00")));
        assert!(is_over(first, at("2026-03-01T00:00:00+09:00")));
    }

    #[test]
    fn the_day_is_seouls() {
        let first = at("2026-05-09T15:30:00Z"); // the 10th in Seoul
        assert!(!is_over(first, at("2026-06-10T14:59:59Z")));
        assert!(is_over(first, at("2026-06-10T15:00:00Z")));
    }

    #[test]
    fn every_grace_ends_within_the_longest_one() {
        for hour in (0..24 * 400).step_by(7) {
            let now = at("2027-06-15T00:00:00+09:00") + SignedDuration::from_hours(hour);
            assert!(is_over(surely_over_before(now), now), "{now}");
        }
    }

    #[test]
    fn the_ends_of_time_are_no_panic() {
        assert_eq!(surely_over_before(Timestamp::MIN), Timestamp::MIN);
        assert!(!is_over(Timestamp::MAX, Timestamp::MAX));
    }
}
