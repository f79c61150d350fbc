//! SQLite: `VALUES` lists of 1, 2, 4 … 1,024 rows. The last list of a group is filled up with rows of nulls,
//! which the `WHERE` leaves out: any group up to 1,024 rows is one statement, and eleven texts per table are
//! all that is ever prepared. Parameters are `?`, because SQLite looks named ones up one after the other.

use std::sync::{Arc, LazyLock};

use rims_protocol::values::Plate;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, SqliteConnection};

use crate::audit::{ChainedRow, Head};
use crate::grace::Sightings;
use crate::row::{GraceKey, TokenRow, VerificationRow};
use crate::sql;

/// 1,024 rows of 17 columns stay under SQLite's 32,766 parameters.
const SIZES: u32 = 11;
/// Rows of the largest list.
const MOST: usize = 1 << (SIZES - 1);

/// A statement's texts, one per size. Where no foreign key would undo it: `OR FAIL`, because the transaction or its
/// savepoint is rolled back in any case, and to undo the statement alone, SQLite copies every page before it changes it.
pub(super) struct Bulk {
    columns: usize,
    /// Around a row of values, where there is one.
    one: (&'static str, &'static str),
    texts: LazyLock<Vec<Arc<str>>>,
}

macro_rules! insert {
    ($columns:literal, $into:literal, $after:literal) => {
        Bulk {
            columns: $columns,
            one: (concat!($into, " VALUES "), $after),
            texts: LazyLock::new(|| {
                let (before, after) =
                    (concat!($into, " SELECT * FROM ("), concat!(") WHERE column1 IS NOT NULL", $after));
                texts($columns, before, after)
            }),
        }
    };
}

static TOKENS: Bulk = insert!(4, "INSERT INTO token (hash, credential_id, issued_ms, expires_ms)", "");

pub(super) static VERIFICATIONS: Bulk = insert!(
    17,
    "INSERT OR FAIL INTO verification (id, at_ms, company_id, caller_id, environment, sector, channel, class, \
     from_date, to_date, plate, api_type, code, temporary, identity, licence_hash, subject)",
    ""
);

pub(super) static AUDIT: Bulk = insert!(
    16,
    "INSERT OR FAIL INTO audit (chain, seq, at_ms, key_version, actor_kind, actor, actor_name, address, environment, \
     action, company_id, subject_hash, reference, outcome, sheet, hash)",
    ""
);

pub(super) static START_GRACE: Bulk = insert!(
    4,
    "INSERT INTO vehicle_grace (company_id, environment, plate_key, started_ms)",
    " ON CONFLICT DO NOTHING"
);

// A row of nulls equals nothing.
pub(super) static END_GRACE: Bulk = Bulk {
    columns: 3,
    one: ("DELETE FROM vehicle_grace WHERE (company_id, environment, plate_key) = ", ""),
    texts: LazyLock::new(|| {
        texts(3, "DELETE FROM vehicle_grace WHERE (company_id, environment, plate_key) IN (", ")")
    }),
};

/// Every text, for the test that prepares each one.
pub(crate) fn statements() -> Vec<(String, String)> {
    [
        ("tokens", &TOKENS),
        ("verifications", &VERIFICATIONS),
        ("audit", &AUDIT),
        ("start_grace", &START_GRACE),
        ("end_grace", &END_GRACE),
    ]
    .iter()
    .flat_map(|(name, bulk)| {
        let all = bulk.texts.iter().map(ToString::to_string).chain([bulk.one_row()]);
        all.map(move |text| (format!("SQLITE_{name}"), text))
    })
    .collect()
}

fn texts(columns: usize, before: &str, after: &str) -> Vec<Arc<str>> {
    let row = row(columns);
    (0..SIZES)
        .map(|power| {
            let rows = vec![row.as_str(); 1 << power].join(",");
            Arc::from(format!("{before}VALUES {rows}{after}"))
        })
        .collect()
}

fn row(columns: usize) -> String {
    format!("({})", vec!["?"; columns].join(","))
}

/// Adds one row's values.
type Bind<R> = fn(&mut SqliteArguments, &R) -> Result<(), sqlx::error::BoxDynError>;

impl Bulk {
    /// The text for one row, which need not be told from rows of nulls.
    pub(super) fn one_row(&self) -> String {
        let (before, after) = self.one;
        format!("{before}{}{after}", row(self.columns))
    }

    async fn run<R: Sync>(
        &self,
        connection: &mut SqliteConnection,
        rows: &[R],
        bind: Bind<R>,
    ) -> sqlx::Result<()> {
        for chunk in rows.chunks(MOST) {
            let mut arguments = SqliteArguments::default();
            arguments.reserve(chunk.len() * self.columns, 0);
            for row in chunk {
                bind(&mut arguments, row).map_err(sqlx::Error::Encode)?;
            }
            // Parameters without a value are null.
            let power = chunk.len().next_power_of_two().trailing_zeros() as usize;
            let text = AssertSqlSafe(Arc::clone(&self.texts[power]));
            sqlx::query_with(text, arguments).execute(&mut *connection).await?;
        }
        Ok(())
    }
}

pub(super) async fn insert_tokens(link: &mut SqliteConnection, rows: &[&TokenRow]) -> sqlx::Result<()> {
    TOKENS
        .run(link, rows, |to, row| {
            to.add(&row.hash[..])?;
            to.add(row.credential)?;
            to.add(row.issued_ms)?;
            to.add(row.expires_ms)
        })
        .await
}

pub(super) async fn insert_verifications(
    link: &mut SqliteConnection,
    rows: &[&VerificationRow],
) -> sqlx::Result<()> {
    VERIFICATIONS.run(link, rows, |to, row| bind_verification(to, row)).await
}

fn bind_verification(
    to: &mut SqliteArguments,
    row: &VerificationRow,
) -> Result<(), sqlx::error::BoxDynError> {
    to.add(row.id)?;
    to.add(row.at_ms)?;
    to.add(row.company)?;
    to.add(row.caller)?;
    to.add(row.environment)?;
    to.add(row.sector)?;
    to.add(row.channel)?;
    to.add(row.class)?;
    to.add(row.from_date)?;
    to.add(row.to_date)?;
    to.add(row.plate.as_ref().map(Plate::as_str))?;
    to.add(row.api_type)?;
    to.add(row.code)?;
    to.add(row.temporary)?;
    to.add(row.identity)?;
    to.add(&row.licence_hash[..])?;
    to.add(row.subject.as_slice())
}

pub(super) async fn append_audit(
    link: &mut SqliteConnection,
    chain: &str,
    (head, new, last_id_ms): (Head, Head, i64),
    rows: &[ChainedRow<'_>],
) -> sqlx::Result<bool> {
    let moved = sqlx::query(sql::SQLITE_MOVE_HEAD)
        .bind(chain)
        .bind(head.seq)
        .bind(&head.hash[..])
        .bind(new.seq)
        .bind(last_id_ms)
        .bind(&new.hash[..])
        .execute(&mut *link)
        .await?;
    if moved.rows_affected() == 0 {
        return Ok(false);
    }
    insert_audit(link, chain, rows).await.map(|()| true)
}

async fn insert_audit(link: &mut SqliteConnection, chain: &str, rows: &[ChainedRow<'_>]) -> sqlx::Result<()> {
    let chain: Arc<str> = Arc::from(chain);
    let rows: Vec<_> = rows.iter().map(|row| (Arc::clone(&chain), row)).collect();
    AUDIT.run(link, &rows, bind_audit).await
}

fn bind_audit(
    to: &mut SqliteArguments,
    (chain, ChainedRow { seq, row, key_version, hash }): &(Arc<str>, &ChainedRow<'_>),
) -> Result<(), sqlx::error::BoxDynError> {
    to.add(Arc::clone(chain))?;
    to.add(*seq)?;
    to.add(row.at_ms)?;
    to.add(*key_version)?;
    to.add(row.actor_kind)?;
    to.add(row.actor)?;
    to.add(row.actor_name.as_deref())?;
    to.add(row.address.as_ref().map(|address| &address[..]))?;
    to.add(row.environment)?;
    to.add(row.action.name())?;
    to.add(row.company)?;
    to.add(row.subject_hash.as_ref().map(|hash| &hash[..]))?;
    to.add(row.reference)?;
    to.add(row.outcome.as_str())?;
    to.add(row.sheet.as_deref())?;
    to.add(&hash[..])
}

pub(super) async fn apply_sightings(
    link: &mut SqliteConnection,
    sightings: &Sightings<'_>,
) -> sqlx::Result<()> {
    END_GRACE.run(link, &sightings.ended, |to, key| bind_key(to, key)).await?;
    START_GRACE
        .run(link, &sightings.started, |to, (key, at_ms)| {
            bind_key(to, key)?;
            to.add(*at_ms)
        })
        .await
}

fn bind_key(to: &mut SqliteArguments, key: &GraceKey) -> Result<(), sqlx::error::BoxDynError> {
    to.add(key.company)?;
    to.add(key.environment)?;
    to.add(key.plate_key.as_str())
}
