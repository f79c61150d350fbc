//! What HTTP itself asks of every listener, whatever is served there.

use axum::extract::Request;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONNECTION, HOST, X_CONTENT_TYPE_OPTIONS};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::{Router, body::Body};

/// The rules for a router without a layer of its own that keeps them.
pub(crate) fn with_rules(router: Router) -> Router {
    router.layer(from_fn(keep))
}

async fn keep(request: Request, next: Next) -> Response {
    let mut response = match refused(&request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    add_headers(response.headers_mut());
    response
}

/// TRACE and CONNECT are refused, and an HTTP/1.1 request that has not one Host (RFC 9112, 3.2). What follows on the
/// connection is not looked at: it may be meant for another server.
pub(crate) fn refused(request: &Request<Body>) -> Option<Response> {
    let mut response = if matches!(*request.method(), Method::TRACE | Method::CONNECT) {
        (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, POST")]).into_response()
    } else if has_one_host(request) {
        return None;
    } else {
        StatusCode::BAD_REQUEST.into_response()
    };
    if request.version() < Version::HTTP_2 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Some(response)
}

fn has_one_host(request: &Request<Body>) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => request.version() != Version::HTTP_11,
        (Some(host), None) => is_host(host),
        (Some(_), Some(_)) => false,
    }
}

/// A name or address, with or without a port.
fn is_host(value: &HeaderValue) -> bool {
    let text = value.to_str().unwrap_or_default();
    text.parse::<Authority>().is_ok_and(|host| !host.host().is_empty() && !text.contains('@'))
}

/// Answers may be personal data: nothing on the way keeps them, and no browser takes them for something else.
pub(crate) fn add_headers(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
