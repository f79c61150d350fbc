//! SQLite's groups of verifications, over a connection and on a thread of their own: a statement for each row, which
//! stays prepared and whose few values stay in the processor's cache, and one turn of threads for a whole transaction.
//! sqlx takes a turn for each statement (docs/performance.md).
//!
//! It commits a group or does not; why not is of no interest here: whoever is not told that a group is stored commits
//! it in the ordinary way, and hears the reason there.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use rims_protocol::values::Plate;
use rusqlite::{Connection, Statement, params};
use tokio::sync::oneshot;

use super::sqlite;
use crate::audit::Head;
use crate::db::SqliteFile;
use crate::grace::Sightings;
use crate::prepared::Prepared;
use crate::row::{AuditRow, VerificationRow};
use crate::sql;

/// What is committed together.
pub(crate) struct Group {
    /// Verifications alone, but for what they tell about vehicles.
    pub(crate) writes: Arc<Vec<Prepared>>,
    pub(crate) chain: Arc<str>,
    /// Their sheet.
    pub(crate) sheet: AuditRow,
    /// The master key's version under whose derived key the sheet is hashed.
    pub(crate) key_version: i32,
    /// Where the chain's head is, and where it goes: to the sheet.
    pub(crate) heads: (Head, Head),
    /// The time of the node's last id.
    pub(crate) last_id_ms: i64,
}

/// Who wants to know that a group is stored.
type Job = (Group, oneshot::Sender<()>);

/// The thread, until it is closed or dropped.
pub(crate) struct VerificationThread {
    jobs: Sender<Job>,
    thread: JoinHandle<()>,
}

impl VerificationThread {
    /// Connects with the first group.
    pub(crate) fn start(file: SqliteFile) -> io::Result<Self> {
        let (jobs, waiting) = channel();
        let work = move || run(&file, &waiting);
        let thread = thread::Builder::new().name("verifications".to_owned()).spawn(work)?;
        Ok(Self { jobs, thread })
    }

    /// Whether the group is stored. If not, it may be, where the commit's own answer was lost.
    pub(crate) async fn commit(&self, group: Group) -> bool {
        let (stored, told) = oneshot::channel();
        self.jobs.send((group, stored)).is_ok() && told.await.is_ok()
    }

    /// Whether it has crashed.
    pub(crate) fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Ends it and its connection.
    pub(crate) async fn close(self) {
        let Self { jobs, thread } = self;
        drop(jobs);
        // One that has crashed has ended, too.
        tokio::task::spawn_blocking(|| thread.join()).await.ok();
    }
}

/// Why a group is not stored.
#[derive(Debug)]
enum Undone {
    Refused(rusqlite::Error),
    /// The chain's head is not where the sheet follows.
    HeadElsewhere,
    /// Nobody waits for it any more.
    GivenUp,
}

impl From<rusqlite::Error> for Undone {
    fn from(error: rusqlite::Error) -> Self {
        Self::Refused(error)
    }
}

impl fmt::Display for Undone {
    /// Codes and names only: an engine's message may quote values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => match error.sqlite_error_code() {
                Some(code) => write!(f, "database error {code:?}"),
                None => f.write_str("an error before the database"),
            },
            Self::HeadElsewhere => f.write_str("the chain's head is elsewhere"),
            Self::GivenUp => f.write_str("it took too long"),
        }
    }
}

fn run(file: &SqliteFile, jobs: &Receiver<Job>) {
    let mut next = jobs.recv().ok();
    while next.is_some() {
        if let Err(undone) = serve(file, &mut next, jobs) {
            tracing::debug!(%undone, "a group goes the ordinary way");
            // Only now, without the connection's lock, does its committer hear of it.
            drop(next.take());
            next = jobs.recv().ok();
        }
    }
}

/// Commits groups over one connection until one fails, with which the connection ends and what it has begun is undone.
fn serve(file: &SqliteFile, next: &mut Option<Job>, jobs: &Receiver<Job>) -> Result<(), Undone> {
    let connection = file.connect()?;
    let mut statements = Statements::prepare(&connection)?;
    while let Some((group, stored)) = next {
        statements.commit(group, stored)?;
        if let Some((_, stored)) = next.take() {
            // The committer may have stopped waiting.
            stored.send(()).ok();
        }
        *next = jobs.recv().ok();
    }
    Ok(())
}

/// What a transaction consists of.
struct Statements<'c> {
    begin: Statement<'c>,
    move_head: Statement<'c>,
    audit: Statement<'c>,
    end_grace: Statement<'c>,
    start_grace: Statement<'c>,
    verification: Statement<'c>,
    commit: Statement<'c>,
}

impl<'c> Statements<'c> {
    fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            begin: connection.prepare("BEGIN IMMEDIATE")?,
            move_head: connection.prepare(sql::SQLITE_MOVE_HEAD)?,
            audit: connection.prepare(&sqlite::AUDIT.one_row())?,
            end_grace: connection.prepare(&sqlite::END_GRACE.one_row())?,
            start_grace: connection.prepare(&sqlite::START_GRACE.one_row())?,
            verification: connection.prepare(&sqlite::VERIFICATIONS.one_row())?,
            commit: connection.prepare("COMMIT")?,
        })
    }

    fn commit(&mut self, group: &Group, stored: &oneshot::Sender<()>) -> Result<(), Undone> {
        self.begin.execute([])?;
        self.append(group)?;
        let sightings = Sightings::gather(group.writes.iter().flat_map(|write| &write.sightings));
        for key in &sightings.ended {
            self.end_grace.execute(params![key.company, key.environment, key.plate_key.as_str()])?;
        }
        for (key, at_ms) in &sightings.started {
            self.start_grace.execute(params![key.company, key.environment, key.plate_key.as_str(), at_ms])?;
        }
        for row in group.writes.iter().flat_map(|write| &write.verifications) {
            self.insert(row)?;
        }
        if stored.is_closed() {
            return Err(Undone::GivenUp);
        }
        self.commit.execute([])?;
        Ok(())
    }

    /// Adds the sheet and moves the chain's head to it.
    fn append(&mut self, group: &Group) -> Result<(), Undone> {
        let Group { chain, sheet, key_version, heads: (head, new), last_id_ms, .. } = group;
        let (head_hash, hash) = (&head.hash[..], &new.hash[..]);
        let moved = self.move_head.execute(params![chain, head.seq, head_hash, new.seq, last_id_ms, hash])?;
        if moved == 0 {
            return Err(Undone::HeadElsewhere);
        }
        let subject_hash = sheet.subject_hash.as_ref().map(|hash| &hash[..]);
        self.audit.execute(params![
            chain,
            new.seq,
            sheet.at_ms,
            key_version,
            sheet.actor_kind,
            sheet.actor,
            sheet.actor_name.as_deref(),
            sheet.address.as_ref().map(|address| &address[..]),
            sheet.environment,
            sheet.action.name(),
            sheet.company,
            subject_hash,
            sheet.reference,
            sheet.outcome,
            sheet.sheet,
            hash,
        ])?;
        Ok(())
    }

    fn insert(&mut self, row: &VerificationRow) -> rusqlite::Result<()> {
        self.verification.execute(params![
            row.id,
            row.at_ms,
            row.company,
            row.caller,
            row.environment,
            row.sector,
            row.channel,
            row.class,
            row.from_date,
            row.to_date,
            row.plate.as_ref().map(Plate::as_str),
            row.api_type,
            row.code,
            row.temporary,
            row.identity,
            &row.licence_hash[..],
            row.subject,
        ])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rims_domain::Requester;

    use super::*;
    use crate::keys::Keyring;
    use crate::row::{GraceKey, SightingRow};
    use crate::{MasterKeys, Options, Store};

    fn row(id: i64) -> VerificationRow {
        VerificationRow {
            id,
            at_ms: 1,
            company: 2,
            caller: 3,
            requester: Requester::System,
            address: None,
            environment: 1,
            sector: 1,
            channel: 1,
            class: 12,
            from_date: 20_260_302,
            to_date: 20_260_303,
            plate: Some(Plate::parse("12가3456").unwrap()),
            api_type: None,
            code: 0,
            temporary: false,
            identity: Some(1),
            licence_hash: [7; 16],
            subject: vec![9; 90],
        }
    }

    fn seen(plate: &str, at_ms: i64, matched: bool) -> SightingRow {
        SightingRow {
            key: GraceKey { company: 2, environment: 1, plate_key: Plate::parse(plate).unwrap().key() },
            at_ms,
            matched,
        }
    }

    fn write(ids: &[i64], sightings: Vec<SightingRow>) -> Prepared {
        Prepared { verifications: ids.iter().copied().map(row).collect(), sightings, ..Prepared::default() }
    }

    /// The group that follows a head, and where it moves it.
    fn group(head: Head, writes: Vec<Prepared>) -> (Group, Head) {
        let sheet = crate::audit::sheet::row(&writes[0].verifications.iter().collect::<Vec<_>>()).unwrap();
        let keys = Keyring::new(&MasterKeys::generate(&mut |bytes: &mut [u8]| bytes.fill(3)));
        let new = head.follow(&keys, "node-0", &sheet).head();
        let chain = Arc::from("node-0");
        let group = Group {
            writes: Arc::new(writes),
            chain,
            sheet,
            key_version: 1,
            heads: (head, new),
            last_id_ms: 1,
        };
        (group, new)
    }

    struct Tables {
        connection: Connection,
    }

    impl Tables {
        fn numbers(&self, text: &str) -> Vec<i64> {
            let mut statement = self.connection.prepare(text).unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        }
    }

    /// A database whose chain has begun, with its file.
    async fn database() -> (tempfile::TempDir, SqliteFile, Tables) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rims.db");
        let options = Options::new(format!("sqlite://{}", path.display()));
        let keys = MasterKeys::generate(&mut |bytes: &mut [u8]| bytes.fill(3));
        let store = Store::open(&options, &keys).await.unwrap();
        store.migrate().await.unwrap();
        store.close().await;
        let file = crate::db::Target::parse(&options).unwrap().sqlite_file().unwrap();
        let connection = file.connect().unwrap();
        let begin = "INSERT INTO audit_chain (chain, seq, at_ms, hash, base_seq, base_hash) VALUES ('node-0', ?1, 0, ?2, 0, ?2)";
        connection.execute(begin, params![Head::START.seq, &Head::START.hash[..]]).unwrap();
        (folder, file, Tables { connection })
    }

    #[tokio::test]
    async fn a_group_is_stored_whole_or_not_at_all() {
        let (_folder, file, tables) = database().await;
        let thread = VerificationThread::start(file).unwrap();
        let (first, head) = group(Head::START, vec![write(&[1, 2], Vec::new()), write(&[3], Vec::new())]);
        assert!(thread.commit(first).await);
        let (follows_another_head, _) = group(Head::START, vec![write(&[4], Vec::new())]);
        assert!(!thread.commit(follows_another_head).await);
        let (with_a_known_id, _) = group(head, vec![write(&[5, 3], Vec::new())]);
        assert!(!thread.commit(with_a_known_id).await);
        assert_eq!(tables.numbers("SELECT id FROM verification ORDER BY id"), [1, 2, 3]);
        assert_eq!(tables.numbers("SELECT seq FROM audit"), [1]);
        assert_eq!(tables.numbers("SELECT seq FROM audit_chain"), [1]);

        let (next, _) = group(head, vec![write(&[6], Vec::new())]);
        assert!(thread.commit(next).await, "a failure ends its connection only");
        assert_eq!(tables.numbers("SELECT seq FROM audit ORDER BY seq"), [1, 2]);
        thread.close().await;
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_not_stored() {
        let (_folder, file, tables) = database().await;
        let thread = VerificationThread::start(file).unwrap();
        tables.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let (given_up, _) = group(Head::START, vec![write(&[1], Vec::new())]);
        let waited = tokio::time::timeout(Duration::from_millis(20), thread.commit(given_up)).await;
        assert!(waited.is_err(), "somebody else holds the lock");
        tables.connection.execute_batch("COMMIT").unwrap();
        let (next, _) = group(Head::START, vec![write(&[2], Vec::new())]);
        assert!(thread.commit(next).await);
        assert_eq!(tables.numbers("SELECT id FROM verification"), [2]);
        assert!(!thread.has_ended());
    }

    #[tokio::test]
    async fn its_commits_are_flushed_its_log_copied_back_and_its_cache_small() {
        let (_folder, _file, tables) = database().await;
        let settings = ["synchronous", "wal_autocheckpoint", "cache_size"]
            .map(|name| tables.numbers(&format!("PRAGMA {name}")));
        assert_eq!(settings, [[2], [4_000], [-4_096]], "FULL, the option's default, and 4 MiB");
        let mode: String = tables.connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
    }

    #[tokio::test]
    async fn graces_end_before_they_start() {
        let (_folder, file, tables) = database().await;
        let thread = VerificationThread::start(file).unwrap();
        let sightings = vec![seen("stays", 10, false), seen("ends", 10, false), seen("restarts", 10, false)];
        let (first, head) = group(Head::START, vec![write(&[1], sightings)]);
        assert!(thread.commit(first).await);
        let sightings = vec![
            seen("stays", 20, false),
            seen("ends", 20, true),
            seen("restarts", 20, true),
            seen("restarts", 30, false),
        ];
        let (second, _) = group(head, vec![write(&[2], sightings)]);
        assert!(thread.commit(second).await);
        assert_eq!(tables.numbers("SELECT started_ms FROM vehicle_grace ORDER BY plate_key"), [30, 10]);
    }
}
