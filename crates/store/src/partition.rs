//! PostgreSQL's tables that grow for ever are partitioned by month (Asia/Seoul). Partitions are made ahead; what
//! has none of its own goes into the default partition and stays there. SQLite has one table each.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rims_domain::calendar::today;
use sqlx::PgPool;

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
    MAKE_PARTITION = "SELECT make_partition($1, $2, $3, $4)";
    DROP_EMPTY_PARTITION = "SELECT drop_empty_partition($1, $2)";
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
            let existing = months_of(pool, partitioned.table).await.map_err(|error| report(&error))?;
            for month in (0..=AHEAD).filter_map(|ahead| month(today(now), ahead)) {
                if !existing.contains(&digits(month)) {
                    make(pool, partitioned, month).await?;
                }
            }
        }
        Ok(())
    }

    /// Drops the partitions of past months that retention has emptied.
    pub async fn drop_empty_partitions(&self, now: Timestamp) -> Result<(), StoreError> {
        let Backend::Postgres(pool) = &self.inner.db else { return Ok(()) };
        let Some(present) = month(today(now), 0).map(digits) else { return Ok(()) };
        for Partitioned { table, .. } in &TABLES {
            let existing = months_of(pool, table).await.map_err(|error| report(&error))?;
            for past in existing.into_iter().filter(|month| *month < present) {
                let dropped = sqlx::query(DROP_EMPTY_PARTITION).bind(*table).bind(past).execute(pool).await;
                dropped.map_err(|error| report(&error))?;
            }
        }
        Ok(())
    }
}

/// The months (yyyymm) that have a partition of a table.
async fn months_of(pool: &PgPool, table: &str) -> sqlx::Result<Vec<String>> {
    let names: Vec<String> = sqlx::query_scalar(PARTITIONS).bind(table).fetch_all(pool).await?;
    let month = |name: &String| Some(name.strip_prefix(table)?.strip_prefix('_')?.to_owned());
    Ok(names.iter().filter_map(month).filter(|month| month != "default").collect())
}

/// The first day of the month `ahead` months after a day's.
fn month(day: Date, ahead: i32) -> Option<Date> {
    day.first_of_month().checked_add(ahead.months()).ok()
}

fn digits(month: Date) -> String {
    format!("{:04}{:02}", month.year(), month.month())
}

fn start(month: Date) -> Option<Timestamp> {
    let seoul = TimeZone::fixed(jiff::tz::offset(9));
    month.to_zoned(seoul).ok().map(|start| start.timestamp())
}

/// Makes one partition. Where the default partition has rows of that month already, they stay there, and so do
/// the month's others; where another node was faster, all is well.
async fn make(pool: &PgPool, of: &Partitioned, first: Date) -> Result<(), StoreError> {
    let Some((from, to)) = start(first).zip(month(first, 1).and_then(start)) else { return Ok(()) };
    let month = digits(first);
    let make = sqlx::query(MAKE_PARTITION).bind(of.table).bind(&month);
    match make.bind((of.bound)(from)).bind((of.bound)(to)).execute(pool).await {
        Err(sqlx::Error::Database(refusal)) if is_taken(refusal.code().as_deref()) => {
            tracing::info!(
                table = of.table,
                month,
                "no partition of its own: the default one has rows of that month"
            );
            Ok(())
        }
        done => done.map(drop).map_err(|error| report(&error)),
    }
}

/// check_violation: of the default partition; invalid_object_definition: overlapping; duplicate_table.
fn is_taken(code: Option<&str>) -> bool {
    matches!(code, Some("23514" | "42P17" | "42P07"))
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
        assert_eq!(digits(january), "202701");
        assert_eq!(start(january), Some("2026-12-31T15:00:00Z".parse().unwrap()));
    }
}
