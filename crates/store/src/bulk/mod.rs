//! Many rows in one statement: the dialects differ, so each engine has its own file.
//!
//! SQLite: `INSERT … SELECT … FROM (VALUES …)` in a few fixed sizes, prepared once each; verifications alone, the most
//! frequent writes, on a thread of their own. PostgreSQL: `UNNEST`.

mod postgres;
mod sqlite;
mod thread;

use crate::audit::{ChainedRow, Head};
use crate::db::Link;
use crate::grace::Sightings;
use crate::row::{TokenRow, VerificationRow};

pub(crate) use postgres::{Verifications, commit_verifications};
pub(crate) use sqlite::statements as sqlite_statements;
pub(crate) use thread::{Group, VerificationThread};

pub(crate) async fn insert_tokens(link: &mut Link, rows: &[&TokenRow]) -> sqlx::Result<()> {
    match link {
        _ if rows.is_empty() => Ok(()),
        Link::Sqlite(connection) => sqlite::insert_tokens(connection, rows).await,
        Link::Postgres(connection) => postgres::insert_tokens(connection, rows).await,
    }
}

pub(crate) async fn insert_verifications(link: &mut Link, rows: &[&VerificationRow]) -> sqlx::Result<()> {
    match link {
        _ if rows.is_empty() => Ok(()),
        Link::Sqlite(connection) => sqlite::insert_verifications(connection, rows).await,
        Link::Postgres(connection) => postgres::insert_verifications(connection, rows).await,
    }
}

/// Adds rows to a chain and moves its head from one place to another, with the time of the node's last id. False if the
/// head is not where the rows begin: somebody else wrote to the chain.
pub(crate) async fn append_audit(
    link: &mut Link,
    chain: &str,
    heads: (Head, Head, i64),
    rows: &[ChainedRow<'_>],
) -> sqlx::Result<bool> {
    match link {
        Link::Sqlite(connection) => sqlite::append_audit(connection, chain, heads, rows).await,
        Link::Postgres(connection) => postgres::append_audit(connection, chain, heads, rows).await,
    }
}

/// Ends graces first and starts them after, as [`Sightings`] means it.
pub(crate) async fn apply_sightings(link: &mut Link, sightings: &Sightings<'_>) -> sqlx::Result<()> {
    match link {
        Link::Sqlite(connection) => sqlite::apply_sightings(connection, sightings).await,
        Link::Postgres(connection) => postgres::apply_sightings(connection, sightings).await,
    }
}
