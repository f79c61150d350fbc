//! The licence-photo check, against a small server of its wire.

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use rims_protocol::codes;
use rims_protocol::values::{LicenceNumber, PersonName};
use rims_upstream::{BreakerConfig, PhotoCheck, PhotoConfig, PhotoError, Secret, Unusable};
use serde_json::{Value, json};

use crate::support::{LOOPBACK, raw_server};

/// Answers the code that the photo's bytes spell.
async fn answer(headers: HeaderMap, Json(request): Json<Value>) -> Result<Json<Value>, StatusCode> {
    use base64::Engine as _;
    if headers["authorization"] != "Bearer key" {
        return Err(StatusCode::UNAUTHORIZED);
    }
    assert_eq!(
        (&request["f_license_no"], &request["f_resident_name"]),
        (&json!("221212121212"), &json!("홍길동"))
    );
    let photo = base64::engine::general_purpose::STANDARD.decode(request["photo"].as_str().unwrap()).unwrap();
    Ok(Json(json!({ "police_lcns_vrfc_cd": String::from_utf8(photo).unwrap() })))
}

async fn server() -> String {
    let listener = tokio::net::TcpListener::bind(LOOPBACK).await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum::Router::new().route("/api/licence-photo/check", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

fn client(base_url: String, key: &str) -> PhotoCheck {
    let breaker = BreakerConfig::disabled();
    let config = PhotoConfig { base_url, key: Secret::new(key), breaker, ..PhotoConfig::default() };
    PhotoCheck::new(&config, "operations").unwrap()
}

async fn check(client: &PhotoCheck, image: &str) -> Result<codes::PhotoCheck, PhotoError> {
    let (number, name) = (LicenceNumber::parse("221212121212"), PersonName::parse("홍길동"));
    client.check(&number.unwrap(), &name.unwrap(), image.as_bytes()).await
}

#[tokio::test]
async fn every_code_of_table_5_11() {
    let client = client(server().await, "key");
    for code in codes::PhotoCheck::ALL {
        assert_eq!(check(&client, code.code()).await, Ok(*code));
    }
    assert_eq!(check(&client, "77").await, Err(PhotoError::Unusable(Unusable::Malformed)));
}

#[tokio::test]
async fn failures_are_told_apart() {
    let unauthorised = client(server().await, "another");
    assert_eq!(check(&unauthorised, "1").await, Err(PhotoError::Unusable(Unusable::HttpStatus(401))));
    let garbage = client(raw_server(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]").await, "key");
    assert_eq!(check(&garbage, "1").await, Err(PhotoError::Unusable(Unusable::Malformed)));
    let closing = client(raw_server(b"").await, "key");
    assert_eq!(check(&closing, "1").await, Err(PhotoError::Unreachable));
}
