//! PostgreSQL's partitions, one per month of Asia/Seoul.

use std::sync::Arc;

use jiff::Timestamp;
use rims_domain::{AccountId, AuditAction, Environment};
use rims_protocol::codes::SearchType;
use rims_store::{Expired, NewAudit, Store, Subject, Write};
use tokio::task::JoinSet;

use crate::fixture::{Fixture, at, audit, now, verification};
use crate::samples::{LICENCE, all_of, day, event, waiting};

/// Runs each case on PostgreSQL.
macro_rules! on_postgres {
    ($($case:ident),+ $(,)?) => {
        mod postgres { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::fixture::run($crate::fixture::Fixture::postgres().await, super::$case).await;
            }
        )+ }
    };
}

on_postgres![
    rows_land_in_the_partition_of_their_month,
    partitions_are_made_once,
    a_month_with_rows_in_the_default_partition_stays_there,
    only_past_empty_partitions_are_dropped,
];

const TABLES: [&str; 3] = ["verification", "rental", "audit"];

/// A verification, a rental and an event of a moment.
async fn store_all(store: &Store, moment: Timestamp, sequence: u32) {
    let write = Write::Together(vec![
        Write::Verifications { rows: vec![verification(store, moment, LICENCE)] },
        Write::Rental(waiting(store, moment, &format!("R26-{sequence:09}"))),
        Write::Audit(vec![NewAudit { at: moment, ..audit(AuditAction::AnomalyView, Subject::None) }]),
    ]);
    store.commit(write).await.unwrap();
}

async fn texts(fixture: &Fixture, text: &str) -> Vec<String> {
    let rows = fixture.blobs(&format!("SELECT convert_to(f.name, 'UTF8') FROM ({text}) f")).await;
    rows.into_iter().map(|name| String::from_utf8(name).unwrap()).collect()
}

/// In which partition each row of a table lies, oldest first, without the table's name.
async fn places(fixture: &Fixture, table: &str) -> Vec<String> {
    let order = if table == "audit" { "at_ms" } else { "id" };
    let rows = format!("SELECT tableoid::regclass::text AS name FROM {table} ORDER BY {order}");
    let names = texts(fixture, &rows).await;
    names.iter().map(|name| name.replace(&format!("{table}_"), "")).collect()
}

/// A table's partitions.
async fn partitions(fixture: &Fixture, table: &str) -> Vec<String> {
    let children = format!(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits \
         WHERE inhparent = '{table}'::regclass ORDER BY 1"
    );
    let names = texts(fixture, &children).await;
    names.iter().map(|name| name.replace(&format!("{table}_"), "")).collect()
}

async fn rows_land_in_the_partition_of_their_month(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    store.make_partitions(now()).await.unwrap();
    let moments = [
        "2026-02-28T23:59:59.999+09:00",
        "2026-03-01T00:00:00+09:00",
        "2026-03-31T23:59:59.999+09:00",
        "2026-04-01T00:00:00+09:00",
        "2026-06-30T23:59:59.999+09:00",
        "2026-07-01T00:00:00+09:00",
    ];
    for (sequence, moment) in (1..).zip(moments) {
        store_all(&store, at(moment), sequence).await;
    }
    let each = ["default", "202603", "202603", "202604", "202606", "default"];
    for table in ["verification", "rental"] {
        assert_eq!(places(&fixture, table).await, each, "{table}");
    }
    let events: Vec<_> = each.iter().flat_map(|name| [*name, *name]).collect();
    assert_eq!(places(&fixture, "audit").await, events, "an event and a sheet of each moment");

    let found = store.verifications_of(AccountId(1), Environment::Development, 10).await.unwrap();
    assert_eq!(found.len(), moments.len());
    let page = store.rental_page(&all_of(SearchType::RentCreate)).await.unwrap();
    assert_eq!((page.rows.len(), page.total), (6, 6));
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;
}

async fn partitions_are_made_once(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let store = store.clone();
        tasks.spawn(async move { store.make_partitions(now()).await });
    }
    for made in tasks.join_all().await {
        assert_eq!(made, Ok(()));
    }
    store.make_partitions(now()).await.unwrap();
    for table in TABLES {
        let expected = ["202603", "202604", "202605", "202606", "default"];
        assert_eq!(partitions(&fixture, table).await, expected, "{table}");
    }
    store.make_partitions(at("2026-04-01T00:00:00+09:00")).await.unwrap();
    for table in TABLES {
        let expected = ["202603", "202604", "202605", "202606", "202607", "default"];
        assert_eq!(partitions(&fixture, table).await, expected, "{table}");
    }
    store.close().await;
}

async fn a_month_with_rows_in_the_default_partition_stays_there(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    store_all(&store, now(), 1).await;
    store.make_partitions(now()).await.unwrap();
    store_all(&store, now(), 2).await;
    store_all(&store, at("2026-04-15T12:00:00+09:00"), 3).await;
    store.make_partitions(now()).await.unwrap();
    for table in ["verification", "rental"] {
        let expected = ["202604", "202605", "202606", "default"];
        assert_eq!(partitions(&fixture, table).await, expected, "{table}");
        assert_eq!(places(&fixture, table).await, ["default", "default", "202604"], "{table}");
    }
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;
}

async fn only_past_empty_partitions_are_dropped(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    store.make_partitions(at("2026-01-15T12:00:00+09:00")).await.unwrap();
    store_all(&store, at("2026-02-15T12:00:00+09:00"), 1).await;
    let drop = async || store.drop_empty_partitions(now()).await.unwrap();
    drop().await;
    for table in TABLES {
        let expected = ["202602", "202603", "202604", "default"];
        assert_eq!(partitions(&fixture, table).await, expected, "{table}: February has rows");
    }
    for expired in [Expired::Verifications(now()), Expired::Rentals(now(), day("2026-03-31"))] {
        store.commit(Write::Destroy { expired, audit: event() }).await.unwrap();
    }
    drop().await;
    for table in ["verification", "rental"] {
        assert_eq!(partitions(&fixture, table).await, ["202603", "202604", "default"], "{table}");
    }
    assert_eq!(partitions(&fixture, "audit").await, ["202602", "202603", "202604", "default"]);
    for expired in
        store.expired_audit(rims_domain::audit::Trail::Access, at("2026-03-01T00:00:00+09:00")).await.unwrap()
    {
        store.commit(Write::DestroyAudit { expired, audit: event() }).await.unwrap();
    }
    drop().await;
    assert_eq!(partitions(&fixture, "audit").await, ["202603", "202604", "default"]);
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;
}
