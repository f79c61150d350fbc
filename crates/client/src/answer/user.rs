use rims_protocol::codes::{AccountStatus, Approval, Code};
use serde::Deserialize;

use super::lenient;

/// Whether a user is registered, and in which state (§4.1.2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserState {
    /// `registration_status`: whether id and business number belong together.
    pub is_registered: bool,
    /// `aprv_stts_cd` (table 5.7), of a registered user.
    pub approval: Option<Code<Approval>>,
    /// `acnt_stts_cd` (table 5.6), of a registered user.
    pub status: Option<Code<AccountStatus>>,
}

impl UserState {
    /// Whether the account can be used: registered, approved, and in normal state.
    pub fn is_usable(&self) -> bool {
        self.is_registered
            && self.approval == Some(Approval::Approved.into())
            && self.status == Some(AccountStatus::Normal.into())
    }
}

#[derive(Deserialize)]
pub(crate) struct UserReply {
    #[serde(default, deserialize_with = "lenient::text")]
    registration_status: Option<String>,
    #[serde(default, deserialize_with = "lenient::code")]
    aprv_stts_cd: Option<Code<Approval>>,
    #[serde(default, deserialize_with = "lenient::code")]
    acnt_stts_cd: Option<Code<AccountStatus>>,
}

impl UserReply {
    /// `None` if the answer says nothing about a registration.
    pub(crate) fn state(self) -> Option<UserState> {
        let status = self.registration_status?;
        Some(UserState {
            is_registered: status == "registered",
            approval: self.aprv_stts_cd,
            status: self.acnt_stts_cd,
        })
    }
}
