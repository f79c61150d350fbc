//! What the server does by itself: everything that is due at a moment. Nothing here waits for a time but the loop
//! at the end; tests and the sandbox move the clock and call [`Scheduler::run_due`].

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Interval, MissedTickBehavior};

use crate::service::retention::Retention;
use crate::service::{ServiceError, Services};
use crate::webhook::Outbox;

/// How often it is looked what is due.
const PERIOD: Duration = Duration::from_secs(5);

/// Rechecks, reservations, retention and partitions; and webhooks beside them, because an endpoint may be slow.
pub struct Scheduler {
    services: Arc<Services>,
    outbox: Outbox,
    retention: Retention,
    /// Who waited for these knows that what was due before is done.
    running: Mutex<()>,
    delivering: Mutex<()>,
}

impl Scheduler {
    /// Over the use cases.
    pub fn new(services: Arc<Services>, outbox: Outbox, retention: Retention) -> Arc<Self> {
        Arc::new(Self {
            services,
            outbox,
            retention,
            running: Mutex::default(),
            delivering: Mutex::default(),
        })
    }

    /// Does all that is due now, and what that gives to tell. A part that fails does not keep the others from
    /// being done; the first failure is told.
    pub async fn run_due(&self) -> Result<(), ServiceError> {
        let ran = self.run_chores().await;
        let delivered = self.deliver().await;
        ran.and(delivered)
    }

    async fn run_chores(&self) -> Result<(), ServiceError> {
        let _alone = self.running.lock().await;
        let rechecked = self.services.run_rechecks().await;
        let ran = self.services.run_reservations().await;
        let kept = self.services.keep_house(&self.retention, self.services.clock().now()).await;
        rechecked.and(ran).and(kept)
    }

    async fn deliver(&self) -> Result<(), ServiceError> {
        let _alone = self.delivering.lock().await;
        Ok(self.outbox.deliver_due().await.map(drop)?)
    }

    /// Waits for what is under way; nothing is begun while the guards live.
    pub async fn pause(&self) -> [MutexGuard<'_, ()>; 2] {
        [self.running.lock().await, self.delivering.lock().await]
    }

    /// Does what is due again and again, and follows what other nodes change, until it is dropped.
    pub async fn run(self: Arc<Self>) {
        tokio::join!(self.repeat_chores(), self.repeat_deliveries(), self.services.follow_changes());
    }

    async fn repeat_chores(&self) {
        let mut period = period();
        loop {
            period.tick().await;
            log(self.run_chores().await);
        }
    }

    async fn repeat_deliveries(&self) {
        let mut period = period();
        loop {
            period.tick().await;
            log(self.deliver().await);
        }
    }
}

fn period() -> Interval {
    let mut period = tokio::time::interval(PERIOD);
    period.set_missed_tick_behavior(MissedTickBehavior::Delay);
    period
}

fn log(done: Result<(), ServiceError>) {
    if let Err(error) = done {
        tracing::warn!(%error, "something due was not done; it is tried again");
    }
}
