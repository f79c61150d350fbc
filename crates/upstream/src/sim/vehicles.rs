use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Router};
use serde::{Deserialize, Serialize};

use super::faults::{SharedFaults, VehicleFault};
use super::port::Abort;
use crate::koroad::Text;
use crate::vehicles::OWNERS_PATH;

/// Which company owns which vehicle: s01 is 1234567890, s02 is 2345678901.
const OWNERS: &[(&str, &str)] = &[
    ("1234567890", "67라6767"),
    ("1234567890", "12하1234"),
    ("1234567890", "01호1234"),
    ("2345678901", "66하1234"),
];

/// The simulated vehicle registry.
pub(super) struct VehicleSim {
    authorization: String,
    faults: Arc<SharedFaults>,
    calls: AtomicU64,
}

impl VehicleSim {
    pub(super) fn new(key: &str, faults: Arc<SharedFaults>) -> Self {
        Self { authorization: format!("Bearer {key}"), faults, calls: AtomicU64::new(0) }
    }

    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    pub(super) fn reset(&self) {
        self.calls.store(0, Ordering::Relaxed);
    }
}

pub(super) fn router(sim: Arc<VehicleSim>) -> Router {
    Router::new().route(OWNERS_PATH, post(owners)).with_state(sim)
}

async fn owners(
    State(sim): State<Arc<VehicleSim>>,
    Extension(abort): Extension<Abort>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    sim.calls.fetch_add(1, Ordering::Relaxed);
    let latency = sim.faults.latency();
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    if sim.faults.get().vehicles == Some(VehicleFault::Unreachable) {
        match abort.abort().await {}
    }
    let authorization = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
    if authorization != Some(sim.authorization.as_bytes()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match registered(&body) {
        Some(answer) => ([(CONTENT_TYPE, "application/json")], answer).into_response(),
        None => StatusCode::BAD_REQUEST.into_response(),
    }
}

fn registered(body: &[u8]) -> Option<Vec<u8>> {
    let request: OwnersRequest<'_> = serde_json::from_slice(body).ok()?;
    let owns = |query: &OwnerQuery<'_>| OWNERS.contains(&(query.brno.as_str(), query.vhcl_reg_no.as_str()));
    serde_json::to_vec(&OwnersAnswer { registered: request.queries.iter().map(owns).collect() }).ok()
}

#[derive(Deserialize)]
struct OwnersRequest<'a> {
    #[serde(borrow)]
    queries: Vec<OwnerQuery<'a>>,
}

#[derive(Deserialize)]
struct OwnerQuery<'a> {
    #[serde(borrow)]
    brno: Text<'a>,
    #[serde(borrow)]
    vhcl_reg_no: Text<'a>,
}

#[derive(Serialize)]
struct OwnersAnswer {
    registered: Vec<bool>,
}
