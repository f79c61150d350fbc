//! Whether a driver may still be verified under a number (비대면, §4.1.3; docs/spec-decisions.md).

use jiff::Timestamp;
use jiff::civil::Date;

use crate::calendar::today;

/// How often a driver may try.
pub const ATTEMPTS: u32 = 5;

/// A remote verification, as far as this decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote {
    /// The last day of its number's period.
    pub last_day: Date,
    /// The attempts made so far.
    pub attempts: u32,
    /// Whether it has a result.
    pub completed: bool,
}

/// Why there is no further attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// It has its result.
    #[error("the verification is completed")]
    Completed,
    /// Its last day is over in Asia/Seoul.
    #[error("the number's period is over")]
    Expired,
    /// All attempts were made.
    #[error("all {ATTEMPTS} attempts were made")]
    AttemptsUsedUp,
}

impl Remote {
    /// Whether another attempt may be made: from the number's creation on, and not only from its first day.
    pub fn may_attempt(&self, now: Timestamp) -> Result<(), Closed> {
        if self.completed {
            Err(Closed::Completed)
        } else if today(now) > self.last_day {
            Err(Closed::Expired)
        } else if self.attempts >= ATTEMPTS {
            Err(Closed::AttemptsUsedUp)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const OPEN: Remote = Remote { last_day: date(2026, 5, 9), attempts: 0, completed: false };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_last_day_counts_to_its_end_in_seoul() {
        assert_eq!(OPEN.may_attempt(at("2025-01-01T00:00:00Z")), Ok(()));
        assert_eq!(OPEN.may_attempt(at("2026-05-09T14:59:59.999Z")), Ok(()));
        assert_eq!(OPEN.may_attempt(at("2026-05-09T15:00:00Z")), Err(Closed::Expired));
    }

    #[test]
    fn there_are_five_attempts() {
        let now = at("2026-05-01T00:00:00Z");
        let after = |attempts| Remote { attempts, ..OPEN }.may_attempt(now);
        assert_eq!(
            (after(4), after(5), after(6)),
            (Ok(()), Err(Closed::AttemptsUsedUp), Err(Closed::AttemptsUsedUp))
        );
        assert_eq!(Closed::AttemptsUsedUp.to_string(), "all 5 attempts were made");
    }

    #[test]
    fn a_result_closes_it_whatever_else_does() {
        let completed = Remote { completed: true, attempts: 5, ..OPEN };
        for now in ["2026-05-01T00:00:00Z", "2027-05-01T00:00:00Z"] {
            assert_eq!(completed.may_attempt(at(now)), Err(Closed::Completed));
        }
        let expired = Remote { attempts: 5, ..OPEN };
        assert_eq!(expired.may_attempt(at("2027-05-01T00:00:00Z")), Err(Closed::Expired));
    }
}
