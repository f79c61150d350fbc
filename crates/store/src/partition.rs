//! PostgreSQL's tables that grow for ever are partitioned by month (Asia/Seoul). Partitions are made ahead; what
//! has none of its own goes into the default partition and stays there. SQLite has one table each.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rims_domain::calendar::today;
use sqlx::{AssertSqlSafe, PgPool};

use crate::db::Backend;
use crate::error::{StoreError, report};
use crate::id;
use crate::sql::statements;
use crate::store::Store;

/// How many months are made ahead of the present one.
const AHEAD: i32 = 3;

statements! { POSTGRES:
    PARTITIONS = "
        SELECT c.relname::text FROM pg_catalog.pg_inherits i
        JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = to_regclass($1) ORDER BY c.relname";
}

/// A partitioned table and what its key means.
struct Partitioned {
    table: &'static str,
    bound: fn(Timestamp) -> i64,
}

const TABLES: [Partitioned; 3] = [
    Partitioned { table: "verification", bound: id::floor },
    Partitioned { table: "rental", bound: id::floor },
    Partitioned { table: "audit", bound: Timestamp::as_millisecond },
];

impl Store {
    /// Makes the partitions of this month and the next ones that do not exist yet.
    pub async fn make_partitions(&self, now: Timestamp) -> Result<(), StoreError> {
        let Backend::Postgres(pool) = &self.inner.db else { return Ok(()) };
        for partitioned in &TABLES {
            let existing = partitions(pool, partitioned.table).await.map_err(|error| report(&error))?;
            for month in (0..=AHEAD).filter_map(|ahead| month(today(now), ahead)) {
                let name = name(partitioned.table, month);
                if !existing.contains(&name) {
                    make(pool, partitioned, &name, month).await?;
                }
            }
        }
        Ok(())
    }

    /// Drops the partitions of past months that retention has emptied.
    pub async fn drop_empty_partitions(&self, now: Timestamp) -> Result<(), StoreError> {
        let Backend::Postgres(pool) = &self.inner.db else { return Ok(()) };
        for Partitioned { table, .. } in &TABLES {
            let Some(present) = month(today(now), 0).map(|month| name(table, month)) else { continue };
            let existing = partitions(pool, table).await.map_err(|error| report(&error))?;
            let default = format!("{table}_default");
            for past in existing.iter().filter(|name| **name < present && **name != default) {
                drop_if_empty(pool, table, past).await.map_err(|error| report(&error))?;
            }
        }
        Ok(())
    }
}

async fn partitions(pool: &PgPool, table: &str) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar(PARTITIONS).bind(table).fetch_all(pool).await
}

/// The first day of the month `ahead` months after a day's.
fn month(day: Date, ahead: i32) -> Option<Date> {
    day.first_of_month().checked_add(ahead.months()).ok()
}

fn name(table: &str, month: Date) -> String {
    format!("{table}_{:04}{:02}", month.year(), month.month())
}

fn start(month: Date) -> Option<Timestamp> {
    let seoul = TimeZone::fixed(jiff::tz::offset(9));
    month.to_zoned(seoul).ok().map(|start| start.timestamp())
}

/// Makes one partition. Where the default partition has rows of that month already, they stay there, and so do
/// the month's others; where another node was faster, all is well.
async fn make(pool: &PgPool, of: &Partitioned, name: &str, first: Date) -> Result<(), StoreError> {
    let Some((from, to)) = start(first).zip(month(first, 1).and_then(start)) else { return Ok(()) };
    let (from, to, table) = ((of.bound)(from), (of.bound)(to), of.table);
    let text = format!(
        "SET LOCAL lock_timeout = '5s'; \
         CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table} FOR VALUES FROM ({from}) TO ({to})"
    );
    match run(pool, text).await {
        Err(sqlx::Error::Database(refusal)) if is_taken(refusal.code().as_deref()) => {
            tracing::info!(name, "no partition of its own: the default one has rows of that month");
            Ok(())
        }
        made => made.map_err(|error| report(&error)),
    }
}

/// check_violation: of the default partition; invalid_object_definition: overlapping; duplicate_table.
fn is_taken(code: Option<&str>) -> bool {
    matches!(code, Some("23514" | "42P17" | "42P07"))
}

/// Looks again with the table locked, the whole one first as every writer does: a row that arrives after the first
/// look keeps its partition.
async fn drop_if_empty(pool: &PgPool, table: &str, name: &str) -> sqlx::Result<()> {
    let used = format!("SELECT EXISTS (SELECT 1 FROM {name})");
    if sqlx::query_scalar(AssertSqlSafe(used.as_str())).fetch_one(pool).await? {
        return Ok(());
    }
    let mut transaction = pool.begin().await?;
    let lock = format!("SET LOCAL lock_timeout = '1s'; LOCK TABLE {table}");
    sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut *transaction).await?;
    if !sqlx::query_scalar(AssertSqlSafe(used)).fetch_one(&mut *transaction).await? {
        sqlx::raw_sql(AssertSqlSafe(format!("DROP TABLE {name}"))).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

/// Names are this file's own; there are no values.
async fn run(pool: &PgPool, text: String) -> sqlx::Result<()> {
    let mut transaction = pool.begin().await?;
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *transaction).await?;
    transaction.commit().await
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn months_begin_in_seoul_and_follow_each_other() {
        let december = month(date(2026, 12, 31), 0).unwrap();
        let january = month(date(2026, 12, 31), 1).unwrap();
        assert_eq!((december, january), (date(2026, 12, 1), date(2027, 1, 1)));
        assert_eq!(name("rental", january), "rental_202701");
        assert_eq!(start(january), Some("2026-12-31T15:00:00Z".parse().unwrap()));
    }
}
