//! Being told at once that a key, an account or a delegation was changed, by whichever node. PostgreSQL only: beside SQLite
//! there is but `rims admin`, whose changes are seen when what was read is too old to be used.

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::watch;

use crate::db::Link;
use crate::prepared::Command;
use crate::sql::statements;

/// How long to wait before trying to listen again.
const PAUSE: Duration = Duration::from_secs(1);
/// The channel's name; it is in [`POSTGRES_TELL`], too.
const CHANNEL: &str = "rims_access";

statements! { POSTGRES:
    POSTGRES_TELL = "SELECT pg_notify('rims_access', '')";
}

/// Tells every node, once this transaction is committed, if the command changes who may do what.
pub(crate) async fn tell(link: &mut Link, command: &Command) -> sqlx::Result<()> {
    match link {
        Link::Postgres(_) if changes_access(command) => link.run(POSTGRES_TELL).await,
        _ => Ok(()),
    }
}

fn changes_access(command: &Command) -> bool {
    matches!(
        command,
        Command::CreateAccount { .. }
            | Command::SetApproval { .. }
            | Command::SetAccountStatus { .. }
            | Command::IssueCredentials(_)
            | Command::ReplaceCredential { .. }
            | Command::ApproveCredential { .. }
            | Command::RevokeCredential { .. }
            | Command::SetAllowedIps { .. }
            | Command::GrantDelegation { .. }
            | Command::RevokeDelegation { .. }
    )
}

/// Counts what is told, until the pool is closed. A connection that was lost may have missed something, and counts, too.
pub(crate) async fn listen(pool: PgPool, count: watch::Sender<u64>) {
    loop {
        let ended = follow(&pool, &count).await;
        if pool.is_closed() {
            return;
        }
        if let Err(error) = ended {
            tracing::debug!(%error, "changes of keys and accounts are not told at the moment");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn follow(pool: &PgPool, count: &watch::Sender<u64>) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        count.send_modify(|count| *count += 1);
        listener.try_recv().await?;
    }
}
