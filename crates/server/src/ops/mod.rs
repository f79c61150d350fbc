//! The operations listener: health, readiness and metrics. Keep it away from the public.

pub(crate) mod browser_guard;
mod metrics;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::service::Services;

pub use metrics::{Metrics, install};

/// What the operations listener reports on.
#[derive(Clone)]
pub struct Ops {
    services: Arc<Services>,
    metrics: Metrics,
    draining: Arc<AtomicBool>,
}

impl Ops {
    /// Reports on these use cases.
    pub fn new(services: Arc<Services>, metrics: Metrics) -> Self {
        Self { services, metrics, draining: Arc::new(AtomicBool::new(false)) }
    }

    /// From now on the node is not ready: it finishes what it has.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Its endpoints.
    pub fn router(self) -> Router {
        Router::new()
            .route("/healthz", get(healthz))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .with_state(self)
    }
}

/// The process runs.
async fn healthz() -> &'static str {
    "ok\n"
}

/// The node can answer: its database is reachable and has this version's schema, and it is not draining.
async fn readyz(State(ops): State<Ops>) -> Response {
    if ops.draining.load(Ordering::Acquire) {
        return not_ready("server", "draining");
    }
    match ops.services.store().ready().await {
        Ok(()) => Json(json!({ "ready": true })).into_response(),
        Err(error) => not_ready("database", &error.to_string()),
    }
}

fn not_ready(part: &str, reason: &str) -> Response {
    let body = json!({ "ready": false, "part": part, "reason": reason });
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}

async fn metrics(State(ops): State<Ops>) -> String {
    ops.metrics.render()
}
