//! The sandbox's web: a page that says where everything is, what was asked last, and that finishes a remote verification
//! in the place of the driver. Without script. The portal and the mobile page will live here.

mod page;

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde_json::{Map, Value, json};

use super::control::Control;
use super::remote;
use crate::ops::browser_guard;
use page::{Language, Notice, Page};

/// How many of the latest requests are shown.
const SHOWN: usize = 20;
const STYLE: &str = include_str!("style.css");
/// Nothing is loaded from elsewhere, and nothing runs.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Where the sandbox listens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses {
    pub(super) api: SocketAddr,
    pub(super) ops: SocketAddr,
}

#[derive(Clone)]
struct Web {
    control: Control,
    addresses: Addresses,
    /// Whether only this machine reaches the page: decrypted requests are for whoever runs the sandbox.
    is_private: bool,
}

pub(super) fn router(control: Control, addresses: Addresses, web: SocketAddr) -> Router {
    let is_private = browser_guard::is_loopback(web);
    let router = Router::new()
        .route("/", get(show).post(complete))
        .route("/style.css", get(async || ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)))
        .with_state(Web { control, addresses, is_private });
    browser_guard::refuse_foreign_hosts(browser_guard::refuse_foreign_origins(router), web)
}

async fn show(State(web): State<Web>, headers: HeaderMap) -> Response {
    web.page(Language::of(&headers), None).await
}

/// The form: the same as `POST /sandbox/remote-verifications/{number}`.
async fn complete(State(web): State<Web>, headers: HeaderMap, body: Bytes) -> Response {
    let language = Language::of(&headers);
    let mut fields: Map<String, Value> = url::form_urlencoded::parse(&body)
        .map(|(name, value)| (name.into_owned(), json!(value.trim())))
        .collect();
    let number = fields.remove("number").unwrap_or_default();
    let number = number.as_str().unwrap_or_default().to_owned();
    let shown = Bytes::from(Value::Object(fields).to_string());
    let notice = match remote::complete(State(web.control.clone()), Path(number.clone()), shown).await {
        Ok(_) => Notice { status: StatusCode::OK, text: language.finished(&number) },
        Err(refused) => {
            let (status, text) = refused.parts();
            Notice { status, text }
        }
    };
    web.page(language, Some(notice)).await
}

impl Web {
    async fn page(&self, language: Language, notice: Option<Notice>) -> Response {
        let control = &self.control;
        let mut requests = control.requests.shown(0, control.services.store()).await;
        requests.reverse();
        requests.truncate(SHOWN);
        let status = notice.as_ref().map_or(StatusCode::OK, |notice| notice.status);
        let page = Page {
            language,
            addresses: self.addresses,
            notice,
            requests: self.is_private.then_some(requests),
            today: control.services.clock().today(),
        };
        (status, [(CONTENT_SECURITY_POLICY, POLICY)], Html(page.to_string())).into_response()
    }
}

impl Language {
    fn of(headers: &HeaderMap) -> Self {
        let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if wanted.trim_start().to_ascii_lowercase().starts_with("ko") { Self::Korean } else { Self::English }
    }
}
