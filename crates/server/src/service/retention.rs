//! Destroying what is past its period (docs/operations.md, Retention).

use jiff::{SignedDuration, Timestamp};
use rims_domain::audit::{ACCESS_DAYS_MIN, RIGHTS_DAYS_MIN, Trail};
use rims_domain::calendar::today;
use rims_domain::retention::destroyed_before;
use rims_domain::{AuditAction, grace};
use rims_store::{Expired, NewAudit, Write};

use super::{ServiceError, Services, system_event};

/// What one node does at a time, and for how long it may.
const CHORE: &str = "retention";
const CHORE_TIME: SignedDuration = SignedDuration::from_mins(55);
/// How often the oldest rows of the audit chains are looked for at most.
const ROUNDS: usize = 10_000;

/// How many days things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Verifications, after they were made.
    pub verifications_days: u32,
    /// Audit events about accesses, after they happened.
    pub audit_days: u32,
    /// Audit events about rights, after they happened.
    pub rights_days: u32,
    /// Rentals, reservations and remote verifications, after their end.
    pub rentals_days: u32,
    /// Webhook messages, after what they tell.
    pub webhook_messages_days: u32,
    /// The graces of vehicles that were not the company's (§3.3), after their end.
    pub graces_days: u32,
    /// Keys, webhooks and delegations, after they were revoked or disabled or their account ended.
    pub credentials_days: u32,
    /// Who an account was, after it was rejected, deleted or withdrawn.
    pub accounts_days: u32,
}

impl Default for Retention {
    /// One year; for the audit trail two about accesses (안전성 확보조치 기준 §8①) and three about rights (§5③), and as long
    /// who the accounts were that had them; a month for messages.
    fn default() -> Self {
        Self {
            verifications_days: 365,
            audit_days: ACCESS_DAYS_MIN,
            rights_days: RIGHTS_DAYS_MIN,
            rentals_days: 365,
            webhook_messages_days: 30,
            graces_days: 365,
            credentials_days: 365,
            accounts_days: RIGHTS_DAYS_MIN,
        }
    }
}

impl Retention {
    /// What is past its period at a moment, but for the audit trail. What belongs to an account comes before it.
    fn expired(&self, now: Timestamp) -> [Expired; 11] {
        let before = |days| destroyed_before(days, now);
        let rentals = before(self.rentals_days);
        [
            Expired::Verifications(before(self.verifications_days)),
            Expired::Rentals(rentals, today(rentals)),
            Expired::Reservations(rentals, today(rentals)),
            Expired::Remotes(today(rentals)),
            Expired::Messages(before(self.webhook_messages_days)),
            Expired::Answers(now - rims_domain::idempotency::LIFETIME),
            Expired::Graces(grace::surely_over_before(before(self.graces_days))),
            Expired::Credentials(before(self.credentials_days)),
            Expired::Webhooks(before(self.credentials_days)),
            Expired::Delegations(before(self.credentials_days)),
            Expired::Accounts(before(self.accounts_days)),
        ]
    }
}

impl Services {
    /// The hourly chores of the database: one node at a time does them.
    pub async fn keep_house(&self, retention: &Retention, now: Timestamp) -> Result<(), ServiceError> {
        if !self.store.claim_chore(CHORE, now, now + CHORE_TIME).await? {
            return Ok(());
        }
        self.store.make_partitions(now).await?;
        self.store.commit(Write::ForgetTokens { expired_before: now }).await?;
        self.store.forget_quotas(today(now)).await?;
        self.destroy_expired(retention, now).await?;
        Ok(self.store.drop_empty_partitions(now).await?)
    }

    async fn destroy_expired(&self, retention: &Retention, now: Timestamp) -> Result<(), ServiceError> {
        for expired in retention.expired(now) {
            while self.store.has_expired(expired).await? {
                let audit = destroyed(expired.name(), now);
                self.store.commit(Write::Destroy { expired, audit }).await?;
            }
        }
        self.destroy_audit(Trail::Access, destroyed_before(retention.audit_days, now), now).await?;
        self.destroy_audit(Trail::Rights, destroyed_before(retention.rights_days, now), now).await
    }

    async fn destroy_audit(
        &self,
        trail: Trail,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        for _ in 0..ROUNDS {
            let chains = self.store.expired_audit(trail, before).await?;
            if chains.is_empty() {
                break;
            }
            for expired in chains {
                let what = match trail {
                    Trail::Access => "audit",
                    Trail::Rights => "audit of rights",
                };
                let audit = destroyed(what, now);
                self.store.commit(Write::DestroyAudit { expired, audit }).await?;
            }
        }
        Ok(())
    }
}

fn destroyed(what: &'static str, at: Timestamp) -> NewAudit {
    NewAudit { outcome: what.to_owned(), ..system_event(at, AuditAction::Retention) }
}
