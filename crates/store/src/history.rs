//! Histories of a company's rentals and reservations (§4.2.8, §4.2.9): pages from an index, totals from daily
//! counts, which every insertion and deletion keeps in its own transaction. The counts also tell on which days a page
//! lies, so that a far page, or one of many companies, reads no more than a near one (docs/performance.md).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use rims_domain::AccountId;
use rims_protocol::codes::SearchType;
use rims_protocol::values::Plate;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow};

use crate::codec::{Code, date_to_int};
use crate::committer::changed;
use crate::db::{Backend, Db, Link, on_backend};
use crate::error::{StoreError, report};
use crate::sql::statements;

statements! { STATEMENTS:
    COUNT = "
        INSERT INTO history_count (company_id, search, day, total) VALUES ($1, $2, $3, $4)
        ON CONFLICT (company_id, search, day) DO UPDATE SET total = history_count.total + excluded.total";
}

/// What a history is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Whose.
    pub scope: &'a [AccountId],
    /// Which date is searched, one of the history's own.
    pub search: SearchType,
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// One vehicle only, however its number is spelled.
    pub plate: Option<&'a Plate>,
    /// How many rows to leave out at the beginning.
    pub offset: u64,
    /// How many rows to give.
    pub limit: u32,
}

/// Some rows and how many there are in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<Row> {
    /// The rows of the page.
    pub rows: Vec<Row>,
    /// How many match.
    pub total: i64,
}

/// A company's day under one search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CountKey {
    company: i64,
    search: i16,
    day: i32,
}

impl CountKey {
    pub(crate) fn new(company: AccountId, search: SearchType, day: Date) -> Self {
        Self { company: company.0, search: search.encode(), day: date_to_int(day) }
    }

    pub(crate) fn of_row(company: i64, search: SearchType, day: i32) -> Self {
        Self { company, search: search.encode(), day }
    }
}

impl Code for SearchType {
    const COLUMN: &'static str = "history_count.search";
    const TABLE: &'static [(Self, i16)] = &[
        (Self::RentStart, 1),
        (Self::RentEnd, 2),
        (Self::RentCreate, 3),
        (Self::ReservationStart, 4),
        (Self::ReservationEnd, 5),
        (Self::ReservationCreate, 6),
    ];
}

/// Adds to the daily counts, each key once and in their order, so that two committers never wait for each other
/// crosswise.
pub(crate) async fn count(
    link: &mut Link,
    keys: impl Iterator<Item = CountKey>,
    by: i64,
) -> sqlx::Result<()> {
    let mut counts: BTreeMap<CountKey, i64> = BTreeMap::new();
    for key in keys {
        *counts.entry(key).or_default() += by;
    }
    for (key, by) in counts {
        changed!(link, COUNT, key.company, key.search, key.day, by);
    }
    Ok(())
}

/// One of the two histories.
pub(crate) struct History {
    table: &'static str,
    columns: &'static str,
}

pub(crate) const RENTALS: History = History {
    table: "rental",
    columns: "t.id, t.company_id, t.number, t.at_ms, t.from_date, t.to_date, t.plate, t.status, t.one_way, \
              t.verified_ms, t.code, t.temporary, t.licence_hash",
};

pub(crate) const RESERVATIONS: History = History {
    table: "reservation",
    columns: "t.id, t.company_id, t.caller_id, t.number, t.at_ms, t.from_date, t.to_date, t.plate, \
              t.recurrence, t.class, t.subject, t.last_code, t.last_ms, t.next_date, t.failures",
};

/// Whose rows: the engines differ in how a list is bound.
#[derive(Clone, Copy)]
enum Scope {
    One,
    SqliteList,
    PostgresList,
}

impl Scope {
    const fn condition(self) -> &'static str {
        match self {
            Self::One => "company_id = $1",
            Self::SqliteList => "company_id IN (SELECT value FROM json_each($1))",
            Self::PostgresList => "company_id = ANY($1)",
        }
    }
}

const fn column(search: SearchType) -> &'static str {
    match search {
        SearchType::RentStart | SearchType::ReservationStart => "from_date",
        SearchType::RentEnd | SearchType::ReservationEnd => "to_date",
        SearchType::RentCreate | SearchType::ReservationCreate => "created_date",
    }
}

impl History {
    fn conditions(scope: Scope, date: &str) -> String {
        format!("{} AND {date} >= $2 AND {date} <= $3", scope.condition())
    }

    /// The keys of the page from the index first, then its rows: rows that are left out are not read.
    fn page(&self, scope: Scope, search: SearchType) -> String {
        let (Self { table, columns }, date) = (self, column(search));
        let conditions = Self::conditions(scope, date);
        format!(
            "SELECT {columns} FROM (SELECT company_id, id, {date}, number FROM {table} WHERE {conditions} \
             ORDER BY {date} DESC, number DESC LIMIT $4 OFFSET $5) AS k \
             JOIN {table} t ON t.company_id = k.company_id AND t.id = k.id \
             ORDER BY k.{date} DESC, k.number DESC"
        )
    }

    /// The page of one vehicle, which has a handful of rows. The `+` keeps the engines from the index of the date, in
    /// which they would read all of the company's rows of these days.
    fn page_of_plate(&self, scope: Scope, search: SearchType) -> String {
        let (Self { table, columns }, date) = (self, format!("+{}", column(search)));
        let conditions = Self::conditions(scope, &date);
        format!(
            "SELECT {columns} FROM {table} t WHERE {conditions} AND plate_key = $6 \
             ORDER BY {date} DESC, number DESC LIMIT $4 OFFSET $5"
        )
    }

    fn count_of_plate(&self, scope: Scope, search: SearchType) -> String {
        let conditions = Self::conditions(scope, &format!("+{}", column(search)));
        format!("SELECT COUNT(*) FROM {} WHERE {conditions} AND plate_key = $4", self.table)
    }
}

/// The rows of each day, the newest first.
fn days(scope: Scope) -> String {
    let scope = scope.condition();
    format!(
        "SELECT day, CAST(SUM(total) AS BIGINT) FROM history_count \
         WHERE {scope} AND day >= $2 AND day <= $3 AND search = $4 GROUP BY day ORDER BY day DESC"
    )
}

/// The days on which a page lies, and how many of their rows are before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    from: i32,
    to: i32,
    offset: i64,
}

/// Nothing where the page begins after the last row.
fn window(days: &[(i32, i64)], offset: i64, limit: i64) -> Option<Window> {
    let end = offset.saturating_add(limit);
    let mut newer = 0;
    let mut window = None;
    for &(day, total) in days {
        if newer + total > offset && newer < end {
            window.get_or_insert(Window { from: day, to: day, offset: offset - newer }).from = day;
        }
        newer += total;
    }
    window
}

/// Reads the page and the total on one engine; `$scope` is bound in that engine's way.
macro_rules! read {
    ($pool:expr, $history:expr, $query:expr, $kind:expr, $scope:expr) => {
        async {
            let (from, to) = (date_to_int($query.from), date_to_int($query.to));
            let (limit, offset) = (i64::from($query.limit), i64::try_from($query.offset).unwrap_or(i64::MAX));
            if let Some(plate_key) = $query.plate.map(Plate::key) {
                let total = safe($history.count_of_plate($kind, $query.search));
                let total =
                    sqlx::query_scalar(total).bind($scope).bind(from).bind(to).bind(plate_key.as_str());
                let page = safe($history.page_of_plate($kind, $query.search));
                let page = sqlx::query_as(page).bind($scope).bind(from).bind(to).bind(limit).bind(offset);
                let total = total.fetch_one($pool).await?;
                return Ok((page.bind(plate_key.as_str()).fetch_all($pool).await?, total));
            }
            let days = sqlx::query_as(safe(days($kind))).bind($scope).bind(from).bind(to);
            let days: Vec<(i32, i64)> = days.bind($query.search.encode()).fetch_all($pool).await?;
            let total = days.iter().map(|(_, total)| total).sum();
            let Some(Window { from, to, offset }) = window(&days, offset, limit) else {
                return Ok((Vec::new(), total));
            };
            let page = sqlx::query_as(safe($history.page($kind, $query.search)));
            let page = page.bind($scope).bind(from).bind(to).bind(limit).bind(offset);
            Ok((page.fetch_all($pool).await?, total))
        }
        .await
    };
}

/// The texts are made of this file's own words; all values are bound.
fn safe(text: String) -> AssertSqlSafe<Arc<str>> {
    AssertSqlSafe(Arc::from(text))
}

/// A row of a history, as both engines give it.
pub(crate) trait HistoryRow:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<Row> HistoryRow for Row where
    Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

/// A page of a history and its total.
pub(crate) async fn page<Row: HistoryRow>(
    db: &Db,
    history: &History,
    query: &Query<'_>,
) -> Result<(Vec<Row>, i64), StoreError> {
    let found = match query.scope {
        [] => return Ok((Vec::new(), 0)),
        [company] => on_backend!(db, pool => {
            let scope = company.0;
            read!(pool, history, query, Scope::One, scope)
        }),
        companies => match db {
            Backend::Sqlite(pool) => {
                let ids: Vec<String> = companies.iter().map(|company| company.0.to_string()).collect();
                let scope = format!("[{}]", ids.join(","));
                read!(pool, history, query, Scope::SqliteList, scope.as_str())
            }
            Backend::Postgres(pool) => {
                let ids: Vec<i64> = companies.iter().map(|company| company.0).collect();
                read!(pool, history, query, Scope::PostgresList, ids.as_slice())
            }
        },
    };
    found.map_err(|error: sqlx::Error| report(&error))
}

/// Every text, for the test that prepares each one: those with one company, then those with a list.
pub(crate) fn statements(list: ListDialect) -> Vec<(String, String)> {
    let scopes = match list {
        ListDialect::Sqlite => [Scope::One, Scope::SqliteList],
        ListDialect::Postgres => [Scope::One, Scope::PostgresList],
    };
    let mut texts = Vec::new();
    for (place, scope) in scopes.into_iter().enumerate() {
        texts.push((format!("HISTORY_DAYS_{place}"), days(scope)));
        for search in SearchType::ALL {
            let history = if search.encode() <= 3 { &RENTALS } else { &RESERVATIONS };
            let name = format!("HISTORY_{}_{place}", search.code());
            texts.push((name.clone(), history.page(scope, *search)));
            texts.push((format!("{name}_plate"), history.page_of_plate(scope, *search)));
            texts.push((format!("{name}_count"), history.count_of_plate(scope, *search)));
        }
    }
    texts
}

/// Whose way of binding a list.
#[derive(Clone, Copy)]
pub(crate) enum ListDialect {
    Sqlite,
    Postgres,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a page, told by their places among all rows, found in a window.
    fn found(days: &[(i32, i64)], offset: i64, limit: i64) -> Vec<i64> {
        let Some(window) = window(days, offset, limit) else { return Vec::new() };
        let mut rows = Vec::new();
        let mut place = 0;
        for (day, total) in days {
            if (window.from..=window.to).contains(day) {
                rows.extend(place..place + total);
            }
            place += total;
        }
        let page = rows.into_iter().skip(usize::try_from(window.offset).unwrap());
        page.take(usize::try_from(limit).unwrap()).collect()
    }

    #[test]
    fn a_window_has_its_page_and_not_a_day_more() {
        let days = [(20_260_309, 3), (20_260_308, 5), (20_260_305, 0), (20_260_301, 4)];
        for offset in 0..15 {
            for limit in 1..15 {
                let page: Vec<i64> = (offset..12.min(offset + limit)).collect();
                assert_eq!(found(&days, offset, limit), page, "{limit} from {offset}");
            }
        }
        let of = |from, to, offset| Some(Window { from, to, offset });
        assert_eq!(window(&days, 0, 3), of(20_260_309, 20_260_309, 0));
        assert_eq!(window(&days, 2, 2), of(20_260_308, 20_260_309, 2));
        assert_eq!(window(&days, 8, 100), of(20_260_301, 20_260_301, 0));
        assert_eq!((window(&days, 12, 1), window(&days, i64::MAX, 1), window(&[], 0, 1)), (None, None, None));
    }
}
