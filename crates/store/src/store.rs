//! Opening and closing a store, and handing writes to the committers.

use std::fmt;
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::FutureExt as _;
use futures::future::{Either, ready};
use jiff::Timestamp;
use rims_aside::aside;
use tokio::sync::{Mutex, RwLock, oneshot, watch};
use tokio::task::JoinHandle;
use tracing::{Instrument as _, trace_span};

use crate::audit::rights_chain;
use crate::checkpoint::{Checkpointer, Log};
use crate::claim::Rotation;
use crate::codec::moment;
use crate::committer::{Chain, Committer, Job, Queue, Shared, queue};
use crate::db::{Backend, Db, Target, on_backend};
use crate::error::{StoreError, counted, report};
use crate::history::{self, History, HistoryRow};
use crate::id::{ADMIN_NODE, IdSource, MAX_NODE};
use crate::keys::{Keyring, MasterKeys};
use crate::number::Blocks;
use crate::prepared::Prepared;
use crate::replica::Replica;
use crate::schema::{self, MigrationError, MigrationReport, Schema};
use crate::told::Told;
use crate::write::Write;
use crate::{Options, access, sql};

/// The chain of commands beside a running server.
const ADMIN_CHAIN: &str = "admin";

/// The database. Clones share it; [`Store::close`] ends it in order.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) db: Db,
    replica: Option<Arc<Replica>>,
    pub(crate) keys: Arc<Keyring>,
    pub(crate) ids: Arc<IdSource>,
    pub(crate) numbers: Blocks,
    pub(crate) rotation: Rotation,
    queue: Queue,
    pub(crate) shared: Arc<Shared>,
    closing: watch::Sender<bool>,
    /// Counts changes of who may do what.
    access: watch::Receiver<u64>,
    committers: Mutex<Vec<JoinHandle<()>>>,
    checkpointer: Mutex<Option<Checkpointer>>,
    lock: std::sync::Mutex<Option<File>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let engine = match self.inner.db {
            Backend::Sqlite(_) => "SQLite",
            Backend::Postgres(_) => "PostgreSQL",
        };
        f.debug_tuple("Store").field(&engine).finish()
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is not one of the forms of [`Options::database_url`].
    #[error("the database URL is not usable: {0}")]
    Url(&'static str),
    /// Node numbers have 10 bits, and the last one is kept for administrative commands.
    #[error("the node number is above {MAX_NODE}")]
    Node,
    /// The SQLite file, or the lock beside it, cannot be created.
    #[error("{path}: {kind}", path = .0.display(), kind = .1)]
    File(PathBuf, std::io::ErrorKind),
    /// Others can read the SQLite file or what SQLite keeps with it, and it is another user's.
    #[error("{}: group or others can read it, and only its owner can change that: run `chmod 600` on it, or add \
             \"database\" to allow.readable_by_others", .0.display())]
    Exposed(PathBuf),
    /// Another server serves this SQLite file.
    #[error("{path} is served by another process", path = path.display())]
    AlreadyServed {
        /// The SQLite file.
        path: PathBuf,
    },
    /// No connection. The reason is the engine's own, and quotes no password.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// The keys are not the ones this database was written with, or one of them is missing.
    #[error("the master keys are not the ones this database was written with")]
    WrongMasterKey,
    /// The database was reached and then failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Opens a database for a server. A SQLite file is locked, so that a second server is refused.
    pub async fn open(options: &Options, keys: &MasterKeys) -> Result<Self, OpenError> {
        if options.node > MAX_NODE {
            return Err(OpenError::Node);
        }
        let target = Target::parse(options)?;
        let lock = lock(&target)?;
        let count = if target.file().is_some() { 1 } else { options.committers.max(1) };
        let chains = (0..count).map(|number| chain_name(options.node, number)).collect();
        Self::start(options, keys, target, chains, Chain::Own, lock).await
    }

    /// Opens a database for an administrative command, beside a running server or alone. Its audit chain is
    /// `admin`.
    pub async fn attach(options: &Options, keys: &MasterKeys) -> Result<Self, OpenError> {
        Self::attach_to(options, keys, Target::parse(options)?).await
    }

    /// The same with a database elsewhere.
    pub(crate) async fn attach_to(
        options: &Options,
        keys: &MasterKeys,
        target: Target,
    ) -> Result<Self, OpenError> {
        let options = Options { node: ADMIN_NODE, ..options.clone() };
        Self::start(&options, keys, target, vec![ADMIN_CHAIN.to_owned()], Chain::Shared, None).await
    }

    async fn start(
        options: &Options,
        keys: &MasterKeys,
        target: Target,
        chains: Vec<String>,
        kind: Chain,
        lock: Option<File>,
    ) -> Result<Self, OpenError> {
        target.create_file()?;
        let keys = Arc::new(Keyring::new(keys));
        let mut link = target.connect().await.map_err(|error| unreachable(&error))?;
        let db = target.readers(options.readers.max(1));
        schema::check_keys(&db, &mut link, &keys).await?;
        let ids = Arc::new(IdSource::new(options.node, last_id(&db, &chains).await?));

        let (queue, waiting) = queue::new(options.queue.max(1));
        let (closing, closed) = watch::channel(false);
        if let (Some(hosts), Backend::Postgres(readers)) = (target.hosts(), &db) {
            tokio::spawn(hosts.follow(readers.clone(), closed.clone()));
        }
        let replica = replica(options, &db)?;
        if let (Some(replica), Backend::Postgres(readers)) = (&replica, &db) {
            tokio::spawn(Arc::clone(replica).follow(readers.clone(), closed.clone()));
        }
        let (counted, access) = watch::channel(0);
        if let (Chain::Own, Backend::Postgres(readers)) = (kind, &db) {
            tokio::spawn(access::listen(readers.clone(), counted));
        }
        let log = matches!((kind, &db), (Chain::Own, Backend::Sqlite(_)))
            .then(|| Arc::new(Log::new(options.sqlite_log_pages)));
        let shared = Arc::new(Shared {
            log,
            ids: Arc::clone(&ids),
            target: Arc::new(target),
            keys: Arc::clone(&keys),
            queue: Mutex::new(waiting),
            commit_timeout: options.commit_timeout,
            gate: RwLock::new(()),
            epoch: AtomicU64::new(0),
            told: Told::default(),
        });
        let mut link = Some(link);
        let start = |chain| {
            let committer = Committer::new(Arc::clone(&shared), chain, kind, link.take(), closed.clone());
            tokio::spawn(committer.run())
        };
        let committers = Mutex::new(chains.into_iter().map(start).collect());
        let checkpointer = match (&shared.log, shared.target.writer()) {
            (Some(log), Backend::Sqlite(database)) => Some(Checkpointer::start(database, Arc::clone(log))),
            _ => None,
        };
        let lock = std::sync::Mutex::new(lock);
        let numbers = Blocks::default();
        Ok(Self {
            inner: Arc::new(Inner {
                db,
                replica,
                keys,
                ids,
                numbers,
                rotation: Rotation::new(),
                queue,
                shared,
                closing,
                access,
                committers,
                checkpointer: Mutex::new(checkpointer),
                lock,
            }),
        })
    }

    /// The next id of this node: time-ordered, strictly increasing.
    pub fn next_id(&self, now: Timestamp) -> i64 {
        self.inner.ids.next(now)
    }

    /// Stores a write, durably: when this answers `Ok`, it is committed and flushed.
    ///
    /// A caller that stops waiting does not undo the write. After [`StoreError::Unavailable`] the write may,
    /// rarely, have been stored whole: the connection was lost while it was being committed.
    ///
    /// It is handed over at once, but for a large one, whose rows are made ready on another thread.
    pub fn commit(&self, write: Write) -> impl Future<Output = Result<(), StoreError>> + use<> {
        if write.is_large() {
            return Either::Left(self.clone().commit_large(write).boxed());
        }
        match Prepared::new(write, &self.inner.keys) {
            Ok(prepared) => Either::Right(self.enqueue(prepared)),
            Err(error) => Either::Left(ready(Err(error)).boxed()),
        }
    }

    async fn commit_large(self, write: Write) -> Result<(), StoreError> {
        let inner = Arc::clone(&self.inner);
        let prepared = aside(move || Prepared::new(write, &inner.keys)).await;
        self.enqueue(prepared.unwrap_or(Err(StoreError::Unavailable))?).await
    }

    /// Hands a write over at once, and waits for it.
    pub(crate) fn enqueue(&self, write: Prepared) -> impl Future<Output = Result<(), StoreError>> + use<> {
        let span = trace_span!("commit");
        let pushed = (!write.is_empty()).then(|| {
            let (answer, answered) = oneshot::channel();
            let job = Job { write, answer, span: span.clone() };
            self.inner.queue.push(job).map_err(counted).map(|()| answered)
        });
        let committed = async move {
            match pushed {
                None => Ok(()),
                Some(answered) => answered?.await.unwrap_or(Err(StoreError::Unavailable)),
            }
        };
        committed.instrument(span)
    }

    /// A page of a history: from the replica if it is not too far behind, else from the primary.
    pub(crate) async fn history_page<Row: HistoryRow>(
        &self,
        history: &History,
        query: &history::Query<'_>,
    ) -> Result<(Vec<Row>, i64), StoreError> {
        if let Some(replica) = self.inner.replica.as_ref().and_then(|replica| replica.fresh())
            && let Ok(page) = history::page(replica, history, query).await
        {
            return Ok(page);
        }
        history::page(&self.inner.db, history, query).await
    }

    /// A number that grows when some node has changed a key, an account or a delegation. On SQLite, and for commands beside
    /// a server, it never does.
    pub fn access_changes(&self) -> watch::Receiver<u64> {
        self.inner.access.clone()
    }

    /// Brings the tables up to date.
    pub async fn migrate(&self) -> Result<MigrationReport, MigrationError> {
        let mut link = self.inner.shared.target.connect().await.map_err(|error| report(&error))?;
        let done = schema::migrate(&self.inner.db, &mut link).await?;
        let checked = schema::check_keys(&self.inner.db, &mut link, &self.inner.keys).await;
        checked.map_err(|error| match error {
            OpenError::Store(error) => MigrationError::Store(error),
            _ => MigrationError::WrongMasterKey,
        })?;
        link.close().await.map_err(|error| report(&error))?;
        Ok(done)
    }

    /// What tables the database has.
    pub async fn schema(&self) -> Result<Schema, StoreError> {
        schema::state(&self.inner.db).await
    }

    /// Whether the database answers and has the tables of this version, or of the next.
    pub async fn ready(&self) -> Result<(), StoreError> {
        if self.schema().await?.is_usable() { Ok(()) } else { Err(StoreError::Schema) }
    }

    /// Empties every table but the migrations' and the key checks'. For the sandbox's reset only.
    pub async fn wipe(&self) -> Result<(), StoreError> {
        let shared = &self.inner.shared;
        let _alone = shared.gate.write().await;
        let wiped = async {
            let mut link = shared.target.connect().await?;
            link.begin().await?;
            for text in sql::WIPE {
                link.run(text).await?;
            }
            link.run("COMMIT").await
        };
        let wiped = wiped.await.map_err(|error| report(&error));
        self.inner.ids.reset();
        self.inner.numbers.forget().await;
        // Even if COMMIT's answer was lost: a head read anew is never wrong.
        shared.epoch.fetch_add(1, Ordering::Release);
        wiped
    }

    /// Ends reads, commits what is queued, refuses what comes later, copies SQLite's log back and lets the file
    /// go.
    pub async fn close(&self) {
        // SQLite copies its log back when the last connection closes, which must be one that may write.
        self.inner.db.close().await;
        if let Some(checkpointer) = self.inner.checkpointer.lock().await.take() {
            checkpointer.stop().await;
        }
        self.inner.closing.send_replace(true);
        let committers = std::mem::take(&mut *self.inner.committers.lock().await);
        for committer in committers {
            if let Err(error) = committer.await {
                tracing::error!(%error, "a committer ended abnormally");
            }
        }
        if let Ok(mut lock) = self.inner.lock.lock() {
            lock.take();
        }
    }
}

fn replica(options: &Options, db: &Db) -> Result<Option<Arc<Replica>>, OpenError> {
    match (&options.replica_url, db) {
        (None, _) => Ok(None),
        (Some(_), Backend::Sqlite(_)) => Err(OpenError::Url("a replica is PostgreSQL's")),
        (Some(url), Backend::Postgres(_)) => {
            let Options { readers, acquire_timeout, replica_max_lag, .. } = *options;
            Replica::new(url, readers.max(1), acquire_timeout, replica_max_lag).map(Some)
        }
    }
}

fn chain_name(node: u16, committer: u16) -> String {
    match committer {
        0 => format!("node-{node}"),
        _ => format!("node-{node}.{committer}"),
    }
}

/// `<file>.lock`, held as long as the store is open; the operating system lets go of a dead process's.
pub(crate) fn lock(target: &Target) -> Result<Option<File>, OpenError> {
    let Some(path) = target.file() else { return Ok(None) };
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let beside = PathBuf::from(name);
    let refused = |error: std::io::Error| OpenError::File(beside.clone(), error.kind());
    let file = File::create(&beside).map_err(refused)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(OpenError::AlreadyServed { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(refused(error)),
    }
}

/// The time of the last id when any of these writers' chains was written to: ids continue after it, wherever the clock is now.
async fn last_id(db: &Db, chains: &[String]) -> Result<Option<Timestamp>, OpenError> {
    let mut last = None;
    if !schema::state(db).await?.is_usable() {
        return Ok(last);
    }
    let rights = chains.iter().map(|chain| rights_chain(chain));
    for chain in chains.iter().cloned().chain(rights) {
        let found: Result<Option<i64>, _> = on_backend!(db, pool => {
            sqlx::query_scalar(sql::LAST_ID_TIME).bind(chain).fetch_optional(pool).await
        });
        if let Some(at_ms) = found.map_err(|error| report(&error))? {
            last = last.max(Some(moment(at_ms, "audit_chain.at_ms")?));
        }
    }
    Ok(last)
}

fn unreachable(error: &sqlx::Error) -> OpenError {
    OpenError::Unreachable(match error {
        sqlx::Error::Configuration(_) => "the URL is not complete".to_owned(),
        other => other.to_string(),
    })
}
