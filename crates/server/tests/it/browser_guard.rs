//! What a web page in a developer's browser must not reach: the sandbox's control plane, and the operations listener.

use std::net::SocketAddr;

use reqwest::{Method, StatusCode};
use rims_server::sandbox::{Sandbox, SandboxOptions};
use serde_json::Value;

use crate::harness::Running;
use crate::production::Deployment;

const RESET: &str = "/sandbox/reset";

async fn send(
    address: SocketAddr,
    (method, path): (Method, &str),
    headers: &[(&str, &str)],
    body: &'static str,
) -> (StatusCode, Value) {
    let mut request = reqwest::Client::new().request(method, format!("http://{address}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.body(body).send().await.unwrap();
    let status = response.status();
    (status, response.json().await.unwrap_or_default())
}

#[tokio::test]
async fn a_foreign_host_or_origin_is_403_with_the_reason() {
    let running = Running::start().await;
    let address = running.sandbox.ops_address();
    for (name, value) in [
        ("host", "rebind.evil.example"),
        ("host", "rebind.evil.example:8116"),
        ("host", "localhost.evil.example"),
        ("host", "127.0.0.1.evil.example"),
        ("host", "a@b@c"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1"),
        ("origin", "http://localhost:3000"),
        ("sec-fetch-site", "cross-site"),
    ] {
        for target in [(Method::POST, RESET), (Method::GET, "/sandbox/clock"), (Method::GET, "/metrics")] {
            let shown = format!("{name}: {value} {target:?}");
            let (status, answer) = send(address, target, &[(name, value)], "").await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{shown}");
            assert!(answer["error"].is_string(), "{shown}");
        }
    }
    running.stop().await;
}

#[tokio::test]
async fn what_is_local_passes() {
    let running = Running::start().await;
    let address = running.sandbox.ops_address();
    let origin = format!("http://{address}");
    for headers in [
        &[("host", "localhost")][..],
        &[("host", "LOCALHOST:8116")],
        &[("host", "127.0.0.1")],
        &[("host", "[::1]:8116")],
        &[("origin", origin.as_str()), ("sec-fetch-site", "same-origin")],
        &[("host", "localhost:8116"), ("origin", "http://localhost:8116")],
        &[("sec-fetch-site", "none")],
    ] {
        let (status, answer) = send(address, (Method::GET, "/sandbox/clock"), headers, "").await;
        assert_eq!(status, StatusCode::OK, "{headers:?} {answer}");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_body_of_another_declared_type_than_json_is_400() {
    let running = Running::start().await;
    let address = running.sandbox.ops_address();
    let put = (Method::PUT, "/sandbox/faults");
    for other in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""] {
        for target in [put.clone(), (Method::POST, RESET)] {
            let (status, answer) = send(address, target, &[("content-type", other)], "{}").await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{other}");
            assert!(answer["error"].as_str().unwrap().contains("Content-Type"), "{answer}");
        }
    }
    for json in [
        &[("content-type", "application/json")][..],
        &[("content-type", "Application/JSON; charset=utf-8")],
        &[],
    ] {
        let (status, answer) = send(address, put.clone(), json, "{}").await;
        assert_eq!(status, StatusCode::OK, "{json:?} {answer}");
    }
    let (status, _) = send(address, (Method::POST, RESET), &[("content-type", "text/plain")], "").await;
    assert_eq!(status, StatusCode::OK, "there is no body whose type could be wrong");
    running.stop().await;
}

#[tokio::test]
async fn a_control_plane_that_others_reach_needs_the_option_and_then_has_any_name() {
    let any = SocketAddr::from(([0, 0, 0, 0], 0));
    let public = SandboxOptions { ops: any, ..SandboxOptions::on_free_ports() };
    let refused = Sandbox::start(&public).await.err().unwrap().to_string();
    assert!(refused.contains("--allow-public-control") && refused.contains("0.0.0.0:0"), "{refused}");
    let sandbox = Sandbox::start(&SandboxOptions { allow_public_control: true, ..public }).await.unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], sandbox.ops_address().port()));
    let clock = (Method::GET, "/sandbox/clock");
    let (status, _) = send(address, clock.clone(), &[("host", "sandbox.internal")], "").await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) = send(address, clock, &[("origin", "https://evil.example")], "").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    sandbox.stop().await;
}

#[tokio::test]
async fn the_operations_listener_of_a_server_refuses_a_foreign_host() {
    let deployment = Deployment::start("").await;
    let address = deployment.server.ops_address();
    for path in ["/metrics", "/healthz", "/readyz"] {
        let (status, _) = send(address, (Method::GET, path), &[("host", "rebind.evil.example")], "").await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        let (status, _) = send(address, (Method::GET, path), &[("host", "localhost")], "").await;
        assert_eq!(status, StatusCode::OK, "{path}");
    }
    deployment.stop().await;
}
