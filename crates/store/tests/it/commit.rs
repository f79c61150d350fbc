//! Group commit as callers see it.

use std::collections::BTreeSet;
use std::sync::Arc;

use rims_domain::{AccountId, AuditAction, Environment};
use rims_store::{Constraint, NewVerification, Store, StoreError, Subject, Write};
use tokio::task::JoinSet;

use crate::fixture::{Fixture, account, audit, audit_events, now, on_both_engines, verification};

on_both_engines![
    concurrent_commits_are_all_there_exactly_once,
    a_bad_write_fails_alone,
    a_caller_that_stops_waiting_changes_nothing,
    a_full_queue_refuses_and_recovers,
    closing_commits_what_is_queued_and_refuses_the_rest,
    nothing_to_write_is_no_work,
];

fn one(row: NewVerification) -> Write {
    Write::Verifications { rows: vec![row] }
}

async fn stored_ids(store: &Store) -> BTreeSet<i64> {
    let found = store.verifications_of(AccountId(1), Environment::Development, 100_000).await.unwrap();
    let ids: BTreeSet<i64> = found.iter().map(|record| record.id).collect();
    assert_eq!(ids.len(), found.len());
    ids
}

async fn concurrent_commits_are_all_there_exactly_once(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mut tasks = JoinSet::new();
    for number in 0..2_000 {
        let store = store.clone();
        tasks.spawn(async move {
            let row = verification(&store, now(), &format!("{number:012}"));
            let id = row.id;
            store.commit(one(row)).await.map(|()| id)
        });
    }
    let ids: Result<BTreeSet<i64>, _> = tasks.join_all().await.into_iter().collect();
    let ids = ids.unwrap();
    assert_eq!(ids.len(), 2_000);
    assert_eq!(stored_ids(&store).await, ids);
    assert_eq!(audit_events(&store).await, 2_000);
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;
}

async fn a_bad_write_fails_alone(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let taken = verification(&store, now(), "221212121212");
    let user = fixture.account(&store, "s01").await;
    store.commit(one(taken.clone())).await.unwrap();
    let mut tasks = JoinSet::new();
    for number in 0..50 {
        let write = match number {
            20 => one(taken.clone()),
            30 => Write::CreateAccount {
                account: account(store.next_id(now()), user.user_id.as_str()),
                audit: audit(AuditAction::AccountCreate, Subject::None),
            },
            40 => Write::SetApproval {
                account: AccountId(404),
                before: user.approval,
                approval: user.approval,
                audit: audit(AuditAction::AccountStatus, Subject::None),
            },
            _ => one(verification(&store, now(), &format!("{number:012}"))),
        };
        let store = store.clone();
        tasks.spawn(async move { (number, store.commit(write).await) });
    }
    for (number, result) in tasks.join_all().await {
        let expected = match number {
            20 | 30 => Err(StoreError::Conflict(Constraint::Unique)),
            40 => Err(StoreError::Missing("account in that state")),
            _ => Ok(()),
        };
        assert_eq!(result, expected, "write {number}");
    }
    assert_eq!(stored_ids(&store).await.len(), 48);
    assert_eq!(audit_events(&store).await, 49, "refused writes leave no event");
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;
}

async fn a_caller_that_stops_waiting_changes_nothing(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mut tasks = JoinSet::new();
    for number in 0..200 {
        let store = store.clone();
        let write = one(verification(&store, now(), &format!("{number:012}")));
        tasks.spawn(async move { store.commit(write).await });
    }
    tasks.abort_all();
    while tasks.join_next().await.is_some() {}
    store.commit(one(verification(&store, now(), "221212121212"))).await.unwrap();
    store.close().await;

    let store = fixture.store().await;
    let stored = stored_ids(&store).await;
    assert!(!stored.is_empty() && audit_events(&store).await == stored.len());
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;
}

async fn a_full_queue_refuses_and_recovers(fixture: Arc<Fixture>) {
    let mut options = fixture.options();
    options.queue = 4;
    let store = fixture.store_with(&options).await;
    let mut tasks = JoinSet::new();
    for number in 0..400 {
        let store = store.clone();
        let write = one(verification(&store, now(), &format!("{number:012}")));
        tasks.spawn(async move { store.commit(write).await });
    }
    let results = tasks.join_all().await;
    let stored = results.iter().filter(|result| result.is_ok()).count();
    let refused = results.iter().filter(|result| **result == Err(StoreError::Overloaded)).count();
    assert_eq!(stored + refused, 400, "{results:?}");
    assert!(stored > 0 && refused > 0, "{stored} stored, {refused} refused");
    assert_eq!(stored_ids(&store).await.len(), stored);
    store.commit(one(verification(&store, now(), "221212121212"))).await.unwrap();
    store.close().await;
}

async fn closing_commits_what_is_queued_and_refuses_the_rest(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mut tasks = JoinSet::new();
    for number in 0..500 {
        let store = store.clone();
        let write = one(verification(&store, now(), &format!("{number:012}")));
        tasks.spawn(async move { store.commit(write).await });
    }
    tokio::task::yield_now().await;
    store.close().await;
    let results = tasks.join_all().await;
    let committed = results.iter().filter(|result| result.is_ok()).count();
    assert!(results.iter().all(|result| matches!(result, Ok(()) | Err(StoreError::Unavailable))));
    assert_eq!(
        store.commit(one(verification(&store, now(), "221212121212"))).await,
        Err(StoreError::Unavailable)
    );
    assert_eq!(fixture.count("verification").await, i64::try_from(committed).unwrap());
}

async fn nothing_to_write_is_no_work(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    store.commit(Write::Verifications { rows: Vec::new() }).await.unwrap();
    store.commit(Write::Audit(Vec::new())).await.unwrap();
    store.commit(Write::IssueCredentials(Vec::new())).await.unwrap();
    assert_eq!(fixture.count("audit").await, 0);
    store.close().await;
}
