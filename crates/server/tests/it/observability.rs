use std::collections::HashSet;

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::harness::Running;

async fn metrics(running: &Running) -> String {
    let url = format!("http://{}/metrics", running.sandbox.ops_address());
    reqwest::get(url).await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn health_and_readiness() {
    let running = Running::start().await;
    let health = reqwest::get(format!("http://{}/healthz", running.sandbox.ops_address())).await.unwrap();
    assert_eq!(health.status(), StatusCode::OK);
    let (status, body) = running.ops(Method::GET, "/readyz", None).await;
    assert_eq!((status, body), (StatusCode::OK, json!({ "ready": true })));
    running.stop().await;
}

#[tokio::test]
async fn every_answer_has_its_own_request_id() {
    let running = Running::start().await;
    let client = running.s01().await;
    let mut ids = HashSet::new();
    for path in ["/licenseVerification", "/nowhere", "/licenseVerificationBatch"] {
        let response = client.send(path, "{}").await;
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        assert_eq!(id.len(), 32);
        assert!(ids.insert(id));
    }
    running.stop().await;
}

#[tokio::test]
async fn metrics_and_errors_carry_no_personal_data() {
    let running = Running::start().await;
    let client = running.s01().await;
    let mut driver = running.driver();
    driver["f_resident_name"] = json!("비밀이름");
    driver["f_to_date"] = json!("비밀날짜");
    let (_, message) = client.error("/licenseVerification", &driver).await;
    driver["f_to_date"] = json!(running.day(0));
    client.call("/licenseVerification", &driver).await;
    let text = format!("{}{message}", metrics(&running).await);
    for secret in ["221212121212", "비밀", client.token.as_str()] {
        assert!(!text.contains(secret), "{secret}");
    }
    running.stop().await;
}

#[tokio::test]
async fn the_sandboxs_web_says_where_things_are() {
    let running = Running::start().await;
    let page = reqwest::get(format!("http://{}/", running.sandbox.web_address())).await.unwrap();
    assert!(page.text().await.unwrap().contains(&running.sandbox.api_address().to_string()));
    running.stop().await;
}
