//! The OpenAPI document beside the server: the same interfaces, members, orders, verdicts and answers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};
use rims_protocol::ApiError;
use rims_protocol::codes::HistoryKind;
use rims_protocol::interface::{Family, INTERFACES, Interface, Keys};
use rims_protocol::json::Members;
use rims_protocol::messages::{
    AnomalyRequest, BatchRequest, ConfirmRequest, HistoryRequest, NumberRequest, RequestTable, ResultRequest,
    ScheduleRequest, SingleRequest,
};
use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};

mod served;
mod verdicts;

use crate::documented::{self, BUILT, DOCUMENT, component, content, operation, posts, sample, validator};

/// No sample begins before this day.
const TODAY: Date = date(2024, 9, 26);

/// Reads a decrypted request as the server does.
fn read(interface: &Interface, request: &Value) -> Result<(), ApiError> {
    let members = &serde_json::from_value::<Members>(request.clone()).unwrap();
    match interface.family {
        Family::Single(sector) => SingleRequest::read(members, sector, TODAY).map(drop),
        Family::Batch(sector) => BatchRequest::read(members, sector, TODAY).map(drop),
        Family::RentalConfirm => ConfirmRequest::read(members, TODAY).map(drop),
        Family::Schedule => ScheduleRequest::read(members, TODAY).map(drop),
        Family::Anomaly => AnomalyRequest::read(members).map(drop),
        Family::Number(sector) => NumberRequest::read(members, sector, TODAY).map(drop),
        Family::Result(sector) => ResultRequest::read(members, sector).map(drop),
        Family::RentalHistory => HistoryRequest::read(members, HistoryKind::Rentals, TODAY).map(drop),
        Family::ScheduleHistory => HistoryRequest::read(members, HistoryKind::Schedules, TODAY).map(drop),
        Family::Token | Family::User => panic!("{} has no decrypted request", interface.path),
    }
}

/// A member of a decrypted request, or of the first item of its list.
struct Place {
    member: &'static str,
    /// As a JSON pointer.
    pointer: String,
    /// As an error names it.
    named: String,
    required: bool,
}

/// The members of an interface's decrypted request in the document's order, then those of an item.
fn places(interface: &Interface) -> Vec<Place> {
    let name = request_name(interface);
    let mut places = places_of(name, "/", "");
    if matches!(interface.family, Family::Batch(_)) {
        places.extend(places_of(&name.replace("Request", "Driver"), "/requestList/0/", "requestList[0]."));
    }
    places
}

fn places_of(schema: &str, pointer: &str, named: &str) -> Vec<Place> {
    let components = BUILT.components.as_ref().unwrap();
    let Some(RefOr::T(Schema::Object(object))) = components.schemas.get(schema) else {
        panic!("no {schema}")
    };
    let place = |member: &'static str| Place {
        member,
        pointer: format!("{pointer}{member}"),
        named: format!("{named}{member}"),
        required: object.required.iter().any(|required| required == member),
    };
    object.properties.keys().map(String::as_str).map(place).collect()
}

/// Puts a value in a place, which may have none yet.
fn set(request: &mut Value, place: &Place, value: Value) {
    let (parent, _) = place.pointer.rsplit_once('/').unwrap();
    request.pointer_mut(parent).unwrap()[place.member] = value;
}

fn request_name(interface: &Interface) -> &'static str {
    let body = content(&operation(interface)["requestBody"]);
    component(&body["schema"]["properties"]["encryptedData"]["contentSchema"])
}

#[test]
fn the_27_interfaces_and_nothing_more() {
    let mut expected: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for interface in &INTERFACES {
        expected.entry(interface.path).or_default().push(interface.method.as_str().to_lowercase());
    }
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let documented =
        paths.iter().map(|(path, item)| (path.as_str(), item.as_object().unwrap().keys().cloned().collect()));
    assert_eq!(documented.collect::<BTreeMap<&str, Vec<String>>>(), expected);
    let order: Vec<String> = BUILT.paths.paths.keys().cloned().collect();
    assert_eq!(order, INTERFACES.map(|interface| interface.path.to_owned()));
    let ids: BTreeSet<&str> =
        INTERFACES.iter().map(|interface| operation(interface)["operationId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), INTERFACES.len());
}

#[test]
fn who_may_use_an_interface_and_where_it_is_described() {
    let tags: Vec<&Value> = DOCUMENT["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    for interface in &INTERFACES {
        let keys = match interface.keys {
            Keys::DevelopmentAndOperations => json!(["development", "operations"]),
            Keys::OperationsOnly => json!(["operations"]),
        };
        let operation = operation(interface);
        assert_eq!(operation["x-rims"], json!({ "keys": keys, "section": interface.section }));
        assert!(operation["summary"].as_str().unwrap().starts_with(interface.korean), "{}", interface.path);
        let [tag] = operation["tags"].as_array().unwrap().as_slice() else { panic!("one tag") };
        assert!(tags.contains(&tag), "{tag}");
        let scheme = if interface.family == Family::Token { "authKey" } else { "token" };
        assert_eq!(operation["security"], json!([{ scheme: [] }]));
    }
}

#[test]
fn every_interface_has_its_statuses() {
    for interface in &INTERFACES {
        let responses = operation(interface)["responses"].as_object().unwrap();
        let documented: Vec<&str> = responses.keys().map(String::as_str).collect();
        let expected: &[&str] = match interface.family {
            Family::Token => &["200", "429", "500"],
            Family::User => &["200", "401", "429", "500"],
            _ => &["200", "401", "408", "413", "429", "500", "503"],
        };
        assert_eq!(documented, expected, "{}", interface.path);
    }
    assert!(DOCUMENT["components"]["responses"]["TooManyRequests"]["headers"]["Retry-After"].is_object());
}

#[test]
fn the_file_is_what_is_generated() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let generated = BUILT.to_pretty_json().unwrap() + "\n";
    let kept = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        kept == generated,
        "docs/openapi.json is not what the tables say; write it anew with\n\
         cargo run -p rims-server --example openapi > docs/openapi.json"
    );
}

#[test]
fn every_reference_leads_somewhere() {
    let mut count = 0;
    each_object(&DOCUMENT, &mut |object| {
        if let Some(Value::String(target)) = object.get("$ref") {
            count += 1;
            assert!(DOCUMENT.pointer(target.trim_start_matches('#')).is_some(), "{target}");
        }
    });
    assert!(count > 27);
}

#[test]
fn every_named_schema_is_used() {
    let mut used = BTreeSet::new();
    each_object(&DOCUMENT, &mut |object| {
        if let Some(Value::String(target)) = object.get("$ref") {
            used.insert(target.clone());
        }
    });
    for kind in ["schemas", "responses", "headers", "parameters"] {
        for name in DOCUMENT["components"][kind].as_object().unwrap().keys() {
            assert!(used.contains(&format!("#/components/{kind}/{name}")), "{kind} {name}");
        }
    }
}

/// Shows every object of a document but those that are examples.
fn each_object(value: &Value, show: &mut impl FnMut(&Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            show(members);
            let said = members.iter().filter(|(name, _)| !["example", "examples"].contains(&name.as_str()));
            said.for_each(|(_, member)| each_object(member, show));
        }
        Value::Array(items) => items.iter().for_each(|item| each_object(item, show)),
        _ => {}
    }
}

#[test]
fn every_example_is_valid() {
    let mut count = 0;
    each_object(&DOCUMENT, &mut |object| {
        for (schema, example) in examples(object) {
            count += 1;
            let schema = validator(&schema);
            let errors: Vec<String> = schema.iter_errors(&example).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{example}: {errors:?}");
        }
    });
    assert!(count > 100, "{count}");
}

/// The examples of a schema, or of a content with a schema.
fn examples(object: &Map<String, Value>) -> Vec<(Value, Value)> {
    let own = |example: &Value| (Value::Object(object.clone()), example.clone());
    let of_content = |example: &Value| (object["schema"].clone(), example.clone());
    match (object.get("examples"), object.get("example")) {
        (Some(Value::Array(examples)), _) => examples.iter().map(own).collect(),
        (Some(Value::Object(named)), _) => {
            named.values().map(|example| of_content(&example["value"])).collect()
        }
        (_, Some(example)) => vec![of_content(example)],
        _ => Vec::new(),
    }
}

/// The sealed examples open under the specification's own key (§6) into the plain ones.
#[test]
fn the_sealed_examples_are_the_samples() {
    let secret = rims_protocol::SecretKey::new("1234b0842f2848c090a0835c6e7ac599");
    for interface in posts() {
        let sealed = &content(&operation(interface)["requestBody"])["example"]["encryptedData"];
        let opened = secret.open(sealed.as_str().unwrap()).unwrap();
        let opened: Value = serde_json::from_slice(&opened).unwrap();
        assert_eq!(opened, sample(interface), "{}", interface.path);
        assert_eq!(read(interface, &opened), Ok(()), "{}", interface.path);
    }
}

/// What is kept of a request is what the document has, in no less and no more members.
#[test]
fn a_request_keeps_the_documents_members() {
    let mut compared = 0;
    for interface in posts() {
        let table = RequestTable::of(interface.family);
        let kept: BTreeSet<String> = table.members.iter().map(|name| (*name).to_owned()).collect();
        let of_items = table.items.iter().map(|name| format!("requestList[0].{name}"));
        let documented: BTreeSet<String> = places(interface).into_iter().map(|place| place.named).collect();
        assert_eq!(
            kept.into_iter().chain(of_items).collect::<BTreeSet<_>>(),
            documented,
            "{}",
            interface.path
        );
        compared += 1;
    }
    assert_eq!(compared, 25);
}

/// Members that are all of a wrong type are refused one after the other, in the order of the document.
#[test]
fn members_stand_in_the_order_in_which_they_are_read() {
    for interface in posts() {
        let (places, sample) = (places(interface), sample(interface));
        let mut wrong = sample.clone();
        let list = places.iter().find(|place| place.member == "requestList");
        for place in places.iter().filter(|place| place.member != "requestList") {
            set(&mut wrong, place, json!(true));
        }
        let mut request = wrong.clone();
        if let Some(list) = list {
            set(&mut request, list, json!(true));
        }
        let mut named = Vec::new();
        while let Err(error) = read(interface, &request) {
            let ApiError::InvalidParameter { field, .. } = error else { panic!("{error}") };
            let place = places.iter().find(|place| place.named == field).unwrap();
            let right = if place.member == "requestList" { &wrong } else { &sample };
            set(&mut request, place, right.pointer(&place.pointer).cloned().unwrap_or_default());
            named.push(field);
        }
        let expected: Vec<String> = places.into_iter().map(|place| place.named).collect();
        assert_eq!(named, expected, "{}", interface.path);
    }
}

/// A member that is null is missed if, and only if, the document requires it.
#[test]
fn members_are_required_where_they_are_missed() {
    for interface in posts() {
        for place in places(interface) {
            let mut request = sample(interface);
            set(&mut request, &place, Value::Null);
            let missed = match read(interface, &request) {
                Err(ApiError::MissingParameter { field }) => Some(field),
                _ => None,
            };
            assert_eq!(missed, place.required.then_some(place.named), "{}", interface.path);
        }
    }
}
