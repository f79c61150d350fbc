//! PostgreSQL's role for the application.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rims_domain::audit::Trail;
use rims_domain::{AccountId, AuditAction, Environment};
use rims_store::{Constraint, NewAudit, Options, RoleError, Store, StoreError, Subject, Write};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::fixture::{Fixture, Place, audit, now, store_verifications, verification};
use crate::samples::LICENCE;

/// Runs each case on PostgreSQL.
macro_rules! on_postgres {
    ($($case:ident),+ $(,)?) => { $(
        mod $case {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                $crate::fixture::run($crate::fixture::Fixture::postgres().await, super::$case).await;
            }
        }
    )+ };
}

on_postgres![
    the_application_serves_and_cannot_rewrite_the_trail,
    the_application_destroys_only_what_is_past_its_period,
    partitions_come_and_go_by_the_application,
    a_role_that_does_not_exist_is_named,
];

#[tokio::test]
async fn sqlite_has_no_roles() {
    let fixture = Fixture::sqlite();
    let store = fixture.store().await;
    assert!(matches!(store.grant_to_application("rims_app").await, Err(RoleError::NoRoles)));
    assert!(!store.may_rewrite_audit().await.unwrap());
    store.close().await;
}

/// A role of the test's own, by the database's name; it goes with the cluster.
struct Application {
    options: Options,
    link: PgConnection,
}

async fn application(fixture: &Fixture) -> Application {
    let Place::Postgres(_, database) = &fixture.place else { panic!() };
    let role = format!("{database}_app");
    fixture.execute(&format!("CREATE ROLE {role} LOGIN")).await;
    let owner = fixture.store().await;
    owner.grant_to_application(&role).await.unwrap();
    // Again after every migration.
    owner.grant_to_application(&role).await.unwrap();
    assert!(owner.may_rewrite_audit().await.unwrap());
    owner.close().await;
    let url = fixture.url().replace("postgres@", &format!("{role}@"));
    let link = PgConnection::connect(&url).await.unwrap();
    let mut options = Options::new(url);
    options.committers = 1;
    Application { options, link }
}

impl Application {
    async fn store(&self, fixture: &Fixture) -> Store {
        Store::open(&self.options, &fixture.keys).await.unwrap()
    }

    async fn refused(&mut self, text: &str) {
        let done = sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(&mut self.link).await;
        let error = done.expect_err(text);
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .unwrap_or_default()
            .into_owned();
        assert_eq!(code, "42501", "{text}: {error}");
    }

    /// Removes the role's rights, without which the database could not be dropped with the role left.
    async fn end(self, fixture: &Fixture) {
        self.link.close().await.unwrap();
        let Place::Postgres(_, database) = &fixture.place else { panic!() };
        fixture.execute(&format!("DROP OWNED BY {database}_app")).await;
        fixture.execute(&format!("DROP ROLE {database}_app")).await;
    }
}

async fn the_application_serves_and_cannot_rewrite_the_trail(fixture: Arc<Fixture>) {
    let mut application = application(&fixture).await;
    let store = application.store(&fixture).await;
    assert!(!store.may_rewrite_audit().await.unwrap());
    store_verifications(&store, vec![verification(&store, now(), LICENCE)]).await;
    let account = fixture.account(&store, "acme").await;
    fixture.credential(&store, account.id).await;
    let found = store.verifications_of(AccountId(1), Environment::Development, 10).await.unwrap();
    assert_eq!(found.len(), 1);
    assert!(store.verify_audit().await.unwrap().is_intact());
    for text in [
        "UPDATE audit SET outcome = 'else'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "DELETE FROM audit_default",
        "DROP TABLE audit",
        "ALTER TABLE audit ADD COLUMN more TEXT",
        "CREATE TABLE mine (id INT)",
        "DELETE FROM _sqlx_migrations",
        "CREATE OR REPLACE FUNCTION destroy_audit(of_chain TEXT, up_to BIGINT) RETURNS VOID \
         LANGUAGE sql AS 'DELETE FROM audit'",
    ] {
        application.refused(text).await;
    }
    store.close().await;
    application.end(&fixture).await;
}

#[expect(
    clippy::disallowed_methods,
    reason = "`destroy_audit` asks the database's clock, which no test can move"
)]
fn the_databases_now() -> Timestamp {
    Timestamp::now()
}

async fn the_application_destroys_only_what_is_past_its_period(fixture: Arc<Fixture>) {
    let mut application = application(&fixture).await;
    let store = application.store(&fixture).await;
    let days = |count: i64| the_databases_now() - SignedDuration::from_hours(24 * count);
    for at in [days(731), days(700)] {
        let event = NewAudit { at, ..audit(AuditAction::AnomalyView, Subject::None) };
        store.commit(Write::Audit(vec![event])).await.unwrap();
    }
    let destroy = async |before: Timestamp| {
        let [expired] = &store.expired_audit(Trail::Access, before).await.unwrap()[..] else { panic!() };
        let event = NewAudit { at: the_databases_now(), ..audit(AuditAction::Retention, Subject::None) };
        store.commit(Write::DestroyAudit { expired: expired.clone(), audit: event }).await
    };
    destroy(days(730)).await.unwrap();
    assert_eq!(fixture.count("audit").await, 2, "the event of 700 days ago, and the destruction");
    let directly = sqlx::raw_sql("SELECT destroy_audit('node-0', 2)").execute(&mut application.link).await;
    assert!(directly.unwrap_err().to_string().contains("kept for 730 days"));
    assert_eq!(destroy(the_databases_now()).await, Err(StoreError::Conflict(Constraint::Other)));
    assert_eq!(fixture.count("audit").await, 2);
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;
    application.end(&fixture).await;
}

async fn partitions_come_and_go_by_the_application(fixture: Arc<Fixture>) {
    let application = application(&fixture).await;
    let store = application.store(&fixture).await;
    store.make_partitions(now()).await.unwrap();
    let children = "SELECT convert_to(inhrelid::regclass::text, 'UTF8') FROM pg_inherits \
                    WHERE inhparent = 'audit'::regclass";
    assert_eq!(fixture.blobs(children).await.len(), 5, "this month, three more, and the default one");
    store_verifications(&store, vec![verification(&store, now(), LICENCE)]).await;
    let next_year = now() + SignedDuration::from_hours(24 * 366);
    store.drop_empty_partitions(next_year).await.unwrap();
    assert_eq!(fixture.blobs(children).await.len(), 2, "the month with a row, and the default one");
    store.close().await;
    application.end(&fixture).await;
}

async fn a_role_that_does_not_exist_is_named(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let refused = store.grant_to_application("nobody\"; DROP TABLE audit; --").await;
    assert!(matches!(refused, Err(RoleError::NoSuchRole(_))), "{refused:?}");
    assert_eq!(fixture.count("audit").await, 0, "the table is there");
    store.close().await;
}
