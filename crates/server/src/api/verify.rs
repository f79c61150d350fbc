use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use rims_aside::aside;
use rims_domain::calendar::today;
use rims_protocol::interface::Family;
use rims_protocol::messages::{BatchRequest, SingleRequest};
use rims_protocol::{ApiError, Sector};

use super::Api;
use super::answer::Failure;
use super::call::{Call, computed};
use super::once::answer_once;
use crate::service::Terms;
use crate::service::recheck::Queued;

const RECHECK_QUEUED: HeaderName = HeaderName::from_static("recheck-queued");

/// `POST …/licenseVerification` (§4.2.1, §4.3.1, §4.4.1, §4.5.1, §4.6.1).
pub(super) async fn single(State(api): State<Arc<Api>>, call: Call) -> Result<Response, Failure> {
    let (sector, now) = (sector(&call)?, api.services.clock().now());
    let queued = Arc::default();
    let answer = answer_once(&api, &call, async |once| {
        let request = SingleRequest::read(&call.members, sector, today(now))?;
        let terms = Terms { once, recheck: call.recheck(&queued)? };
        let (services, caller) = (Arc::clone(&api.services), call.caller.clone());
        let verify = async move { services.verify_single(&caller, sector, &request, now, &terms).await };
        Ok(call.to_the_end(verify).await?)
    })
    .await;
    Ok(with_queued(answer, &queued))
}

/// `POST …/licenseVerificationBatch` (§4.2.2, §4.3.2, §4.4.2, §4.5.2, §4.6.2).
pub(super) async fn batch(State(api): State<Arc<Api>>, call: Call) -> Result<Response, Failure> {
    let (sector, now) = (sector(&call)?, api.services.clock().now());
    let queued = Arc::default();
    let answer = answer_once(&api, &call, async |once| {
        let members = Arc::clone(&call.members);
        let request = computed(aside(move || BatchRequest::read(&members, sector, today(now))).await)?;
        let terms = Terms { once, recheck: call.recheck(&queued)? };
        let (services, caller) = (Arc::clone(&api.services), call.caller.clone());
        let verify = async move { services.verify_batch(&caller, sector, &request, now, &terms).await };
        Ok(call.to_the_end(verify).await?)
    })
    .await;
    Ok(with_queued(answer, &queued))
}

/// Says whether an unanswered check is made again, to those who asked for that (docs/outages.md).
fn with_queued(answer: Result<Response, Failure>, queued: &OnceLock<Queued>) -> Response {
    let mut response = answer.into_response();
    if let Some(queued) = queued.get() {
        response.headers_mut().insert(RECHECK_QUEUED, HeaderValue::from_static(queued.name()));
    }
    response
}

fn sector(call: &Call) -> Result<Sector, ApiError> {
    match call.interface.family {
        Family::Single(sector) | Family::Batch(sector) => Ok(sector),
        _ => Err(ApiError::NotFoundApi),
    }
}
