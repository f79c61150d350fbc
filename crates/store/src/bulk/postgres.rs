//! PostgreSQL: one array per column, unnested into rows.

use rims_protocol::values::Plate;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres};

use crate::audit::{ChainedRow, Head};
use crate::grace::Sightings;
use crate::row::{TokenRow, VerificationRow};
use crate::sql;

/// One column of many rows.
fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

pub(super) async fn insert_tokens(link: &mut PgConnection, rows: &[&TokenRow]) -> sqlx::Result<()> {
    sqlx::query(sql::POSTGRES_INSERT_TOKENS)
        .bind(column(rows, |row| &row.hash[..]))
        .bind(column(rows, |row| row.credential))
        .bind(column(rows, |row| row.issued_ms))
        .bind(column(rows, |row| row.expires_ms))
        .execute(link)
        .await
        .map(drop)
}

pub(super) async fn insert_verifications(
    link: &mut PgConnection,
    rows: &[&VerificationRow],
) -> sqlx::Result<()> {
    bind_verifications(sqlx::query(sql::POSTGRES_INSERT_VERIFICATIONS), rows).execute(link).await.map(drop)
}

type PgQuery<'q> = Query<'q, Postgres, PgArguments>;

fn bind_verifications<'q>(query: PgQuery<'q>, rows: &'q [&'q VerificationRow]) -> PgQuery<'q> {
    query
        .bind(column(rows, |row| row.id))
        .bind(column(rows, |row| row.at_ms))
        .bind(column(rows, |row| row.company))
        .bind(column(rows, |row| row.caller))
        .bind(column(rows, |row| row.environment))
        .bind(column(rows, |row| row.sector))
        .bind(column(rows, |row| row.channel))
        .bind(column(rows, |row| row.class))
        .bind(column(rows, |row| row.from_date))
        .bind(column(rows, |row| row.to_date))
        .bind(column(rows, |row| row.plate.as_ref().map(Plate::as_str)))
        .bind(column(rows, |row| row.api_type))
        .bind(column(rows, |row| row.code))
        .bind(column(rows, |row| row.temporary))
        .bind(column(rows, |row| row.identity))
        .bind(column(rows, |row| &row.licence_hash[..]))
        .bind(column(rows, |row| row.subject.as_slice()))
}

/// A transaction of verifications and what follows from them.
pub(crate) struct Verifications<'a> {
    pub(crate) rows: &'a [&'a VerificationRow],
    pub(crate) sightings: &'a Sightings<'a>,
    pub(crate) chain: &'a str,
    /// Their sheet.
    pub(crate) audit: &'a ChainedRow<'a>,
    /// Where the chain's head is; it goes to that row.
    pub(crate) head: Head,
    /// The time of the node's last id.
    pub(crate) last_id_ms: i64,
}

/// The whole transaction as one statement: each exchange more is a turn of two processes. False if the head is not where
/// it should be: nothing is stored.
pub(crate) async fn commit_verifications(
    link: &mut PgConnection,
    all: &Verifications<'_>,
) -> sqlx::Result<bool> {
    let (head, new) = (all.head, all.audit.head());
    let ChainedRow { seq, row, hash, .. } = all.audit;
    let Sightings { ended, started, .. } = all.sightings;
    let query = sqlx::query(sql::POSTGRES_COMMIT_VERIFICATIONS)
        .bind(all.chain)
        .bind(seq)
        .bind(row.at_ms)
        .bind(all.audit.key_version)
        .bind(row.actor_kind)
        .bind(row.actor)
        .bind(row.actor_name.as_deref())
        .bind(row.address.as_ref().map(|address| &address[..]))
        .bind(row.environment)
        .bind(row.action.name())
        .bind(row.company)
        .bind(row.subject_hash.as_ref().map(|hash| &hash[..]))
        .bind(row.reference)
        .bind(row.outcome.as_str())
        .bind(row.sheet.as_deref())
        .bind(&hash[..])
        .bind(head.seq)
        .bind(&head.hash[..])
        .bind(new.seq)
        .bind(all.last_id_ms)
        .bind(&new.hash[..]);
    let stored = bind_verifications(query, all.rows)
        .bind(column(ended, |key| key.company))
        .bind(column(ended, |key| key.environment))
        .bind(column(ended, |key| key.plate_key.as_str()))
        .bind(column(started, |(key, _)| key.company))
        .bind(column(started, |(key, _)| key.environment))
        .bind(column(started, |(key, _)| key.plate_key.as_str()))
        .bind(column(started, |(_, at_ms)| *at_ms))
        .execute(link)
        .await?;
    Ok(stored.rows_affected() > 0)
}

/// In one statement: each one more is a turn of both processes.
pub(super) async fn append_audit(
    link: &mut PgConnection,
    chain: &str,
    (head, new, last_id_ms): (Head, Head, i64),
    rows: &[ChainedRow<'_>],
) -> sqlx::Result<bool> {
    let appended = sqlx::query(sql::POSTGRES_APPEND_AUDIT)
        .bind(chain)
        .bind(column(rows, |row| row.seq))
        .bind(column(rows, |row| row.row.at_ms))
        .bind(column(rows, |row| row.key_version))
        .bind(column(rows, |row| row.row.actor_kind))
        .bind(column(rows, |row| row.row.actor))
        .bind(column(rows, |row| row.row.actor_name.as_deref()))
        .bind(column(rows, |row| row.row.address.as_ref().map(|address| &address[..])))
        .bind(column(rows, |row| row.row.environment))
        .bind(column(rows, |row| row.row.action.name()))
        .bind(column(rows, |row| row.row.company))
        .bind(column(rows, |row| row.row.subject_hash.as_ref().map(|hash| &hash[..])))
        .bind(column(rows, |row| row.row.reference))
        .bind(column(rows, |row| row.row.outcome.as_str()))
        .bind(column(rows, |row| row.row.sheet.as_deref()))
        .bind(column(rows, |row| &row.hash[..]))
        .bind(head.seq)
        .bind(&head.hash[..])
        .bind(new.seq)
        .bind(last_id_ms)
        .bind(&new.hash[..])
        .execute(link)
        .await?;
    Ok(appended.rows_affected() > 0)
}

pub(super) async fn apply_sightings(link: &mut PgConnection, sightings: &Sightings<'_>) -> sqlx::Result<()> {
    let Sightings { ended, started, .. } = sightings;
    if !ended.is_empty() {
        sqlx::query(sql::POSTGRES_END_GRACE)
            .bind(column(ended, |key| key.company))
            .bind(column(ended, |key| key.environment))
            .bind(column(ended, |key| key.plate_key.as_str()))
            .execute(&mut *link)
            .await?;
    }
    if !started.is_empty() {
        sqlx::query(sql::POSTGRES_START_GRACE)
            .bind(column(started, |(key, _)| key.company))
            .bind(column(started, |(key, _)| key.environment))
            .bind(column(started, |(key, _)| key.plate_key.as_str()))
            .bind(column(started, |(_, at_ms)| *at_ms))
            .execute(&mut *link)
            .await?;
    }
    Ok(())
}
