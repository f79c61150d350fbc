//! Remote (비대면) verification: numbers, and the results behind them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use rims_domain::calendar::today;
use rims_protocol::interface::Family;
use rims_protocol::messages::{NumberRequest, ResultRequest};
use rims_protocol::{ApiError, Sector};

use super::Api;
use super::answer::{Failure, done};
use super::call::Call;
use super::once::answer_once;

/// `POST …/generateRentNo`, `POST …/generateVrfcNo` (§4.2.6, §4.3.3, §4.4.3, §4.5.2.7, §4.6.3).
pub(super) async fn generate(State(api): State<Arc<Api>>, call: Call) -> Result<Response, Failure> {
    let (sector, now) = (sector(&call)?, api.services.clock().now());
    answer_once(&api, &call, async |once| {
        let request = NumberRequest::read(&call.members, sector, today(now))?;
        let (services, caller) = (Arc::clone(&api.services), call.caller.clone());
        let generate =
            async move { services.generate_number(&caller, sector, request, now, once.as_ref()).await };
        Ok(call.to_the_end(generate).await?)
    })
    .await
}

/// `POST …/licenseVerificationResult` (§4.2.7, §4.3.4, §4.4.4, §4.5.3, §4.6.4).
pub(super) async fn result(State(api): State<Arc<Api>>, call: Call) -> Result<Response, Failure> {
    let request = ResultRequest::read(&call.members, sector(&call)?)?;
    let now = api.services.clock().now();
    Ok(done(&api.services.remote_result(&call.caller, request, now).await?))
}

fn sector(call: &Call) -> Result<Sector, ApiError> {
    match call.interface.family {
        Family::Number(sector) | Family::Result(sector) => Ok(sector),
        _ => Err(ApiError::NotFoundApi),
    }
}
