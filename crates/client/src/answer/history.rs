use std::fmt;

use jiff::civil::{Date, DateTime};
use rims_protocol::codes::{Code, LicenceClass, LicenceStatus, Recurrence, RentalStatus};
use serde::Deserialize;

use super::{MaskedNumber, lenient};

/// A page of a history (§4.2.8.6.1, §4.2.9.6.1).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct HistoryPage<Row> {
    /// The rows, newest first.
    #[serde(rename = "data", default = "Vec::new")]
    pub rows: Vec<Row>,
    /// All that match, on every page.
    #[serde(rename = "total_count", deserialize_with = "lenient::count")]
    pub total: u64,
}

/// A rental (§4.2.8.5). Dates and times are Asia/Seoul's; what cannot be read is `None`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct RentalRecord {
    /// 회사명.
    #[serde(rename = "co_nm", default, deserialize_with = "lenient::text")]
    pub company: Option<String>,
    /// 대여번호.
    #[serde(rename = "rent_no", default, deserialize_with = "lenient::text")]
    pub number: Option<String>,
    /// 차량번호.
    #[serde(rename = "vhcl_reg_no", default, deserialize_with = "lenient::text")]
    pub plate: Option<String>,
    /// 대여시작일.
    #[serde(rename = "rent_bgng_dt", default, deserialize_with = "lenient::date")]
    pub from: Option<Date>,
    /// 대여종료일.
    #[serde(rename = "rent_end_dt", default, deserialize_with = "lenient::date")]
    pub to: Option<Date>,
    /// 대여상태정보.
    #[serde(rename = "rent_stts_cd", default, deserialize_with = "lenient::code")]
    pub status: Option<Code<RentalStatus>>,
    /// 등록일시.
    #[serde(rename = "reg_dt", default, deserialize_with = "lenient::moment")]
    pub registered: Option<DateTime>,
    /// 면허종류: 일반면허 or 임시면허.
    #[serde(rename = "lcns_idntf_nm", default, deserialize_with = "lenient::text")]
    pub licence_kind: Option<String>,
    /// The verification, once there is one.
    #[serde(rename = "verification_info", default)]
    pub verification: Option<VerificationRecord>,
}

/// A rental's verification.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct VerificationRecord {
    /// 검증요청일시.
    #[serde(rename = "vrfc_dmnd_dt", default, deserialize_with = "lenient::moment")]
    pub asked: Option<DateTime>,
    /// 검증결과코드 (table 5.2).
    #[serde(rename = "f_rtn_code", default, deserialize_with = "lenient::code")]
    pub status: Option<Code<LicenceStatus>>,
}

/// A reservation (§4.2.9.5). Names and numbers are masked by the server, and hidden in `Debug`.
#[derive(Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ScheduleRecord {
    /// 회사명.
    #[serde(rename = "co_nm", default, deserialize_with = "lenient::text")]
    pub company: Option<String>,
    /// 대여번호.
    #[serde(rename = "rent_no", default, deserialize_with = "lenient::text")]
    pub number: Option<String>,
    /// 차량번호.
    #[serde(rename = "vhcl_reg_no", default, deserialize_with = "lenient::text")]
    pub plate: Option<String>,
    /// 운전면허번호.
    #[serde(rename = "f_license_no", default, deserialize_with = "masked")]
    pub masked_number: Option<MaskedNumber>,
    /// 면허종별(코드) (table 5.4).
    #[serde(rename = "f_licn_con_code", default, deserialize_with = "lenient::code")]
    pub class: Option<Code<LicenceClass>>,
    /// 반복주기 (table 5.10).
    #[serde(rename = "repeat_period", default, deserialize_with = "lenient::code")]
    pub recurrence: Option<Code<Recurrence>>,
    /// 반복예약시작일자.
    #[serde(rename = "rsvt_bgng_ymd", default, deserialize_with = "lenient::date")]
    pub from: Option<Date>,
    /// 반복예약종료일자.
    #[serde(rename = "rsvt_end_ymd", default, deserialize_with = "lenient::date")]
    pub to: Option<Date>,
    /// 최종검증결과 (table 5.2).
    #[serde(rename = "last_vrfc_rslt", default, deserialize_with = "lenient::code")]
    pub last_status: Option<Code<LicenceStatus>>,
    /// 최종검증일자.
    #[serde(rename = "last_vrfc_ymd", default, deserialize_with = "lenient::date")]
    pub last_checked: Option<Date>,
    /// 다음검증일자.
    #[serde(rename = "next_vrfc_ymd", default, deserialize_with = "lenient::date")]
    pub next_check: Option<Date>,
    /// 예약자명, masked.
    #[serde(rename = "rsvt_nm", default, deserialize_with = "lenient::text")]
    pub masked_booker: Option<String>,
    /// 운전자명, masked.
    #[serde(rename = "f_resident_name", default, deserialize_with = "lenient::text")]
    pub masked_driver: Option<String>,
    /// 등록일자.
    #[serde(rename = "reg_dt", default, deserialize_with = "lenient::moment")]
    pub registered: Option<DateTime>,
}

impl fmt::Debug for ScheduleRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScheduleRecord")
            .field("number", &self.number)
            .field("from", &self.from)
            .field("to", &self.to)
            .field("last_status", &self.last_status)
            .finish_non_exhaustive()
    }
}

/// How often a licence was rented to (§4.2.5.6).
#[derive(Deserialize)]
pub(crate) struct AnomalyBody {
    #[serde(deserialize_with = "lenient::count")]
    result: u64,
}

impl AnomalyBody {
    pub(crate) fn count(self) -> u64 {
        self.result
    }
}

fn masked<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<MaskedNumber>, D::Error> {
    Ok(lenient::text(deserializer)?.map(MaskedNumber::new))
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, datetime};

    use super::*;

    #[test]
    fn the_sample_of_4_2_8_5_with_a_t_and_a_null() {
        let page: HistoryPage<RentalRecord> = serde_json::from_str(
            r#"{"data":[{"co_nm":"(주)테스트","rent_no":"R25-000000964","vhcl_reg_no":"66하1234",
                "rent_bgng_dt":"2025-10-17","rent_end_dt":"20251029","rent_stts_cd":"2",
                "reg_dt":"2025-09-27T19:14:23.885","lcns_idntf_nm":"일반면허",
                "verification_info":{"vrfc_dmnd_dt":"2025-09-27 19:14:23.158","f_rtn_code":"00"}},
               {"rent_no":"R25-000000965","rent_stts_cd":"7","verification_info":null}],
               "page_no":"1","num_of_rows":"2","total_count":"14"}"#,
        )
        .unwrap();
        assert_eq!((page.total, page.rows.len()), (14, 2));
        let [first, second] = &page.rows[..] else { panic!() };
        assert_eq!((first.from, first.to), (Some(date(2025, 10, 17)), Some(date(2025, 10, 29))));
        assert_eq!(first.registered, Some(datetime(2025, 9, 27, 19, 14, 23, 885_000_000)));
        assert_eq!(first.status, Some(RentalStatus::Confirmed.into()));
        assert_eq!(second.status.as_ref().unwrap().to_string(), "7");
        assert_eq!((second.verification.as_ref(), second.plate.as_ref()), (None, None));
    }

    #[test]
    fn debug_of_a_reservation_hides_its_driver() {
        let record: ScheduleRecord = serde_json::from_str(
            r#"{"rent_no":"R25-000000935","f_license_no":"2*1*0*1*0*1*","f_resident_name":"홍*동","rsvt_nm":"예*자"}"#,
        )
        .unwrap();
        assert_eq!(record.masked_number.as_ref().unwrap().as_str(), "2*1*0*1*0*1*");
        let shown = format!("{record:?}");
        assert!(!shown.contains('*') && shown.contains("R25-000000935"), "{shown}");
    }
}
