use jiff::SignedDuration;
use serde::Deserialize;

use super::from_1_to;
use crate::service::recheck::OutageMode;

/// What is done for checks that KOROAD does not answer (docs/outages.md).
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutageConfig {
    /// Whether companies may ask that they are made again.
    pub recheck: bool,
    /// For how many hours that is tried.
    pub give_up_after_hours: u32,
    /// How many checks of one company wait at most, in each environment.
    pub waiting_per_company: u32,
}

impl Default for OutageConfig {
    fn default() -> Self {
        Self { recheck: true, give_up_after_hours: 24, waiting_per_company: 10_000 }
    }
}

impl OutageConfig {
    /// A week at most: what is kept is personal data.
    pub(super) fn check(self) -> Result<(), String> {
        from_1_to(168, "outage.give_up_after_hours", self.give_up_after_hours.into())?;
        from_1_to(1_000_000, "outage.waiting_per_company", self.waiting_per_company.into())
    }
}

impl From<OutageConfig> for OutageMode {
    fn from(config: OutageConfig) -> Self {
        let give_up_after = SignedDuration::from_hours(config.give_up_after_hours.into());
        let OutageConfig { recheck, waiting_per_company, .. } = config;
        Self { recheck, give_up_after, waiting_per_company }
    }
}
