//! 대여자 대여정보 이상여부 확인 (§4.2.5).

use jiff::{SignedDuration, Timestamp};
use rims_domain::AuditAction;
use rims_protocol::messages::{AnomalyAnswer, AnomalyRequest};
use rims_store::{NewAudit, Subject, Write};

use super::{Principal, ServiceError, Services};

/// How far back rentals count.
const WINDOW: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Services {
    /// How many confirmed rentals the licence has at any company that were registered in the last seven days.
    pub async fn count_rentals(
        &self,
        caller: &Principal,
        request: AnomalyRequest,
        at: Timestamp,
    ) -> Result<AnomalyAnswer, ServiceError> {
        let licence = request.licence_number;
        let result = self.store.count_rentals(&licence, at - WINDOW, at).await?;
        let audit = NewAudit {
            subject: Subject::Licence(licence),
            outcome: result.to_string(),
            ..caller.event(at, AuditAction::AnomalyView)
        };
        self.store.commit(Write::Audit(vec![audit])).await?;
        Ok(AnomalyAnswer { result })
    }
}
