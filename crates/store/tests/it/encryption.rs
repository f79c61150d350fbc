//! What stands in the database, and what happens when somebody changes it.

use std::sync::Arc;

use rims_domain::{AccountId, AuditAction, Environment};
use rims_protocol::values::{DeviceId, PersonName, Vehicle};
use rims_store::{NewVerification, RetireError, Store, StoreError, Subject, TokenHash, Write};

use crate::fixture::{
    Fixture, Place, audit, contains, now, on_both_engines, random, store_verifications, verification,
};
use crate::rechecks::recheck;
use crate::samples::{endpoint, remote, reservation};

on_both_engines![
    no_secret_stands_in_the_database,
    a_value_moved_to_another_row_does_not_open,
    rotation_keeps_old_rows_and_seals_new_ones_anew,
    a_key_moved_to_another_account_or_environment_does_not_open,
    everything_stored_moves_to_the_new_version,
    a_version_is_retired_when_nothing_needs_it,
];

const LICENCE: &str = "314159265358";
const NAME: &str = "황보아무개";
const DEVICE: &str = "SCOOTER-DEVICE-0001";
const TOKEN: &str = "7b9f6c5e-0000-4000-8000-token0000001";

/// Every byte the database keeps: the files with the log, or every row of every table as text.
async fn everything(fixture: &Fixture) -> Vec<u8> {
    match &fixture.place {
        Place::Sqlite(folder) => {
            let files = std::fs::read_dir(folder.path()).unwrap();
            files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
        }
        Place::Postgres(..) => {
            let mut all = Vec::new();
            for table in ["meta", "account", "credential", "token", "verification", "audit"] {
                let rows = format!("SELECT convert_to(t::text, 'UTF8') FROM {table} t");
                all.extend(fixture.blobs(&rows).await.concat());
            }
            // Binary columns print as hexadecimal: look at their bytes, too.
            for column in ["verification.subject", "credential.secret_key", "credential.auth_key_hash"] {
                let (table, name) = column.split_once('.').unwrap();
                all.extend(fixture.blobs(&format!("SELECT {name} FROM {table}")).await.concat());
            }
            all
        }
    }
}

async fn no_secret_stands_in_the_database(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let account = fixture.account(&store, "s01").await;
    let (credential, auth_key, secret_key) = fixture.credential(&store, account.id).await;
    let row = NewVerification {
        name: PersonName::parse(NAME).unwrap(),
        vehicle: Vehicle::Device(DeviceId::parse(DEVICE).unwrap()),
        ..verification(&store, now(), LICENCE)
    };
    store_verifications(&store, vec![row]).await;
    let hash = TokenHash::of(TOKEN);
    let token = Write::Token { hash, credential: credential.id, issued: now(), expires: now() };
    store.commit(token).await.unwrap();

    let open = everything(&fixture).await;
    store.close().await;
    let closed = everything(&fixture).await;
    for all in [open, closed] {
        assert!(contains(&all, "s01"), "the search itself works");
        for secret in [LICENCE, NAME, DEVICE, TOKEN, &auth_key, &secret_key] {
            assert!(!contains(&all, secret), "{secret} stands in the database");
        }
    }
}

async fn a_value_moved_to_another_row_does_not_open(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let rows: Vec<_> =
        ["111111111111", "222222222222"].map(|number| verification(&store, now(), number)).into();
    let (first, second) = (rows[0].id, rows[1].id);
    store_verifications(&store, rows).await;
    let moved = format!(
        "UPDATE verification SET subject = (SELECT subject FROM verification WHERE id = {first})
         WHERE id = {second}"
    );
    assert_eq!(fixture.execute(&moved).await, 1);
    let found = store.verifications_of(AccountId(1), Environment::Development, 10).await;
    assert_eq!(found, Err(StoreError::Corrupt("verification.subject")));

    let account = fixture.account(&store, "s01").await;
    let (from, ..) = fixture.credential(&store, account.id).await;
    let (to, ..) = fixture.credential(&store, account.id).await;
    let moved = format!(
        "UPDATE credential SET secret_key = (SELECT secret_key FROM credential WHERE id = {})
         WHERE id = {}",
        from.id.0, to.id.0
    );
    assert_eq!(fixture.execute(&moved).await, 1);
    assert!(store.credential(from.id).await.is_ok());
    let refused = store.credential(to.id).await.err();
    assert_eq!(refused, Some(StoreError::Corrupt("credential.secret_key")));
    store.close().await;
}

async fn rotation_keeps_old_rows_and_seals_new_ones_anew(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    store_verifications(&store, vec![verification(&store, now(), LICENCE)]).await;
    store.close().await;

    let mut keys = fixture.keys.clone();
    assert_eq!(keys.rotate(&mut random(7)).unwrap(), 2);
    let store = Store::open(&fixture.options(), &keys).await.unwrap();
    store_verifications(&store, vec![verification(&store, now(), LICENCE)]).await;
    let sealed = fixture.blobs("SELECT subject FROM verification ORDER BY id").await;
    assert_eq!(sealed.iter().map(|value| [value[0], value[1]]).collect::<Vec<_>>(), [[0, 1], [0, 2]]);
    let found = store.verifications_of(AccountId(1), Environment::Development, 10).await.unwrap();
    assert!(found.len() == 2 && found.iter().all(|record| record.licence.as_str() == LICENCE));
    let by_licence = store.verifications_by_licence(&found[0].licence, now(), now()).await.unwrap();
    assert_eq!(by_licence, found, "the look-up key did not change");
    store.close().await;
}

async fn a_key_moved_to_another_account_or_environment_does_not_open(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let (mine, other) = (fixture.account(&store, "s01").await, fixture.account(&store, "s02").await);
    for change in [format!("account_id = {}", other.id.0), "environment = 3 - environment".to_owned()] {
        let (key, ..) = fixture.credential(&store, mine.id).await;
        assert!(store.credential(key.id).await.is_ok());
        let moved = format!("UPDATE credential SET {change} WHERE id = {}", key.id.0);
        assert_eq!(fixture.execute(&moved).await, 1);
        let refused = store.credential(key.id).await.err();
        assert_eq!(refused, Some(StoreError::Corrupt("credential.secret_key")), "{change}");
    }
    store.close().await;
}

/// A value in each sealed column, under the keys of the store.
async fn fill(fixture: &Fixture, store: &Store) {
    let account = fixture.account(store, "s01").await;
    fixture.credential(store, account.id).await;
    store_verifications(store, vec![verification(store, now(), LICENCE)]).await;
    let scooter = Vehicle::Device(DeviceId::parse(DEVICE).unwrap());
    let new = reservation(store, now(), "R26-000000001");
    store.commit(Write::Reservation(new)).await.unwrap();
    store.commit(Write::Remote(remote(store, "V26-000000001", scooter))).await.unwrap();
    endpoint(store, account.id, "https://example.com").await;
    store.commit(Write::Recheck(recheck(store, "order-1"))).await.unwrap();
}

async fn everything_stored_moves_to_the_new_version(fixture: Arc<Fixture>) {
    const SEALED: [(&str, &str); 6] = [
        ("verification", "subject"),
        ("credential", "secret_key"),
        ("reservation", "subject"),
        ("remote", "device"),
        ("webhook_endpoint", "secret"),
        ("recheck", "subject"),
    ];
    let store = fixture.store().await;
    fill(&fixture, &store).await;
    let more = (0..600).map(|_| verification(&store, now(), LICENCE)).collect();
    store_verifications(&store, more).await;
    store.close().await;

    let mut keys = fixture.keys.clone();
    keys.rotate(&mut random(7)).unwrap();
    let store = Store::open(&fixture.options(), &keys).await.unwrap();
    let event = || audit(AuditAction::MasterKeyReseal, Subject::None);
    assert_eq!(store.reseal(event()).await, Ok(606));
    assert_eq!(store.reseal(event()).await, Ok(0));
    for (table, column) in SEALED {
        let sealed = fixture.blobs(&format!("SELECT {column} FROM {table}")).await;
        assert!(!sealed.is_empty() && sealed.iter().all(|value| value[..2] == [0, 2]), "{table}.{column}");
    }
    let found = store.verifications_of(AccountId(1), Environment::Development, 1_000).await.unwrap();
    assert!(found.len() == 601 && found.iter().all(|record| record.licence.as_str() == LICENCE));
    store.close().await;
}

async fn a_version_is_retired_when_nothing_needs_it(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    fill(&fixture, &store).await;
    store.close().await;
    let mut keys = fixture.keys.clone();
    keys.rotate(&mut random(7)).unwrap();
    let store = Store::open(&fixture.options(), &keys).await.unwrap();
    let event = || audit(AuditAction::MasterKeyRetire, Subject::None);
    let needed = store.retire_key(1, event()).await.unwrap_err().to_string();
    assert_eq!(needed, "version 1 is needed by 1 row(s) of verification: run `rims admin master-key reseal`");
    assert!(matches!(store.retire_key(2, event()).await, Err(RetireError::Current(2))));
    assert!(matches!(store.retire_key(3, event()).await, Err(RetireError::Unknown(3))));
    store.reseal(event()).await.unwrap();
    let needed = store.retire_key(1, event()).await.unwrap_err().to_string();
    assert!(needed.contains("audit: they are verified with it until retention"), "{needed}");
    // As retention would, years later.
    fixture.execute("DELETE FROM audit WHERE key_version = 1").await;
    store.retire_key(1, event()).await.unwrap();
    store.close().await;

    assert!(keys.retire(1));
    let store = Store::open(&fixture.options(), &keys).await.unwrap();
    let found = store.verifications_of(AccountId(1), Environment::Development, 10).await.unwrap();
    assert_eq!(found.len(), 1);
    store.close().await;
    // A server that still has the old version starts, and does not bring it back.
    let mut older = fixture.keys.clone();
    older.rotate(&mut random(7)).unwrap();
    Store::open(&fixture.options(), &older).await.unwrap().close().await;
    Store::open(&fixture.options(), &keys).await.unwrap().close().await;
}
