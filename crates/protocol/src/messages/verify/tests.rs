use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::codes::{LicenceStatus, ProcessingCode};
use crate::json::Members;
use crate::messages::testing::{fault, members, with};
use crate::messages::{Answer, Header};

const TODAY: Date = date(2024, 10, 23);

fn item() -> Value {
    json!({
        "f_license_no": "221212121212",
        "f_resident_name": "홍길동",
        "f_licn_con_code": "12",
        "f_from_date": "20241023",
        "f_to_date": "20241023",
        "vhcl_reg_no": "67라6767",
    })
}

fn item_with(name: &str, value: Value) -> Value {
    with(item(), name, value)
}

fn single(sector: Sector, value: Value) -> Result<SingleRequest, ApiError> {
    SingleRequest::read(&members(value), sector, TODAY)
}

fn batch(sector: Sector, count: &str, items: &[Value]) -> Result<BatchRequest, ApiError> {
    let request = json!({ "f_send_cnt": count, "bizinfo": "s01", "requestList": items });
    BatchRequest::read(&members(request), sector, TODAY)
}

#[test]
fn every_sector_reads_the_sample() {
    for sector in Sector::ALL {
        let request = single(*sector, item()).unwrap();
        assert_eq!(request.item.licence_number.as_str(), "221212121212");
        assert_eq!(request.item.name.as_str(), "홍길동");
        assert_eq!(request.item.class, LicenceClass::Class1Regular);
        assert_eq!(request.item.period, Period { from: TODAY, to: TODAY });
        assert_eq!(request.bizinfo, None);
        let device = sector.rules().vehicle == VehicleRule::DeviceRequired;
        assert_eq!(matches!(request.item.vehicle, Vehicle::Device(_)), device);
        let batch = batch(*sector, "2", &[item(), item()]).unwrap();
        assert_eq!(batch.items.len(), 2);
        assert_eq!(batch.bizinfo.unwrap().as_str(), "s01");
    }
}

#[test]
fn missing_members_answer_in_table_order() {
    let order =
        ["f_license_no", "f_resident_name", "f_licn_con_code", "f_from_date", "f_to_date", "vhcl_reg_no"];
    let mut request = item();
    for name in order.iter().rev() {
        request[*name] = json!(" ");
        assert_eq!(fault(single(Sector::Rental, request.clone())), (-170, (*name).to_owned()));
    }
    assert_eq!(fault(single(Sector::PersonalMobility, json!({}))), (-170, "vhcl_reg_no".to_owned()));
}

#[test]
fn each_format_is_checked() {
    for (name, value) in [
        ("f_license_no", json!("22121212121")),
        ("f_license_no", json!(221_212_121_212_u64)),
        ("f_resident_name", json!("가".repeat(41))),
        ("f_licn_con_code", json!("17")),
        ("f_from_date", json!("20240231")),
        ("f_from_date", json!("20241022")),
        ("f_to_date", json!("20241022")),
        ("f_to_date", json!("2024102")),
        ("vhcl_reg_no", json!("가".repeat(17))),
        ("bizinfo", json!("x".repeat(33))),
        ("bizinfo", json!(7)),
    ] {
        let request = item_with(name, value.clone());
        assert_eq!(fault(single(Sector::Rental, request)), (-160, name.to_owned()), "{value}");
    }
    let long = item_with("vhcl_reg_no", json!("d".repeat(201)));
    assert_eq!(fault(single(Sector::PersonalMobility, long)), (-160, "vhcl_reg_no".to_owned()));
}

#[test]
fn required_dates_are_required_and_optional_ones_filled() {
    let without = |names: &[&str]| {
        let mut request = item();
        for name in names {
            request[*name] = Value::Null;
        }
        request
    };
    for sector in [Sector::Rental, Sector::Delivery] {
        assert_eq!(fault(single(sector, without(&["f_to_date"]))), (-170, "f_to_date".to_owned()));
    }
    let tomorrow = date(2024, 10, 24);
    for sector in [Sector::PersonalMobility, Sector::Chauffeur, Sector::General] {
        let filled = single(sector, without(&["f_from_date", "f_to_date"])).unwrap();
        assert_eq!(filled.item.period, Period { from: TODAY, to: tomorrow });
        let malformed = item_with("f_from_date", json!("x"));
        assert_eq!(fault(single(sector, malformed)), (-160, "f_from_date".to_owned()));
    }
}

#[test]
fn a_vehicle_may_be_absent_where_the_table_says_so() {
    let without = item_with("vhcl_reg_no", json!(""));
    for sector in [Sector::Delivery, Sector::Chauffeur, Sector::General] {
        assert_eq!(single(sector, without.clone()).unwrap().item.vehicle, Vehicle::None);
    }
    for sector in [Sector::Rental, Sector::PersonalMobility] {
        assert_eq!(fault(single(sector, without.clone())), (-170, "vhcl_reg_no".to_owned()));
    }
}

#[test]
fn api_types_are_read_only_by_the_general_sector() {
    let with = |code: &str| item_with("com_api_type", json!(code));
    assert_eq!(single(Sector::Rental, with("nonsense")).unwrap().item.api_type, None);
    assert_eq!(single(Sector::General, item()).unwrap().item.api_type, Some(ApiType::SingleGeneral));
    assert_eq!(single(Sector::General, with("S02")).unwrap().item.api_type, Some(ApiType::SinglePetTaxi));
    assert_eq!(fault(single(Sector::General, with("B00"))), (-160, "com_api_type".to_owned()));
}

#[test]
fn an_items_own_api_type_wins_over_the_batchs() {
    let request = json!({
        "f_send_cnt": "2", "com_api_type": "B01",
        "requestList": [item(), item_with("com_api_type", json!("B02"))],
    });
    let batch = BatchRequest::read(&members(request), Sector::General, TODAY).unwrap();
    let types: Vec<_> = batch.items.iter().map(|item| item.api_type.unwrap()).collect();
    assert_eq!(types, [ApiType::BatchTrucker, ApiType::BatchPetTaxi]);
    let wrong = item_with("com_api_type", json!("S00"));
    let field = "requestList[0].com_api_type".to_owned();
    assert_eq!(fault(self::batch(Sector::General, "1", &[wrong])), (-160, field));
}

#[test]
fn counts() {
    for count in ["0", "1001", "00001", "x", "-1", "+1", "1.0"] {
        assert_eq!(
            fault(batch(Sector::Rental, count, &[item()])),
            (-160, "f_send_cnt".to_owned()),
            "{count}"
        );
    }
    assert!(batch(Sector::Rental, "0001", &[item()]).is_ok());
    assert_eq!(fault(batch(Sector::Rental, "2", &[item()])), (-200, String::new()));
    assert_eq!(batch(Sector::Rental, "1000", &vec![item(); 1000]).unwrap().items.len(), 1000);
}

#[test]
fn a_batch_is_checked_whole() {
    let malformed = item_with("f_license_no", json!("1"));
    let missing = item_with("f_resident_name", json!(""));
    let items = [malformed.clone(), item(), item(), missing];
    let named = "requestList[3].f_resident_name".to_owned();
    assert_eq!(fault(batch(Sector::Rental, "9999", &items)), (-170, named));
    let named = "requestList[1].f_license_no".to_owned();
    assert_eq!(fault(batch(Sector::Rental, "7", &[item(), malformed])), (-160, named));
    assert_eq!(fault(batch(Sector::Rental, "1", &[json!([])])), (-160, "requestList[0]".to_owned()));
}

#[test]
fn the_list_must_be_there_and_a_list() {
    for (value, expected) in [(Value::Null, -170), (json!([]), -160), (json!("[]"), -160), (json!({}), -160)]
    {
        let request = json!({ "f_send_cnt": "1", "requestList": value });
        let result = BatchRequest::read(&members(request), Sector::Rental, TODAY);
        assert_eq!(fault(result), (expected, "requestList".to_owned()));
    }
    assert_eq!(fault(batch(Sector::PersonalMobility, "", &[json!({})])), (-170, "f_send_cnt".to_owned()));
}

#[test]
fn answer_shapes() {
    let answer = |identity| ItemAnswer {
        vhcl_idnty_cd: identity,
        f_rtn_code: LicenceStatus::Valid.into(),
        f_license_no: "2*1*1*1*1*1*".into(),
    };
    let done = Answer { header: Header::done(TODAY, 1), body: Some(answer(Some("1"))) };
    let bare = Answer { header: Header::done(TODAY, 2), body: Some(vec![answer(None), answer(None)]) };
    let code = ProcessingCode::parse("98").unwrap();
    let refused: Answer<ItemAnswer> = Answer {
        header: Header::refused(TODAY, 1, code, "경찰청 운전 면허 조회 장애".into()),
        body: None,
    };
    insta::assert_json_snapshot!("single", done);
    insta::assert_json_snapshot!("batch", bare);
    insta::assert_json_snapshot!("refused", refused);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,14}".prop_map(Value::from),
        "[0-9]{8,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let names = prop_oneof![
            Just("f_license_no"),
            Just("f_resident_name"),
            Just("f_licn_con_code"),
            Just("f_from_date"),
            Just("f_to_date"),
            Just("vhcl_reg_no"),
            Just("bizinfo"),
            Just("f_send_cnt"),
            Just("requestList"),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names.prop_map(str::to_owned), inner, 0..9)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_request_makes_the_reader_panic(value in any_json(), index in 0usize..5) {
        let Ok(members) = serde_json::from_value::<Members>(value) else { return Ok(()) };
        if let Ok(request) = SingleRequest::read(&members, Sector::ALL[index], TODAY) {
            prop_assert!(request.item.period.from >= TODAY && request.item.period.to >= request.item.period.from);
        }
        if let Ok(request) = BatchRequest::read(&members, Sector::ALL[index], TODAY) {
            prop_assert!((1..=1000).contains(&request.items.len()));
        }
    }
}
