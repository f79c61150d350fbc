//! The month in which a company may prove that an unconfirmed vehicle is its own (§3.3).

use jiff::{Timestamp, ToSpan};

use crate::calendar::{in_seoul, today};

/// Whether a vehicle's grace is over: one calendar month after its first sighting in Asia/Seoul (31 January
/// → 28 or 29 February). The last day still counts.
pub fn is_over(first_sighting: Timestamp, now: Timestamp) -> bool {
    in_seoul(first_sighting).date().checked_add(1.month()).is_ok_and(|last_day| today(now) > last_day)
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
    fn the_end_of_time_is_no_panic() {
        assert!(!is_over(Timestamp::MAX, Timestamp::MAX));
    }
}
