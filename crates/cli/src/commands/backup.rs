use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use rims_server::clock::Clock;
use rims_server::config::Config;
use rims_server::service::administration::{Administration, RestoreRequest, restore};
use rims_server::store_options;
use rims_store::{BackupError, MasterKeys, Progress};

use super::admin::attach;
use super::{not_opened, runtime};
use crate::args;
use crate::operator;
use crate::output::{Failure, print};

pub(crate) fn backup(arguments: &args::Backup) -> Result<(), Failure> {
    let config = Config::load(&arguments.config.path).map_err(Failure::input)?;
    runtime()?.block_on(async {
        let store = attach(&config).await?;
        let bar = Bar::new();
        let administration =
            Administration::new(store.clone(), Clock::system()).acting_as(operator::actor(&arguments.acting));
        let done = administration.backup(&arguments.file, |progress| bar.tell(progress)).await;
        store.close().await;
        bar.end();
        let size = HumanBytes(done.map_err(not_copied)?);
        print(&format!("backed up to {} ({size})\n", arguments.file.display()))
    })
}

pub(crate) fn restored(arguments: &args::Restore) -> Result<(), Failure> {
    let config = Config::load(&arguments.config.path).map_err(Failure::input)?;
    let keys = MasterKeys::load(&config.database.master_key_file).map_err(Failure::failed)?;
    let options = store_options(&config);
    let (clock, bar) = (Clock::system(), Bar::new());
    let args::Restore { file, replace, trust_keys, .. } = arguments;
    let actor = operator::actor(&arguments.acting);
    let request = RestoreRequest { from: file, replace: *replace, trust_keys: *trust_keys, actor };
    let done = restore(&options, &keys, request, &clock, |progress| bar.tell(progress));
    let done = runtime()?.block_on(done);
    bar.end();
    let restored = done.map_err(not_copied)?;
    let entries: u64 = restored.audit.chains.iter().map(|chain| chain.entries).sum();
    let chains = restored.audit.chains.len();
    let mut lines =
        vec![format!("restored {}: {entries} rows of {chains} audit chains are whole", file.display())];
    if restored.migrated > 0 {
        lines.push(format!("applied {} migrations", restored.migrated));
    }
    if let Some(aside) = restored.aside {
        lines.push(format!("the database that was there is now {}", aside.display()));
    }
    lines.push(if *trust_keys {
        "keys that were revoked since the backup work again: revoke them, then start the server".to_owned()
    } else {
        let count = restored.suspended_keys;
        format!(
            "{count} operations keys wait for approval: some may have been revoked since the backup. Approve those that \
             may be used with `rims admin keys approve USER`"
        )
    });
    lines.push(
        "accounts, delegations and webhooks are as they were at the backup: compare them with your records\n"
            .into(),
    );
    print(&lines.join("\n"))
}

fn not_copied(error: BackupError) -> Failure {
    match error {
        BackupError::Open(error) => not_opened(error),
        BackupError::NotSqlite => Failure::input(error),
        BackupError::Exists(ref path) if path.extension().is_some_and(|end| end == "before-restore") => {
            Failure::Input(format!("{error}; it is the database of an earlier restore: move it away"))
        }
        BackupError::Exists(_) => Failure::Input(format!("{error}; name another file, or see --help")),
        _ => Failure::failed(error),
    }
}

/// On a terminal: how far it is.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        // Hidden unless standard error is a terminal.
        Self(ProgressBar::new_spinner())
    }

    pub(super) fn tell(&self, progress: Progress) {
        let (template, (done, total)) = match progress {
            Progress::Bytes(done, total) => {
                ("{bar:30} {binary_bytes}/{binary_total_bytes}", (done, Some(total)))
            }
            Progress::AuditRows(rows) => ("{spinner} audit trail: {human_pos} rows, {per_sec}", (rows, None)),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
        match total {
            Some(total) => self.0.set_length(total),
            None => self.0.unset_length(),
        }
        self.0.set_position(done);
    }

    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}
