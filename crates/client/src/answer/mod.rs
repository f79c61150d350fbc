//! What the interfaces answer, read from what servers really send.

mod history;
mod lenient;
mod remote;
mod user;
mod verification;

pub use history::{HistoryPage, RentalRecord, ScheduleRecord, VerificationRecord};
pub use remote::RemoteResult;
pub use user::UserState;
pub use verification::{MaskedNumber, Scheduled, Verification};

pub(crate) use history::AnomalyBody;
pub(crate) use remote::{NumberBody, ResultReply};
pub(crate) use user::UserReply;
pub(crate) use verification::{Reply, ScheduleReply, VerificationBody};

use std::fmt;

use rims_protocol::codes::{Code, Coded, KnownProcessing, ResponseCode};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use crate::error::{Error, without_numbers};

/// §4.7: an error of table 5.1, which may come with any HTTP status.
pub(crate) struct ErrorBody {
    code: Code<ResponseCode>,
    message: String,
}

impl ErrorBody {
    /// The error, if the body is one.
    pub(crate) fn read(body: &[u8], request_id: Option<&str>) -> Option<Error> {
        let Self { code, message } = serde_json::from_slice(body).ok()?;
        let request_id = request_id.map(str::to_owned);
        Some(Error::Api { code, message: without_numbers(&message), request_id })
    }
}

impl<'de> Deserialize<'de> for ErrorBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ErrorMembers)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier)]
enum Member {
    #[serde(rename = "respCode")]
    Code,
    #[serde(rename = "errorMsg")]
    Message,
    /// Answers begin with these.
    #[serde(rename = "header", alias = "data")]
    Answer,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(bound = "T: Coded")]
struct Lenient<T>(#[serde(deserialize_with = "lenient::code")] Option<Code<T>>);

#[derive(Deserialize)]
struct LenientText(#[serde(deserialize_with = "lenient::text")] Option<String>);

/// Ends where an answer begins: it may have a thousand drivers.
struct ErrorMembers;

impl<'de> Visitor<'de> for ErrorMembers {
    type Value = ErrorBody;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an error of table 5.1")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<ErrorBody, A::Error> {
        let (mut code, mut message) = (None, None);
        while let Some(member) = members.next_key()? {
            match member {
                Member::Code => Lenient(code) = members.next_value()?,
                Member::Message => LenientText(message) = members.next_value()?,
                Member::Answer if code.is_none() => break,
                Member::Answer | Member::Other => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        let code = code.ok_or_else(|| A::Error::missing_field("respCode"))?;
        Ok(ErrorBody { code, message: message.unwrap_or_default() })
    }
}

/// What every header says (§4.2.1.6.1, §4.2.7.6.1).
#[derive(Deserialize)]
pub(crate) struct HeaderBody {
    #[serde(default, deserialize_with = "lenient::code")]
    f_rtn_cd: Option<Code<KnownProcessing>>,
    #[serde(default, deserialize_with = "lenient::text")]
    f_rtn_msg: Option<String>,
}

impl HeaderBody {
    /// Nothing, or KOROAD's refusal (table 5.3).
    pub(crate) fn done(self, request_id: Option<&str>) -> Result<(), Error> {
        let unusable = || unusable("header.f_rtn_cd is missing", request_id);
        let code = self.f_rtn_cd.ok_or_else(unusable)?;
        if code.known() == Some(KnownProcessing::Done) {
            return Ok(());
        }
        Err(Error::Refused {
            code,
            message: without_numbers(&self.f_rtn_msg.unwrap_or_default()),
            request_id: request_id.map(str::to_owned),
        })
    }
}

pub(crate) fn unusable(what: impl Into<String>, request_id: Option<&str>) -> Error {
    Error::Unusable { what: what.into(), request_id: request_id.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> Option<String> {
        ErrorBody::read(text.as_bytes(), None).map(|error| error.to_string())
    }

    #[test]
    fn errors_are_told_by_their_code_in_any_order() {
        let expected = error(r#"{"respCode":-160,"errorMsg":"f_license_no"}"#).unwrap();
        for text in [
            r#"{"errorMsg":"f_license_no","respCode":"-160"}"#,
            r#"{"timestamp":[1,{}],"respCode":-160,"errorMsg":"f_license_no","path":null}"#,
            r#"{"respCode":-160,"header":{},"errorMsg":"f_license_no"}"#,
        ] {
            assert_eq!(error(text).as_ref(), Some(&expected), "{text}");
        }
        assert!(error(r#"{"respCode":-110}"#).is_some_and(|error| error.contains("-110")));
    }

    #[test]
    fn answers_and_other_texts_are_no_errors() {
        for text in [
            r#"{"header":{"f_rtn_cd":"0"},"body":[]}"#,
            // What begins as an answer is read as one.
            r#"{"header":{"f_rtn_cd":"0"},"respCode":-160}"#,
            r#"{"data":[],"total_count":0}"#,
            r#"{"respCode":null}"#,
            r#"{"errorMsg":"x"}"#,
            r#"{"respCode":-160"#,
            "[]",
            "",
        ] {
            assert_eq!(error(text), None, "{text}");
        }
    }
}
