//! The chained audit trail.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rims_domain::audit::Trail;
use rims_domain::{AccountId, Actor, AuditAction, CredentialId, Environment, OperatorName};
use rims_protocol::values::UserId;
use rims_store::{AuditBreak, NewAudit, Store, StoreError, Subject, Write};

use crate::fixture::{
    Fixture, audit, audit_events, keys, licence, now, on_both_engines, random, store_verifications,
    verification,
};

on_both_engines![
    events_keep_their_order_and_fields,
    verifications_leave_events,
    a_whole_chain_verifies_across_restarts,
    a_changed_row_is_found,
    a_removed_row_is_found,
    a_chain_cut_off_at_its_end_is_found,
    a_changed_sheet_is_found,
    commands_beside_a_server_have_their_own_chain,
    the_oldest_rows_are_destroyed_and_the_rest_verifies,
    a_chain_without_rows_goes_on,
    a_row_removed_after_a_destruction_is_found,
    a_chain_that_was_rewritten_without_the_key_is_found,
    each_row_is_checked_under_the_key_version_that_it_names,
    events_about_rights_have_a_chain_and_a_period_of_their_own,
    a_page_of_people_is_one_row,
];

const CHAIN: &str = "node-0";

async fn ten_events(store: &Store) {
    for second in 1..=10 {
        let event = NewAudit { at: second_of(second), ..audit(AuditAction::AnomalyView, Subject::None) };
        store.commit(Write::Audit(vec![event])).await.unwrap();
    }
}

/// When an event of [`ten_events`] was.
fn second_of(number: i64) -> Timestamp {
    now() + SignedDuration::from_secs(number)
}

/// One committer, so that every event is in one chain.
async fn one_chain(fixture: &Fixture) -> Store {
    let mut options = fixture.options();
    options.committers = 1;
    fixture.store_with(&options).await
}

async fn events_keep_their_order_and_fields(fixture: Arc<Fixture>) {
    let store = one_chain(&fixture).await;
    let user = Subject::User(UserId::parse("s01").unwrap());
    let first = NewAudit {
        actor: Actor::Credential(CredentialId(5)),
        address: Some("::ffff:203.0.113.9".parse().unwrap()),
        environment: Some(Environment::Operations),
        company: Some(AccountId(7)),
        reference: 42,
        outcome: "-210".to_owned(),
        ..audit(AuditAction::VerifyAttempt, Subject::Licence(licence("221212121212")))
    };
    let second = NewAudit {
        actor: Actor::Operator(OperatorName::parse("홍길동").unwrap()),
        ..audit(AuditAction::UserLookup, user.clone())
    };
    store.commit(Write::Audit(vec![first, second])).await.unwrap();
    let entries = store.audit_entries(CHAIN, 1, 10).await.unwrap();
    let [first, second] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!(
        (first.seq, first.at, &first.actor, first.company),
        (1, now(), &Actor::Credential(CredentialId(5)), Some(AccountId(7)))
    );
    assert_eq!(first.address, Some("203.0.113.9".parse().unwrap()), "IPv4 as itself");
    assert_eq!((first.environment, second.environment), (Some(Environment::Operations), None));
    assert_eq!((second.actor.name(), second.address), (Some("홍길동"), None));
    assert_eq!(
        (first.action.as_str(), first.reference, first.outcome.as_str()),
        ("verify.attempt", 42, "-210")
    );
    assert_eq!(first.subject_hash, store.subject_hash(&Subject::Licence(licence("221212121212"))));
    assert_eq!((second.seq, second.subject_hash), (2, store.subject_hash(&user)));
    assert_eq!(store.audit_entries(CHAIN, 2, 10).await.unwrap(), std::slice::from_ref(second));
    store.close().await;
}

async fn verifications_leave_events(fixture: Arc<Fixture>) {
    let store = one_chain(&fixture).await;
    let row = verification(&store, now(), "221212121212");
    let (id, subject) = (row.id, Subject::Licence(row.licence.clone()));
    store_verifications(&store, vec![row]).await;
    let entries = store.audit_entries(CHAIN, 1, 10).await.unwrap();
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((entry.action.as_str(), entry.outcome.as_str(), entry.reference), ("verify", "00", id));
    assert_eq!(entry.actor, Actor::Credential(CredentialId(3)));
    assert_eq!(entry.address, Some("203.0.113.9".parse().unwrap()));
    assert_eq!((entry.environment, entry.company), (Some(Environment::Development), Some(AccountId(1))));
    assert_eq!(entry.subject_hash, store.subject_hash(&subject));
    store.close().await;
}

async fn a_whole_chain_verifies_across_restarts(fixture: Arc<Fixture>) {
    let empty = fixture.store().await;
    assert!(empty.verify_audit().await.unwrap().chains.is_empty());
    empty.close().await;
    for _ in 0..2 {
        let store = one_chain(&fixture).await;
        ten_events(&store).await;
        store.close().await;
    }
    let store = one_chain(&fixture).await;
    let report = store.verify_audit().await.unwrap();
    assert!(report.is_intact());
    assert_eq!((report.chains[0].chain.as_str(), report.chains[0].entries), (CHAIN, 20));
    store.close().await;
}

async fn broken_after(fixture: &Fixture, damage: &str) -> Option<AuditBreak> {
    let store = one_chain(fixture).await;
    ten_events(&store).await;
    assert_eq!(fixture.execute(damage).await, 1);
    let report = store.verify_audit().await.unwrap();
    store.close().await;
    assert!(!report.is_intact());
    report.chains[0].broken
}

async fn a_changed_row_is_found(fixture: Arc<Fixture>) {
    let damage = "UPDATE audit SET outcome = 'else' WHERE seq = 5";
    assert_eq!(broken_after(&fixture, damage).await, Some(AuditBreak::Changed(5)));
}

async fn a_removed_row_is_found(fixture: Arc<Fixture>) {
    let damage = "DELETE FROM audit WHERE seq = 5";
    assert_eq!(broken_after(&fixture, damage).await, Some(AuditBreak::Missing(5)));
}

async fn a_chain_cut_off_at_its_end_is_found(fixture: Arc<Fixture>) {
    let damage = "DELETE FROM audit WHERE seq = 10";
    assert_eq!(broken_after(&fixture, damage).await, Some(AuditBreak::Missing(10)));
}

async fn a_changed_sheet_is_found(fixture: Arc<Fixture>) {
    let store = one_chain(&fixture).await;
    let rows = vec![verification(&store, now(), "221212121212"), verification(&store, now(), "111111111101")];
    store_verifications(&store, rows).await;
    assert_eq!(audit_events(&store).await, 2);
    assert_eq!(fixture.count("audit").await, 1);
    let other = fixture.blobs("SELECT sheet FROM audit").await[0][68..].to_vec();
    let damage = format!("UPDATE audit SET sheet = {}", fixture.literal(&other));
    assert_eq!(fixture.execute(&damage).await, 1);
    assert_eq!(store.verify_audit().await.unwrap().chains[0].broken, Some(AuditBreak::Changed(1)));
    store.close().await;
}

async fn commands_beside_a_server_have_their_own_chain(fixture: Arc<Fixture>) {
    let server = one_chain(&fixture).await;
    let mut commands = Vec::new();
    for _ in 0..3 {
        commands.push(Store::attach(&fixture.options(), &fixture.keys).await.unwrap());
    }
    for _ in 0..5 {
        let writes = commands.iter().chain([&server]).cloned().map(|store| {
            tokio::spawn(async move {
                store.commit(Write::Audit(vec![audit(AuditAction::AnomalyView, Subject::None)])).await
            })
        });
        for write in writes.collect::<Vec<_>>() {
            write.await.unwrap().unwrap();
        }
    }
    let report = server.verify_audit().await.unwrap();
    let chains: Vec<_> = report.chains.iter().map(|chain| (chain.chain.as_str(), chain.entries)).collect();
    assert_eq!(chains, [("admin", 15), ("node-0", 5)]);
    assert!(report.is_intact());
    for store in commands.into_iter().chain([server]) {
        store.close().await;
    }
}

/// Destroys events of before a moment; the event of that is as late as the last of [`ten_events`].
async fn destroy(store: &Store, before: Timestamp) {
    let expired = store.expired_audit(Trail::Access, before).await.unwrap();
    assert_eq!(expired.len(), 1);
    for expired in expired {
        let event = NewAudit { at: second_of(10), ..audit(AuditAction::Retention, Subject::None) };
        store.commit(Write::DestroyAudit { expired, audit: event }).await.unwrap();
    }
    assert_eq!(store.expired_audit(Trail::Access, before).await, Ok(vec![]));
}

async fn places(store: &Store) -> Vec<i64> {
    store.audit_entries(CHAIN, 1, 100).await.unwrap().iter().map(|entry| entry.seq).collect()
}

async fn the_oldest_rows_are_destroyed_and_the_rest_verifies(fixture: Arc<Fixture>) {
    let store = one_chain(&fixture).await;
    ten_events(&store).await;
    assert_eq!(store.expired_audit(Trail::Access, second_of(1)).await, Ok(vec![]));
    let same = store.expired_audit(Trail::Access, second_of(4)).await.unwrap().remove(0);
    destroy(&store, second_of(4)).await;
    assert_eq!(places(&store).await, (4..=11).collect::<Vec<_>>(), "of before the moment, not at it");
    let again = Write::DestroyAudit { expired: same, audit: audit(AuditAction::Retention, Subject::None) };
    assert_eq!(store.commit(again).await, Err(StoreError::Missing("audit rows to destroy")));
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;

    let store = one_chain(&fixture).await;
    ten_events(&store).await;
    destroy(&store, second_of(6)).await;
    let report = store.verify_audit().await.unwrap();
    assert!(report.is_intact());
    assert_eq!(report.chains[0].entries, 17, "rows 6 to 22");
    assert_eq!(places(&store).await, (6..=22).collect::<Vec<_>>());
    store.close().await;
}

async fn a_chain_without_rows_goes_on(fixture: Arc<Fixture>) {
    let server = one_chain(&fixture).await;
    ten_events(&server).await;
    let beside = Store::attach(&fixture.options(), &fixture.keys).await.unwrap();
    let expired = server.expired_audit(Trail::Access, second_of(11)).await.unwrap().remove(0);
    let event = NewAudit { at: second_of(11), ..audit(AuditAction::Retention, Subject::None) };
    beside.commit(Write::DestroyAudit { expired, audit: event }).await.unwrap();
    beside.close().await;
    assert_eq!(places(&server).await, [0; 0]);
    assert!(server.verify_audit().await.unwrap().is_intact());
    server.close().await;

    let server = one_chain(&fixture).await;
    server.commit(Write::Audit(vec![audit(AuditAction::AnomalyView, Subject::None)])).await.unwrap();
    assert_eq!(places(&server).await, [11]);
    assert!(server.verify_audit().await.unwrap().is_intact());
    server.close().await;
}

async fn a_row_removed_after_a_destruction_is_found(fixture: Arc<Fixture>) {
    let store = one_chain(&fixture).await;
    ten_events(&store).await;
    destroy(&store, second_of(4)).await;
    for (damage, broken) in [("seq = 11", 11), ("seq = 7", 7), ("seq = 4", 4), ("seq > 4", 4)] {
        fixture.execute(&format!("DELETE FROM audit WHERE {damage}")).await;
        let report = store.verify_audit().await.unwrap();
        assert_eq!(report.chains[0].broken, Some(AuditBreak::Missing(broken)), "{damage}");
    }
    store.close().await;
}

/// Somebody who may write to the database but has not the key computes plain hashes, as a former version did.
async fn a_chain_that_was_rewritten_without_the_key_is_found(fixture: Arc<Fixture>) {
    let store = one_chain(&fixture).await;
    ten_events(&store).await;
    store.close().await;
    // The whole chain, head included, as another installation would have written it.
    let other = Fixture::sqlite();
    let forger = Store::open(&other.options(), &keys(9)).await.unwrap();
    forger.migrate().await.unwrap();
    ten_events(&forger).await;
    forger.close().await;
    for (seq, hash) in (1..).zip(other.blobs("SELECT hash FROM audit ORDER BY seq").await) {
        let hash = fixture.literal(&hash);
        assert_eq!(fixture.execute(&format!("UPDATE audit SET hash = {hash} WHERE seq = {seq}")).await, 1);
        fixture.execute(&format!("UPDATE audit_chain SET hash = {hash}")).await;
    }
    let store = one_chain(&fixture).await;
    assert_eq!(store.verify_audit().await.unwrap().chains[0].broken, Some(AuditBreak::Changed(1)));
    store.close().await;
}

async fn each_row_is_checked_under_the_key_version_that_it_names(fixture: Arc<Fixture>) {
    let store = one_chain(&fixture).await;
    ten_events(&store).await;
    store.close().await;
    let mut rotated = fixture.keys.clone();
    rotated.rotate(&mut random(7)).unwrap();
    let mut options = fixture.options();
    options.committers = 1;
    let store = Store::open(&options, &rotated).await.unwrap();
    ten_events(&store).await;
    let report = store.verify_audit().await.unwrap();
    assert!(report.is_intact());
    assert_eq!(report.chains[0].entries, 20);
    assert_eq!(fixture.execute("UPDATE audit SET key_version = 1 WHERE seq = 15").await, 1);
    assert_eq!(store.verify_audit().await.unwrap().chains[0].broken, Some(AuditBreak::Changed(15)));
    assert_eq!(fixture.execute("UPDATE audit SET key_version = 3 WHERE seq = 15").await, 1);
    assert_eq!(store.verify_audit().await.unwrap().chains[0].broken, Some(AuditBreak::Changed(15)));
    store.close().await;
}

async fn events_about_rights_have_a_chain_and_a_period_of_their_own(fixture: Arc<Fixture>) {
    let store = one_chain(&fixture).await;
    let both =
        vec![audit(AuditAction::KeyIssue, Subject::None), audit(AuditAction::AnomalyView, Subject::None)];
    store.commit(Write::Audit(both)).await.unwrap();
    store.commit(Write::Audit(vec![audit(AuditAction::KeyRevoke, Subject::None)])).await.unwrap();
    let report = store.verify_audit().await.unwrap();
    let chains: Vec<_> = report.chains.iter().map(|chain| (chain.chain.as_str(), chain.entries)).collect();
    assert_eq!(chains, [(CHAIN, 1), ("rights.node-0", 2)]);

    let access = store.expired_audit(Trail::Access, second_of(1)).await.unwrap();
    let rights = store.expired_audit(Trail::Rights, second_of(1)).await.unwrap();
    assert_eq!((access.len(), rights.len()), (1, 1));
    for expired in access {
        let event = NewAudit { at: second_of(10), ..audit(AuditAction::Retention, Subject::None) };
        store.commit(Write::DestroyAudit { expired, audit: event }).await.unwrap();
    }
    assert_eq!(store.audit_entries("rights.node-0", 1, 10).await.unwrap().len(), 2);
    store.close().await;

    let store = one_chain(&fixture).await;
    store.commit(Write::Audit(vec![audit(AuditAction::KeyIssue, Subject::None)])).await.unwrap();
    let report = store.verify_audit().await.unwrap();
    assert!(report.is_intact());
    assert_eq!(report.chains[1].entries, 3, "the chain goes on after a restart");
    store.close().await;
}

async fn a_page_of_people_is_one_row(fixture: Arc<Fixture>) {
    let store = one_chain(&fixture).await;
    let people: Vec<[u8; 16]> = (0..3).map(|number| [number; 16]).collect();
    let event = audit(AuditAction::RentalHistory, Subject::People(people.clone()));
    store.commit(Write::Audit(vec![event])).await.unwrap();
    let entries = store.audit_entries(CHAIN, 1, 10).await.unwrap();
    assert_eq!((entries.len(), &entries[0].people, entries[0].subject_hash), (1, &people, None));
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;
}
