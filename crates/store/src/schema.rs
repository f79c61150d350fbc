//! Migrations, and the check that the master keys are the ones the database was written with.

use sqlx::migrate::{MigrateError, Migrator};

use crate::committer::{Failure, changed};
use crate::db::{Backend, Db, Link, on_backend};
use crate::error::{StoreError, report};
use crate::keys::{Column, Keyring, Place};
use crate::{OpenError, sql};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

const LOOKUP_CHECK: &str = "lookup_check";
const KEY_CHECK: &str = "key_check.";
/// Before the number of a version that was retired: a server that still has it must not bring it back.
const KEY_RETIRED: &str = "key_retired.";

/// How the database's tables compare with what this version expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// There are none: `rims migrate` was never run.
    Missing,
    /// Migrations are waiting.
    Behind {
        /// The newest one applied.
        applied: i64,
        /// The newest one known.
        expected: i64,
    },
    /// As expected.
    Current {
        /// The newest migration.
        version: i64,
    },
    /// The next version of RIMS has migrated it already. Migrations only add to what the version before uses
    /// (docs/operations.md, Upgrading), so that this one goes on.
    Next {
        /// The newest migration.
        version: i64,
    },
    /// A later version than the next migrated it, or an applied migration is not the one known here.
    Unknown {
        /// The migration in question.
        version: i64,
    },
}

impl Schema {
    /// Whether this version can work with it.
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Current { .. } | Self::Next { .. })
    }
}

/// What a migration did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationReport {
    /// The migrations applied now, ascending.
    pub applied: Vec<i64>,
    /// The newest migration.
    pub version: i64,
}

/// Why the tables could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The database was migrated by a later version, or by other migrations.
    #[error("the database has migration {0}, which is not the one this version knows")]
    Unknown(i64),
    /// A migration failed and was undone.
    #[error("a migration failed: {0}")]
    Failed(#[source] sqlx::Error),
    /// The database could not be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys are not this database's.
    #[error("the master keys are not the ones this database was written with")]
    WrongMasterKey,
}

fn migrator<S, P>(backend: &Backend<S, P>) -> &'static Migrator {
    match backend {
        Backend::Sqlite(_) => &SQLITE,
        Backend::Postgres(_) => &POSTGRES,
    }
}

/// What the database has and what this version knows.
pub(crate) async fn state(db: &Db) -> Result<Schema, StoreError> {
    let applied = applied(db).await.map_err(|error| report(&error))?;
    Ok(compare(migrator(db), &applied))
}

async fn applied(db: &Db) -> sqlx::Result<Vec<(i64, Vec<u8>)>> {
    if !has_table(db, "_sqlx_migrations").await? {
        return Ok(Vec::new());
    }
    on_backend!(db, pool => sqlx::query_as(sql::MIGRATIONS).fetch_all(pool).await)
}

/// The catalogues differ.
async fn has_table(db: &Db, name: &str) -> sqlx::Result<bool> {
    let count: i64 = match db {
        Backend::Sqlite(pool) => sqlx::query_scalar(sql::SQLITE_HAS_TABLE).bind(name).fetch_one(pool).await?,
        Backend::Postgres(pool) => {
            sqlx::query_scalar(sql::POSTGRES_HAS_TABLE).bind(name).fetch_one(pool).await?
        }
    };
    Ok(count > 0)
}

fn compare(known: &Migrator, applied: &[(i64, Vec<u8>)]) -> Schema {
    let expected = known.iter().map(|one| one.version).max().unwrap_or_default();
    for (version, checksum) in applied {
        let same = known.iter().any(|one| one.version == *version && *one.checksum == **checksum);
        if !same && *version != expected + 1 {
            return Schema::Unknown { version: *version };
        }
    }
    match applied.last() {
        None => Schema::Missing,
        Some((version, _)) if *version == expected => Schema::Current { version: expected },
        Some((version, _)) if *version > expected => Schema::Next { version: *version },
        Some((version, _)) => Schema::Behind { applied: *version, expected },
    }
}

/// Applies what is missing, each migration in a transaction of its own.
pub(crate) async fn migrate(db: &Db, link: &mut Link) -> Result<MigrationReport, MigrationError> {
    let before = applied(db).await.map_err(|error| report(&error))?;
    let known = migrator(db);
    // `run` is this, but the compiler cannot prove its future `Send`.
    on_backend!(link, connection => known.run_direct(None, connection, false).await).map_err(meaning)?;
    let applied = known.iter().map(|one| one.version);
    let applied = applied.filter(|version| before.iter().all(|(old, _)| old != version)).collect();
    let version = known.iter().map(|one| one.version).max().unwrap_or_default();
    Ok(MigrationReport { applied, version })
}

fn meaning(error: MigrateError) -> MigrationError {
    match error {
        MigrateError::VersionMissing(version) | MigrateError::VersionMismatch(version) => {
            MigrationError::Unknown(version)
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            MigrationError::Failed(error)
        }
        _ => MigrationError::Store(StoreError::Schema),
    }
}

/// Compares the keys with the checks in `meta`, and leaves checks for those that are new. A database without
/// tables takes any keys; its checks are written when it is migrated.
pub(crate) async fn check_keys(db: &Db, link: &mut Link, keys: &Keyring) -> Result<(), OpenError> {
    let failed = |error: sqlx::Error| OpenError::Store(report(&error));
    if !has_table(db, "meta").await.map_err(failed)? {
        return Ok(());
    }
    let lookup = agree(link, LOOKUP_CHECK, keys.lookup_check().to_vec()).await.map_err(failed)?;
    if lookup != keys.lookup_check() || !has_every_version(link, keys).await.map_err(failed)? {
        return Err(OpenError::WrongMasterKey);
    }
    for version in keys.versions() {
        if get(link, &format!("{KEY_RETIRED}{version}")).await.map_err(failed)?.is_some() {
            continue;
        }
        let place = Place::new(Column::KeyCheck, i64::from(version));
        let check = keys.seal_under(version, place, b"RIMS")?;
        let stored = agree(link, &format!("{KEY_CHECK}{version}"), check).await.map_err(failed)?;
        keys.open(place, &stored).map_err(|_| OpenError::WrongMasterKey)?;
    }
    Ok(())
}

/// Takes a version from those that a server must have.
pub(crate) async fn retire_key(link: &mut Link, version: u16) -> Result<(), Failure> {
    let (check, retired) = (format!("{KEY_CHECK}{version}"), format!("{KEY_RETIRED}{version}"));
    changed!(link, sql::DELETE_META, check.as_str());
    changed!(link, sql::PUT_META, retired.as_str(), &b""[..]);
    Ok(())
}

/// Whether the keys have every version the database was ever written with; one that is missing would else show
/// only when one of its values is read.
async fn has_every_version(link: &mut Link, keys: &Keyring) -> sqlx::Result<bool> {
    let names: Vec<String> = on_backend!(link, connection => {
        sqlx::query_scalar(sql::META_KEYS).fetch_all(connection).await?
    });
    let known: Vec<u16> = keys.versions().collect();
    let mut used = names.iter().filter_map(|name| name.strip_prefix(KEY_CHECK)?.parse::<u16>().ok());
    Ok(used.all(|version| known.contains(&version)))
}

/// The value that stands under a key: `ours` if there was none.
async fn agree(link: &mut Link, key: &str, ours: Vec<u8>) -> sqlx::Result<Vec<u8>> {
    if let Some(stored) = get(link, key).await? {
        return Ok(stored);
    }
    on_backend!(&mut *link, connection => {
        sqlx::query(sql::PUT_META).bind(key).bind(ours).execute(connection).await?;
    });
    get(link, key).await?.ok_or(sqlx::Error::RowNotFound)
}

async fn get(link: &mut Link, key: &str) -> sqlx::Result<Option<Vec<u8>>> {
    on_backend!(link, connection => sqlx::query_scalar(sql::META).bind(key).fetch_optional(connection).await)
}

#[cfg(test)]
mod tests {
    use sqlx::SqlStr;
    use sqlx::migrate::{Migration, MigrationType};

    use super::*;

    fn known() -> Migrator {
        let one = |version| {
            let text = SqlStr::from_static("SELECT 1");
            Migration::new(version, "x".into(), MigrationType::Simple, text, false)
        };
        Migrator::with_migrations([1, 2].map(one).into())
    }

    #[test]
    fn a_database_is_behind_at_or_ahead_of_what_is_known() {
        let known = known();
        let same: Vec<_> = known.iter().map(|one| (one.version, one.checksum.to_vec())).collect();
        let with = |version| [&same[..], &[(version, vec![9])]].concat();
        assert_eq!(compare(&known, &[]), Schema::Missing);
        assert_eq!(compare(&known, &same[..1]), Schema::Behind { applied: 1, expected: 2 });
        assert_eq!(compare(&known, &same), Schema::Current { version: 2 });
        assert_eq!(compare(&known, &with(3)), Schema::Next { version: 3 });
        assert_eq!(compare(&known, &with(4)), Schema::Unknown { version: 4 });
        assert_eq!(compare(&known, &[(1, vec![9])]), Schema::Unknown { version: 1 });
    }
}
