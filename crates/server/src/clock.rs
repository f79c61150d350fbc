//! The one clock. Everything that needs the time is given a [`Clock`]; nothing else reads it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rims_domain::calendar;

/// The system's time, or in the sandbox a time moved ahead of it. Clones share the movement.
#[derive(Clone, Debug)]
pub struct Clock {
    ahead_ns: Arc<AtomicI64>,
}

/// 2089-01-01T00:00:00Z: ids of rows have 41 bits of milliseconds from 2020 on (docs/sandbox.md).
const END: Timestamp = Timestamp::constant(3_755_376_000, 0);

/// A move that would turn the clock back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the clock moves forward only; it is {now} already")]
pub struct Backward {
    /// What the clock shows.
    pub now: Timestamp,
}

/// Why the clock was not moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// The new time lies before the present one.
    #[error(transparent)]
    Backward(#[from] Backward),
    /// The new time is later than the ids of rows can tell.
    #[error("the clock cannot go beyond 2088")]
    OutOfRange,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self { ahead_ns: Arc::new(AtomicI64::new(0)) }
    }

    /// A clock that starts at another moment and ticks on from there.
    pub fn starting_at(moment: Timestamp) -> Result<Self, MoveError> {
        let ahead = i64::try_from(moment.duration_since(real_now()).as_nanos());
        let ahead_ns = Arc::new(AtomicI64::new(ahead.map_err(|_| MoveError::OutOfRange)?));
        Ok(Self { ahead_ns })
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_nanos(self.ahead_ns.load(Ordering::Acquire));
        real_now().saturating_add(ahead).unwrap_or(Timestamp::MAX)
    }

    /// Today in Asia/Seoul.
    pub fn today(&self) -> Date {
        calendar::today(self.now())
    }

    /// Moves it forward by as much as lies between `now`, which it showed, and a later moment; from there it goes
    /// on ticking.
    pub fn shift(&self, now: Timestamp, moment: Timestamp) -> Result<(), MoveError> {
        if moment < now {
            return Err(Backward { now }.into());
        }
        if moment >= END {
            return Err(MoveError::OutOfRange);
        }
        let forward = moment.duration_since(now).as_nanos();
        let forward = i64::try_from(forward).map_err(|_| MoveError::OutOfRange)?;
        self.ahead_ns.fetch_add(forward, Ordering::AcqRel);
        Ok(())
    }

    /// Back to the system's time; only the sandbox does this, together with wiping its data.
    pub fn reset(&self) {
        self.ahead_ns.store(0, Ordering::Release);
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's clock")]
fn real_now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;

    #[test]
    fn it_moves_forward_goes_on_ticking_and_never_back() {
        let clock = Clock::system();
        let start = clock.now();
        let later = start + 48.hours();
        clock.shift(clock.now(), later).unwrap();
        assert!(clock.now() >= later);
        assert!(matches!(clock.shift(clock.now(), start), Err(MoveError::Backward(_))));
        assert_eq!(clock.shift(clock.now(), Timestamp::MAX), Err(MoveError::OutOfRange));
        assert!(clock.now() >= later && clock.now() >= clock.clone().now() - 1.second());
        clock.reset();
        assert!(clock.now() < later);
    }
}
