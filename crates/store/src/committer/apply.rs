//! What a transaction does with its writes.

use super::command;
use super::group::Failure;
use crate::audit::Head;
use crate::bulk;
use crate::db::Link;
use crate::error::{Constraint, StoreError};
use crate::grace::Sightings;
use crate::prepared::Prepared;

/// Applies writes in order: commands one by one, then each table's rows of all writes at once, the audit trail
/// last. Gives the chain's new head.
pub(super) async fn apply(
    link: &mut Link,
    chain: &str,
    head: Head,
    writes: &[Prepared],
) -> Result<Head, Failure> {
    for command in writes.iter().filter_map(|write| write.command.as_ref()) {
        command::run(link, command).await?;
    }
    let tokens: Vec<_> = writes.iter().flat_map(|write| &write.tokens).collect();
    bulk::insert_tokens(link, &tokens).await?;
    let verifications: Vec<_> = writes.iter().flat_map(|write| &write.verifications).collect();
    bulk::insert_verifications(link, &verifications).await?;
    let sightings = Sightings::gather(writes.iter().flat_map(|write| &write.sightings));
    bulk::apply_sightings(link, &sightings).await?;
    let (audit, head) = head.chain(chain, writes.iter().flat_map(|write| &write.audit));
    bulk::insert_audit(link, chain, &audit).await.map_err(chain_moved)?;
    Ok(head)
}

/// The place after the head is taken: somebody else wrote to the chain.
fn chain_moved(error: sqlx::Error) -> Failure {
    match Failure::from(error) {
        Failure::Refused(StoreError::Conflict(Constraint::Unique)) => Failure::Race,
        failure => failure,
    }
}
