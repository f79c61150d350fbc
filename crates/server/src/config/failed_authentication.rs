use std::time::Duration;

use serde::Deserialize;

use super::{HOUR_MS, from_1_to};

/// What an address is answered that keeps failing to authenticate (docs/security.md).
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FailedAuthenticationConfig {
    /// Failures of one address until a pause begins, in which further failures are HTTP 429.
    pub allowed: u32,
    /// The first pause; each further failure after a pause doubles the next one.
    pub first_pause_ms: u64,
    /// The longest pause.
    pub longest_pause_ms: u64,
    /// An address without a failure for so long after its last pause starts from zero.
    pub forget_after_ms: u64,
    /// Addresses that are remembered; beyond that those that failed least recently are forgotten.
    pub addresses: usize,
}

impl Default for FailedAuthenticationConfig {
    fn default() -> Self {
        Self {
            allowed: 30,
            first_pause_ms: 1_000,
            longest_pause_ms: 300_000,
            forget_after_ms: 900_000,
            addresses: 65_536,
        }
    }
}

impl FailedAuthenticationConfig {
    /// The pause after so many failures beyond those that are allowed.
    pub(crate) fn pause(&self, excess: u32) -> Duration {
        let factor = 1_u64.checked_shl(excess).unwrap_or(u64::MAX);
        Duration::from_millis(self.first_pause_ms.saturating_mul(factor).min(self.longest_pause_ms))
    }

    pub(crate) fn forget_after(&self) -> Duration {
        Duration::from_millis(self.forget_after_ms)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        for (name, value, most) in [
            ("allowed", self.allowed.into(), 1_000_000),
            ("first_pause_ms", self.first_pause_ms, HOUR_MS),
            ("longest_pause_ms", self.longest_pause_ms, HOUR_MS),
            ("forget_after_ms", self.forget_after_ms, 24 * HOUR_MS),
            ("addresses", u64::try_from(self.addresses).unwrap_or(u64::MAX), 1_000_000),
        ] {
            from_1_to(most, &format!("api.failed_authentication.{name}"), value)?;
        }
        if self.longest_pause_ms < self.first_pause_ms {
            return Err("api.failed_authentication.longest_pause_ms is less than first_pause_ms".to_owned());
        }
        Ok(())
    }
}
