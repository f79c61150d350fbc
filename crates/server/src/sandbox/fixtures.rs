//! The sandbox's accounts: deterministic, the same on every machine, and refused by `rims serve`.

use std::collections::HashSet;
use std::sync::LazyLock;

use rims_domain::{AccountKind, Environment};
use rims_protocol::codes::{AccountStatus, Approval};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// One account of the sandbox contract.
#[derive(Clone, Copy, Debug)]
pub struct Fixture {
    /// 사용자ID.
    pub user_id: &'static str,
    /// 사업자등록번호.
    pub brno: &'static str,
    /// The company's name.
    pub company: &'static str,
    /// What it is for.
    pub kind: AccountKind,
    /// Table 5.7.
    pub approval: Approval,
    /// Table 5.6.
    pub status: AccountStatus,
    /// Whether its operations key is approved.
    pub operations_approved: bool,
}

const USABLE: Fixture = Fixture {
    user_id: "",
    brno: "",
    company: "",
    kind: AccountKind::Operator,
    approval: Approval::Approved,
    status: AccountStatus::Normal,
    operations_approved: true,
};

const fn usable(user_id: &'static str, brno: &'static str, company: &'static str) -> Fixture {
    Fixture { user_id, brno, company, ..USABLE }
}

const fn with_status(
    user_id: &'static str,
    brno: &'static str,
    company: &'static str,
    status: AccountStatus,
) -> Fixture {
    Fixture { status, ..usable(user_id, brno, company) }
}

/// The accounts.
pub const FIXTURES: [Fixture; 14] = [
    usable("s01", "1234567890", "(주)테스트렌트카"),
    usable("s02", "2345678901", "한강렌트카"),
    Fixture { kind: AccountKind::Platform, ..usable("platform", "3456789012", "모두플랫폼") },
    usable("dapi01", "4000000001", "번개소화물배송"),
    usable("pm01", "4000000002", "씽씽모빌리티"),
    usable("sub01", "4000000003", "안심대리운전"),
    Fixture { operations_approved: false, ..usable("cmm01", "4000000004", "두루범용") },
    Fixture { approval: Approval::Requested, ..usable("pending01", "5000000001", "승인대기렌트카") },
    Fixture { approval: Approval::Rejected, ..usable("rejected01", "5000000002", "반려렌트카") },
    with_status("locked01", "6000000002", "잠김렌트카", AccountStatus::Locked),
    with_status("dormant01", "6000000003", "휴면렌트카", AccountStatus::Dormant),
    with_status("suspended01", "6000000004", "정지렌트카", AccountStatus::Suspended),
    with_status("deleted01", "6000000005", "삭제렌트카", AccountStatus::Deleted),
    with_status("withdrawn01", "6000000006", "탈퇴렌트카", AccountStatus::Withdrawn),
];

/// Who has delegated to whom.
pub const DELEGATIONS: [(&str, &str); 1] = [("s01", "platform")];

impl Fixture {
    /// The account's auth key for an environment.
    pub fn auth_key(&self, environment: Environment) -> String {
        auth_key(self.user_id, environment)
    }

    /// The account's Secret Key for an environment: 32 characters.
    pub fn secret_key(&self, environment: Environment) -> String {
        secret_key(self.user_id, environment)
    }
}

/// The auth key that a sandbox gives a user.
pub fn auth_key(user_id: &str, environment: Environment) -> String {
    well_known("auth key", user_id, environment)
}

/// The Secret Key that a sandbox gives a user.
pub fn secret_key(user_id: &str, environment: Environment) -> String {
    well_known("secret key", user_id, environment)
}

/// Well known on purpose: anybody can compute it, so it protects nothing outside a sandbox.
fn well_known(what: &str, user_id: &str, environment: Environment) -> String {
    let digest = Sha256::digest(format!("rims sandbox {what} {user_id} {}", environment.name()));
    let (key, _) = digest.split_at(16);
    Uuid::from_slice(key).unwrap_or_default().simple().to_string()
}

/// Whether an auth key or a Secret Key is one of the fixtures'.
pub fn is_well_known(key: &str) -> bool {
    static KEYS: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let keys = |fixture: &'static Fixture| {
            let both = |of: &Environment| [fixture.auth_key(*of), fixture.secret_key(*of)];
            Environment::ALL.iter().flat_map(both)
        };
        FIXTURES.iter().flat_map(keys).collect()
    });
    KEYS.contains(key)
}

/// What `rims sandbox credentials --json` prints.
pub fn credentials() -> Value {
    let key = |fixture: &Fixture, environment| json!({ "auth_key": fixture.auth_key(environment), "secret_key": fixture.secret_key(environment) });
    FIXTURES
        .iter()
        .map(|fixture| {
            let mut operations = key(fixture, Environment::Operations);
            operations["approved"] = json!(fixture.operations_approved);
            json!({
                "user_id": fixture.user_id,
                "brno": fixture.brno,
                "company": fixture.company,
                "kind": fixture.kind.name(),
                "approval": fixture.approval.code(),
                "account_status": fixture.status.code(),
                "development": key(fixture, Environment::Development),
                "operations": operations,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn keys_never_change() {
        // Other people's test suites have these in their settings.
        assert_eq!(FIXTURES[0].auth_key(Environment::Development), "92c35a89a6bd28f0d51b1e869cfc0c05");
        assert_eq!(FIXTURES[0].secret_key(Environment::Operations), "234be18696a0ba92a15590fd53b87de8");
    }

    #[test]
    fn keys_are_all_different_and_well_known() {
        let keys: BTreeSet<String> = FIXTURES
            .iter()
            .flat_map(|fixture| {
                Environment::ALL.iter().flat_map(|environment| {
                    [fixture.auth_key(*environment), fixture.secret_key(*environment)]
                })
            })
            .collect();
        assert_eq!(keys.len(), FIXTURES.len() * 4);
        assert!(is_well_known(&FIXTURES[13].auth_key(Environment::Operations)));
        assert!(!is_well_known("00000000000000000000000000000000"));
    }

    #[test]
    fn the_contract_lists_every_account() {
        let credentials = credentials();
        let ids: Vec<&str> =
            credentials.as_array().unwrap().iter().map(|entry| entry["user_id"].as_str().unwrap()).collect();
        assert_eq!(
            ids,
            [
                "s01",
                "s02",
                "platform",
                "dapi01",
                "pm01",
                "sub01",
                "cmm01",
                "pending01",
                "rejected01",
                "locked01",
                "dormant01",
                "suspended01",
                "deleted01",
                "withdrawn01",
            ]
        );
        assert_eq!(credentials[6]["operations"]["approved"], false);
        assert_eq!(credentials[13]["account_status"], "6");
    }
}
