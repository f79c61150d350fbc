//! Answers that an `Idempotency-Key` gives again (docs/idempotency.md).
//!
//! An answer is stored in the transaction of what it tells, so that a crash leaves both or neither; of two
//! requests with one key that run at the same time, the second one's write is refused as a whole.

use std::fmt;

use jiff::Timestamp;
use rims_domain::idempotency::LIFETIME;
use rims_domain::{AccountId, Environment};
use rims_protocol::values::IdempotencyKey;
use sqlx::FromRow;

use crate::codec::{Code as _, moment};
use crate::committer::changed;
use crate::db::{Link, on_backend};
use crate::error::{StoreError, report};
use crate::keys::{Column, Keyring, Place};
use crate::packed::{packed, unpacked};
use crate::prepared::Prepared;
use crate::sql::statements;
use crate::store::Store;

statements! { STATEMENTS:
    REMEMBER = "
        INSERT INTO idempotency (account_id, environment, key_hash, id, company_id, request_hash, at_ms, answer)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (account_id, environment, key_hash) DO UPDATE
        SET id = excluded.id, company_id = excluded.company_id, request_hash = excluded.request_hash,
            at_ms = excluded.at_ms, answer = excluded.answer
        WHERE idempotency.at_ms <= $9";
    FORGET = "
        DELETE FROM idempotency WHERE account_id = $1 AND environment = $2 AND key_hash = $3 AND id = $4";
    FIND = "
        SELECT id, company_id, request_hash, at_ms, answer FROM idempotency
        WHERE account_id = $1 AND environment = $2 AND key_hash = $3";
}

/// The request behind a key, as one hash: its interface and its decrypted body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestHash([u8; 16]);

impl fmt::Debug for RequestHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestHash(…)")
    }
}

/// Whose a key is. The two environments of an account have keys of their own, so that a simulator's answer is never
/// repeated to an operations key (docs/spec-decisions.md, Meaning).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyOwner {
    /// The caller's account.
    pub account: AccountId,
    /// Development or operations.
    pub environment: Environment,
}

/// An answer to remember.
#[derive(Clone)]
pub struct NewAnswer {
    /// From [`Store::next_id`].
    pub id: i64,
    /// Whose key it is.
    pub owner: KeyOwner,
    /// Whose data the answer shows: the `bizinfo` company.
    pub company: AccountId,
    /// The key.
    pub key: IdempotencyKey,
    /// What was asked.
    pub request: RequestHash,
    /// When.
    pub at: Timestamp,
    /// The answer's body. Sealed.
    pub body: Vec<u8>,
}

impl fmt::Debug for NewAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAnswer").field("id", &self.id).field("owner", &self.owner).finish_non_exhaustive()
    }
}

/// An answer that was remembered.
#[derive(Clone, PartialEq, Eq)]
pub struct AnswerRecord {
    /// Its row.
    pub id: i64,
    /// What was asked.
    pub request: RequestHash,
    /// Whose data it shows: the `bizinfo` company.
    pub company: AccountId,
    /// When.
    pub at: Timestamp,
    /// The answer's body.
    pub body: Vec<u8>,
}

impl fmt::Debug for AnswerRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerRecord").field("at", &self.at).finish_non_exhaustive()
    }
}

/// An answer's row.
pub(crate) struct AnswerRow {
    account: i64,
    environment: i16,
    key_hash: [u8; 16],
    id: i64,
    company: i64,
    request_hash: [u8; 16],
    at_ms: i64,
    answer: Vec<u8>,
    expired_ms: i64,
}

impl AnswerRow {
    pub(crate) fn new(new: &NewAnswer, keys: &Keyring) -> Result<Self, StoreError> {
        let at_ms = new.at.as_millisecond();
        Ok(Self {
            account: new.owner.account.0,
            environment: new.owner.environment.encode(),
            key_hash: keys.idempotency_hash(new.key.as_str()),
            id: new.id,
            company: new.company.0,
            request_hash: new.request.0,
            at_ms,
            answer: keys.seal(Place::new(Column::IdempotencyAnswer, new.id), &packed(&new.body))?,
            expired_ms: (new.at - LIFETIME).as_millisecond(),
        })
    }

    async fn remember(&self, link: &mut Link) -> sqlx::Result<bool> {
        let remembered = changed!(
            link,
            REMEMBER,
            self.account,
            self.environment,
            &self.key_hash[..],
            self.id,
            self.company,
            &self.request_hash[..],
            self.at_ms,
            self.answer.as_slice(),
            self.expired_ms
        );
        Ok(remembered == 1)
    }
}

/// Remembers the answers of a group's writes: which of the writes may go on. The others' keys have an answer. Before
/// anything else of the group and in the order of the keys, so that two groups with the same keys never wait for each
/// other crosswise.
pub(crate) async fn remember(link: &mut Link, writes: &[Prepared]) -> sqlx::Result<Vec<bool>> {
    let mut answers: Vec<(usize, &AnswerRow)> = (0..)
        .zip(writes)
        .flat_map(|(place, write)| write.answers.iter().map(move |row| (place, row)))
        .collect();
    // Stable: of two with one key the first one in the queue is the first.
    answers.sort_by_key(|(_, row)| (row.account, row.environment, row.key_hash));
    let mut may_go_on = vec![true; writes.len()];
    for (place, row) in answers {
        may_go_on[place] &= row.remember(link).await?;
    }
    for (write, _) in writes.iter().zip(&may_go_on).filter(|(_, may_go_on)| !**may_go_on) {
        forget(link, write).await?;
    }
    Ok(may_go_on)
}

/// Forgets the answers of a write that is refused, and no other write's.
pub(crate) async fn forget(link: &mut Link, write: &Prepared) -> sqlx::Result<()> {
    for row in &write.answers {
        changed!(link, FORGET, row.account, row.environment, &row.key_hash[..], row.id);
    }
    Ok(())
}

#[derive(FromRow)]
struct StoredAnswer {
    id: i64,
    company_id: i64,
    request_hash: Vec<u8>,
    at_ms: i64,
    answer: Vec<u8>,
}

impl Store {
    /// The hash of a request (its interface and members), for [`NewAnswer`] and to compare with [`AnswerRecord`].
    pub fn request_hash(&self, request: &[u8]) -> RequestHash {
        RequestHash(self.inner.keys.request_hash(request))
    }

    /// What a key was answered, expired or not.
    pub async fn answer(
        &self,
        owner: KeyOwner,
        key: &IdempotencyKey,
    ) -> Result<Option<AnswerRecord>, StoreError> {
        let hash = self.inner.keys.idempotency_hash(key.as_str());
        let row: Result<Option<StoredAnswer>, _> = on_backend!(&self.inner.db, pool => {
            sqlx::query_as(FIND)
                .bind(owner.account.0)
                .bind(owner.environment.encode())
                .bind(&hash[..])
                .fetch_optional(pool)
                .await
        });
        let Some(row) = row.map_err(|error| report(&error))? else { return Ok(None) };
        let damaged = StoreError::Corrupt("idempotency.request_hash");
        let answer = self.inner.keys.open(Place::new(Column::IdempotencyAnswer, row.id), &row.answer)?;
        Ok(Some(AnswerRecord {
            id: row.id,
            request: RequestHash(row.request_hash.try_into().map_err(|_| damaged)?),
            company: AccountId(row.company_id),
            at: moment(row.at_ms, "idempotency.at_ms")?,
            body: unpacked(&answer, "idempotency.answer")?,
        }))
    }
}
