//! Connections: how many, for how long, and with which certificate (docs/configuration.md, `api.connections`).

use std::path::Path;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::production::{Deployment, write_private};

const REQUEST: &[u8] = b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n";
const REFUSED: &str = r#"rims_certificate_reloads_total{outcome="refused"} 1"#;
const PATIENCE: Duration = Duration::from_secs(20);

async fn connect(deployment: &Deployment) -> TcpStream {
    TcpStream::connect(deployment.server.api_address()).await.unwrap()
}

/// Whether the server answers on a connection; it has closed one that is too many.
async fn answers(connection: &mut TcpStream) -> bool {
    // An answer is short: it comes as one.
    let mut answer = [0; 4_096];
    connection.write_all(REQUEST).await.is_ok()
        && connection.read(&mut answer).await.is_ok()
        && answer.starts_with(b"HTTP/1.1 200")
}

async fn metrics(deployment: &Deployment) -> String {
    let url = format!("http://{}/metrics", deployment.server.ops_address());
    reqwest::get(url).await.unwrap().text().await.unwrap()
}

/// The connections of the API's listener, as its metric has them.
async fn open(deployment: &Deployment) -> f64 {
    let metrics = metrics(deployment).await;
    let line = metrics.lines().find(|line| line.starts_with(r#"rims_connections{listener="api"}"#)).unwrap();
    line.rsplit_once(' ').unwrap().1.parse().unwrap()
}

#[tokio::test]
async fn one_connection_too_many_is_closed_at_once_and_the_others_go_on() {
    let deployment = Deployment::start("connections = { most = 3 }").await;
    let mut connections = Vec::new();
    for _ in 0..3 {
        let mut connection = connect(&deployment).await;
        assert!(answers(&mut connection).await);
        connections.push(connection);
    }
    let mut refused = connect(&deployment).await;
    let mut read = [0];
    let end = tokio::time::timeout(PATIENCE, refused.read(&mut read)).await.expect("an end at once");
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    assert!(answers(&mut connections[0]).await);
    drop(connections.pop());
    let again = async { while !answers(&mut connect(&deployment).await).await {} };
    tokio::time::timeout(PATIENCE, again).await.expect("the place is free again");
    deployment.stop().await;
}

/// The client answers every PING, and could keep its connection for ever.
#[tokio::test]
async fn an_http_2_connection_without_requests_is_closed_however_it_is_kept_alive() {
    let deployment = Deployment::start(
        "header_timeout_ms = 50\nconnections = { idle_timeout_ms = 100, max_age_ms = 3600000 }",
    )
    .await;
    let http = Client::builder().http2_prior_knowledge().build().unwrap();
    assert_eq!(http.get(format!("{}/x", deployment.url())).send().await.unwrap().status(), StatusCode::OK);
    let closed = async { while open(&deployment).await > 0.0 {} };
    tokio::time::timeout(PATIENCE, closed).await.expect("the server closes it");
    let again = http.get(format!("{}/x", deployment.url())).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::OK, "a client connects again without noticing");
    deployment.stop().await;
}

#[tokio::test]
async fn a_connection_that_is_used_all_the_time_ends_at_its_age_between_requests() {
    let deployment = Deployment::start("connections = { max_age_ms = 200 }").await;
    let mut connection = connect(&deployment).await;
    let mut answered = 0;
    let used = async {
        while answers(&mut connection).await {
            answered += 1;
        }
    };
    tokio::time::timeout(PATIENCE, used).await.expect("an end");
    assert!(answered > 0);
    deployment.stop().await;
}

fn certificate(folder: &Path) -> reqwest::Certificate {
    let certificate = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    write_private(&folder.join("key.pem"), &certificate.signing_key.serialize_pem());
    std::fs::write(folder.join("chain.pem"), certificate.cert.pem()).unwrap();
    reqwest::Certificate::from_pem(certificate.cert.pem().as_bytes()).unwrap()
}

fn hang_up() {
    let process = std::process::id().to_string();
    assert!(std::process::Command::new("kill").args(["-HUP", &process]).status().unwrap().success());
}

#[tokio::test]
async fn a_new_certificate_is_read_on_sighup_and_a_broken_one_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let old = certificate(folder.path());
    let path = folder.path().display();
    let tls = format!("tls = {{ certificate = \"{path}/chain.pem\", key = \"{path}/key.pem\" }}");
    let deployment = Deployment::start(&tls).await;
    let url = format!("https://localhost:{}/", deployment.server.api_address().port());
    let trusting = |root| Client::builder().tls_certs_only([root]).pool_max_idle_per_host(0).build().unwrap();
    let old = trusting(old);
    assert!(old.get(&url).send().await.is_ok());
    let new = trusting(certificate(folder.path()));
    hang_up();
    let read = async { while new.get(&url).send().await.is_err() {} };
    tokio::time::timeout(PATIENCE, read).await.expect("the new certificate");
    assert!(old.get(&url).send().await.is_err());

    std::fs::write(folder.path().join("key.pem"), "no key").unwrap();
    hang_up();
    let refused = async { while !metrics(&deployment).await.contains(REFUSED) {} };
    tokio::time::timeout(PATIENCE, refused).await.expect("the broken one was looked at");
    assert!(new.get(&url).send().await.is_ok(), "the last good one stays");
    deployment.stop().await;
}

#[tokio::test]
async fn sighup_ends_no_server_that_has_no_certificate() {
    let deployment = Deployment::start("").await;
    hang_up();
    assert!(answers(&mut connect(&deployment).await).await);
    deployment.stop().await;
}

#[tokio::test]
async fn the_listener_for_operations_has_few_connections() {
    let deployment = Deployment::start("").await;
    let mut idle = Vec::new();
    let refused = async {
        loop {
            let mut connection = TcpStream::connect(deployment.server.ops_address()).await.unwrap();
            connection.write_all(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await.unwrap();
            if matches!(connection.read(&mut [0; 1_024]).await, Ok(0) | Err(_)) {
                return;
            }
            idle.push(connection);
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.expect("a refusal");
    assert_eq!(idle.len(), 32);
    assert!(answers(&mut connect(&deployment).await).await, "the API has its own");
    deployment.stop().await;
}
