use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rims_protocol::ApiError;
use rims_protocol::fields::{Faults, Fields};
use rims_protocol::values::Malformed;

use super::Api;
use super::answer::Failure;
use super::call::credentials;
use super::once;
use crate::request_id;

/// `GET /col/oauth2?grantType=password` (§4.1.1): the token comes in a header, the body is empty.
pub(super) async fn issue(
    State(api): State<Arc<Api>>,
    Query(query): Query<Vec<(String, String)>>,
    parts: Parts,
) -> Result<Response, Failure> {
    let auth_key = auth_key(&parts).ok_or(ApiError::ClientAuthentication)?;
    let key = api.services.usable_key(&auth_key, api.peer(&parts)).await?;
    request_id::note_environment(key.environment());
    api.count(key.credential())?;
    check_grant_type(query)?;
    let token = api.services.issue_token(key).await?;
    let headers = [(AUTHORIZATION, format!("Bearer {token}")), (once::SUPPORTED, "true".to_owned())];
    Ok(headers.into_response())
}

/// `Basic` + Base64 of the auth key, without a colon (§4.1.1.2).
fn auth_key(parts: &Parts) -> Option<String> {
    String::from_utf8(STANDARD.decode(credentials(parts, "Basic")?).ok()?).ok()
}

fn check_grant_type(query: Vec<(String, String)>) -> Result<(), ApiError> {
    let members = query.into_iter().map(|(name, value)| (name, value.into())).collect();
    let mut faults = Faults::default();
    Fields::of_request(&members, &mut faults).required("grantType", |value| match value {
        "password" => Ok(()),
        _ => Err(Malformed("password여야 합니다")),
    });
    faults.first().map_or(Ok(()), Err)
}
