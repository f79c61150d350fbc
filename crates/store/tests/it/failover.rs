//! Two PostgreSQL servers in one URL: the primary goes away, its standby takes over, the store follows.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rims_domain::{AccountId, Environment};
use rims_store::{OpenError, Options, Store, StoreError, Write};
use sqlx::{Connection, PgConnection};

use crate::fixture::{Fixture, Place, now, run, verification};
use crate::line::{Line, address};

/// A streaming standby of the tests' PostgreSQL, as long as this lives.
pub(crate) struct Standby {
    child: Child,
    url: String,
}

impl Standby {
    pub(crate) fn of(primary: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/with-postgres");
        let told = "echo $RIMS_TEST_POSTGRES_STANDBY_URL; exec cat >/dev/null";
        let mut command = Command::new(script);
        command
            .args(["--standby-of", primary, "sh", "-c", told])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        assert!(url.starts_with("postgres://"), "the standby did not start");
        Self { child, url: url.trim().to_owned() }
    }

    pub(crate) fn address(&self) -> &str {
        address(&self.url)
    }

    pub(crate) async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        _ = self.child.wait();
    }
}

/// Waits until the standby has everything that the primary has now.
pub(crate) async fn caught_up(primary: &str, standby: &Standby) {
    let mut primary = PgConnection::connect(primary).await.unwrap();
    let here: String =
        sqlx::query_scalar("SELECT pg_current_wal_lsn()::text").fetch_one(&mut primary).await.unwrap();
    let mut standby = standby.connect().await;
    let has = "SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn";
    while !sqlx::query_scalar::<_, bool>(has).bind(&here).fetch_one(&mut standby).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn write(store: &Store, licence: u32) -> Result<(), StoreError> {
    let row = verification(store, now(), &format!("11{licence:010}"));
    store.commit(Write::Verifications { rows: vec![row] }).await
}

async fn licences(store: &Store) -> Result<Vec<String>, StoreError> {
    let found = store.verifications_of(AccountId(1), Environment::Development, 10_000).await?;
    let mut licences: Vec<String> = found.iter().map(|row| row.licence.as_str().to_owned()).collect();
    licences.sort();
    Ok(licences)
}

fn expected(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("11{number:010}")).collect()
}

/// Until what is stored can be read again.
async fn read_again(store: &Store) -> Vec<String> {
    loop {
        match licences(store).await {
            Ok(licences) => return licences,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Until it is written.
async fn write_again(store: &Store, licence: u32) {
    while write(store, licence).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn a_promoted_standby_is_followed(fixture: Arc<Fixture>) {
    let Place::Postgres(primary, name) = &fixture.place else { panic!("not PostgreSQL") };
    let standby = Standby::of(primary);
    let line = Line::to(address(primary)).await;
    // The standby first: it takes no writes, and is passed over.
    let hosts = format!("{},{}", standby.address(), line.address);
    let url = format!("postgres://postgres@{hosts}/{name}?target_session_attrs=read-write");
    let store = fixture.store_with(&Options::new(url)).await;
    for licence in 0..50 {
        write(&store, licence).await.unwrap();
    }
    assert_eq!(licences(&store).await.unwrap(), expected(0..50));
    caught_up(primary, &standby).await;

    line.end().await;
    assert_eq!(write(&store, 90).await, Err(StoreError::Unavailable), "there is no primary");
    assert_eq!(write(&store, 91).await, Err(StoreError::Unavailable));

    sqlx::query("SELECT pg_promote()").execute(&mut standby.connect().await).await.unwrap();
    // Nobody writes, and yet reads come back.
    let patience = Duration::from_secs(20);
    let read = tokio::time::timeout(patience, read_again(&store)).await;
    assert_eq!(read.unwrap(), expected(0..50));
    tokio::time::timeout(patience, write_again(&store, 50)).await.unwrap();
    for licence in 51..80 {
        write(&store, licence).await.unwrap();
    }
    assert_eq!(licences(&store).await.unwrap(), expected(0..80), "each once, and nothing that was refused");
    assert_eq!(store.ready().await, Ok(()));
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;
}

async fn a_standby_alone_is_no_place_to_open(fixture: Arc<Fixture>) {
    let Place::Postgres(primary, name) = &fixture.place else { panic!("not PostgreSQL") };
    let standby = Standby::of(primary);
    let url = format!("postgres://postgres@{}/{name}?target_session_attrs=read-write", standby.address());
    let opened = Store::open(&Options::new(url), &fixture.keys).await;
    let Err(OpenError::Unreachable(why)) = opened else { panic!("{opened:?}") };
    assert!(why.contains("takes no writes"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_standby_takes_over() {
    run(Fixture::postgres().await, a_promoted_standby_is_followed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_primary_will_do() {
    run(Fixture::postgres().await, a_standby_alone_is_no_place_to_open).await;
}
