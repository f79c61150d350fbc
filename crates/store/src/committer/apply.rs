//! What a transaction does with its writes.

use rims_domain::audit::Trail;

use super::command;
use super::group::Failure;
use crate::access;
use crate::audit::{Head, rights_chain, sheet};
use crate::bulk;
use crate::db::Link;
use crate::grace::Sightings;
use crate::history;
use crate::keys::Keyring;
use crate::prepared::Prepared;
use crate::row::AuditRow;

/// Applies writes in order: commands one by one, then each table's rows of all writes at once, the audit trail
/// last. Returns the new head of the chain for accesses.
pub(super) async fn apply(
    link: &mut Link,
    keys: &Keyring,
    chain: &str,
    head: Head,
    writes: &[&Prepared],
    last_id_ms: i64,
) -> Result<Head, Failure> {
    for command in writes.iter().flat_map(|write| &write.commands) {
        command::run(link, command).await?;
        access::tell(link, command).await?;
    }
    let tokens: Vec<_> = writes.iter().flat_map(|write| &write.tokens).collect();
    bulk::insert_tokens(link, &tokens).await?;
    let verifications: Vec<_> = writes.iter().flat_map(|write| &write.verifications).collect();
    bulk::insert_verifications(link, &verifications).await?;
    let sightings = Sightings::gather(writes.iter().flat_map(|write| &write.sightings));
    bulk::apply_sightings(link, &sightings).await?;
    history::count(link, writes.iter().flat_map(|write| write.counts.iter().copied()), 1).await?;
    let sheet = sheet::row(&verifications);
    let is = |trail: Trail| move |row: &&AuditRow| row.action.trail() == trail;
    let events = || writes.iter().flat_map(|write| &write.audit);
    // Few groups change rights, so the head of that chain is read when one does.
    if events().any(|row| is(Trail::Rights)(&row)) {
        let chain = rights_chain(chain);
        let head = Head::load(link, &chain).await?;
        write_audit(link, keys, &chain, head, events().filter(is(Trail::Rights)), last_id_ms).await?;
    }
    let accesses = events().filter(is(Trail::Access)).chain(&sheet);
    write_audit(link, keys, chain, head, accesses, last_id_ms).await
}

/// Chains the rows after the head, and moves it on.
async fn write_audit(
    link: &mut Link,
    keys: &Keyring,
    chain: &str,
    head: Head,
    rows: impl Iterator<Item = &AuditRow>,
    last_id_ms: i64,
) -> Result<Head, Failure> {
    let (rows, new) = head.chain(keys, chain, rows);
    if rows.is_empty() {
        return Ok(head);
    }
    head.begin(link, chain, last_id_ms).await?;
    if bulk::append_audit(link, chain, (head, new, last_id_ms), &rows).await? {
        Ok(new)
    } else {
        Err(Failure::Race)
    }
}
