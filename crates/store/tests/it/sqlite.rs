//! What only SQLite has: one file, one server, a quota, a log that is copied back.

use std::time::Duration;

use jiff::SignedDuration;
use rims_domain::{AccountId, Environment};
use rims_protocol::values::Vehicle;
use rims_store::{Expired, NewVerification, OpenError, Options, Store, StoreError, Subject, Write};

use crate::fixture::{Fixture, audit, contains, keys, now, store_verifications, verification};
use crate::samples::car;

fn many(store: &Store) -> Write {
    let row = |_| -> NewVerification { verification(store, now(), "221212121212") };
    Write::Verifications { rows: (0..200).map(row).collect() }
}

#[tokio::test]
async fn a_second_server_on_one_file_is_refused() {
    let fixture = Fixture::sqlite();
    let first = fixture.store().await;
    let second = Store::open(&fixture.options(), &fixture.keys).await;
    assert!(matches!(second, Err(OpenError::AlreadyServed { path }) if path == fixture.file()));
    first.close().await;
    Store::open(&fixture.options(), &fixture.keys).await.unwrap().close().await;
}

#[tokio::test]
async fn a_full_disk_refuses_and_damages_nothing() {
    let fixture = Fixture::sqlite();
    let store = fixture.store_with(&Options { sqlite_max_pages: Some(120), ..fixture.options() }).await;
    let mut stored = 0;
    let refused = loop {
        match store.commit(many(&store)).await {
            Ok(()) => stored += 200,
            Err(error) => break error,
        }
        assert!(stored < 100_000, "the quota holds");
    };
    assert_eq!(refused, StoreError::Full);
    assert_eq!(store.commit(many(&store)).await, Err(StoreError::Full), "and again");
    assert!(stored > 0);
    let found = store.verifications_of(AccountId(1), Environment::Development, 100_000).await.unwrap();
    assert_eq!(found.len(), stored, "reads go on");
    store.close().await;

    let store = fixture.store().await;
    store.commit(many(&store)).await.unwrap();
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;
    let check = fixture.blobs("SELECT CAST(integrity_check AS BLOB) FROM pragma_integrity_check").await;
    assert_eq!(check, [b"ok".to_vec()]);
    assert_eq!(fixture.count("verification").await, i64::try_from(stored + 200).unwrap());
}

#[tokio::test]
async fn a_quota_that_is_raised_by_deleting_rows_works_without_reopening() {
    let fixture = Fixture::sqlite();
    let store = fixture.store_with(&Options { sqlite_max_pages: Some(120), ..fixture.options() }).await;
    while store.commit(many(&store)).await.is_ok() {}
    fixture.execute("DELETE FROM verification").await;
    store.commit(many(&store)).await.unwrap();
    store.close().await;
}

const PAGE: u64 = 4096;

fn pages(fixture: &Fixture, suffix: &str) -> u64 {
    let mut name = fixture.file().into_os_string();
    name.push(suffix);
    std::fs::metadata(name).unwrap().len() / PAGE
}

#[tokio::test]
async fn the_log_is_copied_back_beside_the_commits() {
    let fixture = Fixture::sqlite();
    let store = fixture.store_with(&Options { sqlite_log_pages: 800, ..fixture.options() }).await;
    let before = pages(&fixture, "");
    for _ in 0..4 {
        store.commit(many(&store)).await.unwrap();
    }
    assert!(pages(&fixture, "-wal") < 800, "no commit has to do it");
    let copied = async {
        while pages(&fixture, "") == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), copied).await.expect("the database file grows");
    store.close().await;
    assert!(!fixture.file().with_extension("db-wal").exists(), "the file alone is whole");
    assert_eq!(fixture.count("verification").await, 800);
}

#[tokio::test]
async fn a_log_that_nobody_copies_back_is_copied_by_a_commit() {
    let fixture = Fixture::sqlite();
    fixture.store().await.close().await;
    let options = Options { sqlite_log_pages: 10, ..fixture.options() };
    let beside = Store::attach(&options, &fixture.keys).await.unwrap();
    let before = pages(&fixture, "");
    for _ in 0..20 {
        beside.commit(many(&beside)).await.unwrap();
    }
    assert!(pages(&fixture, "") > before);
    assert!(pages(&fixture, "-wal") < 100, "it is begun anew");
    beside.close().await;
    assert_eq!(fixture.count("verification").await, 4_000);
}

#[tokio::test]
async fn it_is_built_as_the_project_says() {
    let fixture = Fixture::sqlite();
    fixture.store().await.close().await;
    let built = fixture.blobs("SELECT CAST(compile_options AS BLOB) FROM pragma_compile_options").await;
    let has = |option: &str| built.iter().any(|one| one == option.as_bytes());
    // `fdatasync`, which comes by the same setting (.cargo/config.toml), is not told.
    assert!(has("DEFAULT_MEMSTATUS=0") && !has("ENABLE_MEMORY_MANAGEMENT"));
}

#[tokio::test]
async fn memory_is_a_file_that_is_removed() {
    let keys = keys(1);
    let store = Store::open(&Options::new("sqlite::memory:"), &keys).await.unwrap();
    store.migrate().await.unwrap();
    store_verifications(&store, vec![verification(&store, now(), "221212121212")]).await;
    let found = store.verifications_of(AccountId(1), Environment::Development, 10).await.unwrap();
    assert_eq!(found.len(), 1);
    store.close().await;
}

#[tokio::test]
async fn only_the_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::sqlite();
    let store = fixture.store().await;
    for name in ["rims.db", "rims.db-wal"] {
        let file = fixture.file().with_file_name(name);
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o077, 0, "{name}");
    }
    store.close().await;
    assert!(!fixture.file().with_file_name("rims.db-wal").exists(), "closing copies the log back");
}

#[tokio::test]
async fn a_file_that_others_may_read_becomes_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::sqlite();
    fixture.store().await.close().await;
    let mode = || std::fs::metadata(fixture.file()).unwrap().permissions().mode() & 0o777;
    std::fs::set_permissions(fixture.file(), std::fs::Permissions::from_mode(0o664)).unwrap();
    let url = format!("sqlite://{}", fixture.file().display());
    let shared = Options { sqlite_shared_file: true, ..Options::new(&url) };
    Store::open(&shared, &keys(1)).await.unwrap().close().await;
    assert_eq!(mode(), 0o664, "it is meant so");
    Store::open(&Options::new(&url), &keys(1)).await.unwrap().close().await;
    assert_eq!(mode(), 0o600);
}

#[tokio::test]
async fn a_url_of_no_known_kind_is_refused() {
    for url in ["", "mysql://localhost/rims", "rims.db"] {
        let refused = Store::open(&Options::new(url), &keys(1)).await;
        assert!(matches!(refused, Err(OpenError::Url(_))), "{url}");
    }
    let far = Options { node: 1023, ..Options::new("sqlite::memory:") };
    assert!(matches!(Store::open(&far, &keys(1)).await, Err(OpenError::Node)));
}

#[tokio::test]
async fn a_path_without_a_folder_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/none/rims.db", folder.path().display());
    let refused = Store::open(&Options::new(url), &keys(1)).await;
    assert!(matches!(refused, Err(OpenError::File(_, std::io::ErrorKind::NotFound))));
}

/// What retention destroys is gone from the file, too, not only from its tables.
#[tokio::test]
async fn what_is_destroyed_is_overwritten() {
    let fixture = Fixture::sqlite();
    let store = fixture.store().await;
    let plates: Vec<String> = (0..200).map(|number| format!("123하{number:04}")).collect();
    let row = |plate: &String| NewVerification {
        vehicle: Vehicle::Plate(car(plate)),
        ..verification(&store, now(), "221212121212")
    };
    store_verifications(&store, plates.iter().map(row).collect()).await;
    let sealed = fixture.blobs("SELECT subject FROM verification").await;
    let readable = |file: &[u8]| {
        let plates = plates.iter().filter(|plate| contains(file, plate)).count();
        let sealed =
            sealed.iter().filter(|sealed| file.windows(sealed.len()).any(|part| part == *sealed)).count();
        (plates, sealed)
    };
    store.close().await;
    assert_eq!(readable(&std::fs::read(fixture.file()).unwrap()), (200, 200), "the search itself works");

    let store = fixture.store().await;
    let expired = Expired::Verifications(now() + SignedDuration::from_hours(1));
    while store.has_expired(expired).await.unwrap() {
        let audit = audit(rims_domain::AuditAction::Retention, Subject::None);
        store.commit(Write::Destroy { expired, audit }).await.unwrap();
    }
    store.close().await;
    assert_eq!(readable(&std::fs::read(fixture.file()).unwrap()), (0, 0));
    let beside = ["-wal", "-shm"].map(|end| format!("{}{end}", fixture.file().display()));
    assert!(beside.iter().all(|file| !std::path::Path::new(file).exists()), "a clean stop leaves no log");
}
