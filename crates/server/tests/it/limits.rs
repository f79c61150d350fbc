use std::time::Duration;

use reqwest::StatusCode;
use rims_domain::Environment;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Running, error_of};
use crate::production::{Deployment, company};

#[tokio::test]
async fn a_body_over_the_limit_is_413_and_the_limit_itself_is_not() {
    let running = Running::start().await;
    let client = running.s01().await;
    let mut body = client.seal(&running.driver()).to_string();
    let limit = 1 << 20;
    body.push_str(&" ".repeat(limit - body.len()));
    assert_eq!(client.send("/licenseVerification", body.clone()).await.status(), StatusCode::OK);
    body.push(' ');
    let refused = client.send("/licenseVerification", body).await;
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    running.stop().await;
}

#[tokio::test]
async fn over_the_rate_limit_is_429_with_retry_after() {
    let deployment = Deployment::start("rate_limit = { per_second = 1, burst = 3 }").await;
    let client = company(&deployment).await;
    let ask = "/col/isUserInDatabase?user_id=s01&brno=1234567890";
    // The token took one of the three.
    for _ in 0..2 {
        assert_eq!(client.get(ask).await.status(), StatusCode::OK);
    }
    let refused = client.get(ask).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let seconds: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=2).contains(&seconds), "{seconds}");
    deployment.stop().await;
}

#[tokio::test]
async fn slow_clients_are_cut_off() {
    let deployment = Deployment::start("header_timeout_ms = 300\nbody_timeout_ms = 300").await;
    let client = company(&deployment).await;
    let address = deployment.server.api_address();
    let mut half_a_header = TcpStream::connect(address).await.unwrap();
    half_a_header.write_all(b"POST /licenseVerification HTTP/1.1\r\nHost: x\r\nAuth").await.unwrap();
    let mut half_a_body = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /licenseVerification HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 100\r\n\r\n{{",
        client.token
    );
    half_a_body.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let patience = Duration::from_secs(10);
    tokio::time::timeout(patience, half_a_body.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    answer.clear();
    let end = tokio::time::timeout(patience, half_a_header.read_to_string(&mut answer)).await.unwrap();
    assert!(end.is_err() || answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    deployment.stop().await;
}

#[tokio::test]
async fn http_2_is_welcome() {
    let running = Running::start().await;
    let http = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let (auth_key, secret) = crate::harness::keys("s01", Environment::Operations);
    let client = crate::harness::Client::connect(&http, &running.url(""), &auth_key, &secret).await;
    assert_eq!(client.code("/licenseVerification", &running.driver()).await, "00");
    let response = client.get("/").await;
    assert_eq!(response.version(), reqwest::Version::HTTP_2);
    running.stop().await;
}

#[tokio::test]
async fn deep_and_odd_json_is_refused_and_not_a_crash() {
    let running = Running::start().await;
    let client = running.s01().await;
    let deep = "[".repeat(100_000);
    let answer: Value = client.send("/licenseVerification", deep).await.json().await.unwrap();
    assert_eq!(error_of(&answer).0, -180);
    let mut driver = running.driver();
    driver["f_resident_name"] = json!("\u{0}\u{202e}'; DROP TABLE verification; --");
    assert_eq!(client.code("/licenseVerification", &driver).await, "21");
    driver["f_license_no"] = json!("113355779900");
    driver["f_resident_name"] = json!("𠮷野家👩‍👩‍👧");
    assert_eq!(client.code("/licenseVerification", &driver).await, "00");
    assert_eq!(running.stored("s01").await[0].name.as_str(), "𠮷野家👩‍👩‍👧");
    running.stop().await;
}
