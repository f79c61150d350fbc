//! A sheet: the verifications that one commit stored, as one row of the audit trail.
//!
//! Per verification 50 bytes, numbers big-endian: `at_ms (8) ‖ actor (8) ‖ company (8) ‖ subject hash (16) ‖
//! reference (8) ‖ KOROAD's code (2)`. One row instead of hundreds keeps the trail off the hot path
//! (docs/performance.md), and says the same.

use rims_domain::AccountId;

use crate::codec::moment;
use crate::error::StoreError;
use crate::record::AuditEntry;
use crate::row::{AuditRow, VerificationRow};

/// What a sheet's row, and each of its entries, is called.
const ACTION: &str = "verify";
const ENTRY: usize = 50;
const DAMAGED: StoreError = StoreError::Corrupt("audit.sheet");

/// The row for the verifications of a commit; none for none. Its time is the latest one's.
pub(crate) fn row(verifications: &[&VerificationRow]) -> Option<AuditRow> {
    let at_ms = verifications.iter().map(|row| row.at_ms).max()?;
    let mut sheet = Vec::with_capacity(verifications.len() * ENTRY);
    for row in verifications {
        for number in [row.at_ms, row.caller, row.company] {
            sheet.extend_from_slice(&number.to_be_bytes());
        }
        sheet.extend_from_slice(&row.licence_hash);
        sheet.extend_from_slice(&row.id.to_be_bytes());
        sheet.extend_from_slice(&row.code.to_be_bytes());
    }
    Some(AuditRow {
        at_ms,
        actor: 0,
        action: ACTION,
        company: None,
        subject_hash: None,
        reference: 0,
        outcome: String::new(),
        sheet: Some(sheet),
    })
}

/// The entries of a sheet at its place in a chain.
pub(crate) fn entries(chain: &str, seq: i64, sheet: &[u8]) -> Result<Vec<AuditEntry>, StoreError> {
    let (entries, []) = sheet.as_chunks::<ENTRY>() else { return Err(DAMAGED) };
    entries.iter().map(|entry| read(chain, seq, entry)).collect()
}

fn read(chain: &str, seq: i64, entry: &[u8; ENTRY]) -> Result<AuditEntry, StoreError> {
    let mut rest = &entry[..];
    let at_ms = number(&mut rest)?;
    let (actor, company) = (number(&mut rest)?, number(&mut rest)?);
    let subject_hash = *rest.split_off(..16).and_then(<[u8]>::first_chunk).ok_or(DAMAGED)?;
    let reference = number(&mut rest)?;
    let code = i16::from_be_bytes(*rest.first_chunk().ok_or(DAMAGED)?);
    Ok(AuditEntry {
        chain: chain.to_owned(),
        seq,
        at: moment(at_ms, "audit.sheet")?,
        actor: AccountId(actor),
        action: ACTION.to_owned(),
        company: Some(AccountId(company)),
        subject_hash: Some(subject_hash),
        reference,
        outcome: format!("{code:02}"),
    })
}

fn number(rest: &mut &[u8]) -> Result<i64, StoreError> {
    let bytes = rest.split_off(..8).and_then(<[u8]>::first_chunk).ok_or(DAMAGED)?;
    Ok(i64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verification(id: i64, at_ms: i64, code: i16) -> VerificationRow {
        VerificationRow {
            id,
            at_ms,
            company: 7,
            caller: 8,
            environment: 2,
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
        let rows = [verification(1, 2_000, 0), verification(2, 1_000, 14)];
        let row = row(&[&rows[0], &rows[1]]).unwrap();
        assert_eq!(row.at_ms, 2_000);
        let entries = entries("node-0", 3, &row.sheet.unwrap()).unwrap();
        let said: Vec<_> = entries
            .iter()
            .map(|entry| (entry.seq, entry.reference, entry.at.as_millisecond(), entry.outcome.as_str()))
            .collect();
        assert_eq!(said, [(3, 1, 2_000, "00"), (3, 2, 1_000, "14")]);
        assert_eq!((entries[0].actor, entries[0].company), (AccountId(8), Some(AccountId(7))));
        assert_eq!(entries[0].subject_hash, Some([9; 16]));
    }

    #[test]
    fn no_verification_makes_no_row_and_a_torn_sheet_is_damage() {
        assert!(row(&[]).is_none());
        assert_eq!(entries("node-0", 1, &[0; 51]).err(), Some(DAMAGED));
    }
}
