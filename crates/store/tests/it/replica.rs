//! Histories from a streaming replica, while it is not too far behind.

use std::sync::Arc;
use std::time::Duration;

use rims_protocol::codes::SearchType;
use rims_store::{OpenError, Options, Store, Write};

use crate::failover::{Standby, caught_up};
use crate::fixture::{Fixture, Place, now, run};
use crate::samples::{all_of, reservation};

async fn reserve(store: &Store, sequence: usize) {
    let new = reservation(store, now(), &format!("R26-{sequence:09}"));
    store.commit(Write::Reservation(new)).await.unwrap();
}

/// How many reservations the history shows.
async fn shown(store: &Store) -> usize {
    store.reservation_page(&all_of(SearchType::ReservationStart)).await.unwrap().rows.len()
}

/// Until a history misses what the replica does not have yet; gives how many reservations there are.
async fn read_from_the_replica(store: &Store, primary: &str, standby: &Standby) -> usize {
    // One connection: a replay that pauses while the primary has a catalogue locked (autovacuum) lets no new one in.
    let mut control = standby.connect().await;
    for count in 1.. {
        caught_up(primary, standby).await;
        sqlx::raw_sql("SELECT pg_wal_replay_pause()").execute(&mut control).await.unwrap();
        reserve(store, count).await;
        if shown(store).await == count - 1 {
            return count;
        }
        sqlx::raw_sql("SELECT pg_wal_replay_resume()").execute(&mut control).await.unwrap();
    }
    unreachable!()
}

async fn a_replica_is_read_while_it_is_fresh(fixture: Arc<Fixture>) {
    let Place::Postgres(primary, name) = &fixture.place else { panic!("not PostgreSQL") };
    let standby = Standby::of(primary);
    let replica = format!("postgres://postgres@{}/{name}", standby.address());
    let options = |node, max_lag| Options {
        node,
        replica_url: Some(replica.clone()),
        replica_max_lag: max_lag,
        ..fixture.options()
    };
    let patient = fixture.store_with(&options(0, Duration::from_mins(1))).await;
    let found = read_from_the_replica(&patient, primary, &standby);
    let count = tokio::time::timeout(Duration::from_secs(30), found).await.expect("the replica is read");

    // Replay is still paused: for who bears less, the replica is too old, and the primary is read.
    let strict = fixture.store_with(&options(1, Duration::from_millis(50))).await;
    assert_eq!((shown(&patient).await, shown(&strict).await), (count - 1, count));

    // The replica goes away: what it cannot answer, the primary does.
    drop(standby);
    assert_eq!((shown(&patient).await, shown(&strict).await), (count, count));
    patient.close().await;
    strict.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_come_from_a_fresh_replica() {
    run(Fixture::postgres().await, a_replica_is_read_while_it_is_fresh).await;
}

#[tokio::test]
async fn sqlite_has_no_replica() {
    let fixture = Fixture::sqlite();
    let options = Options { replica_url: Some("postgres://u@db/rims".to_owned()), ..fixture.options() };
    let opened = Store::open(&options, &fixture.keys).await;
    assert!(matches!(opened, Err(OpenError::Url(_))), "{opened:?}");
}
