use std::fmt;

use rims_protocol::codes::{Code, LicenceStatus, VehicleIdentity};
use rims_protocol::values::LicenceNumber;
use serde::Deserialize;

use super::{HeaderBody, lenient, unusable};
use crate::error::Error;

/// What a RIMS says about one driver (§4.2.1.6.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// `f_rtn_code` (table 5.2).
    pub status: Code<LicenceStatus>,
    /// `vhcl_idnty_cd`, in the sectors and interfaces that show it.
    pub vehicle: Option<Code<VehicleIdentity>>,
    /// `f_license_no`, masked by the server.
    pub masked_number: MaskedNumber,
}

impl Verification {
    /// Whether the driver may drive for the whole period: status `00` and nothing else.
    pub fn is_eligible(&self) -> bool {
        self.status.known() == Some(LicenceStatus::Valid)
    }
}

/// A licence number as the server masked it. `Debug` hides it all the same.
#[derive(Clone, PartialEq, Eq)]
pub struct MaskedNumber(String);

impl MaskedNumber {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    /// As sent: `2*1*1*1*1*1*`, of 11 or 12 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the digits that are shown are this number's. Masks of 11 characters lack the first or the last one;
    /// what has another form says nothing.
    fn may_be(&self, number: &LicenceNumber) -> bool {
        let (shown, number) = (self.0.as_bytes(), number.as_str().as_bytes());
        if !shown.iter().all(|byte| byte.is_ascii_digit() || *byte == b'*') {
            return true;
        }
        let agree =
            |number: &[u8]| shown.iter().zip(number).all(|(shown, digit)| *shown == b'*' || shown == digit);
        match shown.len() {
            12 => agree(number),
            11 => agree(&number[..11]) || agree(&number[1..]),
            _ => true,
        }
    }
}

impl fmt::Debug for MaskedNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MaskedNumber(…)")
    }
}

#[derive(Deserialize)]
pub(crate) struct VerificationBody {
    #[serde(default, deserialize_with = "lenient::code")]
    f_rtn_code: Option<Code<LicenceStatus>>,
    #[serde(default, deserialize_with = "lenient::code")]
    vhcl_idnty_cd: Option<Code<VehicleIdentity>>,
    #[serde(default, deserialize_with = "lenient::text")]
    f_license_no: Option<String>,
}

impl VerificationBody {
    /// What it says about the licence that was asked about; nothing if it is about another one.
    pub(crate) fn verification(
        self,
        asked: &LicenceNumber,
        request_id: Option<&str>,
    ) -> Result<Verification, Error> {
        let status = self.f_rtn_code.ok_or_else(|| unusable("body.f_rtn_code is missing", request_id))?;
        let masked_number = MaskedNumber(self.f_license_no.unwrap_or_default());
        if !masked_number.may_be(asked) {
            return Err(unusable("it is about another licence number", request_id));
        }
        Ok(Verification { status, vehicle: self.vhcl_idnty_cd, masked_number })
    }
}

/// A header with, where it was done, a body.
#[derive(Deserialize)]
pub(crate) struct Reply<Body> {
    header: HeaderBody,
    #[serde(default = "Option::default")]
    body: Option<Body>,
}

impl<Body> Reply<Body> {
    pub(crate) fn body(self, request_id: Option<&str>) -> Result<Body, Error> {
        self.header.done(request_id)?;
        self.body.ok_or_else(|| unusable("body is missing", request_id))
    }
}

/// What a reservation was answered (§4.2.4.6).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scheduled {
    /// The first check.
    pub verification: Verification,
    /// `repeat_status`: whether the reservation is stored.
    pub is_reserved: bool,
}

#[derive(Deserialize)]
pub(crate) struct ScheduleReply {
    #[serde(flatten)]
    reply: Reply<VerificationBody>,
    #[serde(default, deserialize_with = "lenient::text")]
    repeat_status: Option<String>,
}

impl ScheduleReply {
    pub(crate) fn scheduled(
        self,
        asked: &LicenceNumber,
        request_id: Option<&str>,
    ) -> Result<Scheduled, Error> {
        let verification = self.reply.body(request_id)?.verification(asked, request_id)?;
        Ok(Scheduled { verification, is_reserved: self.repeat_status.as_deref() == Some("success") })
    }
}

#[cfg(test)]
mod tests {
    use rims_protocol::codes::KnownProcessing;

    use super::*;

    fn single(text: &str) -> Result<Verification, Error> {
        let reply: Reply<VerificationBody> = serde_json::from_str(text).unwrap();
        reply.body(None)?.verification(&LicenceNumber::parse("221212121212").unwrap(), None)
    }

    #[test]
    fn an_answer_about_somebody_else_is_none() {
        let asked = LicenceNumber::parse("123456789012").unwrap();
        for (mask, is_meant) in [
            ("1*3*5*7*9*1*", true),
            ("1*3*5*7*9*1", true),
            ("*3*5*7*9*1*", true),
            ("************", true),
            ("", true),
            ("12-34-56****-**", true),
            ("1*3*5*7*9*2*", false),
            ("2*3*5*7*9*1*", false),
            ("2*3*5*7*9*1", false),
        ] {
            assert_eq!(MaskedNumber(mask.to_owned()).may_be(&asked), is_meant, "{mask}");
        }
        let body = VerificationBody {
            f_rtn_code: Some(LicenceStatus::Valid.into()),
            vhcl_idnty_cd: None,
            f_license_no: Some("2*3*5*7*9*1*".to_owned()),
        };
        assert!(matches!(body.verification(&asked, None), Err(Error::Unusable { .. })));
    }

    #[test]
    fn both_ways_of_saying_done_are_read() {
        for code in [r#""0""#, r#""00""#, "0"] {
            let text = format!(
                r#"{{"header":{{"f_rtn_cd":{code},"f_request_date":"20251017191423"}},
                    "body":{{"f_rtn_code":"00","f_license_no":"2*1*1*1*1*1"}}}}"#
            );
            let verification = single(&text).unwrap();
            assert!(verification.is_eligible() && verification.vehicle.is_none());
            assert_eq!(verification.masked_number.as_str().len(), 11);
        }
    }

    #[test]
    fn only_00_is_eligible_and_unknown_codes_are_carried() {
        for (code, shown) in
            [(r#""12""#, "12"), (r#""77""#, "77"), (r#""A1""#, "A1"), ("0", "0"), (r#""0""#, "0")]
        {
            let text = format!(
                r#"{{"header":{{"f_rtn_cd":"0"}},"body":{{"f_rtn_code":{code},"vhcl_idnty_cd":"9"}}}}"#
            );
            let verification = single(&text).unwrap();
            assert!(!verification.is_eligible(), "{code}");
            assert_eq!(verification.status.to_string(), shown);
            assert_eq!(verification.vehicle.unwrap().to_string(), "9");
        }
    }

    #[test]
    fn a_refusal_is_no_status() {
        let refused = single(r#"{"header":{"f_rtn_cd":"98","f_rtn_msg":"장애 221212121212"}}"#).unwrap_err();
        let Error::Refused { code, message, .. } = refused else { panic!("{refused:?}") };
        assert_eq!((code.known(), message.as_str()), (Some(KnownProcessing::PoliceDown), "장애 …"));
    }

    #[test]
    fn what_is_missing_is_told() {
        for (text, member) in [
            (r#"{"header":{}}"#, "f_rtn_cd"),
            (r#"{"header":{"f_rtn_cd":"0"}}"#, "body"),
            (r#"{"header":{"f_rtn_cd":"0"},"body":null}"#, "body"),
            (r#"{"header":{"f_rtn_cd":"0"},"body":{}}"#, "f_rtn_code"),
        ] {
            assert!(single(text).unwrap_err().to_string().contains(member), "{text}");
        }
    }

    #[test]
    fn debug_hides_the_masked_number_too() {
        let text = r#"{"header":{"f_rtn_cd":"0"},"body":{"f_rtn_code":"00","f_license_no":"2*1*1*1*1*1*"}}"#;
        assert!(!format!("{:?}", single(text).unwrap()).contains("2*"));
    }
}
