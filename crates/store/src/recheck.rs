//! Checks that KOROAD did not answer, and that RIMS makes again for companies that asked to be told (docs/outages.md).
//! Claimed first (`claim.rs`); a row is gone once its outcome is stored.

use jiff::Timestamp;
use rims_domain::{AccountId, Environment};
use rims_protocol::Sector;
use rims_protocol::codes::ApiType;
use rims_protocol::messages::VerifyItem;
use rims_protocol::values::{Period, RecheckReference, Vehicle};
use sqlx::FromRow;

use crate::claim::{ClaimTerms, Lease, WorkQueue};
use crate::codec::{Channel, Code, date_to_int, digits, int_to_date, moment};
use crate::committer::{Failure, changed, one};
use crate::db::{Link, on_backend};
use crate::error::{StoreError, readable, report};
use crate::keys::{Column, Keyring, Place};
use crate::record::{api_type, class, vehicle};
use crate::sql::statements;
use crate::store::Store;
use crate::subject;

statements! { STATEMENTS:
    INSERT = "
        INSERT INTO recheck (id, company_id, caller_id, environment, sector, channel, reference, item, at_ms,
                             from_date, to_date, class, plate, api_type, subject, due_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        ON CONFLICT (caller_id, company_id, environment, reference, item) DO NOTHING";
    CLAIMED = "
        SELECT id, company_id, caller_id, environment, sector, channel, reference, item, at_ms, from_date, to_date,
               class, plate, api_type, subject
        FROM recheck WHERE environment = $1 AND due_ms = $2 AND claim = $3 ORDER BY id";
    LATER = "UPDATE recheck SET due_ms = $3, claim = NULL WHERE id = $1 AND claim = $2";
    DONE = "DELETE FROM recheck WHERE id = $1 AND claim = $2";
    WAITING = "SELECT COUNT(*) FROM recheck WHERE environment = $1 AND due_ms IS NOT NULL";
    WAITING_OF = "
        SELECT COUNT(*) FROM (
            SELECT 1 FROM recheck WHERE environment = $1 AND company_id = $2 AND due_ms IS NOT NULL LIMIT $3) AS f";
}

/// A check to make again. One that its caller has asked for under the same reference, for the same company and in the same
/// environment, is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recheck {
    /// From [`Store::next_id`].
    pub id: i64,
    /// When it was asked for.
    pub at: Timestamp,
    /// Whose it is.
    pub company: AccountId,
    /// Who asked.
    pub caller: AccountId,
    /// Development or operations.
    pub environment: Environment,
    /// The sector of the request.
    pub sector: Sector,
    /// How it was asked.
    pub channel: Channel,
    /// The caller's own name for its request.
    pub reference: RecheckReference,
    /// The driver's place in the request, from 0.
    pub item: u16,
    /// What was asked. Licence, name and device are sealed.
    pub asked: VerifyItem,
}

/// A claim on a check that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecheckClaim {
    /// The row.
    pub recheck: i64,
    /// Whose claim it is.
    pub token: i64,
}

/// A write, ready to bind.
pub(crate) enum RecheckCommand {
    Insert(Box<Recheck>, Vec<u8>),
    Later(RecheckClaim, Timestamp),
    Done(RecheckClaim),
}

impl Recheck {
    pub(crate) fn command(self, keys: &Keyring) -> Result<RecheckCommand, StoreError> {
        let device = match &self.asked.vehicle {
            Vehicle::Device(device) => Some(device),
            Vehicle::None | Vehicle::Plate(_) => None,
        };
        let subject = subject::encode(&self.asked.licence_number, &self.asked.name, device);
        let sealed = keys.seal(Place::new(Column::RecheckSubject, self.id), &subject)?;
        Ok(RecheckCommand::Insert(Box::new(self), sealed))
    }
}

impl RecheckCommand {
    pub(crate) async fn run(&self, link: &mut Link) -> Result<(), Failure> {
        match self {
            Self::Insert(new, subject) => insert(link, new, subject).await,
            Self::Later(claim, due) => one(
                changed!(link, LATER, claim.recheck, claim.token, due.as_millisecond()),
                "claimed recheck",
            ),
            Self::Done(claim) => one(changed!(link, DONE, claim.recheck, claim.token), "claimed recheck"),
        }
    }
}

async fn insert(link: &mut Link, new: &Recheck, subject: &[u8]) -> Result<(), Failure> {
    let plate = match &new.asked.vehicle {
        Vehicle::Plate(plate) => Some(plate.as_str()),
        Vehicle::None | Vehicle::Device(_) => None,
    };
    let at_ms = new.at.as_millisecond();
    changed!(
        link,
        INSERT,
        new.id,
        new.company.0,
        new.caller.0,
        new.environment.encode(),
        new.sector.encode(),
        new.channel.encode(),
        new.reference.as_str(),
        i32::from(new.item),
        at_ms,
        date_to_int(new.asked.period.from),
        date_to_int(new.asked.period.to),
        digits(new.asked.class.code()),
        plate,
        new.asked.api_type.map(ApiType::code),
        subject,
        at_ms
    );
    Ok(())
}

#[derive(FromRow)]
struct StoredRecheck {
    id: i64,
    company_id: i64,
    caller_id: i64,
    environment: i16,
    sector: i16,
    channel: i16,
    reference: String,
    item: i32,
    at_ms: i64,
    from_date: i32,
    to_date: i32,
    class: i16,
    plate: Option<String>,
    api_type: Option<String>,
    subject: Vec<u8>,
}

impl StoredRecheck {
    fn open(self, keys: &Keyring) -> Result<Recheck, StoreError> {
        let subject = keys.open(Place::new(Column::RecheckSubject, self.id), &self.subject)?;
        let subject = subject::decode(&subject)?;
        let asked = VerifyItem {
            licence_number: subject.licence,
            name: subject.name,
            class: class(self.class)?,
            period: Period {
                from: int_to_date(self.from_date, "recheck.from_date")?,
                to: int_to_date(self.to_date, "recheck.to_date")?,
            },
            vehicle: vehicle(self.plate.as_deref(), subject.device)?,
            api_type: self.api_type.map(|code| api_type(&code)).transpose()?,
        };
        Ok(Recheck {
            id: self.id,
            at: moment(self.at_ms, "recheck.at_ms")?,
            company: AccountId(self.company_id),
            caller: AccountId(self.caller_id),
            environment: Environment::decode(self.environment)?,
            sector: Sector::decode(self.sector)?,
            channel: Channel::decode(self.channel)?,
            reference: RecheckReference::parse(&self.reference)
                .map_err(|_| StoreError::Corrupt("recheck.reference"))?,
            item: u16::try_from(self.item).map_err(|_| StoreError::Corrupt("recheck.item"))?,
            asked,
        })
    }
}

impl Store {
    /// Claims checks that are due, company by company in turn.
    pub async fn claim_rechecks(
        &self,
        terms: &ClaimTerms,
    ) -> Result<Vec<(RecheckClaim, Recheck)>, StoreError> {
        let Some(lease) = self.claim_in_turn(WorkQueue::Rechecks, terms).await? else {
            return Ok(Vec::new());
        };
        let Lease { environment, until_ms, token } = lease;
        let rows: Result<Vec<StoredRecheck>, _> = on_backend!(&self.inner.db, pool => {
            sqlx::query_as(CLAIMED).bind(environment).bind(until_ms).bind(token).fetch_all(pool).await
        });
        let rows = rows.map_err(|error| report(&error))?;
        let open = |row: StoredRecheck| {
            let claim = RecheckClaim { recheck: row.id, token };
            (row.id, row.open(&self.inner.keys).map(|record| (claim, record)))
        };
        Ok(readable("recheck", rows.into_iter().map(open)))
    }

    /// How many checks of an environment wait to be made again.
    pub async fn rechecks_waiting(&self, environment: Environment) -> Result<u64, StoreError> {
        let count: Result<i64, _> = on_backend!(&self.inner.db, pool => {
            sqlx::query_scalar(WAITING).bind(environment.encode()).fetch_one(pool).await
        });
        Ok(count.map_err(|error| report(&error))?.unsigned_abs())
    }

    /// How many of them are a company's, counted up to `most`.
    pub async fn rechecks_waiting_of(
        &self,
        environment: Environment,
        company: AccountId,
        most: u32,
    ) -> Result<u64, StoreError> {
        let count: Result<i64, _> = on_backend!(&self.inner.db, pool => {
            sqlx::query_scalar(WAITING_OF)
                .bind(environment.encode())
                .bind(company.0)
                .bind(i64::from(most))
                .fetch_one(pool)
                .await
        });
        Ok(count.map_err(|error| report(&error))?.unsigned_abs())
    }
}
