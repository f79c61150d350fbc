//! Work that is due: what the reservations, the rechecks and the webhook messages have in common.
//!
//! A row's `due_ms` says when it is worked on. A node claims it first: that moves `due_ms` to the end of the claim, so
//! that a node that dies leaves the row to another. The outcome is stored only by the claim that still holds.
//!
//! Claims go round those whom the work is for, the queue's lanes: companies, or webhook endpoints. Each lane gets an
//! equal share of what is claimed at once, however long it has waited, so that one company's backlog delays no other
//! company's work. The two environments are queues apart.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use rims_domain::Environment;

use crate::codec::Code as _;
use crate::committer::{Failure, changed_some};
use crate::db::{Link, on_backend, text_of};
use crate::error::{StoreError, report};
use crate::prepared::{Command, Prepared};
use crate::store::Store;

/// A queue's texts in a module of its name: its table, the table's key, the column of its lanes, and how many rows of a lane
/// are claimed for `$6`.
macro_rules! queue {
    ($module:ident, $table:literal, key: $key:literal, lane: $lane:literal, most: $most:literal) => {
        mod $module {
            use crate::sql::statements;

            statements! { SHARED:
                FIRST_DUE = concat!("SELECT MIN(due_ms) FROM ", $table, " WHERE environment = $1 AND due_ms IS NOT NULL");
                // The next lanes that have something due: $1 environment, $2 the lane before them, $3 now, $4 how many.
                // A minimum for each lane, because PostgreSQL would answer EXISTS by reading all that is due.
                LANES = concat!("
                    WITH RECURSIVE lane (id) AS (
                        SELECT MIN(", $lane, ") FROM ", $table, "
                        WHERE environment = $1 AND ", $lane, " > $2 AND due_ms IS NOT NULL
                        UNION ALL
                        SELECT (SELECT MIN(", $lane, ") FROM ", $table, "
                                WHERE environment = $1 AND ", $lane, " > lane.id AND due_ms IS NOT NULL)
                        FROM lane WHERE lane.id IS NOT NULL)
                    SELECT lane.id FROM lane
                    WHERE lane.id IS NOT NULL AND (
                        SELECT MIN(due_ms) FROM ", $table, "
                        WHERE environment = $1 AND ", $lane, " = lane.id AND due_ms IS NOT NULL) <= $3
                    LIMIT $4");
            }

            // $1 environment, $2 lane, $3 now, $4 the claim's end, $5 its token, $6 how many.
            statements! { SQLITE:
                SQLITE_CLAIM = concat!("
                    UPDATE ", $table, " SET due_ms = $4, claim = $5
                    WHERE (", $key, ") IN (
                        SELECT ", $key, " FROM ", $table, "
                        WHERE environment = $1 AND ", $lane, " = $2 AND due_ms <= $3 ORDER BY due_ms, id
                        LIMIT max(0, ", $most, "))");
            }
            statements! { POSTGRES:
                POSTGRES_CLAIM = concat!("
                    UPDATE ", $table, " SET due_ms = $4, claim = $5
                    WHERE (", $key, ") IN (
                        SELECT ", $key, " FROM ", $table, "
                        WHERE environment = $1 AND ", $lane, " = $2 AND due_ms <= $3 ORDER BY due_ms, id
                        LIMIT GREATEST(0, ", $most, ")
                        FOR UPDATE SKIP LOCKED)");
            }
        }
    };
}

queue!(reservations, "reservation", key: "id", lane: "company_id", most: "$6");
queue!(rechecks, "recheck", key: "id", lane: "company_id", most: "$6");
// An endpoint is one receiver: so many are under way to it, of both environments and by whatever node.
queue!(messages, "webhook_message", key: "id, endpoint_id", lane: "endpoint_id", most:
    "$6 - (SELECT COUNT(*) FROM webhook_message WHERE endpoint_id = $2 AND claim IS NOT NULL AND due_ms > $3)");

pub(crate) fn shared_statements() -> Vec<(&'static str, &'static str)> {
    [reservations::SHARED, rechecks::SHARED, messages::SHARED].concat()
}

pub(crate) fn sqlite_statements() -> Vec<(&'static str, &'static str)> {
    [reservations::SQLITE, rechecks::SQLITE, messages::SQLITE].concat()
}

pub(crate) fn postgres_statements() -> Vec<(&'static str, &'static str)> {
    [reservations::POSTGRES, rechecks::POSTGRES, messages::POSTGRES].concat()
}

/// The queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WorkQueue {
    Reservations,
    Rechecks,
    Messages,
}

struct Texts {
    first_due: &'static str,
    lanes: &'static str,
    sqlite_claim: &'static str,
    postgres_claim: &'static str,
}

macro_rules! texts {
    ($module:ident) => {
        Texts {
            first_due: $module::FIRST_DUE,
            lanes: $module::LANES,
            sqlite_claim: $module::SQLITE_CLAIM,
            postgres_claim: $module::POSTGRES_CLAIM,
        }
    };
}

impl WorkQueue {
    const fn texts(self) -> Texts {
        match self {
            Self::Reservations => texts!(reservations),
            Self::Rechecks => texts!(rechecks),
            Self::Messages => texts!(messages),
        }
    }
}

/// What is claimed: what is due at a moment, until another.
#[derive(Clone, Copy, Debug)]
pub struct ClaimTerms {
    /// Development or operations.
    pub environment: Environment,
    /// What is due now.
    pub now: Timestamp,
    /// When another node may claim what has no outcome by then.
    pub until: Timestamp,
    /// How many rows at most, shared out among the lanes; of an endpoint's messages, how many are under way at most.
    pub limit: u32,
}

/// A claim's end and its token, by which its rows are read.
#[derive(Clone, Copy)]
pub(crate) struct Lease {
    pub(crate) environment: i16,
    pub(crate) until_ms: i64,
    pub(crate) token: i64,
}

/// A claim on one lane, as a write.
pub(crate) struct ClaimCommand {
    queue: WorkQueue,
    lane: i64,
    now_ms: i64,
    lease: Lease,
    limit: i64,
}

impl ClaimCommand {
    pub(crate) async fn run(&self, link: &mut Link) -> Result<(), Failure> {
        let Self { queue, lane, now_ms, lease, limit } = self;
        let Lease { environment, until_ms, token } = lease;
        let Texts { sqlite_claim, postgres_claim, .. } = queue.texts();
        let text = text_of(link, sqlite_claim, postgres_claim);
        changed_some!(link, text, environment, lane, now_ms, until_ms, token, limit);
        Ok(())
    }
}

/// After which lane each queue goes on, so that claims go round.
#[derive(Debug)]
pub(crate) struct Rotation([AtomicI64; 6]);

impl Rotation {
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| AtomicI64::new(i64::MIN)))
    }

    fn of(&self, queue: WorkQueue, environment: Environment) -> &AtomicI64 {
        let place = match (queue, environment) {
            (WorkQueue::Reservations, Environment::Development) => 0,
            (WorkQueue::Reservations, Environment::Operations) => 1,
            (WorkQueue::Rechecks, Environment::Development) => 2,
            (WorkQueue::Rechecks, Environment::Operations) => 3,
            (WorkQueue::Messages, Environment::Development) => 4,
            (WorkQueue::Messages, Environment::Operations) => 5,
        };
        &self.0[place]
    }
}

impl Store {
    /// At most `limit` lanes that have something due, in turn: those after the last one of the call before come first.
    pub(crate) async fn due_lanes(
        &self,
        queue: WorkQueue,
        environment: Environment,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<i64>, StoreError> {
        let (texts, now_ms) = (queue.texts(), now.as_millisecond());
        let first: Result<Option<i64>, _> = on_backend!(&self.inner.db, pool => {
            sqlx::query_scalar(texts.first_due).bind(environment.encode()).fetch_one(pool).await
        });
        if first.map_err(|error| report(&error))?.is_none_or(|first| first > now_ms) {
            return Ok(Vec::new());
        }
        let rotation = self.inner.rotation.of(queue, environment);
        let after = rotation.load(Ordering::Relaxed);
        let mut lanes = self.lanes_after(queue, environment, after, now_ms, limit).await?;
        if lanes.len() < limit as usize && after > i64::MIN {
            let first = self.lanes_after(queue, environment, i64::MIN, now_ms, limit).await?;
            let left = limit as usize - lanes.len();
            lanes.extend(first.into_iter().take_while(|lane| *lane <= after).take(left));
        }
        if let Some(last) = lanes.last() {
            rotation.store(*last, Ordering::Relaxed);
        }
        Ok(lanes)
    }

    async fn lanes_after(
        &self,
        queue: WorkQueue,
        environment: Environment,
        after: i64,
        now_ms: i64,
        limit: u32,
    ) -> Result<Vec<i64>, StoreError> {
        let lanes: Result<Vec<i64>, _> = on_backend!(&self.inner.db, pool => {
            sqlx::query_scalar(queue.texts().lanes)
                .bind(environment.encode())
                .bind(after)
                .bind(now_ms)
                .bind(i64::from(limit))
                .fetch_all(pool)
                .await
        });
        lanes.map_err(|error| report(&error))
    }

    /// Claims what is due in any lane, each lane's share of it; nothing where nothing is due.
    pub(crate) async fn claim_in_turn(
        &self,
        queue: WorkQueue,
        terms: &ClaimTerms,
    ) -> Result<Option<Lease>, StoreError> {
        let lanes = self.due_lanes(queue, terms.environment, terms.now, terms.limit).await?;
        if lanes.is_empty() {
            return Ok(None);
        }
        self.claim_of(queue, terms, &lanes).await.map(Some)
    }

    /// Claims what is due in these lanes, each lane's share of it.
    pub(crate) async fn claim_of(
        &self,
        queue: WorkQueue,
        terms: &ClaimTerms,
        lanes: &[i64],
    ) -> Result<Lease, StoreError> {
        let ClaimTerms { environment, now, until, limit } = *terms;
        let lease = Lease {
            environment: environment.encode(),
            until_ms: until.as_millisecond(),
            token: self.next_id(now),
        };
        let count = u32::try_from(lanes.len()).unwrap_or(u32::MAX).max(1);
        let share = i64::from((limit / count).max(1));
        let claim = |lane: &i64| {
            Command::Claim(ClaimCommand {
                queue,
                lane: *lane,
                now_ms: now.as_millisecond(),
                lease,
                limit: share,
            })
        };
        let commands = lanes.iter().map(claim).collect();
        self.enqueue(Prepared { commands, ..Prepared::default() }).await.map(|()| lease)
    }
}
