//! Where each chain ends, to be kept elsewhere: a later rewrite shows by it, even one by somebody who has the key.

use sqlx::FromRow;

use crate::db::{Db, on_backend};
use crate::error::{StoreError, report};
use crate::sql;

/// The last row of a chain at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// The chain's name.
    pub chain: String,
    /// The row's place in it, from 1.
    pub seq: i64,
    /// The row's hash.
    pub hash: [u8; 32],
}

#[derive(FromRow)]
struct StoredHead {
    chain: String,
    seq: i64,
    hash: Vec<u8>,
}

/// Every chain's head, by name.
pub(crate) async fn heads(db: &Db) -> Result<Vec<AuditHead>, StoreError> {
    let rows: Result<Vec<StoredHead>, _> = on_backend!(db, pool => {
        sqlx::query_as(sql::AUDIT_HEADS).fetch_all(pool).await
    });
    rows.map_err(|error| report(&error))?.into_iter().map(AuditHead::try_from).collect()
}

impl TryFrom<StoredHead> for AuditHead {
    type Error = StoreError;

    fn try_from(row: StoredHead) -> Result<Self, StoreError> {
        let hash = row.hash.try_into().map_err(|_| StoreError::Corrupt("audit_chain.hash"))?;
        Ok(Self { chain: row.chain, seq: row.seq, hash })
    }
}
