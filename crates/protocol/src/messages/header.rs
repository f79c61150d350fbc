use jiff::civil::Date;
use serde::Serialize;

use crate::codes::ProcessingCode;
use crate::values::CompactDate;

/// The header of a verification's answer (§4.2.1.6.1). All members are strings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Header {
    f_rtn_msg: String,
    f_request_date: CompactDate,
    f_rtn_cd: ProcessingCode,
    f_send_cnt: String,
}

impl Header {
    /// The header of a request that was done: code `"0"`, no message.
    pub fn done(today: Date, count: usize) -> Self {
        Self::new(today, count, ProcessingCode::DONE, String::new())
    }

    /// The header of a request that KOROAD refused, with its own code and message (table 5.3).
    pub fn refused(today: Date, count: usize, code: ProcessingCode, message: String) -> Self {
        Self::new(today, count, code, message)
    }

    fn new(today: Date, count: usize, code: ProcessingCode, message: String) -> Self {
        Self {
            f_rtn_msg: message,
            f_request_date: CompactDate::new(today),
            f_rtn_cd: code,
            f_send_cnt: count.to_string(),
        }
    }
}

/// A header with, where it was done, a body; where KOROAD refused, `body` is absent (§4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer<Body> {
    /// The header.
    pub header: Header,
    /// One item, or one item per driver asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
}
