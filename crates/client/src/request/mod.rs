//! What is asked, before a sector's rules decide what must be there.

mod history;
mod number;
mod verify;

pub use history::HistoryQuery;
pub use number::NumberRequest;
pub use verify::VerifyRequest;

use jiff::civil::Date;
use rims_protocol::ApiError;
use rims_protocol::sector::{DateRule, PeriodRule, VehicleRule};
use rims_protocol::values::{DeviceId, Malformed, Period, Plate, Vehicle};

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

/// The days by the rule of an interface.
fn period(rule: PeriodRule, from: Option<Date>, to: Option<Date>, today: Date) -> Result<Period, ApiError> {
    let (from, to) = match rule.dates {
        DateRule::Required => {
            (from.ok_or_else(|| ApiError::missing(rule.from))?, to.ok_or_else(|| ApiError::missing(rule.to))?)
        }
        DateRule::Optional => Period::fill(from, to, today),
    };
    Period::check_from(from, today).map_err(|broken| ApiError::invalid(rule.from, broken.0))?;
    Period::new(from, to).map_err(|broken| ApiError::invalid(rule.to, broken.0))
}
