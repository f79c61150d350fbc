//! The same server over PostgreSQL, and what happens when that goes away.

use std::process::Command;

use reqwest::{Method, StatusCode};
use rims_domain::Environment;
use rims_server::clock::Clock;
use rims_server::sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};

use crate::harness::{RENTAL_HISTORY, Running, SCHEDULE_HISTORY, batch_of, options, shown, with};

/// A database of its own on the server that `RIMS_TEST_POSTGRES_URL` names, dropped at the end.
pub(crate) struct Database {
    server: String,
    name: String,
}

impl Database {
    pub(crate) fn create() -> Self {
        let server = std::env::var("RIMS_TEST_POSTGRES_URL")
            .expect("RIMS_TEST_POSTGRES_URL is not set: run the tests with scripts/with-postgres");
        let name = format!("rims_server_{}", rims_server::random::key().unwrap());
        let database = Self { server, name };
        database.run(&format!("CREATE DATABASE {}", database.name));
        database
    }

    pub(crate) fn url(&self) -> String {
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

/// Two rentals, one of them by its driver's phone, and a reservation of s01's.
async fn record(running: &Running) {
    let client = running.s01().await;
    let (driver, today) = (running.driver(), running.day(0));
    let rental = json!({ "rent_bgng_dt": today, "rent_end_dt": today, "vhcl_reg_no": "67라6767" });
    let waiting = client.number("/generateRentNo", &rental).await;
    assert_eq!(running.complete(&waiting, &shown()).await.0, StatusCode::OK);
    let result = client.call("/licenseVerificationResult", &json!({ "rent_no": waiting })).await;
    assert_eq!(result["body"]["original_reliability"], 90.0, "{result}");
    for _ in 0..2 {
        assert_eq!(client.code("/rentalConfirm", &driver).await, "00");
    }
    let schedule = with(&with(&driver, "repeat_period", "1"), "f_to_date", running.day(30));
    for _ in 0..2 {
        let response = client.send_once("/licenseVerificationSchedule", &schedule, b"once").await;
        assert!(response.text().await.unwrap().contains("success"));
    }
    let anomaly = json!({ "f_license_no": "221212121212" });
    assert_eq!(client.call("/rental/anomaly", &anomaly).await, json!({ "result": 2 }));
}

#[tokio::test]
async fn the_rental_life_cycle_is_the_same() {
    let database = Database::create();
    let running = start(&database).await;
    record(&running).await;
    let own = running.s01().await;
    let platform = running.client("platform", Environment::Operations).await;
    for client in [&own, &platform] {
        let rentals = running.rentals(client).await;
        let states: Vec<_> = rentals.iter().map(|row| [&row["rent_no"], &row["rent_stts_cd"]]).collect();
        assert_eq!(states, [["R30-000000002", "2"], ["R30-000000001", "2"]]);
        assert_eq!(running.reservations(client).await.len(), 1);
    }
    running.move_to("2030-10-28T06:00:00+09:00").await;
    let [reservation] = running.reservations(&running.s01().await).await.try_into().unwrap();
    assert_eq!(reservation["last_vrfc_ymd"], "2030-10-28");
    running.move_to("2031-11-25T12:00:00+09:00").await;
    let client = running.s01().await;
    let october = json!({
        "f_from_date": "20301001", "f_to_date": "20301101", "page_no": 1, "num_of_rows": 10,
    });
    assert_eq!(client.rows(RENTAL_HISTORY, &october).await.len(), 0, "destroyed after a year");
    assert_eq!(client.rows(SCHEDULE_HISTORY, &october).await.len(), 0);
    assert_eq!(running.stored("s01").await.len(), 0);
    assert!(running.sandbox.services().store().verify_audit().await.unwrap().is_intact());
    record(&running).await;
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
