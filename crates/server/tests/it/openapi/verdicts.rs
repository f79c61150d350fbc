//! The verdict of the schemas is the server's, whatever is sent. What only a calendar knows (which day is today,
//! which month has 31 days) is none of a schema's business, nor is whether `f_send_cnt` counts the list (-200).

use proptest::prelude::*;
use rims_protocol::ApiError;
use rims_protocol::interface::Interface;
use serde_json::{Value, json};

use super::{documented, places, posts, read, sample, set};

/// Members with values.
type Table = Vec<(&'static str, Value)>;

/// Values that are refused wherever the member is read.
fn refused() -> Table {
    let long = |length: usize| "가".repeat(length);
    vec![
        ("bizinfo", json!([7, true, [], long(33), "s\n01", "s01\u{7f}", "s\u{200b}01"])),
        ("f_license_no", json!([221_212_121_212_u64, "22121212121", "2212121212123", "22-12-121212-12"])),
        ("f_license_no", json!(["２２１２１２１２１２１２", "", " ", null])),
        ("f_resident_name", json!([1, long(41), "", "\u{3000}", null, "홍\u{0}길동", "홍\u{200b}길동"])),
        ("f_licn_con_code", json!([12, "17", "1", "012", ""])),
        ("f_from_date", json!([20_241_023, "2024-10-23", "20241301", "20241000"])),
        ("f_to_date", json!([20_241_023, "2024102", "20241032", "오늘"])),
        ("rent_bgng_dt", json!([20_240_926, "240926", "", null])),
        ("rent_end_dt", json!([20_250_925, "20250925 ", "", null])),
        ("vhcl_reg_no", json!([7, {}, "67라\n6767", "67라\u{202e}6767", long(201)])),
        ("com_api_type", json!([0, "X00", "S03", "b00"])),
        ("f_send_cnt", json!([2, "0", "0000", "1001", "00002", "two", ""])),
        ("requestList", json!([null, [], "[]", {}, [7]])),
        ("one_way_yn", json!([true, "y", "YN"])),
        ("repeat_period", json!([1, "0", "4", "01", "", null])),
        ("rent_no", json!([25, "R25", "X25-000000001", "r25-000000001", ""])),
        ("vrfc_no", json!([25, "V25-1", "R25-000000001", "V25-00000000a", ""])),
        ("co_nm", json!([1, long(81), "테스트\n회사"])),
        ("page_no", json!([0, -1, 1.5, "0", "one", "", null])),
        ("num_of_rows", json!([0, 1001, "1001", "-1", true, " "])),
        ("search_type", json!([1, "rent", "RENT_START_DATE"])),
    ]
}

/// Values that are taken wherever the member is read.
fn taken() -> Table {
    let long = |length: usize| "가".repeat(length);
    vec![
        ("bizinfo", json!([null, "", " ", long(32), "사용자 01"])),
        ("f_license_no", json!(["991212121212"])),
        ("f_resident_name", json!([long(40), " 홍 ", "\u{1112}\u{1169}\u{11bc}길동"])),
        ("f_licn_con_code", json!(["11", "38"])),
        ("vhcl_reg_no", json!([long(16), "12하1234", "12하 1234"])),
        ("com_api_type", json!([null, ""])),
        ("f_send_cnt", json!(["02", "0002"])),
        ("one_way_yn", json!([null, "", "N"])),
        ("repeat_period", json!(["2", "3"])),
        ("co_nm", json!([null, long(80)])),
        ("page_no", json!([u32::MAX, "0010"])),
        ("num_of_rows", json!([1000, "1000", "0001"])),
        ("search_type", json!([null, ""])),
    ]
}

/// Values whose verdict is the interface's own.
fn depends() -> Table {
    vec![
        ("vhcl_reg_no", json!(["99임9999", "", null, "가".repeat(17)])),
        ("f_from_date", json!([null, "", "  "])),
        ("f_to_date", json!([null, ""])),
        ("com_api_type", json!(["S00", "B01", "G02"])),
        ("rent_no", json!(["R25-000000001", "P25-000000001", "V25-000000001"])),
        ("vrfc_no", json!(["V25-000000001", "D25-000000001", "S25-000000001", "C25-000000001"])),
        ("search_type", json!(["rent_end_date", "reservation_create_date"])),
    ]
}

/// Every member with every value, in every interface that reads it.
fn each(table: Table, mut judge: impl FnMut(&str, &Value, bool, bool)) {
    for (member, values) in table {
        let reads = |interface| places(interface).into_iter().filter(|place| place.member == member);
        let readers: Vec<_> =
            posts().flat_map(|interface| reads(interface).map(move |place| (interface, place))).collect();
        assert!(!readers.is_empty(), "no interface reads {member}");
        for value in values.as_array().unwrap() {
            for (interface, place) in &readers {
                let mut request = sample(interface);
                set(&mut request, place, value.clone());
                let (served, documented) = verdicts(interface, &request);
                judge(interface.path, &request, served, documented);
            }
        }
    }
}

/// Whether the server and the document take a request.
fn verdicts(interface: &Interface, request: &Value) -> (bool, bool) {
    let served = matches!(read(interface, request), Ok(()) | Err(ApiError::ArraySize));
    (served, documented::schemas(interface.path).unwrap().takes(request))
}

#[test]
fn both_refuse_what_breaks_a_rule() {
    each(refused(), |path, request, served, documented| {
        assert_eq!((served, documented), (false, false), "{path} {request}");
    });
}

#[test]
fn both_take_what_keeps_the_rules() {
    each(taken(), |path, request, served, documented| {
        assert_eq!((served, documented), (true, true), "{path} {request}");
    });
}

#[test]
fn both_agree_where_interfaces_differ() {
    let mut seen = [0, 0];
    each(depends(), |path, request, served, documented| {
        assert_eq!(served, documented, "{path} {request}");
        seen[usize::from(served)] += 1;
    });
    assert!(seen.iter().all(|count| *count > 10), "{seen:?}");
}

/// Some members of a request, sent otherwise; none of them by another day.
fn anything() -> impl Strategy<Value = (usize, Vec<(usize, Value)>)> {
    // Blanks of several characters stand for none where a code is optional; the enumeration only has the empty one.
    let text = "\\PC{0,18}"
        .prop_filter("blank but not empty", |text: &String| text.is_empty() || !text.trim().is_empty());
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0u32..3000).prop_map(Value::from),
        text.prop_map(Value::from),
        "[0-9]{0,7}|[0-9]{9}|[0-9]{12}".prop_map(Value::from),
        "[RPVDCSX]2[0-9]-00000000[1-9]".prop_map(Value::from),
        "[SBG]0[0-3]|[YN]|[1-4]|rent_end_date|99임9999".prop_map(Value::from),
    ];
    (0usize..25, prop::collection::vec((any::<usize>(), value), 1..4))
}

proptest! {
    #[test]
    fn both_agree_on_whatever_is_sent((index, changes) in anything()) {
        let interface = posts().nth(index).unwrap();
        let (places, mut request) = (places(interface), sample(interface));
        for (place, value) in changes {
            let place = &places[place % places.len()];
            // Another change may have taken the list away.
            if place.named == place.member || request.pointer("/requestList/0").is_some() {
                set(&mut request, place, value);
            }
        }
        let (served, documented) = verdicts(interface, &request);
        prop_assert_eq!(served, documented, "{} {}", interface.path, request);
    }
}
