//! The same server over PostgreSQL, and what happens when that goes away.

use std::process::Command;

use reqwest::{Method, StatusCode};
use rims_domain::Environment;
use rims_server::clock::Clock;
use rims_server::sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};

use crate::harness::{Running, batch_of, options};

/// A database of its own on the server that `RIMS_TEST_POSTGRES_URL` names, dropped at the end.
struct Database {
    server: String,
    name: String,
}

impl Database {
    fn create() -> Self {
        let server = std::env::var("RIMS_TEST_POSTGRES_URL")
            .expect("RIMS_TEST_POSTGRES_URL is not set: run the tests with scripts/with-postgres");
        let name = format!("rims_server_{}", rims_server::random::key().unwrap());
        let database = Self { server, name };
        database.run(&format!("CREATE DATABASE {}", database.name));
        database
    }

    fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }

    /// Runs a command as the superuser, in another database.
    fn run(&self, sql: &str) {
        let done = Command::new("psql").args(["-qAt", &self.server, "-c", sql]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    fn go_away(&self) {
        self.run(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", self.name));
        self.run(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
            self.name
        ));
    }

    fn come_back(&self) {
        self.run(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", self.name));
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.run(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

async fn start(database: &Database) -> Running {
    let options = SandboxOptions { database_url: Some(database.url()), ..options(None) };
    let clock = Clock::starting_at(crate::harness::NOON.parse().unwrap()).unwrap();
    Running::of(Sandbox::start_at(&options, clock).await.unwrap())
}

#[tokio::test]
async fn verifications_are_answered_and_recorded() {
    let database = Database::create();
    let running = start(&database).await;
    let client = running.s01().await;
    assert_eq!(client.code("/licenseVerification", &running.driver()).await, "00");
    let drivers: Vec<Value> =
        (0..1000).map(|index| running.driver_with_number(&format!("11{index:08}00"))).collect();
    let answer = client.call("/licenseVerificationBatch", &batch_of(&drivers)).await;
    assert_eq!(answer["body"].as_array().unwrap().len(), 1000);
    assert_eq!(running.stored("s01").await.len(), 1001);
    assert!(running.sandbox.services().store().verify_audit().await.unwrap().is_intact());
    running.stop().await;
}

#[tokio::test]
async fn a_database_that_goes_away_is_110_and_one_that_comes_back_needs_no_restart() {
    let database = Database::create();
    let running = start(&database).await;
    let client = running.s01().await;
    assert_eq!(client.code("/licenseVerification", &running.driver()).await, "00");
    database.go_away();
    let gone = client.call("/licenseVerification", &running.driver()).await;
    assert_eq!(gone, json!({ "respCode": -110, "errorMsg": "운전자격확인시스템 데이터베이스 오류입니다." }));
    let (status, body) = running.ops(Method::GET, "/readyz", None).await;
    assert_eq!((status, &body["part"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("database")));
    database.come_back();
    while client.call("/licenseVerification", &running.driver()).await["respCode"] == -110 {
        tokio::task::yield_now().await;
    }
    assert_eq!(client.code("/licenseVerification", &running.driver()).await, "00");
    assert_eq!(running.ops(Method::GET, "/readyz", None).await.0, StatusCode::OK);
    running.client("s02", Environment::Development).await;
    running.stop().await;
}
