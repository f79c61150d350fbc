use jiff::civil::Date;
use serde::Serialize;

use super::number::NumberAnswer;
use crate::codes::{PhotoCode, ProcessingCode, ResultCode};
use crate::fields::{Faults, Fields};
use crate::json::Members;
use crate::values::{RemoteNumber, Score, UserId, format_compact};
use crate::{ApiError, Sector};

/// Which remote verification's result is asked for (§4.2.7.4, §4.3.4.4, §4.4.4.5, §4.5.3.4, §4.6.4.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultRequest {
    /// `rent_no` or `vrfc_no`, of the sector asked.
    pub number: RemoteNumber,
    /// The company it is asked for, if not the caller's own.
    pub bizinfo: Option<UserId>,
}

impl ResultRequest {
    /// Reads the decrypted members; what is no number of this sector is -230 or -260 instead of -160.
    pub fn read(members: &Members, sector: Sector) -> Result<Self, ApiError> {
        let kind = sector.rules().number.kind;
        let mut faults = Faults::default();
        let mut fields = Fields::of_request(members, &mut faults);
        let of_sector = |text: &str| RemoteNumber::parse(text).filter(|number| number.sector() == sector);
        let number = fields.required_or_refused(kind.member(), of_sector, kind.refusal());
        let bizinfo = fields.optional("bizinfo", UserId::parse);
        faults.into_result(number.map(|number| Self { number, bizinfo }))
    }
}

/// The header of a result (§4.2.7.6.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct ResultHeader {
    #[serde(flatten)]
    number: NumberAnswer,
    f_rtn_cd: ProcessingCode,
    f_request_date: String,
    f_send_cnt: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    f_rtn_msg: Option<String>,
}

/// What a remote verification found (§4.2.7.6.2).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ResultBody {
    /// 차량확인코드, only in the sectors that show it ([`crate::sector::IdentityShown`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vhcl_idnty_cd: Option<&'static str>,
    /// 검증결과코드 (table 5.2).
    pub f_rtn_code: ResultCode,
    /// 얼굴유사도 (table 5.9).
    pub face_similarity: Score,
    /// 얼굴활성도 (table 5.8).
    pub face_liveness: Score,
    /// 원본신뢰도.
    pub original_reliability: Score,
    /// 면허사진검증코드 (table 5.11).
    pub police_lcns_vrfc_cd: PhotoCode,
}

/// The answer of §4.2.7.5 and its siblings; where KOROAD refused, `body` is absent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResultAnswer {
    header: ResultHeader,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<ResultBody>,
}

impl ResultAnswer {
    /// The result of a verification that KOROAD answered. The vehicle's identity is left out where the number's
    /// sector does not show it.
    pub fn done(number: RemoteNumber, today: Date, body: ResultBody) -> Self {
        let shown = number.sector().rules().identity.result;
        let body = ResultBody { vhcl_idnty_cd: body.vhcl_idnty_cd.filter(|_| shown), ..body };
        Self { header: ResultHeader::new(number, today, ProcessingCode::DONE, None), body: Some(body) }
    }

    /// KOROAD refused, with its own code and message (table 5.3).
    pub fn refused(number: RemoteNumber, today: Date, code: ProcessingCode, message: String) -> Self {
        Self { header: ResultHeader::new(number, today, code, Some(message)), body: None }
    }
}

impl ResultHeader {
    fn new(number: RemoteNumber, today: Date, code: ProcessingCode, message: Option<String>) -> Self {
        Self {
            number: NumberAnswer(number),
            f_rtn_cd: code,
            f_request_date: format_compact(today),
            f_send_cnt: "1",
            f_rtn_msg: message,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::codes::{KnownProcessing, LicenceStatus, PhotoCheck};
    use crate::messages::testing::{changed, fault, members};

    fn read(sector: Sector, value: Value) -> Result<ResultRequest, ApiError> {
        ResultRequest::read(&members(value), sector)
    }

    fn number(text: &str) -> RemoteNumber {
        RemoteNumber::parse(text).unwrap()
    }

    #[test]
    fn every_sector_reads_its_sample() {
        for (sector, name, text) in [
            (Sector::Rental, "rent_no", "R24-000924523"),
            (Sector::Delivery, "vrfc_no", "V25-000924523"),
            (Sector::PersonalMobility, "rent_no", "P25-000000080"),
            (Sector::Chauffeur, "vrfc_no", "D25-000000014"),
            (Sector::General, "vrfc_no", "C25-000000014"),
        ] {
            let request = read(sector, json!({ "bizinfo": "asdf12341...", name: text })).unwrap();
            assert_eq!(request.number, number(text));
            assert_eq!(request.bizinfo.unwrap().as_str(), "asdf12341...");
            assert_eq!(fault(read(sector, json!({}))), (-170, name.to_owned()));
            assert_eq!(fault(read(sector, json!({ name: 7 }))), (-160, name.to_owned()));
        }
    }

    #[test]
    fn a_number_of_another_sector_is_none() {
        let letters = ['R', 'V', 'P', 'D', 'C', 'S'];
        for sector in Sector::ALL {
            let rules = sector.rules();
            for letter in letters {
                let sent = json!({ rules.number.kind.member(): format!("{letter}25-000000001") });
                let own = letter == rules.number_letter || (letter == 'S' && *sector == Sector::Chauffeur);
                let expected = if own { None } else { Some(rules.number.kind.refusal()) };
                assert_eq!(read(*sector, sent).err(), expected, "{sector} {letter}");
            }
        }
        let s = read(Sector::Chauffeur, json!({ "vrfc_no": "S25-000000001" })).unwrap();
        assert_eq!(s.number, number("D25-000000001"));
    }

    #[test]
    fn the_number_answers_before_bizinfo() {
        let both = json!({ "rent_no": "R24", "bizinfo": 7 });
        assert_eq!(read(Sector::Rental, both), Err(ApiError::InvalidRentNo));
        let bizinfo = json!({ "vrfc_no": "V25-000000001", "bizinfo": 7 });
        assert_eq!(fault(read(Sector::Delivery, bizinfo)), (-160, "bizinfo".to_owned()));
    }

    fn body(scores: [f64; 3]) -> ResultBody {
        let [face_similarity, face_liveness, original_reliability] =
            scores.map(|score| Score::new(score).unwrap());
        ResultBody {
            vhcl_idnty_cd: Some("2"),
            f_rtn_code: LicenceStatus::Valid.into(),
            face_similarity,
            face_liveness,
            original_reliability,
            police_lcns_vrfc_cd: PhotoCheck::Genuine.into(),
        }
    }

    #[test]
    fn the_answers_of_every_sector() {
        let (autumn, summer) = (date(2025, 9, 8), date(2025, 8, 11));
        let refusal = KnownProcessing::PoliceDown;
        insta::assert_json_snapshot!([
            ResultAnswer::done(number("R25-000000843"), autumn, body([99.0, 99.0, 90.0])),
            ResultAnswer::done(number("V25-000000014"), summer, body([100.0, 90.68, 100.0])),
            ResultAnswer::done(number("P25-000000843"), autumn, body([99.0, 99.0, 90.0])),
            ResultAnswer::done(number("D25-000000014"), summer, body([100.0, 90.68, 100.0])),
            ResultAnswer::done(number("C25-000000014"), summer, body([100.0, 90.68, 100.0])),
            ResultAnswer::refused(number("R25-000000843"), autumn, refusal.into(), refusal.korean().into()),
        ]);
    }

    #[test]
    fn scores_are_written_as_doubles() {
        let answer = ResultAnswer::done(number("R25-000000843"), date(2025, 9, 8), body([99.0, 0.0, 90.68]));
        let text = serde_json::to_string(&answer).unwrap();
        let scores = r#""face_similarity":99.0,"face_liveness":0.0,"original_reliability":90.68"#;
        assert!(text.contains(scores), "{text}");
    }

    proptest! {
        #[test]
        fn what_is_read_is_of_the_sector(value in changed(json!({ "rent_no": "R25-000000001", "bizinfo": "s01" }))) {
            if let Ok(request) = read(Sector::Rental, value) {
                prop_assert_eq!(request.number.sector(), Sector::Rental);
            }
        }
    }
}
