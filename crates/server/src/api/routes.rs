use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use rims_protocol::ApiError;

use super::answer::Failure;
use super::observe::Observe;
use super::{Api, remote, rental, token, user, verify};

/// The specification's 27 interfaces, one line each (§3.5.1). Any other path or method answers -100.
pub fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/col/oauth2", get(token::issue).head(no_such_interface))
        .route("/col/isUserInDatabase", get(user::is_registered).head(no_such_interface))
        .route("/licenseVerification", post(verify::single))
        .route("/licenseVerificationBatch", post(verify::batch))
        .route("/dapi/licenseVerification", post(verify::single))
        .route("/dapi/licenseVerificationBatch", post(verify::batch))
        .route("/pm/licenseVerification", post(verify::single))
        .route("/pm/licenseVerificationBatch", post(verify::batch))
        .route("/sub/licenseVerification", post(verify::single))
        .route("/sub/licenseVerificationBatch", post(verify::batch))
        .route("/cmm/licenseVerification", post(verify::single))
        .route("/cmm/licenseVerificationBatch", post(verify::batch))
        .route("/rentalConfirm", post(rental::confirm))
        .route("/licenseVerificationSchedule", post(rental::schedule))
        .route("/rental/anomaly", post(rental::anomaly))
        .route("/generateRentNo", post(remote::generate))
        .route("/licenseVerificationResult", post(remote::result))
        .route("/company/rentals/history", post(rental::rentals))
        .route("/company/licenseVerificationSchedule/history", post(rental::schedules))
        .route("/dapi/generateVrfcNo", post(remote::generate))
        .route("/dapi/licenseVerificationResult", post(remote::result))
        .route("/pm/generateRentNo", post(remote::generate))
        .route("/pm/licenseVerificationResult", post(remote::result))
        .route("/sub/generateVrfcNo", post(remote::generate))
        .route("/sub/licenseVerificationResult", post(remote::result))
        .route("/cmm/generateVrfcNo", post(remote::generate))
        .route("/cmm/licenseVerificationResult", post(remote::result))
        .fallback(no_such_interface)
        .method_not_allowed_fallback(no_such_interface)
        .layer(Observe(Arc::clone(&api)))
        .with_state(api)
}

/// Also for `HEAD`, which would otherwise be routed like `GET`.
async fn no_such_interface() -> Response {
    Failure::from(ApiError::NotFoundApi).into_response()
}
