use std::fmt;

use bon::Builder;
use jiff::civil::Date;
use rims_protocol::codes::{ApiType, ApiTypeGroup};
use rims_protocol::messages;
use rims_protocol::values::UserId;
use rims_protocol::{ApiError, Sector};

use super::{api_type, period, vehicle};

/// A number for a remote (비대면) verification (§4.2.6.4 and its siblings).
///
/// Car rental needs both days and a decided plate, scooters their id; the other sectors need nothing.
#[derive(Clone, Default, PartialEq, Eq, Builder)]
pub struct NumberRequest {
    /// The first day, in Asia/Seoul.
    from: Option<Date>,
    /// The last day: until then the driver can use the number.
    to: Option<Date>,
    /// `vhcl_reg_no`: the plate, or the id of a scooter.
    #[builder(into)]
    vehicle: Option<String>,
    /// `com_api_type` (table 5.12, `G..`), in the general sector.
    api_type: Option<ApiType>,
}

impl NumberRequest {
    pub(crate) fn checked(
        &self,
        sector: Sector,
        bizinfo: Option<UserId>,
        today: Date,
    ) -> Result<messages::NumberRequest, ApiError> {
        let rules = sector.rules();
        let period = period(rules.number.period, self.from, self.to, today)?;
        let vehicle = vehicle(rules.number.vehicle, self.vehicle.as_deref())?;
        let api_type = api_type(sector, self.api_type, ApiTypeGroup::Number)?;
        Ok(messages::NumberRequest { bizinfo, period, vehicle, api_type })
    }
}

impl fmt::Debug for NumberRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NumberRequest")
            .field("from", &self.from)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2025, 10, 23);

    #[test]
    fn only_car_rental_and_scooters_need_anything() {
        let nothing = NumberRequest::default();
        for sector in [Sector::Delivery, Sector::Chauffeur, Sector::General] {
            assert!(nothing.checked(sector, None, TODAY).is_ok(), "{sector}");
        }
        for (sector, member) in [(Sector::Rental, "rent_bgng_dt"), (Sector::PersonalMobility, "vhcl_reg_no")]
        {
            let missing = nothing.checked(sector, None, TODAY).unwrap_err();
            assert_eq!(missing, ApiError::missing(member));
        }
        let single = NumberRequest { api_type: Some(ApiType::SingleGeneral), ..nothing };
        assert!(single.checked(Sector::General, None, TODAY).is_err());
        assert_eq!(single.checked(Sector::Delivery, None, TODAY).unwrap().api_type, None);
    }
}
