//! A sandbox or a production server for one test, and a client that speaks the wire.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use reqwest::{Response, StatusCode};
use rims_domain::{AuditAction, Environment};
use rims_protocol::SecretKey;
use rims_protocol::envelope::request_body;
use rims_protocol::values::{Plate, format_compact};
use rims_server::clock::Clock;
use rims_server::sandbox::fixtures::FIXTURES;
use rims_server::sandbox::{Sandbox, SandboxOptions};
use rims_server::service::administration::Administration;
use rims_store::{AuditEntry, VerificationRecord};
use serde_json::{Value, json};

use crate::documented;

/// Noon of an ordinary day in Seoul, later than the present so that the clock can be moved there.
pub(crate) const NOON: &str = "2030-10-23T12:00:00+09:00";

pub(crate) const RENTAL_HISTORY: &str = "/company/rentals/history";
pub(crate) const SCHEDULE_HISTORY: &str = "/company/licenseVerificationSchedule/history";

/// A running sandbox in a temporary folder.
pub(crate) struct Running {
    pub(crate) sandbox: Sandbox,
    /// Keeps the data folder until the test ends.
    _folder: Option<tempfile::TempDir>,
    http: reqwest::Client,
}

/// A client with a token.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    pub(crate) token: String,
    secret: Arc<SecretKey>,
}

pub(crate) fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// A sandbox on free ports, with its data in a folder or in a temporary one of its own.
pub(crate) fn options(data: Option<&Path>) -> SandboxOptions {
    SandboxOptions { data: data.map(Path::to_owned), ..SandboxOptions::on_free_ports() }
}

impl Running {
    pub(crate) async fn start() -> Self {
        Self::start_at(NOON).await
    }

    pub(crate) async fn start_at(moment: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let running = Self::start_in(folder.path(), moment).await;
        Self { _folder: Some(folder), ..running }
    }

    /// Starts with the data of a folder, which is kept.
    pub(crate) async fn start_in(folder: &Path, moment: &str) -> Self {
        let clock = Clock::starting_at(moment.parse().unwrap()).unwrap();
        Self::of(Sandbox::start_at(&options(Some(folder)), clock).await.unwrap())
    }

    /// A sandbox that was started elsewhere.
    pub(crate) fn of(sandbox: Sandbox) -> Self {
        Self { sandbox, _folder: None, http: reqwest::Client::new() }
    }

    pub(crate) async fn stop(self) {
        self.sandbox.stop().await;
    }

    pub(crate) fn folder(&self) -> &Path {
        self.sandbox.folder()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.sandbox.api_address())
    }

    pub(crate) fn today(&self) -> Date {
        self.sandbox.services().clock().today()
    }

    /// The date some days from today, as the wire writes it.
    pub(crate) fn day(&self, days: i64) -> String {
        format_compact(self.today().checked_add(days.days()).unwrap())
    }

    /// A client of a fixture account's development or operations key.
    pub(crate) async fn client(&self, user_id: &str, environment: Environment) -> Client {
        let (auth_key, secret) = keys(user_id, environment);
        Client::connect(&self.http, &self.url(""), &auth_key, &secret).await
    }

    pub(crate) async fn s01(&self) -> Client {
        self.client("s01", Environment::Operations).await
    }

    /// A driver that KOROAD answers with `00`, from today on.
    pub(crate) fn driver(&self) -> Value {
        self.driver_with_number("221212121212")
    }

    pub(crate) fn driver_with_number(&self, number: &str) -> Value {
        json!({
            "f_license_no": number,
            "f_resident_name": "홍길동",
            "f_licn_con_code": "12",
            "f_from_date": self.day(0),
            "f_to_date": self.day(0),
            "vhcl_reg_no": "67라6767",
        })
    }

    pub(crate) async fn ops(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let url = format!("http://{}{path}", self.sandbox.ops_address());
        let request = self.http.request(method, url);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.send().await.unwrap();
        let status = response.status();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    pub(crate) async fn set_faults(&self, faults: Value) {
        let (status, body) = self.ops(reqwest::Method::PUT, "/sandbox/faults", Some(faults)).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }

    pub(crate) async fn advance(&self, span: &str) {
        let (status, body) =
            self.ops(reqwest::Method::PUT, "/sandbox/clock", Some(json!({ "advance": span }))).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }

    /// Moves the clock to a moment and does all that became due.
    pub(crate) async fn move_to(&self, moment: impl Display) {
        let now = json!({ "now": moment.to_string() });
        let (status, body) = self.ops(reqwest::Method::PUT, "/sandbox/clock", Some(now)).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }

    /// Completes a remote verification as if the driver had finished it on the phone.
    pub(crate) async fn complete(&self, number: &str, shown: &Value) -> (StatusCode, Value) {
        let path = format!("/sandbox/remote-verifications/{number}");
        self.ops(reqwest::Method::POST, &path, Some(shown.clone())).await
    }

    /// A history of what was registered in the two weeks before and after today.
    pub(crate) fn registered(&self, search_type: &str) -> Value {
        json!({
            "f_from_date": self.day(-14), "f_to_date": self.day(14), "page_no": 1, "num_of_rows": 1000,
            "search_type": search_type,
        })
    }

    /// A company's own rentals, newest first.
    pub(crate) async fn rentals(&self, client: &Client) -> Vec<Value> {
        client.rows(RENTAL_HISTORY, &self.registered("rent_create_date")).await
    }

    /// A company's own reservations, newest first.
    pub(crate) async fn reservations(&self, client: &Client) -> Vec<Value> {
        client.rows(SCHEDULE_HISTORY, &self.registered("reservation_create_date")).await
    }

    /// The verifications recorded for a company, newest first.
    pub(crate) async fn stored(&self, user_id: &str) -> Vec<VerificationRecord> {
        let store = self.sandbox.services().store();
        let account = store.account_by_user_id(user_id).await.unwrap().unwrap();
        store.verifications_of(account.id, Environment::Operations, 10_000).await.unwrap()
    }

    /// When the grace of a company's vehicle started, if one runs.
    pub(crate) async fn grace_started(&self, user_id: &str, plate: &str) -> Option<Timestamp> {
        let store = self.sandbox.services().store();
        let account = store.account_by_user_id(user_id).await.unwrap().unwrap();
        let plate = Plate::parse(plate).unwrap();
        store.grace_started(account.id, Environment::Operations, &plate).await.unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.sandbox.services().clock().now()
    }

    /// The events of a kind in every chain, in the order of each.
    pub(crate) async fn events(&self, action: AuditAction) -> Vec<AuditEntry> {
        let store = self.sandbox.services().store();
        let mut events = Vec::new();
        for chain in store.verify_audit().await.unwrap().chains {
            events.extend(store.audit_entries(&chain.chain, 1, 100_000).await.unwrap());
        }
        events.retain(|event| event.action == action.name());
        events
    }

    pub(crate) fn administration(&self) -> Administration {
        let services = self.sandbox.services();
        Administration::new(services.store().clone(), services.clock().clone())
    }
}

/// A fixture account's auth key and Secret Key.
pub(crate) fn keys(user_id: &str, environment: Environment) -> (String, String) {
    let fixture = FIXTURES.iter().find(|fixture| fixture.user_id == user_id).unwrap();
    (fixture.auth_key(environment), fixture.secret_key(environment))
}

pub(crate) async fn ask_for_token(http: &reqwest::Client, base: &str, auth_key: &str) -> Response {
    http.get(format!("{base}/col/oauth2?grantType=password"))
        .header("authorization", format!("Basic {}", STANDARD.encode(auth_key)))
        .send()
        .await
        .unwrap()
}

impl Client {
    pub(crate) async fn connect(http: &reqwest::Client, base: &str, auth_key: &str, secret: &str) -> Self {
        let response = ask_for_token(http, base, auth_key).await;
        let header = response.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
        let Some(header) = header else {
            panic!("no token: {}", response.text().await.unwrap());
        };
        let token = header.strip_prefix("Bearer ").unwrap().to_owned();
        Self { http: http.clone(), base: base.to_owned(), token, secret: Arc::new(SecretKey::new(secret)) }
    }

    /// The same client, with its token, of a server at another address.
    pub(crate) fn at(self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self }
    }

    pub(crate) fn seal(&self, plaintext: &Value) -> Value {
        request_body(&self.secret.seal(plaintext.to_string().as_bytes()))
    }

    /// The response to a raw body.
    pub(crate) async fn send(&self, path: &str, body: impl Into<reqwest::Body>) -> Response {
        self.http
            .post(format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap()
    }

    /// The JSON answer to a sealed request, which must be HTTP 200.
    pub(crate) async fn call(&self, path: &str, plaintext: &Value) -> Value {
        let response = self.send(path, self.seal(plaintext).to_string()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "application/json; charset=utf-8");
        let answer = response.json().await.unwrap();
        documented::check(path, plaintext, &answer);
        answer
    }

    /// The same as text, in which the order of members and the form of numbers show.
    pub(crate) async fn text(&self, path: &str, plaintext: &Value) -> String {
        let response = self.send(path, self.seal(plaintext).to_string()).await;
        assert_eq!(response.status(), StatusCode::OK);
        let answer = response.text().await.unwrap();
        documented::check(path, plaintext, &serde_json::from_str(&answer).unwrap());
        answer
    }

    /// `f_rtn_code` of a single verification.
    pub(crate) async fn code(&self, path: &str, plaintext: &Value) -> String {
        let answer = self.call(path, plaintext).await;
        answer["body"]["f_rtn_code"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// `respCode` and `errorMsg` of an error, which must have nothing else.
    pub(crate) async fn error(&self, path: &str, plaintext: &Value) -> (i64, String) {
        error_of(&self.call(path, plaintext).await)
    }

    /// The rows of a history's page, whose counts must agree with them.
    pub(crate) async fn rows(&self, path: &str, request: &Value) -> Vec<Value> {
        let page = self.call(path, request).await;
        let rows = page["data"].as_array().unwrap_or_else(|| panic!("{page}")).clone();
        assert_eq!((&page["num_of_rows"], &page["total_count"]), (&json!(rows.len()), &json!(rows.len())));
        rows
    }

    /// The number that a request generates.
    pub(crate) async fn number(&self, path: &str, request: &Value) -> String {
        let answer = self.call(path, request).await;
        let number = answer.get("rent_no").or(answer.get("vrfc_no")).and_then(Value::as_str);
        number.unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// The response to a sealed request under an idempotency key.
    pub(crate) async fn send_once(&self, path: &str, plaintext: &Value, key: &[u8]) -> Response {
        self.send_text_once(path, &plaintext.to_string(), key).await
    }

    /// The same for a request that is written in a form of its own.
    pub(crate) async fn send_text_once(&self, path: &str, plaintext: &str, key: &[u8]) -> Response {
        self.send_with(path, plaintext, ("idempotency-key", key)).await
    }

    /// The response to a sealed request with a header.
    pub(crate) async fn send_with(
        &self,
        path: &str,
        plaintext: &str,
        (name, value): (&str, &[u8]),
    ) -> Response {
        self.http
            .post(format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .header(name, value)
            .body(self.secret.seal_body(plaintext.as_bytes()))
            .send()
            .await
            .unwrap()
    }

    /// The response to a sealed request with a header on several lines.
    pub(crate) async fn send_lines(
        &self,
        path: &str,
        plaintext: &Value,
        name: &str,
        lines: &[&str],
    ) -> Response {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let request = lines.iter().fold(request, |request, line| request.header(name, *line));
        request.body(self.secret.seal_body(plaintext.to_string().as_bytes())).send().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token).send().await.unwrap()
    }
}

/// `respCode` and `errorMsg` of an answer that has nothing else.
pub(crate) fn error_of(answer: &Value) -> (i64, String) {
    let members = answer.as_object().unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(members.len(), 2, "{answer}");
    let code = members["respCode"].as_i64().unwrap_or_else(|| panic!("{answer}"));
    (code, members["errorMsg"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned())
}

/// A request with one member more, or another.
pub(crate) fn with(request: &Value, name: &str, member: impl Into<Value>) -> Value {
    let mut request = request.clone();
    request[name] = member.into();
    request
}

/// What the specification's own driver shows on the phone.
pub(crate) fn shown() -> Value {
    json!({ "f_license_no": "221212121212", "f_resident_name": "홍길동", "f_licn_con_code": "12" })
}

/// A batch request of these drivers.
pub(crate) fn batch_of(drivers: &[Value]) -> Value {
    json!({ "f_send_cnt": drivers.len().to_string(), "requestList": drivers })
}
