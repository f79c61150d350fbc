//! How outcomes become HTTP. What only the specification explains is here: its errors are HTTP 200 (§4.7),
//! but a token that does not hold is 401 (§4.1.2.3).

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rims_protocol::ApiError;
use rims_protocol::codes::ResponseCode;
use serde::Serialize;

use crate::service::ServiceError;

/// Bytes that the answer about one driver takes at most.
const SINGLE: usize = 256;

/// Why a request has no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// An error of table 5.1, as HTTP 200.
    Api(ApiError),
    /// The same, with the fault behind it for the log.
    Fault(ApiError, String),
    /// Another request under the same idempotency key was answered while this one ran.
    AnsweredMeanwhile,
    /// The token does not hold: HTTP 401 with -140.
    TokenRefused,
    /// The key's rate limit, or the company's quota of the day, is used up: HTTP 429.
    RateLimited(Duration),
    /// Too much is under way already: HTTP 503, soon and not late.
    Overloaded,
    /// The body is too long: HTTP 413.
    BodyTooLarge,
    /// The body did not arrive in time: HTTP 408.
    BodyTimedOut,
    /// The body broke off: HTTP 400, though hardly anybody is left to read it.
    BodyBroken,
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::AnsweredMeanwhile => Self::AnsweredMeanwhile,
            ServiceError::QuotaUsedUp { wait, .. } => Self::RateLimited(wait),
            error if error.is_fault() => Self::Fault(error.to_api(), error.to_string()),
            error => Self::Api(error.to_api()),
        }
    }
}

/// The row of table 5.1 that a response carries, for metrics.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnsweredCode(pub(super) ResponseCode);

/// The fault behind a response, for the log: never personal data.
#[derive(Clone, Debug)]
pub(super) struct Cause(pub(super) String);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Api(error) => api_error(StatusCode::OK, &error),
            Self::Fault(error, cause) => {
                let mut response = api_error(StatusCode::OK, &error);
                response.extensions_mut().insert(Cause(cause));
                response
            }
            Self::AnsweredMeanwhile => api_error(StatusCode::OK, &ApiError::Database),
            Self::TokenRefused => {
                let mut response = api_error(StatusCode::UNAUTHORIZED, &ApiError::ClientAuthentication);
                let challenge = HeaderValue::from_static(r#"Bearer error="invalid_token""#);
                response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                response
            }
            Self::RateLimited(wait) => {
                let seconds = wait.as_secs_f64().ceil().max(1.0).to_string();
                (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, seconds)]).into_response()
            }
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")]).into_response(),
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
            Self::BodyTimedOut => StatusCode::REQUEST_TIMEOUT.into_response(),
            Self::BodyBroken => StatusCode::BAD_REQUEST.into_response(),
        }
    }
}

fn api_error(status: StatusCode, error: &ApiError) -> Response {
    let mut response = json(status, error);
    response.extensions_mut().insert(AnsweredCode(error.code()));
    response
}

/// Responses are plain JSON, `application/json; charset=utf-8` (docs/spec-decisions.md, Wire).
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let mut text = Vec::with_capacity(SINGLE);
    if serde_json::to_writer(&mut text, body).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let utf8 = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, utf8);
    response
}

/// A successful call's answer.
pub(super) fn done(body: &impl Serialize) -> Response {
    json(StatusCode::OK, body)
}

/// A crash inside the server: HTTP 500 with -110, never a hang.
pub(super) fn crashed() -> Response {
    let mut response = api_error(StatusCode::INTERNAL_SERVER_ERROR, &ApiError::Database);
    response.extensions_mut().insert(Cause("it crashed".to_owned()));
    response
}
