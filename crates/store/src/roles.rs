//! PostgreSQL's two roles (docs/operations.md, Roles of the database): the owner of the tables runs `rims migrate`, and
//! the application's role serves. It may read and write every table but one: it can neither change nor delete a row of
//! `audit`. What else needs an owner, it does through the functions at the end of the first migration.

use sqlx::{AssertSqlSafe, PgConnection};

use crate::db::Backend;
use crate::error::{StoreError, report};
use crate::sql::statements;
use crate::store::Store;

statements! { POSTGRES:
    QUOTED_ROLE = "SELECT quote_ident(rolname) FROM pg_catalog.pg_roles WHERE rolname = $1";
    TABLES = "
        SELECT quote_ident(c.relname) FROM pg_catalog.pg_class c
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        ORDER BY c.relname";
    SCHEMA = "SELECT quote_ident(current_schema())";
    MAY_REWRITE = "SELECT has_table_privilege('audit', 'UPDATE, DELETE, TRUNCATE')";
}

const FUNCTIONS: [&str; 3] = [
    "destroy_audit(TEXT, BIGINT)",
    "make_partition(TEXT, TEXT, BIGINT, BIGINT)",
    "drop_empty_partition(TEXT, TEXT)",
];

/// Why an application's role was not given its rights.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    /// SQLite has no roles.
    #[error("a SQLite database has no roles: --app-role is for PostgreSQL")]
    NoRoles,
    /// There is none of that name.
    #[error("there is no role {0}: make it with CREATE ROLE")]
    NoSuchRole(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What the application's role may do with a table.
fn privileges(table: &str) -> &'static str {
    match table {
        "audit" => "SELECT, INSERT",
        "_sqlx_migrations" => "SELECT",
        _ => "SELECT, INSERT, UPDATE, DELETE",
    }
}

impl Store {
    /// Gives a role the rights that the application needs, and takes all others on this schema's tables from it. To be
    /// run by their owner, after every migration.
    pub async fn grant_to_application(&self, role: &str) -> Result<(), RoleError> {
        let connected = self.inner.shared.target.connect().await.map_err(|error| report(&error))?;
        let Backend::Postgres(mut connection) = connected else { return Err(RoleError::NoRoles) };
        let quoted: Option<String> = sqlx::query_scalar(QUOTED_ROLE)
            .bind(role)
            .fetch_optional(&mut connection)
            .await
            .map_err(|error| report(&error))?;
        let quoted = quoted.ok_or_else(|| RoleError::NoSuchRole(role.to_owned()))?;
        grant(&mut connection, &quoted).await.map_err(|error| report(&error))?;
        Ok(())
    }

    /// Whether the role that serves could change or delete what is in the audit trail. Not asked of SQLite, whose file
    /// every writer can change.
    pub async fn may_rewrite_audit(&self) -> Result<bool, StoreError> {
        let Backend::Postgres(pool) = &self.inner.db else { return Ok(false) };
        sqlx::query_scalar(MAY_REWRITE).fetch_one(pool).await.map_err(|error| report(&error))
    }
}

/// One transaction: the role has its old rights, or the new ones. Names are quoted by the server.
async fn grant(connection: &mut PgConnection, role: &str) -> sqlx::Result<()> {
    let schema: String = sqlx::query_scalar(SCHEMA).fetch_one(&mut *connection).await?;
    let tables: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(&mut *connection).await?;
    let on_tables =
        tables.iter().map(|table| format!("GRANT {} ON TABLE {table} TO {role}", privileges(table)));
    let on_functions = FUNCTIONS.iter().map(|one| format!("GRANT EXECUTE ON FUNCTION {one} TO {role}"));
    let on_schema = [
        format!("GRANT USAGE ON SCHEMA {schema} TO {role}"),
        format!("REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}"),
    ];
    let statements = ["BEGIN".to_owned()]
        .into_iter()
        .chain(on_schema)
        .chain(on_tables)
        .chain(on_functions)
        .chain(["COMMIT".to_owned()]);
    let text = statements.collect::<Vec<_>>().join(";");
    sqlx::raw_sql(AssertSqlSafe(text)).execute(connection).await.map(drop)
}
