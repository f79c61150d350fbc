//! Many in one row of the audit trail.
//!
//! The verifications that one commit stored: 68 bytes each, numbers big-endian: `at_ms (8) ‖ kind of requester (1) ‖
//! its row (8) ‖ address (16, zeroes for none) ‖ environment (1) ‖ company (8) ‖ subject hash (16) ‖ reference (8) ‖
//! KOROAD's code (2)`. One row instead of hundreds keeps the trail off the hot path (docs/performance.md), and says the
//! same.
//!
//! The people whom a page of a history shows: their subject hashes, 16 bytes each.

use rims_domain::{AccountId, AuditAction, Environment};

use super::actor;
use crate::codec::{Code, moment};
use crate::error::StoreError;
use crate::record::AuditEntry;
use crate::row::{AuditRow, VerificationRow};

/// What a sheet of verifications, and each of its entries, is called.
pub(super) const ACTION: AuditAction = AuditAction::Verify;
const ENTRY: usize = 68;
const DAMAGED: StoreError = StoreError::Corrupt("audit.sheet");
const NO_ADDRESS: [u8; 16] = [0; 16];

/// The row for the verifications of a commit; none for none. Its time is the latest one's.
pub(crate) fn row(verifications: &[&VerificationRow]) -> Option<AuditRow> {
    let at_ms = verifications.iter().map(|row| row.at_ms).max()?;
    let mut sheet = Vec::with_capacity(verifications.len() * ENTRY);
    for row in verifications {
        let (kind, requester) = actor::encode_requester(row.requester);
        sheet.extend_from_slice(&row.at_ms.to_be_bytes());
        sheet.push(kind);
        sheet.extend_from_slice(&requester.to_be_bytes());
        sheet.extend_from_slice(&row.address.map_or(NO_ADDRESS, actor::encode_address));
        sheet.push(u8::try_from(row.environment).unwrap_or_default());
        sheet.extend_from_slice(&row.company.to_be_bytes());
        sheet.extend_from_slice(&row.licence_hash);
        sheet.extend_from_slice(&row.id.to_be_bytes());
        sheet.extend_from_slice(&row.code.to_be_bytes());
    }
    Some(AuditRow {
        at_ms,
        actor_kind: 0,
        actor: 0,
        actor_name: None,
        address: None,
        environment: None,
        action: ACTION,
        company: None,
        subject_hash: None,
        reference: 0,
        outcome: String::new(),
        sheet: Some(sheet),
    })
}

/// The entries of a sheet of verifications at its place in a chain.
pub(crate) fn entries(chain: &str, seq: i64, sheet: &[u8]) -> Result<Vec<AuditEntry>, StoreError> {
    let (entries, []) = sheet.as_chunks::<ENTRY>() else { return Err(DAMAGED) };
    entries.iter().map(|entry| read(chain, seq, entry)).collect()
}

/// The hashes of a sheet of people.
pub(crate) fn people(sheet: &[u8]) -> Result<Vec<[u8; 16]>, StoreError> {
    let (hashes, []) = sheet.as_chunks::<16>() else { return Err(DAMAGED) };
    Ok(hashes.to_vec())
}

fn read(chain: &str, seq: i64, entry: &[u8; ENTRY]) -> Result<AuditEntry, StoreError> {
    let mut rest = &entry[..];
    let at_ms = i64::from_be_bytes(take(&mut rest)?);
    let [kind] = take(&mut rest)?;
    let requester = i64::from_be_bytes(take(&mut rest)?);
    let address = take::<16>(&mut rest)?;
    let [environment] = take(&mut rest)?;
    let company = i64::from_be_bytes(take(&mut rest)?);
    let subject_hash = take(&mut rest)?;
    let reference = i64::from_be_bytes(take(&mut rest)?);
    let code = i16::from_be_bytes(take(&mut rest)?);
    Ok(AuditEntry {
        chain: chain.to_owned(),
        seq,
        at: moment(at_ms, "audit.sheet")?,
        actor: actor::actor(kind.into(), requester, None)?,
        address: (address != NO_ADDRESS).then(|| actor::decode_address(address)),
        environment: Some(Environment::decode(environment.into())?),
        action: ACTION.name().to_owned(),
        company: Some(AccountId(company)),
        subject_hash: Some(subject_hash),
        people: Vec::new(),
        reference,
        outcome: format!("{code:02}"),
    })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], StoreError> {
    let (taken, others) = rest.split_first_chunk().ok_or(DAMAGED)?;
    *rest = others;
    Ok(*taken)
}

#[cfg(test)]
mod tests {
    use rims_domain::audit::Requester;
    use rims_domain::{Actor, CredentialId};

    use super::*;

    fn verification(id: i64, at_ms: i64, code: i16) -> VerificationRow {
        VerificationRow {
            id,
            at_ms,
            company: 7,
            caller: 8,
            requester: Requester::Credential(CredentialId(9)),
            address: Some("203.0.113.9".parse().unwrap()),
            environment: Environment::Operations.encode(),
            sector: 1,
            channel: 1,
            class: 12,
            from_date: 20_260_101,
            to_date: 20_260_101,
            plate: None,
            api_type: None,
            code,
            temporary: false,
            identity: None,
            licence_hash: [9; 16],
            subject: Vec::new(),
        }
    }

    #[test]
    fn what_was_stored_comes_back() {
        let by_the_system =
            VerificationRow { requester: Requester::System, address: None, ..verification(2, 1_000, 14) };
        let rows = [verification(1, 2_000, 0), by_the_system];
        let row = row(&[&rows[0], &rows[1]]).unwrap();
        assert_eq!(row.at_ms, 2_000);
        let entries = entries("node-0", 3, &row.sheet.unwrap()).unwrap();
        let said: Vec<_> = entries
            .iter()
            .map(|entry| (entry.seq, entry.reference, entry.at.as_millisecond(), entry.outcome.as_str()))
            .collect();
        assert_eq!(said, [(3, 1, 2_000, "00"), (3, 2, 1_000, "14")]);
        assert_eq!(entries[0].actor, Actor::Credential(CredentialId(9)));
        assert_eq!(entries[0].address, Some("203.0.113.9".parse().unwrap()));
        assert_eq!(entries[0].environment, Some(Environment::Operations));
        assert_eq!((&entries[1].actor, entries[1].address), (&Actor::System, None));
        assert_eq!(entries[0].company, Some(AccountId(7)));
        assert_eq!(entries[0].subject_hash, Some([9; 16]));
    }

    #[test]
    fn no_verification_makes_no_row_and_a_torn_sheet_is_damage() {
        assert!(row(&[]).is_none());
        assert_eq!(entries("node-0", 1, &[0; 69]).err(), Some(DAMAGED));
        assert_eq!(people(&[0; 17]), Err(DAMAGED));
    }
}
