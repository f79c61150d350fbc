use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

/// Asia/Seoul has been UTC+9 without daylight saving time since 1988.
const SEOUL: Offset = jiff::tz::offset(9);

/// The calendar date in Asia/Seoul, the only calendar of this system.
pub(crate) fn today(now: Timestamp) -> Date {
    SEOUL.to_datetime(now).date()
}
