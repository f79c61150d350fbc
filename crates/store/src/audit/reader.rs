//! Reading the trail for people: the events of all chains together, in the order of time.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use rims_domain::audit::Trail;
use rims_domain::{AccountId, Actor, AuditAction, Environment};

use super::{events, trail_of};
use crate::db::{Db, on_backend};
use crate::error::{StoreError, report};
use crate::record::{AuditEntry, StoredAudit};
use crate::sql;
use crate::store::Store;

/// How many rows of a chain are read at a time. A row holds up to some hundred verifications.
const PAGE: i64 = 200;
/// How much older than its row, whose time is the latest one's, a verification in a sheet can be.
const SHEET_SPAN: SignedDuration = SignedDuration::from_hours(1);

/// In which order events are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuditOrder {
    /// As they happened.
    #[default]
    OldestFirst,
    /// The latest first.
    NewestFirst,
}

/// Which events of the trail are read; what is `None` or empty excludes nothing.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Of one of the two trails.
    pub trail: Option<Trail>,
    /// What was done: one of these.
    pub actions: Vec<AuditAction>,
    /// Who did it.
    pub actor: Option<Actor>,
    /// Whose data it was.
    pub company: Option<AccountId>,
    /// In which environment.
    pub environment: Option<Environment>,
    /// Whom it was about, alone or among others: see [`Store::subject_hash`].
    pub person: Option<[u8; 16]>,
    /// How it ended.
    pub outcome: Option<String>,
    /// The order.
    pub order: AuditOrder,
}

impl AuditQuery {
    fn takes(&self, event: &AuditEntry) -> bool {
        let about = |hash| event.subject_hash == Some(hash) || event.people.contains(&hash);
        self.from.is_none_or(|from| from <= event.at)
            && self.until.is_none_or(|until| event.at < until)
            && (self.actions.is_empty() || self.actions.iter().any(|action| action.name() == event.action))
            && self.actor.as_ref().is_none_or(|actor| *actor == event.actor)
            && self.company.is_none_or(|company| event.company == Some(company))
            && self.environment.is_none_or(|environment| event.environment == Some(environment))
            && self.person.is_none_or(about)
            && self.outcome.as_ref().is_none_or(|outcome| *outcome == event.outcome)
    }

    /// The bounds of the rows that can hold such events, in milliseconds: the first inclusive, the last exclusive.
    fn row_bounds(&self) -> (i64, i64) {
        let until = self.until.map(|until| until.saturating_add(SHEET_SPAN).unwrap_or(Timestamp::MAX));
        (
            self.from.map_or(i64::MIN, Timestamp::as_millisecond),
            until.map_or(i64::MAX, Timestamp::as_millisecond),
        )
    }
}

/// Gives the events of a query one after the other. Holds a page of rows for each chain, however long the trail is.
/// Chains are merged by time; the events of one chain keep its order.
pub struct AuditReader {
    store: Store,
    query: AuditQuery,
    chains: Vec<ChainReader>,
}

impl Store {
    /// The events of the trail that a query takes. Reads beside whoever writes it.
    pub async fn read_audit(&self, query: AuditQuery) -> Result<AuditReader, StoreError> {
        let names: Result<Vec<String>, _> = on_backend!(&self.inner.db, pool => {
            sqlx::query_scalar(sql::AUDIT_CHAIN_NAMES).fetch_all(pool).await
        });
        let names = names.map_err(|error| report(&error))?.into_iter();
        let wanted = names.filter(|name| query.trail.is_none_or(|trail| trail_of(name) == trail));
        let chains = wanted.map(|name| ChainReader::new(name, query.order)).collect();
        Ok(AuditReader { store: self.clone(), query, chains })
    }
}

impl AuditReader {
    /// The next event; none after the last.
    pub async fn next(&mut self) -> Result<Option<AuditEntry>, StoreError> {
        for chain in &mut self.chains {
            chain.fill(&self.store.inner.db, &self.query).await?;
        }
        let fronts = self.chains.iter_mut().filter(|chain| !chain.events.is_empty());
        let at = |chain: &&mut ChainReader| chain.events.front().map(|event| event.at);
        let first = match self.query.order {
            AuditOrder::OldestFirst => fronts.min_by_key(at),
            // The last of equals, as for the other order.
            AuditOrder::NewestFirst => fronts.max_by_key(at),
        };
        Ok(first.and_then(|chain| chain.events.pop_front()))
    }
}

/// One chain, read page by page.
#[derive(Debug)]
struct ChainReader {
    name: String,
    /// The last row that was read.
    at: i64,
    ended: bool,
    events: VecDeque<AuditEntry>,
}

impl ChainReader {
    fn new(name: String, order: AuditOrder) -> Self {
        let at = match order {
            AuditOrder::OldestFirst => 0,
            AuditOrder::NewestFirst => i64::MAX,
        };
        Self { name, at, ended: false, events: VecDeque::new() }
    }

    /// Reads on until there is an event, or the chain ends.
    async fn fill(&mut self, db: &Db, query: &AuditQuery) -> Result<(), StoreError> {
        while self.events.is_empty() && !self.ended {
            let rows = self.page(db, query).await?;
            let Some(last) = rows.last() else {
                self.ended = true;
                return Ok(());
            };
            self.at = last.seq;
            for row in rows {
                let mut found = events(row)?;
                found.retain(|event| query.takes(event));
                match query.order {
                    AuditOrder::OldestFirst => found.sort_by_key(|event| event.at),
                    AuditOrder::NewestFirst => found.sort_by_key(|event| std::cmp::Reverse(event.at)),
                }
                self.events.extend(found);
            }
        }
        Ok(())
    }

    async fn page(&self, db: &Db, query: &AuditQuery) -> Result<Vec<StoredAudit>, StoreError> {
        let text = match query.order {
            AuditOrder::OldestFirst => sql::AUDIT_FORWARDS,
            AuditOrder::NewestFirst => sql::AUDIT_BACKWARDS,
        };
        let (from_ms, until_ms) = query.row_bounds();
        let rows: Result<Vec<StoredAudit>, _> = on_backend!(db, pool => {
            let page = sqlx::query_as(text).bind(&self.name).bind(self.at).bind(from_ms).bind(until_ms);
            page.bind(PAGE).fetch_all(pool).await
        });
        rows.map_err(|error| report(&error))
    }
}
