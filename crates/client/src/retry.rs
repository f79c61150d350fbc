use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};

/// How often and how soon a call that failed for the moment is sent again, if that can do nothing twice.
///
/// The pauses double from the first to the longest, with jitter; a server's `Retry-After` is waited for, up to the
/// longest pause six times over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often it is sent again; 0 never.
    pub retries: usize,
    /// The first pause.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
}

impl RetryPolicy {
    /// Nothing is sent again by itself.
    pub const NEVER: Self = Self { retries: 0, ..Self::DEFAULT };

    const DEFAULT: Self =
        Self { retries: 3, first_pause: Duration::from_millis(200), longest_pause: Duration::from_secs(5) };

    pub(crate) fn pauses(self) -> impl Iterator<Item = Duration> {
        ExponentialBuilder::new()
            .with_jitter()
            .with_min_delay(self.first_pause)
            .with_max_delay(self.longest_pause)
            .with_max_times(self.retries)
            .build()
    }

    /// The pause, or what the server asks for if that is not absurd.
    pub(crate) fn wait(self, pause: Duration, retry_after: Option<Duration>) -> Duration {
        retry_after.map_or(pause, |asked| asked.min(self.longest_pause.saturating_mul(6)).max(pause))
    }
}

impl Default for RetryPolicy {
    /// Three times, after 0.2 s to 5 s.
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_end() {
        let policy = RetryPolicy { retries: 6, ..RetryPolicy::default() };
        let pauses: Vec<Duration> = policy.pauses().collect();
        assert_eq!(pauses.len(), 6);
        assert!(pauses[0] >= Duration::from_millis(200) && pauses[0] < Duration::from_millis(400));
        assert!(pauses.iter().all(|pause| *pause < Duration::from_secs(10)));
        assert_eq!(RetryPolicy::NEVER.pauses().count(), 0);
    }

    #[test]
    fn a_server_may_ask_for_more_but_not_for_ever() {
        let policy = RetryPolicy::default();
        let second = Duration::from_secs(1);
        assert_eq!(policy.wait(second, None), second);
        assert_eq!(policy.wait(second, Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(policy.wait(second, Some(Duration::ZERO)), second);
        assert_eq!(policy.wait(second, Some(Duration::from_hours(24))), Duration::from_secs(30));
    }
}
