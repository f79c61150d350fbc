use std::path::Path;

use rims_domain::{Actor, AuditAction};
use rims_store::{BackupError, MasterKeys, NewAudit, Options, Progress, Restore, Restored, Store};

use super::{Administration, system_event};
use crate::clock::Clock;

impl Administration {
    /// Copies the SQLite database into a new file; gives its size in bytes. The event is in the copy, too.
    pub async fn backup(&self, to: &Path, progress: impl Fn(Progress) + Send) -> Result<u64, BackupError> {
        self.store.backup(to, self.plain_event(AuditAction::Backup), progress).await
    }
}

/// A backup to put back, as the operator wishes it.
#[derive(Clone, Debug)]
pub struct RestoreRequest<'a> {
    /// The backup.
    pub from: &'a Path,
    /// Whether a database that is there is moved aside.
    pub replace: bool,
    /// Whether operations keys that the backup has as usable need no approval again.
    pub trust_keys: bool,
    /// Who restores it.
    pub actor: Actor,
}

/// Puts a backup in the place of the configured SQLite database.
pub async fn restore(
    options: &Options,
    keys: &MasterKeys,
    request: RestoreRequest<'_>,
    clock: &Clock,
    progress: impl Fn(Progress) + Send + Sync,
) -> Result<Restored, BackupError> {
    let RestoreRequest { from, replace, trust_keys, actor } = request;
    let restore = Restore { from, replace, trust_keys, at: clock.now() };
    let event = NewAudit { actor, ..system_event(clock.now(), AuditAction::Restore) };
    Store::restore(options, keys, restore, event, progress).await
}
