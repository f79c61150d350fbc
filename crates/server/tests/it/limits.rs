use std::time::{Duration, Instant};

use axum::body::Bytes;
use http_body_util::StreamBody;
use hyper::body::Frame;
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
async fn a_head_over_the_limit_is_431_and_one_below_is_not() {
    let running = Running::start().await;
    for (length, expected) in [(30_000, "401"), (40_000, "431")] {
        let mut connection = TcpStream::connect(running.sandbox.api_address()).await.unwrap();
        let long = "x".repeat(length);
        let head = format!(
            "POST /licenseVerification HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\nContent-Length: 0\r\n\r\n"
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        connection.read_exact(&mut answer).await.unwrap();
        assert_eq!(std::str::from_utf8(&answer).unwrap(), format!("HTTP/1.1 {expected}"), "{length}");
    }
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
async fn large_bodies_have_a_rate_and_small_ones_do_not() {
    let deployment = Deployment::start("rate_limit = { bytes_per_second = 1, burst_bytes = 1048576 }").await;
    let client = company(&deployment).await;
    let path = "/licenseVerificationBatch";
    let large = client.seal(&json!({ "f_send_cnt": "1", "padding": "x".repeat(700_000) })).to_string();
    let small = client.seal(&json!({ "f_send_cnt": "1" })).to_string();
    for (body, chunked, expected) in [
        (&large, false, StatusCode::OK),
        (&large, false, StatusCode::TOO_MANY_REQUESTS),
        (&large, true, StatusCode::TOO_MANY_REQUESTS),
        (&small, false, StatusCode::OK),
        (&small, true, StatusCode::OK),
    ] {
        let sent = if chunked { chunks(body) } else { body.clone().into() };
        let answer = client.send(path, sent).await;
        assert_eq!(answer.status(), expected, "{} bytes, chunked: {chunked}", body.len());
        assert_eq!(answer.headers().contains_key("retry-after"), expected != StatusCode::OK);
    }
    deployment.stop().await;
}

/// A body whose length is not declared.
fn chunks(body: &str) -> reqwest::Body {
    let parts = body.as_bytes().chunks(32 << 10).map(Bytes::copy_from_slice);
    let frames: Vec<std::io::Result<Frame<Bytes>>> = parts.map(|part| Ok(Frame::data(part))).collect();
    reqwest::Body::wrap(StreamBody::new(futures::stream::iter(frames)))
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
async fn connections_that_came_together_do_not_end_together() {
    let deployment = Deployment::start("header_timeout_ms = 1000").await;
    let address = deployment.server.api_address();
    for (kind, first) in [("silent", ""), ("idle after an answer", "GET /x HTTP/1.1\r\nHost: x\r\n\r\n")] {
        let ends = (0..50).map(|_| async {
            let mut connection = TcpStream::connect(address).await.unwrap();
            connection.write_all(first.as_bytes()).await.unwrap();
            let since = Instant::now();
            let mut answer = Vec::new();
            let end = tokio::time::timeout(Duration::from_secs(10), connection.read_to_end(&mut answer));
            end.await.expect("the server closes it").unwrap();
            assert_eq!(answer.is_empty(), first.is_empty());
            since.elapsed()
        });
        let mut ends = futures::future::join_all(ends).await;
        ends.sort();
        let (shortest, longest) = (ends[0], ends[49]);
        assert!(shortest >= Duration::from_millis(990), "{kind}: {shortest:?}");
        assert!(longest >= shortest + Duration::from_millis(200), "{kind}: {shortest:?} to {longest:?}");
    }
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
    for hidden in ["\u{0}홍길동", "\u{202e}홍길동", "홍\u{1b}[2J길동", "👩\u{200d}👧"] {
        driver["f_resident_name"] = json!(hidden);
        let (code, message) = client.error("/licenseVerification", &driver).await;
        assert_eq!((code, message.contains("f_resident_name")), (-160, true), "{message}");
    }
    driver["f_resident_name"] = json!("'; DROP TABLE verification; --");
    assert_eq!(client.code("/licenseVerification", &driver).await, "21");
    driver["f_license_no"] = json!("113355779900");
    driver["f_resident_name"] = json!(" 𠮷野家👩👧\u{3000}");
    assert_eq!(client.code("/licenseVerification", &driver).await, "00");
    assert_eq!(running.stored("s01").await[0].name.as_str(), "𠮷野家👩👧");
    running.stop().await;
}
