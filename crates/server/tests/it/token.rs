use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;
use rims_domain::Environment;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::harness::{Running, ask_for_token, error_of, keys};

async fn with_header(running: &Running, query: &str, header: Option<&str>) -> (StatusCode, Value) {
    let mut request = reqwest::Client::new().get(running.url(&format!("/col/oauth2{query}")));
    if let Some(header) = header {
        request = request.header("authorization", header);
    }
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_token_comes_in_a_header_with_an_empty_body() {
    let running = Running::start().await;
    let (auth_key, _) = keys("s01", Environment::Development);
    let response = ask_for_token(&reqwest::Client::new(), &running.url(""), &auth_key).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["idempotency-supported"], "true");
    let header = response.headers()["authorization"].to_str().unwrap().to_owned();
    let token: uuid::Uuid = header.strip_prefix("Bearer ").unwrap().parse().unwrap();
    assert_eq!(token.get_version_num(), 4);
    assert_eq!(response.text().await.unwrap(), "");
    running.stop().await;
}

/// There are clients that look for the header by the letters that the specification prints (§4.1.1).
#[tokio::test]
async fn headers_are_spelled_as_the_specification_prints_them() {
    let running = Running::start().await;
    let (auth_key, _) = keys("s01", Environment::Development);
    let mut stream = tokio::net::TcpStream::connect(running.sandbox.api_address()).await.unwrap();
    let head = format!(
        "GET /col/oauth2?grantType=password HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Basic {}\r\n\r\n",
        STANDARD.encode(auth_key)
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    for name in ["Authorization: Bearer ", "Content-Length: ", "X-Request-Id: "] {
        assert!(answer.contains(&format!("\r\n{name}")), "{name}: {answer}");
    }
    running.stop().await;
}

#[tokio::test]
async fn two_lines_that_say_different_things_say_nothing() {
    let running = Running::start().await;
    let client = running.s01().await;
    for (second, expected) in [(client.token.as_str(), StatusCode::OK), ("another", StatusCode::UNAUTHORIZED)]
    {
        let request = reqwest::Client::new().post(running.url("/licenseVerification"));
        let request = request.bearer_auth(&client.token).header("authorization", format!("Bearer {second}"));
        let answer = request.body(client.seal(&running.driver()).to_string()).send().await.unwrap();
        assert_eq!(answer.status(), expected, "{second}");
    }
    running.stop().await;
}

#[tokio::test]
async fn every_refused_key_gets_the_same_answer() {
    let running = Running::start().await;
    let http = reqwest::Client::new();
    let refused = [
        keys("cmm01", Environment::Operations).0,
        keys("pending01", Environment::Development).0,
        keys("rejected01", Environment::Operations).0,
        keys("locked01", Environment::Development).0,
        keys("dormant01", Environment::Development).0,
        keys("suspended01", Environment::Operations).0,
        keys("deleted01", Environment::Development).0,
        keys("withdrawn01", Environment::Development).0,
        "nobody's key".to_owned(),
        String::new(),
    ];
    for auth_key in refused {
        let response = ask_for_token(&http, &running.url(""), &auth_key).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.headers().get("authorization").is_none());
        let error = error_of(&response.json().await.unwrap());
        assert_eq!(error, (-140, "클라이언트 인증에 실패했습니다.".to_owned()));
    }
    running.stop().await;
}

#[tokio::test]
async fn malformed_headers_and_grant_types_are_told() {
    let running = Running::start().await;
    let (auth_key, _) = keys("s01", Environment::Development);
    let basic = format!("Basic {}", STANDARD.encode(auth_key));
    for header in [None, Some("Basic"), Some("Basic !"), Some("Bearer abc"), Some("Basic /w==")] {
        let (status, answer) = with_header(&running, "?grantType=password", header).await;
        assert_eq!((status, error_of(&answer).0), (StatusCode::OK, -140), "{header:?}");
    }
    for (query, code) in [("", -170), ("?grantType=", -170), ("?grantType=client", -160)] {
        let (status, answer) = with_header(&running, query, Some(&basic)).await;
        let (found, message) = error_of(&answer);
        assert_eq!((status, found), (StatusCode::OK, code), "{query}");
        assert!(message.contains("grantType"));
    }
    running.stop().await;
}

#[tokio::test]
async fn tokens_live_three_hours_side_by_side() {
    let running = Running::start().await;
    let first = running.s01().await;
    running.advance("PT2H").await;
    let second = running.s01().await;
    assert_ne!(first.token, second.token);
    assert_eq!(first.code("/licenseVerification", &running.driver()).await, "00");
    running.advance("PT1H").await;
    let expired = first.send("/licenseVerification", "{}").await;
    assert_eq!(expired.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(second.code("/licenseVerification", &running.driver()).await, "00");
    running.stop().await;
}

#[tokio::test]
async fn a_token_that_does_not_hold_is_401() {
    let running = Running::start().await;
    let http = reqwest::Client::new();
    let unknown = "Bearer 026f1744-1234-4bcb-b0a6-990f9da9a745";
    for header in [None, Some("Bearer"), Some("Bearer "), Some("Bearer x"), Some("Basic abc"), Some(unknown)]
    {
        let mut request = http.post(running.url("/licenseVerification")).body("{}");
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{header:?}");
        assert_eq!(response.headers()["www-authenticate"], r#"Bearer error="invalid_token""#);
        assert_eq!(error_of(&response.json().await.unwrap()).0, -140);
    }
    running.stop().await;
}
