use jiff::civil::Date;

use super::verify::{VerifyItem, read_item};
use crate::ApiError;
use crate::codes::OneWay;
use crate::fields::{Faults, Fields};
use crate::json::Members;
use crate::sector::{DateRule, VehicleRule};
use crate::values::{Malformed, UserId};

/// A rental to confirm (§4.2.3.4). It is answered like a verification (§4.2.3.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfirmRequest {
    /// The company it is asked for, if not the caller's own.
    pub bizinfo: Option<UserId>,
    /// `one_way_yn`.
    pub one_way: Option<OneWay>,
    /// The driver; the vehicle is a decided plate.
    pub item: VerifyItem,
}

impl ConfirmRequest {
    /// Reads the decrypted members in the order of §4.2.3.4.
    pub fn read(members: &Members, today: Date) -> Result<Self, ApiError> {
        let mut faults = Faults::default();
        let mut fields = Fields::of_request(members, &mut faults);
        let bizinfo = fields.optional("bizinfo", UserId::parse);
        let one_way = fields.optional("one_way_yn", parse_one_way);
        let item = read_item(&mut fields, VehicleRule::DecidedPlateRequired, DateRule::Required, today);
        faults.into_result(item.map(|item| Self { bizinfo, one_way, item }))
    }
}

fn parse_one_way(code: &str) -> Result<OneWay, Malformed> {
    OneWay::from_code(code).ok_or(Malformed("Y 또는 N이어야 합니다"))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::codes::LicenceStatus;
    use crate::messages::testing::{changed, fault, members, missing_in_order, with};
    use crate::messages::{Answer, Header, ItemAnswer};
    use crate::values::{TEMPORARY_PLATE, Vehicle};

    const TODAY: Date = date(2024, 10, 23);

    fn sample() -> Value {
        json!({
            "bizinfo": "asdf12341...",
            "f_license_no": "221212121212",
            "f_resident_name": "홍길동",
            "f_licn_con_code": "12",
            "f_from_date": "20241023",
            "f_to_date": "20241023",
            "vhcl_reg_no": "67라6767",
            "one_way_yn": "Y",
        })
    }

    fn read(value: Value) -> Result<ConfirmRequest, ApiError> {
        ConfirmRequest::read(&members(value), TODAY)
    }

    #[test]
    fn the_sample_of_4_2_3_5() {
        let request = read(sample()).unwrap();
        assert_eq!(request.bizinfo.unwrap().as_str(), "asdf12341...");
        assert_eq!(request.one_way, Some(OneWay::Yes));
        assert_eq!(request.item.licence_number.as_str(), "221212121212");
        assert!(matches!(request.item.vehicle, Vehicle::Plate(plate) if plate.as_str() == "67라6767"));
        let body = ItemAnswer {
            vhcl_idnty_cd: Some("1"),
            f_rtn_code: LicenceStatus::Valid.into(),
            f_license_no: request.item.licence_number.masked(),
        };
        insta::assert_json_snapshot!(Answer { header: Header::done(TODAY, 1), body: Some(body) });
    }

    #[test]
    fn one_way_is_y_n_or_absent() {
        for (value, expected) in [
            (json!("N"), Some(OneWay::No)),
            (json!(""), None),
            (Value::Null, None),
            (json!("Y"), Some(OneWay::Yes)),
        ] {
            assert_eq!(read(with(sample(), "one_way_yn", value)).unwrap().one_way, expected);
        }
        for value in [json!("y"), json!("YN"), json!(true)] {
            assert_eq!(fault(read(with(sample(), "one_way_yn", value))), (-160, "one_way_yn".to_owned()));
        }
    }

    #[test]
    fn the_first_fault_in_the_tables_order_answers() {
        missing_in_order(
            sample(),
            &[
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
        let both = with(temporary, "one_way_yn", json!("X"));
        assert_eq!(fault(read(both.clone())), (-160, "one_way_yn".to_owned()));
        assert_eq!(fault(read(with(both, "bizinfo", json!(1)))), (-160, "bizinfo".to_owned()));
        let past = with(sample(), "f_from_date", json!("20241022"));
        assert_eq!(fault(read(past)), (-160, "f_from_date".to_owned()));
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
