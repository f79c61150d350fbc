//! Servers that are away, silent, wrong, or not a RIMS at all.

use std::time::Duration;

use rims_client::codes::KnownProcessing;
use rims_client::values::UserId;
use rims_client::{Client, Error, RetryPolicy};
use rims_domain::Environment;

use crate::front::{Fate, Front};
use crate::harness::Running;

const VERIFY: &str = "/licenseVerification";

fn client(url: &str) -> Client {
    Client::builder().base_url(url).auth_key("a").secret_key("s").retry(RetryPolicy::NEVER).build().unwrap()
}

#[tokio::test]
async fn nobody_listens() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&url).token().await.unwrap_err();
    assert!(matches!(&error, Error::Unreachable(cause) if cause.contains("refused")), "{error:?}");
    assert!(error.is_transient());
}

#[tokio::test]
async fn somebody_listens_and_is_silent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let impatient = Client::builder().base_url(url).auth_key("a").secret_key("s");
    let impatient = impatient.timeout(Duration::from_millis(100)).retry(RetryPolicy::NEVER).build().unwrap();
    assert_eq!(impatient.token().await.unwrap_err(), Error::TimedOut);
}

#[tokio::test]
async fn answers_that_no_rims_gives() {
    for (fate, expected) in [
        (Fate::Answer(200, &[], "<html>login</html>"), "no such JSON"),
        (Fate::Answer(200, &[], "[]"), "no such JSON"),
        (Fate::Answer(200, &[], ""), "no such JSON"),
        (Fate::Answer(200, &[], r#"{"header":{"f_rtn_cd":"0"}}"#), "body is missing"),
        (Fate::Answer(404, &[], "not found"), "HTTP 404"),
        (Fate::Answer(413, &[], ""), "HTTP 413"),
        (Fate::Answer(302, &[("location", "https://example.com/")], ""), "HTTP 302"),
        (Fate::Answer(400, &[], r#"{"respCode":-160,"errorMsg":"f_license_no"}"#), "-160 f_license_no"),
    ] {
        let running = Running::start().await;
        let planned = fate.clone();
        let plan = move |path: &str, _| if path == VERIFY { planned.clone() } else { Fate::Pass };
        let front = Front::start(running.url(), plan).await;
        let client = running.builder("s01", Environment::Operations).base_url(front.url()).build().unwrap();
        let error = client.rental().verify(&running.driver("221212121212")).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{fate:?}: {error}");
        running.stop().await;
    }
}

#[tokio::test]
async fn a_token_answer_without_a_token() {
    let front = Front::start(String::new(), |_, _| Fate::Answer(200, &[("x-request-id", "abc")], "")).await;
    let error = client(&front.url()).token().await.unwrap_err();
    assert!(error.to_string().contains("no token"), "{error}");
    assert_eq!(error.request_id(), Some("abc"));
}

/// Why a batch of two drivers gets no answer from this body.
async fn batch_refused(body: &'static str) -> String {
    let running = Running::start().await;
    let front = Front::start(running.url(), move |path, _| {
        if path.ends_with("Batch") { Fate::Answer(200, &[], body) } else { Fate::Pass }
    })
    .await;
    let client = running.builder("s01", Environment::Operations).base_url(front.url()).build().unwrap();
    let drivers = [running.driver("221212121212"), running.driver("110000000011")];
    let error = client.rental().verify_batch(&drivers).await.unwrap_err();
    running.stop().await;
    error.to_string()
}

#[tokio::test]
async fn a_batch_with_too_few_answers() {
    let error = batch_refused(r#"{"header":{"f_rtn_cd":"0"},"body":[{"f_rtn_code":"00"}]}"#).await;
    assert!(error.contains("1 answers to 2 drivers"), "{error}");
}

#[tokio::test]
async fn answers_in_another_order_than_the_drivers() {
    let body = r#"{"header":{"f_rtn_cd":"0"},"body":[{"f_rtn_code":"00","f_license_no":"1*0*0*0*0*1*"},
        {"f_rtn_code":"12","f_license_no":"2*1*1*1*1*1*"}]}"#;
    let error = batch_refused(body).await;
    assert!(error.contains("another licence number"), "{error}");
}

#[tokio::test]
async fn the_register_refuses_or_is_away() {
    let running = Running::start().await;
    let client = running.client("s01");
    let error = client.rental().verify(&running.driver("999812121200")).await.unwrap_err();
    let Error::Refused { code, message, request_id } = &error else { panic!("{error:?}") };
    assert_eq!(code.known(), Some(KnownProcessing::PoliceDown));
    assert!(!message.is_empty() && request_id.is_some());
    assert!(error.advice().english.contains("down"));
    let away = client.rental().verify(&running.driver("999012121200")).await.unwrap_err();
    assert!(away.to_string().starts_with("-90 ") && away.is_transient(), "{away}");
    running.stop().await;
}

#[tokio::test]
async fn a_wrong_secret_key_and_a_development_key_where_operations_is_asked() {
    let running = Running::start().await;
    let wrong = running.builder("s01", Environment::Operations).secret_key("wrong").build().unwrap();
    let error = wrong.rental().verify(&running.driver("221212121212")).await.unwrap_err();
    assert!(error.to_string().starts_with("-190 ") && error.advice().english.contains("32"), "{error}");
    let development = running.builder("s01", Environment::Development).build().unwrap();
    let error = development.rental().confirm(&running.driver("221212121212"), None).await.unwrap_err();
    assert!(error.to_string().starts_with("-100 "), "{error}");
    assert!(error.advice().english.contains("operations key"));
    running.stop().await;
}

#[test]
fn wrong_settings_are_told_before_anything_is_sent() {
    let complete = || Client::builder().base_url("http://localhost").auth_key("a").secret_key("s");
    assert!(complete().build().is_ok());
    for (builder, hint) in [
        (Client::builder(), "base_url"),
        (complete().base_url("ftp://localhost"), "base_url"),
        (complete().base_url("localhost:8114"), "base_url"),
        (complete().base_url("http://localhost/?a=1"), "base_url"),
        (complete().base_url("http://user:password@localhost"), "base_url"),
        (complete().auth_key(" "), "auth_key"),
        (complete().concurrency(0), "concurrency"),
    ] {
        let error = builder.build().unwrap_err();
        assert!(matches!(&error, Error::Setting(text) if text.contains(hint)), "{error:?}");
    }
    let token_only = complete().secret_key(" ").build().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let number = rims_client::values::LicenceNumber::parse("221212121212").unwrap();
    let error = runtime.block_on(token_only.rental().anomaly(&number)).unwrap_err();
    assert!(matches!(&error, Error::Setting(text) if text.contains("secret_key")), "{error:?}");
    let no_certificate = complete().root_certificate(b"nothing").unwrap_err();
    assert!(no_certificate.to_string().contains("root certificate"), "{no_certificate}");
    assert!(UserId::parse("").is_err());
}

#[tokio::test]
async fn a_request_that_breaks_a_rule_is_not_sent() {
    let front = Front::start(String::new(), |_, _| Fate::Answer(500, &[], "")).await;
    let running = Running::start().await;
    let client = running.builder("s01", Environment::Operations).base_url(front.url()).build().unwrap();
    let error = client.rental().verify_batch(&[]).await.unwrap_err();
    assert!(error.to_string().contains("requestList"), "{error}");
    let temporary = running.driver("221212121212");
    let past = rims_client::VerifyRequest::builder()
        .licence_number(rims_client::values::LicenceNumber::parse("221212121212").unwrap())
        .name(rims_client::values::PersonName::parse("홍길동").unwrap())
        .class(rims_client::codes::LicenceClass::Class1Regular)
        .from(running.day(-1))
        .to(running.day(1))
        .vehicle("67라6767")
        .build();
    let error = client.rental().verify_batch(&[temporary, past]).await.unwrap_err();
    assert!(error.to_string().contains("requestList[1].f_from_date"), "{error}");
    assert!(front.seen("/col/oauth2").is_empty() && front.seen("/licenseVerificationBatch").is_empty());
    running.stop().await;
}
