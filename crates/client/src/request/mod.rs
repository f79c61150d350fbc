//! What is asked, before a sector's rules decide what must be there.

mod history;
mod number;
mod verify;

pub use history::HistoryQuery;
pub use number::NumberRequest;
pub use verify::VerifyRequest;

use jiff::civil::Date;
use rims_protocol::codes::{ApiType, ApiTypeGroup};
use rims_protocol::sector::{DateRule, PeriodRule, VehicleRule};
use rims_protocol::values::{DeviceId, Malformed, Period, Plate, Vehicle};
use rims_protocol::{ApiError, Sector};

/// `vhcl_reg_no` by the rule of an interface.
fn vehicle(rule: VehicleRule, text: Option<&str>) -> Result<Vehicle, ApiError> {
    const NAME: &str = "vhcl_reg_no";
    let broken = |rule: Malformed| ApiError::invalid(NAME, rule.0);
    let given = text.filter(|text| !text.trim().is_empty());
    let required = || given.ok_or_else(|| ApiError::missing(NAME));
    match rule {
        VehicleRule::PlateRequired => Plate::parse(required()?).map(Vehicle::Plate).map_err(broken),
        VehicleRule::DecidedPlateRequired => {
            Plate::parse_decided(required()?).map(Vehicle::Plate).map_err(broken)
        }
        VehicleRule::DeviceRequired => DeviceId::parse(required()?).map(Vehicle::Device).map_err(broken),
        VehicleRule::PlateOptional => {
            given.map_or(Ok(Vehicle::None), |text| Plate::parse(text).map(Vehicle::Plate).map_err(broken))
        }
        VehicleRule::NotRead => Ok(Vehicle::None),
    }
}

/// `com_api_type` of the group that an interface takes, in the one sector that has it (§4.6).
fn api_type(
    sector: Sector,
    given: Option<ApiType>,
    group: ApiTypeGroup,
) -> Result<Option<ApiType>, ApiError> {
    if !sector.rules().api_type {
        return Ok(None);
    }
    let api_type = given.unwrap_or(group.default_type());
    if api_type.group() == group {
        Ok(Some(api_type))
    } else {
        Err(ApiError::invalid("com_api_type", "이 인터페이스의 범용 API 유형 코드가 아닙니다"))
    }
}

/// The days by the rule of an interface.
fn period(rule: PeriodRule, from: Option<Date>, to: Option<Date>, today: Date) -> Result<Period, ApiError> {
    let (from, to) = match rule.dates {
        DateRule::Required => {
            (from.ok_or_else(|| ApiError::missing(rule.from))?, to.ok_or_else(|| ApiError::missing(rule.to))?)
        }
        DateRule::Optional => Period::fill(from, to, today),
    };
    Period::check_from(from, today).map_err(|broken| ApiError::invalid(rule.from, broken.0))?;
    let period = Period::check_to(to, today).and_then(|()| Period::new(from, to));
    period.map_err(|broken| ApiError::invalid(rule.to, broken.0))
}
