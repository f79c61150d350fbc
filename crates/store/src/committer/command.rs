//! Writes that are statements of their own.

use rims_domain::Account;

use super::group::Failure;
use crate::codec::digits;
use crate::db::Link;
use crate::error::StoreError;
use crate::prepared::Command;
use crate::reseal;
use crate::row::CredentialRow;
use crate::schema;
use crate::sql;

/// Runs one text with values on either engine and gives the number of rows it changed.
macro_rules! changed {
    ($link:expr, $text:expr $(, $value:expr)+) => {
        $crate::db::on_backend!(&mut *$link, connection => {
            sqlx::query($text)$(.bind($value))+.execute(connection).await?.rows_affected()
        })
    };
}

/// As [`changed!`], but planned anew for these values. PostgreSQL's plan for any values takes an unknown `LIMIT` for a
/// tenth of the table and reads the whole of it.
macro_rules! changed_some {
    ($link:expr, $text:expr $(, $value:expr)+) => {
        $crate::db::on_backend!(&mut *$link, connection => {
            sqlx::query($text).persistent(false)$(.bind($value))+.execute(connection).await?.rows_affected()
        })
    };
}

pub(crate) use {changed, changed_some};

pub(super) async fn run(link: &mut Link, command: &Command) -> Result<(), Failure> {
    match command {
        Command::CreateAccount { account, created_ms } => create(link, account, *created_ms).await,
        Command::SetApproval { account, before, approval, ended_ms } => one(
            changed!(link, sql::SET_APPROVAL, account, before, approval, ended_ms),
            "account in that state",
        ),
        Command::SetAccountStatus { account, before, status, ended_ms } => {
            one(changed!(link, sql::SET_STATUS, account, before, status, ended_ms), "account in that state")
        }
        Command::IssueCredentials(rows) => {
            for row in rows {
                issue(link, row).await?;
            }
            Ok(())
        }
        Command::ReplaceCredential { new, old, revoked_ms } => {
            revoke(link, *old, *revoked_ms).await?;
            issue(link, new).await
        }
        Command::ApproveCredential { credential } => {
            one(changed!(link, sql::APPROVE_CREDENTIAL, credential), "credential")
        }
        Command::RevokeCredential { credential, revoked_ms } => revoke(link, *credential, *revoked_ms).await,
        Command::SetAllowedIps { credential, allowed_ips } => {
            one(changed!(link, sql::SET_ALLOWED_IPS, credential, allowed_ips.as_str()), "credential")
        }
        Command::GrantDelegation { owner, delegate, granted_ms } => {
            one(changed!(link, sql::GRANT, owner, delegate, granted_ms), "delegation")
        }
        Command::RevokeDelegation { owner, delegate, revoked_ms } => {
            one(changed!(link, sql::REVOKE_GRANT, owner, delegate, revoked_ms), "delegation")
        }
        Command::ForgetTokens { before_ms } => {
            changed!(link, sql::FORGET_TOKENS, before_ms);
            Ok(())
        }
        Command::Reseal(rows) => reseal::run(link, rows).await,
        Command::RetireKey { version } => schema::retire_key(link, *version).await,
        Command::TakeNumbers(advance) => advance.run(link).await,
        Command::Rental(command) => command.run(link).await,
        Command::Reservation(command) => command.run(link).await,
        Command::Remote(command) => command.run(link).await,
        Command::Webhook(command) => command.run(link).await,
        Command::Recheck(command) => command.run(link).await,
        Command::Claim(command) => command.run(link).await,
        Command::Quota(command) => command.run(link).await,
        Command::Retention(command) => command.run(link).await,
    }
}

/// A change of a row that is not there is refused, not ignored.
pub(crate) fn one(rows: u64, what: &'static str) -> Result<(), Failure> {
    if rows == 1 { Ok(()) } else { Err(Failure::Refused(StoreError::Missing(what))) }
}

async fn create(link: &mut Link, account: &Account, created_ms: i64) -> Result<(), Failure> {
    let (approval, status) = (digits(account.approval.code()), digits(account.status.code()));
    let ended_ms = account.is_ended().then_some(created_ms);
    changed!(
        link,
        sql::CREATE_ACCOUNT,
        account.id.0,
        account.user_id.as_str(),
        account.brno.as_str(),
        account.company.as_str(),
        account.kind.name(),
        approval,
        status,
        created_ms,
        ended_ms
    );
    Ok(())
}

async fn issue(link: &mut Link, row: &CredentialRow) -> Result<(), Failure> {
    changed!(
        link,
        sql::ISSUE_CREDENTIAL,
        row.id,
        row.account,
        row.environment,
        &row.auth_key_hash[..],
        row.secret_key.as_slice(),
        row.approved,
        row.revoked_ms,
        row.allowed_ips.as_str(),
        row.created_ms
    );
    Ok(())
}

async fn revoke(link: &mut Link, credential: i64, revoked_ms: i64) -> Result<(), Failure> {
    one(changed!(link, sql::REVOKE_CREDENTIAL, credential, revoked_ms), "unrevoked credential")
}
