use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;
use rims_protocol::messages::UserQuery;

use super::Api;
use super::answer::{Failure, done};
use super::call::Bearer;

/// `GET /col/isUserInDatabase?user_id=…&brno=…` (§4.1.2).
pub(super) async fn is_registered(
    State(api): State<Arc<Api>>,
    Bearer { caller, .. }: Bearer,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let query = UserQuery::read(query)?;
    Ok(done(&api.services.is_user_in_database(&caller, &query).await?))
}
