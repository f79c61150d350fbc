//! Copies SQLite's write-ahead log back into the database file, beside the commits. SQLite does it by itself within the
//! commit that makes the log long enough, and flushes the database file then: every request would wait for that. It still
//! does, because only between two commits is a log copied whole, flushed and begun anew; but little is left to copy then.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use crate::error::report;
use crate::prepared::Prepared;

/// How often it is copied back before it is as long as it may be.
const TIMES: usize = 8;

/// Pages of the log that any group fills: the ends of tables and indexes, and the chain's head.
const EVERY_GROUP: usize = 8;

/// How much was written to the log since it was last copied back, roughly.
pub(crate) struct Log {
    pages: AtomicUsize,
    most: usize,
    is_long: Notify,
}

impl Log {
    /// A log that a commit copies back when it has so many pages.
    pub(crate) fn new(log_pages: u32) -> Self {
        let most = usize::try_from(log_pages).unwrap_or(usize::MAX) / TIMES;
        Self { pages: AtomicUsize::new(0), most, is_long: Notify::new() }
    }

    /// Counts a group.
    pub(crate) fn add(&self, group: &[Prepared]) {
        let pages = EVERY_GROUP + group.iter().map(Prepared::eighths_of_a_page).sum::<usize>() / 8;
        if self.pages.fetch_add(pages, Ordering::Relaxed) + pages >= self.most {
            self.is_long.notify_one();
        }
    }
}

/// Copies the log back whenever it is long, until it is stopped or dropped.
pub(crate) struct Checkpointer {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Checkpointer {
    pub(crate) fn start(database: SqliteConnectOptions, log: Arc<Log>) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { stop, task: tokio::spawn(run(database, log, stopped)) }
    }

    /// Ends it and its connection. The last connection of all copies the log back and removes it, and must know that it is
    /// the last.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "copying the log back ended abnormally");
        }
    }
}

async fn run(database: SqliteConnectOptions, log: Arc<Log>, mut stopped: oneshot::Receiver<()>) {
    let mut kept = None;
    loop {
        tokio::select! {
            () = log.is_long.notified() => {}
            _ = &mut stopped => break,
        }
        log.pages.store(0, Ordering::Relaxed);
        let started = Instant::now();
        match copied_back(&database, kept.take()).await {
            Ok(connection) => kept = Some(connection),
            Err(error) => _ = report(&error),
        }
        metrics::histogram!("rims_checkpoint_seconds").record(started.elapsed().as_secs_f64());
    }
    if let Some(connection) = kept
        && let Err(error) = connection.close().await
    {
        report(&error);
    }
}

/// Copies what was in the log when it began. Gives the connection back.
async fn copied_back(
    database: &SqliteConnectOptions,
    kept: Option<SqliteConnection>,
) -> sqlx::Result<SqliteConnection> {
    let mut connection = match kept {
        Some(connection) => connection,
        None => SqliteConnection::connect_with(database).await?,
    };
    sqlx::raw_sql("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut connection).await?;
    Ok(connection)
}
