//! Webhooks: where companies want to be told, and the outbox of what they are told (docs/webhooks.md).
//!
//! A message is written in the transaction of what it tells, once per endpoint. It is claimed before it is delivered
//! (`claim.rs`): a node that dies with it leaves it to another, so that it is delivered at least once.

use std::fmt;

use jiff::Timestamp;
use rims_domain::{AccountId, Environment};
use sqlx::FromRow;
use zeroize::Zeroizing;

use crate::claim::{ClaimTerms, Lease, WorkQueue};
use crate::codec::{Code as _, moment};
use crate::committer::{Failure, changed, one};
use crate::db::{Link, on_backend, text_of};
use crate::error::{StoreError, readable, report};
use crate::keys::{Column, Keyring, Place};
use crate::sql::statements;
use crate::store::Store;

statements! { STATEMENTS:
    ADD_ENDPOINT = "
        INSERT INTO webhook_endpoint (id, company_id, url, secret, events, created_ms)
        VALUES ($1, $2, $3, $4, $5, $6)";
    DISABLE_ENDPOINT = "
        UPDATE webhook_endpoint SET disabled_ms = $2 WHERE id = $1 AND disabled_ms IS NULL";
    SETTLE_ALL = "
        UPDATE webhook_message SET due_ms = NULL, claim = NULL WHERE endpoint_id = $1 AND due_ms IS NOT NULL";
    ENDPOINTS = "
        SELECT id, company_id, url, events, created_ms, disabled_ms FROM webhook_endpoint
        WHERE company_id = $1 ORDER BY id";
    CLAIMED = "
        SELECT m.id, m.endpoint_id, m.environment, m.at_ms, m.kind, m.body, m.attempts, e.url, e.secret
        FROM webhook_message m JOIN webhook_endpoint e ON e.id = m.endpoint_id
        WHERE m.environment = $1 AND m.due_ms = $2 AND m.claim = $3 ORDER BY m.id, m.endpoint_id";
    DELIVERED = "
        UPDATE webhook_message
        SET delivered_ms = $4, attempts = attempts + 1, due_ms = NULL, claim = NULL, failure = NULL
        WHERE id = $1 AND endpoint_id = $2 AND claim = $3";
    SET_BACK = "
        UPDATE webhook_message SET due_ms = $3
        WHERE environment = $1 AND endpoint_id = $2 AND due_ms < $3 AND claim IS NULL";
    FAILED = "
        UPDATE webhook_message SET attempts = attempts + 1, due_ms = $4, claim = NULL, failure = $5
        WHERE id = $1 AND endpoint_id = $2 AND claim = $3";
    MESSAGES = "
        SELECT id, endpoint_id, at_ms, kind, attempts, due_ms, delivered_ms, failure FROM webhook_message
        WHERE endpoint_id = $1 ORDER BY id DESC LIMIT $2";
    REPLAY = "
        UPDATE webhook_message SET attempts = 0, due_ms = $3, claim = NULL, delivered_ms = NULL
        WHERE endpoint_id = $1 AND id = $2
              AND endpoint_id IN (SELECT id FROM webhook_endpoint WHERE disabled_ms IS NULL)";
    REPLAY_FAILED = "
        UPDATE webhook_message SET attempts = 0, due_ms = $2, claim = NULL
        WHERE endpoint_id = $1 AND delivered_ms IS NULL AND due_ms IS NULL
              AND endpoint_id IN (SELECT id FROM webhook_endpoint WHERE disabled_ms IS NULL)";
}

statements! { SQLITE:
    SQLITE_TELL = "
        INSERT INTO webhook_message (id, endpoint_id, environment, at_ms, kind, body, attempts, due_ms, failure)
        SELECT $1, e.id, $3, $4, $5, $6, 0,
               CASE WHEN EXISTS (SELECT 1 FROM webhook_message m
                                 WHERE m.environment = $3 AND m.endpoint_id = e.id AND m.due_ms IS NOT NULL
                                 LIMIT 1 OFFSET $7) THEN NULL ELSE CAST($4 AS BIGINT) END,
               CASE WHEN EXISTS (SELECT 1 FROM webhook_message m
                                 WHERE m.environment = $3 AND m.endpoint_id = e.id AND m.due_ms IS NOT NULL
                                 LIMIT 1 OFFSET $7) THEN $8 END
        FROM webhook_endpoint e
        WHERE e.company_id = $2 AND e.disabled_ms IS NULL
              AND (e.events IS NULL OR e.events LIKE '% ' || $5 || ' %')";
}

// An endpoint is not disabled while it is told something, so that disabling it finds every message.
statements! { POSTGRES:
    POSTGRES_TELL = "
        INSERT INTO webhook_message (id, endpoint_id, environment, at_ms, kind, body, attempts, due_ms, failure)
        SELECT $1, e.id, $3, $4, $5, $6, 0,
               CASE WHEN EXISTS (SELECT 1 FROM webhook_message m
                                 WHERE m.environment = $3 AND m.endpoint_id = e.id AND m.due_ms IS NOT NULL
                                 LIMIT 1 OFFSET $7) THEN NULL ELSE CAST($4 AS BIGINT) END,
               CASE WHEN EXISTS (SELECT 1 FROM webhook_message m
                                 WHERE m.environment = $3 AND m.endpoint_id = e.id AND m.due_ms IS NOT NULL
                                 LIMIT 1 OFFSET $7) THEN $8 END
        FROM webhook_endpoint e
        WHERE e.company_id = $2 AND e.disabled_ms IS NULL
              AND (e.events IS NULL OR e.events LIKE '% ' || $5 || ' %') FOR SHARE OF e";
}

/// How many messages wait for one endpoint at most. Further ones are stored as given up, and can be sent once more
/// ([`Replay::Failed`]): an endpoint that takes nothing does not fill the database.
const MOST_WAITING: i64 = 10_000;
const TOO_MANY_WAIT: &str = "too many messages waited for the endpoint";

/// What is sent in turn: an endpoint's messages of one environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageLane {
    /// Development or operations.
    pub environment: Environment,
    /// The endpoint.
    pub endpoint: i64,
}

/// An endpoint to register.
pub struct NewEndpoint {
    /// From [`Store::next_id`].
    pub id: i64,
    /// Whose events it is told.
    pub company: AccountId,
    /// Where.
    pub url: String,
    /// What messages are signed with. Sealed.
    pub secret: Zeroizing<String>,
    /// The kinds of message that it is told; none for all.
    pub events: Vec<String>,
    /// When.
    pub at: Timestamp,
}

impl fmt::Debug for NewEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewEndpoint")
            .field("id", &self.id)
            .field("company", &self.company)
            .finish_non_exhaustive()
    }
}

/// An endpoint without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointRecord {
    /// Its row.
    pub id: i64,
    /// Whose events it is told.
    pub company: AccountId,
    /// Where.
    pub url: String,
    /// The kinds of message that it is told; none for all.
    pub events: Vec<String>,
    /// Since when.
    pub created: Timestamp,
    /// Until when, if it was disabled.
    pub disabled: Option<Timestamp>,
}

/// Something to tell a company, at every endpoint that it has when the write is applied.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// From [`Store::next_id`]; the receiver knows the message by it.
    pub id: i64,
    /// Whom to tell.
    pub company: AccountId,
    /// Of which environment.
    pub environment: Environment,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: &'static str,
    /// The body: no personal data.
    pub body: String,
}

/// A claimed message: what, where, and under which claim.
#[derive(Clone)]
pub struct Delivery {
    /// The message.
    pub message: i64,
    /// The endpoint.
    pub endpoint: i64,
    /// Development or operations.
    pub environment: Environment,
    /// Whose claim it is.
    pub token: i64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: String,
    /// The body.
    pub body: String,
    /// How many attempts there were before.
    pub attempts: u16,
    /// Where.
    pub url: String,
    /// What it is signed with.
    pub secret: Zeroizing<String>,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Delivery");
        debug.field("message", &self.message).field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// How an attempt to deliver ended.
#[derive(Clone, Debug)]
pub enum DeliveryEnd {
    /// The endpoint took it.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// It did not.
    Failed {
        /// Why, without secrets.
        failure: String,
        /// When it is tried again, if at all.
        due: Option<Timestamp>,
    },
}

/// A message as an administrator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRecord {
    /// The message.
    pub id: i64,
    /// The endpoint.
    pub endpoint: i64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: String,
    /// How many attempts there were.
    pub attempts: u16,
    /// When the next one is.
    pub due: Option<Timestamp>,
    /// When it was delivered.
    pub delivered: Option<Timestamp>,
    /// Why the last attempt failed.
    pub failure: Option<String>,
}

/// Which messages are sent once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// This one, delivered or not.
    Message(i64),
    /// All that were given up.
    Failed,
}

/// A webhook's write, ready to bind.
pub(crate) enum WebhookCommand {
    AddEndpoint(Box<NewEndpoint>, Vec<u8>),
    DisableEndpoint { endpoint: i64, at_ms: i64 },
    Tell(NewMessage),
    SetBack { lane: MessageLane, until_ms: i64 },
    End { message: i64, endpoint: i64, token: i64, end: DeliveryEnd },
    Replay { endpoint: i64, what: Replay, at_ms: i64 },
}

impl NewEndpoint {
    pub(crate) fn command(self, keys: &Keyring) -> Result<WebhookCommand, StoreError> {
        let secret = keys.seal(Place::new(Column::WebhookSecret, self.id), self.secret.as_bytes())?;
        Ok(WebhookCommand::AddEndpoint(Box::new(self), secret))
    }
}

impl WebhookCommand {
    pub(crate) async fn run(&self, link: &mut Link) -> Result<(), Failure> {
        match self {
            Self::AddEndpoint(new, secret) => {
                let at_ms = new.at.as_millisecond();
                changed!(
                    link,
                    ADD_ENDPOINT,
                    new.id,
                    new.company.0,
                    new.url.as_str(),
                    secret.as_slice(),
                    encode_events(&new.events),
                    at_ms
                );
                Ok(())
            }
            Self::DisableEndpoint { endpoint, at_ms } => {
                one(changed!(link, DISABLE_ENDPOINT, endpoint, at_ms), "enabled webhook")?;
                changed!(link, SETTLE_ALL, endpoint);
                Ok(())
            }
            Self::Tell(new) => {
                let (at_ms, environment) = (new.at.as_millisecond(), new.environment.encode());
                let text = text_of(link, SQLITE_TELL, POSTGRES_TELL);
                changed!(
                    link,
                    text,
                    new.id,
                    new.company.0,
                    environment,
                    at_ms,
                    new.kind,
                    new.body.as_str(),
                    MOST_WAITING - 1,
                    TOO_MANY_WAIT
                );
                Ok(())
            }
            Self::SetBack { lane, until_ms } => {
                changed!(link, SET_BACK, lane.environment.encode(), lane.endpoint, until_ms);
                Ok(())
            }
            Self::End { message, endpoint, token, end } => {
                finish(link, (*message, *endpoint, *token), end).await
            }
            Self::Replay { endpoint, what: Replay::Message(message), at_ms } => {
                one(changed!(link, REPLAY, endpoint, message, at_ms), "message of an enabled webhook")
            }
            Self::Replay { endpoint, what: Replay::Failed, at_ms } => {
                changed!(link, REPLAY_FAILED, endpoint, at_ms);
                Ok(())
            }
        }
    }
}

/// `webhook_endpoint.events`.
fn encode_events(events: &[String]) -> Option<String> {
    (!events.is_empty()).then(|| format!(" {} ", events.join(" ")))
}

fn decode_events(events: Option<&str>) -> Vec<String> {
    events.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

/// A claim that no longer holds changes nothing: another node delivers the message, too.
async fn finish(
    link: &mut Link,
    (message, endpoint, token): (i64, i64, i64),
    end: &DeliveryEnd,
) -> Result<(), Failure> {
    match end {
        DeliveryEnd::Delivered { at } => {
            changed!(link, DELIVERED, message, endpoint, token, at.as_millisecond());
        }
        DeliveryEnd::Failed { failure, due } => {
            let due_ms = due.map(Timestamp::as_millisecond);
            changed!(link, FAILED, message, endpoint, token, due_ms, failure.as_str());
        }
    }
    Ok(())
}

#[derive(FromRow)]
struct StoredDelivery {
    id: i64,
    endpoint_id: i64,
    environment: i16,
    at_ms: i64,
    kind: String,
    body: String,
    attempts: i16,
    url: String,
    secret: Vec<u8>,
}

impl StoredDelivery {
    fn open(self, token: i64, keys: &Keyring) -> Result<Delivery, StoreError> {
        let secret = keys.open(Place::new(Column::WebhookSecret, self.endpoint_id), &self.secret)?;
        let secret = std::str::from_utf8(&secret).map(|secret| Zeroizing::new(secret.to_owned()));
        Ok(Delivery {
            message: self.id,
            endpoint: self.endpoint_id,
            environment: Environment::decode(self.environment)?,
            token,
            at: moment(self.at_ms, "webhook_message.at_ms")?,
            kind: self.kind,
            body: self.body,
            attempts: u16::try_from(self.attempts).unwrap_or_default(),
            url: self.url,
            secret: secret.map_err(|_| StoreError::Corrupt("webhook_endpoint.secret"))?,
        })
    }
}

#[derive(FromRow)]
struct StoredEndpoint {
    id: i64,
    company_id: i64,
    url: String,
    events: Option<String>,
    created_ms: i64,
    disabled_ms: Option<i64>,
}

#[derive(FromRow)]
struct StoredMessage {
    id: i64,
    endpoint_id: i64,
    at_ms: i64,
    kind: String,
    attempts: i16,
    due_ms: Option<i64>,
    delivered_ms: Option<i64>,
    failure: Option<String>,
}

impl Store {
    /// At most `limit` endpoints with messages of an environment that are due, in turn.
    pub async fn due_endpoints(
        &self,
        environment: Environment,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<MessageLane>, StoreError> {
        let endpoints = self.due_lanes(WorkQueue::Messages, environment, now, limit).await?;
        Ok(endpoints.into_iter().map(|endpoint| MessageLane { environment, endpoint }).collect())
    }

    /// Claims messages of one endpoint that are due.
    pub async fn claim_messages(
        &self,
        lane: MessageLane,
        terms: &ClaimTerms,
    ) -> Result<Vec<Delivery>, StoreError> {
        let lease = self.claim_of(WorkQueue::Messages, terms, &[lane.endpoint]).await?;
        let Lease { environment, until_ms, token } = lease;
        let rows: Result<Vec<StoredDelivery>, _> = on_backend!(&self.inner.db, pool => {
            sqlx::query_as(CLAIMED).bind(environment).bind(until_ms).bind(token).fetch_all(pool).await
        });
        let rows = rows.map_err(|error| report(&error))?;
        let open = |row: StoredDelivery| (row.id, row.open(token, &self.inner.keys));
        Ok(readable("webhook message", rows.into_iter().map(open)))
    }

    /// A company's endpoints, oldest first, also those that were disabled.
    pub async fn endpoints(&self, company: AccountId) -> Result<Vec<EndpointRecord>, StoreError> {
        let rows: Result<Vec<StoredEndpoint>, _> = on_backend!(&self.inner.db, pool => {
            sqlx::query_as(ENDPOINTS).bind(company.0).fetch_all(pool).await
        });
        let record = |row: StoredEndpoint| {
            let disabled = row.disabled_ms.map(|at_ms| moment(at_ms, "webhook_endpoint.disabled_ms"));
            Ok(EndpointRecord {
                id: row.id,
                company: AccountId(row.company_id),
                events: decode_events(row.events.as_deref()),
                url: row.url,
                created: moment(row.created_ms, "webhook_endpoint.created_ms")?,
                disabled: disabled.transpose()?,
            })
        };
        rows.map_err(|error| report(&error))?.into_iter().map(record).collect()
    }

    /// An endpoint's latest messages, newest first.
    pub async fn messages(&self, endpoint: i64, limit: u32) -> Result<Vec<MessageRecord>, StoreError> {
        let rows: Result<Vec<StoredMessage>, _> = on_backend!(&self.inner.db, pool => {
            sqlx::query_as(MESSAGES).bind(endpoint).bind(i64::from(limit)).fetch_all(pool).await
        });
        let time = |at_ms: Option<i64>| at_ms.map(|at_ms| moment(at_ms, "webhook_message")).transpose();
        let record = |row: StoredMessage| {
            Ok(MessageRecord {
                id: row.id,
                endpoint: row.endpoint_id,
                at: moment(row.at_ms, "webhook_message.at_ms")?,
                kind: row.kind,
                attempts: u16::try_from(row.attempts).unwrap_or_default(),
                due: time(row.due_ms)?,
                delivered: time(row.delivered_ms)?,
                failure: row.failure,
            })
        };
        rows.map_err(|error| report(&error))?.into_iter().map(record).collect()
    }
}
