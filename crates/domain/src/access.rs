//! Who may call what, and on whose behalf.

use rims_protocol::interface::{Interface, Keys};

use crate::{Account, AccountId, Environment};

/// Whether a key of this environment may use the interface (§3.5.1); if not, it answers -100.
pub fn may_use(interface: &Interface, environment: Environment) -> bool {
    match interface.keys {
        Keys::DevelopmentAndOperations => true,
        Keys::OperationsOnly => environment == Environment::Operations,
    }
}

/// Whom `bizinfo` names, as far as the register knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// Nobody has that id.
    Nobody,
    /// This account, which has or has not delegated to the caller.
    Account {
        /// The account.
        account: Box<Account>,
        /// Whether it delegated to the caller, and has not revoked it.
        delegated: bool,
    },
}

/// The company everything is recorded for. `bizinfo` is valid if it is the caller's own id, or names a usable
/// account that has delegated to the caller (docs/spec-decisions.md, Meaning); otherwise `None`, which answers
/// -130.
pub fn company(caller: AccountId, named: &Named) -> Option<AccountId> {
    match named {
        Named::Account { account, .. } if account.id == caller => Some(caller),
        Named::Account { account, delegated: true } if account.is_usable() => Some(account.id),
        Named::Account { .. } | Named::Nobody => None,
    }
}

#[cfg(test)]
mod tests {
    use rims_protocol::codes::{AccountStatus, Approval};
    use rims_protocol::interface::INTERFACES;
    use rims_protocol::values::{BusinessNumber, UserId};

    use super::*;
    use crate::AccountKind;

    fn named(id: i64, status: AccountStatus, delegated: bool) -> Named {
        let account = Box::new(Account {
            id: AccountId(id),
            user_id: UserId::parse("s01").unwrap(),
            brno: BusinessNumber::parse("1234567890").unwrap(),
            company: "한강렌트카".into(),
            kind: AccountKind::Operator,
            approval: Approval::Approved,
            status,
        });
        Named::Account { account, delegated }
    }

    #[test]
    fn development_keys_use_only_what_the_table_says() {
        for interface in &INTERFACES {
            assert!(may_use(interface, Environment::Operations));
            let both = interface.keys == Keys::DevelopmentAndOperations;
            assert_eq!(may_use(interface, Environment::Development), both, "{}", interface.path);
        }
    }

    #[test]
    fn bizinfo_needs_a_usable_account_and_its_delegation() {
        let caller = AccountId(7);
        let normal = AccountStatus::Normal;
        for (who, expected) in [
            (named(7, normal, false), Some(caller)),
            (named(1, normal, true), Some(AccountId(1))),
            (named(1, normal, false), None),
            (named(1, AccountStatus::Suspended, true), None),
            (Named::Nobody, None),
        ] {
            assert_eq!(company(caller, &who), expected, "{who:?}");
        }
    }
}
