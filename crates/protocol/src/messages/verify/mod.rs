use jiff::civil::Date;
use serde::Serialize;

use crate::codes::{ApiType, ApiTypeGroup, LicenceClass, ResultCode};
use crate::fields::{Faults, Fields};
use crate::json::Members;
use crate::sector::{DateRule, PeriodRule, SectorRules, VehicleRule};
use crate::values::{
    DeviceId, LicenceNumber, Malformed, Period, PersonName, Plate, UserId, Vehicle, parse_compact,
};
use crate::{ApiError, Sector};

/// How many drivers one batch may carry (§4.2.2.4).
const BATCH_LIMIT: usize = 1000;

/// One driver to verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyItem {
    /// `f_license_no`.
    pub licence_number: LicenceNumber,
    /// `f_resident_name`.
    pub name: PersonName,
    /// `f_licn_con_code`.
    pub class: LicenceClass,
    /// `f_from_date` to `f_to_date`, filled in where the sector allows their absence.
    pub period: Period,
    /// `vhcl_reg_no`.
    pub vehicle: Vehicle,
    /// `com_api_type`, in the one sector that has it (§4.6).
    pub api_type: Option<ApiType>,
}

/// A single verification (§4.2.1.4, §4.3.1.4, §4.4.1.4, §4.5.1.4, §4.6.1.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleRequest {
    /// The company it is asked for, if not the caller's own.
    pub bizinfo: Option<UserId>,
    /// The driver.
    pub item: VerifyItem,
}

impl SingleRequest {
    /// Reads the decrypted members by the sector's table; the first fault in the order of docs/spec-decisions.md
    /// answers.
    pub fn read(members: &Members, sector: Sector, today: Date) -> Result<Self, ApiError> {
        let rules = sector.rules();
        let mut faults = Faults::default();
        let mut fields = Fields::of_request(members, &mut faults);
        let bizinfo = fields.optional("bizinfo", UserId::parse);
        let mut item = match rules.vehicle {
            VehicleRule::DeviceRequired => read_device_first(&mut fields, rules, today),
            rule => read_item(&mut fields, rule, rules.dates, today),
        };
        if rules.api_type {
            let api_type = read_api_type(&mut fields, ApiTypeGroup::Single);
            item = item.map(|item| item.with_default_api_type(api_type, ApiTypeGroup::Single));
        }
        faults.into_result(item.map(|item| Self { bizinfo, item }))
    }
}

/// Up to 1,000 drivers at once (§4.2.2.4, §4.3.2.4, §4.4.2.4, §4.5.2.4, §4.6.2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRequest {
    /// The company it is asked for, if not the caller's own.
    pub bizinfo: Option<UserId>,
    /// The drivers, in the order sent.
    pub items: Vec<VerifyItem>,
}

impl BatchRequest {
    /// Reads the decrypted members by the sector's table. The whole batch is checked before the first fault
    /// answers: missing members, then formats, then the count (-200).
    pub fn read(members: &Members, sector: Sector, today: Date) -> Result<Self, ApiError> {
        let rules = sector.rules();
        let mut faults = Faults::default();
        let mut fields = Fields::of_request(members, &mut faults);
        let count = fields.required("f_send_cnt", parse_count);
        let bizinfo = fields.optional("bizinfo", UserId::parse);
        let list = fields.required_array("requestList").unwrap_or_default();
        let of_batch = rules.api_type.then(|| read_api_type(&mut fields, ApiTypeGroup::Batch)).flatten();
        let items: Vec<VerifyItem> = list
            .iter()
            .enumerate()
            .filter_map(|(index, item)| {
                let mut fields = Fields::of_item(index, item, &mut faults)?;
                let item = read_item(&mut fields, rules.vehicle, rules.dates, today);
                if !rules.api_type {
                    return item;
                }
                let own = read_api_type(&mut fields, ApiTypeGroup::Batch);
                item.map(|item| item.with_default_api_type(own.or(of_batch), ApiTypeGroup::Batch))
            })
            .collect();
        match (faults.first(), count) {
            (None, Some(count)) if count == items.len() => Ok(Self { bizinfo, items }),
            (None, _) => Err(ApiError::ArraySize),
            (Some(fault), _) => Err(fault),
        }
    }
}

impl VerifyItem {
    fn with_default_api_type(self, api_type: Option<ApiType>, group: ApiTypeGroup) -> Self {
        Self { api_type: Some(api_type.unwrap_or(group.default_type())), ..self }
    }
}

/// The order of every table but §4.4.1.4's.
pub(super) fn read_item(
    fields: &mut Fields<'_, '_>,
    vehicle: VehicleRule,
    dates: DateRule,
    today: Date,
) -> Option<VerifyItem> {
    let licence_number = fields.required("f_license_no", LicenceNumber::parse_wire);
    let name = fields.required("f_resident_name", PersonName::parse);
    let class = fields.required("f_licn_con_code", parse_class);
    let period = read_period(fields, PeriodRule::verification(dates), today);
    let vehicle = read_vehicle(fields, vehicle);
    let (licence_number, name, class) = (licence_number?, name?, class?);
    Some(VerifyItem { licence_number, name, class, period: period?, vehicle: vehicle?, api_type: None })
}

/// The order of §4.4.1.4: the device first, the licence number last.
fn read_device_first(fields: &mut Fields<'_, '_>, rules: &SectorRules, today: Date) -> Option<VerifyItem> {
    let vehicle = read_vehicle(fields, rules.vehicle);
    let name = fields.required("f_resident_name", PersonName::parse);
    let class = fields.required("f_licn_con_code", parse_class);
    let period = read_period(fields, PeriodRule::verification(rules.dates), today);
    let licence_number = fields.required("f_license_no", LicenceNumber::parse_wire);
    let (licence_number, name, class) = (licence_number?, name?, class?);
    Some(VerifyItem { licence_number, name, class, period: period?, vehicle: vehicle?, api_type: None })
}

pub(super) fn read_vehicle(fields: &mut Fields<'_, '_>, rule: VehicleRule) -> Option<Vehicle> {
    const NAME: &str = "vhcl_reg_no";
    match rule {
        VehicleRule::PlateRequired => fields.required(NAME, Plate::parse).map(Vehicle::Plate),
        VehicleRule::DecidedPlateRequired => fields.required(NAME, Plate::parse_decided).map(Vehicle::Plate),
        VehicleRule::PlateOptional => {
            Some(fields.optional(NAME, Plate::parse).map_or(Vehicle::None, Vehicle::Plate))
        }
        VehicleRule::DeviceRequired => fields.required(NAME, DeviceId::parse).map(Vehicle::Device),
        VehicleRule::NotRead => Some(Vehicle::None),
    }
}

pub(super) fn read_period(fields: &mut Fields<'_, '_>, rule: PeriodRule, today: Date) -> Option<Period> {
    let not_past = |text: &str| {
        let from = parse_compact(text)?;
        Period::check_from(from, today).map(|()| from)
    };
    let (from, to) = match rule.dates {
        DateRule::Required => {
            let from = fields.required(rule.from, not_past);
            let to = fields.required(rule.to, parse_compact);
            (from?, to?)
        }
        DateRule::Optional => {
            let from = fields.optional(rule.from, not_past);
            let to = fields.optional(rule.to, parse_compact);
            Period::fill(from, to, today)
        }
    };
    let period = Period::check_to(to, today).and_then(|()| Period::new(from, to));
    period.map_err(|broken| fields.malformed(rule.to, broken)).ok()
}

pub(super) fn read_api_type(fields: &mut Fields<'_, '_>, group: ApiTypeGroup) -> Option<ApiType> {
    fields.optional("com_api_type", |code| {
        group.parse(code).ok_or(Malformed("이 인터페이스의 범용 API 유형 코드가 아닙니다"))
    })
}

fn parse_class(code: &str) -> Result<LicenceClass, Malformed> {
    LicenceClass::from_code(code).ok_or(Malformed("면허 종별 코드표에 없는 코드입니다"))
}

fn parse_count(text: &str) -> Result<usize, Malformed> {
    const RULE: Malformed = Malformed("1 이상 1000 이하의 숫자여야 합니다");
    let digits = text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    let count = digits.then(|| text.parse().ok()).flatten().ok_or(RULE)?;
    if (1..=BATCH_LIMIT).contains(&count) { Ok(count) } else { Err(RULE) }
}

/// What an answer says about one driver (§4.2.1.6.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemAnswer {
    /// 차량확인코드, only in the interfaces that show it ([`crate::sector::IdentityShown`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vhcl_idnty_cd: Option<&'static str>,
    /// 검증결과코드 (table 5.2).
    pub f_rtn_code: ResultCode,
    /// The masked licence number.
    pub f_license_no: String,
}

#[cfg(test)]
mod tests;
