//! The trail as people read it: all chains together, filtered.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rims_domain::audit::Trail;
use rims_domain::{AccountId, Actor, AuditAction, CredentialId, Environment, OperatorName};
use rims_store::{AuditOrder, AuditQuery, NewAudit, Store, Subject, Write};

use crate::fixture::{Fixture, audit, licence, now, on_both_engines, store_verifications, verification};

on_both_engines![
    chains_are_read_together_in_the_order_of_time,
    each_filter_takes_what_it_names,
    a_verification_is_found_in_its_sheet,
    more_than_a_page_is_read_in_both_orders,
    the_order_goes_on_over_a_destruction,
];

fn second(number: i64) -> Timestamp {
    now() + SignedDuration::from_secs(number)
}

async fn store_event(store: &Store, number: i64, event: NewAudit) {
    let event = NewAudit { at: second(number), reference: number, ..event };
    store.commit(Write::Audit(vec![event])).await.unwrap();
}

/// The references of the events that a query takes.
async fn read(store: &Store, query: AuditQuery) -> Vec<i64> {
    let mut reader = store.read_audit(query).await.unwrap();
    let mut found = Vec::new();
    while let Some(event) = reader.next().await.unwrap() {
        found.push(event.reference);
    }
    found
}

async fn chains_are_read_together_in_the_order_of_time(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    for number in 1..=6 {
        let action = if number % 2 == 0 { AuditAction::KeyIssue } else { AuditAction::AnomalyView };
        store_event(&store, number, audit(action, Subject::None)).await;
    }
    let command = Store::attach(&fixture.options(), &fixture.keys).await.unwrap();
    store_event(&command, 7, audit(AuditAction::Backup, Subject::None)).await;
    command.close().await;
    assert_eq!(read(&store, AuditQuery::default()).await, [1, 2, 3, 4, 5, 6, 7]);
    let newest = AuditQuery { order: AuditOrder::NewestFirst, ..AuditQuery::default() };
    assert_eq!(read(&store, newest).await, [7, 6, 5, 4, 3, 2, 1]);
    let rights = AuditQuery { trail: Some(Trail::Rights), ..AuditQuery::default() };
    assert_eq!(read(&store, rights).await, [2, 4, 6]);
    store.close().await;
}

async fn each_filter_takes_what_it_names(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let operator = Actor::Operator(OperatorName::parse("홍길동").unwrap());
    let driver = Subject::Licence(licence("221212121212"));
    let hash = store.subject_hash(&driver).unwrap();
    let plain = || audit(AuditAction::AnomalyView, Subject::None);
    store_event(&store, 1, NewAudit { actor: operator.clone(), ..plain() }).await;
    store_event(&store, 2, NewAudit { company: Some(AccountId(77)), ..plain() }).await;
    store_event(&store, 3, NewAudit { environment: Some(Environment::Operations), ..plain() }).await;
    store_event(&store, 4, NewAudit { outcome: "-140".to_owned(), ..plain() }).await;
    store_event(&store, 5, audit(AuditAction::AnomalyView, driver)).await;
    store_event(&store, 6, audit(AuditAction::RentalHistory, Subject::People(vec![[1; 16], hash]))).await;
    store_event(&store, 7, NewAudit { actor: Actor::Credential(CredentialId(9)), ..plain() }).await;
    let any = AuditQuery::default;
    for (query, expected) in [
        (AuditQuery { actor: Some(operator), ..any() }, vec![1]),
        (AuditQuery { company: Some(AccountId(77)), ..any() }, vec![2]),
        (AuditQuery { environment: Some(Environment::Operations), ..any() }, vec![3]),
        (AuditQuery { outcome: Some("-140".to_owned()), ..any() }, vec![4]),
        (AuditQuery { person: Some(hash), ..any() }, vec![5, 6]),
        (AuditQuery { actions: vec![AuditAction::RentalHistory, AuditAction::KeyIssue], ..any() }, vec![6]),
        (AuditQuery { actor: Some(Actor::Credential(CredentialId(9))), ..any() }, vec![7]),
        (AuditQuery { from: Some(second(3)), until: Some(second(5)), ..any() }, vec![3, 4]),
        (AuditQuery { from: Some(second(8)), ..any() }, vec![]),
    ] {
        assert_eq!(read(&store, query.clone()).await, expected, "{query:?}");
    }
    store.close().await;
}

/// The sheet's row has the time of its latest verification; the one asked for is earlier.
async fn a_verification_is_found_in_its_sheet(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let rows = vec![
        verification(&store, second(1), "221212121212"),
        verification(&store, second(30), "111111111101"),
    ];
    let first = rows[0].id;
    store_verifications(&store, rows).await;
    let hash = store.subject_hash(&Subject::Licence(licence("221212121212")));
    let bounds = AuditQuery { from: Some(second(0)), until: Some(second(2)), ..AuditQuery::default() };
    assert_eq!(read(&store, bounds).await, [first]);
    assert_eq!(read(&store, AuditQuery { person: hash, ..AuditQuery::default() }).await, [first]);
    store.close().await;
}

async fn more_than_a_page_is_read_in_both_orders(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let event = |number| NewAudit {
        at: second(number),
        reference: number,
        ..audit(AuditAction::AnomalyView, Subject::None)
    };
    store.commit(Write::Audit((1..=450).map(event).collect())).await.unwrap();
    let mut expected: Vec<i64> = (1..=450).collect();
    assert_eq!(read(&store, AuditQuery::default()).await, expected);
    expected.reverse();
    let newest = AuditQuery { order: AuditOrder::NewestFirst, ..AuditQuery::default() };
    assert_eq!(read(&store, newest).await, expected);
    store.close().await;
}

async fn the_order_goes_on_over_a_destruction(fixture: Arc<Fixture>) {
    let store = fixture.store_with(&one_committer(&fixture)).await;
    for number in 1..=4 {
        store_event(&store, number, audit(AuditAction::AnomalyView, Subject::None)).await;
    }
    for expired in store.expired_audit(Trail::Access, second(3)).await.unwrap() {
        let event = NewAudit { at: second(9), ..audit(AuditAction::Retention, Subject::None) };
        store.commit(Write::DestroyAudit { expired, audit: event }).await.unwrap();
    }
    assert_eq!(read(&store, AuditQuery::default()).await, [3, 4, 0]);
    store.close().await;
}

fn one_committer(fixture: &Fixture) -> rims_store::Options {
    let mut options = fixture.options();
    options.committers = 1;
    options
}
