//! Any members as each request of the rental life cycle: what is read keeps every rule, what is refused is refused
//! with an error that such a request may have.
#![no_main]

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use jiff::civil::{Date, date};
use jiff::{Span, ToSpan};
use libfuzzer_sys::fuzz_target;
use rims_protocol::codes::HistoryKind;
use rims_protocol::json::Members;
use rims_protocol::messages::{
    AnomalyRequest, ConfirmRequest, HistoryRequest, NumberRequest, ResultRequest, ScheduleRequest,
};
use rims_protocol::values::{Vehicle, format_compact};
use rims_protocol::{ApiError, Sector};
use serde_json::{Value, json};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    /// Days from 2030-01-01 on.
    today: u16,
    /// What differs from valid members, by their place.
    changes: Vec<(u8, Sent<'a>)>,
}

#[derive(Arbitrary, Debug)]
enum Sent<'a> {
    Nothing,
    Null,
    Flag(bool),
    Number(i64),
    Text(&'a str),
    /// So many days from today on, as yyyymmdd.
    Day(i8),
}

fuzz_target!(|input: Input| {
    let today = date(2030, 1, 1).saturating_add(Span::new().days(i64::from(input.today)));
    let members = members(&input.changes, today);
    judge(ConfirmRequest::read(&members, today), |request| decided(&request.item.vehicle));
    judge(ScheduleRequest::read(&members, today), |request| decided(&request.item.vehicle));
    judge(AnomalyRequest::read(&members), |request| assert_eq!(request.licence_number.as_str().len(), 12));
    for sector in Sector::ALL {
        judge(NumberRequest::read(&members, *sector, today), |request| {
            assert!(request.period.from >= today && request.period.to >= request.period.from);
        });
        judge(ResultRequest::read(&members, *sector), |request| assert_eq!(request.number.sector(), *sector));
    }
    for kind in [HistoryKind::Rentals, HistoryKind::Schedules] {
        judge(HistoryRequest::read(&members, kind, today), |request| {
            assert!(request.from <= request.to && request.to <= request.from.saturating_add(1.month()));
            assert!(request.page >= 1 && (1..=1000).contains(&request.rows));
            assert_eq!(request.search.history(), kind);
            assert_eq!(request.offset() % u64::from(request.rows), 0);
        });
    }
});

fn valid(today: Date) -> [(&'static str, Value); 18] {
    let day = format_compact(today);
    [
        ("f_license_no", json!("221212121212")),
        ("f_resident_name", json!("홍길동")),
        ("f_licn_con_code", json!("12")),
        ("f_from_date", json!(day)),
        ("f_to_date", json!(day)),
        ("rent_bgng_dt", json!(day)),
        ("rent_end_dt", json!(day)),
        ("vhcl_reg_no", json!("67라6767")),
        ("bizinfo", json!("s01")),
        ("one_way_yn", json!("Y")),
        ("repeat_period", json!("1")),
        ("com_api_type", json!("G00")),
        ("rent_no", json!("R30-000000001")),
        ("vrfc_no", json!("V30-000000001")),
        ("page_no", json!(1)),
        ("num_of_rows", json!("10")),
        ("search_type", json!("rent_start_date")),
        ("co_nm", json!("회사")),
    ]
}

fn members(changes: &[(u8, Sent<'_>)], today: Date) -> Members {
    let valid = valid(today);
    let mut members: BTreeMap<&str, Value> = valid.iter().cloned().collect();
    for (place, sent) in changes {
        let name = valid[usize::from(*place) % valid.len()].0;
        let value = match sent {
            Sent::Nothing => {
                members.remove(name);
                continue;
            }
            Sent::Null => Value::Null,
            Sent::Flag(flag) => json!(flag),
            Sent::Number(number) => json!(number),
            Sent::Text(text) => json!(text),
            Sent::Day(days) => json!(format_compact(today.saturating_add(Span::new().days(i64::from(*days))))),
        };
        members.insert(name, value);
    }
    serde_json::from_value(json!(members)).unwrap()
}

fn decided(vehicle: &Vehicle) {
    match vehicle {
        Vehicle::Plate(plate) => assert!(!plate.is_temporary()),
        other => panic!("{other:?}"),
    }
}

/// A request keeps its rules; a refusal is -160, -170, -230 or -260, and names the member where it has one.
fn judge<T>(read: Result<T, ApiError>, holds: impl FnOnce(T)) {
    match read {
        Ok(request) => holds(request),
        Err(ApiError::InvalidParameter { field, rule }) => {
            let error = ApiError::InvalidParameter { field: field.clone(), rule };
            assert!(error.message().contains(field.as_str()));
        }
        Err(ApiError::MissingParameter { .. }) => {}
        Err(error) => assert!(matches!(error.code().code(), -230 | -260), "{error}"),
    }
}
