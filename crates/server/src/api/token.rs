use std::net::IpAddr;
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
use crate::service::{AuthenticationFailure, ServiceError};

/// `GET /col/oauth2?grantType=password` (§4.1.1): the token comes in a header, the body is empty.
pub(super) async fn issue(
    State(api): State<Arc<Api>>,
    Query(query): Query<Vec<(String, String)>>,
    parts: Parts,
) -> Result<Response, Failure> {
    let peer = api.peer(&parts);
    let Some(auth_key) = auth_key(&parts) else {
        return Err(api.key_refused(peer, AuthenticationFailure::Malformed));
    };
    let key = match api.services.usable_key(&auth_key, peer).await {
        Ok(key) => key,
        Err(ServiceError::Unauthenticated(failure)) => return Err(api.key_refused(peer, failure)),
        Err(error) => return Err(error.into()),
    };
    request_id::note_environment(key.environment());
    api.count(key.credential())?;
    check_grant_type(query)?;
    let token = api.services.issue_token(key).await?;
    let headers = [(AUTHORIZATION, format!("Bearer {token}")), (once::SUPPORTED, "true".to_owned())];
    Ok(headers.into_response())
}

impl Api {
    /// The answer to a key that does not work, the same for every reason.
    fn key_refused(&self, peer: IpAddr, failure: AuthenticationFailure) -> Failure {
        let pause = self.failed_authentication.record(peer, failure);
        pause.map_or(Failure::Api(ApiError::ClientAuthentication), Failure::RateLimited)
    }
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
