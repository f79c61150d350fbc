//! The hash-chained audit trail: append-only, one chain per writer.
//!
//! `hash = HMAC-SHA-256(hash before ‖ canonical encoding of the row)` under a key that is derived from the master key
//! whose version the row names, with 32 zero bytes before the first row. A row that is changed, moved or removed breaks
//! the chain at that place, and without the key no other chain can be made. `audit_chain` knows each chain's head, which
//! a commit moves on from where it found it, and the last row that was destroyed at its beginning. A writer of that
//! table can still cut a chain's end off unseen, and whoever has the key can make a chain anew: the heads are kept
//! elsewhere as well ([`AuditHead`]).
//!
//! Events about rights are kept longer than accesses, so each writer has a chain for either.

pub(crate) mod actor;
mod heads;
pub(crate) mod reader;
pub(crate) mod sheet;
mod verify;

use hmac::{Hmac, Mac as _};
use rims_domain::audit::Trail;
use sha2::Sha256;

use crate::db::{Db, Link, on_backend, text_of};
use crate::error::{StoreError, report};
use crate::keys::Keyring;
use crate::record::{AuditEntry, StoredAudit};
use crate::row::AuditRow;
use crate::sql;

pub use self::heads::AuditHead;
pub(crate) use self::heads::heads;
pub use self::reader::{AuditOrder, AuditQuery, AuditReader};
pub(crate) use self::verify::verify;
pub use self::verify::{AuditBreak, AuditReport, ChainReport};

/// A row of a chain, after which others follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) seq: i64,
    pub(crate) hash: [u8; 32],
}

/// A row with its place in a chain.
pub(crate) struct ChainedRow<'a> {
    pub(crate) seq: i64,
    pub(crate) row: &'a AuditRow,
    /// The master key's version under whose derived key it is hashed.
    pub(crate) key_version: i32,
    pub(crate) hash: [u8; 32],
}

/// What a row's hash covers besides the row before it.
#[derive(Clone, Copy)]
struct Content<'a> {
    chain: &'a str,
    seq: i64,
    at_ms: i64,
    key_version: i32,
    actor_kind: i16,
    actor: i64,
    actor_name: Option<&'a str>,
    address: Option<[u8; 16]>,
    environment: Option<i16>,
    action: &'a str,
    company: Option<i64>,
    subject_hash: Option<[u8; 16]>,
    reference: i64,
    outcome: &'a str,
    sheet: Option<&'a [u8]>,
}

impl Head {
    /// Before the first row.
    pub(crate) const START: Self = Self { seq: 0, hash: [0; 32] };

    /// Begins the chain if this is its start.
    pub(crate) async fn begin(self, link: &mut Link, chain: &str, at_ms: i64) -> sqlx::Result<()> {
        if self != Self::START {
            return Ok(());
        }
        on_backend!(link, connection => {
            sqlx::query(sql::AUDIT_START_CHAIN)
                .bind(chain)
                .bind(self.seq)
                .bind(at_ms)
                .bind(&self.hash[..])
                .execute(connection)
                .await
                .map(drop)
        })
    }

    /// The head as the database has it.
    pub(crate) async fn load(link: &mut Link, chain: &str) -> sqlx::Result<Self> {
        Self::read(link, chain, sql::AUDIT_HEAD).await
    }

    /// The same after whatever else is moving it; nobody moves it before this transaction ends. The standby then has it,
    /// too: a transaction that only reads would not wait for that.
    pub(crate) async fn load_settled(link: &mut Link, chain: &str) -> sqlx::Result<Self> {
        let text = text_of(link, sql::AUDIT_HEAD, sql::POSTGRES_LOCK_HEAD);
        Self::read(link, chain, text).await
    }

    async fn read(link: &mut Link, chain: &str, text: &'static str) -> sqlx::Result<Self> {
        let row: Option<(i64, Vec<u8>)> = on_backend!(link, connection => {
            sqlx::query_as(text).bind(chain).fetch_optional(connection).await?
        });
        let head = row.map(|(seq, hash)| {
            // A hash of another length is a damaged chain, which `verify` tells; go on from what is there.
            Self { seq, hash: hash.try_into().unwrap_or_default() }
        });
        Ok(head.unwrap_or(Self::START))
    }

    /// Gives each row its place after this head; the new head is the last row's.
    pub(crate) fn chain<'a>(
        self,
        keys: &Keyring,
        chain: &str,
        rows: impl Iterator<Item = &'a AuditRow>,
    ) -> (Vec<ChainedRow<'a>>, Self) {
        let mut head = self;
        let place = |row| {
            let row = head.follow(keys, chain, row);
            head = row.head();
            row
        };
        (rows.map(place).collect(), head)
    }

    /// Gives one row its place after this head.
    pub(crate) fn follow<'a>(self, keys: &Keyring, chain: &str, row: &'a AuditRow) -> ChainedRow<'a> {
        let (seq, key_version) = (self.seq + 1, i32::from(keys.current()));
        let content = Content {
            chain,
            seq,
            at_ms: row.at_ms,
            key_version,
            actor_kind: row.actor_kind,
            actor: row.actor,
            actor_name: row.actor_name.as_deref(),
            address: row.address,
            environment: row.environment,
            action: row.action.name(),
            company: row.company,
            subject_hash: row.subject_hash,
            reference: row.reference,
            outcome: &row.outcome,
            sheet: row.sheet.as_deref(),
        };
        ChainedRow { seq, row, key_version, hash: content.hash_after(&self.hash, keys.audit_now()) }
    }
}

impl ChainedRow<'_> {
    /// Where the next row follows.
    pub(crate) fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash }
    }
}

impl Content<'_> {
    /// Every field in order; numbers big-endian, texts and bytes with their length, absent values as one zero byte.
    fn hash_after(self, before: &[u8; 32], mut mac: Hmac<Sha256>) -> [u8; 32] {
        mac.update(before);
        put(&mut mac, self.chain.as_bytes());
        mac.update(&self.seq.to_be_bytes());
        mac.update(&self.at_ms.to_be_bytes());
        mac.update(&self.key_version.to_be_bytes());
        mac.update(&self.actor_kind.to_be_bytes());
        mac.update(&self.actor.to_be_bytes());
        put_some(&mut mac, self.actor_name.map(str::as_bytes));
        put_some(&mut mac, self.address.as_ref().map(|address| &address[..]));
        put_some(&mut mac, self.environment.map(i16::to_be_bytes).as_ref().map(|number| &number[..]));
        put(&mut mac, self.action.as_bytes());
        put_some(&mut mac, self.company.map(i64::to_be_bytes).as_ref().map(|number| &number[..]));
        put_some(&mut mac, self.subject_hash.as_ref().map(|hash| &hash[..]));
        mac.update(&self.reference.to_be_bytes());
        put(&mut mac, self.outcome.as_bytes());
        put_some(&mut mac, self.sheet);
        mac.finalize().into_bytes().into()
    }
}

fn put(mac: &mut Hmac<Sha256>, bytes: &[u8]) {
    mac.update(&(bytes.len() as u64).to_be_bytes());
    mac.update(bytes);
}

fn put_some(mac: &mut Hmac<Sha256>, bytes: Option<&[u8]>) {
    mac.update(&[u8::from(bytes.is_some())]);
    if let Some(bytes) = bytes {
        put(mac, bytes);
    }
}

/// Before the name of the chain for a writer's accesses, the name of its chain for events about rights.
const RIGHTS: &str = "rights.";

/// The chain of a writer's events about rights.
pub(crate) fn rights_chain(chain: &str) -> String {
    format!("{RIGHTS}{chain}")
}

/// What a chain is for.
pub(crate) fn trail_of(chain: &str) -> Trail {
    if chain.starts_with(RIGHTS) { Trail::Rights } else { Trail::Access }
}

async fn page(db: &Db, chain: &str, from: i64, limit: i64) -> Result<Vec<StoredAudit>, StoreError> {
    let rows: Result<Vec<StoredAudit>, _> = on_backend!(db, pool => {
        sqlx::query_as(sql::AUDIT_ENTRIES).bind(chain).bind(from).bind(limit).fetch_all(pool).await
    });
    rows.map_err(|error| report(&error))
}

/// The entries of at most `limit` rows of a chain from a sequence on.
pub(crate) async fn entries(
    db: &Db,
    chain: &str,
    from: i64,
    limit: u32,
) -> Result<Vec<AuditEntry>, StoreError> {
    let mut entries = Vec::new();
    for row in page(db, chain, from, i64::from(limit)).await? {
        entries.extend(events(row)?);
    }
    Ok(entries)
}

/// The events of a row: those of a sheet of verifications, or its one.
fn events(row: StoredAudit) -> Result<Vec<AuditEntry>, StoreError> {
    match &row.sheet {
        Some(sheet) if row.action == sheet::ACTION.name() => sheet::entries(&row.chain, row.seq, sheet),
        _ => Ok(vec![row.try_into()?]),
    }
}
