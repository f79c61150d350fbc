use rims_domain::account::Decision;
use rims_domain::{AccountKind, Environment};
use rims_protocol::codes::{AccountStatus, Approval};
use rims_protocol::values::{BusinessNumber, UserId};
use rims_store::Store;

use super::fixtures::{DELEGATIONS, FIXTURES, Fixture};
use crate::clock::Clock;
use crate::production::StartError;
use crate::service::administration::{Administration, AdministrationError, KeyPair};

/// Puts the fixture accounts into an empty store; one that has them is left as it is.
pub(super) async fn fixtures(store: &Store, clock: &Clock) -> Result<(), StartError> {
    let administration = Administration::new(store.clone(), clock.clone());
    seed(&administration).await.map_err(|error| StartError::Fixtures(error.to_string()))
}

async fn seed(administration: &Administration) -> Result<(), AdministrationError> {
    if !administration.users().await?.is_empty() {
        return Ok(());
    }
    for fixture in &FIXTURES {
        if let (Ok(user_id), Ok(brno)) = (UserId::parse(fixture.user_id), BusinessNumber::parse(fixture.brno))
        {
            account(administration, fixture, &user_id, &brno).await?;
        }
    }
    for (owner, delegate) in DELEGATIONS {
        if let (Ok(owner), Ok(delegate)) = (UserId::parse(owner), UserId::parse(delegate)) {
            administration.grant(&owner, &delegate).await?;
        }
    }
    Ok(())
}

async fn account(
    administration: &Administration,
    fixture: &Fixture,
    user_id: &UserId,
    brno: &BusinessNumber,
) -> Result<(), AdministrationError> {
    let kind: AccountKind = fixture.kind;
    administration.create_user(user_id, brno, fixture.company, kind).await?;
    match fixture.approval {
        Approval::Requested => {}
        Approval::Approved => _ = administration.decide(user_id, Decision::Approve).await?,
        Approval::Rejected => _ = administration.decide(user_id, Decision::Reject).await?,
    }
    let pair = |environment| KeyPair {
        environment,
        auth_key: fixture.auth_key(environment).into(),
        secret_key: fixture.secret_key(environment).into(),
    };
    let pairs = [pair(Environment::Development), pair(Environment::Operations)];
    administration.store_keys(user_id, &pairs).await?;
    if fixture.operations_approved {
        administration.approve_operations_key(user_id).await?;
    }
    if fixture.status != AccountStatus::Normal {
        administration.change_status(user_id, fixture.status).await?;
    }
    Ok(())
}
