//! What the server does by itself: everything that is due at a moment. Nothing here waits for a time but the loop
//! at the end; tests and the sandbox move the clock and call [`Scheduler::run_due`].

use std::sync::Arc;
use std::time::Duration;

use futures::future::{join_all, pending};
use rims_domain::Environment;
use tokio::sync::{Mutex, MutexGuard, watch};
use tokio::time::MissedTickBehavior;

use crate::anchors::{AnchorError, Anchors};
use crate::service::retention::Retention;
use crate::service::{ServiceError, Services};
use crate::webhook::Outbox;

/// How often it is looked what is due.
pub(crate) const PERIOD: Duration = Duration::from_secs(5);

/// A kind of work. Each kind and environment has a task: one that takes long, or fails, delays no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Rechecks(Environment),
    Reservations,
    Maintenance,
    Anchors,
    Webhooks(Environment),
}

impl Work {
    /// What gives companies something to hear comes before the webhooks.
    const ALL: [Self; 7] = [
        Self::Rechecks(Environment::Operations),
        Self::Rechecks(Environment::Development),
        Self::Reservations,
        Self::Maintenance,
        Self::Anchors,
        Self::Webhooks(Environment::Operations),
        Self::Webhooks(Environment::Development),
    ];

    fn sends_webhooks(self) -> bool {
        self.woken_by_messages().is_some()
    }

    /// The environment whose messages it delivers as soon as they are stored.
    fn woken_by_messages(self) -> Option<Environment> {
        match self {
            Self::Rechecks(_) | Self::Reservations | Self::Maintenance | Self::Anchors => None,
            Self::Webhooks(environment) => Some(environment),
        }
    }

    /// The values of the metrics' labels `work` and `environment`.
    fn labels(self) -> (&'static str, &'static str) {
        match self {
            Self::Rechecks(environment) => ("rechecks", environment.name()),
            Self::Reservations => ("reservations", "none"),
            Self::Maintenance => ("maintenance", "none"),
            Self::Anchors => ("anchors", "none"),
            Self::Webhooks(environment) => ("webhooks", environment.name()),
        }
    }
}

/// Why something that was due was not done.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// A use case.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The ends of the audit trail.
    #[error(transparent)]
    Anchors(#[from] AnchorError),
}

/// Does what is due, kind by kind.
pub struct Scheduler {
    services: Arc<Services>,
    outbox: Outbox,
    retention: Retention,
    /// None in a sandbox, whose trail proves nothing to anybody.
    anchors: Option<Anchors>,
    /// One for each kind, held while it runs: after waiting for it, what was due before is done.
    running: [Mutex<()>; Work::ALL.len()],
}

impl Scheduler {
    /// Over the use cases.
    pub fn new(
        services: Arc<Services>,
        outbox: Outbox,
        retention: Retention,
        anchors: Option<Anchors>,
    ) -> Arc<Self> {
        Arc::new(Self { services, outbox, retention, anchors, running: Default::default() })
    }

    /// Does all that is due now, and sends what it gives companies to hear. A kind that fails does not keep the others
    /// from being done; the first failure is returned.
    pub async fn run_due(&self) -> Result<(), WorkError> {
        let (webhooks, others): (Vec<_>, Vec<_>) = self.works().partition(|(work, _)| work.sends_webhooks());
        let mut first = Ok(());
        for works in [others, webhooks] {
            let ended = join_all(works.into_iter().map(|(work, running)| self.run_one(work, running))).await;
            first = ended.into_iter().fold(first, Result::and);
        }
        first
    }

    fn works(&self) -> impl Iterator<Item = (Work, &Mutex<()>)> {
        Work::ALL.into_iter().zip(&self.running)
    }

    async fn run_one(&self, work: Work, running: &Mutex<()>) -> Result<(), WorkError> {
        let _running = running.lock().await;
        let now = self.services.clock().now();
        match work {
            Work::Rechecks(environment) => Ok(self.services.run_rechecks(environment).await?),
            Work::Reservations => Ok(self.services.run_reservations().await?),
            Work::Maintenance => Ok(self.services.keep_house(&self.retention, now).await?),
            Work::Anchors => match &self.anchors {
                Some(anchors) => Ok(anchors.keep_due(self.services.store(), now).await?),
                None => Ok(()),
            },
            Work::Webhooks(environment) => {
                self.outbox.deliver_due(environment).await.map_err(ServiceError::from)?;
                Ok(())
            }
        }
    }

    /// Waits for what is under way; nothing is begun while the guards live.
    pub async fn pause(&self) -> Vec<MutexGuard<'_, ()>> {
        join_all(self.running.iter().map(Mutex::lock)).await
    }

    /// Does what is due again and again, and follows what other nodes change, until it is dropped.
    pub async fn run(self: Arc<Self>) {
        let repeated = self.works().map(|(work, running)| self.repeat(work, running));
        tokio::join!(join_all(repeated), self.services.follow_changes());
    }

    async fn repeat(&self, work: Work, running: &Mutex<()>) {
        let mut period = tokio::time::interval(PERIOD);
        period.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (name, environment) = work.labels();
        let mut told = work.woken_by_messages().map(|of| self.services.store().messages_told(of));
        loop {
            let cause = tokio::select! {
                _ = period.tick() => "time",
                () = next(&mut told) => "told",
            };
            metrics::counter!("rims_scheduler_runs_total", "work" => name, "environment" => environment, "cause" => cause)
                .increment(1);
            if let Err(error) = self.run_one(work, running).await {
                tracing::warn!(?work, %error, "something due was not done; it is tried again");
            }
        }
    }
}

/// Waits for the next message that is told, if there is anybody to wait for; a store that was closed tells nothing more.
async fn next(told: &mut Option<watch::Receiver<u64>>) {
    let is_told = match told {
        Some(told) => told.changed().await.is_ok(),
        None => false,
    };
    if !is_told {
        pending::<()>().await;
    }
}
