//! How long to wait before what failed is tried again: one table of waits for each kind of work.

use std::time::Duration;

const SECOND: u64 = 1;
const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;

/// How far [`Backoff::spread`] may shorten or lengthen a wait.
const SPREAD: f64 = 0.1;

/// The waits after the first failure, the second, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// In seconds.
    waits: &'static [u64],
    after_the_last: AfterTheLast,
}

/// What follows the last wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AfterTheLast {
    GiveUp,
    Repeat,
}

/// A webhook message: twelve attempts. With a tenth more and each attempt's time-out the waits stay below a day.
pub const WEBHOOK: Backoff = Backoff {
    waits: &[
        5 * SECOND,
        30 * SECOND,
        2 * MINUTE,
        10 * MINUTE,
        30 * MINUTE,
        HOUR,
        2 * HOUR,
        3 * HOUR,
        4 * HOUR,
        5 * HOUR,
        6 * HOUR,
    ],
    after_the_last: AfterTheLast::GiveUp,
};

/// A reservation's run; not beyond its day ([`crate::recurrence::retry_at`]).
pub const RESERVATION: Backoff = Backoff {
    waits: &[5 * MINUTE, 10 * MINUTE, 20 * MINUTE, 40 * MINUTE, HOUR],
    after_the_last: AfterTheLast::Repeat,
};

/// A check that KOROAD did not answer; how long that is tried is configured.
pub const RECHECK: Backoff = Backoff { waits: &[MINUTE], after_the_last: AfterTheLast::Repeat };

impl Backoff {
    /// The wait after the failure of this number, from 1; `None` where it is given up.
    pub fn after(&self, failures: u32) -> Option<Duration> {
        let index = usize::try_from(failures.saturating_sub(1)).ok()?;
        let wait = match self.after_the_last {
            AfterTheLast::GiveUp => self.waits.get(index),
            AfterTheLast::Repeat => self.waits.get(index.min(self.waits.len().checked_sub(1)?)),
        };
        wait.copied().map(Duration::from_secs)
    }

    /// The same, shortened or lengthened by up to a tenth, so that what failed together is not tried again together.
    ///
    /// `random` is a number from 0 (a tenth shorter) to 1 (a tenth longer); any other one changes nothing.
    pub fn spread(&self, failures: u32, random: f64) -> Option<Duration> {
        let random = if (0.0..=1.0).contains(&random) { random } else { 0.5 };
        let factor = SPREAD.mul_add(2.0 * random - 1.0, 1.0);
        self.after(failures).map(|wait| wait.mul_f64(factor))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * HOUR);
    /// No attempt to deliver a webhook takes longer.
    const LONGEST_ATTEMPT: Duration = Duration::from_secs(30);

    fn seconds(backoff: Backoff, failures: impl IntoIterator<Item = u32>) -> Vec<Option<u64>> {
        failures.into_iter().map(|failures| backoff.after(failures).map(|wait| wait.as_secs())).collect()
    }

    #[test]
    fn a_webhooks_waits_grow_until_it_is_given_up() {
        let waits: Vec<u64> =
            (1..).map_while(|attempt| WEBHOOK.after(attempt)).map(|wait| wait.as_secs()).collect();
        assert_eq!(waits, [5, 30, 120, 600, 1_800, 3_600, 7_200, 10_800, 14_400, 18_000, 21_600]);
        assert_eq!(seconds(WEBHOOK, [0, 12, u32::MAX]), [Some(5), None, None]);
    }

    #[test]
    fn reservations_and_rechecks_are_not_given_up_by_their_waits() {
        let expected = [300, 300, 600, 1_200, 2_400, 3_600, 3_600, 3_600].map(Some);
        assert_eq!(seconds(RESERVATION, [0, 1, 2, 3, 4, 5, 6, u32::MAX]), expected);
        assert_eq!(seconds(RECHECK, [1, 2, 100]), [Some(60); 3]);
    }

    #[test]
    fn a_wait_is_spread_by_a_tenth() {
        let wait = |random| WEBHOOK.spread(4, random).unwrap().as_millis();
        assert_eq!([wait(0.0), wait(0.25), wait(1.0)], [540_000, 570_000, 660_000]);
        for wrong in [-1.0, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(wait(wrong), 600_000, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn all_of_a_webhooks_attempts_lie_within_a_day(randoms: [u32; 11]) {
            let random = |index: usize| f64::from(randoms[index]) / f64::from(u32::MAX);
            let waits = (1..=11).zip(0..).map(|(attempt, index)| WEBHOOK.spread(attempt, random(index)).unwrap());
            let total = waits.sum::<Duration>() + LONGEST_ATTEMPT * 12;
            prop_assert!(total <= DAY && total * 100 >= DAY * 80, "{total:?}");
        }
    }

    #[test]
    fn the_longest_waits_lie_within_a_day() {
        let longest = (1..).map_while(|attempt| WEBHOOK.spread(attempt, 1.0)).sum::<Duration>();
        assert!(longest + LONGEST_ATTEMPT * 12 <= DAY, "{longest:?}");
    }
}
