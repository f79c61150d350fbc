//! The decrypted requests as schemas. What differs between sectors is read from [`Sector::rules`].

use rims_protocol::Sector;
use rims_protocol::codes::{ApiTypeGroup, HistoryKind};
use rims_protocol::interface::Family;
use rims_protocol::sector::{DateRule, PeriodRule, SectorRules, VehicleRule};
use utoipa::openapi::schema::ArrayBuilder;
use utoipa::openapi::{ObjectBuilder, Ref};

use super::member::{Member, Row, object};
use super::members::sent;
use super::samples;
use super::text::both;

/// A request's schema, and that of an item where it has a list, by their names.
pub(super) fn schemas(name: &str, family: Family) -> Vec<(String, ObjectBuilder)> {
    let Some(rows) = rows(name, family) else { return Vec::new() };
    let text = both(
        "복호화한 요청. 누락(-170)이 형식 오류(-160)보다 먼저, 각각 이 순서로 답이 된다",
        "The decrypted request. What is missing (-170) answers before what is malformed (-160), each in this order.",
    );
    let request = object(rows).description(Some(text)).examples(samples::request(family));
    let mut schemas = vec![(request_name(name), request)];
    if let Family::Batch(sector) = family {
        schemas.push((item_name(name), object(item(sector.rules()))));
    }
    schemas
}

/// What the request of an operation is called among the components.
pub(super) fn request_name(name: &str) -> String {
    format!("{name}Request")
}

fn item_name(name: &str) -> String {
    format!("{name}Driver")
}

/// The members in the order of the interface's table; none where nothing is encrypted.
fn rows(name: &str, family: Family) -> Option<Vec<Row>> {
    Some(match family {
        Family::Token | Family::User => return None,
        Family::Single(sector) => single(sector.rules()),
        Family::Batch(sector) => batch(name, sector.rules()),
        Family::RentalConfirm => decided(sent::ONE_WAY.optional()),
        Family::Schedule => decided(sent::RECURRENCE.required()),
        Family::Anomaly => vec![sent::LICENCE_NUMBER.required()],
        Family::Number(sector) => number(sector.rules()),
        Family::Result(sector) => result(sector),
        Family::RentalHistory => history(HistoryKind::Rentals),
        Family::ScheduleHistory => history(HistoryKind::Schedules),
    })
}

/// §4.2.1.4, §4.3.1.4, §4.4.1.4, §4.5.1.4, §4.6.1.4.
fn single(rules: &SectorRules) -> Vec<Row> {
    let driver = match rules.vehicle {
        VehicleRule::DeviceRequired => device_first(rules),
        rule => driver(rule, rules.dates),
    };
    let bizinfo = [sent::BIZINFO.optional()];
    bizinfo.into_iter().chain(driver).chain(api_type(rules, ApiTypeGroup::Single)).collect()
}

/// §4.2.2.4, §4.3.2.4, §4.4.2.4, §4.5.2.4, §4.6.2.4.
fn batch(name: &str, rules: &SectorRules) -> Vec<Row> {
    const LIMIT: usize = 1000;
    let list = ArrayBuilder::new()
        .items(Ref::from_schema_name(item_name(name)))
        .min_items(Some(1))
        .max_items(Some(LIMIT))
        .description(Some(both("요청리스트 (§4.2.2.4)", "the drivers")));
    let rows = [sent::COUNT.required(), sent::BIZINFO.optional(), Row::part("requestList", list)];
    rows.into_iter().chain(api_type(rules, ApiTypeGroup::Batch)).collect()
}

fn item(rules: &SectorRules) -> Vec<Row> {
    driver(rules.vehicle, rules.dates).into_iter().chain(api_type(rules, ApiTypeGroup::Batch)).collect()
}

/// A driver with a decided vehicle, after a member of the interface's own (§4.2.3.4, §4.2.4.4).
fn decided(own: Row) -> Vec<Row> {
    let driver = driver(VehicleRule::DecidedPlateRequired, DateRule::Required);
    [sent::BIZINFO.optional(), own].into_iter().chain(driver).collect()
}

/// The order of every table but §4.4.1.4's.
fn driver(rule: VehicleRule, dates: DateRule) -> Vec<Row> {
    let licence =
        [sent::LICENCE_NUMBER.required(), sent::LICENCE_NAME.required(), sent::LICENCE_CLASS.required()];
    licence.into_iter().chain(period(PeriodRule::verification(dates))).chain(vehicle(rule)).collect()
}

/// The order of §4.4.1.4: the device first, the licence number last.
fn device_first(rules: &SectorRules) -> Vec<Row> {
    let (name, class) = (sent::LICENCE_NAME.required(), sent::LICENCE_CLASS.required());
    let period = period(PeriodRule::verification(rules.dates));
    let number = sent::LICENCE_NUMBER.required();
    vehicle(rules.vehicle).into_iter().chain([name, class]).chain(period).chain([number]).collect()
}

/// §4.2.6.4, §4.3.3.4, §4.4.3.4, §4.5.2.11, §4.6.3.4.
fn number(rules: &SectorRules) -> Vec<Row> {
    let bizinfo = [sent::BIZINFO.optional()];
    let asked = period(rules.number.period).into_iter().chain(vehicle(rules.number.vehicle));
    bizinfo.into_iter().chain(asked).chain(api_type(rules, ApiTypeGroup::Number)).collect()
}

/// §4.2.7.4, §4.3.4.4, §4.4.4.5, §4.5.3.4, §4.6.4.4.
fn result(sector: Sector) -> Vec<Row> {
    vec![sent::number(sector).required(), sent::BIZINFO.optional()]
}

/// §4.2.8.4, §4.2.9.4.
fn history(kind: HistoryKind) -> Vec<Row> {
    let search = match kind {
        HistoryKind::Rentals => sent::RENTAL_SEARCH,
        HistoryKind::Schedules => sent::SCHEDULE_SEARCH,
    };
    vec![
        sent::SEARCH_FROM.required(),
        sent::SEARCH_TO.required(),
        sent::SEARCHED_PLATE.optional(),
        sent::SEARCHED_COMPANY.optional(),
        sent::PAGE.required(),
        sent::ROWS.required(),
        search.optional(),
        sent::BIZINFO.optional(),
    ]
}

fn vehicle(rule: VehicleRule) -> Option<Row> {
    match rule {
        VehicleRule::PlateRequired => Some(sent::PLATE.required()),
        VehicleRule::DecidedPlateRequired => Some(sent::DECIDED_PLATE.required()),
        VehicleRule::PlateOptional => Some(sent::PLATE.optional()),
        VehicleRule::DeviceRequired => Some(sent::DEVICE.required()),
        VehicleRule::NotRead => None,
    }
}

fn period(rule: PeriodRule) -> [Row; 2] {
    [sent::day(rule.from), sent::day(rule.to)].map(|day| match rule.dates {
        DateRule::Required => day.required(),
        DateRule::Optional => day.optional(),
    })
}

fn api_type(rules: &SectorRules, group: ApiTypeGroup) -> Option<Row> {
    let member = match group {
        ApiTypeGroup::Single => sent::SINGLE_TYPE,
        ApiTypeGroup::Batch => sent::BATCH_TYPE,
        ApiTypeGroup::Number => sent::NUMBER_TYPE,
    };
    rules.api_type.then(|| Member::optional(member))
}
