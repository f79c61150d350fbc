use serde::Serialize;

use crate::ApiError;
use crate::codes::{AccountStatus, Approval};
use crate::fields::{Faults, Fields};
use crate::values::{BusinessNumber, UserId};

/// `GET /col/isUserInDatabase?user_id=…&brno=…` (§4.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserQuery {
    /// The id asked about.
    pub user_id: UserId,
    /// The business number it should belong to.
    pub brno: BusinessNumber,
}

impl UserQuery {
    /// Reads the query's parameters; of duplicates the last wins.
    pub fn read(parameters: impl IntoIterator<Item = (String, String)>) -> Result<Self, ApiError> {
        let members = parameters.into_iter().map(|(name, value)| (name, value.into())).collect();
        let mut faults = Faults::default();
        let mut fields = Fields::of_request(&members, &mut faults);
        let user_id = fields.required("user_id", UserId::parse);
        let brno = fields.required("brno", BusinessNumber::parse);
        faults.into_result(user_id.zip(brno).map(|(user_id, brno)| Self { user_id, brno }))
    }
}

/// The answer of §4.1.2.4: five members if registered, three if not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    aprv_stts_cd: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acnt_stts_cd: Option<&'static str>,
    user_id: String,
    registration_status: &'static str,
    brno: String,
}

impl UserAnswer {
    /// The id and the number belong together.
    pub fn registered(query: &UserQuery, approval: Approval, status: AccountStatus) -> Self {
        Self {
            aprv_stts_cd: Some(approval.code()),
            acnt_stts_cd: Some(status.code()),
            registration_status: "registered",
            ..Self::unregistered(query)
        }
    }

    /// They do not.
    pub fn unregistered(query: &UserQuery) -> Self {
        Self {
            aprv_stts_cd: None,
            acnt_stts_cd: None,
            user_id: query.user_id.to_string(),
            registration_status: "unregistered",
            brno: query.brno.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parameters: &[(&str, &str)]) -> Result<UserQuery, ApiError> {
        UserQuery::read(parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn reads_in_table_order() {
        assert_eq!(read(&[]), Err(ApiError::missing("user_id")));
        assert_eq!(read(&[("user_id", "s01"), ("brno", " ")]), Err(ApiError::missing("brno")));
        let long = "x".repeat(33);
        let malformed = read(&[("brno", "12"), ("user_id", &long)]).unwrap_err();
        assert_eq!(malformed, ApiError::invalid("user_id", "1자 이상 32자 이하여야 합니다"));
        let query =
            read(&[("user_id", "x"), ("user_id", "s01"), ("brno", "1234567890"), ("more", "")]).unwrap();
        assert_eq!((query.user_id.as_str(), query.brno.as_str()), ("s01", "1234567890"));
    }

    #[test]
    fn the_samples_of_4_1_2_4() {
        let query = read(&[("user_id", "test"), ("brno", "1234567890")]).unwrap();
        let registered = UserAnswer::registered(&query, Approval::Approved, AccountStatus::Normal);
        insta::assert_json_snapshot!([registered, UserAnswer::unregistered(&query)]);
    }
}
