//! The control plane: moves the clock, injects faults, starts over. Only in the sandbox.

use std::fmt::Display;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use jiff::{Span, Timestamp};
use rims_domain::calendar::in_seoul;
use rims_upstream::sim::{FaultsPatch, Simulators};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::sync::{Mutex, RwLock};

use super::requests::{self, RequestLog};
use super::{remote, seed, webhooks};
use crate::clock::MoveError;
use crate::scheduler::Scheduler;
use crate::service::Services;

#[derive(Clone)]
pub(super) struct Control {
    pub(super) services: Arc<Services>,
    simulators: Arc<Simulators>,
    scheduler: Arc<Scheduler>,
    gate: Gate,
    moving: Arc<Mutex<()>>,
    pub(super) requests: Arc<RequestLog>,
}

/// Held for reading by every request to the interfaces, for writing while everything is reset.
pub(super) type Gate = Arc<RwLock<()>>;

/// Lets requests to the interfaces wait while everything is reset.
pub(super) async fn wait_for_reset(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let _open = gate.read().await;
    next.run(request).await
}

/// Why the control plane did not do what was asked.
pub(super) enum Refused {
    /// HTTP 400: the input is wrong, and why.
    Input(String),
    /// HTTP 404: there is no such thing.
    Unknown(String),
    /// HTTP 409: the present state does not allow it, such as a clock that would go backward.
    Conflict(String),
    /// HTTP 500: a part failed.
    Failed(String),
}

impl Refused {
    pub(super) fn parts(self) -> (StatusCode, String) {
        match self {
            Self::Input(error) => (StatusCode::BAD_REQUEST, error),
            Self::Unknown(error) => (StatusCode::NOT_FOUND, error),
            Self::Conflict(error) => (StatusCode::CONFLICT, error),
            Self::Failed(error) => (StatusCode::INTERNAL_SERVER_ERROR, error),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, error) = self.parts();
        (status, Json(json!({ "error": error }))).into_response()
    }
}

/// `PUT /sandbox/clock`: exactly one of the two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockMove {
    now: Option<Timestamp>,
    advance: Option<String>,
}

impl Control {
    pub(super) fn new(
        services: Arc<Services>,
        simulators: Arc<Simulators>,
        scheduler: Arc<Scheduler>,
        gate: Gate,
        requests: Arc<RequestLog>,
    ) -> Self {
        Self { services, simulators, scheduler, gate, moving: Arc::default(), requests }
    }

    pub(super) fn router(self) -> Router {
        Router::new()
            .route("/sandbox/clock", get(read_clock).put(move_clock))
            .route("/sandbox/faults", put(set_faults))
            .route("/sandbox/remote-verifications/{number}", post(remote::complete))
            .route("/sandbox/webhooks", get(webhooks::list).post(webhooks::add))
            .route("/sandbox/webhooks/{id}", delete(webhooks::remove))
            .route("/sandbox/events", post(webhooks::send_example))
            .route("/sandbox/requests", get(requests::list))
            .route("/sandbox/reset", post(reset))
            .with_state(self)
    }

    fn shown_clock(&self) -> Response {
        let now = in_seoul(self.services.clock().now());
        let now = now.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string();
        Json(json!({ "now": now })).into_response()
    }
}

async fn read_clock(State(control): State<Control>) -> Response {
    control.shown_clock()
}

async fn move_clock(State(control): State<Control>, body: Bytes) -> Result<Response, Refused> {
    let clock = control.services.clock();
    let _alone = control.moving.lock().await;
    let now = clock.now();
    let target = match read(&body)? {
        ClockMove { now: Some(moment), advance: None } => moment,
        ClockMove { now: None, advance: Some(duration) } => later(now, &duration)?,
        _ => return Err(Refused::Input("give either now or advance".to_owned())),
    };
    clock.shift(now, target).map_err(|error| match error {
        MoveError::Backward(_) => Refused::Conflict(error.to_string()),
        MoveError::OutOfRange => Refused::Input(error.to_string()),
    })?;
    control.scheduler.run_due().await.map_err(|error| Refused::Failed(error.to_string()))?;
    Ok(control.shown_clock())
}

/// `duration` after `now`: ISO 8601, on the calendar of Asia/Seoul.
fn later(now: Timestamp, duration: &str) -> Result<Timestamp, Refused> {
    let wrong = |error: &dyn Display| Refused::Input(format!("advance: {error}"));
    if !duration.trim_start_matches(['-', '+']).starts_with('P') {
        return Err(wrong(&"not an ISO 8601 duration"));
    }
    let span: Span = duration.parse().map_err(|error: jiff::Error| wrong(&error))?;
    let target = in_seoul(now).checked_add(span).map_err(|error| wrong(&error))?;
    Ok(target.timestamp())
}

async fn set_faults(State(control): State<Control>, body: Bytes) -> Result<Response, Refused> {
    let patch: FaultsPatch = read(&body)?;
    control.simulators.set_faults(patch).await.map_err(|error| Refused::Failed(error.to_string()))?;
    Ok(Json(control.simulators.faults()).into_response())
}

async fn reset(State(control): State<Control>) -> Result<Response, Refused> {
    let services = &control.services;
    // Requests that run now must not write into what is emptied.
    let _alone = control.gate.write().await;
    let _clock = control.moving.lock().await;
    let _paused = control.scheduler.pause().await;
    services.clock().reset();
    control.simulators.reset().await.map_err(|error| Refused::Failed(error.to_string()))?;
    services.store().wipe().await.map_err(|error| Refused::Failed(error.to_string()))?;
    services.forget_cached();
    control.requests.clear();
    seed::fixtures(services.store(), services.clock())
        .await
        .map_err(|error| Refused::Failed(error.to_string()))?;
    Ok(control.shown_clock())
}

pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    let input: Map<String, Value> =
        serde_json::from_slice(body).map_err(|error| Refused::Input(error.to_string()))?;
    T::deserialize(Value::Object(input)).map_err(|error| Refused::Input(error.to_string()))
}
