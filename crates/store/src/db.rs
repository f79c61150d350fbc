//! The two engines behind one enum, and how connections to them are made.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::OpenFlags;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, SqliteConnection, SqlitePool};

use crate::hosts::Hosts;
use crate::keys::create_private;
use crate::options::LOG_PAGES;
use crate::{OpenError, Options, private};

/// One of the two engines.
pub(crate) enum Backend<S, P> {
    Sqlite(S),
    Postgres(P),
}

/// Connections for reads.
pub(crate) type Db = Backend<SqlitePool, PgPool>;
/// A connection for writes.
pub(crate) type Link = Backend<SqliteConnection, PgConnection>;

/// The engine's own text of a statement that the engines do not share.
pub(crate) fn text_of(link: &Link, sqlite: &'static str, postgres: &'static str) -> &'static str {
    match link {
        Backend::Sqlite(_) => sqlite,
        Backend::Postgres(_) => postgres,
    }
}

/// Runs one expression on whichever engine it is: one SQL text, two types.
macro_rules! on_backend {
    ($backend:expr, $executor:ident => $run:expr) => {
        match $backend {
            $crate::db::Backend::Sqlite($executor) => $run,
            $crate::db::Backend::Postgres($executor) => $run,
        }
    };
}
pub(crate) use on_backend;

/// How long SQLite waits for another process's transaction, such as an administrative command's.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// 32 MiB of page cache, in KiB.
const CACHE: &str = "-32768";
/// 4 MiB for whom only adds, mostly at the ends of tables and of each company's part of an index: a page that is not in it
/// is still in the kernel's.
const ADDING_CACHE: &str = "-4096";

/// Where the database is.
pub(crate) struct Target {
    options: Backend<Box<SqliteConnectOptions>, Arc<Hosts>>,
    timeout: Duration,
    max_pages: Option<u32>,
    log_pages: u32,
    is_shared: bool,
    /// Removed with the target: `sqlite::memory:`.
    _temporary: Option<tempfile::TempDir>,
}

impl Target {
    pub(crate) fn parse(options: &Options) -> Result<Self, OpenError> {
        let url = options.database_url.as_str();
        let refuse =
            |_| OpenError::Url("sqlite:///path/file.db, sqlite::memory: or postgres://… is expected");
        let mut temporary = None;
        let parsed = if matches!(url, "sqlite::memory:" | "sqlite://:memory:") {
            let folder =
                tempfile::tempdir().map_err(|error| OpenError::File(PathBuf::from("."), error.kind()))?;
            let file = SqliteConnectOptions::new().filename(folder.path().join("rims.db"));
            temporary = Some(folder);
            Backend::Sqlite(Box::new(file.disable_statement_logging()))
        } else if url.starts_with("sqlite:") {
            let file = SqliteConnectOptions::from_str(url).map_err(refuse)?;
            Backend::Sqlite(Box::new(file.disable_statement_logging()))
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Backend::Postgres(Arc::new(Hosts::parse(url)?))
        } else {
            return Err(refuse(sqlx::Error::RowNotFound));
        };
        Ok(Self {
            options: parsed,
            timeout: options.acquire_timeout,
            max_pages: options.sqlite_max_pages,
            log_pages: options.sqlite_log_pages,
            is_shared: options.sqlite_shared_file,
            _temporary: temporary,
        })
    }

    /// A SQLite file, without a quota.
    pub(crate) fn at(file: &Path) -> Self {
        let options = SqliteConnectOptions::new().filename(file).disable_statement_logging();
        Self {
            options: Backend::Sqlite(Box::new(options)),
            timeout: BUSY_TIMEOUT,
            max_pages: None,
            log_pages: LOG_PAGES,
            is_shared: false,
            _temporary: None,
        }
    }

    /// The SQLite file.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.options {
            Backend::Sqlite(options) => Some(options.get_filename()),
            Backend::Postgres(_) => None,
        }
    }

    /// The servers, where there are several.
    pub(crate) fn hosts(&self) -> Option<Arc<Hosts>> {
        match &self.options {
            Backend::Postgres(hosts) if hosts.are_several() => Some(Arc::clone(hosts)),
            _ => None,
        }
    }

    /// Creates the SQLite file, readable by its owner only; the log files with it inherit that. One that is there
    /// becomes so unless it is shared.
    pub(crate) fn create_file(&self) -> Result<(), OpenError> {
        let Some(path) = self.file() else { return Ok(()) };
        match create_private(path) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists && self.is_shared => return Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => private::keep_private(path)?,
            Err(error) => return Err(OpenError::File(path.to_owned(), error.kind())),
        }
        private::warn_of_open_folder(path);
        Ok(())
    }

    /// A connection that writes.
    pub(crate) async fn connect(&self) -> sqlx::Result<Link> {
        let connect = async {
            Ok(match self.writer() {
                Backend::Sqlite(options) => Backend::Sqlite(SqliteConnection::connect_with(&options).await?),
                Backend::Postgres(hosts) => Backend::Postgres(hosts.connect(self.timeout).await?),
            })
        };
        tokio::time::timeout(self.timeout, connect).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// How connections that write are made.
    pub(crate) fn writer(&self) -> Backend<SqliteConnectOptions, &Hosts> {
        let options = match &self.options {
            Backend::Sqlite(options) => (**options).clone(),
            Backend::Postgres(hosts) => return Backend::Postgres(hosts),
        };
        let options = options
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .pragma("temp_store", "memory");
        let settings = self.settings(CACHE).into_iter();
        Backend::Sqlite(settings.fold(options, |options, (name, value)| options.pragma(name, value)))
    }

    /// What the connections of both libraries that write to SQLite set alike. `synchronous=FULL` flushes at every commit;
    /// NORMAL would not. `secure_delete` overwrites what is destroyed, which would else stay readable in the file's free
    /// pages (안전성 확보조치 기준 §13); it costs where rows are deleted, not where they are added.
    fn settings(&self, cache: &str) -> Vec<(&'static str, String)> {
        let mut settings = vec![
            ("synchronous", "FULL".to_owned()),
            ("secure_delete", "on".to_owned()),
            ("wal_autocheckpoint", self.log_pages.to_string()),
            ("cache_size", cache.to_owned()),
        ];
        settings.extend(self.max_pages.map(|pages| ("max_page_count", pages.to_string())));
        settings
    }

    /// The SQLite file for connections of another library, which add verifications.
    pub(crate) fn sqlite_file(&self) -> Option<SqliteFile> {
        self.file().map(|path| SqliteFile { path: path.to_owned(), settings: self.settings(ADDING_CACHE) })
    }

    /// Connections that read; made when first needed.
    pub(crate) fn readers(&self, count: u32) -> Db {
        match &self.options {
            Backend::Sqlite(options) => {
                // Not opened read-only: such a connection would keep the log from being copied back.
                let options = (**options).clone().pragma("query_only", "on").busy_timeout(BUSY_TIMEOUT);
                let pool = SqlitePoolOptions::new()
                    .max_connections(count)
                    .acquire_timeout(self.timeout)
                    .test_before_acquire(false)
                    .idle_timeout(None)
                    .max_lifetime(None);
                Backend::Sqlite(pool.connect_lazy_with(options))
            }
            Backend::Postgres(hosts) => {
                // One more, which listens.
                let pool = PgPoolOptions::new().max_connections(count + 1).acquire_timeout(self.timeout);
                Backend::Postgres(pool.connect_lazy_with(hosts.current().clone()))
            }
        }
    }
}

/// A SQLite file that is there and has its journal mode.
pub(crate) struct SqliteFile {
    path: PathBuf,
    settings: Vec<(&'static str, String)>,
}

impl SqliteFile {
    /// A connection that writes.
    pub(crate) fn connect(&self) -> rusqlite::Result<rusqlite::Connection> {
        // rusqlite lets one thread at a time have a connection: SQLite need not lock it at every call.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = rusqlite::Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        for (name, value) in &self.settings {
            connection.execute_batch(&format!("PRAGMA {name} = {value}"))?;
        }
        Ok(connection)
    }
}

impl Db {
    pub(crate) async fn close(&self) {
        on_backend!(self, pool => pool.close().await);
    }
}

impl Link {
    /// Runs a text without parameters or rows.
    pub(crate) async fn run(&mut self, text: &'static str) -> sqlx::Result<()> {
        on_backend!(self, connection => sqlx::raw_sql(text).execute(connection).await.map(drop))
    }

    /// Begins a transaction that writes; SQLite takes its write lock at once, so that it cannot be refused
    /// half-way.
    pub(crate) async fn begin(&mut self) -> sqlx::Result<()> {
        let text = match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN",
        };
        self.run(text).await
    }

    /// Ends the connection in order.
    pub(crate) async fn close(self) -> sqlx::Result<()> {
        on_backend!(self, connection => connection.close().await)
    }
}
