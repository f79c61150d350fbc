//! Accounts, keys, tokens, delegations.

use std::sync::Arc;

use rims_domain::{AccountId, AuditAction, Credential, CredentialId, Environment};
use rims_protocol::codes::{AccountStatus, Approval};
use rims_store::{Constraint, StoreError, Subject, TokenHash, Write};

use crate::fixture::{Fixture, account, at, audit, now, on_both_engines};

on_both_engines![
    accounts_are_found_and_changed,
    a_user_id_exists_once,
    keys_are_found_by_hash_and_decrypted,
    keys_are_approved_bound_and_revoked,
    keys_are_issued_all_or_none,
    a_key_is_replaced_in_one_write,
    tokens_are_found_until_forgotten,
    delegations_are_granted_and_revoked,
    a_delegate_finds_who_has_delegated,
    changes_of_nothing_are_refused,
    wiping_leaves_nothing_and_the_store_works,
];

async fn accounts_are_found_and_changed(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let first = fixture.account(&store, "s01").await;
    let second = fixture.account(&store, "s02").await;
    assert_eq!(store.account(first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(store.account_by_user_id("s02").await.unwrap(), Some(second.clone()));
    assert_eq!(store.account_by_user_id("s03").await.unwrap(), None);
    assert_eq!(store.accounts().await.unwrap(), [first.clone(), second]);

    let event = || audit(AuditAction::AccountStatus, Subject::User(first.user_id.clone()));
    let (approval, status) = (Approval::Rejected, AccountStatus::Suspended);
    let decided = |before| Write::SetApproval { account: first.id, before, approval, audit: event() };
    let moved = |before| Write::SetAccountStatus { account: first.id, before, status, audit: event() };
    // Decided for a state that it is no longer in: another command was faster.
    for late in [decided(Approval::Rejected), moved(AccountStatus::Withdrawn)] {
        assert_eq!(store.commit(late).await, Err(StoreError::Missing("account in that state")));
    }
    assert_eq!(store.account(first.id).await.unwrap(), Some(first.clone()));
    for in_time in [decided(first.approval), moved(first.status)] {
        store.commit(in_time).await.unwrap();
    }
    let changed = store.account(first.id).await.unwrap().unwrap();
    assert_eq!((changed.approval, changed.status), (approval, status));
    store.close().await;
}

async fn a_user_id_exists_once(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let first = fixture.account(&store, "s01").await;
    let again = account(store.next_id(now()), "s01");
    let write =
        Write::CreateAccount { account: again, audit: audit(AuditAction::AccountCreate, Subject::None) };
    assert_eq!(store.commit(write).await, Err(StoreError::Conflict(Constraint::Unique)));
    assert_eq!(store.accounts().await.unwrap(), [first]);
    assert_eq!(fixture.count("audit").await, 1, "the refused write left no event");
    store.close().await;
}

async fn keys_are_found_by_hash_and_decrypted(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let account = fixture.account(&store, "s01").await;
    let (credential, auth_key, secret_key) = fixture.credential(&store, account.id).await;
    let by_key = store.credential_by_auth_key(&auth_key).await.unwrap().unwrap();
    assert_eq!((&by_key.credential, &by_key.account), (&credential, &account));
    assert_eq!(by_key.secret_key.as_str(), secret_key);
    let by_id = store.credential(credential.id).await.unwrap().unwrap();
    assert_eq!(by_id.credential, credential);
    assert!(store.credential_by_auth_key("nobody's").await.unwrap().is_none());
    assert!(!format!("{by_id:?}").contains("secret"), "Debug shows no Secret Key");
    store.close().await;
}

async fn keys_are_approved_bound_and_revoked(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let account = fixture.account(&store, "s01").await;
    let (credential, ..) = fixture.credential(&store, account.id).await;
    let id = credential.id;
    let event = || audit(AuditAction::KeyAllow, Subject::None);
    let allowed_ips: Vec<_> = ["10.0.0.0/8", "2001:db8::/32"].map(|text| text.parse().unwrap()).into();

    store.commit(Write::ApproveCredential { credential: id, audit: event() }).await.unwrap();
    let write = Write::SetAllowedIps { credential: id, allowed_ips: allowed_ips.clone(), audit: event() };
    store.commit(write).await.unwrap();
    store.commit(Write::RevokeCredential { credential: id, audit: event() }).await.unwrap();
    let expected = Credential { approved: true, revoked: true, allowed_ips, ..credential };
    assert_eq!(store.credentials_of(account.id).await.unwrap(), [expected]);

    let again = store.commit(Write::RevokeCredential { credential: id, audit: event() }).await;
    assert!(matches!(again, Err(StoreError::Missing(_))));
    store.close().await;
}

async fn keys_are_issued_all_or_none(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let account = fixture.account(&store, "s01").await.id;
    let events = fixture.count("audit").await;
    let both = [Environment::Development, Environment::Operations];
    let pair = || both.map(|environment| fixture.new_credential(&store, account, environment));

    let [first, mut second] = pair();
    second.auth_key = first.auth_key.clone();
    let refused = store.commit(Write::IssueCredentials(vec![first, second])).await;
    assert_eq!(refused, Err(StoreError::Conflict(Constraint::Unique)));
    assert_eq!(store.credentials_of(account).await.unwrap(), []);
    assert_eq!(fixture.count("audit").await, events, "refused writes leave no event");

    let pair = pair();
    let expected = pair.each_ref().map(|new| new.credential.clone());
    store.commit(Write::IssueCredentials(pair.into())).await.unwrap();
    assert_eq!(store.credentials_of(account).await.unwrap(), expected);
    assert_eq!(fixture.count("audit").await, events + 2);
    store.close().await;
}

async fn a_key_is_replaced_in_one_write(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let account = fixture.account(&store, "s01").await.id;
    let (first, first_key, _) = fixture.credential(&store, account).await;
    let (other, other_key, _) = fixture.credential(&store, account).await;
    let events = fixture.count("audit").await;
    let new = || Box::new(fixture.new_credential(&store, account, Environment::Development));
    let replace =
        |new, old| Write::ReplaceCredential { new, old, audit: audit(AuditAction::KeyRevoke, Subject::None) };

    let mut taken = new();
    taken.auth_key = other_key.into();
    let refused = store.commit(replace(taken, first.id)).await;
    assert_eq!(refused, Err(StoreError::Conflict(Constraint::Unique)));
    let stored = store.credentials_of(account).await.unwrap();
    assert_eq!(stored, [first.clone(), other.clone()], "the old key still works");

    let second = new();
    let (replaced, auth_key) = (second.credential.clone(), second.auth_key.clone());
    store.commit(replace(second, first.id)).await.unwrap();
    let again = store.commit(replace(new(), first.id)).await;
    assert_eq!(again, Err(StoreError::Missing("unrevoked credential")));
    let revoked = Credential { revoked: true, ..first };
    assert_eq!(store.credentials_of(account).await.unwrap(), [revoked.clone(), other, replaced.clone()]);
    let by_key = async |key| store.credential_by_auth_key(key).await.unwrap().unwrap().credential;
    assert_eq!((by_key(&first_key).await, by_key(&auth_key).await), (revoked, replaced));
    assert_eq!(fixture.count("audit").await, events + 2, "one of the revocation, one of the issue");
    store.close().await;
}

async fn tokens_are_found_until_forgotten(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let account = fixture.account(&store, "s01").await;
    let (credential, ..) = fixture.credential(&store, account.id).await;
    let (early, late) = (at("2026-03-02T12:00:00Z"), at("2026-03-02T13:00:00Z"));
    for (token, expires) in [("first", early), ("second", late)] {
        let hash = TokenHash::of(token);
        let write = Write::Token { hash, credential: credential.id, issued: now(), expires };
        store.commit(write).await.unwrap();
        let record = store.token(&hash).await.unwrap().unwrap();
        assert_eq!((record.credential, record.expires), (credential.id, expires));
    }
    assert_eq!(store.token(&TokenHash::of("third")).await.unwrap(), None);

    store.commit(Write::ForgetTokens { expired_before: late }).await.unwrap();
    assert_eq!(store.token(&TokenHash::of("first")).await.unwrap(), None);
    assert!(store.token(&TokenHash::of("second")).await.unwrap().is_some());
    store.close().await;
}

async fn delegations_are_granted_and_revoked(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let owner = fixture.account(&store, "s01").await.id;
    let delegate = fixture.account(&store, "platform").await.id;
    let event = || audit(AuditAction::DelegationGrant, Subject::None);
    assert_eq!(store.has_delegated(owner, delegate).await, Ok(false));
    for _ in 0..2 {
        store.commit(Write::GrantDelegation { owner, delegate, audit: event() }).await.unwrap();
        assert_eq!(store.has_delegated(owner, delegate).await, Ok(true));
        assert_eq!(store.has_delegated(delegate, owner).await, Ok(false));
        store.commit(Write::RevokeDelegation { owner, delegate, audit: event() }).await.unwrap();
        assert_eq!(store.has_delegated(owner, delegate).await, Ok(false));
    }
    let again = store.commit(Write::RevokeDelegation { owner, delegate, audit: event() }).await;
    assert_eq!(again, Err(StoreError::Missing("delegation")));
    store.close().await;
}

async fn a_delegate_finds_who_has_delegated(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let first = fixture.account(&store, "s01").await;
    let second = fixture.account(&store, "s02").await;
    let delegate = fixture.account(&store, "platform").await.id;
    let other = fixture.account(&store, "other").await.id;
    let event = || audit(AuditAction::DelegationGrant, Subject::None);
    for (owner, delegate) in [(second.id, delegate), (first.id, delegate), (first.id, other)] {
        store.commit(Write::GrantDelegation { owner, delegate, audit: event() }).await.unwrap();
    }
    assert_eq!(store.delegators(delegate).await.unwrap(), [first.clone(), second.clone()]);
    assert_eq!(store.delegators(other).await.unwrap(), std::slice::from_ref(&first));
    assert_eq!(store.delegators(first.id).await.unwrap(), []);
    store.commit(Write::RevokeDelegation { owner: first.id, delegate, audit: event() }).await.unwrap();
    assert_eq!(store.delegators(delegate).await.unwrap(), [second]);
    store.close().await;
}

async fn changes_of_nothing_are_refused(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let event = || audit(AuditAction::AnomalyView, Subject::None);
    let (account, credential) = (AccountId(404), CredentialId(404));
    for write in [
        Write::SetApproval {
            account,
            before: Approval::Requested,
            approval: Approval::Approved,
            audit: event(),
        },
        Write::SetAccountStatus {
            account,
            before: AccountStatus::Normal,
            status: AccountStatus::Locked,
            audit: event(),
        },
        Write::ApproveCredential { credential, audit: event() },
        Write::SetAllowedIps { credential, allowed_ips: Vec::new(), audit: event() },
    ] {
        assert!(matches!(store.commit(write).await, Err(StoreError::Missing(_))));
    }
    let token = Write::Token { hash: TokenHash::of("t"), credential, issued: now(), expires: now() };
    assert_eq!(store.commit(token).await, Err(StoreError::Conflict(Constraint::Reference)));
    assert_eq!(fixture.count("audit").await, 0);
    store.close().await;
}

async fn wiping_leaves_nothing_and_the_store_works(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let account = fixture.account(&store, "s01").await;
    fixture.credential(&store, account.id).await;
    store.wipe().await.unwrap();
    assert_eq!(store.accounts().await.unwrap(), []);
    assert_eq!(fixture.count("audit").await, 0);

    fixture.account(&store, "s01").await;
    let report = store.verify_audit().await.unwrap();
    assert!(report.is_intact() && report.chains[0].entries == 1, "{report:?}");
    store.close().await;
}
