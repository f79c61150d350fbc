//! Keeps web pages away from listeners without authentication. A browser on the same machine or network runs the pages of
//! strangers, and these can reach loopback addresses: by a request to another site, or under a name of their own that
//! they let point here (DNS rebinding). Such requests say so in their headers.

use std::net::{IpAddr, SocketAddr};

use axum::body::HttpBody as _;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::json;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// On a loopback address: refuses requests (HTTP 403) whose `Host` is neither an address nor `localhost`. On another
/// address the listener may have any name.
pub(crate) fn refuse_foreign_hosts(router: Router, address: SocketAddr) -> Router {
    if is_loopback(address) { router.layer(from_fn(check_host)) } else { router }
}

/// Refuses requests (HTTP 403) that a page of another origin makes.
pub(crate) fn refuse_foreign_origins(router: Router) -> Router {
    router.layer(from_fn(check_origin))
}

/// Refuses bodies (HTTP 400) of another declared type than JSON: those types a page may send anywhere without asking.
pub(crate) fn refuse_other_bodies(router: Router) -> Router {
    router.layer(from_fn(check_body))
}

/// Whether only programs of this machine reach the address.
pub(crate) fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

async fn check_host(request: Request, next: Next) -> Response {
    if request.uri().authority().is_some_and(|authority| !is_local(authority))
        || request.headers().get_all(HOST).iter().any(|host| !is_local_host(host))
    {
        return refused(StatusCode::FORBIDDEN, "Host is neither an address nor localhost");
    }
    next.run(request).await
}

async fn check_origin(request: Request, next: Next) -> Response {
    let headers = request.headers();
    if headers.get_all(SEC_FETCH_SITE).iter().any(|site| site == "cross-site") {
        return refused(StatusCode::FORBIDDEN, "Sec-Fetch-Site is cross-site");
    }
    let own = request.uri().authority().map(Authority::as_str).or_else(|| text(headers, &HOST));
    if headers.get_all(ORIGIN).iter().any(|origin| !is_own(origin, own)) {
        return refused(StatusCode::FORBIDDEN, "Origin is another one than this listener's");
    }
    next.run(request).await
}

async fn check_body(request: Request, next: Next) -> Response {
    let may_have_body = matches!(*request.method(), Method::POST | Method::PUT);
    let is_json = |value: &HeaderValue| {
        let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    };
    let mut types = request.headers().get_all(CONTENT_TYPE).iter();
    if may_have_body && !request.body().is_end_stream() && !types.all(is_json) {
        return refused(StatusCode::BAD_REQUEST, "Content-Type is not application/json");
    }
    next.run(request).await
}

fn is_local_host(host: &HeaderValue) -> bool {
    host.to_str().ok().and_then(|host| host.parse().ok()).is_some_and(|authority| is_local(&authority))
}

fn is_local(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok()
}

fn is_own(origin: &HeaderValue, own: Option<&str>) -> bool {
    let origin = origin.to_str().unwrap_or_default();
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.zip(own).is_some_and(|(authority, own)| authority.eq_ignore_ascii_case(own))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn refused(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}
