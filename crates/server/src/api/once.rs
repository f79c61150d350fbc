//! `Idempotency-Key` (docs/idempotency.md): a header beyond the specification, off the wire for those who do not
//! send it.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use rims_protocol::ApiError;
use rims_protocol::values::IdempotencyKey;
use serde::Serialize;

use super::Api;
use super::answer::{Failure, done};
use super::call::Call;
use crate::service::{Known, Once, ServiceError};

/// The request's header.
pub(super) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer is the first one again.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Says with a token that keys are known here.
pub(super) const SUPPORTED: HeaderName = HeaderName::from_static("idempotency-supported");
const NAME: &str = IdempotencyKey::HEADER;

/// Answers a request under its key as it was answered before, or does it; without a key does it.
pub(super) async fn answer_once<A: Serialize>(
    api: &Api,
    call: &Call,
    run: impl AsyncFnOnce(Option<Once>) -> Result<A, Failure>,
) -> Result<Response, Failure> {
    match of(api, call)? {
        None => Ok(done(&run(None).await?)),
        // With memory of its own: every request under way without a key would hold it.
        Some(once) => Box::pin(answer_under_key(api, call, once, run)).await,
    }
}

async fn answer_under_key<A: Serialize>(
    api: &Api,
    call: &Call,
    once: Once,
    run: impl AsyncFnOnce(Option<Once>) -> Result<A, Failure>,
) -> Result<Response, Failure> {
    if let Some(replayed) = replay(api, call, &once).await? {
        return Ok(replayed);
    }
    match run(Some(once.clone())).await {
        // The same request was answered while this one ran, and this one recorded nothing.
        Err(Failure::AnsweredMeanwhile) => {
            replay(api, call, &once).await?.ok_or(ServiceError::AnsweredMeanwhile.into())
        }
        answer => Ok(done(&answer?)),
    }
}

fn of(api: &Api, call: &Call) -> Result<Option<Once>, Failure> {
    let Some(text) = call.idempotency_key.text(NAME)? else { return Ok(None) };
    let key = IdempotencyKey::parse(text).map_err(|rule| ApiError::invalid(NAME, rule.0))?;
    Ok(Some(api.services.once(key, call.interface.path, &call.members)))
}

async fn replay(api: &Api, call: &Call, once: &Once) -> Result<Option<Response>, Failure> {
    match api.services.known(&call.caller, once, &call.members).await? {
        Known::Nothing => Ok(None),
        Known::Answered(body) => Ok(Some(replayed(body))),
        Known::OtherRequest => Err(ApiError::invalid(NAME, "다른 요청에 사용된 키입니다").into()),
    }
}

fn replayed(body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
