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

use rims_protocol::codes::{Code, KnownProcessing, ResponseCode};
use serde::Deserialize;

use crate::error::{Error, without_numbers};

/// §4.7: an error of table 5.1, which may come with any HTTP status.
#[derive(Deserialize)]
pub(crate) struct ErrorBody {
    #[serde(rename = "respCode", default, deserialize_with = "lenient::code")]
    code: Option<Code<ResponseCode>>,
    #[serde(rename = "errorMsg", default, deserialize_with = "lenient::text")]
    message: Option<String>,
}

impl ErrorBody {
    /// The error, if the body is one.
    pub(crate) fn read(body: &[u8], request_id: Option<&str>) -> Option<Error> {
        let read: Self = serde_json::from_slice(body).ok()?;
        Some(Error::Api {
            code: read.code?,
            message: without_numbers(&read.message.unwrap_or_default()),
            request_id: request_id.map(str::to_owned),
        })
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
