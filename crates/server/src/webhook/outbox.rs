use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;
use jiff::Timestamp;
use rims_store::{Delivery, DeliveryEnd, NewAudit, SYSTEM, Store, StoreError, Subject, Write};

use super::{
    DeliveryError, Message, MessageId, SigningSecrets, WebhookClient, WebhookSecret, WebhookUrl, wait_after,
};
use crate::clock::Clock;
use crate::random;

/// How many messages are claimed at a time.
const BATCH: u32 = 100;
/// How many of them are under way at a time.
const AT_ONCE: usize = 16;
/// How long a claim holds. After it another node delivers what this one has not.
const CLAIM: Duration = Duration::from_mins(1);

/// Delivers what companies are told, at least once (docs/webhooks.md).
#[derive(Clone, Debug)]
pub struct Outbox {
    store: Store,
    clock: Clock,
    client: WebhookClient,
}

/// Why a message was not delivered. It never shows the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Undelivered {
    #[error(transparent)]
    Attempt(#[from] DeliveryError),
    /// Nothing that this version wrote; another attempt would not change it.
    #[error("the endpoint's stored address or secret cannot be used")]
    Unusable,
}

/// Messages that were claimed together.
struct Round {
    /// When the claim ends.
    until: Timestamp,
    /// Endpoints that did not answer in time: the round's other messages to them fail without an attempt, so that
    /// a silent company holds nobody else's messages up.
    silent: Mutex<HashSet<i64>>,
}

impl Outbox {
    /// The outbox of a store.
    pub fn new(store: Store, clock: Clock, client: WebhookClient) -> Self {
        Self { store, clock, client }
    }

    /// Delivers until nothing is left of what is due now; gives how many messages were delivered or failed.
    pub async fn deliver_due(&self) -> Result<usize, StoreError> {
        let due = self.clock.now();
        let mut ended = 0;
        loop {
            let until = after(self.clock.now(), CLAIM);
            let claimed = self.store.claim_messages(due, until, BATCH).await?;
            if claimed.is_empty() {
                return Ok(ended);
            }
            ended += self.deliver(claimed, until).await?;
        }
    }

    /// All of them, even if the end of one cannot be stored.
    async fn deliver(&self, claimed: Vec<Delivery>, until: Timestamp) -> Result<usize, StoreError> {
        let round = Round { until, silent: Mutex::default() };
        let attempts = claimed.into_iter().map(|delivery| self.attempt(delivery, &round));
        let ends: Vec<_> = stream::iter(attempts).buffer_unordered(AT_ONCE).collect().await;
        ends.into_iter().sum()
    }

    /// Gives 1, or 0 where it is left to the next claim: this one could end before the attempt does.
    async fn attempt(&self, delivery: Delivery, round: &Round) -> Result<usize, StoreError> {
        if after(self.clock.now(), self.client.timeouts().total) > round.until {
            return Ok(0);
        }
        let result = if round.is_silent(delivery.endpoint) {
            Err(DeliveryError::TimedOut.into())
        } else {
            self.send(&delivery).await
        };
        let outcome = result.map_or_else(Undelivered::kind, |()| "delivered");
        metrics::counter!("rims_webhook_deliveries_total", "outcome" => outcome).increment(1);
        match result {
            Ok(()) => {
                let end = DeliveryEnd::Delivered { at: self.clock.now() };
                self.store.commit(ending(&delivery, end)).await?;
            }
            Err(failure) => self.fail(&delivery, failure, round).await?,
        }
        Ok(1)
    }

    async fn send(&self, delivery: &Delivery) -> Result<(), Undelivered> {
        let url = WebhookUrl::parse(&delivery.url).map_err(|_| Undelivered::Unusable)?;
        let secret = WebhookSecret::parse(&delivery.secret).map_err(|_| Undelivered::Unusable)?;
        let secrets = SigningSecrets { current: secret, previous: None };
        let id = MessageId::of_message(delivery.message);
        let message = Message { id: &id, sent_at: self.clock.now(), body: &delivery.body };
        Ok(self.client.deliver(&url, &secrets, &message).await?)
    }

    async fn fail(&self, delivery: &Delivery, failure: Undelivered, round: &Round) -> Result<(), StoreError> {
        let attempt = u32::from(delivery.attempts) + 1;
        let due = failure.wait(attempt).map(|wait| after(self.clock.now(), wait));
        tracing::warn!(
            webhook_id = %MessageId::of_message(delivery.message),
            endpoint = delivery.endpoint,
            attempt,
            cause = %failure,
            next = due.map(tracing::field::display),
            "a webhook was not delivered"
        );
        let end = ending(delivery, DeliveryEnd::Failed { failure: failure.to_string(), due });
        match failure {
            Undelivered::Attempt(DeliveryError::Gone) => self.disable(delivery.endpoint, end).await,
            Undelivered::Attempt(DeliveryError::TimedOut) => {
                round.note_silent(delivery.endpoint);
                self.store.commit(end).await
            }
            _ => self.store.commit(end).await,
        }
    }

    /// The endpoint wants nothing any more.
    async fn disable(&self, endpoint: i64, end: Write) -> Result<(), StoreError> {
        let audit = NewAudit {
            at: self.clock.now(),
            actor: SYSTEM,
            action: "webhook.disable",
            company: None,
            subject: Subject::None,
            reference: endpoint,
            outcome: "410".to_owned(),
        };
        let disable = Write::DisableEndpoint { endpoint, audit };
        match self.store.commit(Write::Together(vec![end, disable])).await {
            // It was disabled meanwhile, which has settled all its messages.
            Err(StoreError::Missing(_)) => Ok(()),
            done => done,
        }
    }
}

impl Undelivered {
    /// A short name for metrics.
    fn kind(self) -> &'static str {
        match self {
            Self::Attempt(error) => error.kind(),
            Self::Unusable => "unusable",
        }
    }

    /// How long to wait after this attempt; `None` where there is no further one.
    fn wait(self, attempt: u32) -> Option<Duration> {
        match self {
            Self::Attempt(DeliveryError::Gone) | Self::Unusable => None,
            Self::Attempt(_) => wait_after(attempt, jitter()),
        }
    }
}

impl Round {
    fn is_silent(&self, endpoint: i64) -> bool {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner).contains(&endpoint)
    }

    fn note_silent(&self, endpoint: i64) {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner).insert(endpoint);
    }
}

fn ending(delivery: &Delivery, end: DeliveryEnd) -> Write {
    let Delivery { message, endpoint, token, .. } = *delivery;
    Write::Delivery { message, endpoint, token, end }
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// A random number from 0 to 1; without randomness the middle.
fn jitter() -> f64 {
    let mut bytes = [0; 4];
    match random::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}
