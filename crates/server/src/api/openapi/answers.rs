//! The answers as schemas. Where `vhcl_idnty_cd` appears is read from [`IdentityShown`].
//!
//! [`IdentityShown`]: rims_protocol::sector::IdentityShown

use rims_protocol::Sector;
use rims_protocol::interface::Family;
use serde_json::Value;
use utoipa::openapi::schema::ArrayBuilder;
use utoipa::openapi::{Object, ObjectBuilder, Ref};

use super::codes::RESPONSE_CODE;
use super::member::{Member, Row, object, or_null};
use super::members::{answered, history, number, sent};
use super::samples;
use super::text::both;

/// An error of table 5.1, which any interface may answer.
pub(super) const ERROR: &str = "Error";
/// KOROAD did not do it (table 5.3): a header alone.
pub(super) const REFUSED: &str = "Refused";
const HEADER: &str = "VerificationHeader";
const REFUSED_HEADER: &str = "RefusedHeader";

/// A named schema of what an interface answers.
pub(super) struct Answer {
    pub(super) name: String,
    pub(super) schema: Object,
    pub(super) example: Option<Value>,
}

fn answer(name: String, schema: ObjectBuilder, example: Option<Value>) -> Answer {
    let schema = schema.examples(example.clone()).build();
    Answer { name, schema, example }
}

/// What an interface may answer instead of an error; each excludes the others.
pub(super) fn alternatives(name: &str, family: Family) -> Vec<Answer> {
    let sample = samples::answer(family);
    let done = |schema| answer(format!("{name}Answer"), schema, sample.clone());
    match family {
        Family::Token => Vec::new(),
        Family::User => vec![registered(sample.clone()), unregistered()],
        Family::Single(sector) => vec![done(verified(sector.rules().identity.single)), refused()],
        Family::Batch(sector) => vec![done(batch(sector.rules().identity.batch)), refused()],
        Family::RentalConfirm => vec![done(verified(true)), refused()],
        Family::Schedule => vec![done(scheduled()), not_scheduled(name)],
        Family::Anomaly => vec![done(object([answered::RENTALS.required()]))],
        Family::Number(sector) => vec![done(object([number(sector).required()]))],
        Family::Result(sector) => vec![done(result(sector)), no_result(name, sector)],
        Family::RentalHistory => vec![done(page(rental_row()))],
        Family::ScheduleHistory => vec![done(page(schedule_row()))],
    }
}

/// What several answers are made of.
pub(super) fn parts() -> [(&'static str, Object); 3] {
    let done = [answered::MESSAGE, answered::REQUEST_DATE, answered::DONE, answered::COUNT];
    let refused = [answered::MESSAGE, answered::REQUEST_DATE, answered::REFUSED, answered::COUNT];
    let error =
        [Row::part("respCode", Ref::from_schema_name(RESPONSE_CODE)), answered::ERROR_MESSAGE.required()];
    let text = both("오류 (§4.7). HTTP 200으로 온다", "An error. It comes as HTTP 200.");
    [
        (HEADER, object(done.map(Member::required)).build()),
        (REFUSED_HEADER, object(refused.map(Member::required)).build()),
        (ERROR, object(error).description(Some(text)).examples(samples::errors()).build()),
    ]
}

/// §4.2.1.6.
fn verified(with_vehicle: bool) -> ObjectBuilder {
    object([header(HEADER), Row::part("body", object(driver(with_vehicle)))])
}

/// §4.2.2.6: the drivers in the order asked.
fn batch(with_vehicle: bool) -> ObjectBuilder {
    let drivers = ArrayBuilder::new().items(object(driver(with_vehicle))).min_items(Some(1));
    object([header(HEADER), Row::part("body", drivers)])
}

fn driver(with_vehicle: bool) -> Vec<Row> {
    let identity = with_vehicle.then(|| answered::VEHICLE_IDENTITY.required());
    let driver = [answered::RESULT.required(), answered::MASKED_LICENCE.required()];
    identity.into_iter().chain(driver).collect()
}

fn header(component: &str) -> Row {
    Row::part("header", Ref::from_schema_name(component))
}

fn refused() -> Answer {
    let text = both(
        "도로교통공단이 처리하지 않았다: header만 있고 body는 없다 (§4.2.1.6, 표 5.3)",
        "KOROAD did not do it: a header and no body (table 5.3).",
    );
    let schema = object([header(REFUSED_HEADER)]).description(Some(text));
    answer(REFUSED.to_owned(), schema, Some(samples::refused()))
}

/// §4.2.4.6: `repeat_status` stands beside header and body.
fn scheduled() -> ObjectBuilder {
    object([header(HEADER), Row::part("body", object(driver(true))), answered::REPEAT_STATUS.required()])
}

fn not_scheduled(name: &str) -> Answer {
    let schema = object([header(REFUSED_HEADER), answered::REPEAT_STATUS.required()]);
    answer(format!("{name}Refused"), schema, Some(samples::not_scheduled()))
}

/// §4.2.7.6.
fn result(sector: Sector) -> ObjectBuilder {
    let identity = sector.rules().identity.result.then(|| answered::VEHICLE_IDENTITY.required());
    let scores = [
        answered::RESULT,
        answered::FACE_SIMILARITY,
        answered::FACE_LIVENESS,
        answered::ORIGINAL,
        answered::PHOTO_CHECK,
    ];
    let body = identity.into_iter().chain(scores.map(Member::required));
    let header = object(result_header(sector, answered::DONE));
    object([Row::part("header", header), Row::part("body", object(body))])
}

fn no_result(name: &str, sector: Sector) -> Answer {
    let header = result_header(sector, answered::REFUSED).into_iter().chain([answered::MESSAGE.required()]);
    let schema = object([Row::part("header", object(header))]);
    answer(format!("{name}Refused"), schema, Some(samples::no_result(sector)))
}

fn result_header(sector: Sector, code: Member) -> [Row; 4] {
    [number(sector), code, answered::REQUEST_DATE, answered::COUNT].map(Member::required)
}

/// §4.2.8.6.1, §4.2.9.6.1.
fn page(row: ObjectBuilder) -> ObjectBuilder {
    let counts = [history::PAGE, history::ROWS, history::TOTAL].map(Member::required);
    object([Row::part("data", ArrayBuilder::new().items(row))].into_iter().chain(counts))
}

fn rental_row() -> ObjectBuilder {
    let text = both("검증. 아직 없으면 null", "The verification; null until there is one.");
    let checked = object([history::ASKED_AT, answered::RESULT].map(Member::required));
    let checked = or_null(checked.description(Some(text)).build());
    let members = [
        history::COMPANY,
        history::NUMBER,
        history::PLATE,
        history::RENT_FROM,
        history::RENT_TO,
        history::RENTAL_STATUS,
        history::REGISTERED_AT,
        history::LICENCE_KIND,
    ];
    object(members.map(Member::required).into_iter().chain([Row::part("verification_info", checked)]))
}

fn schedule_row() -> ObjectBuilder {
    let members = [
        history::COMPANY,
        history::NUMBER,
        history::PLATE,
        answered::MASKED_LICENCE,
        history::LICENCE_CLASS,
        history::RECURRENCE,
        history::SCHEDULE_FROM,
        history::SCHEDULE_TO,
        history::LAST_RESULT,
        history::LAST_DAY,
        history::NEXT_DAY,
        history::REGISTRANT,
        history::DRIVER,
        history::REGISTERED_AT,
    ];
    object(members.map(Member::required))
}

/// §4.1.2.5.
fn registered(sample: Option<Value>) -> Answer {
    let members = [
        answered::APPROVAL,
        answered::ACCOUNT_STATUS,
        sent::USER_ID,
        answered::REGISTERED,
        sent::BUSINESS_NUMBER,
    ];
    answer("RegisteredUser".to_owned(), object(members.map(Member::required)), sample)
}

fn unregistered() -> Answer {
    let members = [sent::USER_ID, answered::UNREGISTERED, sent::BUSINESS_NUMBER];
    let schema = object(members.map(Member::required));
    answer("UnregisteredUser".to_owned(), schema, Some(samples::unregistered()))
}
