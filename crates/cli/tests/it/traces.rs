//! Traces as a collector receives them: OTLP over HTTP.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use nix::sys::signal::Signal;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message as _;
use reqwest::blocking::Client;

use crate::administration::Site;
use crate::harness::{Serving, rims, sealed_driver, token};

const LICENCE: &str = "221212121212";

/// A collector and what it received.
struct Collector {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Bytes>>>,
    _runtime: tokio::runtime::Runtime,
}

impl Collector {
    fn start() -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        let receive = async |State(received): State<Arc<Mutex<Vec<Bytes>>>>, body: Bytes| {
            received.lock().unwrap().push(body);
        };
        let router = axum::Router::new()
            .route("/v1/traces", axum::routing::post(receive))
            .with_state(received.clone());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { address, received, _runtime: runtime }
    }

    fn bodies(&self) -> Vec<Bytes> {
        self.received.lock().unwrap().clone()
    }

    fn spans(&self) -> Vec<Span> {
        let exports = self.bodies().into_iter().map(|body| ExportTraceServiceRequest::decode(body).unwrap());
        exports
            .flat_map(|export| export.resource_spans)
            .flat_map(|resource| resource.scope_spans)
            .flat_map(|scope| scope.spans)
            .collect()
    }
}

/// A site whose server traces, and what its company needs.
struct Traced {
    site: Site,
    auth_key: String,
    secret_key: String,
}

impl Traced {
    fn new() -> Self {
        let site = Site::new();
        site.admin(&["master-key", "create"]);
        site.migrate();
        let (auth_key, secret_key) = site.approved_user();
        Self { site, auth_key, secret_key }
    }

    fn serve(&self, endpoint: SocketAddr, settings: &[(&str, &str)]) -> Serving {
        let mut command = rims(&["serve", "--config", self.site.config().to_str().unwrap()]);
        command.env("RIMS_TRACES__ENDPOINT", format!("http://{endpoint}"));
        command.envs(settings.iter().copied());
        Serving::start_command(command)
    }

    /// The answered request id.
    fn verify(&self, api: &str, token: &str, traceparent: Option<&str>) -> String {
        let url = format!("{api}/licenseVerification");
        let request =
            Client::new().post(url).bearer_auth(token).body(sealed_driver(&self.secret_key, LICENCE));
        let request =
            traceparent.into_iter().fold(request, |request, value| request.header("traceparent", value));
        let response = request.send().unwrap();
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        assert_eq!(response.json::<serde_json::Value>().unwrap()["body"]["f_rtn_code"], "00");
        id
    }
}

fn stopped(server: Serving) -> String {
    server.signal(Signal::SIGTERM);
    let (code, stderr) = server.end();
    assert_eq!(code, 0, "{stderr}");
    stderr
}

fn attribute(span: &Span, key: &str) -> String {
    let value = span.attributes.iter().find(|attribute| attribute.key == key);
    match value.and_then(|attribute| attribute.value.clone()?.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{key}: {other:?} of {span:?}"),
    }
}

#[test]
fn a_request_and_what_it_waited_for_are_one_trace() {
    let (collector, traced) = (Collector::start(), Traced::new());
    let server = traced.serve(collector.address, &[("RIMS_TRACES__SAMPLE_RATIO", "1")]);
    let api = server.address("api");
    let held = token(&api, &traced.auth_key);
    let id = traced.verify(&api, &held, None);
    stopped(server);
    let spans = collector.spans();
    let request = spans.iter().find(|span| span.name == "POST /licenseVerification").unwrap();
    assert_eq!(request.kind(), SpanKind::Server);
    assert_eq!(attribute(request, "rims.request_id"), id);
    assert_eq!(attribute(request, "http.response.status_code"), "200");
    let below = |parent: &Span| {
        let mut names: Vec<&str> = spans
            .iter()
            .filter(|span| span.parent_span_id == parent.span_id && span.trace_id == request.trace_id)
            .map(|span| span.name.as_str())
            .collect();
        names.sort_unstable();
        names
    };
    assert_eq!(below(request), ["body", "commit", "koroad", "turn", "vehicles"]);
    for (wait, work) in [("koroad", "call koroad"), ("vehicles", "call vehicles"), ("commit", "commit group")]
    {
        let of_request = |span: &&Span| span.name == wait && span.trace_id == request.trace_id;
        assert_eq!(below(spans.iter().find(of_request).unwrap()), [work]);
    }
    let call = spans.iter().find(|span| span.name == "call koroad").unwrap();
    assert_eq!(attribute(call, "rims.outcome"), "answered");
    let sent = String::from_utf8_lossy(&collector.bodies().concat()).into_owned();
    for secret in [LICENCE, "홍길동", "67라6767", &held, &traced.auth_key, &traced.secret_key] {
        assert!(!sent.contains(secret), "{secret} in {sent}");
    }
}

#[test]
fn what_a_caller_writes_is_in_no_span() {
    let (collector, traced) = (Collector::start(), Traced::new());
    let server = traced.serve(collector.address, &[("RIMS_TRACES__SAMPLE_RATIO", "1")]);
    let method = reqwest::Method::from_bytes(&[b'A'; 1000]).unwrap();
    let url = format!("{}/BBBBBBBB?CCCCCCCC", server.address("api"));
    Client::new().request(method, url).header("traceparent", "DDDDDDDD").send().unwrap();
    stopped(server);
    let names: Vec<String> = collector.spans().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["_OTHER (unknown)"]);
    let sent = String::from_utf8_lossy(&collector.bodies().concat()).into_owned();
    assert!(!["AAAA", "BBBB", "CCCC", "DDDD"].iter().any(|written| sent.contains(written)), "{sent}");
}

#[test]
fn what_requests_share_is_linked() {
    let (collector, traced) = (Collector::start(), Traced::new());
    let server = traced.serve(collector.address, &[("RIMS_TRACES__SAMPLE_RATIO", "1")]);
    let api = server.address("api");
    let held = token(&api, &traced.auth_key);
    std::thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| traced.verify(&api, &held, None));
        }
    });
    stopped(server);
    let spans = collector.spans();
    let named = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
    assert_eq!(named("commit").len(), 100 + 1, "with the token's");
    for (wait, work) in [("koroad", "koroad"), ("commit", "commit group")] {
        let linked: Vec<_> = named(wait).iter().flat_map(|span| &span.links).collect();
        assert!(!linked.is_empty(), "{wait}");
        for link in linked {
            assert!(named(work).iter().any(|span| span.span_id == link.span_id), "{wait}: {link:?}");
        }
    }
}

#[test]
fn a_proxy_decides_what_is_traced_and_nobody_else() {
    const PROXY: &str = r#"["127.0.0.1/32"]"#;
    const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const NOT_SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4737-00f067aa0ba902b7-00";
    let traced = Traced::new();
    for (proxies, follow, sample_ratio, traceparent, trace) in [
        ("[]", "true", "0", Some(SAMPLED), None),
        (PROXY, "false", "0", Some(SAMPLED), None),
        (PROXY, "true", "0", Some(SAMPLED), Some("4bf92f3577b34da6a3ce929d0e0e4736")),
        (PROXY, "true", "1", Some(NOT_SAMPLED), None),
        (PROXY, "true", "0", None, None),
    ] {
        let collector = Collector::start();
        let ratio = ("RIMS_TRACES__SAMPLE_RATIO", sample_ratio);
        let follow = ("RIMS_TRACES__FOLLOW_TRACEPARENT", follow);
        let server =
            traced.serve(collector.address, &[("RIMS_API__TRUSTED_PROXIES", proxies), follow, ratio]);
        let api = server.address("api");
        traced.verify(&api, &token(&api, &traced.auth_key), traceparent);
        stopped(server);
        let spans = collector.spans();
        let request = spans.iter().find(|span| span.name == "POST /licenseVerification");
        let found = request
            .map(|span| format!("{:032x}", u128::from_be_bytes(span.trace_id[..].try_into().unwrap())));
        assert_eq!(found.as_deref(), trace, "{proxies} {sample_ratio} {traceparent:?}");
    }
}

#[test]
fn without_its_collector_a_server_answers_and_stops() {
    let traced = Traced::new();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = traced.serve(nobody, &[("RIMS_TRACES__SAMPLE_RATIO", "1")]);
    let api = server.address("api");
    traced.verify(&api, &token(&api, &traced.auth_key), None);
    assert!(stopped(server).contains("opentelemetry"), "the log says that spans were lost");
}
