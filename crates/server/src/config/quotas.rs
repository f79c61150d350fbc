use serde::Deserialize;

use super::from_1_to;
use crate::service::QuotaLimits;

/// What one company may use in a day, in each environment. A quota that is left out is without bound.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuotaConfig {
    /// Drivers that KOROAD is asked about.
    pub checks_per_day: Option<u32>,
    /// Numbers for remote verifications.
    pub numbers_per_day: Option<u32>,
    /// Tokens.
    pub tokens_per_day: Option<u32>,
}

impl QuotaConfig {
    pub(super) fn check(self) -> Result<(), String> {
        for (name, value) in [
            ("checks_per_day", self.checks_per_day),
            ("numbers_per_day", self.numbers_per_day),
            ("tokens_per_day", self.tokens_per_day),
        ] {
            if let Some(value) = value {
                from_1_to(1_000_000_000, &format!("quotas.{name}"), value.into())?;
            }
        }
        Ok(())
    }
}

impl From<QuotaConfig> for QuotaLimits {
    fn from(config: QuotaConfig) -> Self {
        let QuotaConfig { checks_per_day, numbers_per_day, tokens_per_day } = config;
        Self { checks_per_day, numbers_per_day, tokens_per_day }
    }
}
