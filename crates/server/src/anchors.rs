//! The ends of the audit trail's chains, written where the database's writers do not reach: to the log, and to a file of
//! the operator's. `rims audit verify --anchors` finds by them a trail that was cut off or made anew, even by somebody who
//! has the master key (docs/operations.md, The audit trail).

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use rims_domain::calendar::in_seoul;
use rims_store::{AuditHead, Store, StoreError};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

/// Where the ends are kept, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnchorSettings {
    /// A file; without it they are in the log alone.
    pub file: Option<PathBuf>,
    /// The time between two.
    pub every: SignedDuration,
}

impl Default for AnchorSettings {
    fn default() -> Self {
        Self { file: None, every: SignedDuration::from_hours(1) }
    }
}

/// Why the ends were not kept.
#[derive(Debug, thiserror::Error)]
pub enum AnchorError {
    /// The file.
    #[error("audit.anchor_file {path}: {error}", path = .0.display(), error = .1)]
    File(PathBuf, io::Error),
    /// A line of a file is not such an end.
    #[error("{path}, line {line}: not the end of an audit chain, which has `chain`, `seq` and `hash`", path = .0.display(), line = .1)]
    Line(PathBuf, usize),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A line of the file. The log's have the same three members among others.
#[derive(Serialize)]
struct Line<'a> {
    /// When it was kept.
    at: String,
    chain: &'a str,
    seq: i64,
    hash: String,
}

#[derive(Deserialize)]
struct ReadLine {
    chain: String,
    seq: i64,
    hash: String,
}

/// Keeps the ends of chains elsewhere.
#[derive(Debug)]
pub struct Anchors {
    settings: AnchorSettings,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// When they were kept last.
    at: Option<Timestamp>,
    /// The last row of each chain that was.
    last: HashMap<String, i64>,
}

impl Anchors {
    /// Opens the file, so that one that cannot be written shows at the start.
    pub fn new(settings: AnchorSettings) -> Result<Self, AnchorError> {
        if let Some(path) = &settings.file {
            open(path).map_err(|error| AnchorError::File(path.clone(), error))?;
        }
        Ok(Self { settings, kept: Mutex::default() })
    }

    /// Keeps the ends of chains that grew, if the time has come.
    pub async fn keep_due(&self, store: &Store, now: Timestamp) -> Result<(), AnchorError> {
        let mut kept = self.kept.lock().await;
        if kept.at.is_some_and(|at| now < at + self.settings.every) {
            return Ok(());
        }
        let heads = store.audit_heads().await?;
        let grown = heads.into_iter().filter(|head| kept.last.get(&head.chain) != Some(&head.seq));
        let grown: Vec<AuditHead> = grown.collect();
        for head in &grown {
            tracing::info!(
                chain = head.chain,
                seq = head.seq,
                hash = HEXLOWER.encode(&head.hash),
                "end of an audit chain"
            );
        }
        // The log has them: a file that fails is tried again after a full interval, not at every look.
        kept.at = Some(now);
        if let Some(path) = &self.settings.file {
            append(path, &grown, now).map_err(|error| AnchorError::File(path.clone(), error))?;
        }
        kept.last.extend(grown.into_iter().map(|head| (head.chain, head.seq)));
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o640).open(path)
}

/// A few hundred bytes an hour: short enough for the thread that runs tasks.
fn append(path: &Path, heads: &[AuditHead], now: Timestamp) -> io::Result<()> {
    let mut text = String::new();
    for head in heads {
        let line = Line {
            at: in_seoul(now).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            chain: &head.chain,
            seq: head.seq,
            hash: HEXLOWER.encode(&head.hash),
        };
        text += &serde_json::to_string(&line)?;
        text.push('\n');
    }
    let mut file = open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_data()
}

/// The ends in a file that [`Anchors`] wrote, or in lines of the log.
pub fn read(path: &Path) -> Result<Vec<AuditHead>, AnchorError> {
    let text = std::fs::read_to_string(path).map_err(|error| AnchorError::File(path.to_owned(), error))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| head(line).ok_or_else(|| AnchorError::Line(path.to_owned(), at + 1))).collect()
}

fn head(line: &str) -> Option<AuditHead> {
    let line: ReadLine = serde_json::from_str(line).ok()?;
    let hash = HEXLOWER.decode(line.hash.as_bytes()).ok()?.try_into().ok()?;
    (line.seq > 0).then_some(AuditHead { chain: line.chain, seq: line.seq, hash })
}
