use std::collections::HashSet;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;
use rims_domain::{AuditAction, Environment, backoff};
use rims_store::{ClaimTerms, Delivery, DeliveryEnd, MessageLane, NewAudit, Store, StoreError, Write};
use tokio::time::Instant;

use super::{DeliveryError, Message, MessageId, SigningSecrets, WebhookClient, WebhookSecret, WebhookUrl};
use crate::clock::Clock;
use crate::random;
use crate::scheduler::PERIOD;
use crate::service::system_event;

/// How many endpoints are sent to at the same time. A company has ten at most, so that no company takes all places.
const ENDPOINTS: u32 = 64;
/// How many messages are under way to one endpoint, by whatever node.
const UNDER_WAY: u32 = 2;
/// How many messages to an endpoint that did not answer in time fail together, without an attempt.
const FAILED_TOGETHER: u32 = 100;
/// How long a claim holds. After it another node delivers what this one has not.
const CLAIM: Duration = Duration::from_mins(1);
/// An endpoint that takes longer than this part of what it may take is slow.
const SLOW: u32 = 5;

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

/// What became of an endpoint's messages that were due.
#[derive(Default)]
struct Drained {
    /// How many were delivered or failed.
    ended: usize,
    /// The first end that could not be stored.
    failed: Option<StoreError>,
}

impl Outbox {
    /// The outbox of a store.
    pub fn new(store: Store, clock: Clock, client: WebhookClient) -> Self {
        Self { store, clock, client }
    }

    /// Delivers an environment's messages until none is due, endpoint by endpoint in turn and side by side; returns how
    /// many were delivered or failed. Endpoints that come to have something due join at once: none waits for another.
    pub async fn deliver_due(&self, environment: Environment) -> Result<usize, StoreError> {
        let mut under_way = FuturesUnordered::new();
        let (mut busy, mut fruitless) = (HashSet::new(), HashSet::new());
        let mut all = Drained::default();
        let mut told = self.store.messages_told(environment);
        loop {
            match self.store.due_endpoints(environment, self.clock.now(), ENDPOINTS).await {
                Ok(lanes) => {
                    for lane in lanes.into_iter().filter(|lane| !fruitless.contains(lane)) {
                        if busy.len() < ENDPOINTS as usize && busy.insert(lane) {
                            under_way.push(async move { (lane, self.drain(lane).await) });
                        }
                    }
                }
                Err(error) => all.failed = all.failed.or(Some(error)),
            }
            tokio::select! {
                Some((lane, drained)) = under_way.next() => {
                    busy.remove(&lane);
                    if drained.ended == 0 {
                        fruitless.insert(lane);
                    }
                    all.add(drained);
                }
                () = tokio::time::sleep(PERIOD), if !under_way.is_empty() => fruitless.clear(),
                Ok(()) = told.changed(), if !under_way.is_empty() => fruitless.clear(),
                else => return all.failed.map_or(Ok(all.ended), Err),
            }
        }
    }

    /// Delivers what is due at one endpoint. After an answer that took long the rest waits as long again, so that the
    /// endpoint takes at most half of its place; after none in time the rest fails without an attempt.
    async fn drain(&self, lane: MessageLane) -> Drained {
        let (due, mut silent, mut drained) = (self.clock.now(), false, Drained::default());
        loop {
            let most = if silent { FAILED_TOGETHER } else { UNDER_WAY };
            let until = after(self.clock.now(), CLAIM);
            let MessageLane { environment, .. } = lane;
            let terms = ClaimTerms { environment, now: due, until, limit: most };
            let claimed = match self.store.claim_messages(lane, &terms).await {
                Ok(claimed) if claimed.is_empty() => return drained,
                Ok(claimed) => claimed,
                Err(error) => return drained.failed_with(error),
            };
            let started = Instant::now();
            for ended in join_all(claimed.iter().map(|delivery| self.attempt(delivery, silent))).await {
                match ended {
                    Ok(result) => {
                        drained.ended += 1;
                        silent |= result == Err(Undelivered::Attempt(DeliveryError::TimedOut));
                    }
                    Err(error) => drained = drained.failed_with(error),
                }
            }
            let took = started.elapsed();
            if !silent && took > self.client.timeouts().total / SLOW {
                let set_back = Write::SetBack { lane, until: after(self.clock.now(), took) };
                return match self.store.commit(set_back).await {
                    Ok(()) => drained,
                    Err(error) => drained.failed_with(error),
                };
            }
        }
    }

    /// Sends a message, unless its endpoint is known to be silent, and stores how that ended.
    async fn attempt(
        &self,
        delivery: &Delivery,
        silent: bool,
    ) -> Result<Result<(), Undelivered>, StoreError> {
        let result = if silent { Err(DeliveryError::TimedOut.into()) } else { self.send(delivery).await };
        let outcome = result.map_or_else(Undelivered::kind, |()| "delivered");
        let environment = delivery.environment.name();
        metrics::counter!("rims_webhook_deliveries_total", "environment" => environment, "outcome" => outcome)
            .increment(1);
        match result {
            Ok(()) => {
                let end = DeliveryEnd::Delivered { at: self.clock.now() };
                self.store.commit(ending(delivery, end)).await?;
            }
            Err(failure) => self.fail(delivery, failure).await?,
        }
        Ok(result)
    }

    async fn send(&self, delivery: &Delivery) -> Result<(), Undelivered> {
        let url = WebhookUrl::parse(&delivery.url).map_err(|_| Undelivered::Unusable)?;
        let secret = WebhookSecret::parse(&delivery.secret).map_err(|_| Undelivered::Unusable)?;
        let secrets = SigningSecrets { current: secret, previous: None };
        let id = MessageId::of_message(delivery.message);
        let message = Message { id: &id, sent_at: self.clock.now(), body: &delivery.body };
        Ok(self.client.deliver(&url, &secrets, &message).await?)
    }

    async fn fail(&self, delivery: &Delivery, failure: Undelivered) -> Result<(), StoreError> {
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
            Undelivered::Attempt(_) | Undelivered::Unusable => self.store.commit(end).await,
        }
    }

    /// The endpoint wants nothing any more.
    async fn disable(&self, endpoint: i64, end: Write) -> Result<(), StoreError> {
        let audit = NewAudit {
            reference: endpoint,
            outcome: "410".to_owned(),
            ..system_event(self.clock.now(), AuditAction::WebhookDisable)
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
            Self::Attempt(_) => backoff::WEBHOOK.spread(attempt, jitter()),
        }
    }
}

impl Drained {
    fn add(&mut self, other: Self) {
        self.ended += other.ended;
        self.failed = self.failed.take().or(other.failed);
    }

    fn failed_with(mut self, error: StoreError) -> Self {
        self.failed = self.failed.or(Some(error));
        self
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
