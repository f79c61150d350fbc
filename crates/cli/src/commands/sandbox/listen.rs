//! `rims listen`: a webhook of a running sandbox, received here, shown, and passed on.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use jiff::tz::TimeZone;
use reqwest::{Client, Url};
use rims_server::webhook::EventKind;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::control::Control;
use crate::args::Listen;
use crate::commands::{StopSignals, runtime};
use crate::language::say;
use crate::output::{Failure, note, print, visible};

/// The headers that a receiver verifies a message with.
const SIGNED: [&str; 4] = ["webhook-id", "webhook-timestamp", "webhook-signature", "content-type"];

#[derive(Clone)]
struct Receiver {
    client: Client,
    forward_to: Option<Url>,
}

pub(crate) fn run(arguments: &Listen) -> Result<(), Failure> {
    runtime()?.block_on(listen(arguments))
}

async fn listen(arguments: &Listen) -> Result<(), Failure> {
    let stop = StopSignals::catch()?;
    let control = Control::new(&arguments.control.url)?;
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Failure::failed)?;
    let address = listener.local_addr().map_err(Failure::failed)?;
    let mut registration =
        json!({ "user_id": arguments.user.as_str(), "url": format!("http://{address}/rims") });
    if !arguments.events.is_empty() {
        let names: Vec<_> = arguments.events.iter().copied().map(EventKind::name).collect();
        registration["events"] = json!(names);
    }
    let webhook = control.post("/sandbox/webhooks", &registration).await?;
    let (user, secret) = (&arguments.user, webhook["secret"].as_str().unwrap_or_default());
    print(&say!(
        "{user} 의 웹훅을 받습니다 (Ctrl-C로 종료). 서명 비밀값: {secret}\n",
        "receiving webhooks of {user} until Ctrl-C; their secret is {secret}\n"
    ))?;
    let client = Client::builder().no_proxy().build().map_err(Failure::failed)?;
    let receiver = Receiver { client, forward_to: arguments.forward_to.clone() };
    let router = Router::new().route("/rims", post(receive)).with_state(receiver);
    tokio::select! {
        served = axum::serve(listener, router) => served.map_err(Failure::failed)?,
        () = stop.wait() => {}
    }
    let id = webhook["id"].as_str().unwrap_or_default();
    // A sandbox that has ended has no webhook either.
    _ = control.delete(&format!("/sandbox/webhooks/{id}")).await;
    Ok(())
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let status = receiver.forward(&headers, &body).await;
    if let Err(failure) = show(&headers, &body, receiver.forward_to.is_some().then_some(status)) {
        note(&failure.into_message());
    }
    status
}

impl Receiver {
    /// What the program answers; without one, that it is taken.
    async fn forward(&self, headers: &HeaderMap, body: &Bytes) -> StatusCode {
        let Some(url) = &self.forward_to else { return StatusCode::NO_CONTENT };
        let mut request = self.client.post(url.clone()).body(body.clone());
        for name in SIGNED {
            if let Some(value) = headers.get(name) {
                request = request.header(name, value);
            }
        }
        request.send().await.map_or(StatusCode::BAD_GATEWAY, |answer| answer.status())
    }
}

fn show(headers: &HeaderMap, body: &[u8], forwarded: Option<StatusCode>) -> Result<(), Failure> {
    let event: Value = serde_json::from_slice(body).unwrap_or_default();
    let kind = event["type"].as_str().unwrap_or("?");
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let at = headers.get("webhook-timestamp").and_then(|at| at.to_str().ok()).and_then(|at| at.parse().ok());
    let at = at.and_then(|at| jiff::Timestamp::from_second(at).ok()).unwrap_or_default();
    let at = at.to_zoned(TimeZone::fixed(jiff::tz::offset(9))).strftime("%H:%M:%S").to_string();
    let forwarded = match forwarded {
        None => String::new(),
        Some(StatusCode::BAD_GATEWAY) => say!(" → 전달하지 못함", " → not forwarded"),
        Some(status) => format!(" → {}", status.as_u16()),
    };
    let line = format!("{at} {kind} {id}{forwarded}");
    print(&format!("{}\n  {}\n", visible(&line), visible(&event["data"].to_string())))
}
