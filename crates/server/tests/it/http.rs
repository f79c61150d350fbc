//! What HTTP itself asks for, beside the specification's interfaces.

use rims_domain::Environment;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::Running;

/// The status of the answer to a request as it is written.
async fn status(running: &Running, request: &str) -> String {
    let mut connection = TcpStream::connect(running.sandbox.api_address()).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    connection.read_exact(&mut answer).await.unwrap();
    std::str::from_utf8(&answer[9..]).unwrap().to_owned()
}

#[tokio::test]
async fn trace_and_connect_are_405_and_a_request_has_one_host() {
    let running = Running::start().await;
    for (request, expected) in [
        ("TRACE /licenseVerification HTTP/1.1\r\nHost: x\r\n\r\n", "405"),
        ("CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", "405"),
        ("GET /nothing HTTP/1.1\r\n\r\n", "400"),
        ("GET /nothing HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"),
        ("GET /nothing HTTP/1.1\r\nHost:\r\n\r\n", "400"),
        ("GET /nothing HTTP/1.1\r\nHost: somebody@x\r\n\r\n", "400"),
        ("GET /nothing HTTP/1.1\r\nHost: a, b\r\n\r\n", "400"),
        ("GET /nothing HTTP/1.1\r\nHost: [::1]:8114\r\n\r\n", "200"),
        ("GET /nothing HTTP/1.0\r\n\r\n", "200"),
        ("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", "200"),
        ("PUT /licenseVerification HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "200"),
    ] {
        assert_eq!(status(&running, request).await, expected, "{request:?}");
    }
    running.stop().await;
}

/// What stands behind a refused request on its connection may be meant for another server.
#[tokio::test]
async fn nothing_behind_a_refused_request_is_answered() {
    let running = Running::start().await;
    let client = running.s01().await;
    let head = format!(
        "POST /licenseVerification HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n",
        client.token
    );
    for refused in [
        "GET /nothing HTTP/1.1\r\n\r\n".to_owned(),
        "TRACE /x HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        // Lines of chunks end with CR LF (RFC 9112, 7.1).
        format!("{head}Transfer-Encoding: chunked\r\n\r\n2\n{{}}\r\n0\r\n\r\n"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\n0\r\n\r\n"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\n\r\n"),
    ] {
        let mut connection = TcpStream::connect(running.sandbox.api_address()).await.unwrap();
        let behind = "GET /behind HTTP/1.1\r\nHost: x\r\n\r\n";
        connection.write_all(format!("{refused}{behind}").as_bytes()).await.unwrap();
        let mut answer = String::new();
        // A connection that is reset is closed, too.
        _ = connection.read_to_string(&mut answer).await;
        assert!(answer.matches("HTTP/1.1 ").count() <= 1, "{refused:?}: {answer}");
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{refused:?}: {answer}");
    }
    running.stop().await;
}

#[tokio::test]
async fn the_other_listeners_keep_the_rules_too() {
    let running = Running::start().await;
    let sandbox = &running.sandbox;
    for address in [sandbox.ops_address(), sandbox.web_address()] {
        let answer = reqwest::get(format!("http://{address}/")).await.unwrap();
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let mut first = [0; 12];
        connection.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 400", "{address}");
    }
    running.stop().await;
}

#[tokio::test]
async fn no_answer_is_kept_on_the_way_or_taken_for_something_else() {
    let running = Running::start().await;
    let client = running.s01().await;
    let answers = [
        client.send("/licenseVerification", client.seal(&running.driver()).to_string()).await,
        client.send("/licenseVerification", client.seal(&json!({})).to_string()).await,
        client.get("/col/isUserInDatabase?user_id=s01&brno=1234567890").await,
        client.get("/nothing").await,
        reqwest::get(running.url("/licenseVerification")).await.unwrap(),
    ];
    for answer in answers {
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header("cache-control").as_deref(), Some("no-store"), "{}", answer.url());
        assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"));
        assert_eq!(header("strict-transport-security"), None, "without TLS");
        let id = header("x-request-id").unwrap();
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    }
    running.stop().await;
}

/// Metrics that belong to no environment; every other one says its own.
const OF_NO_ENVIRONMENT: &[&str] = &[
    "rims_commit_",
    "rims_checkpoint_",
    "rims_store_errors_total",
    "rims_reservation_runs_total",
    "rims_connections",
    "rims_certificate_reloads_total",
    "rims_failed_authentications_total",
];

#[tokio::test]
async fn every_metric_says_whose_environment_it_counts() {
    let running = Running::start().await;
    for environment in [Environment::Development, Environment::Operations] {
        let client = running.client("s01", environment).await;
        client.call("/licenseVerification", &running.driver()).await;
        client.call("/licenseVerification", &running.driver_with_number("999012121200")).await;
    }
    running.advance("PT1M").await;
    reqwest::get(running.url("/nothing")).await.unwrap();
    let url = format!("http://{}/metrics", running.sandbox.ops_address());
    let metrics = reqwest::get(url).await.unwrap().text().await.unwrap();
    let series: Vec<&str> = metrics.lines().filter(|line| line.starts_with("rims_")).collect();
    assert!(series.len() > 50, "{metrics}");
    for line in &series {
        let of_none = OF_NO_ENVIRONMENT.iter().any(|name| line.starts_with(name));
        assert_ne!(of_none, line.contains("environment=\""), "{line}");
    }
    for environment in ["operations", "development", "none"] {
        let requests = format!("environment=\"{environment}\"");
        let counted = |line: &&&str| line.starts_with("rims_requests_total{") && line.contains(&requests);
        assert!(series.iter().any(|line| counted(&line) && !line.ends_with(" 0")), "{environment}");
    }
    running.stop().await;
}
