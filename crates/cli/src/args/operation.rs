use std::path::PathBuf;

use super::{Acting, ConfigFile};

/// Bring the database's schema to this version.
#[derive(clap::Args)]
#[command(after_help = "Example: rims migrate --config /etc/rims/rims.toml")]
pub(crate) struct Migrate {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    /// Change nothing; exit code 0 if the schema is this version's, else 1 and what there is to do.
    #[arg(long)]
    pub(crate) check: bool,
    /// On PostgreSQL, also give this role what a server needs and no more: it cannot change or delete a row of the audit
    /// trail. Run as the owner of the tables; the servers then connect as the role.
    #[arg(long, value_name = "ROLE", conflicts_with = "check")]
    pub(crate) app_role: Option<String>,
}

/// Copy a SQLite database into a new file while a server may run on it. The copy is checked, and is whole or not there.
#[derive(clap::Args)]
#[command(after_help = "Example: rims backup --config /etc/rims/rims.toml /backup/rims-20261123.db")]
pub(crate) struct Backup {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    #[command(flatten)]
    pub(crate) acting: Acting,
    /// The new file. Keep it apart from the master key file: whoever has both can read everything.
    pub(crate) file: PathBuf,
}

/// Put a backup in the place of the configured SQLite database. First a copy is checked: its pages, its master key, its
/// schema, its audit trail. No server may run on the database.
#[derive(clap::Args)]
#[command(after_help = "Example: rims restore --config /etc/rims/rims.toml /backup/rims-20261123.db")]
pub(crate) struct Restore {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    #[command(flatten)]
    pub(crate) acting: Acting,
    /// What `rims backup` wrote; it is only read.
    pub(crate) file: PathBuf,
    /// Move a database that is there aside, to its name with `.before-restore`.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Leave operations keys usable that were so at the backup, also those that were revoked since. Without it each waits
    /// for `rims admin keys approve` again, and all tokens have ended.
    #[arg(long)]
    pub(crate) trust_keys: bool,
}
