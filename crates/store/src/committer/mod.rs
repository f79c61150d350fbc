//! Group commit.
//!
//! A committer owns a connection, and SQLite's one more on a thread (`bulk/thread.rs`). It waits for the first write,
//! takes whatever else is queued, applies it all in one transaction, and only then answers each caller. Nothing waits
//! for a timer: an idle store commits at once, a busy one shares the flush.

mod alone;
mod apply;
mod command;
mod group;
pub(crate) mod queue;

pub(crate) use command::{changed, changed_some, one};
pub(crate) use group::Failure;
use queue::Waiting;
pub(crate) use queue::{LARGE, Queue};

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::{Gauge, Histogram};
use tokio::sync::{Mutex, RwLock, oneshot, watch};
use tokio::time::Instant;
use tracing::{Instrument as _, Span, trace_span};

use crate::audit::Head;
use crate::bulk::VerificationThread;
use crate::checkpoint::Log;
use crate::db::{Link, Target};
use crate::error::{StoreError, report};
use crate::id::IdSource;
use crate::keys::Keyring;
use crate::prepared::Prepared;
use crate::told::Told;

/// How long to wait before connecting again, after the first and after many failures.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// A write and where its caller waits; a caller that no longer waits changes nothing.
pub(crate) struct Job {
    pub(crate) write: Prepared,
    pub(crate) answer: oneshot::Sender<Result<(), StoreError>>,
    /// Where its caller waits, for traces.
    pub(crate) span: Span,
}

/// Whether the head of the chain may be kept between groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chain {
    /// Only this committer writes to the chain.
    Own,
    /// Other processes may, too (`admin`): read it in every transaction.
    Shared,
}

/// What all committers of a store share.
pub(crate) struct Shared {
    pub(crate) target: Arc<Target>,
    /// Hashes the rows of the audit trail.
    pub(crate) keys: Arc<Keyring>,
    pub(crate) queue: Mutex<Waiting>,
    pub(crate) ids: Arc<IdSource>,
    pub(crate) commit_timeout: Duration,
    /// Held for reading during a group, for writing while the store is emptied.
    pub(crate) gate: RwLock<()>,
    /// Counts how often the store was emptied: then no head is valid any more.
    pub(crate) epoch: AtomicU64,
    /// Where somebody copies SQLite's log back.
    pub(crate) log: Option<Arc<Log>>,
    /// Wakes whoever delivers messages.
    pub(crate) told: Told,
}

/// One committer.
pub(crate) struct Committer {
    shared: Arc<Shared>,
    chain: Arc<str>,
    kind: Chain,
    link: Option<Link>,
    /// SQLite's for groups of verifications alone, from the first of them on.
    thread: Option<VerificationThread>,
    head: Option<Head>,
    epoch: u64,
    closing: watch::Receiver<bool>,
    retry: Retry,
    meters: Meters,
}

/// Its metrics, registered once: to find one by its name costs more than to count.
struct Meters {
    queue_depth: Gauge,
    group_writes: Histogram,
    group_rows: Histogram,
    seconds: Histogram,
}

impl Meters {
    fn new() -> Self {
        Self {
            queue_depth: metrics::gauge!("rims_commit_queue_depth"),
            group_writes: metrics::histogram!("rims_commit_group_writes"),
            group_rows: metrics::histogram!("rims_commit_group_rows"),
            seconds: metrics::histogram!("rims_commit_seconds"),
        }
    }
}

/// When to connect again.
struct Retry {
    at: Option<Instant>,
    delay: Duration,
}

impl Committer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        chain: String,
        kind: Chain,
        link: Option<Link>,
        closing: watch::Receiver<bool>,
    ) -> Self {
        let retry = Retry { at: None, delay: BACK_OFF.0 };
        let meters = Meters::new();
        Self {
            shared,
            chain: chain.into(),
            kind,
            link,
            thread: None,
            head: None,
            epoch: 0,
            closing,
            retry,
            meters,
        }
    }

    /// Commits until the queue is closed and empty.
    pub(crate) async fn run(mut self) {
        while let Some(group) = self.next_group().await {
            let span = span_of(&group);
            let (writes, answers): (Vec<_>, Vec<_>) =
                group.into_iter().map(|job| (job.write, job.answer)).unzip();
            let writes = Arc::new(writes);
            let results = self.commit(&writes).instrument(span).await;
            for ((write, answer), result) in writes.iter().zip(answers).zip(results) {
                if result.is_ok() {
                    self.shared.told.after(write);
                }
                // The caller may have stopped waiting.
                answer.send(result).ok();
            }
            if let Some(log) = &self.shared.log {
                log.add(&writes);
            }
        }
        if let Some(thread) = self.thread.take() {
            thread.close().await;
        }
        if let Some(link) = self.link.take()
            && let Err(error) = link.close().await
        {
            report(&error);
        }
    }

    /// The first write that comes and what is queued behind it; `None` when the store is closed.
    async fn next_group(&mut self) -> Option<Vec<Job>> {
        let mut queue = self.shared.queue.lock().await;
        let first = queue.first(&mut self.closing).await?;
        // Whoever is about to write does so first: no wait when idle, larger groups when busy.
        tokio::task::yield_now().await;
        let group = queue.join(first);
        let rows: usize = group.iter().map(|job| job.write.rows()).sum();
        #[expect(clippy::cast_precision_loss, reason = "a metric")]
        let (waiting, writes, rows) = (queue.len() as f64, group.len() as f64, rows as f64);
        self.meters.queue_depth.set(waiting);
        self.meters.group_writes.record(writes);
        self.meters.group_rows.record(rows);
        Some(group)
    }

    /// A connection with an open transaction. A kept connection that no longer works is replaced at once;
    /// where there is no database, further groups fail without a wait until it is time to try again.
    async fn begin(&mut self) -> Result<Link, StoreError> {
        if let Some(mut link) = self.link.take() {
            match link.begin().await {
                Ok(()) => return Ok(link),
                Err(error) => report(&error),
            };
        }
        self.head = None;
        if self.retry.at.is_some_and(|at| Instant::now() < at) {
            return Err(StoreError::Unavailable);
        }
        let begun = async {
            let mut link = self.shared.target.connect().await?;
            link.begin().await.map(|()| link)
        };
        match begun.await {
            Ok(link) => {
                self.retry = Retry { at: None, delay: BACK_OFF.0 };
                Ok(link)
            }
            Err(error) => {
                self.retry.at = Some(Instant::now() + self.retry.delay);
                self.retry.delay = (self.retry.delay * 2).min(BACK_OFF.1);
                Err(report(&error))
            }
        }
    }

    /// The head of this committer's chain, read anew where it may have moved.
    async fn head(&mut self, link: &mut Link) -> sqlx::Result<Head> {
        let epoch = self.shared.epoch.load(Ordering::Acquire);
        match self.head {
            Some(head) if self.kind == Chain::Own && self.epoch == epoch => Ok(head),
            _ => {
                self.epoch = epoch;
                Head::load(link, &self.chain).await
            }
        }
    }
}

/// A group's span, within that of the first of its writes that is traced; the others are linked to it.
fn span_of(group: &[Job]) -> Span {
    let mut traced = group.iter().map(|job| &job.span).filter(|span| !span.is_disabled());
    let Some(first) = traced.next() else { return Span::none() };
    let rows: usize = group.iter().map(|job| job.write.rows()).sum();
    let span = first.in_scope(|| trace_span!("commit group", rims.writes = group.len(), rims.rows = rows));
    for other in traced {
        other.follows_from(&span);
    }
    span
}
