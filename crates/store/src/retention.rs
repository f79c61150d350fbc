//! Destroying what is past its period, a few hundred rows a transaction (docs/operations.md, Retention).

use jiff::Timestamp;
use jiff::civil::Date;
use rims_domain::audit::Trail;
use rims_protocol::codes::SearchType;
use sqlx::FromRow;

use crate::audit::trail_of;
use crate::codec::date_to_int;
use crate::committer::{Failure, changed, changed_some, one};
use crate::db::{Link, on_backend, text_of};
use crate::error::{StoreError, report};
use crate::history::{self, CountKey};
use crate::id;
use crate::number;
use crate::prepared::{Command, Prepared};
use crate::sql::statements;
use crate::store::Store;

/// How many rows a transaction destroys at most.
const BATCH: i64 = 500;

statements! { STATEMENTS:
    FIND_VERIFICATIONS = "SELECT COUNT(*) FROM (SELECT 1 FROM verification WHERE id < $1 ORDER BY id LIMIT 1) AS f";
    FIND_RENTALS = "
        SELECT COUNT(*) FROM (SELECT 1 FROM rental
                              WHERE (id >> 52) <= ($1 >> 52) AND id < $1 AND to_date < $2
                              ORDER BY id >> 52 LIMIT 1) AS f";
    FIND_RESERVATIONS = "
        SELECT COUNT(*) FROM (SELECT 1 FROM reservation WHERE id < $1 AND to_date < $2 ORDER BY id LIMIT 1) AS f";
    FIND_REMOTES = "SELECT COUNT(*) FROM (SELECT 1 FROM remote WHERE to_date < $2 AND $1 > 0 LIMIT 1) AS f";
    FIND_ANSWERS = "SELECT COUNT(*) FROM (SELECT 1 FROM idempotency WHERE at_ms < $1 LIMIT 1) AS f";
    FIND_MESSAGES = "SELECT COUNT(*) FROM (SELECT 1 FROM webhook_message
                              WHERE id < $1 AND due_ms IS NULL LIMIT 1) AS f";
    DELETE_RESERVATIONS = "
        DELETE FROM reservation
        WHERE id IN (SELECT id FROM reservation WHERE id < $1 AND to_date < $2 ORDER BY id LIMIT $3)
        RETURNING company_id, number, from_date, to_date, created_date";
    DELETE_REMOTES = "
        DELETE FROM remote WHERE number IN (SELECT number FROM remote WHERE to_date < $2 AND $1 > 0 LIMIT $3)
        RETURNING company_id, number, from_date, to_date, 0 AS created_date";
    DELETE_ANSWERS = "
        DELETE FROM idempotency WHERE (account_id, environment, key_hash) IN
            (SELECT account_id, environment, key_hash FROM idempotency WHERE at_ms < $1 LIMIT $2)";
    DELETE_MESSAGES = "
        DELETE FROM webhook_message WHERE (id, endpoint_id) IN
            (SELECT id, endpoint_id FROM webhook_message
             WHERE id < $1 AND due_ms IS NULL ORDER BY id LIMIT $2)";
    FIND_GRACES = "SELECT COUNT(*) FROM (SELECT 1 FROM vehicle_grace WHERE started_ms < $1 LIMIT 1) AS f";
    FIND_CREDENTIALS = "
        SELECT COUNT(*) FROM (
            SELECT 1 FROM credential
            WHERE revoked_ms < $1 OR account_id IN (SELECT id FROM account WHERE ended_ms < $1) LIMIT 1) AS f";
    FIND_ENDPOINTS = "
        SELECT COUNT(*) FROM (
            SELECT 1 FROM webhook_endpoint
            WHERE disabled_ms < $1 OR company_id IN (SELECT id FROM account WHERE ended_ms < $1) LIMIT 1) AS f";
    FIND_DELEGATIONS = "
        SELECT COUNT(*) FROM (
            SELECT 1 FROM delegation
            WHERE revoked_ms < $1 OR owner_id IN (SELECT id FROM account WHERE ended_ms < $1)
                  OR delegate_id IN (SELECT id FROM account WHERE ended_ms < $1) LIMIT 1) AS f";
    FIND_ACCOUNTS = "
        SELECT COUNT(*) FROM (SELECT 1 FROM account WHERE ended_ms < $1 AND user_id IS NOT NULL LIMIT 1) AS f";
    DELETE_GRACES = "
        DELETE FROM vehicle_grace WHERE (company_id, environment, plate_key) IN
            (SELECT company_id, environment, plate_key FROM vehicle_grace WHERE started_ms < $1 LIMIT $2)";
    DELETE_CREDENTIAL_TOKENS = "
        DELETE FROM token WHERE credential_id IN
            (SELECT id FROM credential
             WHERE revoked_ms < $1 OR account_id IN (SELECT id FROM account WHERE ended_ms < $1)
             ORDER BY id LIMIT $2)";
    DELETE_CREDENTIALS = "
        DELETE FROM credential WHERE id IN
            (SELECT id FROM credential
             WHERE revoked_ms < $1 OR account_id IN (SELECT id FROM account WHERE ended_ms < $1)
             ORDER BY id LIMIT $2)";
    DELETE_ENDPOINT_MESSAGES = "
        DELETE FROM webhook_message WHERE (id, endpoint_id) IN
            (SELECT m.id, m.endpoint_id FROM webhook_endpoint e CROSS JOIN webhook_message m
             WHERE m.endpoint_id = e.id
                   AND (e.disabled_ms < $1 OR e.company_id IN (SELECT id FROM account WHERE ended_ms < $1)) LIMIT $2)";
    DELETE_ENDPOINTS = "
        DELETE FROM webhook_endpoint WHERE id IN
            (SELECT e.id FROM webhook_endpoint e
             WHERE (e.disabled_ms < $1 OR e.company_id IN (SELECT id FROM account WHERE ended_ms < $1))
                   AND NOT EXISTS (SELECT 1 FROM webhook_message m WHERE m.endpoint_id = e.id)
             ORDER BY e.id LIMIT $2)";
    DELETE_DELEGATIONS = "
        DELETE FROM delegation WHERE (owner_id, delegate_id) IN
            (SELECT owner_id, delegate_id FROM delegation
             WHERE revoked_ms < $1 OR owner_id IN (SELECT id FROM account WHERE ended_ms < $1)
                   OR delegate_id IN (SELECT id FROM account WHERE ended_ms < $1) LIMIT $2)";
    FORGET_ACCOUNTS = "
        UPDATE account SET user_id = NULL, brno = NULL, company = NULL WHERE id IN
            (SELECT id FROM account WHERE ended_ms < $1 AND user_id IS NOT NULL ORDER BY id LIMIT $2)";
    DROP_COUNTS = "DELETE FROM history_count WHERE total <= 0 AND day < $1";
    AUDIT_CHAINS = "SELECT chain, base_seq FROM audit_chain ORDER BY chain";
    AUDIT_OLDEST = "
        SELECT seq, at_ms FROM audit WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    MOVE_BASE = "
        UPDATE audit_chain
        SET base_seq = $2, base_hash = (SELECT hash FROM audit WHERE chain = $1 AND seq = $2)
        WHERE chain = $1 AND base_seq < $2";
    CHORE_UNTIL = "SELECT until_ms FROM chore WHERE name = $1";
    CLAIM_CHORE = "
        INSERT INTO chore (name, until_ms) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET until_ms = excluded.until_ms WHERE chore.until_ms <= $3";
}

statements! { SQLITE:
    SQLITE_DELETE_AUDIT = "DELETE FROM audit WHERE chain = $1 AND seq <= $2";
    SQLITE_DELETE_VERIFICATIONS = "
        DELETE FROM verification WHERE id IN (SELECT id FROM verification WHERE id < $1 ORDER BY id LIMIT $2)";
    SQLITE_DELETE_RENTALS = "
        DELETE FROM rental
        WHERE id IN (SELECT id FROM rental WHERE id < $1 AND to_date < $2 ORDER BY id LIMIT $3)
        RETURNING company_id, number, from_date, to_date, created_date";
}

// An id alone is no key of a partitioned table. The application's role may not delete from `audit` (`roles.rs`).
statements! { POSTGRES:
    POSTGRES_DELETE_AUDIT = "SELECT destroy_audit($1, $2)";
    POSTGRES_DELETE_VERIFICATIONS = "
        DELETE FROM verification WHERE (company_id, id) IN
            (SELECT company_id, id FROM verification WHERE id < $1 ORDER BY id LIMIT $2)";
    POSTGRES_DELETE_RENTALS = "
        DELETE FROM rental WHERE (company_id, id) IN
            (SELECT company_id, id FROM rental
             WHERE (id >> 52) <= ($1::bigint >> 52) AND id < $1 AND to_date < $2 ORDER BY id >> 52 LIMIT $3)
        RETURNING company_id, number, from_date, to_date, created_date";
}

/// What is past its period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expired {
    /// Verifications from before a moment.
    Verifications(Timestamp),
    /// Rentals that were registered before a moment and ended before a day.
    Rentals(Timestamp, Date),
    /// Reservations, likewise.
    Reservations(Timestamp, Date),
    /// Remote verifications whose number could be used until before a day.
    Remotes(Date),
    /// Answers of idempotency keys from before a moment.
    Answers(Timestamp),
    /// Webhook messages from before a moment that are delivered or given up.
    Messages(Timestamp),
    /// First sightings of vehicles from before a moment: the graces that began with them are to be over (§3.3).
    Graces(Timestamp),
    /// Keys that were revoked, or whose account ended, before a moment; with their tokens.
    Credentials(Timestamp),
    /// Webhooks that were disabled, or whose account ended, before a moment; with what they were told.
    Webhooks(Timestamp),
    /// Delegations that were revoked, or one of whose accounts ended, before a moment.
    Delegations(Timestamp),
    /// Who the accounts were that were rejected, deleted or withdrawn before a moment; their numbers stay.
    Accounts(Timestamp),
}

impl Expired {
    /// A short name for the audit trail and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verifications(_) => "verifications",
            Self::Rentals(..) => "rentals",
            Self::Reservations(..) => "reservations",
            Self::Remotes(_) => "remotes",
            Self::Answers(_) => "answers",
            Self::Messages(_) => "messages",
            Self::Graces(_) => "graces",
            Self::Credentials(_) => "credentials",
            Self::Webhooks(_) => "webhooks",
            Self::Delegations(_) => "delegations",
            Self::Accounts(_) => "accounts",
        }
    }
}

/// The oldest rows of an audit chain, up to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpiredAudit {
    chain: String,
    up_to: i64,
}

/// A destruction, ready to bind.
pub(crate) enum RetentionCommand {
    Destroy(Expired),
    DestroyAudit(ExpiredAudit),
    ClaimChore { name: &'static str, until_ms: i64, now_ms: i64 },
}

/// What a destroyed rental, reservation or remote verification leaves to be put right.
#[derive(FromRow)]
struct Destroyed {
    company_id: i64,
    number: i64,
    from_date: i32,
    to_date: i32,
    created_date: i32,
}

impl RetentionCommand {
    pub(crate) async fn run(&self, link: &mut Link) -> Result<(), Failure> {
        match self {
            Self::Destroy(expired) => destroy(link, *expired).await,
            Self::DestroyAudit(ExpiredAudit { chain, up_to }) => {
                one(changed!(link, MOVE_BASE, chain.as_str(), up_to), "audit rows to destroy")?;
                let text = text_of(link, SQLITE_DELETE_AUDIT, POSTGRES_DELETE_AUDIT);
                changed!(link, text, chain.as_str(), up_to);
                Ok(())
            }
            Self::ClaimChore { name, until_ms, now_ms } => {
                one(changed!(link, CLAIM_CHORE, *name, until_ms, now_ms), "chore that nobody does")
            }
        }
    }
}

async fn destroy(link: &mut Link, expired: Expired) -> Result<(), Failure> {
    use SearchType::{RentCreate, RentEnd, RentStart, ReservationCreate, ReservationEnd, ReservationStart};
    match expired {
        Expired::Verifications(before) => {
            let text = text_of(link, SQLITE_DELETE_VERIFICATIONS, POSTGRES_DELETE_VERIFICATIONS);
            changed_some!(link, text, id::floor(before), BATCH);
        }
        Expired::Rentals(before, ended) => {
            let text = text_of(link, SQLITE_DELETE_RENTALS, POSTGRES_DELETE_RENTALS);
            let rows = delete(link, text, id::floor(before), ended).await?;
            put_right(link, &rows, Some([RentStart, RentEnd, RentCreate]), ended).await?;
        }
        Expired::Reservations(before, ended) => {
            let rows = delete(link, DELETE_RESERVATIONS, id::floor(before), ended).await?;
            let searches = [ReservationStart, ReservationEnd, ReservationCreate];
            put_right(link, &rows, Some(searches), ended).await?;
        }
        Expired::Remotes(ended) => {
            let rows = delete(link, DELETE_REMOTES, i64::MAX, ended).await?;
            // A rental keeps its number.
            let rental = |row: &Destroyed| number::is_rental(row.number);
            let own: Vec<Destroyed> = rows.into_iter().filter(|row| !rental(row)).collect();
            put_right(link, &own, None, ended).await?;
        }
        Expired::Answers(before) => {
            changed_some!(link, DELETE_ANSWERS, before.as_millisecond(), BATCH);
        }
        Expired::Messages(before) => {
            changed_some!(link, DELETE_MESSAGES, id::floor(before), BATCH);
        }
        Expired::Graces(before) => delete_before(link, &[DELETE_GRACES], before).await?,
        Expired::Credentials(before) => {
            delete_before(link, &[DELETE_CREDENTIAL_TOKENS, DELETE_CREDENTIALS], before).await?;
        }
        // A webhook goes once the last of its messages has gone.
        Expired::Webhooks(before) => {
            delete_before(link, &[DELETE_ENDPOINT_MESSAGES, DELETE_ENDPOINTS], before).await?;
        }
        Expired::Delegations(before) => delete_before(link, &[DELETE_DELEGATIONS], before).await?,
        Expired::Accounts(before) => delete_before(link, &[FORGET_ACCOUNTS], before).await?,
    }
    Ok(())
}

async fn delete_before(link: &mut Link, texts: &[&'static str], before: Timestamp) -> Result<(), Failure> {
    for text in texts {
        changed_some!(link, *text, before.as_millisecond(), BATCH);
    }
    Ok(())
}

async fn delete(
    link: &mut Link,
    text: &'static str,
    before: i64,
    ended: Date,
) -> sqlx::Result<Vec<Destroyed>> {
    on_backend!(link, connection => {
        let query = sqlx::query_as(text).persistent(false);
        query.bind(before).bind(date_to_int(ended)).bind(BATCH).fetch_all(connection).await
    })
}

/// Takes what was destroyed out of the numbers and the daily counts.
async fn put_right(
    link: &mut Link,
    rows: &[Destroyed],
    searches: Option<[SearchType; 3]>,
    ended: Date,
) -> Result<(), Failure> {
    for row in rows {
        changed!(link, number::FORGET, row.number);
    }
    let Some(searches) = searches else { return Ok(()) };
    let counts = rows.iter().flat_map(|row| {
        let days = [row.from_date, row.to_date, row.created_date];
        searches.into_iter().zip(days).map(|(search, day)| CountKey::of_row(row.company_id, search, day))
    });
    history::count(link, counts, -1).await?;
    changed!(link, DROP_COUNTS, date_to_int(ended));
    Ok(())
}

impl Store {
    /// Takes a chore for this node until a moment. False while another node has it, or this one had it lately.
    pub async fn claim_chore(
        &self,
        name: &'static str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let taken: Result<Option<i64>, _> = on_backend!(&self.inner.db, pool => {
            sqlx::query_scalar(CHORE_UNTIL).bind(name).fetch_optional(pool).await
        });
        let now_ms = now.as_millisecond();
        if taken.map_err(|error| report(&error))?.is_some_and(|until_ms| until_ms > now_ms) {
            return Ok(false);
        }
        let claim = RetentionCommand::ClaimChore { name, until_ms: until.as_millisecond(), now_ms };
        let commands = vec![Command::Retention(claim)];
        match self.enqueue(Prepared { commands, ..Prepared::default() }).await {
            Err(StoreError::Missing(_)) => Ok(false),
            claimed => claimed.map(|()| true),
        }
    }

    /// Whether there is anything of that kind to destroy.
    pub async fn has_expired(&self, expired: Expired) -> Result<bool, StoreError> {
        let (text, first, ended) = match expired {
            Expired::Verifications(before) => (FIND_VERIFICATIONS, id::floor(before), None),
            Expired::Rentals(before, ended) => (FIND_RENTALS, id::floor(before), Some(ended)),
            Expired::Reservations(before, ended) => (FIND_RESERVATIONS, id::floor(before), Some(ended)),
            Expired::Remotes(ended) => (FIND_REMOTES, i64::MAX, Some(ended)),
            Expired::Answers(before) => (FIND_ANSWERS, before.as_millisecond(), None),
            Expired::Messages(before) => (FIND_MESSAGES, id::floor(before), None),
            Expired::Graces(before) => (FIND_GRACES, before.as_millisecond(), None),
            Expired::Credentials(before) => (FIND_CREDENTIALS, before.as_millisecond(), None),
            Expired::Webhooks(before) => (FIND_ENDPOINTS, before.as_millisecond(), None),
            Expired::Delegations(before) => (FIND_DELEGATIONS, before.as_millisecond(), None),
            Expired::Accounts(before) => (FIND_ACCOUNTS, before.as_millisecond(), None),
        };
        let found: Result<i64, _> = on_backend!(&self.inner.db, pool => {
            let mut query = sqlx::query_scalar(text).bind(first);
            if let Some(ended) = ended {
                query = query.bind(date_to_int(ended));
            }
            query.fetch_one(pool).await
        });
        found.map(|found| found > 0).map_err(|error| report(&error))
    }

    /// The oldest rows of each audit chain of a trail that are from before a moment, at most some hundred of each.
    pub async fn expired_audit(
        &self,
        trail: Trail,
        before: Timestamp,
    ) -> Result<Vec<ExpiredAudit>, StoreError> {
        let chains: Result<Vec<(String, i64)>, _> = on_backend!(&self.inner.db, pool => {
            sqlx::query_as(AUDIT_CHAINS).fetch_all(pool).await
        });
        let mut expired = Vec::new();
        let chains = chains.map_err(|error| report(&error))?;
        for (chain, base) in chains.into_iter().filter(|(chain, _)| trail_of(chain) == trail) {
            let oldest: Result<Vec<(i64, i64)>, _> = on_backend!(&self.inner.db, pool => {
                sqlx::query_as(AUDIT_OLDEST).bind(&chain).bind(base).bind(BATCH).fetch_all(pool).await
            });
            let oldest = oldest.map_err(|error| report(&error))?;
            let past = oldest.into_iter().take_while(|(_, at_ms)| *at_ms < before.as_millisecond());
            expired.extend(past.last().map(|(up_to, _)| ExpiredAudit { chain, up_to }));
        }
        Ok(expired)
    }
}
