//! Sealing what is stored anew under the current master key, and retiring a key that nothing names any more
//! (docs/operations.md, Rotating the master key).

use sqlx::FromRow;

use crate::committer::{Failure, changed};
use crate::db::{Link, on_backend};
use crate::error::{StoreError, report};
use crate::keys::{Column, Place};
use crate::prepared::{Command, Prepared};
use crate::row::AuditRow;
use crate::sql::statements;
use crate::store::Store;
use crate::write::NewAudit;

/// How many values a transaction seals.
const STEP: i64 = 500;

/// How many values of a column are under a key: they begin with its version, two bytes.
macro_rules! used {
    ($table:literal $value:literal) => {
        concat!(
            "SELECT COUNT(*) FROM ",
            $table,
            " WHERE ",
            $value,
            " IS NOT NULL AND substr(",
            $value,
            ", 1, 2) = $1"
        )
    };
}

/// The statements of a sealed column whose rows are read in the order of `$cursor` and changed by it and `$by`.
macro_rules! resealed {
    ($list:ident: $( $stale:ident $update:ident $used:ident
        $table:literal $value:literal in $cursor:literal by $by:literal of $account:literal $environment:literal; )+) => {
        statements! { $list: $(
            $stale = concat!(
                "SELECT id, ", $cursor, " AS cursor, ", $by, " AS place, ", $value, " AS sealed, ", $account,
                " AS account, CAST(", $environment, " AS INTEGER) AS environment FROM ", $table, " WHERE ", $cursor,
                " > $1 AND ", $value, " IS NOT NULL AND substr(", $value, ", 1, 2) <> $2 ORDER BY ", $cursor,
                " LIMIT $3"
            );
            $update = concat!(
                "UPDATE ", $table, " SET ", $value, " = $3 WHERE ", $cursor, " = $1 AND ", $by, " = $2 AND ", $value,
                " = $4"
            );
            $used = used!($table $value);
        )+ }
    };
}

resealed! { STATEMENTS:
    STALE_VERIFICATION RESEAL_VERIFICATION USED_VERIFICATION
        "verification" "subject" in "id" by "company_id" of "company_id" "0";
    STALE_CREDENTIAL RESEAL_CREDENTIAL USED_CREDENTIAL
        "credential" "secret_key" in "id" by "account_id" of "account_id" "environment";
    STALE_RESERVATION RESEAL_RESERVATION USED_RESERVATION
        "reservation" "subject" in "id" by "company_id" of "company_id" "0";
    STALE_REMOTE RESEAL_REMOTE USED_REMOTE
        "remote" "device" in "number" by "id" of "company_id" "0";
    STALE_WEBHOOK RESEAL_WEBHOOK USED_WEBHOOK
        "webhook_endpoint" "secret" in "id" by "company_id" of "company_id" "0";
    STALE_RECHECK RESEAL_RECHECK USED_RECHECK
        "recheck" "subject" in "id" by "company_id" of "company_id" "0";
}

statements! { KEPT:
    USED_ANSWER = used!("idempotency" "answer");
    USED_AUDIT = "SELECT COUNT(*) FROM audit WHERE key_version = $1";
}

/// How the values of a column come under the current key.
enum Resealing {
    /// They are sealed anew.
    Anew { stale: &'static str, update: &'static str, used: &'static str },
    /// They are destroyed within a day, before anybody would have sealed them anew.
    SoonGone { used: &'static str },
    /// It says which key it is, and goes with it.
    IsTheKeys,
}

/// A column that is added is sealed anew, too, or says here why not.
const fn resealing(column: Column) -> Resealing {
    match column {
        Column::VerificationSubject => Resealing::Anew {
            stale: STALE_VERIFICATION,
            update: RESEAL_VERIFICATION,
            used: USED_VERIFICATION,
        },
        Column::CredentialSecret => {
            Resealing::Anew { stale: STALE_CREDENTIAL, update: RESEAL_CREDENTIAL, used: USED_CREDENTIAL }
        }
        Column::ReservationSubject => {
            Resealing::Anew { stale: STALE_RESERVATION, update: RESEAL_RESERVATION, used: USED_RESERVATION }
        }
        Column::RemoteDevice => {
            Resealing::Anew { stale: STALE_REMOTE, update: RESEAL_REMOTE, used: USED_REMOTE }
        }
        Column::IdempotencyAnswer => Resealing::SoonGone { used: USED_ANSWER },
        Column::WebhookSecret => {
            Resealing::Anew { stale: STALE_WEBHOOK, update: RESEAL_WEBHOOK, used: USED_WEBHOOK }
        }
        Column::RecheckSubject => {
            Resealing::Anew { stale: STALE_RECHECK, update: RESEAL_RECHECK, used: USED_RECHECK }
        }
        Column::KeyCheck => Resealing::IsTheKeys,
    }
}

/// Values of one column under the current master key, and what they replace.
pub(crate) struct Resealed {
    update: &'static str,
    rows: Vec<ResealedRow>,
}

/// Where a row is found: `verification` has no key of ids alone.
struct ResealedRow {
    cursor: i64,
    place: i64,
    before: Vec<u8>,
    after: Vec<u8>,
}

#[derive(FromRow)]
struct StaleRow {
    id: i64,
    cursor: i64,
    place: i64,
    sealed: Vec<u8>,
    account: i64,
    environment: i32,
}

/// A value that was changed meanwhile is left as it is: it was sealed anew.
pub(crate) async fn run(link: &mut Link, resealed: &Resealed) -> Result<(), Failure> {
    for row in &resealed.rows {
        let (before, after) = (row.before.as_slice(), row.after.as_slice());
        changed!(link, resealed.update, row.cursor, row.place, after, before);
    }
    Ok(())
}

/// Why a version of the master key was not retired.
#[derive(Debug, thiserror::Error)]
pub enum RetireError {
    /// It encrypts.
    #[error("version {0} is the current one: run `rims admin master-key rotate` first")]
    Current(u16),
    /// The key file has no such version.
    #[error("the master key file has no version {0}")]
    Unknown(u16),
    /// Values of the database were sealed or hashed under it.
    #[error("version {version} is needed by {} row(s) of {table}: {}", .rows, advice(.table))]
    InUse {
        /// The version.
        version: u16,
        /// The table.
        table: &'static str,
        /// How many.
        rows: u64,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

const AUDIT_TABLE: &str = "audit";

fn advice(table: &str) -> &'static str {
    match table {
        AUDIT_TABLE => "they are verified with it until retention destroys them",
        "idempotency" => "they are destroyed within a day",
        _ => "run `rims admin master-key reseal`",
    }
}

impl Store {
    /// Seals everything that an older master key sealed under the current one, a few hundred values a transaction, beside
    /// whoever serves; gives their number.
    pub async fn reseal(&self, audit: NewAudit) -> Result<u64, StoreError> {
        let mut count = 0;
        for column in Column::ALL {
            if let Resealing::Anew { stale, update, .. } = resealing(column) {
                count += self.reseal_column(column, stale, update).await?;
            }
        }
        let audit = NewAudit { outcome: format!("{count} values"), ..audit };
        let audit = vec![AuditRow::new(audit, &self.inner.keys)];
        self.enqueue(Prepared { audit, ..Prepared::default() }).await.map(|()| count)
    }

    async fn reseal_column(
        &self,
        column: Column,
        stale: &'static str,
        update: &'static str,
    ) -> Result<u64, StoreError> {
        let current = self.inner.keys.current().to_be_bytes();
        let (mut after, mut count) = (i64::MIN, 0);
        loop {
            let rows: Result<Vec<StaleRow>, _> = on_backend!(&self.inner.db, pool => {
                sqlx::query_as(stale).bind(after).bind(&current[..]).bind(STEP).fetch_all(pool).await
            });
            let rows = rows.map_err(|error| report(&error))?;
            let Some(last) = rows.last() else { return Ok(count) };
            after = last.cursor;
            count += rows.len() as u64;
            let rows: Result<Vec<_>, _> = rows.into_iter().map(|row| self.sealed_anew(column, row)).collect();
            let command = Command::Reseal(Resealed { update, rows: rows? });
            self.enqueue(Prepared { commands: vec![command], ..Prepared::default() }).await?;
        }
    }

    fn sealed_anew(&self, column: Column, row: StaleRow) -> Result<ResealedRow, StoreError> {
        let StaleRow { id, cursor, place: by, sealed, account, environment } = row;
        let place = match column {
            Column::CredentialSecret => {
                Place::of_key(id, account, i16::try_from(environment).unwrap_or_default())
            }
            _ => Place::new(column, id),
        };
        let keys = &self.inner.keys;
        let after = keys.seal(place, &keys.open(place, &sealed)?)?;
        Ok(ResealedRow { cursor, place: by, before: sealed, after })
    }

    /// Takes a version of the master key out of the database's list, so that servers start without it. Refused while
    /// anything stored needs it.
    pub async fn retire_key(&self, version: u16, audit: NewAudit) -> Result<(), RetireError> {
        let keys = &self.inner.keys;
        if version == keys.current() {
            return Err(RetireError::Current(version));
        }
        if !keys.versions().any(|known| known == version) {
            return Err(RetireError::Unknown(version));
        }
        if let Some((table, rows)) = self.first_use(version).await? {
            return Err(RetireError::InUse { version, table, rows });
        }
        let write = Prepared {
            commands: vec![Command::RetireKey { version }],
            audit: vec![AuditRow::new(audit, keys)],
            ..Prepared::default()
        };
        Ok(self.enqueue(write).await?)
    }

    async fn first_use(&self, version: u16) -> Result<Option<(&'static str, u64)>, StoreError> {
        let bytes = version.to_be_bytes();
        for column in Column::ALL {
            if let Resealing::Anew { used, .. } | Resealing::SoonGone { used } = resealing(column) {
                let count: Result<i64, _> = on_backend!(&self.inner.db, pool => {
                    sqlx::query_scalar(used).bind(&bytes[..]).fetch_one(pool).await
                });
                if let Some(count) = some(count.map_err(|error| report(&error))?) {
                    return Ok(Some((column.table(), count)));
                }
            }
        }
        let audit: Result<i64, _> = on_backend!(&self.inner.db, pool => {
            sqlx::query_scalar(USED_AUDIT).bind(i32::from(version)).fetch_one(pool).await
        });
        Ok(some(audit.map_err(|error| report(&error))?).map(|rows| (AUDIT_TABLE, rows)))
    }
}

fn some(count: i64) -> Option<u64> {
    u64::try_from(count).ok().filter(|count| *count > 0)
}
