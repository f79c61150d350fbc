//! Car rental's own interfaces (§4.2.3–§4.2.5, §4.2.8, §4.2.9).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use rims_domain::calendar::today;
use rims_protocol::codes::HistoryKind;
use rims_protocol::messages::{AnomalyRequest, ConfirmRequest, HistoryRequest, ScheduleRequest};

use super::Api;
use super::answer::{Failure, done};
use super::call::Call;
use super::once::answer_once;

/// `POST /rentalConfirm` (§4.2.3).
pub(super) async fn confirm(State(api): State<Arc<Api>>, call: Call) -> Result<Response, Failure> {
    let now = api.services.clock().now();
    answer_once(&api, &call, async |once| {
        let request = ConfirmRequest::read(&call.members, today(now))?;
        let (services, caller) = (Arc::clone(&api.services), call.caller.clone());
        let confirm = async move { services.confirm_rental(&caller, request, now, once.as_ref()).await };
        Ok(call.to_the_end(confirm).await?)
    })
    .await
}

/// `POST /licenseVerificationSchedule` (§4.2.4).
pub(super) async fn schedule(State(api): State<Arc<Api>>, call: Call) -> Result<Response, Failure> {
    let now = api.services.clock().now();
    answer_once(&api, &call, async |once| {
        let request = ScheduleRequest::read(&call.members, today(now))?;
        let (services, caller) = (Arc::clone(&api.services), call.caller.clone());
        let schedule = async move { services.schedule(&caller, request, now, once.as_ref()).await };
        Ok(call.to_the_end(schedule).await?)
    })
    .await
}

/// `POST /rental/anomaly` (§4.2.5).
pub(super) async fn anomaly(State(api): State<Arc<Api>>, call: Call) -> Result<Response, Failure> {
    let request = AnomalyRequest::read(&call.members)?;
    let now = api.services.clock().now();
    Ok(done(&api.services.count_rentals(&call.caller, request, now).await?))
}

/// `POST /company/rentals/history` (§4.2.8).
pub(super) async fn rentals(State(api): State<Arc<Api>>, call: Call) -> Result<Response, Failure> {
    let now = api.services.clock().now();
    let request = HistoryRequest::read(&call.members, HistoryKind::Rentals, today(now))?;
    Ok(done(&api.services.rental_history(&call.caller, request, now).await?))
}

/// `POST /company/licenseVerificationSchedule/history` (§4.2.9).
pub(super) async fn schedules(State(api): State<Arc<Api>>, call: Call) -> Result<Response, Failure> {
    let now = api.services.clock().now();
    let request = HistoryRequest::read(&call.members, HistoryKind::Schedules, today(now))?;
    Ok(done(&api.services.schedule_history(&call.caller, request, now).await?))
}
