//! What stands between a client and a RIMS in real life: forwards requests, or breaks them as a test plans.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

/// What becomes of a request.
#[derive(Clone, Debug)]
pub(crate) enum Fate {
    /// It is forwarded and answered.
    Pass,
    /// It is forwarded and answered, without what this RIMS says beyond the specification.
    PassAsNational,
    /// It is forwarded, and its answer is lost.
    LoseAnswer,
    /// It is answered here, and not forwarded.
    Answer(u16, &'static [(&'static str, &'static str)], &'static str),
}

/// A request as it was seen.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
}

type Plan = Box<dyn Fn(&str, usize) -> Fate + Send + Sync>;

struct Inner {
    target: String,
    http: reqwest::Client,
    plan: Plan,
    seen: Mutex<Vec<Seen>>,
}

pub(crate) struct Front {
    inner: Arc<Inner>,
    address: SocketAddr,
}

impl Front {
    /// `plan` tells the fate of a path's request, counted from 0 per path.
    pub(crate) async fn start(
        target: String,
        plan: impl Fn(&str, usize) -> Fate + Send + Sync + 'static,
    ) -> Self {
        let inner =
            Inner { target, http: reqwest::Client::new(), plan: Box::new(plan), seen: Mutex::default() };
        let inner = Arc::new(inner);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = router(&inner);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { inner, address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How often a path was asked.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.seen(path).len()
    }

    pub(crate) fn seen(&self, path: &str) -> Vec<Seen> {
        self.inner.seen.lock().unwrap().iter().filter(|seen| seen.path == path).cloned().collect()
    }
}

fn router(inner: &Arc<Inner>) -> Router {
    Router::new().fallback(handle).with_state(Arc::clone(inner))
}

async fn handle(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let count = {
        let mut seen = inner.seen.lock().unwrap();
        seen.push(Seen { path: path.clone(), headers: request.headers().clone() });
        seen.iter().filter(|seen| seen.path == path).count() - 1
    };
    match (inner.plan)(&path, count) {
        fate @ (Fate::Pass | Fate::PassAsNational) => {
            let (status, mut headers, body) = forward(&inner, request).await;
            if matches!(fate, Fate::PassAsNational) {
                headers.remove("idempotency-supported");
            }
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            response
        }
        Fate::LoseAnswer => {
            forward(&inner, request).await;
            let broken = std::io::Error::other("the front breaks the connection");
            Response::new(Body::from_stream(futures::stream::iter([
                Ok(Bytes::from_static(b"{")),
                Err(broken),
            ])))
        }
        Fate::Answer(status, headers, body) => {
            let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
            for (name, value) in headers {
                response = response.header(*name, *value);
            }
            response.body(Body::from(body)).unwrap()
        }
    }
}

async fn forward(inner: &Inner, request: Request) -> (StatusCode, HeaderMap, Bytes) {
    let url = format!("{}{}", inner.target, request.uri());
    let (parts, body) = request.into_parts();
    let mut headers = parts.headers;
    headers.remove("host");
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let response = inner.http.request(parts.method, url).headers(headers).body(body).send().await.unwrap();
    let (status, mut headers) = (response.status(), response.headers().clone());
    headers.remove("content-length");
    (status, headers, response.bytes().await.unwrap())
}
