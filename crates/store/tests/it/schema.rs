//! Migrations, the key check, and every statement.

use std::sync::Arc;

use rims_store::{MasterKeys, OpenError, Schema, Store, StoreError, statements};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqlSafeStr, SqliteConnection};

use crate::fixture::{Fixture, Place, keys, on_both_engines, random};

on_both_engines![
    migrations_run_once,
    the_next_versions_database_is_usable_and_a_later_ones_is_not,
    every_statement_can_be_prepared,
    another_key_file_is_refused,
    a_missing_key_version_is_refused,
];

async fn migrations_run_once(fixture: Arc<Fixture>) {
    let store = Store::open(&fixture.options(), &fixture.keys).await.unwrap();
    assert_eq!(store.schema().await, Ok(Schema::Missing));
    assert_eq!(store.ready().await, Err(StoreError::Schema));

    let first = store.migrate().await.unwrap();
    assert!(!first.applied.is_empty());
    let second = store.migrate().await.unwrap();
    assert_eq!((second.applied, second.version), (vec![], first.version));

    assert_eq!(store.schema().await, Ok(Schema::Current { version: first.version }));
    assert_eq!(store.ready().await, Ok(()));
    store.close().await;
}

async fn the_next_versions_database_is_usable_and_a_later_ones_is_not(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let Ok(Schema::Current { version }) = store.schema().await else { panic!() };
    for (migration, found, ready) in [
        (version + 1, Schema::Next { version: version + 1 }, Ok(())),
        (version + 2, Schema::Unknown { version: version + 2 }, Err(StoreError::Schema)),
    ] {
        let insert = format!(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES ({migration}, 'later', TRUE, '', 0)"
        );
        fixture.execute(&insert).await;
        assert_eq!((store.schema().await, store.ready().await), (Ok(found), ready));
        assert!(store.migrate().await.is_err(), "an older `rims migrate` keeps its hands off");
    }
    store.close().await;
}

/// What the version before a migration still uses must stay as it is (docs/operations.md, Upgrading): what is no longer
/// used goes in a later migration, which is listed here with the one that stopped using it.
#[test]
fn migrations_only_add() {
    const CONTRACTIONS: [&str; 0] = [];
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let mut looked_at = 0;
    for engine in ["sqlite", "postgres"] {
        for file in std::fs::read_dir(format!("{folder}/{engine}")).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            looked_at += 1;
            if name == "0001_first.sql" || CONTRACTIONS.contains(&name) {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap().to_uppercase();
            for taken in ["DROP ", "RENAME ", "ALTER COLUMN", "DELETE FROM", "UPDATE "] {
                assert!(!text.contains(taken), "{name}: {taken}");
            }
        }
    }
    assert!(looked_at >= 2, "one first schema for each engine");
}

async fn every_statement_can_be_prepared(fixture: Arc<Fixture>) {
    fixture.store().await.close().await;
    let [sqlite, postgres] = statements();
    match &fixture.place {
        Place::Sqlite(_) => {
            let mut link = SqliteConnection::connect(&fixture.url()).await.unwrap();
            for (name, text) in sqlite {
                let prepared = (&mut link).prepare(AssertSqlSafe(text).into_sql_str()).await;
                assert!(prepared.is_ok(), "{name}: {}", prepared.err().unwrap());
            }
        }
        Place::Postgres(..) => {
            let mut link = PgConnection::connect(&fixture.url()).await.unwrap();
            for (name, text) in postgres {
                let prepared = (&mut link).prepare(AssertSqlSafe(text).into_sql_str()).await;
                assert!(prepared.is_ok(), "{name}: {}", prepared.err().unwrap());
            }
        }
    }
}

async fn refused(fixture: &Fixture, keys: &MasterKeys) -> bool {
    matches!(Store::open(&fixture.options(), keys).await, Err(OpenError::WrongMasterKey))
}

async fn another_key_file_is_refused(fixture: Arc<Fixture>) {
    fixture.store().await.close().await;
    assert!(refused(&fixture, &keys(2)).await);
    Store::open(&fixture.options(), &fixture.keys).await.unwrap().close().await;
}

async fn a_missing_key_version_is_refused(fixture: Arc<Fixture>) {
    let mut rotated = fixture.keys.clone();
    rotated.rotate(&mut random(9)).unwrap();
    let store = Store::open(&fixture.options(), &rotated).await.unwrap();
    store.migrate().await.unwrap();
    store.close().await;
    assert!(refused(&fixture, &fixture.keys).await, "version 2 is missing");

    let mut other = fixture.keys.clone();
    other.rotate(&mut random(8)).unwrap();
    assert!(refused(&fixture, &other).await, "version 2 is another key");
}
