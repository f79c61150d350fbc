//! What a company has used of its quotas on a day. A node takes a block, durably, before it spends of it: a crash loses the
//! rest of a block, and no node spends what another has taken.

use jiff::civil::Date;
use rims_domain::{AccountId, Environment};

use crate::codec::{Code, date_to_int};
use crate::committer::{Failure, changed, one};
use crate::db::Link;
use crate::error::StoreError;
use crate::prepared::{Command, Prepared};
use crate::sql::statements;
use crate::store::Store;

statements! { STATEMENTS:
    TAKE = "
        INSERT INTO quota_use (company_id, environment, kind, day, used) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (company_id, environment, kind, day) DO UPDATE SET used = quota_use.used + excluded.used
        WHERE quota_use.used + excluded.used <= $6";
    FORGET = "DELETE FROM quota_use WHERE day < $1";
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quota {
    /// Drivers that KOROAD is asked about.
    Checks,
    /// Numbers for remote verifications.
    Numbers,
    /// Tokens.
    Tokens,
}

impl Quota {
    /// A short stable name for metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checks => "checks",
            Self::Numbers => "numbers",
            Self::Tokens => "tokens",
        }
    }
}

impl Code for Quota {
    const COLUMN: &'static str = "quota_use.kind";
    const TABLE: &'static [(Self, i16)] = &[(Self::Checks, 1), (Self::Numbers, 2), (Self::Tokens, 3)];
}

/// Whose quota of which day it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QuotaKey {
    /// Whose key is used.
    pub company: AccountId,
    /// Development or operations.
    pub environment: Environment,
    /// What is counted.
    pub quota: Quota,
    /// The day in Asia/Seoul.
    pub day: Date,
}

/// A quota's write, ready to bind.
pub(crate) enum QuotaCommand {
    Take { key: QuotaKey, block: i64, most: i64 },
    Forget { before: Date },
}

impl QuotaCommand {
    /// A block that would go over the quota is refused.
    pub(crate) async fn run(&self, link: &mut Link) -> Result<(), Failure> {
        match self {
            Self::Take { key, block, most } => {
                let QuotaKey { company, environment, quota, day } = key;
                let day = date_to_int(*day);
                let taken =
                    changed!(link, TAKE, company.0, environment.encode(), quota.encode(), day, block, most);
                one(taken, "rest of the quota")
            }
            Self::Forget { before } => {
                changed!(link, FORGET, date_to_int(*before));
                Ok(())
            }
        }
    }
}

impl Store {
    /// Takes a block of a day's quota; `false` where so many are not left of `most`.
    pub async fn take_quota(&self, key: QuotaKey, block: u32, most: u32) -> Result<bool, StoreError> {
        if block > most {
            return Ok(false);
        }
        let take = QuotaCommand::Take { key, block: block.into(), most: most.into() };
        let commands = vec![Command::Quota(take)];
        match self.enqueue(Prepared { commands, ..Prepared::default() }).await {
            Ok(()) => Ok(true),
            Err(StoreError::Missing(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Forgets what was used before a day.
    pub async fn forget_quotas(&self, before: Date) -> Result<(), StoreError> {
        let commands = vec![Command::Quota(QuotaCommand::Forget { before })];
        self.enqueue(Prepared { commands, ..Prepared::default() }).await
    }
}
