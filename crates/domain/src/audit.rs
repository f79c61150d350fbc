//! The words of the audit trail: who acted, and what was done.

use std::sync::Arc;

use crate::CredentialId;

/// A person's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonId(pub i64);

/// The name of an operator as it stands in the trail: 1 to 64 characters, without control characters or outer white
/// space.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OperatorName(Arc<str>);

impl OperatorName {
    /// The most characters of a name.
    pub const MAX: usize = 64;

    /// A name; none where it is empty, too long or has control characters.
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.trim();
        let fits = (1..=Self::MAX).contains(&name.chars().count());
        (fits && !name.chars().any(char::is_control)).then(|| Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// RIMS itself: scheduled runs, retention, a driver's page.
    System,
    /// A company's program, by its key.
    Credential(CredentialId),
    /// Someone who signed in.
    Person(PersonId),
    /// An operator at the command line, by name.
    Operator(OperatorName),
}

impl Actor {
    /// A short stable name of the kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Credential(_) => "credential",
            Self::Person(_) => "person",
            Self::Operator(_) => "operator",
        }
    }

    /// The row that it is; 0 for what has none.
    pub const fn id(&self) -> i64 {
        match self {
            Self::Credential(id) => id.0,
            Self::Person(id) => id.0,
            Self::System | Self::Operator(_) => 0,
        }
    }

    /// The name of an operator.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Operator(name) => Some(name.as_str()),
            Self::System | Self::Credential(_) | Self::Person(_) => None,
        }
    }
}

/// Who asked for a verification: no operator does, so that a batch entry needs no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Requester {
    /// RIMS itself: scheduled runs, rechecks, a driver's page.
    System,
    /// A company's program, by its key.
    Credential(CredentialId),
    /// Someone who signed in.
    Person(PersonId),
}

impl From<Requester> for Actor {
    fn from(requester: Requester) -> Self {
        match requester {
            Requester::System => Self::System,
            Requester::Credential(id) => Self::Credential(id),
            Requester::Person(id) => Self::Person(id),
        }
    }
}

/// How long an event is kept (개인정보의 안전성 확보조치 기준).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trail {
    /// Grant, change and revocation of rights: at least three years (§5③).
    Rights,
    /// Access to personal data and everything else: at least two years (§8①).
    Access,
}

/// The fewest days that events about rights are kept: three years.
pub const RIGHTS_DAYS_MIN: u32 = 1_095;
/// The fewest days that events about accesses are kept: two years.
pub const ACCESS_DAYS_MIN: u32 = 730;

macro_rules! actions {
    ($( $variant:ident $name:literal $trail:ident $ko:literal $en:literal; )+) => {
        /// What was done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum AuditAction { $( #[doc = $en] $variant, )+ }

        impl AuditAction {
            /// Every action.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// A short stable name, as it is stored.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ }
            }

            /// Which trail it belongs to.
            pub const fn trail(self) -> Trail {
                match self { $( Self::$variant => Trail::$trail, )+ }
            }

            /// In Korean.
            pub const fn korean(self) -> &'static str {
                match self { $( Self::$variant => $ko, )+ }
            }

            /// In English.
            pub const fn english(self) -> &'static str {
                match self { $( Self::$variant => $en, )+ }
            }
        }
    };
}

actions! {
    Verify "verify" Access "면허 확인" "Licence verified";
    VerifyAttempt "verify.attempt" Access "면허 확인 실패" "Licence not verified: KOROAD refused or failed";
    Replay "replay" Access "저장된 응답 재전송" "Remembered answer sent again";
    TokenIssue "token.issue" Access "토큰 발급" "Token issued";
    AuthRefused "auth.refused" Access "인증 거부" "Key or token refused";
    BizinfoRefused "bizinfo.refused" Access "위임받지 않은 사용자 지정" "Asked for a user that has not delegated";
    UserLookup "user.lookup" Access "사용자 등록 여부 조회" "Looked up whether a user is registered";
    AnomalyView "anomaly.view" Access "대여정보 이상 여부 조회" "Looked up a driver's recent rentals";
    RentalHistory "rental.history" Access "대여 이력 조회" "Viewed the history of rentals";
    ReservationHistory "reservation.history" Access "반복예약 이력 조회" "Viewed the history of reservations";
    RentalView "rental.view" Access "대여 조회" "Viewed a rental";
    RentalConfirm "rental.confirm" Access "대여 확정" "Confirmed a rental";
    RentalCancel "rental.cancel" Access "대여 취소" "Cancelled a rental";
    ReservationCreate "reservation.create" Access "반복예약 등록" "Registered a reservation";
    NumberGenerate "number.generate" Access "비대면 확인 번호 생성" "Generated a number for a remote verification";
    RemoteView "remote.view" Access "비대면 확인 결과 조회" "Viewed the result of a remote verification";
    AccountCreate "account.create" Rights "사용자 등록" "Registered a user";
    AccountDecide "account.decide" Rights "사용자 승인 또는 반려" "Approved or rejected a user";
    AccountStatus "account.status" Rights "사용자 상태 변경" "Changed a user's state";
    AccountView "account.view" Access "사용자 목록 조회" "Listed users";
    KeyIssue "key.issue" Rights "키 발급" "Issued a key";
    KeyRevoke "key.revoke" Rights "키 폐기" "Revoked a key";
    KeySuspend "key.suspend" Rights "운영 키 승인 취소(복원)" "Took an operations key's approval back at a restore";
    KeyApprove "key.approve" Rights "운영 키 승인" "Approved an operations key";
    KeyAllow "key.allow" Rights "키 사용 네트워크 변경" "Set the networks of a key";
    DelegationGrant "delegation.grant" Rights "위임" "Granted a delegation";
    DelegationRevoke "delegation.revoke" Rights "위임 철회" "Revoked a delegation";
    WebhookAdd "webhook.add" Rights "웹훅 등록" "Added a webhook";
    WebhookDisable "webhook.disable" Rights "웹훅 중지" "Disabled a webhook";
    WebhookReplay "webhook.replay" Access "웹훅 재전송" "Sent webhook messages again";
    WebhookView "webhook.view" Access "웹훅 조회" "Viewed webhooks or their messages";
    MasterKeyReseal "master_key.reseal" Access "저장된 값 재암호화" "Encrypted what is stored again";
    MasterKeyRetire "master_key.retire" Rights "마스터키 버전 폐기" "Retired a version of the master key";
    Backup "backup" Access "백업" "Backed up the database";
    Restore "restore" Access "복원" "Restored a backup";
    Retention "retention" Access "보존기간 경과 파기" "Destroyed what was past its period";
    AuditView "audit.view" Access "감사 기록 조회" "Viewed the audit trail";
    AuditExport "audit.export" Access "감사 기록 내려받기" "Exported the audit trail";
}

impl AuditAction {
    /// The action of [`AuditAction::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_name_of_its_own_and_text_in_both_languages() {
        for action in AuditAction::ALL {
            assert_eq!(AuditAction::from_name(action.name()), Some(*action));
            assert!(action.korean().chars().any(|c| ('가'..='힣').contains(&c)), "{action:?}");
            assert!(action.english().is_ascii(), "{action:?}");
        }
        assert_eq!(AuditAction::from_name("verify "), None);
    }

    #[test]
    fn an_operators_name_is_short_visible_text() {
        assert_eq!(OperatorName::parse(" 홍길동 ").unwrap().as_str(), "홍길동");
        for refused in ["", "  ", "a\nb", &"가".repeat(65)] {
            assert!(OperatorName::parse(refused).is_none(), "{refused:?}");
        }
    }
}
