use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;

/// Seconds from one failed attempt to the next. With a tenth more and each attempt's time-out they stay below a day.
const WAITS: [u64; 11] =
    [5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 5 * HOUR, 6 * HOUR];

/// How far a wait may be shortened or lengthened.
const SPREAD: f64 = 0.1;

/// How long to wait after the attempt of this number, from 1, has failed; `None` after the last.
///
/// `jitter` is a random number from 0 (a tenth shorter) to 1 (a tenth longer): what failed together is not tried
/// again together. Any other number changes nothing.
pub fn wait_after(attempt: u32, jitter: f64) -> Option<Duration> {
    let index = usize::try_from(attempt.saturating_sub(1)).ok()?;
    let jitter = if (0.0..=1.0).contains(&jitter) { jitter } else { 0.5 };
    let factor = SPREAD.mul_add(2.0 * jitter - 1.0, 1.0);
    WAITS.get(index).map(|seconds| Duration::from_secs(*seconds).mul_f64(factor))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Timeouts;
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * HOUR);

    #[test]
    fn waits_grow_until_it_is_given_up() {
        let waits: Vec<u64> =
            (1..).map_while(|attempt| wait_after(attempt, 0.5)).map(|wait| wait.as_secs()).collect();
        assert_eq!(waits, [5, 30, 120, 600, 1_800, 3_600, 7_200, 10_800, 14_400, 18_000, 21_600]);
        assert_eq!((wait_after(12, 0.5), wait_after(u32::MAX, 0.5)), (None, None));
        assert_eq!(wait_after(0, 0.5), wait_after(1, 0.5));
    }

    #[test]
    fn jitter_is_a_tenth() {
        let wait = |jitter| wait_after(4, jitter).unwrap().as_millis();
        assert_eq!([wait(0.0), wait(0.25), wait(1.0)], [540_000, 570_000, 660_000]);
        for wrong in [-1.0, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(wait(wrong), 600_000, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn all_attempts_lie_within_a_day(jitters: [u32; 11]) {
            let jitter = |index: usize| f64::from(jitters[index]) / f64::from(u32::MAX);
            let waits = (1..=11).zip(0..).map(|(attempt, index)| wait_after(attempt, jitter(index)).unwrap());
            let attempts = Timeouts::MAX * 12;
            let total = waits.sum::<Duration>() + attempts;
            prop_assert!(total <= DAY && total * 100 >= DAY * 80, "{total:?}");
        }
    }

    #[test]
    fn the_longest_waits_lie_within_a_day() {
        let longest = (1..).map_while(|attempt| wait_after(attempt, 1.0)).sum::<Duration>();
        assert!(longest + Timeouts::MAX * 12 <= DAY, "{longest:?}");
    }
}
