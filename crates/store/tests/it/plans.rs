//! How the engines read for each statement, on the rows of `./bench scale` (docs/performance.md).

use std::collections::HashMap;
use std::sync::Arc;

use jiff::SignedDuration;
use rims_domain::AccountId;
use rims_protocol::codes::SearchType;
use rims_store::{HistoryQuery, Store, Subject, statements};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};

use crate::fixture::{Fixture, Place, licence, now, on_both_engines};
use crate::samples::day;

const ROWS: usize = 20_000;
const DRIVERS: usize = 1_000;
const SPAN: SignedDuration = SignedDuration::from_hours(24 * 396);

on_both_engines![the_rows_are_what_the_store_would_write, every_statement_searches_an_index];

/// Tables that grow with use: those that are filled here, and those that stay empty, of which PostgreSQL's plans say
/// nothing. `t` and `m` are what the statements call a rental or reservation and a webhook's message.
const FILLED: [&str; 6] = ["rental", "verification", "reservation", "number", "history_count", "t"];
const EMPTY: [&str; 8] =
    ["audit", "idempotency", "recheck", "remote", "token", "vehicle_grace", "webhook_message", "m"];
/// Statements that may read a whole table: the one after a destruction, the end of all tokens on a copy that is put back,
/// and once in years what is asked before a version of the master key is retired.
const WHOLE: [&str; 8] = [
    "DROP_COUNTS",
    "FORGET_TOKENS",
    "USED_VERIFICATION",
    "USED_RESERVATION",
    "USED_RECHECK",
    "USED_REMOTE",
    "USED_ANSWER",
    "USED_AUDIT",
];

/// Statements of every request, of every tick and of retention: name, a part of the text where several have that name,
/// and how each engine searches. Of an empty table PostgreSQL may choose any index: nothing is said there.
const HOT: &[(&str, &str, [&str; 2])] = &[
    ("OF_LICENCE", "", ["rental_by_licence: bucket licence_hash id"; 2]),
    ("PENDING", "", ["rental_by_plate: company_id plate_key from_date"; 2]),
    ("OWNER", "", ["PRIMARY KEY: rowid", "number_pkey: number"]),
    ("BY_ID", "FROM rental", ["PRIMARY KEY: rowid", "rental_pkey: company_id id"]),
    ("PROMOTE", "", ["PRIMARY KEY: rowid", "rental_pkey: company_id id"]),
    ("SET_STATUS", "rental", ["PRIMARY KEY: rowid", "rental_pkey: company_id id"]),
    (
        "HISTORY_DAYS_0",
        "",
        ["PRIMARY KEY: company_id search day", "history_count_pkey: company_id search day"],
    ),
    (
        "HISTORY_DAYS_1",
        "",
        ["PRIMARY KEY: company_id search day", "history_count_pkey: company_id search day"],
    ),
    ("FIRST_DUE", "reservation", ["reservation_due: environment due_ms", "reservation_due: environment"]),
    (
        "LANES",
        "reservation",
        ["reservation_lane: environment company_id due_ms", "reservation_lane: environment company_id"],
    ),
    ("SQLITE_CLAIM", "reservation", ["reservation_lane: environment company_id due_ms", ""]),
    ("POSTGRES_CLAIM", "reservation", ["", "reservation_lane: environment company_id due_ms"]),
    ("CLAIMED", "reservation", ["reservation_due: environment due_ms"; 2]),
    ("FIRST_DUE", "recheck", ["recheck_due: environment", ""]),
    ("LANES", "recheck", ["recheck_lane: environment company_id", ""]),
    ("SQLITE_CLAIM", "recheck", ["recheck_lane: environment company_id due_ms", ""]),
    ("POSTGRES_CLAIM", "recheck", ["", "recheck_lane: environment company_id due_ms"]),
    ("CLAIMED", "recheck", ["recheck_due: environment due_ms", ""]),
    ("FIRST_DUE", "webhook_message", ["webhook_message_due: environment due_ms", ""]),
    ("LANES", "webhook_message", ["webhook_message_lane: environment endpoint_id due_ms", ""]),
    ("SQLITE_CLAIM", "webhook_message", ["webhook_message_lane: environment endpoint_id due_ms", ""]),
    ("POSTGRES_CLAIM", "webhook_message", ["", "webhook_message_lane: environment endpoint_id due_ms"]),
    ("CLAIMED", "webhook_message", ["webhook_message_due: environment due_ms", ""]),
    ("RAN", "", ["PRIMARY KEY: rowid", "reservation_pkey: id"]),
    (
        "FIND",
        "idempotency",
        ["PRIMARY KEY: account_id environment key_hash", "idempotency_pkey: account_id environment key_hash"],
    ),
    ("BY_NUMBER", "remote", ["PRIMARY KEY: rowid", "remote_pkey: number"]),
    (
        "VERIFICATIONS_OF",
        "",
        ["verification_company: company_id environment", "verification_pkey: company_id"],
    ),
    ("VERIFICATIONS_BY_LICENCE", "", ["PRIMARY KEY: rowid", "verification_age: id"]),
    ("FIND_VERIFICATIONS", "", ["PRIMARY KEY: rowid", "verification_age: id"]),
    ("FIND_RENTALS", "", ["rental_by_licence: bucket", "rental_by_licence: bucket id"]),
    ("FIND_RESERVATIONS", "", ["PRIMARY KEY: rowid", "reservation_pkey: id"]),
    ("FIND_REMOTES", "", ["remote_end: to_date"; 2]),
    ("FIND_ANSWERS", "", ["idempotency_age: at_ms"; 2]),
    ("FIND_GRACES", "", ["vehicle_grace_age: started_ms"; 2]),
    // PostgreSQL may choose another index of the empty table.
    ("FIND_MESSAGES", "", ["PRIMARY KEY: id", ""]),
];

/// Statements that are planned for their values each time, because a plan for any values would not know how few rows
/// they take: name, a part of the text, and values.
const PLANNED: &[(&str, &str, &str)] = &[
    ("POSTGRES_CLAIM", "reservation", "2, 1, 1773000000000, 1773000600000, 1, 100"),
    ("POSTGRES_CLAIM", "webhook_message", "2, 1, 1773000000000, 1773000600000, 1, 100"),
    ("POSTGRES_CLAIM", "recheck", "2, 1, 1773000000000, 1773000600000, 1, 100"),
    ("POSTGRES_DELETE_VERIFICATIONS", "", "789000000000000000, 500"),
    ("POSTGRES_DELETE_RENTALS", "", "789000000000000000, 20250901, 500"),
    ("DELETE_RESERVATIONS", "", "789000000000000000, 20250901, 500"),
    ("DELETE_REMOTES", "", "1, 20250901, 500"),
    ("DELETE_ANSWERS", "", "1773000000000, 500"),
    ("DELETE_MESSAGES", "", "789000000000000000, 500"),
    ("DELETE_GRACES", "", "1773000000000, 500"),
    ("DELETE_CREDENTIAL_TOKENS", "", "1773000000000, 500"),
    ("DELETE_CREDENTIALS", "", "1773000000000, 500"),
    ("DELETE_ENDPOINT_MESSAGES", "", "1773000000000, 500"),
    ("DELETE_ENDPOINTS", "", "1773000000000, 500"),
    ("DELETE_DELEGATIONS", "", "1773000000000, 500"),
    ("FORGET_ACCOUNTS", "", "1773000000000, 500"),
];

/// Fills the tables with the texts of `./bench scale`, and gives the store.
async fn filled(fixture: &Fixture) -> Store {
    let store = fixture.store().await;
    let text = match fixture.place {
        Place::Sqlite(_) => include_str!("../../../../benches/scale_sqlite.sql"),
        Place::Postgres(..) => include_str!("../../../../benches/scale_postgres.sql"),
    };
    let mut texts = text.split(";\n").filter(|text| !text.trim().is_empty());
    fixture.execute(texts.next().unwrap()).await;
    fixture.execute(&hashes(&store, &fixture.place)).await;
    for text in texts {
        fixture.execute(&replaced(text)).await;
    }
    store
}

fn hashes(store: &Store, place: &Place) -> String {
    let rows: Vec<String> = (1..=DRIVERS)
        .map(|driver| {
            let hash = store.subject_hash(&Subject::Licence(licence(&format!("{driver:012}")))).unwrap();
            let hex = format!("{:032x}", u128::from_be_bytes(hash));
            match place {
                Place::Sqlite(_) => format!("({driver}, X'{hex}')"),
                Place::Postgres(..) => format!("({driver}, '\\x{hex}')"),
            }
        })
        .collect();
    format!("INSERT INTO scale_licence (n, hash) VALUES {}", rows.join(", "))
}

/// A text with its words replaced; what runs once per part has one part.
fn replaced(text: &str) -> String {
    let reservations = ROWS / 10;
    let last = if text.contains(":reservations") { reservations } else { ROWS };
    let start = (now() - SPAN).as_millisecond();
    [
        (":reservations", reservations.to_string()),
        (":rows", ROWS.to_string()),
        (":drivers", DRIVERS.to_string()),
        (":start", start.to_string()),
        (":span", SPAN.as_millis().to_string()),
        (":first", 1.to_string()),
        (":last", last.to_string()),
    ]
    .iter()
    .fold(text.to_owned(), |text, (word, value)| text.replace(word, value))
}

async fn the_rows_are_what_the_store_would_write(fixture: Arc<Fixture>) {
    let store = filled(&fixture).await;
    for search in [SearchType::RentStart, SearchType::RentEnd, SearchType::RentCreate] {
        let (from, to) = (day("2025-01-01"), day("2026-12-31"));
        let scope = &[AccountId(1)];
        let query = HistoryQuery { scope, search, from, to, plate: None, offset: 0, limit: 10_000 };
        let page = store.rental_page(&query).await.unwrap();
        assert_eq!(usize::try_from(page.total), Ok(page.rows.len()), "{search:?}");
        assert!(page.rows.len() > ROWS / 20, "a tenth of them is the largest company's");
        for rental in page.rows.iter().take(20) {
            assert_eq!(store.rental(rental.number).await.as_ref(), Ok(&Some(rental.clone())));
        }
    }
    let since = now() - SignedDuration::from_hours(7 * 24);
    let mut counted = 0;
    for driver in 1..=DRIVERS {
        let licence = licence(&format!("{driver:012}"));
        counted += store.count_rentals(&licence, since, now()).await.unwrap();
    }
    let confirmed = format!("rental WHERE status = 2 AND at_ms >= {}", since.as_millisecond());
    assert_eq!(counted, fixture.count(&confirmed).await);
    assert!(counted > 50, "the registrations go on until now");
    assert_eq!(fixture.count("verification").await, i64::try_from(ROWS).unwrap());
    assert_eq!(fixture.count("number").await, i64::try_from(ROWS + ROWS / 10).unwrap());
    store.close().await;
}

/// One access to a table, as an engine's plan tells it.
#[derive(Debug, PartialEq, Eq)]
struct Access {
    /// The table, or the index where the plan names only that.
    of: String,
    /// Nothing where the table is read as a whole.
    index: Option<String>,
    /// The columns by which the index is searched; `bucket` is the expression `id >> 52`.
    by: Vec<String>,
}

impl Access {
    /// `rental_by_start: company_id from_date`
    fn search(&self) -> String {
        format!("{}: {}", self.index.as_deref().unwrap_or("nothing"), self.by.join(" "))
    }
}

/// The columns of `company_id=? AND day>? AND day<?`, or of `((company_id = $1) AND (day >= $2) AND (day <= $3))`.
fn columns(conditions: &str) -> Vec<String> {
    let conditions = conditions.replace("(id >> 52)", "bucket").replace("<expr>", "bucket");
    let mut columns: Vec<String> = Vec::new();
    for condition in conditions.split(" AND ").filter(|condition| !condition.is_empty()) {
        let bare = condition.trim_start_matches('(');
        let end = bare.find([' ', '=', '<', '>', ')']).unwrap_or(bare.len());
        let column = bare[..end].to_owned();
        if columns.last() != Some(&column) {
            columns.push(column);
        }
    }
    columns
}

/// SQLite's lines: `SEARCH rental USING INDEX rental_by_start (company_id=? AND …)`, `SCAN rental`.
fn sqlite_access(line: &str) -> Option<Access> {
    let (how, rest) = line.split_once(' ')?;
    let (table, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let of = table.to_owned();
    match how {
        "SCAN" => Some(Access { of, index: None, by: Vec::new() }),
        "SEARCH" => {
            let (index, by) = rest.split_once(" (")?;
            let index = index.rsplit_once("INDEX ").map_or("PRIMARY KEY", |(_, name)| name);
            Some(Access { of, index: Some(index.to_owned()), by: columns(by) })
        }
        _ => None,
    }
}

/// PostgreSQL's lines: `Index Scan using I on T`, `Bitmap Index Scan on I`, `Seq Scan on T`; the line after an
/// index says what it is searched by.
fn postgres_access(line: &str, following: &str, wholes: &HashMap<String, String>) -> Option<Access> {
    // The default partition and its indexes have the names of what they are parts of.
    let whole = |name: &str| wholes.get(name).cloned().unwrap_or_else(|| name.to_owned());
    let word = |before: &str| line.split_once(before)?.1.split(' ').next().map(whole);
    let by = columns(following.trim().strip_prefix("Index Cond: ").unwrap_or_default());
    if let Some(of) = word("Seq Scan on ") {
        return Some(Access { of, index: None, by });
    }
    let index = word("Bitmap Index Scan on ").or_else(|| word(" using "))?;
    let of = word(" on ").unwrap_or_default();
    line.contains("Index").then_some(Access { of, index: Some(index), by })
}

async fn sqlite_plan(link: &mut SqliteConnection, text: &str) -> Vec<Access> {
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
    let rows = sqlx::query(explain).fetch_all(link).await.unwrap();
    rows.iter().filter_map(|row| sqlite_access(row.get("detail"))).collect()
}

/// The plan for any values, which PostgreSQL keeps after some executions; for those of [`PLANNED`] the one for theirs.
async fn postgres_plan(
    link: &mut PgConnection,
    (name, text): (&str, &str),
    wholes: &HashMap<String, String>,
) -> Vec<Access> {
    let planned = PLANNED.iter().find(|(planned, within, _)| *planned == name && text.contains(within));
    let mode = if planned.is_some() { "force_custom_plan" } else { "force_generic_plan" };
    // An empty table is read as a whole, whatever its indexes.
    let empty = EMPTY.iter().any(|table| text.split_whitespace().any(|word| word == *table));
    let seqscan = if empty { "off" } else { "on" };
    let settings = AssertSqlSafe(format!("SET plan_cache_mode = {mode}; SET enable_seqscan = {seqscan}"));
    sqlx::raw_sql(settings).execute(&mut *link).await.unwrap();
    let prepare = AssertSqlSafe(format!("DEALLOCATE ALL; PREPARE p AS {text}"));
    sqlx::raw_sql(prepare).execute(&mut *link).await.unwrap();
    let count = "SELECT COALESCE(array_length(parameter_types, 1), 0) FROM pg_prepared_statements";
    let parameters: i32 = sqlx::query_scalar(count).persistent(false).fetch_one(&mut *link).await.unwrap();
    let values = match (parameters, planned) {
        (0, _) => String::new(),
        (_, Some((_, _, values))) => format!("({values})"),
        _ => format!("({})", vec!["NULL"; usize::try_from(parameters).unwrap()].join(", ")),
    };
    let explain = AssertSqlSafe(format!("EXPLAIN EXECUTE p{values}"));
    let lines: Vec<String> =
        sqlx::query_scalar(explain).persistent(false).fetch_all(&mut *link).await.unwrap();
    let following = lines.iter().skip(1).map(String::as_str).chain([""]);
    lines.iter().zip(following).filter_map(|(line, next)| postgres_access(line, next, wholes)).collect()
}

/// A connection that plans as for tables five hundred times as large, in which every reservation is still to run.
async fn as_if_large(fixture: &Fixture) -> PgConnection {
    let mut link = PgConnection::connect(&fixture.url()).await.unwrap();
    let settings = "
        UPDATE reservation SET due_ms = at_ms WHERE due_ms IS NULL;
        ANALYZE reservation;
        UPDATE pg_class SET reltuples = reltuples * 500 WHERE relnamespace = 'public'::regnamespace;
        SET enable_partition_pruning = off";
    sqlx::raw_sql(settings).execute(&mut link).await.unwrap();
    link
}

async fn partitioned(link: &mut PgConnection) -> HashMap<String, String> {
    let text = "SELECT inhrelid::regclass::text, inhparent::regclass::text FROM pg_inherits";
    let pairs: Vec<(String, String)> = sqlx::query_as(text).fetch_all(link).await.unwrap();
    pairs.into_iter().collect()
}

/// The table and the first column of every index.
async fn indexes(link: &mut PgConnection) -> HashMap<String, (String, String)> {
    let text = "
        SELECT indexrelid::regclass::text, indrelid::regclass::text, pg_get_indexdef(indexrelid, 1, FALSE)
        FROM pg_index";
    let rows: Vec<(String, String, String)> = sqlx::query_as(text).fetch_all(link).await.unwrap();
    rows.into_iter().map(|(index, table, column)| (index, (table, columns(&column).concat()))).collect()
}

/// No table of these is read as a whole, not by an index either.
fn assert_searched(name: &str, plan: &[Access], tables: &[&str]) {
    for access in plan.iter().filter(|access| tables.contains(&access.of.as_str())) {
        assert!(!access.by.is_empty(), "{name} reads all of {}: {plan:?}", access.of);
    }
}

fn assert_hot(engine: usize, plans: &[(&str, &str, Vec<Access>)]) {
    let mut expected: Vec<(String, String, String)> = HOT
        .iter()
        .map(|(name, within, searches)| {
            ((*name).to_owned(), (*within).to_owned(), searches[engine].to_owned())
        })
        .collect();
    expected.extend(histories());
    // What is empty is a statement of the other engine.
    for (name, within, search) in expected.into_iter().filter(|expected| !expected.2.is_empty()) {
        let mut found = plans.iter().filter(|plan| plan.0 == name && plan.1.contains(&within));
        let (_, _, plan) = found.next().unwrap();
        assert!(found.next().is_none(), "{name} with {within:?} is one statement");
        assert!(plan.iter().any(|access| access.search() == search), "{name} {search}: {plan:?}");
    }
}

/// The histories' pages and totals, of one company and of several.
fn histories() -> Vec<(String, String, String)> {
    let mut expected = Vec::new();
    for search in SearchType::ALL {
        let (table, rest) = search.code().split_once('_').unwrap();
        let table = if table == "rent" { "rental" } else { table };
        let (index, column) = match rest {
            "start_date" => ("start", "from_date"),
            "end_date" => ("end", "to_date"),
            _ => ("creation", "created_date"),
        };
        let of_plate = format!("{table}_by_plate: company_id plate_key");
        for scope in 0..=1 {
            let name = format!("HISTORY_{}_{scope}", search.code());
            expected.push((format!("{name}_plate"), String::new(), of_plate.clone()));
            expected.push((format!("{name}_count"), String::new(), of_plate.clone()));
            expected.push((name, String::new(), format!("{table}_by_{index}: company_id {column}")));
        }
    }
    expected
}

async fn every_statement_searches_an_index(fixture: Arc<Fixture>) {
    filled(&fixture).await.close().await;
    let [sqlite, postgres] = statements();
    match &fixture.place {
        Place::Sqlite(_) => {
            let mut link = SqliteConnection::connect(&fixture.url()).await.unwrap();
            assert_sqlite(&mut link, &sqlite).await;
        }
        Place::Postgres(..) => assert_postgres(&mut as_if_large(&fixture).await, &postgres).await,
    }
}

async fn assert_sqlite(link: &mut SqliteConnection, texts: &[(String, String)]) {
    let mut plans = Vec::new();
    for (name, text) in texts {
        let plan = sqlite_plan(link, text).await;
        if !WHOLE.contains(&name.as_str()) {
            assert_searched(name, &plan, &FILLED);
            assert_searched(name, &plan, &EMPTY);
        }
        plans.push((name.as_str(), text.as_str(), plan));
    }
    assert_hot(0, &plans);
}

async fn assert_postgres(link: &mut PgConnection, texts: &[(String, String)]) {
    let (wholes, indexes) = (partitioned(link).await, indexes(link).await);
    let mut plans = Vec::new();
    for (name, text) in texts {
        let mut plan = postgres_plan(link, (name, text), &wholes).await;
        for access in &mut plan {
            let Some((table, first)) = access.index.as_ref().and_then(|index| indexes.get(index)) else {
                continue;
            };
            access.of.clone_from(table);
            // Without its first column the whole index is read.
            if !access.by.contains(first) {
                access.by.clear();
            }
        }
        if !WHOLE.contains(&name.as_str()) {
            assert_searched(name, &plan, &FILLED);
        }
        plans.push((name.as_str(), text.as_str(), plan));
    }
    assert_hot(1, &plans);
}
