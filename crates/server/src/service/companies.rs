//! Whom a call is for (§4.1.2.1, bizinfo).

use std::sync::Arc;
use std::time::Duration;

use rims_domain::access::{self, Named};
use rims_domain::{Account, AccountId, AuditAction};
use rims_protocol::values::UserId;
use rims_store::{NewAudit, Store, StoreError, Subject, Write};

use super::recent::Recent;
use super::{Principal, ServiceError, Services};

const NAMED: usize = 10_000;
/// No account has this id.
const NO_ACCOUNT: AccountId = AccountId(0);

#[derive(Debug)]
pub(super) struct Companies {
    store: Store,
    named: Recent<(AccountId, UserId), Arc<Named>>,
}

impl Companies {
    pub(super) fn new(store: Store, max_age: Duration) -> Self {
        Self { store, named: Recent::new(NAMED, max_age) }
    }

    pub(super) fn forget(&self) {
        self.named.forget();
    }

    async fn named(&self, caller: AccountId, user_id: &UserId) -> Result<Arc<Named>, StoreError> {
        self.named
            .get((caller, user_id.clone()), async |(caller, user_id)| {
                Box::pin(self.read(*caller, user_id)).await
            })
            .await
    }

    async fn read(&self, caller: AccountId, user_id: &UserId) -> Result<Arc<Named>, StoreError> {
        let account = self.store.account_by_user_id(user_id.as_str()).await?;
        // Also where there is no such account: whether there is must not show in how long the answer takes.
        let owner = account.as_ref().map_or(NO_ACCOUNT, |account| account.id);
        let delegated = self.store.has_delegated(owner, caller).await?;
        Ok(Arc::new(match account {
            Some(account) => Named::Account { account: Box::new(account), delegated },
            None => Named::Nobody,
        }))
    }
}

impl Services {
    /// The company that everything is recorded for: the caller's own, or the one that `bizinfo` names and
    /// that has delegated to the caller; else -130.
    pub(super) async fn company(
        &self,
        caller: &Principal,
        bizinfo: Option<&UserId>,
    ) -> Result<Account, ServiceError> {
        let Some(user_id) = bizinfo.filter(|id| **id != caller.account.user_id) else {
            return Ok((*caller.account).clone());
        };
        let named = self.companies.named(caller.account.id, user_id).await?;
        match (access::company(caller.account.id, &named), &*named) {
            (Some(_), Named::Account { account, .. }) => Ok((**account).clone()),
            (_, named) => {
                self.record_refused_company(caller, named, user_id).await?;
                Err(ServiceError::Bizinfo)
            }
        }
    }

    /// Whether what was recorded for a company may be shown to the caller again: it is the caller's own, or the company
    /// is still usable and still delegates to the caller; else -130.
    pub(super) async fn may_still_act_for(
        &self,
        caller: &Principal,
        company: AccountId,
    ) -> Result<(), ServiceError> {
        if company == caller.account.id {
            return Ok(());
        }
        let user_id = self.account(company).await?.user_id;
        self.company(caller, Some(&user_id)).await.map(drop)
    }

    /// A caller asked for a company that it may not act for. Rare, so it has memory of its own.
    fn record_refused_company(
        &self,
        caller: &Principal,
        named: &Named,
        user_id: &UserId,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let company = match named {
            Named::Account { account, .. } => Some(account.id),
            Named::Nobody => None,
        };
        let audit = NewAudit {
            company,
            subject: Subject::User(user_id.clone()),
            outcome: "-130".to_owned(),
            ..caller.event(self.clock.now(), AuditAction::BizinfoRefused)
        };
        Box::pin(self.store.commit(Write::Audit(vec![audit])))
    }
}
