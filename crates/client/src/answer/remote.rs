use rims_protocol::codes::{Code, LicenceStatus, PhotoCheck, VehicleIdentity};
use rims_protocol::values::RemoteNumber;
use serde::Deserialize;

use super::{Reply, lenient, unusable};
use crate::error::Error;

/// A generated number (§4.2.6.6): `rent_no` or `vrfc_no`.
#[derive(Deserialize)]
pub(crate) struct NumberBody {
    #[serde(default, alias = "vrfc_no", deserialize_with = "lenient::text")]
    rent_no: Option<String>,
}

impl NumberBody {
    pub(crate) fn number(self, request_id: Option<&str>) -> Result<RemoteNumber, Error> {
        let number = self.rent_no.as_deref().and_then(RemoteNumber::parse);
        number.ok_or_else(|| unusable("rent_no or vrfc_no is missing or no number", request_id))
    }
}

/// What a remote (비대면) verification found (§4.2.7.6.2).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RemoteResult {
    /// `f_rtn_code` (table 5.2).
    pub status: Code<LicenceStatus>,
    /// `vhcl_idnty_cd`, in the sectors that show it.
    pub vehicle: Option<Code<VehicleIdentity>>,
    /// 얼굴유사도, 0 to 100 (table 5.9).
    pub face_similarity: Option<f64>,
    /// 얼굴활성도, 0 to 100 (table 5.8).
    pub face_liveness: Option<f64>,
    /// 원본신뢰도, 0 to 100.
    pub original_reliability: Option<f64>,
    /// `police_lcns_vrfc_cd` (table 5.11).
    pub photo: Option<Code<PhotoCheck>>,
}

impl RemoteResult {
    /// Whether the licence is valid for the whole period. What the faces say is for the company to judge
    /// (tables 5.8 and 5.9).
    pub fn is_eligible(&self) -> bool {
        self.status.known() == Some(LicenceStatus::Valid)
    }
}

#[derive(Deserialize)]
pub(crate) struct ResultBody {
    #[serde(default, deserialize_with = "lenient::code")]
    f_rtn_code: Option<Code<LicenceStatus>>,
    #[serde(default, deserialize_with = "lenient::code")]
    vhcl_idnty_cd: Option<Code<VehicleIdentity>>,
    #[serde(default, deserialize_with = "lenient::number")]
    face_similarity: Option<f64>,
    #[serde(default, deserialize_with = "lenient::number")]
    face_liveness: Option<f64>,
    #[serde(default, deserialize_with = "lenient::number")]
    original_reliability: Option<f64>,
    #[serde(default, deserialize_with = "lenient::code")]
    police_lcns_vrfc_cd: Option<Code<PhotoCheck>>,
}

pub(crate) type ResultReply = Reply<ResultBody>;

impl ResultReply {
    pub(crate) fn result(self, request_id: Option<&str>) -> Result<RemoteResult, Error> {
        let body = self.body(request_id)?;
        let status = body.f_rtn_code.ok_or_else(|| unusable("body.f_rtn_code is missing", request_id))?;
        Ok(RemoteResult {
            status,
            vehicle: body.vhcl_idnty_cd,
            face_similarity: body.face_similarity,
            face_liveness: body.face_liveness,
            original_reliability: body.original_reliability,
            photo: body.police_lcns_vrfc_cd,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_of_4_2_7_5_and_its_numbers_as_strings() {
        for numbers in [
            r#""face_similarity":99.0,"face_liveness":97"#,
            r#""face_similarity":"99.0","face_liveness":"97""#,
        ] {
            let text = format!(
                r#"{{"header":{{"rent_no":"R25-000000843","f_rtn_cd":"0"}},
                    "body":{{"vhcl_idnty_cd":"1","f_rtn_code":"00",{numbers},"police_lcns_vrfc_cd":-500}}}}"#
            );
            let reply: ResultReply = serde_json::from_str(&text).unwrap();
            let result = reply.result(None).unwrap();
            assert!(result.is_eligible());
            assert_eq!((result.face_similarity, result.face_liveness), (Some(99.0), Some(97.0)));
            assert_eq!(result.original_reliability, None);
            assert_eq!(result.photo.unwrap().known(), Some(PhotoCheck::Unreachable));
        }
    }

    #[test]
    fn a_number_has_either_name() {
        for text in [r#"{"rent_no":"R25-000000843"}"#, r#"{"vrfc_no":"V25-000000843"}"#] {
            let body: NumberBody = serde_json::from_str(text).unwrap();
            assert_eq!(body.number(None).unwrap().sequence(), 843);
        }
        let body: NumberBody = serde_json::from_str(r#"{"rent_no":"X"}"#).unwrap();
        assert!(matches!(body.number(Some("id")), Err(Error::Unusable { .. })));
    }
}
