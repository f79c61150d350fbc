//! Asia/Seoul, the only calendar of this system.

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};

/// Asia/Seoul has been UTC+9 without daylight saving time since 1988.
const SEOUL: Offset = jiff::tz::offset(9);

/// The moment on the clocks of Asia/Seoul.
pub fn in_seoul(now: Timestamp) -> Zoned {
    now.to_zoned(TimeZone::fixed(SEOUL))
}

/// The date in Asia/Seoul.
pub fn today(now: Timestamp) -> Date {
    SEOUL.to_datetime(now).date()
}

/// The moment at which clocks in Asia/Seoul show this; the earliest or latest one at the ends of time.
pub fn moment(shown: DateTime) -> Timestamp {
    let end = if shown.year() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    SEOUL.to_timestamp(shown).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_day_changes_at_midnight_in_seoul() {
        let before: Timestamp = "2025-12-31T14:59:59.999Z".parse().unwrap();
        let after: Timestamp = "2025-12-31T15:00:00Z".parse().unwrap();
        assert_eq!(today(before), date(2025, 12, 31));
        assert_eq!(today(after), date(2026, 1, 1));
        assert_eq!(in_seoul(after).to_string(), "2026-01-01T00:00:00+09:00[+09:00]");
    }

    #[test]
    fn a_moment_is_the_one_that_seouls_clocks_show() {
        let noon = date(2028, 2, 29).at(12, 0, 0, 0);
        assert_eq!(moment(noon), "2028-02-29T03:00:00Z".parse().unwrap());
        assert_eq!(in_seoul(moment(noon)).datetime(), noon);
        assert_eq!((moment(DateTime::MIN), moment(DateTime::MAX)), (Timestamp::MIN, Timestamp::MAX));
    }

    #[test]
    fn the_fixed_offset_is_the_zones() {
        let zone = TimeZone::get("Asia/Seoul").unwrap();
        for text in ["2024-01-01T00:00:00Z", "2026-07-01T00:00:00Z", "2040-07-01T00:00:00Z"] {
            let moment: Timestamp = text.parse().unwrap();
            assert_eq!(zone.to_offset(moment), SEOUL);
        }
    }
}
