use rims_protocol::messages::{UserAnswer, UserQuery};

use super::{ServiceError, Services};

impl Services {
    /// Whether a user id and a business number are registered and belong together (§4.1.2).
    pub async fn is_user_in_database(&self, query: &UserQuery) -> Result<UserAnswer, ServiceError> {
        let account = self.store.account_by_user_id(query.user_id.as_str()).await?;
        Ok(match account.filter(|account| account.brno == query.brno) {
            Some(account) => UserAnswer::registered(query, account.approval, account.status),
            None => UserAnswer::unregistered(query),
        })
    }
}
