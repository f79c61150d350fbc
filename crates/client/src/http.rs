//! One request and its answer, as far as the specification's form goes.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, StatusCode};

use crate::answer::ErrorBody;
use crate::error::Error;

/// No answer of §4 is as long: 1,000 rows of a history have 300 KB.
const BODY_LIMIT: usize = 16 << 20;

/// An answer with status 200 that is no error.
pub(crate) struct Answered {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) request_id: Option<String>,
}

/// Sends, and reads the whole answer.
pub(crate) async fn send(request: RequestBuilder) -> Result<Answered, Error> {
    let mut response = request.send().await.map_err(|error| not_answered(&error))?;
    let request_id = text(response.headers(), "x-request-id");
    let body = read(&mut response, request_id.as_deref()).await?;
    let status = response.status();
    // §4.7: errors come as HTTP 200; others may send them with another status. An expired token is told by its own.
    if status != StatusCode::UNAUTHORIZED
        && let Some(error) = ErrorBody::read(&body, request_id.as_deref())
    {
        return Err(error);
    }
    if status != StatusCode::OK {
        let retry_after = text(response.headers(), RETRY_AFTER.as_str());
        let retry_after = retry_after.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        return Err(Error::Http { status: status.as_u16(), retry_after, request_id });
    }
    Ok(Answered { headers: std::mem::take(response.headers_mut()), body, request_id })
}

async fn read(response: &mut Response, request_id: Option<&str>) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| not_answered(&error))? {
        if body.len() + chunk.len() > BODY_LIMIT {
            return Err(crate::answer::unusable("it is longer than 16 MiB", request_id));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// What kept the answer away. A failed connection was surely not a request; anything later may have been one.
fn not_answered(error: &reqwest::Error) -> Error {
    match (error.is_connect(), error.is_timeout()) {
        (true, _) => Error::Unreachable(innermost(error)),
        (false, true) => Error::TimedOut,
        (false, false) => Error::Broken(innermost(error)),
    }
}

/// The cause a person can act on, such as "Connection refused".
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
