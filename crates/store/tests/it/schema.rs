//! Migrations, the key check, and every statement.

use std::sync::Arc;

use rims_store::{MasterKeys, OpenError, Schema, Store, StoreError, statements};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqlSafeStr, SqliteConnection};

use crate::fixture::{Fixture, Place, keys, on_both_engines, random};

on_both_engines![
    migrations_run_once,
    a_later_versions_database_is_told,
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

async fn a_later_versions_database_is_told(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    fixture
        .execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                  VALUES (9999, 'later', TRUE, '', 0)",
        )
        .await;
    assert_eq!(store.schema().await, Ok(Schema::Unknown { version: 9999 }));
    assert_eq!(store.ready().await, Err(StoreError::Schema));
    assert!(store.migrate().await.is_err());
    store.close().await;
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
