use rims_domain::audit::{ACCESS_DAYS_MIN, RIGHTS_DAYS_MIN};
use serde::Deserialize;

use super::from_1_to;
use crate::service::retention::Retention;

/// The longest time that records are kept: a hundred years.
const CENTURY_DAYS: u32 = 36_500;

/// How many days records are kept before they are destroyed.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionConfig {
    /// Verifications.
    pub verifications_days: u32,
    /// The audit trail's events about accesses.
    pub audit_days: u32,
    /// The audit trail's events about rights: accounts, keys, delegations, webhooks.
    pub rights_days: u32,
    /// Rentals, reservations and remote verifications, after their end.
    pub rentals_days: u32,
    /// What webhooks were told.
    pub webhook_messages_days: u32,
    /// The graces of vehicles that were not the company's, after their end.
    pub graces_days: u32,
    /// Keys, webhooks and delegations, after they were revoked or disabled or their account ended.
    pub credentials_days: u32,
    /// Who an account was, after it was rejected, deleted or withdrawn.
    pub accounts_days: u32,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        let periods = Retention::default();
        Self {
            verifications_days: periods.verifications_days,
            audit_days: periods.audit_days,
            rights_days: periods.rights_days,
            rentals_days: periods.rentals_days,
            webhook_messages_days: periods.webhook_messages_days,
            graces_days: periods.graces_days,
            credentials_days: periods.credentials_days,
            accounts_days: periods.accounts_days,
        }
    }
}

impl From<RetentionConfig> for Retention {
    fn from(config: RetentionConfig) -> Self {
        Self {
            verifications_days: config.verifications_days,
            audit_days: config.audit_days,
            rights_days: config.rights_days,
            rentals_days: config.rentals_days,
            webhook_messages_days: config.webhook_messages_days,
            graces_days: config.graces_days,
            credentials_days: config.credentials_days,
            accounts_days: config.accounts_days,
        }
    }
}

impl RetentionConfig {
    /// The audit trail is kept as long as 개인정보의 안전성 확보조치 기준 asks (§5③, §8①), a verification not longer than the
    /// event that says who asked for it, and who an account was as long as anything that this is asked of.
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, days) in [
            ("retention.verifications_days", self.verifications_days),
            ("retention.audit_days", self.audit_days),
            ("retention.rights_days", self.rights_days),
            ("retention.rentals_days", self.rentals_days),
            ("retention.webhook_messages_days", self.webhook_messages_days),
            ("retention.graces_days", self.graces_days),
            ("retention.credentials_days", self.credentials_days),
            ("retention.accounts_days", self.accounts_days),
        ] {
            from_1_to(CENTURY_DAYS.into(), name, days.into())?;
        }
        for (name, days, fewest) in [
            ("retention.audit_days", self.audit_days, ACCESS_DAYS_MIN),
            ("retention.rights_days", self.rights_days, RIGHTS_DAYS_MIN),
        ] {
            if days < fewest {
                return Err(format!("{name} is at least {fewest} (개인정보의 안전성 확보조치 기준 §5, §8)"));
            }
        }
        if self.audit_days < self.verifications_days {
            return Err("retention.audit_days is less than retention.verifications_days".to_owned());
        }
        for (name, days) in [
            ("rights_days", self.rights_days),
            ("audit_days", self.audit_days),
            ("credentials_days", self.credentials_days),
        ] {
            if self.accounts_days < days {
                return Err(format!("retention.accounts_days is less than retention.{name}"));
            }
        }
        Ok(())
    }
}
