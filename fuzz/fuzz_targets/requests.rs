//! Any members as a verification request of each sector: what is read keeps every rule, what is refused is
//! refused with an error that a request may have.
#![no_main]

use arbitrary::Arbitrary;
use jiff::Span;
use jiff::civil::{Date, date};
use libfuzzer_sys::fuzz_target;
use rims_protocol::codes::{ApiType, ApiTypeGroup};
use rims_protocol::json::{Json, Members};
use rims_protocol::messages::{BatchRequest, SingleRequest, VerifyItem};
use rims_protocol::sector::{SectorRules, VehicleRule};
use rims_protocol::values::{Vehicle, format_compact};
use rims_protocol::{ApiError, Sector};
use serde_json::{Map, Value};

/// What may be changed, by its index.
const NAMES: [&str; 9] = [
    "f_license_no",
    "f_resident_name",
    "f_licn_con_code",
    "f_from_date",
    "f_to_date",
    "vhcl_reg_no",
    "com_api_type",
    "bizinfo",
    "f_send_cnt",
];

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    /// Days from 2030-01-01 on.
    today: u16,
    form: Form<'a>,
}

#[derive(Arbitrary, Debug)]
enum Form<'a> {
    /// Whatever JSON it is.
    Json(&'a str),
    /// Members of the request, and those of its items.
    Members(Object<'a>, Vec<Object<'a>>),
}

/// What differs from a valid object.
type Object<'a> = Vec<(u8, Sent<'a>)>;

#[derive(Arbitrary, Debug)]
enum Sent<'a> {
    Nothing,
    Null,
    Flag(bool),
    Number(i64),
    Text(&'a str),
    /// So many days from today on, as yyyymmdd.
    Day(i8),
    /// A code of table 5.12, by its row.
    ApiType(u8),
}

fuzz_target!(|input: Input| {
    let today = date(2030, 1, 1).saturating_add(Span::new().days(i64::from(input.today)));
    let Some(members) = members(&input.form, today) else { return };
    for sector in Sector::ALL {
        match SingleRequest::read(&members, *sector, today) {
            Ok(request) => holds(&request.item, sector.rules(), ApiTypeGroup::Single, today),
            Err(error) => is_of_a_field(&error),
        }
        match BatchRequest::read(&members, *sector, today) {
            Ok(request) => {
                let count = request.items.len();
                assert!((1..=1000).contains(&count));
                let said = members.get("f_send_cnt").and_then(Json::as_text).and_then(|said| said.parse().ok());
                assert_eq!(said, Some(count));
                for item in &request.items {
                    holds(item, sector.rules(), ApiTypeGroup::Batch, today);
                }
            }
            Err(ApiError::ArraySize) => assert!(matches!(members.get("requestList"), Some(Json::List(_)))),
            Err(error) => is_of_a_field(&error),
        }
    }
});

fn members(form: &Form<'_>, today: Date) -> Option<Members> {
    match form {
        Form::Json(text) => serde_json::from_str(text).ok(),
        Form::Members(changes, items) => {
            let mut members = valid(today);
            let items: Vec<Value> = items.iter().map(|changes| item(changes, today)).collect();
            members.insert("f_send_cnt".to_owned(), items.len().to_string().into());
            members.insert("requestList".to_owned(), items.into());
            change(&mut members, changes, today);
            serde_json::from_value(members.into()).ok()
        }
    }
}

fn item(changes: &Object<'_>, today: Date) -> Value {
    let mut members = valid(today);
    change(&mut members, changes, today);
    Value::Object(members)
}

fn valid(today: Date) -> Map<String, Value> {
    let values = ["221212121212", "홍길동", "12", &format_compact(today), &format_compact(today), "67라6767"];
    NAMES.iter().zip(values).map(|(name, value)| ((*name).to_owned(), value.into())).collect()
}

fn change(members: &mut Map<String, Value>, changes: &Object<'_>, today: Date) {
    for (index, sent) in changes {
        let name = NAMES[usize::from(*index) % NAMES.len()];
        let value = match sent {
            Sent::Nothing => {
                members.remove(name);
                continue;
            }
            Sent::Null => Value::Null,
            Sent::Flag(flag) => (*flag).into(),
            Sent::Number(number) => (*number).into(),
            Sent::Text(text) => (*text).into(),
            Sent::Day(days) => format_compact(day(today, *days)).into(),
            Sent::ApiType(row) => ApiType::ALL[usize::from(*row) % ApiType::ALL.len()].code().into(),
        };
        members.insert(name.to_owned(), value);
    }
}

fn day(today: Date, days: i8) -> Date {
    today.saturating_add(Span::new().days(i64::from(days)))
}

/// The rules of §4.2.1.4 and its siblings.
fn holds(item: &VerifyItem, rules: &SectorRules, group: ApiTypeGroup, today: Date) {
    assert!(item.period.from >= today && item.period.to >= item.period.from);
    let digits = item.licence_number.as_str();
    assert!(digits.len() == 12 && digits.bytes().all(|digit| digit.is_ascii_digit()));
    assert_eq!(item.licence_number.masked().matches('*').count(), 6);
    let name = item.name.as_str();
    assert!(!name.trim().is_empty() && name.chars().count() <= 40);
    assert_eq!(item.name.masked().chars().count(), name.chars().count());
    match (&item.vehicle, rules.vehicle) {
        (Vehicle::Plate(plate), VehicleRule::PlateRequired | VehicleRule::PlateOptional) => {
            assert!((1..=16).contains(&plate.as_str().chars().count()));
        }
        (Vehicle::Device(device), VehicleRule::DeviceRequired) => {
            assert!((1..=200).contains(&device.as_str().chars().count()));
        }
        (Vehicle::None, VehicleRule::PlateOptional) => {}
        (vehicle, rule) => panic!("{vehicle:?} under {rule:?}"),
    }
    assert_eq!(item.api_type.map(|code| code.group()), rules.api_type.then_some(group));
}

/// -160 or -170, and the message names the member.
fn is_of_a_field(error: &ApiError) {
    match error {
        ApiError::InvalidParameter { field, .. } | ApiError::MissingParameter { field } => {
            assert!(error.message().contains(field.as_str()));
        }
        other => panic!("{other}"),
    }
}
