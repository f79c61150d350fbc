//! What the client knows of time: which day it is in Korea, and how old a token is.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

/// Asia/Seoul has been UTC+9 without daylight saving time since 1988.
const SEOUL: Offset = jiff::tz::offset(9);

/// Where the time comes from.
#[derive(Clone)]
pub(crate) struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    pub(crate) fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's time")]
        Self(Arc::new(Timestamp::now))
    }

    pub(crate) fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.0)()
    }

    pub(crate) fn today(&self) -> Date {
        SEOUL.to_datetime(self.now()).date()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_day_is_the_one_in_korea() {
        let clock = Clock::new(|| "2025-12-31T15:00:00Z".parse().unwrap());
        assert_eq!(clock.today(), date(2026, 1, 1));
        let before = Clock::new(|| "2025-12-31T14:59:59.999Z".parse().unwrap());
        assert_eq!(before.today(), date(2025, 12, 31));
    }
}
