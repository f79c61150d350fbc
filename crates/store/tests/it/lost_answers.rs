//! A group of verifications is one exchange with PostgreSQL. Where its answer is lost, the head of the audit chain
//! tells whether it was stored.

use std::sync::Arc;

use rims_domain::vehicle::Sighting;
use rims_store::{NewVerification, Options, Store, StoreError, Write};
use sqlx::{Connection, PgConnection};

use crate::fixture::{Fixture, audit_events, now, on_both_engines, plate, run, verification};
use crate::line::{Line, address};

on_both_engines![a_head_that_has_moved_is_read_again];

async fn write(store: &Store) -> Result<(), StoreError> {
    store.commit(Write::Verifications { rows: vec![verification(store, now(), "221212121212")] }).await
}

/// A store whose connections go this way.
async fn store_by(line: &Line, fixture: &Fixture) -> Store {
    let direct = fixture.url();
    let url = direct.replace(address(&direct), &line.address.to_string());
    fixture.store_with(&Options { committers: 1, ..Options::new(url) }).await
}

/// So many verifications are stored, each once, and the audit trail has them.
async fn all_stored_once(fixture: &Fixture, store: &Store, expected: u32) {
    assert_eq!(fixture.count("verification").await, i64::from(expected));
    assert_eq!(audit_events(store).await, expected as usize);
    assert!(store.verify_audit().await.unwrap().is_intact());
}

async fn stored_and_not_told(fixture: Arc<Fixture>) {
    let line = Line::to(address(&fixture.url())).await;
    let store = store_by(&line, &fixture).await;
    for _ in 0..2 {
        write(&store).await.unwrap();
    }
    line.lose_an_answer();
    write(&store).await.unwrap();
    assert!(line.has_lost_it());
    write(&store).await.unwrap();
    all_stored_once(&fixture, &store, 4).await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_found_by_the_head() {
    run(Fixture::postgres().await, stored_and_not_told).await;
}

async fn stored_after_the_connection_is_lost(fixture: Arc<Fixture>) {
    let line = Line::to(address(&fixture.url())).await;
    let store = store_by(&line, &fixture).await;
    for _ in 0..2 {
        write(&store).await.unwrap();
    }
    let mut other = PgConnection::connect(&fixture.url()).await.unwrap();
    let mut held = other.begin().await.unwrap();
    let same = "INSERT INTO vehicle_grace (company_id, environment, plate_key, started_ms) VALUES (1, $1, '12하1234', 0)";
    for environment in [0_i16, 1, 2] {
        sqlx::query(same).bind(environment).execute(&mut *held).await.unwrap();
    }
    let commit = tokio::spawn({
        let store = store.clone();
        let row = NewVerification {
            vehicle: plate("12하1234"),
            sighting: Sighting::Unmatched,
            ..verification(&store, now(), "221212121212")
        };
        async move { store.commit(Write::Verifications { rows: vec![row] }).await }
    });
    waits(&mut held, 1).await;
    line.cut();
    // The next connection waits for the statement of the one that was lost.
    waits(&mut held, 2).await;
    held.rollback().await.unwrap();
    commit.await.unwrap().unwrap();
    all_stored_once(&fixture, &store, 3).await;
    store.close().await;
    let deadlocked = "pg_stat_database WHERE datname = current_database() AND deadlocks > 0";
    assert_eq!(fixture.count(deadlocked).await, 0);
}

/// Until so many connections of this database wait for a lock.
async fn waits(link: &mut PgConnection, expected: i64) {
    let text = "SELECT COUNT(*) FROM pg_stat_activity \
                WHERE datname = current_database() AND wait_event_type = 'Lock'";
    // Within a transaction activity is read once.
    let fresh = "SELECT pg_stat_clear_snapshot()";
    while sqlx::query_scalar::<_, i64>(text).fetch_one(&mut *link).await.unwrap() != expected {
        sqlx::query(fresh).execute(&mut *link).await.unwrap();
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_goes_on_is_waited_for() {
    run(Fixture::postgres().await, stored_after_the_connection_is_lost).await;
}

async fn ended_before_it_was_stored(fixture: Arc<Fixture>) {
    let store = fixture.store_with(&Options { committers: 1, ..fixture.options() }).await;
    for _ in 0..2 {
        write(&store).await.unwrap();
    }
    let mut other = PgConnection::connect(&fixture.url()).await.unwrap();
    let mut held = other.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM audit_chain FOR UPDATE").execute(&mut *held).await.unwrap();
    let commit = tokio::spawn({
        let store = store.clone();
        async move { write(&store).await }
    });
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND wait_event_type = 'Lock'";
    waits(&mut held, 1).await;
    assert_eq!(sqlx::query(end).fetch_all(&mut *held).await.unwrap().len(), 1);
    held.commit().await.unwrap();
    commit.await.unwrap().unwrap();
    all_stored_once(&fixture, &store, 3).await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_was_ended_is_stored_again() {
    run(Fixture::postgres().await, ended_before_it_was_stored).await;
}

async fn a_head_that_has_moved_is_read_again(fixture: Arc<Fixture>) {
    let store = fixture.store_with(&Options { committers: 1, ..fixture.options() }).await;
    for _ in 0..2 {
        write(&store).await.unwrap();
    }
    // As another process would: with a row where the next one would be.
    let columns = "at_ms, key_version, actor_kind, actor, action, reference, outcome, sheet, hash";
    let added = format!(
        "INSERT INTO audit (chain, seq, {columns}) SELECT chain, 3, {columns} FROM audit WHERE seq = 2"
    );
    assert_eq!(fixture.execute(&added).await, 1);
    assert_eq!(fixture.execute("UPDATE audit_chain SET seq = 3").await, 1);
    for _ in 0..2 {
        write(&store).await.unwrap();
    }
    assert_eq!(fixture.count("verification").await, 4);
    assert_eq!(fixture.count("audit WHERE seq IN (1, 2, 3, 4, 5)").await, 5);
    store.close().await;
}
