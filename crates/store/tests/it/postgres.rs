//! What only PostgreSQL has: a server that goes away, and several committers.

use std::sync::Arc;
use std::time::Duration;

use rims_domain::vehicle::Sighting;
use rims_domain::{Account, AccountId, AuditAction, Environment};
use rims_protocol::values::{IdempotencyKey, Plate};
use rims_store::{
    Constraint, KeyOwner, NewAnswer, NewVerification, OpenError, Options, Store, StoreError, Subject, Write,
};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::task::JoinSet;

use crate::fixture::{Fixture, Place, account, audit, audit_events, keys, now, plate, run, verification};

fn one(store: &Store) -> Write {
    Write::Verifications { rows: vec![verification(store, now(), "221212121212")] }
}

/// Closes the test's database to everybody, or opens it again.
async fn allow(fixture: &Fixture, allowed: bool) {
    let Place::Postgres(url, name) = &fixture.place else { panic!("not PostgreSQL") };
    let mut server = PgConnection::connect(url).await.unwrap();
    let alter = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}");
    sqlx::raw_sql(AssertSqlSafe(alter)).execute(&mut server).await.unwrap();
    if !allowed {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
        sqlx::query(end).bind(name).execute(&mut server).await.unwrap();
    }
}

async fn the_database_goes_and_comes_back(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mut tasks = JoinSet::new();
    for _ in 0..500 {
        let store = store.clone();
        tasks.spawn(async move { store.commit(one(&store)).await });
    }
    allow(&fixture, false).await;
    let mut stored = 0;
    for result in tasks.join_all().await {
        match result {
            Ok(()) => stored += 1,
            Err(error) => assert_eq!(error, StoreError::Unavailable),
        }
    }
    assert_eq!(store.commit(one(&store)).await, Err(StoreError::Unavailable));
    assert_eq!(store.ready().await, Err(StoreError::Unavailable));

    allow(&fixture, true).await;
    // Only the back-off of the connection is waited for, and it is at most a second.
    let back = async {
        while store.commit(one(&store)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), back).await.unwrap();
    assert_eq!(store.ready().await, Ok(()));
    let found = store.verifications_of(AccountId(1), Environment::Development, 10_000).await.unwrap();
    assert!(found.len() > stored, "every answered write is there");
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_is_told_and_found_again() {
    run(Fixture::postgres().await, the_database_goes_and_comes_back).await;
}

async fn an_idle_connection_is_lost(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    store.commit(one(&store)).await.unwrap();
    allow(&fixture, false).await;
    allow(&fixture, true).await;
    store.commit(one(&store)).await.unwrap();
    store.commit(one(&store)).await.unwrap();
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_while_idle_is_not_noticed() {
    run(Fixture::postgres().await, an_idle_connection_is_lost).await;
}

async fn committers_share_vehicles(fixture: Arc<Fixture>) {
    let options = Options { committers: 4, ..fixture.options() };
    let store = fixture.store_with(&options).await;
    let mut tasks = JoinSet::new();
    for number in 0..800 {
        let store = store.clone();
        tasks.spawn(async move {
            let row = |vehicle: u32, sighting| NewVerification {
                vehicle: plate(&format!("12하{:04}", vehicle % 10)),
                sighting,
                ..verification(&store, now(), "221212121212")
            };
            let (first, second) = match number % 2 {
                0 => (Sighting::Unmatched, Sighting::Matched),
                _ => (Sighting::Matched, Sighting::Unmatched),
            };
            let rows = vec![row(number, first), row(number + 1, second)];
            store.commit(Write::Verifications { rows }).await
        });
    }
    for result in tasks.join_all().await {
        assert_eq!(result, Ok(()));
    }
    assert!(store.verify_audit().await.unwrap().is_intact());
    assert_eq!(audit_events(&store).await, 1_600);
    let any = Plate::parse("12하0001").unwrap();
    assert!(store.grace_started(AccountId(1), Environment::Development, &any).await.is_ok());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_committers_write_the_same_vehicles() {
    run(Fixture::postgres().await, committers_share_vehicles).await;
}

/// Both servers get the same requests at the same time, in other orders: as after a time-out, when everybody asks again.
async fn two_servers_with_the_same_keys(fixture: Arc<Fixture>) {
    const ROUNDS: usize = 10;
    const KEYS: usize = 64;
    let first = fixture.store().await;
    let second = fixture.store_with(&Options { node: 1, ..fixture.options() }).await;
    for round in 0..ROUNDS {
        let mut tasks = JoinSet::new();
        for place in 0..KEYS {
            for (store, number) in [(&first, place), (&second, KEYS - 1 - place)] {
                let row = verification(store, now(), &format!("{number:012}"));
                let answer = Write::Answer(NewAnswer {
                    id: store.next_id(now()),
                    owner: KeyOwner { account: AccountId(1), environment: Environment::Operations },
                    company: AccountId(1),
                    key: IdempotencyKey::parse(&format!("{round}-{number}")).unwrap(),
                    request: store.request_hash(b"{}"),
                    at: now(),
                    body: Vec::new(),
                });
                let write = Write::Together(vec![Write::Verifications { rows: vec![row] }, answer]);
                let store = store.clone();
                tasks.spawn(async move { store.commit(write).await });
            }
        }
        let results = tasks.join_all().await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), KEYS, "each key once");
        let refused = Err(StoreError::Conflict(Constraint::Unique));
        assert!(results.iter().all(|result| result.is_ok() || *result == refused), "{results:?}");
    }
    assert_eq!(fixture.count("verification").await, i64::try_from(ROUNDS * KEYS).unwrap());
    assert!(first.verify_audit().await.unwrap().is_intact());
    first.close().await;
    second.close().await;
    let mut link = PgConnection::connect(&fixture.url()).await.unwrap();
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(sqlx::query_scalar::<_, i64>(deadlocks).fetch_one(&mut link).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_keys_on_two_servers_never_lock_each_other_out() {
    run(Fixture::postgres().await, two_servers_with_the_same_keys).await;
}

async fn two_servers_with_one_node(fixture: Arc<Fixture>) {
    let first = fixture.store().await;
    let second = Store::open(&fixture.options(), &fixture.keys).await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        for store in [first.clone(), second.clone()] {
            let write = Write::Audit(vec![audit(AuditAction::AnomalyView, Subject::None)]);
            tasks.spawn(async move { store.commit(write).await });
        }
    }
    let stored = tasks.join_all().await.iter().filter(|result| result.is_ok()).count();
    let report = first.verify_audit().await.unwrap();
    assert!(report.is_intact(), "{report:?}");
    assert_eq!(report.chains.iter().map(|chain| chain.entries).sum::<u64>(), stored as u64);
    first.close().await;
    second.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_that_two_processes_write_stays_whole() {
    run(Fixture::postgres().await, two_servers_with_one_node).await;
}

async fn a_text_with_nul(fixture: Arc<Fixture>) {
    let options = Options { committers: 1, ..fixture.options() };
    let store = fixture.store_with(&options).await;
    let mut tasks = JoinSet::new();
    for number in 0..51 {
        let write = match number {
            25 => Write::CreateAccount {
                account: Account { company: "(주)\0".to_owned(), ..account(store.next_id(now()), "s01") },
                audit: audit(AuditAction::AccountCreate, Subject::None),
            },
            _ => one(&store),
        };
        let store = store.clone();
        tasks.spawn(async move { (number, store.commit(write).await) });
    }
    for (number, result) in tasks.join_all().await {
        let expected = match number {
            25 => Err(StoreError::Conflict(Constraint::Other)),
            _ => Ok(()),
        };
        assert_eq!(result, expected, "write {number}");
    }
    assert_eq!(audit_events(&store).await, 50, "the refused write left no event");
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_the_engine_refuses_fails_alone() {
    run(Fixture::postgres().await, a_text_with_nul).await;
}

#[tokio::test]
async fn no_server_is_told_at_open() {
    let options =
        Options { acquire_timeout: Duration::from_secs(1), ..Options::new("postgres://127.0.0.1:1/x") };
    let refused = Store::open(&options, &keys(1)).await;
    assert!(matches!(refused, Err(OpenError::Unreachable(_))));
}
