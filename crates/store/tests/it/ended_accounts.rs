//! What ends with an account, and what is left of it (docs/operations.md, Retention).

use std::sync::Arc;

use jiff::Timestamp;
use rims_domain::vehicle::Sighting;
use rims_domain::{Account, AccountId, AuditAction, CredentialId, Environment};
use rims_protocol::codes::{AccountStatus, Approval};
use rims_protocol::values::Plate;
use rims_store::{Expired, NewAudit, Store, Subject, TokenHash, Write};

use crate::fixture::{Fixture, Place, account, at, audit, now, on_both_engines};
use crate::samples::{endpoint, event, message, milliseconds};

on_both_engines![
    an_account_that_ended_is_a_number_afterwards,
    an_account_ends_once,
    keys_that_ended_are_destroyed_with_their_tokens,
    webhooks_that_ended_are_destroyed_with_what_they_were_told,
    delegations_that_ended_are_destroyed,
    graces_are_destroyed_by_their_beginning,
];

/// What ended before this moment is past its period.
fn past() -> Timestamp {
    at("2026-03-10T00:00:00+09:00")
}

/// Moments just before and at the limit.
fn moments() -> [Timestamp; 2] {
    [past() - milliseconds(1), past()]
}

fn event_at(moment: Timestamp) -> NewAudit {
    NewAudit { at: moment, ..audit(AuditAction::AccountStatus, Subject::None) }
}

async fn withdraw(store: &Store, account: &Account, moment: Timestamp) {
    let (before, status) = (account.status, AccountStatus::Withdrawn);
    let write = Write::SetAccountStatus { account: account.id, before, status, audit: event_at(moment) };
    store.commit(write).await.unwrap();
}

/// Destroys until nothing is left to destroy.
async fn destroy(store: &Store, expired: Expired) {
    assert_eq!(store.has_expired(expired).await, Ok(true));
    while store.has_expired(expired).await.unwrap() {
        store.commit(Write::Destroy { expired, audit: event() }).await.unwrap();
    }
    assert!(store.verify_audit().await.unwrap().is_intact());
}

async fn user_ids(store: &Store) -> Vec<String> {
    let accounts = store.accounts().await.unwrap();
    accounts.iter().map(|account| account.user_id.to_string()).collect()
}

async fn an_account_that_ended_is_a_number_afterwards(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let [old, young, used] = [0, 1, 2].map(|number| format!("s0{number}"));
    let old_account = fixture.account(&store, &old).await;
    let young_account = fixture.account(&store, &young).await;
    fixture.account(&store, &used).await;
    for (account, moment) in [&old_account, &young_account].into_iter().zip(moments()) {
        withdraw(&store, account, moment).await;
    }
    destroy(&store, Expired::Accounts(past())).await;
    assert_eq!(user_ids(&store).await, [young, used]);
    assert_eq!(store.account_by_user_id(&old).await, Ok(None));
    let left = store.account(old_account.id).await.unwrap().unwrap();
    assert_eq!(
        (left.id, left.kind, left.status),
        (old_account.id, old_account.kind, AccountStatus::Withdrawn)
    );
    assert!(!left.is_usable());
    for (is_gone, text) in [(&left.company, &old_account.company), (&left.user_id.to_string(), &old)] {
        assert_ne!(is_gone, text);
    }
    assert_ne!(left.brno, old_account.brno);
    let identity = "account WHERE user_id IS NULL AND brno IS NULL AND company IS NULL";
    assert_eq!(fixture.count(identity).await, 1);
    // Its name is free again, and is another account's then.
    let anew = fixture.account(&store, &old).await;
    assert_ne!(anew.id, old_account.id);
    store.close().await;
}

async fn an_account_ends_once(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let rejected = fixture.account(&store, "s01").await;
    let before = rejected.approval;
    let [first, later] = moments();
    let audit = event_at(first);
    let reject = Write::SetApproval { account: rejected.id, before, approval: Approval::Rejected, audit };
    store.commit(reject).await.unwrap();
    withdraw(&store, &rejected, later).await;
    let suspended = fixture.account(&store, "s02").await;
    let (before, status) = (suspended.status, AccountStatus::Suspended);
    let write = Write::SetAccountStatus { account: suspended.id, before, status, audit: event_at(first) };
    store.commit(write).await.unwrap();
    let deleted = Account { status: AccountStatus::Deleted, ..account(store.next_id(first), "s03") };
    store.commit(Write::CreateAccount { account: deleted, audit: event_at(first) }).await.unwrap();
    destroy(&store, Expired::Accounts(past())).await;
    assert_eq!(user_ids(&store).await, ["s02"], "a suspended account may come back");
    store.close().await;
}

async fn revoke(store: &Store, credential: CredentialId, moment: Timestamp) {
    store.commit(Write::RevokeCredential { credential, audit: event_at(moment) }).await.unwrap();
}

async fn token(store: &Store, credential: CredentialId, text: &str) -> TokenHash {
    let hash = TokenHash::of(text);
    let expires = now() + milliseconds(1);
    store.commit(Write::Token { hash, credential, issued: now(), expires }).await.unwrap();
    hash
}

async fn keys_that_ended_are_destroyed_with_their_tokens(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let [used, gone] = [fixture.account(&store, "s01").await, fixture.account(&store, "s02").await];
    let mut keys = Vec::new();
    for owner in [&used, &used, &used, &gone] {
        keys.push(fixture.credential(&store, owner.id).await.0.id);
    }
    for (key, moment) in keys.iter().zip(moments()) {
        revoke(&store, *key, moment).await;
    }
    withdraw(&store, &gone, moments()[0]).await;
    let lost = token(&store, keys[0], "lost").await;
    let held = token(&store, keys[2], "held").await;
    destroy(&store, Expired::Credentials(past())).await;
    let left: Vec<_> = store.credentials_of(used.id).await.unwrap().iter().map(|key| key.id).collect();
    assert_eq!(left, keys[1..3]);
    assert_eq!(store.credentials_of(gone.id).await.unwrap(), []);
    assert_eq!(store.token(&lost).await, Ok(None));
    assert!(store.token(&held).await.unwrap().is_some());
    store.close().await;
}

async fn webhooks_that_ended_are_destroyed_with_what_they_were_told(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let [used, gone] = [fixture.account(&store, "s01").await, fixture.account(&store, "s02").await];
    let url = |number| format!("https://example.com/{number}");
    let mut endpoints = Vec::new();
    for (number, owner) in [&used, &used, &used, &gone].into_iter().enumerate() {
        endpoints.push(endpoint(&store, owner.id, &url(number)).await);
    }
    let told = |company, count: usize| {
        Write::Together((0..count).map(|_| Write::Tell(message(&store, company, now()))).collect())
    };
    store.commit(told(used.id, 501)).await.unwrap();
    store.commit(told(gone.id, 1)).await.unwrap();
    for (endpoint, moment) in endpoints.iter().zip(moments()) {
        store.commit(Write::DisableEndpoint { endpoint: *endpoint, audit: event_at(moment) }).await.unwrap();
    }
    withdraw(&store, &gone, moments()[0]).await;
    destroy(&store, Expired::Webhooks(past())).await;
    let left: Vec<_> = store.endpoints(used.id).await.unwrap().iter().map(|one| one.id).collect();
    assert_eq!(left, endpoints[1..3]);
    assert_eq!(store.endpoints(gone.id).await.unwrap(), []);
    assert_eq!(fixture.count("webhook_message").await, 2 * 501);
    store.close().await;
}

async fn delegations_that_ended_are_destroyed(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mut accounts = Vec::new();
    for number in 0..6 {
        accounts.push(fixture.account(&store, &format!("s0{number}")).await);
    }
    let [owner, revoked, recent, kept, gone, owner_gone] = [0, 1, 2, 3, 4, 5].map(|place| accounts[place].id);
    for (owner, delegate) in
        [(owner, revoked), (owner, recent), (owner, kept), (owner, gone), (owner_gone, kept)]
    {
        store.commit(Write::GrantDelegation { owner, delegate, audit: event() }).await.unwrap();
    }
    for (delegate, moment) in [revoked, recent].into_iter().zip(moments()) {
        let audit = event_at(moment);
        store.commit(Write::RevokeDelegation { owner, delegate, audit }).await.unwrap();
    }
    for ended in [&accounts[4], &accounts[5]] {
        withdraw(&store, ended, moments()[0]).await;
    }
    destroy(&store, Expired::Delegations(past())).await;
    assert_eq!(fixture.count("delegation").await, 2);
    assert_eq!(store.has_delegated(owner, kept).await, Ok(true));
    assert_eq!(fixture.count(&format!("delegation WHERE delegate_id = {}", recent.0)).await, 1);
    store.close().await;
}

async fn graces_are_destroyed_by_their_beginning(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let (company, environment) = (AccountId(1), Environment::Operations);
    let plates = ["12하1234", "12하1235"].map(|text| Plate::parse(text).unwrap());
    for (plate, at) in plates.iter().cloned().zip(moments()) {
        let sighting = Sighting::Unmatched;
        store.commit(Write::Sighting { company, environment, plate, at, sighting }).await.unwrap();
    }
    destroy(&store, Expired::Graces(past())).await;
    let started = async |plate| store.grace_started(company, environment, plate).await.unwrap();
    assert_eq!((started(&plates[0]).await, started(&plates[1]).await), (None, Some(past())));
    store.close().await;
}

/// Of SQLite, whose file a copy of the disk shows.
#[tokio::test]
async fn what_an_account_was_is_overwritten() {
    let fixture = Fixture::sqlite();
    let store = fixture.store().await;
    let gone =
        Account { company: "사라질렌트카".to_owned(), ..account(store.next_id(now()), "vanishing") };
    store.commit(Write::CreateAccount { account: gone.clone(), audit: event() }).await.unwrap();
    withdraw(&store, &gone, moments()[0]).await;
    destroy(&store, Expired::Accounts(past())).await;
    store.close().await;
    let Place::Sqlite(_) = &fixture.place else { unreachable!() };
    let bytes = std::fs::read(fixture.file()).unwrap();
    for text in [gone.company.as_str(), gone.user_id.as_str(), gone.brno.as_str()] {
        assert!(!crate::fixture::contains(&bytes, text), "{text}");
    }
}
