//! Accounts and the keys issued to them (§2.2, tables 5.6 and 5.7).

use std::net::IpAddr;

use ipnet::IpNet;
use rims_protocol::codes::{AccountStatus, Approval};
use rims_protocol::values::{BusinessNumber, UserId};

/// An account's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub i64);

/// A credential's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialId(pub i64);

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// A company that hands out vehicles or jobs.
    Operator,
    /// A platform, agency or association that asks for companies which delegated to it (§4.1.2.1).
    Platform,
    /// A local government's officer.
    LocalGovernment,
    /// An administrator of this RIMS.
    Administrator,
}

impl AccountKind {
    /// Every kind.
    pub const ALL: &'static [Self] =
        &[Self::Operator, Self::Platform, Self::LocalGovernment, Self::Administrator];

    /// A short stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Platform => "platform",
            Self::LocalGovernment => "government",
            Self::Administrator => "administrator",
        }
    }

    /// The kind of [`AccountKind::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// A registered user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its row.
    pub id: AccountId,
    /// 사용자ID, unique.
    pub user_id: UserId,
    /// 사업자등록번호.
    pub brno: BusinessNumber,
    /// The company's name.
    pub company: String,
    /// What it is for.
    pub kind: AccountKind,
    /// Table 5.7.
    pub approval: Approval,
    /// Table 5.6.
    pub status: AccountStatus,
}

/// A change of an account's state that its present state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTransition {
    /// Approval and refusal answer a request; this account's was answered already.
    #[error("the account's approval is {} ({}), not a request", .0.code(), .0.english())]
    NotRequested(Approval),
    /// Deleted and withdrawn accounts stay so.
    #[error("the account is {} ({}) and stays so", .0.code(), .0.english())]
    Ended(AccountStatus),
}

impl Account {
    /// Whether its keys work: approval 2 and status 1 (tables 5.6 and 5.7).
    pub fn is_usable(&self) -> bool {
        self.approval == Approval::Approved && self.status == AccountStatus::Normal
    }

    /// Whether it was rejected, deleted or withdrawn, and so can never be used again.
    pub fn is_ended(&self) -> bool {
        is_last(self.status) || refuses_for_good(self.approval)
    }

    /// Answers its request for approval.
    pub fn decide(&mut self, decision: Decision) -> Result<(), InvalidTransition> {
        if self.approval != Approval::Requested {
            return Err(InvalidTransition::NotRequested(self.approval));
        }
        self.approval = match decision {
            Decision::Approve => Approval::Approved,
            Decision::Reject => Approval::Rejected,
        };
        Ok(())
    }

    /// Moves it to another state of table 5.6; deleted and withdrawn are final.
    pub fn change_status(&mut self, status: AccountStatus) -> Result<(), InvalidTransition> {
        if is_last(self.status) {
            return Err(InvalidTransition::Ended(self.status));
        }
        self.status = status;
        Ok(())
    }
}

/// Whether an account stays in this state: deleted or withdrawn (table 5.6).
pub fn is_last(status: AccountStatus) -> bool {
    matches!(status, AccountStatus::Deleted | AccountStatus::Withdrawn)
}

/// Whether an account never gets another approval than this: rejected (table 5.7), because a request is decided once.
pub fn refuses_for_good(approval: Approval) -> bool {
    approval == Approval::Rejected
}

/// The answer to a request for approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// 승인.
    Approve,
    /// 반려.
    Reject,
}

/// Which of the two worlds a key belongs to (§2.2). Development is answered by simulators, and its records
/// never count in operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Environment {
    /// 개발.
    Development,
    /// 운영.
    Operations,
}

impl Environment {
    /// Both.
    pub const ALL: &'static [Self] = &[Self::Development, Self::Operations];

    /// A short stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Operations => "operations",
        }
    }

    /// The environment of [`Environment::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|environment| environment.name() == name)
    }
}

/// An auth key with its Secret Key, as issued to an account for one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its row.
    pub id: CredentialId,
    /// Whose it is.
    pub account: AccountId,
    /// Where it works.
    pub environment: Environment,
    /// Whether an administrator approved it; only operations keys need this (§2.2).
    pub approved: bool,
    /// Whether it was revoked or rotated away.
    pub revoked: bool,
    /// The networks it may be used from; empty means any.
    pub allowed_ips: Vec<IpNet>,
}

/// Why a key that exists does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyRefusal {
    /// It was revoked or rotated away.
    Revoked,
    /// Its account is not usable (tables 5.6 and 5.7).
    Account,
    /// An operations key that waits for its approval.
    NotApproved,
    /// It may not be used from the caller's network.
    Network,
    /// The token's three hours are over.
    Expired,
}

impl KeyRefusal {
    /// Every reason.
    pub const ALL: &'static [Self] =
        &[Self::Revoked, Self::Account, Self::NotApproved, Self::Network, Self::Expired];

    /// A short stable name, as it stands in the audit trail.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Account => "account",
            Self::NotApproved => "not approved",
            Self::Network => "network",
            Self::Expired => "expired",
        }
    }
}

impl Credential {
    /// Whether the key works for this account from this address: a development key at once, an operations
    /// key after its approval (§2.2).
    pub fn is_usable(&self, account: &Account, peer: IpAddr) -> bool {
        self.refusal(account, peer).is_none()
    }

    /// Why the key does not work for this account from this address, if it does not. The caller is not told which.
    pub fn refusal(&self, account: &Account, peer: IpAddr) -> Option<KeyRefusal> {
        if self.revoked {
            Some(KeyRefusal::Revoked)
        } else if !account.is_usable() {
            Some(KeyRefusal::Account)
        } else if self.environment == Environment::Operations && !self.approved {
            Some(KeyRefusal::NotApproved)
        } else if !self.allows(peer) {
            Some(KeyRefusal::Network)
        } else {
            None
        }
    }

    fn allows(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.allowed_ips.is_empty() || self.allowed_ips.iter().any(|network| network.contains(&peer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Account {
        Account {
            id: AccountId(1),
            user_id: UserId::parse("s01").unwrap(),
            brno: BusinessNumber::parse("1234567890").unwrap(),
            company: "(주)테스트렌트카".into(),
            kind: AccountKind::Operator,
            approval: Approval::Approved,
            status: AccountStatus::Normal,
        }
    }

    fn credential(environment: Environment) -> Credential {
        Credential {
            id: CredentialId(1),
            account: AccountId(1),
            environment,
            approved: false,
            revoked: false,
            allowed_ips: Vec::new(),
        }
    }

    fn peer(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_approved_normal_accounts_are_usable() {
        for approval in Approval::ALL {
            for status in AccountStatus::ALL {
                let account = Account { approval: *approval, status: *status, ..account() };
                let expected = *approval == Approval::Approved && *status == AccountStatus::Normal;
                assert_eq!(account.is_usable(), expected, "{approval:?} {status:?}");
            }
        }
    }

    #[test]
    fn a_development_key_works_at_once_and_an_operations_key_after_approval() {
        let local = peer("127.0.0.1");
        assert!(credential(Environment::Development).is_usable(&account(), local));
        let waiting = credential(Environment::Operations);
        assert!(!waiting.is_usable(&account(), local));
        assert!(Credential { approved: true, ..waiting }.is_usable(&account(), local));
    }

    #[test]
    fn revoked_keys_and_unusable_accounts_do_not_work() {
        let local = peer("127.0.0.1");
        let revoked = Credential { revoked: true, ..credential(Environment::Development) };
        assert!(!revoked.is_usable(&account(), local));
        let locked = Account { status: AccountStatus::Locked, ..account() };
        assert!(!credential(Environment::Development).is_usable(&locked, local));
    }

    #[test]
    fn a_key_with_networks_works_only_from_them() {
        let bound = Credential {
            allowed_ips: vec!["10.1.0.0/16".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
            ..credential(Environment::Development)
        };
        for (address, expected) in
            [("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("10.2.0.1", false), ("2001:db8::1", true)]
        {
            assert_eq!(bound.is_usable(&account(), peer(address)), expected, "{address}");
        }
    }

    #[test]
    fn a_refused_key_has_one_reason_and_revocation_comes_first() {
        let (local, suspended) =
            (peer("127.0.0.1"), Account { status: AccountStatus::Suspended, ..account() });
        let foreign = Credential {
            allowed_ips: vec!["10.1.0.0/16".parse().unwrap()],
            ..credential(Environment::Operations)
        };
        let approved = Credential { approved: true, ..foreign.clone() };
        let revoked = Credential { revoked: true, ..foreign.clone() };
        for (credential, account, expected) in [
            (&revoked, &suspended, Some(KeyRefusal::Revoked)),
            (&foreign, &suspended, Some(KeyRefusal::Account)),
            (&foreign, &account(), Some(KeyRefusal::NotApproved)),
            (&approved, &account(), Some(KeyRefusal::Network)),
        ] {
            assert_eq!(credential.refusal(account, local), expected);
        }
        assert_eq!(approved.refusal(&account(), peer("10.1.2.3")), None);
    }

    #[test]
    fn a_request_is_decided_once() {
        for (decision, approval) in
            [(Decision::Approve, Approval::Approved), (Decision::Reject, Approval::Rejected)]
        {
            let mut account = Account { approval: Approval::Requested, ..account() };
            assert_eq!(account.decide(decision), Ok(()));
            assert_eq!(account.approval, approval);
            let refused = account.decide(Decision::Approve).unwrap_err();
            assert_eq!(refused, InvalidTransition::NotRequested(approval));
            assert!(refused.to_string().contains(approval.english()));
        }
    }

    #[test]
    fn deleted_and_withdrawn_are_final() {
        let mut account = account();
        assert_eq!(account.change_status(AccountStatus::Locked), Ok(()));
        assert_eq!(account.change_status(AccountStatus::Normal), Ok(()));
        for last in [AccountStatus::Deleted, AccountStatus::Withdrawn] {
            let mut account = account.clone();
            account.change_status(last).unwrap();
            let refused = account.change_status(AccountStatus::Normal).unwrap_err();
            assert_eq!(refused, InvalidTransition::Ended(last));
            assert!(refused.to_string().contains(last.english()));
        }
    }

    #[test]
    fn what_is_rejected_deleted_or_withdrawn_has_ended() {
        for approval in Approval::ALL {
            for status in AccountStatus::ALL {
                let account = Account { approval: *approval, status: *status, ..account() };
                let mut decided = Account { status: AccountStatus::Normal, ..account.clone() };
                let stays_refused =
                    *approval == Approval::Rejected && decided.decide(Decision::Approve).is_err();
                let stays_away = account.clone().change_status(AccountStatus::Normal).is_err();
                assert_eq!(account.is_ended(), stays_refused || stays_away, "{approval:?} {status:?}");
            }
        }
    }

    #[test]
    fn names_come_back() {
        for kind in AccountKind::ALL {
            assert_eq!(AccountKind::from_name(kind.name()), Some(*kind));
        }
        for environment in Environment::ALL {
            assert_eq!(Environment::from_name(environment.name()), Some(*environment));
        }
        assert_eq!((AccountKind::from_name("x"), Environment::from_name("x")), (None, None));
    }
}
