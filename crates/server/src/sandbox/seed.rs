use rims_domain::account::Decision;
use rims_domain::{Credential, Environment};
use rims_protocol::codes::{AccountStatus, Approval};
use rims_protocol::values::{BusinessNumber, UserId};
use rims_store::Store;

use super::fixtures::{DELEGATIONS, FIXTURES, Fixture};
use crate::clock::Clock;
use crate::production::StartError;
use crate::service::administration::{Administration, AdministrationError, KeyPair};

/// Puts the fixture accounts into a store, or what is missing of them where an earlier start was cut off.
pub(super) async fn fixtures(store: &Store, clock: &Clock) -> Result<(), StartError> {
    let administration = Administration::new(store.clone(), clock.clone());
    seed(store, &administration).await.map_err(|error| StartError::Fixtures(error.to_string()))
}

async fn seed(store: &Store, administration: &Administration) -> Result<(), AdministrationError> {
    for fixture in &FIXTURES {
        if let (Ok(user_id), Ok(brno)) = (UserId::parse(fixture.user_id), BusinessNumber::parse(fixture.brno))
        {
            account(store, administration, fixture, &user_id, &brno).await?;
        }
    }
    for (owner, delegate) in DELEGATIONS {
        if let (Ok(owner), Ok(delegate)) = (UserId::parse(owner), UserId::parse(delegate)) {
            delegation(store, administration, &owner, &delegate).await?;
        }
    }
    Ok(())
}

async fn account(
    store: &Store,
    administration: &Administration,
    fixture: &Fixture,
    user_id: &UserId,
    brno: &BusinessNumber,
) -> Result<(), AdministrationError> {
    if store.account_by_user_id(fixture.user_id).await?.is_none() {
        administration.create_user(user_id, brno, fixture.company, fixture.kind).await?;
    }
    let (account, credentials) = administration.user(user_id).await?;
    match fixture.approval {
        _ if account.approval != Approval::Requested => {}
        Approval::Requested => {}
        Approval::Approved => _ = administration.decide(user_id, Decision::Approve).await?,
        Approval::Rejected => _ = administration.decide(user_id, Decision::Reject).await?,
    }
    if credentials.is_empty() {
        administration.store_keys(user_id, &keys(fixture)).await?;
    }
    let waits = credentials.is_empty() || credentials.iter().any(waits_for_approval);
    if fixture.operations_approved && waits {
        administration.approve_operations_key(user_id).await?;
    }
    if account.status == AccountStatus::Normal && fixture.status != AccountStatus::Normal {
        administration.change_status(user_id, fixture.status).await?;
    }
    Ok(())
}

fn keys(fixture: &Fixture) -> [KeyPair; 2] {
    [Environment::Development, Environment::Operations].map(|environment| KeyPair {
        environment,
        auth_key: fixture.auth_key(environment).into(),
        secret_key: fixture.secret_key(environment).into(),
    })
}

fn waits_for_approval(credential: &Credential) -> bool {
    credential.environment == Environment::Operations && !credential.approved
}

async fn delegation(
    store: &Store,
    administration: &Administration,
    owner: &UserId,
    delegate: &UserId,
) -> Result<(), AdministrationError> {
    let (granting, granted) = (administration.user(owner).await?.0, administration.user(delegate).await?.0);
    if store.has_delegated(granting.id, granted.id).await? {
        return Ok(());
    }
    administration.grant(owner, delegate).await
}
