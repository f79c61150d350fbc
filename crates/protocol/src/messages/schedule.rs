use jiff::civil::Date;
use serde::Serialize;

use super::header::Header;
use super::verify::{ItemAnswer, VerifyItem, read_item};
use crate::ApiError;
use crate::codes::Recurrence;
use crate::fields::{Faults, Fields};
use crate::json::Members;
use crate::sector::{DateRule, VehicleRule};
use crate::values::{Malformed, UserId};

/// A verification to repeat (§4.2.4.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleRequest {
    /// The company it is asked for, if not the caller's own.
    pub bizinfo: Option<UserId>,
    /// `repeat_period`.
    pub recurrence: Recurrence,
    /// The driver; the vehicle is a decided plate.
    pub item: VerifyItem,
}

impl ScheduleRequest {
    /// Reads the decrypted members in the order of §4.2.4.4.
    pub fn read(members: &Members, today: Date) -> Result<Self, ApiError> {
        let mut faults = Faults::default();
        let mut fields = Fields::of_request(members, &mut faults);
        let bizinfo = fields.optional("bizinfo", UserId::parse);
        let recurrence = fields.required("repeat_period", parse_recurrence);
        let item = read_item(&mut fields, VehicleRule::DecidedPlateRequired, DateRule::Required, today);
        let request = recurrence.zip(item).map(|(recurrence, item)| Self { bizinfo, recurrence, item });
        faults.into_result(request)
    }
}

fn parse_recurrence(code: &str) -> Result<Recurrence, Malformed> {
    Recurrence::from_code(code).ok_or(Malformed("반복 주기 코드표에 없는 코드입니다"))
}

/// `repeat_status` (§4.2.4.6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RepeatStatus {
    /// The first verification was eligible and the reservation is stored.
    Success,
    /// There is no reservation.
    Failed,
}

/// The answer of §4.2.4.5; where KOROAD refused, `body` is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScheduleAnswer {
    /// The header of the first verification.
    pub header: Header,
    /// What it says about the driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<ItemAnswer>,
    /// 예약결과상태, beside header and body as the sample has it.
    pub repeat_status: RepeatStatus,
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::codes::{KnownProcessing, LicenceStatus};
    use crate::messages::testing::{changed, fault, members, missing_in_order, with};
    use crate::values::{TEMPORARY_PLATE, Vehicle};

    const TODAY: Date = date(2024, 10, 23);

    fn sample() -> Value {
        json!({
            "bizinfo": "asdf12341....",
            "repeat_period": "1",
            "f_license_no": "221212121212",
            "f_resident_name": "홍길동",
            "f_licn_con_code": "12",
            "f_from_date": "20241023",
            "f_to_date": "20241023",
            "vhcl_reg_no": "67라6767",
        })
    }

    fn read(value: Value) -> Result<ScheduleRequest, ApiError> {
        ScheduleRequest::read(&members(value), TODAY)
    }

    #[test]
    fn the_sample_of_4_2_4_5() {
        let request = read(sample()).unwrap();
        assert_eq!(request.bizinfo.unwrap().as_str(), "asdf12341....");
        assert_eq!(request.recurrence, Recurrence::Weekly);
        assert_eq!(request.item.name.as_str(), "홍길동");
        let body = ItemAnswer {
            vhcl_idnty_cd: Some("1"),
            f_rtn_code: LicenceStatus::Valid.into(),
            f_license_no: request.item.licence_number.masked(),
        };
        let done = ScheduleAnswer {
            header: Header::done(TODAY, 1),
            body: Some(body),
            repeat_status: RepeatStatus::Success,
        };
        let down = KnownProcessing::PoliceDown;
        let refused = ScheduleAnswer {
            header: Header::refused(TODAY, 1, down.into(), down.korean().into()),
            body: None,
            repeat_status: RepeatStatus::Failed,
        };
        insta::assert_json_snapshot!([done, refused]);
    }

    #[test]
    fn the_period_is_one_of_table_5_10() {
        for recurrence in Recurrence::ALL {
            let request = with(sample(), "repeat_period", json!(recurrence.code()));
            assert_eq!(read(request).unwrap().recurrence, *recurrence);
        }
        for value in [json!("0"), json!("4"), json!("01"), json!(1)] {
            assert_eq!(
                fault(read(with(sample(), "repeat_period", value))),
                (-160, "repeat_period".to_owned())
            );
        }
    }

    #[test]
    fn the_first_fault_in_the_tables_order_answers() {
        missing_in_order(
            sample(),
            &[
                "repeat_period",
                "f_license_no",
                "f_resident_name",
                "f_licn_con_code",
                "f_from_date",
                "f_to_date",
                "vhcl_reg_no",
            ],
            read,
        );
        let temporary = with(sample(), "vhcl_reg_no", json!(TEMPORARY_PLATE));
        assert_eq!(fault(read(temporary.clone())), (-160, "vhcl_reg_no".to_owned()));
        let both = with(temporary, "repeat_period", json!("9"));
        assert_eq!(fault(read(both)), (-160, "repeat_period".to_owned()));
    }

    proptest! {
        #[test]
        fn what_is_read_keeps_the_rules(value in changed(sample())) {
            if let Ok(request) = read(value) {
                prop_assert!(request.item.period.from >= TODAY);
                prop_assert!(matches!(request.item.vehicle, Vehicle::Plate(plate) if !plate.is_temporary()));
            }
        }
    }
}
