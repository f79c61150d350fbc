//! A group of verifications is one exchange with PostgreSQL. Where its answer is lost, the head of the audit chain tells
//! whether it was stored.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rims_store::{Options, Store, StoreError, Write};
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::fixture::{Fixture, Place, audit_events, now, on_both_engines, run, verification};

on_both_engines![a_head_that_has_moved_is_read_again];

async fn write(store: &Store) -> Result<(), StoreError> {
    store.commit(Write::Verifications { rows: vec![verification(store, now(), "221212121212")] }).await
}

/// A way to the server on which one answer can be lost, and the connection with it.
struct Lossy {
    address: SocketAddr,
    lose: Arc<AtomicBool>,
}

impl Lossy {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, lose) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let flag = Arc::clone(&lose);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(relay(client, server, Arc::clone(&flag)));
            }
        });
        Self { address, lose }
    }
}

async fn relay(client: TcpStream, server: TcpStream, lose: Arc<AtomicBool>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let asking = tokio::io::copy(&mut from_client, &mut to_server);
    let answering = async {
        let mut bytes = [0; 8192];
        while let Ok(count @ 1..) = from_server.read(&mut bytes).await {
            if lose.swap(false, Ordering::SeqCst) || to_client.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        _ = asking => {}
        () = answering => {}
    }
}

async fn stored_and_not_told(fixture: Arc<Fixture>) {
    let Place::Postgres(server, name) = &fixture.place else { panic!("not PostgreSQL") };
    let (user, rest) = server.split_once('@').unwrap();
    let line = Lossy::to(rest.split_once('/').unwrap().0.to_owned()).await;
    let options = Options { committers: 1, ..Options::new(format!("{user}@{}/{name}", line.address)) };
    let store = fixture.store_with(&options).await;
    for _ in 0..2 {
        write(&store).await.unwrap();
    }
    line.lose.store(true, Ordering::SeqCst);
    write(&store).await.unwrap();
    assert!(!line.lose.load(Ordering::SeqCst), "an answer was lost");
    write(&store).await.unwrap();
    assert_eq!(fixture.count("verification").await, 4);
    assert_eq!(audit_events(&store).await, 4);
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_found_by_the_head() {
    run(Fixture::postgres().await, stored_and_not_told).await;
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
    while sqlx::query(end).fetch_all(&mut *held).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    held.commit().await.unwrap();
    commit.await.unwrap().unwrap();
    assert_eq!(fixture.count("verification").await, 3);
    assert_eq!(audit_events(&store).await, 3);
    assert!(store.verify_audit().await.unwrap().is_intact());
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
    assert_eq!(fixture.execute("UPDATE audit_chain SET seq = seq + 5").await, 1);
    for _ in 0..2 {
        write(&store).await.unwrap();
    }
    assert_eq!(fixture.count("verification").await, 4);
    assert_eq!(fixture.count("audit WHERE seq IN (1, 2, 8, 9)").await, 4);
    store.close().await;
}
