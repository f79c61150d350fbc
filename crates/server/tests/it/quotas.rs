//! What a company may use in a day (docs/configuration.md, `[quotas]`).

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Client, ask_for_token, batch_of};
use crate::production::{Deployment, both_keys, company_keys, driver, other_company};

const SINGLE: &str = "/licenseVerification";
const BATCH: &str = "/licenseVerificationBatch";

async fn status(client: &Client, path: &str, request: &Value) -> StatusCode {
    client.send(path, client.seal(request).to_string()).await.status()
}

#[tokio::test]
async fn checks_beyond_the_days_quota_are_429_until_midnight_and_koroad_is_not_asked() {
    let deployment = Deployment::start("[quotas]\nchecks_per_day = 5").await;
    let [development, client] = both_keys(&deployment).await;
    let drivers = |count: usize| batch_of(&vec![driver(); count]);
    assert_eq!(status(&client, BATCH, &drivers(3)).await, StatusCode::OK);
    assert_eq!(status(&client, BATCH, &drivers(3)).await, StatusCode::TOO_MANY_REQUESTS, "two are left");
    assert_eq!(status(&client, SINGLE, &driver()).await, StatusCode::OK);
    assert_eq!(status(&client, "/rentalConfirm", &driver()).await, StatusCode::OK);
    for path in [SINGLE, "/rentalConfirm"] {
        let refused = client.send(path, client.seal(&driver()).to_string()).await;
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS, "{path}");
        let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=86_400).contains(&wait), "{wait}");
        assert_eq!(refused.text().await.unwrap(), "");
    }
    assert_eq!(deployment.upstream.calls().checked_items, 5);
    let others = other_company(&deployment).await;
    for client in [&development, &others] {
        assert_eq!(status(client, SINGLE, &driver()).await, StatusCode::OK, "a quota apart");
    }
    deployment.stop().await;
}

#[tokio::test]
async fn numbers_and_tokens_have_quotas_and_what_is_not_configured_is_without_bound() {
    let deployment = Deployment::start("[quotas]\nnumbers_per_day = 2\ntokens_per_day = 1").await;
    let keys = company_keys(&deployment.config).await;
    let http = reqwest::Client::new();
    let client = Client::connect(&http, &deployment.url(), &keys.auth_key, &keys.secret_key).await;
    let path = "/dapi/generateVrfcNo";
    for expected in [StatusCode::OK, StatusCode::OK, StatusCode::TOO_MANY_REQUESTS] {
        assert_eq!(status(&client, path, &json!({})).await, expected);
    }
    assert_eq!(client.code(SINGLE, &driver()).await, "00");
    let again = ask_for_token(&http, &deployment.url(), &keys.auth_key).await;
    assert_eq!(again.status(), StatusCode::TOO_MANY_REQUESTS);
    deployment.stop().await;
}
