//! The latest requests to the interfaces and their answers, decrypted: what an integrator looks at when an answer is not
//! the expected one. Only in the sandbox, whose people are invented.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Query, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt as _, Collected};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use jiff::Timestamp;
use rims_domain::calendar::in_seoul;
use rims_protocol::SecretKey;
use rims_store::{CredentialRecord, Store, TokenHash};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::control::{Control, Refused};
use crate::clock::Clock;

/// How many requests are kept.
const KEPT: usize = 200;
/// How much of a body is kept, in bytes: a batch may have a thousand drivers.
const BODY: usize = 64 * 1024;
/// How long a reader waits for the next request at most.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// The latest requests, oldest first.
#[derive(Debug)]
pub(super) struct RequestLog {
    clock: Clock,
    kept: Mutex<VecDeque<Arc<Logged>>>,
    /// The number of the latest one; the first is 1.
    latest: watch::Sender<u64>,
}

/// A request and its answer, as they went over the wire.
#[derive(Debug)]
struct Logged {
    number: u64,
    at: Timestamp,
    took: Duration,
    request_id: String,
    method: String,
    path: String,
    query: Option<String>,
    bearer: Option<TokenHash>,
    request: Part,
    status: StatusCode,
    answer: Part,
}

/// As much of a body as is kept.
#[derive(Debug, Default)]
struct Part {
    bytes: Vec<u8>,
    /// Whether there was more.
    is_cut: bool,
}

impl Part {
    fn of(whole: &[u8]) -> Self {
        let mut part = Self::default();
        part.add(whole);
        part
    }

    fn add(&mut self, more: &[u8]) {
        let room = BODY - self.bytes.len();
        self.is_cut |= more.len() > room;
        self.bytes.extend_from_slice(&more[..more.len().min(room)]);
    }

    /// JSON as itself, anything else as text.
    fn shown(&self) -> Value {
        if self.is_cut {
            return json!(format!("… longer than {BODY} bytes"));
        }
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&self.bytes)))
    }
}

impl RequestLog {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, kept: Mutex::default(), latest: watch::Sender::new(0) }
    }

    /// After a reset there are none; the numbers go on, so that a reader who waits meets the next one.
    pub(super) fn clear(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn add(&self, logged: impl FnOnce(u64) -> Logged) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let number = *self.latest.borrow() + 1;
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(Arc::new(logged(number)));
        drop(kept);
        self.latest.send_replace(number);
    }

    fn after(&self, number: u64) -> Vec<Arc<Logged>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().filter(|logged| logged.number > number).cloned().collect()
    }
}

/// Keeps a request and its answer. A body that does not arrive whole is the interface's to refuse, and is not kept.
pub(super) async fn keep(State(log): State<Arc<RequestLog>>, request: Request, next: Next) -> Response {
    let (at, started) = (log.clock.now(), Instant::now());
    let (parts, body) = request.into_parts();
    let (method, uri, bearer) = (parts.method.to_string(), parts.uri.clone(), bearer(&parts.headers));
    let passed = Arc::new(Mutex::new(Part::default()));
    let body = Body::new(Copied { body, passed: Arc::clone(&passed) });
    let response = next.run(Request::from_parts(parts, body)).await;
    let (parts, body) = response.into_parts();
    // An answer is there as a whole; as bytes it keeps its Content-Length.
    let answer = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    let (request_id, status) = (header(&parts.headers, "x-request-id"), parts.status);
    let response = Response::from_parts(parts, Body::from(answer.clone()));
    log.add(|number| Logged {
        number,
        at,
        took: started.elapsed(),
        request_id,
        method,
        path: uri.path().to_owned(),
        query: uri.query().map(str::to_owned),
        bearer,
        request: std::mem::take(&mut passed.lock().unwrap_or_else(PoisonError::into_inner)),
        status,
        answer: Part::of(&answer),
    });
    response
}

fn header(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

/// The token of `Authorization`, hashed.
fn bearer(headers: &HeaderMap) -> Option<TokenHash> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(|token| TokenHash::of(token.trim()))
}

/// A body whose bytes are copied as they pass: its bounds and times stay the interface's.
struct Copied {
    body: Body,
    passed: Arc<Mutex<Part>>,
}

impl HttpBody for Copied {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
            self.passed.lock().unwrap_or_else(PoisonError::into_inner).add(data);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// `GET /sandbox/requests`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Only later ones than this number.
    #[serde(default)]
    after: u64,
    /// Wait for one where there is none yet, so long at most.
    #[serde(default)]
    wait_ms: u64,
}

pub(super) async fn list(
    State(control): State<Control>,
    wanted: Result<Query<Wanted>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refused> {
    let Query(Wanted { after, wait_ms }) = wanted.map_err(|error| Refused::Input(error.body_text()))?;
    let log = &control.requests;
    let wait = Duration::from_millis(wait_ms).min(LONGEST_WAIT);
    let mut latest = log.latest.subscribe();
    // Where none comes the list is empty.
    _ = tokio::time::timeout(wait, latest.wait_for(|latest| *latest > after)).await;
    Ok(Json(log.shown(after, control.services.store()).await).into_response())
}

impl RequestLog {
    /// Those after a number, decrypted.
    pub(super) async fn shown(&self, after: u64, store: &Store) -> Vec<Value> {
        let mut all = Vec::new();
        for logged in self.after(after) {
            all.push(logged.shown(store).await);
        }
        all
    }
}

impl Logged {
    async fn shown(&self, store: &Store) -> Value {
        let at = in_seoul(self.at).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string();
        let answer = self.answer.shown();
        let key = self.key(store).await;
        json!({
            "number": self.number,
            "at": at,
            "request_id": self.request_id,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "user_id": key.as_ref().map(|key| key.account.user_id.as_str()),
            "environment": key.as_ref().map(|key| key.credential.environment.name()),
            "status": self.status.as_u16(),
            "code": answer["header"]["rtn_code"],
            "milliseconds": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            "request": self.opened(key.as_ref()),
            "answer": answer,
        })
    }

    /// Whose token it was, while it is stored.
    async fn key(&self, store: &Store) -> Option<CredentialRecord> {
        let token = store.token(&self.bearer?).await.ok().flatten()?;
        store.credential(token.credential).await.ok().flatten()
    }

    /// The plaintext of a sealed body; another as it came.
    fn opened(&self, key: Option<&CredentialRecord>) -> Value {
        let body = self.request.shown();
        let plain = key.and_then(|key| {
            let opened = SecretKey::new(&key.secret_key).open(body.get("encryptedData")?.as_str()?).ok()?;
            serde_json::from_slice(&opened).ok()
        });
        plain.unwrap_or(body)
    }
}
