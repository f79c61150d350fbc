//! A database of its own for each test, on either engine, removed at its end.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use jiff::Timestamp;
use rims_domain::vehicle::Sighting;
use rims_domain::{
    Account, AccountId, AccountKind, Actor, AuditAction, Credential, CredentialId, Environment, Requester,
};
use rims_protocol::Sector;
use rims_protocol::codes::{AccountStatus, Approval, LicenceClass, LicenceStatus};
use rims_protocol::values::{BusinessNumber, LicenceNumber, Period, PersonName, Plate, UserId, Vehicle};
use rims_store::{
    Channel, MasterKeys, NewAudit, NewCredential, NewVerification, Options, Store, Subject, Write,
};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// Runs each case on both engines, and removes its database whatever happens.
macro_rules! on_both_engines {
    ($($case:ident),+ $(,)?) => {
        mod sqlite { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::fixture::run($crate::fixture::Fixture::sqlite(), super::$case).await;
            }
        )+ }
        mod postgres { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::fixture::run($crate::fixture::Fixture::postgres().await, super::$case).await;
            }
        )+ }
    };
}
pub(crate) use on_both_engines;

/// Runs a case, and drops the database even if the case panics.
pub(crate) async fn run<C, F>(fixture: Fixture, case: C)
where
    C: FnOnce(Arc<Fixture>) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let fixture = Arc::new(fixture);
    let outcome = tokio::spawn(case(Arc::clone(&fixture))).await;
    fixture.remove().await;
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic.into_panic());
    }
}

pub(crate) enum Place {
    Sqlite(TempDir),
    /// The superuser's URL, and the name of the test's own database.
    Postgres(String, String),
}

pub(crate) struct Fixture {
    pub(crate) place: Place,
    pub(crate) keys: MasterKeys,
    next: AtomicU64,
}

impl Fixture {
    pub(crate) fn sqlite() -> Self {
        Self::at(Place::Sqlite(tempfile::tempdir().unwrap()))
    }

    pub(crate) async fn postgres() -> Self {
        static DATABASES: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var("RIMS_TEST_POSTGRES_URL")
            .expect("RIMS_TEST_POSTGRES_URL is not set: run the tests under scripts/with-postgres");
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let name = format!("rims_store_{}_{number}", std::process::id());
        let mut server = PgConnection::connect(&url).await.unwrap();
        let create = format!("CREATE DATABASE {name}");
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut server).await.unwrap();
        Self::at(Place::Postgres(url, name))
    }

    fn at(place: Place) -> Self {
        Self { place, keys: keys(1), next: AtomicU64::new(1) }
    }

    async fn remove(&self) {
        if let Place::Postgres(url, name) = &self.place {
            let mut server = PgConnection::connect(url).await.unwrap();
            let drop = format!("DROP DATABASE {name} WITH (FORCE)");
            sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut server).await.unwrap();
        }
    }

    /// The SQLite file.
    pub(crate) fn file(&self) -> PathBuf {
        match &self.place {
            Place::Sqlite(folder) => folder.path().join("rims.db"),
            Place::Postgres(..) => panic!("PostgreSQL has no file"),
        }
    }

    pub(crate) fn url(&self) -> String {
        match &self.place {
            Place::Sqlite(_) => format!("sqlite://{}", self.file().display()),
            Place::Postgres(url, name) => {
                let (server, _) = url.rsplit_once('/').unwrap();
                format!("{server}/{name}")
            }
        }
    }

    pub(crate) fn options(&self) -> Options {
        Options::new(self.url())
    }

    /// An open store with tables.
    pub(crate) async fn store(&self) -> Store {
        self.store_with(&self.options()).await
    }

    pub(crate) async fn store_with(&self, options: &Options) -> Store {
        let store = Store::open(options, &self.keys).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    /// Runs SQL on a connection of its own; gives the number of rows changed.
    pub(crate) async fn execute(&self, text: &str) -> u64 {
        let text = AssertSqlSafe(text.to_owned());
        match &self.place {
            Place::Sqlite(_) => {
                let mut link = SqliteConnection::connect(&self.url()).await.unwrap();
                let rows = sqlx::raw_sql(text).execute(&mut link).await.unwrap().rows_affected();
                link.close().await.unwrap();
                rows
            }
            Place::Postgres(..) => {
                let mut link = PgConnection::connect(&self.url()).await.unwrap();
                let rows = sqlx::raw_sql(text).execute(&mut link).await.unwrap().rows_affected();
                link.close().await.unwrap();
                rows
            }
        }
    }

    /// The first column of every row, as bytes.
    pub(crate) async fn blobs(&self, text: &str) -> Vec<Vec<u8>> {
        let text = AssertSqlSafe(text.to_owned());
        match &self.place {
            Place::Sqlite(_) => {
                let mut link = SqliteConnection::connect(&self.url()).await.unwrap();
                sqlx::query_scalar(text).fetch_all(&mut link).await.unwrap()
            }
            Place::Postgres(..) => {
                let mut link = PgConnection::connect(&self.url()).await.unwrap();
                sqlx::query_scalar(text).fetch_all(&mut link).await.unwrap()
            }
        }
    }

    /// Bytes as they are written in SQL.
    pub(crate) fn literal(&self, bytes: &[u8]) -> String {
        let hex = bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        match &self.place {
            Place::Sqlite(_) => format!("X'{hex}'"),
            Place::Postgres(..) => format!("'\\x{hex}'"),
        }
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        let text = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        match &self.place {
            Place::Sqlite(_) => {
                let mut link = SqliteConnection::connect(&self.url()).await.unwrap();
                sqlx::query_scalar(text).fetch_one(&mut link).await.unwrap()
            }
            Place::Postgres(..) => {
                let mut link = PgConnection::connect(&self.url()).await.unwrap();
                sqlx::query_scalar(text).fetch_one(&mut link).await.unwrap()
            }
        }
    }

    /// A usable account.
    pub(crate) async fn account(&self, store: &Store, user_id: &str) -> Account {
        let account = account(store.next_id(now()), user_id);
        let audit = audit(AuditAction::AccountCreate, Subject::User(account.user_id.clone()));
        store.commit(Write::CreateAccount { account: account.clone(), audit }).await.unwrap();
        account
    }

    /// A development key of an account, with auth key `auth-…` and Secret Key `secret-…`.
    pub(crate) async fn credential(&self, store: &Store, account: AccountId) -> (Credential, String, String) {
        let new = self.new_credential(store, account, Environment::Development);
        let (credential, auth_key, secret_key) =
            (new.credential.clone(), new.auth_key.to_string(), new.secret_key.to_string());
        store.commit(Write::IssueCredentials(vec![new])).await.unwrap();
        (credential, auth_key, secret_key)
    }

    /// The same, not stored yet.
    pub(crate) fn new_credential(
        &self,
        store: &Store,
        account: AccountId,
        environment: Environment,
    ) -> NewCredential {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let credential = Credential {
            id: CredentialId(store.next_id(now())),
            account,
            environment,
            approved: false,
            revoked: false,
            allowed_ips: Vec::new(),
        };
        NewCredential {
            credential,
            auth_key: Zeroizing::new(format!("auth-{number:026}")),
            secret_key: Zeroizing::new(format!("secret-{number:025}")),
            audit: audit(AuditAction::KeyIssue, Subject::None),
        }
    }
}

/// Keys that are the same for the same number.
pub(crate) fn keys(number: u8) -> MasterKeys {
    MasterKeys::generate(&mut random(number))
}

/// A source that is not random at all.
pub(crate) fn random(number: u8) -> impl FnMut(&mut [u8]) {
    let mut next = number.wrapping_mul(41);
    move |bytes| {
        for byte in bytes {
            next = next.wrapping_mul(5).wrapping_add(17);
            *byte = next ^ number;
        }
    }
}

pub(crate) fn now() -> Timestamp {
    at("2026-03-02T10:00:00.123+09:00")
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn account(id: i64, user_id: &str) -> Account {
    Account {
        id: AccountId(id),
        user_id: UserId::parse(user_id).unwrap(),
        brno: BusinessNumber::parse("1234567890").unwrap(),
        company: "(주)테스트렌트카".to_owned(),
        kind: AccountKind::Operator,
        approval: Approval::Approved,
        status: AccountStatus::Normal,
    }
}

pub(crate) fn audit(action: AuditAction, subject: Subject) -> NewAudit {
    NewAudit {
        at: now(),
        actor: Actor::System,
        address: None,
        environment: None,
        action,
        company: None,
        subject,
        reference: 0,
        outcome: "done".to_owned(),
    }
}

pub(crate) fn licence(text: &str) -> LicenceNumber {
    LicenceNumber::parse(text).unwrap()
}

pub(crate) fn plate(text: &str) -> Vehicle {
    Vehicle::Plate(Plate::parse(text).unwrap())
}

/// A verification of 홍길동 by company 1 in development.
pub(crate) fn verification(store: &Store, moment: Timestamp, number: &str) -> NewVerification {
    NewVerification {
        id: store.next_id(moment),
        at: moment,
        company: AccountId(1),
        caller: AccountId(2),
        requester: Requester::Credential(CredentialId(3)),
        address: Some("203.0.113.9".parse().unwrap()),
        environment: Environment::Development,
        sector: Sector::Rental,
        channel: Channel::Single,
        licence: licence(number),
        name: PersonName::parse("홍길동").unwrap(),
        class: LicenceClass::Class1Regular,
        period: Period::new("2026-03-02".parse().unwrap(), "2026-03-04".parse().unwrap()).unwrap(),
        vehicle: plate("12하1234"),
        api_type: None,
        code: LicenceStatus::Valid.into(),
        temporary: false,
        identity: None,
        sighting: Sighting::None,
    }
}

/// How many events the audit trail has; verifications stored together share a row.
pub(crate) async fn audit_events(store: &Store) -> usize {
    let mut events = 0;
    for chain in store.verify_audit().await.unwrap().chains {
        events += store.audit_entries(&chain.chain, 1, u32::MAX).await.unwrap().len();
    }
    events
}

/// Whether a text stands in what a database keeps.
pub(crate) fn contains(all: &[u8], text: &str) -> bool {
    all.windows(text.len()).any(|window| window == text.as_bytes())
}

pub(crate) async fn store_verifications(store: &Store, rows: Vec<NewVerification>) {
    store.commit(Write::Verifications { rows }).await.unwrap();
}
