//! Copies of a SQLite database: taken beside whoever writes it, and put back only if they are whole.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rims_domain::{AccountId, AuditAction, Environment};
use rims_protocol::Sector;
use rims_store::{
    AuditBreak, BackupError, MasterKeys, OpenError, Options, Progress, Restore, Restored, Store, Subject,
    Write,
};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tempfile::TempDir;

use crate::fixture::{Fixture, audit, keys, now, store_verifications, verification};

/// A database with some verifications, and its backup.
struct Scene {
    fixture: Fixture,
    folder: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let scene = Self { fixture: Fixture::sqlite(), folder: tempfile::tempdir().unwrap() };
        let store = scene.fixture.store().await;
        store_verifications(&store, (0..50).map(|_| verification(&store, now(), "221212121212")).collect())
            .await;
        store.backup(&scene.backup(), audit(AuditAction::Backup, Subject::None), |_| ()).await.unwrap();
        store.close().await;
        scene
    }

    fn backup(&self) -> PathBuf {
        self.folder.path().join("backup.db")
    }

    /// Another place, with nothing in it.
    fn place(&self) -> PathBuf {
        self.folder.path().join("restored.db")
    }

    fn options(&self) -> Options {
        Options::new(format!("sqlite://{}", self.place().display()))
    }

    async fn restore_with(&self, keys: &MasterKeys, replace: bool) -> Result<Restored, BackupError> {
        let restore = Restore { from: &self.backup(), replace, trust_keys: false, at: now() };
        Store::restore(&self.options(), keys, restore, audit(AuditAction::Restore, Subject::None), |_| ())
            .await
    }

    async fn restore(&self) -> Result<Restored, BackupError> {
        self.restore_with(&self.fixture.keys, false).await
    }

    /// It is refused, and nothing is left of it.
    async fn refused(&self) -> BackupError {
        let error = self.restore().await.unwrap_err();
        assert_eq!(self.files(), ["restored.db.lock"]);
        error
    }

    /// What lies beside the backup.
    fn files(&self) -> Vec<String> {
        let names = fs::read_dir(&self.folder).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| !name.starts_with("backup.db")).collect();
        names.sort();
        names
    }
}

async fn execute(file: &Path, text: &str) {
    let url = format!("sqlite://{}", file.display());
    let mut link = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(&mut link).await.unwrap();
    link.close().await.unwrap();
}

async fn verifications(store: &Store) -> usize {
    store.verifications_of(AccountId(1), Environment::Development, 100_000).await.unwrap().len()
}

#[tokio::test]
async fn what_was_backed_up_comes_back() {
    let scene = Scene::new().await;
    assert_eq!(fs::metadata(scene.backup()).unwrap().permissions().mode() & 0o777, 0o600);
    let restored = scene.restore().await.unwrap();
    assert!(restored.audit.is_intact() && restored.aside.is_none() && restored.migrated == 0);
    assert_eq!(scene.files(), ["restored.db", "restored.db.lock"]);
    assert_eq!(fs::metadata(scene.place()).unwrap().permissions().mode() & 0o777, 0o600);
    let store = Store::open(&scene.options(), &scene.fixture.keys).await.unwrap();
    assert_eq!(verifications(&store).await, 50);
    let admin = store.audit_entries("admin", 1, 10).await.unwrap();
    assert_eq!(admin.last().unwrap().action, "restore");
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_under_load_has_what_was_committed_before_it() {
    let scene = Scene::new().await;
    let store = scene.fixture.store().await;
    let (stopped, committed) = (AtomicBool::new(false), AtomicU64::new(50));
    let load = async {
        while !stopped.load(Ordering::Relaxed) {
            store_verifications(&store, vec![verification(&store, now(), "221212121212")]).await;
            committed.fetch_add(1, Ordering::Relaxed);
        }
    };
    let copies = async {
        for number in 0..5 {
            let to = scene.folder.path().join(format!("backup.db-{number}"));
            let before = committed.load(Ordering::Relaxed);
            store.backup(&to, audit(AuditAction::Backup, Subject::None), |_| ()).await.unwrap();
            let after = committed.load(Ordering::Relaxed) + 1;
            let options = Options::new(format!("sqlite://{}", to.display()));
            let copy = Store::open(&options, &scene.fixture.keys).await.unwrap();
            let found = verifications(&copy).await as u64;
            assert!((before..=after).contains(&found), "{before} <= {found} <= {after}");
            assert!(copy.verify_audit().await.unwrap().is_intact());
            copy.close().await;
        }
        stopped.store(true, Ordering::Relaxed);
    };
    tokio::join!(load, copies);
    store.close().await;
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let scene = Scene::new().await;
    let whole = fs::read(scene.backup()).unwrap();
    let cut = whole[..whole.len() - 4096].to_vec();
    let mut overwritten = whole.clone();
    let middle = overwritten.len() / 2 / 4096 * 4096;
    overwritten[middle..middle + 4096].fill(0x55);
    for damaged in [Vec::new(), b"no database".to_vec(), cut, overwritten] {
        fs::write(scene.backup(), &damaged).unwrap();
        let error = scene.refused().await;
        let is_told = matches!(error, BackupError::Damaged(_) | BackupError::Foreign(_));
        assert!(is_told, "{} bytes: {error:?}", damaged.len());
    }
    fs::remove_file(scene.backup()).unwrap();
    assert!(matches!(scene.refused().await, BackupError::File(path, _) if path == scene.backup()));
}

#[tokio::test]
async fn a_changed_audit_trail_is_refused() {
    let scene = Scene::new().await;
    execute(&scene.backup(), "UPDATE audit SET outcome = 'else' WHERE chain = 'node-0' AND seq = 1").await;
    let error = scene.refused().await;
    let BackupError::Broken { chain, at } = &error else { panic!("{error:?}") };
    assert_eq!((chain.as_str(), *at), ("node-0", AuditBreak::Changed(1)));
    assert!(error.to_string().ends_with("chain node-0, row 1 was changed"), "{error}");
}

#[tokio::test]
async fn other_keys_and_other_versions_are_refused() {
    let scene = Scene::new().await;
    let other = scene.restore_with(&keys(9), false).await;
    assert!(matches!(other, Err(BackupError::Open(OpenError::WrongMasterKey))), "{other:?}");
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'later', 1, x'00', 0)";
    execute(&scene.backup(), newer).await;
    assert!(matches!(scene.refused().await, BackupError::Newer(9999)));
    fs::write(scene.backup(), "").unwrap();
    execute(&scene.backup(), "CREATE TABLE x (y)").await;
    assert!(matches!(scene.refused().await, BackupError::Foreign(_)));
}

#[tokio::test]
async fn nothing_is_overwritten() {
    let scene = Scene::new().await;
    let store = scene.fixture.store().await;
    let again = store.backup(&scene.backup(), audit(AuditAction::Backup, Subject::None), |_| ()).await;
    assert!(matches!(again, Err(BackupError::Exists(path)) if path == scene.backup()));
    store.close().await;

    scene.restore().await.unwrap();
    let twice = scene.restore().await;
    assert!(matches!(twice, Err(BackupError::Exists(path)) if path == scene.place()));
    execute(&scene.place(), "UPDATE number_counter SET next = 7").await;
    let replaced = scene.restore_with(&scene.fixture.keys, true).await.unwrap();
    let aside = replaced.aside.unwrap();
    assert_eq!(aside, scene.folder.path().join("restored.db.before-restore"));
    let old = Store::open(&Options::new(format!("sqlite://{}", aside.display())), &scene.fixture.keys).await;
    let old = old.unwrap();
    assert_eq!(verifications(&old).await, 50);
    old.close().await;
    let third = scene.restore_with(&scene.fixture.keys, true).await;
    assert!(matches!(third, Err(BackupError::Exists(path)) if path == aside), "the first one is kept");
}

/// A log without its database would be read into the restored one.
#[tokio::test]
async fn a_log_that_was_left_behind_is_no_empty_place() {
    let scene = Scene::new().await;
    let log = scene.folder.path().join("restored.db-wal");
    fs::write(&log, b"left behind").unwrap();
    assert!(matches!(scene.restore().await, Err(BackupError::Exists(_))));
    scene.restore_with(&scene.fixture.keys, true).await.unwrap();
    assert!(!log.exists());
    assert_eq!(fs::read(scene.folder.path().join("restored.db.before-restore-wal")).unwrap(), b"left behind");
}

#[tokio::test]
async fn a_served_database_is_left_alone() {
    let scene = Scene::new().await;
    scene.restore().await.unwrap();
    let store = Store::open(&scene.options(), &scene.fixture.keys).await.unwrap();
    let served = scene.restore_with(&scene.fixture.keys, true).await;
    assert!(matches!(served, Err(BackupError::Open(OpenError::AlreadyServed { .. }))), "{served:?}");
    store.close().await;
}

#[tokio::test]
async fn numbers_given_since_the_backup_are_not_given_again() {
    let scene = Scene::new().await;
    let before = scene.fixture.store().await;
    // The backup knows of no number at all.
    let given = before.next_number(Sector::Rental, 26).await.unwrap();
    before.close().await;
    scene.restore().await.unwrap();
    let after = Store::open(&scene.options(), &scene.fixture.keys).await.unwrap();
    let next = after.next_number(Sector::Rental, 26).await.unwrap();
    assert!(next.sequence() > given.sequence() + 999_000, "{} {}", given.sequence(), next.sequence());
    after.close().await;
}

#[tokio::test]
async fn keys_revoked_since_the_backup_do_not_work_again_unless_they_are_trusted() {
    let scene = Scene::new().await;
    let before = scene.fixture.store().await;
    let account = scene.fixture.account(&before, "acme").await.id;
    let (development, ..) = scene.fixture.credential(&before, account).await;
    let new = scene.fixture.new_credential(&before, account, Environment::Operations);
    let operations = new.credential.clone();
    before.commit(Write::IssueCredentials(vec![new])).await.unwrap();
    let audit_approval = audit(AuditAction::KeyApprove, Subject::None);
    let approve = Write::ApproveCredential { credential: operations.id, audit: audit_approval };
    before.commit(approve).await.unwrap();
    let again = scene.folder.path().join("backup.db-keys");
    before.backup(&again, audit(AuditAction::Backup, Subject::None), |_| ()).await.unwrap();
    let revoke = Write::RevokeCredential {
        credential: operations.id,
        audit: audit(AuditAction::KeyRevoke, Subject::None),
    };
    before.commit(revoke).await.unwrap();
    before.close().await;
    for trust_keys in [false, true] {
        let restore = Restore { from: &again, replace: trust_keys, trust_keys, at: now() };
        let event = audit(AuditAction::Restore, Subject::None);
        let (options, keys) = (scene.options(), &scene.fixture.keys);
        let restored = Store::restore(&options, keys, restore, event, |_| ()).await.unwrap();
        assert_eq!(restored.suspended_keys, usize::from(!trust_keys));
        let after = Store::open(&options, keys).await.unwrap();
        let found = after.credentials_of(account).await.unwrap();
        let found: Vec<_> = found.iter().map(|key| (key.id, key.approved, key.revoked)).collect();
        let expected = [(development.id, false, false), (operations.id, trust_keys, false)];
        assert_eq!(found, expected, "development keys need no approval");
        let events = after.audit_entries("rights.admin", 1, 100).await.unwrap();
        let suspended = events.iter().filter(|event| event.action == "key.suspend");
        let suspended: Vec<_> = suspended.map(|event| (event.company, event.reference)).collect();
        let expected = if trust_keys { Vec::new() } else { vec![(Some(account), operations.id.0)] };
        assert_eq!(suspended, expected);
        assert!(after.verify_audit().await.unwrap().is_intact());
        after.close().await;
    }
}

#[tokio::test]
async fn progress_is_told() {
    let scene = Scene::new().await;
    let rows = AtomicU64::new(0);
    let restore = Restore { from: &scene.backup(), replace: false, trust_keys: false, at: now() };
    let event = audit(AuditAction::Restore, Subject::None);
    let progress = |progress| {
        if let Progress::AuditRows(checked) = progress {
            rows.store(checked, Ordering::Relaxed);
        }
    };
    let restored =
        Store::restore(&scene.options(), &scene.fixture.keys, restore, event, progress).await.unwrap();
    let all: u64 = restored.audit.chains.iter().map(|chain| chain.entries).sum();
    assert!(all > 0 && rows.into_inner() == all);
}

#[tokio::test]
async fn postgres_has_its_own_tools() {
    let fixture = Fixture::postgres().await;
    crate::fixture::run(fixture, async |fixture: std::sync::Arc<Fixture>| {
        let store = fixture.store().await;
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("x.db");
        let refused = store.backup(&to, audit(AuditAction::Backup, Subject::None), |_| ()).await;
        assert!(matches!(refused, Err(BackupError::NotSqlite)));
        let restore = Restore { from: &to, replace: false, trust_keys: false, at: now() };
        let event = audit(AuditAction::Restore, Subject::None);
        let refused = Store::restore(&fixture.options(), &fixture.keys, restore, event, |_| ()).await;
        assert!(matches!(refused, Err(BackupError::NotSqlite)));
        store.close().await;
    })
    .await;
}
