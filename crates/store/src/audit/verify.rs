//! Checking the trail: every chain recomputed, and compared with heads that were kept elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sqlx::FromRow;

use super::{AuditHead, Content, Head, page};
use crate::db::{Db, on_backend};
use crate::error::{StoreError, report};
use crate::keys::Keyring;
use crate::record::StoredAudit;
use crate::sql;

/// What a check of the whole trail found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditReport {
    /// One per chain, by name.
    pub chains: Vec<ChainReport>,
}

impl AuditReport {
    /// Whether every chain is whole.
    pub fn is_intact(&self) -> bool {
        self.first_break().is_none()
    }

    /// The first chain that is not whole, and where it breaks.
    pub fn first_break(&self) -> Option<(&str, AuditBreak)> {
        self.chains.iter().find_map(|chain| Some((chain.chain.as_str(), chain.broken?)))
    }
}

/// What a check of one chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainReport {
    /// Its name.
    pub chain: String,
    /// Rows that are there and whole, up to the end or the first break.
    pub entries: u64,
    /// The number of the last whole row.
    pub last: i64,
    /// The hash of the last whole row; keep it elsewhere to see a chain cut off at its end.
    pub head: [u8; 32],
    /// How many of the heads that were kept elsewhere were found in it.
    pub anchors: u64,
    /// The first row that does not fit.
    pub broken: Option<AuditBreak>,
}

/// Where a chain breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditBreak {
    /// This row is not there, and a later one is.
    Missing(i64),
    /// This row's hash is not that of its content after the row before it.
    Changed(i64),
    /// This row fits into its chain, but was another when its hash was kept elsewhere: the chain was made anew.
    Rewritten(i64),
    /// This row's hash was kept elsewhere, and the chain ends before it.
    CutOff(i64),
}

impl fmt::Display for AuditBreak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(row) => write!(f, "row {row} is missing"),
            Self::Changed(row) => write!(f, "row {row} was changed"),
            Self::Rewritten(row) => write!(f, "row {row} is not the one whose hash was kept elsewhere"),
            Self::CutOff(row) => write!(f, "row {row}, whose hash was kept elsewhere, is no longer there"),
        }
    }
}

const PAGE: i64 = 2_000;

/// Recomputes every chain, and looks in it for the heads that were kept elsewhere.
pub(crate) async fn verify(
    db: &Db,
    keys: &Keyring,
    anchors: &[AuditHead],
    progress: &(impl Fn(u64) + Sync),
) -> Result<AuditReport, StoreError> {
    let mut report = AuditReport { chains: Vec::new() };
    let (mut last, mut checked) = (String::new(), 0);
    while let Some(chain) = next_chain(db, &last).await? {
        let kept = Kept::of(&chain, anchors);
        let found = verify_chain(db, keys, &chain, &kept, &|entries| progress(checked + entries)).await?;
        checked += found.entries;
        report.chains.push(found);
        last = chain;
    }
    report.chains.extend(chains_gone(anchors, &report.chains));
    report.chains.sort_by(|one, other| one.chain.cmp(&other.chain));
    Ok(report)
}

/// The chains of which a head was kept elsewhere and that the database does not have.
fn chains_gone(anchors: &[AuditHead], found: &[ChainReport]) -> Vec<ChainReport> {
    let names: BTreeSet<&str> = anchors.iter().map(|anchor| anchor.chain.as_str()).collect();
    let gone = names.into_iter().filter(|name| found.iter().all(|report| report.chain != *name));
    let report = |name: &str| {
        let first = Kept::of(name, anchors).first_after(0)?;
        Some(ChainReport {
            chain: name.to_owned(),
            entries: 0,
            last: 0,
            head: Head::START.hash,
            anchors: 0,
            broken: Some(AuditBreak::CutOff(first)),
        })
    };
    gone.filter_map(report).collect()
}

async fn next_chain(db: &Db, last: &str) -> Result<Option<String>, StoreError> {
    let next: Result<Option<String>, _> = on_backend!(db, pool => {
        sqlx::query_scalar(sql::AUDIT_NEXT_CHAIN).bind(last).fetch_one(pool).await
    });
    next.map_err(|error| report(&error))
}

/// The heads of one chain that were kept elsewhere: hashes by their rows' places. Two of one place with different hashes
/// cannot both be found, so each place has all of them.
struct Kept(BTreeMap<i64, Vec<[u8; 32]>>);

impl Kept {
    fn of(chain: &str, anchors: &[AuditHead]) -> Self {
        let mut kept: BTreeMap<i64, Vec<[u8; 32]>> = BTreeMap::new();
        for anchor in anchors.iter().filter(|anchor| anchor.chain == chain) {
            kept.entry(anchor.seq).or_default().push(anchor.hash);
        }
        Self(kept)
    }

    /// How many heads were kept of this row, where all of them have its hash.
    fn found(&self, head: &Head) -> Result<u64, AuditBreak> {
        let hashes = self.0.get(&head.seq).map_or(&[][..], Vec::as_slice);
        if hashes.iter().any(|hash| *hash != head.hash) {
            return Err(AuditBreak::Rewritten(head.seq));
        }
        Ok(hashes.len() as u64)
    }

    fn first_after(&self, seq: i64) -> Option<i64> {
        self.0.range(seq + 1..).next().map(|(seq, _)| *seq)
    }
}

async fn verify_chain(
    db: &Db,
    keys: &Keyring,
    chain: &str,
    kept: &Kept,
    progress: &(impl Fn(u64) + Sync),
) -> Result<ChainReport, StoreError> {
    loop {
        let ends = ends(db, chain).await?;
        let found = follow(db, keys, chain, &ends, kept, progress).await?;
        // Retention may have destroyed the oldest rows in the meantime: what is left begins later.
        if found.broken.is_none() || self::ends(db, chain).await?.base == ends.base {
            return Ok(found);
        }
    }
}

async fn follow(
    db: &Db,
    keys: &Keyring,
    chain: &str,
    ends: &Ends,
    kept: &Kept,
    progress: &(impl Fn(u64) + Sync),
) -> Result<ChainReport, StoreError> {
    let entries = |head: &Head| u64::try_from(head.seq - ends.base.seq).unwrap_or_default();
    let mut head = ends.base;
    let mut anchors = 0;
    let mut broken = kept.found(&head).map(|found| anchors += found).err();
    'pages: while broken.is_none() {
        let page = page(db, chain, head.seq + 1, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for row in &page {
            let next = row.follow(keys, &head);
            match next.and_then(|next| kept.found(&next).map(|found| (next, found))) {
                Ok((next, found)) => {
                    head = next;
                    anchors += found;
                }
                Err(found) => {
                    broken = Some(found);
                    break 'pages;
                }
            }
        }
        progress(entries(&head));
    }
    if broken.is_none() && head.seq < ends.last.seq {
        broken = Some(AuditBreak::Missing(head.seq + 1));
    }
    if broken.is_none() {
        broken = kept.first_after(head.seq).map(AuditBreak::CutOff);
    }
    Ok(ChainReport {
        chain: chain.to_owned(),
        entries: entries(&head),
        last: head.seq,
        head: head.hash,
        anchors,
        broken,
    })
}

/// Where the kept part of a chain begins and ends.
#[derive(FromRow)]
struct StoredEnds {
    base_seq: i64,
    base_hash: Vec<u8>,
    seq: i64,
    hash: Vec<u8>,
}

/// The kept part of a chain.
struct Ends {
    /// The last row before it.
    base: Head,
    /// Its last row.
    last: Head,
}

async fn ends(db: &Db, chain: &str) -> Result<Ends, StoreError> {
    let ends: Result<Option<StoredEnds>, _> = on_backend!(db, pool => {
        sqlx::query_as(sql::AUDIT_ENDS).bind(chain).fetch_optional(pool).await
    });
    let head = |seq, hash: Vec<u8>| Head { seq, hash: hash.try_into().unwrap_or_default() };
    let ends = ends.map_err(|error| report(&error))?;
    Ok(ends.map_or(Ends { base: Head::START, last: Head::START }, |ends| Ends {
        base: head(ends.base_seq, ends.base_hash),
        last: head(ends.seq, ends.hash),
    }))
}

impl StoredAudit {
    /// The head after this row, checked under the key version that it names.
    fn follow(&self, keys: &Keyring, head: &Head) -> Result<Head, AuditBreak> {
        let expected = head.seq + 1;
        if self.seq != expected {
            return Err(AuditBreak::Missing(expected));
        }
        match self.hash_after(keys, &head.hash) {
            Some(hash) if self.hash == hash => Ok(Head { seq: self.seq, hash }),
            _ => Err(AuditBreak::Changed(self.seq)),
        }
    }

    /// None where a column has a value that no row was written with.
    fn hash_after(&self, keys: &Keyring, before: &[u8; 32]) -> Option<[u8; 32]> {
        let mac = keys.audit(u16::try_from(self.key_version).ok()?)?;
        let sixteen = |bytes: &Option<Vec<u8>>| match bytes.as_deref() {
            None => Some(None),
            Some(bytes) => bytes.try_into().ok().map(Some),
        };
        let content = Content {
            chain: &self.chain,
            seq: self.seq,
            at_ms: self.at_ms,
            key_version: self.key_version,
            actor_kind: self.actor_kind,
            actor: self.actor,
            actor_name: self.actor_name.as_deref(),
            address: sixteen(&self.address)?,
            environment: self.environment,
            action: &self.action,
            company: self.company_id,
            subject_hash: sixteen(&self.subject_hash)?,
            reference: self.reference,
            outcome: &self.outcome,
            sheet: self.sheet.as_deref(),
        };
        Some(content.hash_after(before, mac))
    }
}
