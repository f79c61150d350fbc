use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use rims_domain::{Account, AuditAction, Environment, Requester};
use rims_store::{NewAudit, Subject};

/// Who asks for a use case: for which account, in which environment, by which key or person, and from where.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The account.
    pub account: Arc<Account>,
    /// Development or operations.
    pub environment: Environment,
    /// The key or the person.
    pub requester: Requester,
    /// The client's address, if it is known.
    pub address: Option<IpAddr>,
}

impl Principal {
    /// An event of its audit trail: about its own account, done, and about no one yet.
    pub(super) fn event(&self, at: Timestamp, action: AuditAction) -> NewAudit {
        NewAudit {
            at,
            actor: self.requester.into(),
            address: self.address,
            environment: Some(self.environment),
            action,
            company: Some(self.account.id),
            subject: Subject::None,
            reference: 0,
            outcome: "done".to_owned(),
        }
    }
}

/// An event of the system's own: about no one, done.
pub(crate) fn system_event(at: Timestamp, action: AuditAction) -> NewAudit {
    NewAudit {
        at,
        actor: rims_domain::Actor::System,
        address: None,
        environment: None,
        action,
        company: None,
        subject: Subject::None,
        reference: 0,
        outcome: "done".to_owned(),
    }
}
