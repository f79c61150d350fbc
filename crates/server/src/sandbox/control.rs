//! The control plane: moves the clock, injects faults, starts over. Only in the sandbox.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use jiff::{Span, Timestamp};
use rims_domain::calendar::in_seoul;
use rims_upstream::sim::{FaultsPatch, Simulators};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::seed;
use crate::clock::MoveError;
use crate::service::Services;

#[derive(Clone)]
pub(super) struct Control {
    services: Arc<Services>,
    simulators: Arc<Simulators>,
}

/// Why the control plane did not do what was asked.
enum Refused {
    /// HTTP 400: the input is wrong, and why.
    Input(String),
    /// HTTP 409: the clock would go backward.
    Backward(String),
    /// HTTP 500: a part failed.
    Failed(String),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, error) = match self {
            Self::Input(error) => (StatusCode::BAD_REQUEST, error),
            Self::Backward(error) => (StatusCode::CONFLICT, error),
            Self::Failed(error) => (StatusCode::INTERNAL_SERVER_ERROR, error),
        };
        (status, Json(json!({ "error": error }))).into_response()
    }
}

/// `PUT /sandbox/clock`: exactly one of the two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockMove {
    now: Option<Timestamp>,
    advance: Option<Span>,
}

impl Control {
    pub(super) fn new(services: Arc<Services>, simulators: Arc<Simulators>) -> Self {
        Self { services, simulators }
    }

    pub(super) fn router(self) -> Router {
        Router::new()
            .route("/sandbox/clock", get(read_clock).put(move_clock))
            .route("/sandbox/faults", put(set_faults))
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
    let target = match read(&body)? {
        ClockMove { now: Some(moment), advance: None } => moment,
        ClockMove { now: None, advance: Some(span) } => in_seoul(clock.now())
            .checked_add(span)
            .map_err(|error| Refused::Input(format!("advance: {error}")))?
            .timestamp(),
        _ => return Err(Refused::Input("give either now or advance".to_owned())),
    };
    clock.move_to(target).map_err(|error| match error {
        MoveError::Backward(_) => Refused::Backward(error.to_string()),
        MoveError::OutOfRange => Refused::Input(error.to_string()),
    })?;
    Ok(control.shown_clock())
}

async fn set_faults(State(control): State<Control>, body: Bytes) -> Result<Response, Refused> {
    let patch: FaultsPatch = read(&body)?;
    control.simulators.set_faults(patch).await.map_err(|error| Refused::Failed(error.to_string()))?;
    Ok(Json(control.simulators.faults()).into_response())
}

async fn reset(State(control): State<Control>) -> Result<Response, Refused> {
    let services = &control.services;
    services.clock().reset();
    control.simulators.reset().await.map_err(|error| Refused::Failed(error.to_string()))?;
    services.store().wipe().await.map_err(|error| Refused::Failed(error.to_string()))?;
    seed::fixtures(services.store(), services.clock())
        .await
        .map_err(|error| Refused::Failed(error.to_string()))?;
    services.forget_cached();
    Ok(control.shown_clock())
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused::Input(error.to_string()))
}
