//! A sandbox for one test, and clients of its accounts.

use std::time::Duration;

use jiff::ToSpan as _;
use jiff::civil::Date;
use rims_client::codes::LicenceClass;
use rims_client::values::{LicenceNumber, PersonName};
use rims_client::{Client, ClientBuilder, RetryPolicy, VerifyRequest};
use rims_domain::Environment;
use rims_server::clock::Clock;
use rims_server::sandbox::fixtures::FIXTURES;
use rims_server::sandbox::{Sandbox, SandboxOptions};
use rims_store::VerificationRecord;

/// Noon of an ordinary day in Seoul, later than the present.
const NOON: &str = "2030-10-23T12:00:00+09:00";

/// Quick enough for a test, and never endless.
pub(crate) const QUICK: RetryPolicy = RetryPolicy {
    retries: 3,
    first_pause: Duration::from_millis(1),
    longest_pause: Duration::from_millis(2),
};

pub(crate) struct Running {
    pub(crate) sandbox: Sandbox,
}

impl Running {
    pub(crate) async fn start() -> Self {
        let options = SandboxOptions::on_free_ports();
        let clock = Clock::starting_at(NOON.parse().unwrap()).unwrap();
        Self { sandbox: Sandbox::start_at(&options, clock).await.unwrap() }
    }

    pub(crate) async fn stop(self) {
        self.sandbox.stop().await;
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.sandbox.api_address())
    }

    /// A client's settings with an account's keys and the sandbox's clock.
    pub(crate) fn builder(&self, user_id: &str, environment: Environment) -> ClientBuilder {
        let fixture = FIXTURES.iter().find(|fixture| fixture.user_id == user_id).unwrap();
        let clock = self.sandbox.services().clock().clone();
        Client::builder()
            .base_url(self.url())
            .auth_key(fixture.auth_key(environment))
            .secret_key(&fixture.secret_key(environment))
            .retry(QUICK)
            .clock(move || clock.now())
    }

    pub(crate) fn client(&self, user_id: &str) -> Client {
        self.builder(user_id, Environment::Operations).build().unwrap()
    }

    pub(crate) fn day(&self, days: i64) -> Date {
        self.sandbox.services().clock().today().checked_add(days.days()).unwrap()
    }

    /// A driver for today, in a vehicle of s01.
    pub(crate) fn driver(&self, number: &str) -> VerifyRequest {
        VerifyRequest::builder()
            .licence_number(LicenceNumber::parse(number).unwrap())
            .name(PersonName::parse("홍길동").unwrap())
            .class(LicenceClass::Class1Regular)
            .from(self.day(0))
            .to(self.day(0))
            .vehicle("67라6767")
            .build()
    }

    /// The verifications recorded for a company's operations.
    pub(crate) async fn stored(&self, user_id: &str) -> Vec<VerificationRecord> {
        let store = self.sandbox.services().store();
        let account = store.account_by_user_id(user_id).await.unwrap().unwrap();
        store.verifications_of(account.id, Environment::Operations, 10_000).await.unwrap()
    }

    /// A call of the sandbox's control plane with a JSON body.
    pub(crate) async fn control(&self, method: reqwest::Method, path: &str, body: &str) {
        let url = format!("http://{}{path}", self.sandbox.ops_address());
        let response =
            reqwest::Client::new().request(method, url).body(body.to_owned()).send().await.unwrap();
        assert!(response.status().is_success(), "{}", response.text().await.unwrap());
    }
}
