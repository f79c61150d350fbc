//! Around every request: its id, its metrics, and one log line where it failed.

use std::convert::Infallible;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::header::STRICT_TRANSPORT_SECURITY;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use metrics::{Counter, Histogram, counter, histogram};
use rims_domain::Environment;
use rims_protocol::codes::ResponseCode;
use rims_protocol::interface::{INTERFACES, Interface};
use tower::{Layer, Service};
use tracing::{Instrument as _, Span, debug, error};

use super::Api;
use super::answer::{AnsweredCode, Cause, crashed};
use super::peer::is_forwarded;
use crate::http_rules;
use crate::request_id::{self, RequestId};

/// Gives every request an id, answered as `X-Request-Id`, measures it, catches its crash, and logs its failure once. A
/// layer of its own, because `axum::middleware::from_fn` would box the rest of the way for each request.
#[derive(Clone)]
pub(super) struct Observe(pub(super) Arc<Api>);

impl<S> Layer<S> for Observe {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        Observed { api: Arc::clone(&self.0), inner }
    }
}

#[derive(Clone)]
pub(super) struct Observed<S> {
    api: Arc<Api>,
    inner: S,
}

impl<S> Service<Request> for Observed<S>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (api, started) = (Arc::clone(&self.api), Instant::now());
        let path = Interface::by_path(request.uri().path()).map_or("(unknown)", |interface| interface.path);
        let id = api.request_ids.next();
        let span = api.span(id, path, &request);
        // Nothing runs yet: a route's handler begins when its future is polled, which is within `caught`.
        let refused = http_rules::refused(&request);
        let response = self.inner.call(request).map(|Ok(response)| response);
        let response = caught(response.instrument(span.clone()));
        let response = id.scope(response.map(|response| (response, request_id::environment())));
        Box::pin(async move {
            let (mut response, environment) = match refused {
                Some(refusal) => (refusal, None),
                None => response.await,
            };
            let elapsed = started.elapsed();
            trace(&span, &response);
            api.metrics.record(path, environment, &response, elapsed);
            log(id, path, &response, elapsed);
            api.add_headers(&mut response, id);
            Ok(response)
        })
    }
}

/// The response, or what a crash answers. Not an `async fn`, which would hold the future twice: what runs around
/// every request is copied with it.
fn caught(response: impl Future<Output = Response>) -> impl Future<Output = Response> {
    AssertUnwindSafe(response).catch_unwind().map(|caught| caught.unwrap_or_else(|_panic| crashed()))
}

impl Api {
    fn add_headers(&self, response: &mut Response, id: RequestId) {
        let headers = response.headers_mut();
        http_rules::add_headers(headers);
        if self.sends_hsts {
            headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
        }
        if let Some(id) = id.header() {
            headers.insert("x-request-id", id);
        }
    }

    /// The request in the traces.
    fn span(&self, id: RequestId, path: &'static str, request: &Request) -> Span {
        let Some(traces) = &self.traces else { return Span::none() };
        let proxy = is_forwarded(request.extensions(), &self.trusted_proxies);
        traces.request(id, (request.method(), path), proxy.then(|| request.headers()))
    }
}

fn trace(span: &Span, response: &Response) {
    if span.is_disabled() {
        return;
    }
    span.record("http.response.status_code", response.status().as_u16());
    if let Some(AnsweredCode(code)) = response.extensions().get() {
        span.record("rims.response_code", code.code());
    }
    if response.extensions().get::<Cause>().is_some() || response.status().is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

fn log(id: RequestId, path: &str, response: &Response, elapsed: Duration) {
    let code = response.extensions().get::<AnsweredCode>().map(|answered| answered.0.code());
    let status = response.status().as_u16();
    if let Some(Cause(cause)) = response.extensions().get::<Cause>() {
        error!(request_id = %id, path, status, code, cause, ?elapsed, "request failed");
    } else {
        debug!(request_id = %id, path, status, code, ?elapsed, "request");
    }
}

/// The label of requests whose key is not known.
const NO_KEY: &str = "none";

/// The metrics of each interface in each environment, registered once.
pub(super) struct RequestMetrics {
    operations: Vec<InterfaceMetrics>,
    development: Vec<InterfaceMetrics>,
    no_key: Vec<InterfaceMetrics>,
}

struct InterfaceMetrics {
    path: &'static str,
    seconds: Histogram,
    answered: Counter,
    errors: Vec<(ResponseCode, Counter)>,
    statuses: Vec<(StatusCode, Counter)>,
}

/// HTTP statuses beside 200 that are answered without an error of table 5.1.
const BARE_STATUSES: [StatusCode; 6] = [
    StatusCode::BAD_REQUEST,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::SERVICE_UNAVAILABLE,
];

impl RequestMetrics {
    pub(super) fn new() -> Self {
        let paths = || INTERFACES.iter().map(|interface| interface.path).chain(["(unknown)"]);
        let of = |environment| paths().map(|path| InterfaceMetrics::new(path, environment)).collect();
        Self {
            operations: of(Environment::Operations.name()),
            development: of(Environment::Development.name()),
            no_key: of(NO_KEY),
        }
    }

    fn record(&self, path: &str, environment: Option<Environment>, response: &Response, elapsed: Duration) {
        let interfaces = match environment {
            Some(Environment::Operations) => &self.operations,
            Some(Environment::Development) => &self.development,
            None => &self.no_key,
        };
        if let Some(interface) = interfaces.iter().find(|interface| interface.path == path) {
            interface.seconds.record(elapsed);
            interface.outcome(response).increment(1);
        }
    }
}

impl InterfaceMetrics {
    fn new(path: &'static str, environment: &'static str) -> Self {
        let outcome = |outcome: String| counter!("rims_requests_total", "path" => path, "environment" => environment, "outcome" => outcome);
        Self {
            path,
            seconds: histogram!("rims_request_seconds", "path" => path, "environment" => environment),
            answered: outcome("answered".to_owned()),
            errors: ResponseCode::ALL.iter().map(|code| (*code, outcome(code.code().to_string()))).collect(),
            statuses: BARE_STATUSES
                .iter()
                .map(|status| (*status, outcome(format!("http {}", status.as_u16()))))
                .collect(),
        }
    }

    fn outcome(&self, response: &Response) -> &Counter {
        let error = response.extensions().get::<AnsweredCode>();
        let error = error.and_then(|answered| self.errors.iter().find(|(code, _)| *code == answered.0));
        let status = || self.statuses.iter().find(|(status, _)| *status == response.status());
        match error {
            Some((_, counter)) => counter,
            None => status().map_or(&self.answered, |(_, counter)| counter),
        }
    }
}

impl fmt::Debug for RequestMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestMetrics(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_crash_is_500_with_110_and_has_a_cause_for_the_log() {
        let response = caught(async { panic!("221212121212") }).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(response.extensions().get::<Cause>().is_some());
        let body = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["respCode"], -110);
        assert!(!body.to_string().contains("221212121212"));
    }
}
