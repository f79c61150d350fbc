//! How much a company may use in a day (docs/configuration.md, `[quotas]`): a leaked key, or a program that runs wild, costs
//! the operator no more than that. Off unless it is configured.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use metrics::counter;
use rims_domain::calendar::{moment, today};
use rims_domain::{AccountId, Environment};
use rims_store::{Quota, QuotaKey};

use super::{ServiceError, Services};

/// A node takes this part of a quota at a time: so many writes a day, and what a restart loses.
const PART: u32 = 100;

/// What one company may use in a day, in each environment; `None` is without bound.
#[derive(Clone, Copy, Debug, Default)]
pub struct QuotaLimits {
    /// Drivers that KOROAD is asked about.
    pub checks_per_day: Option<u32>,
    /// Numbers for remote verifications.
    pub numbers_per_day: Option<u32>,
    /// Tokens.
    pub tokens_per_day: Option<u32>,
}

impl QuotaLimits {
    fn of(&self, quota: Quota) -> Option<u32> {
        match quota {
            Quota::Checks => self.checks_per_day,
            Quota::Numbers => self.numbers_per_day,
            Quota::Tokens => self.tokens_per_day,
        }
    }
}

/// The limits, and what is left of the blocks that this node has taken.
#[derive(Debug, Default)]
pub(super) struct Quotas {
    limits: QuotaLimits,
    left: Mutex<Left>,
}

#[derive(Debug, Default)]
struct Left {
    day: Date,
    blocks: HashMap<(AccountId, Environment, Quota), u32>,
}

impl Quotas {
    pub(super) fn new(limits: QuotaLimits) -> Self {
        Self { limits, left: Mutex::default() }
    }

    /// The blocks of a day; those of another day are over.
    fn of_day(&self, day: Date) -> MutexGuard<'_, Left> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if left.day != day {
            *left = Left { day, blocks: HashMap::new() };
        }
        left
    }

    /// Spends of this node's block, or says how many are missing.
    fn spend(&self, key: &QuotaKey, count: u32) -> Result<(), u32> {
        let mut left = self.of_day(key.day);
        let block = left.blocks.entry((key.company, key.environment, key.quota)).or_default();
        *block = block.checked_sub(count).ok_or(count - *block)?;
        Ok(())
    }

    fn add(&self, key: &QuotaKey, count: u32) {
        let mut left = self.of_day(key.day);
        *left.blocks.entry((key.company, key.environment, key.quota)).or_default() += count;
    }
}

impl Services {
    /// Counts against the quota of the company that asks, before anything is done; refused where so many are not left.
    pub(super) async fn spend(
        &self,
        quota: Quota,
        company: AccountId,
        environment: Environment,
        count: usize,
    ) -> Result<(), ServiceError> {
        let Some(most) = self.quotas.limits.of(quota) else { return Ok(()) };
        let now = self.clock.now();
        let key = QuotaKey { company, environment, quota, day: today(now) };
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        while let Err(missing) = self.quotas.spend(&key, count) {
            // The last part of a quota may be smaller than a block.
            let block = missing.max(most / PART);
            let taken = if self.store.take_quota(key, block, most).await? {
                block
            } else if block > missing && self.store.take_quota(key, missing, most).await? {
                missing
            } else {
                counter!("rims_quota_refused_total", "environment" => environment.name(), "quota" => quota.name())
                    .increment(1);
                return Err(ServiceError::QuotaUsedUp { quota, wait: until_tomorrow(now) });
            };
            self.quotas.add(&key, taken);
        }
        Ok(())
    }
}

fn until_tomorrow(now: Timestamp) -> Duration {
    let tomorrow = today(now).tomorrow().map(|day| moment(day.into()));
    tomorrow
        .ok()
        .and_then(|tomorrow| Duration::try_from(tomorrow.duration_since(now)).ok())
        .unwrap_or_default()
}
