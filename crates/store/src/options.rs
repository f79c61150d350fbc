//! How to open a store.

use std::fmt;
use std::time::Duration;

/// 16 MiB: fewer flushes of the database file under load.
pub(crate) const LOG_PAGES: u32 = 4_000;

/// What a store needs to know besides its keys.
#[derive(Clone)]
pub struct Options {
    /// `sqlite:///path/rims.db`, `postgres://…`, or `sqlite::memory:`, which is a temporary file that is
    /// removed with the store, because readers and the writer need a file to share.
    pub database_url: String,
    /// 0 to [`crate::MAX_NODE`]; of several servers on one PostgreSQL each needs its own.
    pub node: u16,
    /// Connections for reads.
    pub readers: u32,
    /// Connections that commit, each with its own audit chain; SQLite has one, whatever this says.
    pub committers: u16,
    /// Writes that may wait; more are refused with [`crate::StoreError::Overloaded`].
    pub queue: usize,
    /// A quota for the SQLite file in pages of 4 KiB.
    pub sqlite_max_pages: Option<u32>,
    /// Whether group or others may read the SQLite file; else it becomes its owner's alone when it is opened.
    pub sqlite_shared_file: bool,
    /// SQLite's write-ahead log is begun anew when it has about so many pages of 4 KiB.
    pub sqlite_log_pages: u32,
    /// A PostgreSQL replica that histories may be read from.
    pub replica_url: Option<String>,
    /// How far that may be behind.
    pub replica_max_lag: Duration,
    /// How long a read waits for a connection, and a connection for the database.
    pub acquire_timeout: Duration,
    /// How long a group of writes may take before its connection is given up.
    pub commit_timeout: Duration,
}

impl Options {
    /// A database with the defaults: node 0, 4 readers, 2 committers, 10,000 waiting writes, 3 s for a
    /// connection, 10 s for a commit.
    pub fn new(database_url: impl Into<String>) -> Self {
        Self {
            database_url: database_url.into(),
            node: 0,
            readers: 4,
            committers: 2,
            queue: 10_000,
            sqlite_max_pages: None,
            sqlite_shared_file: false,
            sqlite_log_pages: LOG_PAGES,
            replica_url: None,
            replica_max_lag: Duration::from_secs(1),
            acquire_timeout: Duration::from_secs(3),
            commit_timeout: Duration::from_secs(10),
        }
    }
}

/// The URL may carry a password.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("node", &self.node)
            .field("readers", &self.readers)
            .field("committers", &self.committers)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}
