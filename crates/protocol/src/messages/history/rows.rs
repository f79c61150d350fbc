use jiff::civil::{Date, DateTime};
use serde::{Serialize, Serializer};

use crate::codes::{LicenceClass, Recurrence, RentalStatus, ResultCode};
use crate::values::{LicenceNumber, PersonName, Plate, RemoteNumber};

/// A page of a history (§4.2.8.6.1, §4.2.9.6.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryPage<Row> {
    data: Vec<Row>,
    page_no: u32,
    num_of_rows: usize,
    total_count: u64,
}

impl<Row> HistoryPage<Row> {
    /// The rows of the page asked for, of `total_count` that match.
    pub fn new(data: Vec<Row>, page_no: u32, total_count: u64) -> Self {
        let num_of_rows = data.len();
        Self { data, page_no, num_of_rows, total_count }
    }
}

/// A rental (§4.2.8.5). Dates and times are Asia/Seoul's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RentalRow {
    /// 회사명.
    pub co_nm: String,
    /// 대여번호.
    pub rent_no: RemoteNumber,
    /// 차량번호.
    pub vhcl_reg_no: Plate,
    /// 대여시작일.
    pub rent_bgng_dt: Date,
    /// 대여종료일.
    pub rent_end_dt: Date,
    /// 대여상태정보.
    pub rent_stts_cd: RentalStatus,
    /// 등록일시.
    #[serde(serialize_with = "with_a_space")]
    pub reg_dt: DateTime,
    /// 면허종류.
    pub lcns_idntf_nm: LicenceKind,
    /// The verification; `null` until there is one.
    pub verification_info: Option<VerificationInfo>,
}

/// 면허종류 (§4.2.8.6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum LicenceKind {
    /// 일반면허.
    #[serde(rename = "일반면허")]
    Regular,
    /// 임시면허: KOROAD marked it.
    #[serde(rename = "임시면허")]
    Temporary,
}

/// A rental's verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerificationInfo {
    /// 검증요청일시.
    #[serde(serialize_with = "with_a_space")]
    pub vrfc_dmnd_dt: DateTime,
    /// 검증결과코드 (table 5.2).
    pub f_rtn_code: ResultCode,
}

/// A reservation (§4.2.9.5). Dates and times are Asia/Seoul's; personal data is written masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScheduleRow {
    /// 회사명.
    pub co_nm: String,
    /// 대여번호.
    pub rent_no: RemoteNumber,
    /// 차량번호.
    pub vhcl_reg_no: Plate,
    /// 운전면허번호.
    #[serde(serialize_with = "masked_number")]
    pub f_license_no: LicenceNumber,
    /// 면허종별(코드) (table 5.4).
    pub f_licn_con_code: LicenceClass,
    /// 반복주기 (table 5.10).
    pub repeat_period: Recurrence,
    /// 반복예약시작일자.
    pub rsvt_bgng_ymd: Date,
    /// 반복예약종료일자.
    pub rsvt_end_ymd: Date,
    /// 최종검증결과 (table 5.2).
    pub last_vrfc_rslt: ResultCode,
    /// 최종검증일자.
    pub last_vrfc_ymd: Date,
    /// 다음검증일자.
    pub next_vrfc_ymd: Date,
    /// 예약자명.
    #[serde(serialize_with = "masked_name")]
    pub rsvt_nm: PersonName,
    /// 운전자명.
    #[serde(serialize_with = "masked_name")]
    pub f_resident_name: PersonName,
    /// 등록일자.
    #[serde(serialize_with = "with_a_space")]
    pub reg_dt: DateTime,
}

/// `yyyy-MM-dd HH:mm:ss.SSS`: the tables' format, not the `T` of §4.2.8.5's sample.
fn with_a_space<S: Serializer>(moment: &DateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&moment.strftime("%Y-%m-%d %H:%M:%S.%3f"))
}

fn masked_number<S: Serializer>(number: &LicenceNumber, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&number.masked())
}

fn masked_name<S: Serializer>(name: &PersonName, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&name.masked())
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, datetime};

    use super::*;
    use crate::codes::LicenceStatus;

    fn rental() -> RentalRow {
        RentalRow {
            co_nm: "(주)테스트".into(),
            rent_no: RemoteNumber::parse("R25-000000964").unwrap(),
            vhcl_reg_no: Plate::parse("66하1234").unwrap(),
            rent_bgng_dt: date(2025, 10, 17),
            rent_end_dt: date(2025, 10, 29),
            rent_stts_cd: RentalStatus::Confirmed,
            reg_dt: datetime(2025, 9, 27, 19, 14, 23, 885_999_999),
            lcns_idntf_nm: LicenceKind::Regular,
            verification_info: Some(VerificationInfo {
                vrfc_dmnd_dt: datetime(2025, 9, 27, 19, 14, 23, 158_000_000),
                f_rtn_code: LicenceStatus::Valid.into(),
            }),
        }
    }

    #[test]
    fn the_sample_of_4_2_8_5() {
        let pending = RentalRow {
            rent_stts_cd: RentalStatus::Pending,
            reg_dt: datetime(2025, 1, 2, 3, 4, 5, 0),
            lcns_idntf_nm: LicenceKind::Temporary,
            verification_info: None,
            ..rental()
        };
        insta::assert_json_snapshot!(HistoryPage::new(vec![rental(), pending], 1, 14));
    }

    #[test]
    fn the_sample_of_4_2_9_5() {
        let row = ScheduleRow {
            co_nm: "테스트 본사".into(),
            rent_no: RemoteNumber::parse("R25-000000935").unwrap(),
            vhcl_reg_no: Plate::parse("01호1234").unwrap(),
            f_license_no: LicenceNumber::parse("211101110111").unwrap(),
            f_licn_con_code: LicenceClass::Class1Regular,
            repeat_period: Recurrence::FifteenDays,
            rsvt_bgng_ymd: date(2025, 9, 22),
            rsvt_end_ymd: date(2025, 10, 11),
            last_vrfc_rslt: LicenceStatus::NameMismatch.into(),
            last_vrfc_ymd: date(2025, 10, 7),
            next_vrfc_ymd: date(2025, 10, 22),
            rsvt_nm: PersonName::parse("예약자").unwrap(),
            f_resident_name: PersonName::parse("홍길동").unwrap(),
            reg_dt: datetime(2025, 9, 22, 15, 14, 8, 899_000_000),
        };
        insta::assert_json_snapshot!(HistoryPage::new(vec![row], 1, 1));
    }

    #[test]
    fn an_empty_page_is_a_page() {
        let page = HistoryPage::<RentalRow>::new(Vec::new(), 7, 14);
        insta::assert_json_snapshot!(page);
    }
}
