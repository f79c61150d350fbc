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

on_both_engines![the_rows_are_what_the_store_would_write, every_statement_reads_by_an_index];

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
#[derive(Clone, Debug, PartialEq, Eq)]
struct Access {
    table: String,
    /// Nothing where the table is read as a whole.
    index: Option<String>,
    /// What the index is searched by.
    by: String,
}

/// What SQLite does for a statement: `SEARCH rental USING INDEX rental_by_start (company_id=? AND …)`, `SCAN rental`.
fn sqlite_access(line: &str) -> Option<Access> {
    let (how, rest) = line.split_once(' ')?;
    let (table, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let table = table.to_owned();
    match how {
        "SCAN" => Some(Access { table, index: None, by: String::new() }),
        "SEARCH" => {
            let (index, by) = rest.split_once(" (").unwrap_or((rest, ""));
            let index = index.rsplit_once("INDEX ").map_or("PRIMARY KEY", |(_, name)| name);
            Some(Access { table, index: Some(index.to_owned()), by: by.to_owned() })
        }
        _ => None,
    }
}

/// What PostgreSQL does: `Index Scan using I on T`, `Bitmap Index Scan on I`, `Seq Scan on T`; the line after it
/// says what an index is searched by. Partitions and their indexes have the names of what they are parts of.
fn postgres_access(line: &str, following: Option<&String>, parents: &HashMap<String, String>) -> Option<Access> {
    let whole = |name: &str| parents.get(name).cloned().unwrap_or_else(|| name.to_owned());
    let word = |after: &str| line.split_once(after)?.1.split(' ').next().map(whole);
    let by = following.and_then(|line| line.trim().strip_prefix("Index Cond: ")).unwrap_or_default();
    if line.contains("Seq Scan on ") {
        Some(Access { table: word("Seq Scan on ")?, index: None, by: String::new() })
    } else if line.contains("Index") && line.contains(" using ") {
        Some(Access { table: word(" on ")?, index: word(" using "), by: by.to_owned() })
    } else if line.contains("Bitmap Index Scan on ") {
        let index = word("Bitmap Index Scan on ");
        Some(Access { table: index.clone()?, index, by: by.to_owned() })
    } else {
        None
    }
}

async fn sqlite_plan(link: &mut SqliteConnection, text: &str) -> Vec<Access> {
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
    let rows = sqlx::query(explain).fetch_all(link).await.unwrap();
    rows.iter().filter_map(|row| sqlite_access(row.get("detail"))).collect()
}

/// As a plan for any values, of all partitions; tables are too small here for their size to matter.
async fn postgres_plan(link: &mut PgConnection, text: &str, parents: &HashMap<String, String>) -> Vec<Access> {
    let run = async |link: &mut PgConnection, text: String| {
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *link).await.unwrap();
    };
    run(link, format!("DEALLOCATE ALL; PREPARE p AS {text}")).await;
    let types = "SELECT COALESCE(array_length(parameter_types, 1), 0) FROM pg_prepared_statements WHERE name = 'p'";
    let parameters: i32 = sqlx::query_scalar(types).persistent(false).fetch_one(&mut *link).await.unwrap();
    let nulls = vec!["NULL"; usize::try_from(parameters).unwrap()].join(", ");
    let values = if parameters == 0 { String::new() } else { format!("({nulls})") };
    let explain = AssertSqlSafe(format!("EXPLAIN EXECUTE p{values}"));
    let lines: Vec<String> = sqlx::query_scalar(explain).persistent(false).fetch_all(&mut *link).await.unwrap();
    let pairs = lines.iter().zip(lines.iter().skip(1).map(Some).chain([None]));
    pairs.filter_map(|(line, following)| postgres_access(line, following, parents)).collect()
}

async fn every_statement_reads_by_an_index(fixture: Arc<Fixture>) {
    filled(&fixture).await.close().await;
    let [sqlite, postgres] = statements();
    match &fixture.place {
        Place::Sqlite(_) => {
            let mut link = SqliteConnection::connect(&fixture.url()).await.unwrap();
            for (name, text) in &sqlite {
                let x = sqlite_plan(&mut link, text).await;
                println!("{name} {:?}", x);
            }
        }
        Place::Postgres(..) => {
            let mut link = PgConnection::connect(&fixture.url()).await.unwrap();
            let rows = sqlx::query("SELECT inhrelid::regclass::text AS part, inhparent::regclass::text AS whole FROM pg_inherits").fetch_all(&mut link).await.unwrap();
            let parents = rows.iter().map(|row| (row.get("part"), row.get("whole"))).collect();
            sqlx::raw_sql("UPDATE pg_class SET reltuples = reltuples * 500 WHERE relnamespace = 'public'::regnamespace; SET enable_partition_pruning = off; SET plan_cache_mode = force_generic_plan").execute(&mut link).await.unwrap();
            for (name, text) in &postgres {
                let x = postgres_plan(&mut link, text, &parents).await;
                println!("{name} {:?}", x);
            }
        }
    }
}
