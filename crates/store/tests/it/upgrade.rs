//! A database of the first version's tables, with rows as that version wrote them, is brought up to date.

use std::sync::Arc;

use rims_domain::{AccountId, Environment};
use rims_store::{AuditBreak, NewVerification, Schema, Store, StoreError, Subject, Write};
use sha2::{Digest, Sha256};
use sqlx::migrate::Migrator;
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::fixture::{
    Fixture, Place, audit, licence, now, on_both_engines, store_verifications, verification,
};
use crate::samples::LICENCE;
use crate::verifications::as_stored;

on_both_engines![
    what_the_first_version_wrote_is_there_and_goes_on,
    a_row_changed_before_the_upgrade_is_found_after_it,
];

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The tables of the first version.
pub(crate) async fn first_version(fixture: &Fixture) {
    match &fixture.place {
        Place::Sqlite(_) => {
            // Makes the file.
            Store::open(&fixture.options(), &fixture.keys).await.unwrap().close().await;
            let mut link = SqliteConnection::connect(&fixture.url()).await.unwrap();
            SQLITE.run_direct(Some(1), &mut link, false).await.unwrap();
            link.close().await.unwrap();
        }
        Place::Postgres(..) => {
            let mut link = PgConnection::connect(&fixture.url()).await.unwrap();
            POSTGRES.run_direct(Some(1), &mut link, false).await.unwrap();
            link.close().await.unwrap();
        }
    }
}

/// An event as a row of the first version's `audit`.
struct Event {
    actor: i64,
    action: &'static str,
    company: Option<i64>,
    subject: Option<[u8; 16]>,
    reference: i64,
    outcome: &'static str,
}

impl Event {
    /// SHA-256 over the hash before and every field: numbers big-endian, texts with their length, an absent
    /// value as one zero byte.
    fn hash(&self, before: &[u8], chain: &str, seq: i64) -> Vec<u8> {
        let text = |text: &str| [&(text.len() as u64).to_be_bytes(), text.as_bytes()].concat();
        let numbers = [seq, now().as_millisecond(), self.actor].map(i64::to_be_bytes).concat();
        let company = self.company.map(|company| [&[1][..], &company.to_be_bytes()].concat());
        let subject = self.subject.map(|subject| [&[1][..], &subject].concat());
        let all = [
            before.to_vec(),
            text(chain),
            numbers,
            text(self.action),
            company.unwrap_or(vec![0]),
            subject.unwrap_or(vec![0]),
            self.reference.to_be_bytes().to_vec(),
            text(self.outcome),
        ];
        Sha256::digest(all.concat()).to_vec()
    }
}

/// Writes a chain as the first version did.
async fn write_chain(fixture: &Fixture, chain: &str, events: &[Event]) {
    let mut hash = vec![0; 32];
    for (seq, event) in (1..).zip(events) {
        hash = event.hash(&hash, chain, seq);
        let null = || "NULL".to_owned();
        let row = format!(
            "INSERT INTO audit (chain, seq, at_ms, actor, action, company_id, subject_hash, reference, \
             outcome, hash) VALUES ('{chain}', {seq}, {}, {}, '{}', {}, {}, {}, '{}', {})",
            now().as_millisecond(),
            event.actor,
            event.action,
            event.company.map_or_else(null, |company| company.to_string()),
            event.subject.map_or_else(null, |subject| fixture.literal(&subject)),
            event.reference,
            event.outcome,
            fixture.literal(&hash),
        );
        assert_eq!(fixture.execute(&row).await, 1);
    }
}

/// Copies verifications from a database of the present version: both seal them alike.
async fn write_verifications(fixture: &Fixture, source: &Fixture, rows: &[NewVerification]) {
    for row in rows {
        let sealed = async |column| {
            let text = format!("SELECT {column} FROM verification WHERE id = {}", row.id);
            fixture.literal(&source.blobs(&text).await.concat())
        };
        let (hash, subject) = (sealed("licence_hash").await, sealed("subject").await);
        let row = format!(
            "INSERT INTO verification (id, at_ms, company_id, caller_id, environment, sector, channel, \
             class, from_date, to_date, plate, code, temporary, licence_hash, subject) \
             VALUES ({}, {}, 1, 2, 1, 1, 1, 12, 20260302, 20260304, '12하1234', 0, FALSE, {hash}, {subject})",
            row.id,
            row.at.as_millisecond(),
        );
        assert_eq!(fixture.execute(&row).await, 1);
    }
}

/// A database of the first version with three verifications and two chains; gives the verifications.
async fn written_by_the_first_version(fixture: &Fixture) -> Vec<NewVerification> {
    first_version(fixture).await;
    let source = Fixture::sqlite();
    let store = source.store().await;
    let rows: Vec<_> = (0..3).map(|_| verification(&store, now(), LICENCE)).collect();
    store_verifications(&store, rows.clone()).await;
    write_verifications(fixture, &source, &rows).await;

    let verified = rows.iter().map(|row| Event {
        actor: 2,
        action: "verify",
        company: Some(1),
        subject: store.subject_hash(&Subject::Licence(licence(LICENCE))),
        reference: row.id,
        outcome: "00",
    });
    write_chain(fixture, "node-0", &verified.collect::<Vec<_>>()).await;
    let created = Event {
        actor: 0,
        action: "account.create",
        company: None,
        subject: None,
        reference: 0,
        outcome: "done",
    };
    write_chain(fixture, "admin", &[created]).await;
    store.close().await;
    rows
}

/// One committer, so that every event is in one chain.
async fn open(fixture: &Fixture) -> Store {
    let mut options = fixture.options();
    options.committers = 1;
    Store::open(&options, &fixture.keys).await.unwrap()
}

async fn what_the_first_version_wrote_is_there_and_goes_on(fixture: Arc<Fixture>) {
    let rows = written_by_the_first_version(&fixture).await;
    let store = open(&fixture).await;
    assert!(matches!(store.schema().await, Ok(Schema::Behind { applied: 1, .. })));
    assert_eq!(store.ready().await, Err(StoreError::Schema));
    assert_eq!(store.migrate().await.unwrap().applied.first(), Some(&2));
    assert_eq!(store.ready().await, Ok(()));

    let found = store.verifications_of(AccountId(1), Environment::Development, 10).await.unwrap();
    assert_eq!(found, rows.iter().rev().map(as_stored).collect::<Vec<_>>());
    assert_eq!(store.verifications_by_licence(&licence(LICENCE), now(), now()).await.unwrap(), found);
    let report = store.verify_audit().await.unwrap();
    assert!(report.is_intact(), "{report:?}");
    let entries: Vec<_> = report.chains.iter().map(|chain| (chain.chain.as_str(), chain.entries)).collect();
    assert_eq!(entries, [("admin", 1), ("node-0", 3)]);
    store.close().await;

    let store = open(&fixture).await;
    let next = verification(&store, now(), LICENCE);
    assert!(next.id > rows[2].id, "ids go on, too");
    store_verifications(&store, vec![next.clone()]).await;
    let chain = store.audit_entries("node-0", 1, 10).await.unwrap();
    let events: Vec<_> = chain.iter().map(|event| (event.seq, event.reference)).collect();
    let references = rows.iter().chain([&next]).map(|row| row.id);
    assert_eq!(events, (1..).zip(references).collect::<Vec<_>>());
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;
}

async fn a_row_changed_before_the_upgrade_is_found_after_it(fixture: Arc<Fixture>) {
    written_by_the_first_version(&fixture).await;
    let damage = "UPDATE audit SET outcome = '11' WHERE chain = 'node-0' AND seq = 2";
    assert_eq!(fixture.execute(damage).await, 1);
    let store = open(&fixture).await;
    store.migrate().await.unwrap();
    store.commit(Write::Audit(vec![audit("test", Subject::None)])).await.unwrap();
    let report = store.verify_audit().await.unwrap();
    let broken: Vec<_> = report.chains.iter().map(|chain| chain.broken).collect();
    assert_eq!(broken, [None, Some(AuditBreak::Changed(2))]);
    store.close().await;
}
