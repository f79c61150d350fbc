//! What an address is answered that keeps failing to authenticate, and what the audit trail says of refused keys.

use reqwest::{Response, StatusCode};
use rims_domain::Environment;

use crate::harness::{Client, ask_for_token, error_of, keys};
use crate::production::{Deployment, company_keys, driver};

/// A pause that no test outlives.
const THREE: &str = "failed_authentication = { allowed = 3, first_pause_ms = 60000 }";
const BEHIND_A_PROXY: &str = "trusted_proxies = [\"127.0.0.0/8\"]\n\
                              failed_authentication = { allowed = 3, first_pause_ms = 60000 }";
const REGISTERED: &str = "/col/isUserInDatabase?user_id=s01&brno=1234567890";

async fn with_token(deployment: &Deployment, token: Option<&str>, forwarded: &str) -> Response {
    let request = reqwest::Client::new().get(deployment.url() + REGISTERED);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    request.header("x-forwarded-for", forwarded).send().await.unwrap()
}

fn is_paused(response: &Response) -> bool {
    let paused = response.status() == StatusCode::TOO_MANY_REQUESTS;
    if paused {
        let seconds: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((50..=60).contains(&seconds), "{seconds}");
    }
    paused
}

#[tokio::test]
async fn failures_beyond_the_allowed_ones_are_429_and_what_holds_still_passes() {
    let deployment = Deployment::start(THREE).await;
    let pair = company_keys(&deployment.config).await;
    let http = reqwest::Client::new();
    let client = Client::connect(&http, &deployment.url(), &pair.auth_key, &pair.secret_key).await;
    let unknown = ask_for_token(&http, &deployment.url(), "no such key").await;
    assert_eq!(error_of(&unknown.json().await.unwrap()).0, -140);
    for token in [Some("no such token"), None] {
        assert_eq!(with_token(&deployment, token, "").await.status(), StatusCode::UNAUTHORIZED);
    }
    for token in [Some("no such token"), None] {
        assert!(is_paused(&with_token(&deployment, token, "").await));
    }
    assert!(is_paused(&ask_for_token(&http, &deployment.url(), "no such key").await));
    assert_eq!(client.code("/licenseVerification", &driver()).await, "00");
    Client::connect(&http, &deployment.url(), &pair.auth_key, &pair.secret_key).await;
    deployment.stop().await;
}

#[tokio::test]
async fn behind_a_proxy_the_clients_network_counts() {
    let deployment = Deployment::start(BEHIND_A_PROXY).await;
    for client in ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:1"] {
        assert!(!is_paused(&with_token(&deployment, None, client).await));
    }
    assert!(is_paused(&with_token(&deployment, None, "2001:db8::3").await));
    for client in ["2001:db8:0:1::1", "203.0.113.7", "127.0.0.1"] {
        assert!(!is_paused(&with_token(&deployment, None, client).await), "{client}");
    }
    deployment.stop().await;
}

#[tokio::test]
async fn failures_are_counted_by_reason() {
    let deployment = Deployment::start("").await;
    let http = reqwest::Client::new();
    let (well_known, _) = keys("s01", Environment::Development);
    ask_for_token(&http, &deployment.url(), &well_known).await;
    ask_for_token(&http, &deployment.url(), "no such key").await;
    with_token(&deployment, Some("no such token"), "").await;
    with_token(&deployment, None, "").await;
    let metrics = format!("http://{}/metrics", deployment.server.ops_address());
    let metrics = http.get(metrics).send().await.unwrap().text().await.unwrap();
    for reason in ["malformed", "unknown_key", "well_known_key", "unknown_token"] {
        let series = format!("rims_failed_authentications_total{{reason=\"{reason}\"}} ");
        let line = metrics.lines().find_map(|line| line.strip_prefix(&series)).unwrap();
        assert!(line.parse::<u64>().unwrap() >= 1, "{reason}: {line}");
    }
    deployment.stop().await;
}
