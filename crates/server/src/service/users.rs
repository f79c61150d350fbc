use rims_domain::AuditAction;
use rims_protocol::messages::{UserAnswer, UserQuery};
use rims_store::{NewAudit, Subject, Write};

use super::{Principal, ServiceError, Services};

impl Services {
    /// Whether a user id and a business number are registered and belong together (§4.1.2).
    pub async fn is_user_in_database(
        &self,
        caller: &Principal,
        query: &UserQuery,
    ) -> Result<UserAnswer, ServiceError> {
        let account = self.store.account_by_user_id(query.user_id.as_str()).await?;
        let account = account.filter(|account| account.brno == query.brno);
        let audit = NewAudit {
            company: account.as_ref().map(|account| account.id),
            subject: Subject::User(query.user_id.clone()),
            outcome: if account.is_some() { "registered" } else { "not registered" }.to_owned(),
            ..caller.event(self.clock.now(), AuditAction::UserLookup)
        };
        self.store.commit(Write::Audit(vec![audit])).await?;
        Ok(match account {
            Some(account) => UserAnswer::registered(query, account.approval, account.status),
            None => UserAnswer::unregistered(query),
        })
    }
}
