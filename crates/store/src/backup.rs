//! Copies of a SQLite database: taken while it is served, checked, and put back. PostgreSQL has its own tools
//! (docs/operations.md, Backups).

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use jiff::Timestamp;
use rims_domain::calendar::in_seoul;
use rims_domain::{AccountId, AuditAction, Environment};
use rims_protocol::Sector;
use rims_protocol::values::UserId;

use crate::audit::{AuditBreak, AuditReport};
use crate::codec::Code as _;
use crate::db::{Backend, Link, Target};
use crate::error::report;
use crate::keys::{MasterKeys, create_private, sync_folder};
use crate::schema::{MigrationError, Schema};
use crate::sql::statements;
use crate::store::lock;
use crate::write::{NewAudit, Subject, Write};
use crate::{OpenError, Options, Store, StoreError};

/// How many numbers of each letter are left out by a restored database: those given since the backup are in nobody's
/// records, and must not be given again.
const SKIPPED_NUMBERS: i64 = 1_000_000;
/// How often progress is told.
const TICK: Duration = Duration::from_millis(200);
/// What SQLite keeps beside a database.
const LOGS: [&str; 2] = ["-wal", "-shm"];

statements! { SQLITE:
    COPY = "VACUUM INTO $1";
    SIZE = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    CHECK = "SELECT quick_check FROM pragma_quick_check LIMIT 1";
    SKIP_KNOWN = "UPDATE number_counter SET next = next + $1";
    SKIP_NEW = "
        INSERT INTO number_counter (sector, year, next) VALUES ($1, $2, $3)
        ON CONFLICT (sector, year) DO NOTHING";
    USABLE_KEYS = "
        SELECT c.id, c.account_id, a.user_id FROM credential c JOIN account a ON a.id = c.account_id
        WHERE c.environment = $1 AND c.approved AND c.revoked_ms IS NULL ORDER BY c.id";
    SUSPEND_KEYS = "
        UPDATE credential SET approved = FALSE WHERE environment = $1 AND approved AND revoked_ms IS NULL";
    FORGET_TOKENS = "DELETE FROM token";
}

/// Why a database was not copied or not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database is PostgreSQL.
    #[error("this is for SQLite; PostgreSQL has pg_basebackup (docs/operations.md, Backups)")]
    NotSqlite,
    /// The file that would be written is there.
    #[error("{path} is there already", path = .0.display())]
    Exists(PathBuf),
    /// A file cannot be read or written.
    #[error("{path}: {kind}", path = .0.display(), kind = .1)]
    File(PathBuf, ErrorKind),
    /// The file is no whole SQLite database.
    #[error("{path} is damaged, or no SQLite database", path = .0.display())]
    Damaged(PathBuf),
    /// It is a database, but none of RIMS.
    #[error("{path} has no tables of RIMS", path = .0.display())]
    Foreign(PathBuf),
    /// A later version made it.
    #[error("the backup has migration {0}, which this version does not know: use the newer `rims`")]
    Newer(i64),
    /// The audit trail was changed.
    #[error("the backup's audit trail is broken: chain {chain}, {at}")]
    Broken {
        /// The chain.
        chain: String,
        /// Where.
        at: AuditBreak,
    },
    /// The copy cannot be opened with these keys.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The copy's tables cannot be brought up to date.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Bytes written, and about how many there will be.
    Bytes(u64, u64),
    /// Rows of the audit trail that were checked.
    AuditRows(u64),
}

/// What to put back, and where.
#[derive(Clone, Copy, Debug)]
pub struct Restore<'a> {
    /// The backup; it is only read.
    pub from: &'a Path,
    /// Whether a database that is there is moved aside.
    pub replace: bool,
    /// Whether operations keys that the backup has as usable are usable at once. Which of them were revoked since is
    /// in no backup: without it each of them waits for its approval again, and every token has ended.
    pub trust_keys: bool,
    /// When it happens, in this year's numbers and in the audit trail.
    pub at: Timestamp,
}

/// What was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The backup's audit trail, which is whole.
    pub audit: AuditReport,
    /// The migrations that the copy still needed.
    pub migrated: usize,
    /// How many operations keys wait for their approval again.
    pub suspended_keys: usize,
    /// Where the database is that was there before.
    pub aside: Option<PathBuf>,
}

impl Store {
    /// Copies a SQLite database, as it is at one moment, into a new file that its owner alone may read; whoever reads
    /// or writes it goes on meanwhile. Gives the size in bytes. The copy was checked and is whole under its name, or is
    /// not there.
    pub async fn backup(
        &self,
        to: &Path,
        event: NewAudit,
        progress: impl Fn(Progress) + Send,
    ) -> Result<u64, BackupError> {
        let target = &self.inner.shared.target;
        if target.file().is_none() {
            return Err(BackupError::NotSqlite);
        }
        refuse_existing(to)?;
        // Before an upgrade there may be no place for it.
        if self.schema().await?.is_usable() {
            self.commit(Write::Audit(vec![event])).await?;
        }
        let part = beside(to, ".part");
        remove(&part)?;
        create_private(&part).map_err(|error| failed(&part, &error))?;
        let copied = copy(target, &part, progress).await;
        let named = copied.and_then(|size| rename(&part, to).map(|()| size));
        if named.is_err() {
            remove(&part)?;
        }
        named
    }

    /// Puts a backup in the place of the configured SQLite database, which nobody may be serving. First a copy is
    /// checked as a whole: its pages, that these keys open it, its tables (older ones are brought up to date), its audit
    /// trail. Until then nothing that is there is touched.
    pub async fn restore(
        options: &Options,
        keys: &MasterKeys,
        restore: Restore<'_>,
        event: NewAudit,
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<Restored, BackupError> {
        let target = Target::parse(options)?;
        let file = target.file().ok_or(BackupError::NotSqlite)?.to_owned();
        let _alone = lock(&target)?;
        let aside = aside(&file, restore.replace)?;
        let part = beside(&file, ".restoring");
        remove_database(&part)?;
        let prepared = prepared(options, keys, (restore, &part), event, progress).await;
        if prepared.is_err() {
            remove_database(&part)?;
        }
        let Prepared { audit, migrated, suspended_keys } = prepared?;
        if let Some(aside) = &aside {
            move_database(&file, aside)?;
        }
        rename(&part, &file)?;
        Ok(Restored { audit, migrated, suspended_keys, aside })
    }
}

async fn copy(target: &Target, part: &Path, progress: impl Fn(Progress)) -> Result<u64, BackupError> {
    let refused = |error: sqlx::Error| BackupError::Store(report(&error));
    let Backend::Sqlite(mut link) = target.connect().await.map_err(refused)? else {
        return Err(BackupError::NotSqlite);
    };
    let path = part.to_str().ok_or_else(|| BackupError::File(part.to_owned(), ErrorKind::InvalidFilename))?;
    let total: i64 = sqlx::query_scalar(SIZE).fetch_one(&mut link).await.map_err(refused)?;
    let mut written = pin!(sqlx::query(COPY).bind(path).execute(&mut link));
    let mut ticks = tokio::time::interval(TICK);
    let done = loop {
        tokio::select! {
            done = &mut written => break done,
            _ = ticks.tick() => progress(Progress::Bytes(size(part), total.cast_unsigned())),
        }
    };
    done.map_err(refused)?;
    check_pages(&Target::at(part), part).await?;
    File::open(part).and_then(|file| file.sync_all()).map_err(|error| failed(part, &error))?;
    Ok(size(part))
}

/// Where a database that is there goes.
fn aside(file: &Path, replace: bool) -> Result<Option<PathBuf>, BackupError> {
    // A log without its database would be read into whatever takes the database's name.
    if !exists(file) && !exists(&beside(file, "-wal")) {
        return Ok(None);
    }
    if !replace {
        return Err(BackupError::Exists(file.to_owned()));
    }
    let aside = beside(file, ".before-restore");
    refuse_existing(&aside)?;
    Ok(Some(aside))
}

/// What was found and done while a copy was made fit to be served.
struct Prepared {
    audit: AuditReport,
    migrated: usize,
    suspended_keys: usize,
}

/// Makes a copy that is fit to be served.
async fn prepared(
    options: &Options,
    keys: &MasterKeys,
    (restore, part): (Restore<'_>, &Path),
    event: NewAudit,
    progress: impl Fn(Progress) + Send + Sync,
) -> Result<Prepared, BackupError> {
    copy_files(restore.from, part)?;
    let done = checked(options, keys, (restore, part), event, progress).await?;
    // What is still in the log would stay behind. It is empty and gone unless the disk is full.
    let log = beside(part, "-wal");
    if exists(&log) { Err(BackupError::File(log, ErrorKind::StorageFull)) } else { Ok(done) }
}

async fn checked(
    options: &Options,
    keys: &MasterKeys,
    (restore, part): (Restore<'_>, &Path),
    event: NewAudit,
    progress: impl Fn(Progress) + Send + Sync,
) -> Result<Prepared, BackupError> {
    check_pages(&Target::at(part), restore.from).await?;
    let store = Store::attach_to(options, keys, Target::at(part)).await?;
    let done = async {
        match store.schema().await? {
            Schema::Missing => return Err(BackupError::Foreign(restore.from.to_owned())),
            Schema::Next { version } | Schema::Unknown { version } => {
                return Err(BackupError::Newer(version));
            }
            Schema::Behind { .. } | Schema::Current { .. } => {}
        }
        let migrated = store.migrate().await?.applied.len();
        let audit = store.verify_audit_telling(&[], |rows| progress(Progress::AuditRows(rows))).await?;
        if let Some((chain, at)) = audit.first_break() {
            return Err(BackupError::Broken { chain: chain.to_owned(), at });
        }
        store.skip_numbers(restore.at).await?;
        let mut events = if restore.trust_keys { Vec::new() } else { store.suspend_keys(&event).await? };
        let suspended_keys = events.len();
        events.insert(0, event);
        store.commit(Write::Audit(events)).await?;
        Ok(Prepared { audit, migrated, suspended_keys })
    }
    .await;
    store.close().await;
    done
}

async fn check_pages(target: &Target, shown: &Path) -> Result<(), BackupError> {
    let damaged = || BackupError::Damaged(shown.to_owned());
    let Ok(Backend::Sqlite(mut link)) = target.connect().await else { return Err(damaged()) };
    let found: Result<String, _> = sqlx::query_scalar(CHECK).fetch_one(&mut link).await;
    let closed = Link::Sqlite(link).close().await;
    if found.is_ok_and(|found| found == "ok") && closed.is_ok() { Ok(()) } else { Err(damaged()) }
}

impl Store {
    /// Takes the approval of every operations key back and ends all tokens; returns an event for each key, made of the
    /// restore's own. Only on a copy that nobody serves.
    async fn suspend_keys(&self, restored: &NewAudit) -> Result<Vec<NewAudit>, StoreError> {
        let operations = Environment::Operations.encode();
        let suspend = async {
            let Backend::Sqlite(mut link) = self.inner.shared.target.connect().await? else {
                return Ok(Vec::new());
            };
            let keys: Vec<(i64, i64, String)> =
                sqlx::query_as(USABLE_KEYS).bind(operations).fetch_all(&mut link).await?;
            sqlx::query(SUSPEND_KEYS).bind(operations).execute(&mut link).await?;
            sqlx::query(FORGET_TOKENS).execute(&mut link).await?;
            Link::Sqlite(link).close().await.map(|()| keys)
        };
        let keys = suspend.await.map_err(|error: sqlx::Error| report(&error))?;
        let event = |(id, account, user_id): (i64, i64, String)| {
            let user_id = UserId::parse(&user_id).map_err(|_| StoreError::Corrupt("account.user_id"))?;
            Ok(NewAudit {
                action: AuditAction::KeySuspend,
                company: Some(AccountId(account)),
                subject: Subject::User(user_id),
                reference: id,
                ..restored.clone()
            })
        };
        keys.into_iter().map(event).collect()
    }

    async fn skip_numbers(&self, at: Timestamp) -> Result<(), StoreError> {
        let year = in_seoul(at).year().rem_euclid(100);
        let skip = async {
            let Backend::Sqlite(mut link) = self.inner.shared.target.connect().await? else { return Ok(()) };
            sqlx::query(SKIP_KNOWN).bind(SKIPPED_NUMBERS).execute(&mut link).await?;
            for sector in Sector::ALL {
                let first = sqlx::query(SKIP_NEW).bind(sector.encode()).bind(year).bind(SKIPPED_NUMBERS + 1);
                first.execute(&mut link).await?;
            }
            Link::Sqlite(link).close().await
        };
        skip.await.map_err(|error| report(&error))
    }
}

/// Copies a backup, with the log that may lie beside it if it was copied after a crash.
fn copy_files(from: &Path, to: &Path) -> Result<(), BackupError> {
    for suffix in ["", "-wal"] {
        let (from, to) = (beside(from, suffix), beside(to, suffix));
        if !suffix.is_empty() && !exists(&from) {
            continue;
        }
        let mut source = File::open(&from).map_err(|error| failed(&from, &error))?;
        let mut copy = create_private(&to).map_err(|error| failed(&to, &error))?;
        io::copy(&mut source, &mut copy).map_err(|error| failed(&to, &error))?;
        copy.sync_all().map_err(|error| failed(&to, &error))?;
    }
    Ok(())
}

/// A database and its logs under another name.
fn move_database(from: &Path, to: &Path) -> Result<(), BackupError> {
    for suffix in [""].into_iter().chain(LOGS) {
        let (from, to) = (beside(from, suffix), beside(to, suffix));
        if exists(&from) {
            rename(&from, &to)?;
        }
    }
    Ok(())
}

fn remove_database(path: &Path) -> Result<(), BackupError> {
    [""].into_iter().chain(LOGS).try_for_each(|suffix| remove(&beside(path, suffix)))
}

fn remove(path: &Path) -> Result<(), BackupError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(path, &error)),
        _ => Ok(()),
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), BackupError> {
    fs::rename(from, to).and_then(|()| sync_folder(to)).map_err(|error| failed(to, &error))
}

fn refuse_existing(path: &Path) -> Result<(), BackupError> {
    if exists(path) { Err(BackupError::Exists(path.to_owned())) } else { Ok(()) }
}

/// A dangling link is something, too.
fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn size(path: &Path) -> u64 {
    path.metadata().map_or(0, |found| found.len())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn failed(path: &Path, error: &io::Error) -> BackupError {
    BackupError::File(path.to_owned(), error.kind())
}
