use std::path::Path;

use rims_store::{BackupError, MasterKeys, Options, Progress, Restore, Restored, Store};

use super::{Administration, system_event};
use crate::clock::Clock;

impl Administration {
    /// Copies the SQLite database into a new file; gives its size in bytes. The event is in the copy, too.
    pub async fn backup(&self, to: &Path, progress: impl Fn(Progress) + Send) -> Result<u64, BackupError> {
        self.store.backup(to, system_event(&self.clock, "backup"), progress).await
    }
}

/// Puts a backup in the place of the configured SQLite database, moving one that is there aside if that is wanted.
pub async fn restore(
    options: &Options,
    keys: &MasterKeys,
    (from, replace): (&Path, bool),
    clock: &Clock,
    progress: impl Fn(Progress) + Send + Sync,
) -> Result<Restored, BackupError> {
    let restore = Restore { from, replace, at: clock.now() };
    Store::restore(options, keys, restore, system_event(clock, "restore"), progress).await
}
