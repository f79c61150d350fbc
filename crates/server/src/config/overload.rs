use std::time::Duration;

use serde::Deserialize;

use super::{HOUR_MS, from_1_to};

/// How many requests are worked on at once; further ones are HTTP 503.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OverloadConfig {
    /// Requests that ask a national system, and again as many that do not.
    pub in_flight: usize,
    /// Batches.
    pub batches_in_flight: usize,
    /// Batches of one company that wait for a place.
    pub batches_waiting: usize,
    /// How long they wait.
    pub batch_wait_ms: u64,
    /// Bytes that large bodies hold while they arrive, and what was read of them until it is answered, all together.
    pub body_memory_bytes: usize,
    /// What one company may have of the places, in percent.
    pub company_share_percent: usize,
}

impl Default for OverloadConfig {
    fn default() -> Self {
        Self {
            in_flight: 4_096,
            batches_in_flight: 32,
            batches_waiting: 64,
            batch_wait_ms: 2_000,
            body_memory_bytes: 128 << 20,
            company_share_percent: 50,
        }
    }
}

impl OverloadConfig {
    /// One company's share of so many places.
    pub(crate) fn per_company(&self, places: usize) -> usize {
        (places * self.company_share_percent).div_ceil(100)
    }

    pub(crate) fn batch_wait(&self) -> Duration {
        Duration::from_millis(self.batch_wait_ms)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let count = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        for (name, value, most) in [
            ("in_flight", count(self.in_flight), 1_000_000),
            ("batches_in_flight", count(self.batches_in_flight), 10_000),
            ("batches_waiting", count(self.batches_waiting), 100_000),
            ("batch_wait_ms", self.batch_wait_ms, HOUR_MS),
            ("body_memory_bytes", count(self.body_memory_bytes), 1 << 40),
            ("company_share_percent", count(self.company_share_percent), 100),
        ] {
            from_1_to(most, &format!("api.overload.{name}"), value)?;
        }
        Ok(())
    }
}
