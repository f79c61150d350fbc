use std::fmt;

use bon::Builder;
use jiff::civil::Date;
use rims_protocol::codes::{ApiType, ApiTypeGroup, LicenceClass};
use rims_protocol::messages::VerifyItem;
use rims_protocol::sector::{DateRule, PeriodRule, VehicleRule};
use rims_protocol::values::{LicenceNumber, PersonName};
use rims_protocol::{ApiError, Sector};

use super::{api_type, period, vehicle};

/// A driver to verify. What a sector requires is checked when it is sent, before anything leaves the machine.
///
/// ```
/// use rims_client::codes::LicenceClass;
/// use rims_client::values::{LicenceNumber, PersonName};
/// use rims_client::{Malformed, VerifyRequest};
///
/// let driver = VerifyRequest::builder()
///     .licence_number(LicenceNumber::parse("제주 12-121212-12")?)
///     .name(PersonName::parse("홍길동")?)
///     .class(LicenceClass::Class1Regular)
///     .vehicle("67라6767")
///     .build();
/// assert!(!format!("{driver:?}").contains("홍길동"));
/// # Ok::<(), Malformed>(())
/// ```
#[derive(Clone, PartialEq, Eq, Builder)]
pub struct VerifyRequest {
    /// `f_license_no`.
    licence_number: LicenceNumber,
    /// `f_resident_name`, as on the licence.
    name: PersonName,
    /// `f_licn_con_code` (table 5.4).
    class: LicenceClass,
    /// The first day, in Asia/Seoul. Required for car rental and delivery; elsewhere today without it.
    from: Option<Date>,
    /// The last day. Required for car rental and delivery; elsewhere the day after the first without it.
    to: Option<Date>,
    /// `vhcl_reg_no`: the plate, or the id of a scooter.
    #[builder(into)]
    vehicle: Option<String>,
    /// `com_api_type` (table 5.12), in the general sector.
    api_type: Option<ApiType>,
}

impl VerifyRequest {
    /// The item of a single or batch verification.
    pub(crate) fn item(
        &self,
        sector: Sector,
        group: ApiTypeGroup,
        today: Date,
    ) -> Result<VerifyItem, ApiError> {
        let rules = sector.rules();
        let item = self.checked(rules.vehicle, rules.dates, today)?;
        Ok(VerifyItem { api_type: api_type(sector, self.api_type, group)?, ..item })
    }

    /// The item of a confirmation or reservation: the vehicle must be decided (§4.2.3.4).
    pub(crate) fn decided_item(&self, today: Date) -> Result<VerifyItem, ApiError> {
        self.checked(VehicleRule::DecidedPlateRequired, DateRule::Required, today)
    }

    /// In the tables' order, so that the first fault is the one that a server would name.
    fn checked(
        &self,
        vehicle_rule: VehicleRule,
        dates: DateRule,
        today: Date,
    ) -> Result<VerifyItem, ApiError> {
        let period = period(PeriodRule::verification(dates), self.from, self.to, today)?;
        Ok(VerifyItem {
            licence_number: self.licence_number.clone(),
            name: self.name.clone(),
            class: self.class,
            period,
            vehicle: vehicle(vehicle_rule, self.vehicle.as_deref())?,
            api_type: None,
        })
    }
}

impl fmt::Debug for VerifyRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyRequest")
            .field("class", &self.class)
            .field("from", &self.from)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;
    use rims_protocol::json::Members;
    use rims_protocol::messages::{ConfirmRequest, SingleRequest};

    use super::*;

    const TODAY: Date = date(2025, 10, 23);

    fn members(item: &VerifyItem) -> Members {
        let single = SingleRequest { bizinfo: None, item: item.clone() };
        serde_json::from_value(serde_json::to_value(single.members()).unwrap()).unwrap()
    }

    fn any_driver() -> impl Strategy<Value = VerifyRequest> {
        let day = || {
            prop::option::of((-2i64..40).prop_map(|days| TODAY.saturating_add(jiff::Span::new().days(days))))
        };
        let vehicle =
            prop::option::of(prop_oneof![Just("99임9999".to_owned()), "\\PC{0,18}", Just(" ".to_owned())]);
        let api_type = prop::option::of(prop::sample::select(ApiType::ALL));
        (day(), day(), vehicle, api_type).prop_map(|(from, to, vehicle, api_type)| {
            VerifyRequest::builder()
                .licence_number(LicenceNumber::parse("221212121212").unwrap())
                .name(PersonName::parse("홍길동").unwrap())
                .class(LicenceClass::Class1Regular)
                .maybe_from(from)
                .maybe_to(to)
                .maybe_vehicle(vehicle)
                .maybe_api_type(api_type)
                .build()
        })
    }

    proptest! {
        /// What leaves the machine is what a server reads; what it would refuse never leaves.
        #[test]
        fn a_server_reads_what_was_checked(driver in any_driver(), index in 0usize..5) {
            let sector = Sector::ALL[index];
            if let Ok(item) = driver.item(sector, ApiTypeGroup::Single, TODAY) {
                let read = SingleRequest::read(&members(&item), sector, TODAY).unwrap();
                prop_assert_eq!(read.item, item);
            }
            if let Ok(item) = driver.decided_item(TODAY) {
                let read = ConfirmRequest::read(&members(&item), TODAY).unwrap();
                prop_assert_eq!(read.item, item);
            }
        }
    }

    fn driver() -> VerifyRequest {
        VerifyRequest::builder()
            .licence_number(LicenceNumber::parse("221212121212").unwrap())
            .name(PersonName::parse("홍길동").unwrap())
            .class(LicenceClass::Class1Regular)
            .build()
    }

    fn fault(driver: &VerifyRequest, sector: Sector) -> String {
        driver.item(sector, ApiTypeGroup::Single, TODAY).unwrap_err().to_string()
    }

    #[test]
    fn each_sector_names_what_it_misses() {
        assert!(fault(&driver(), Sector::Rental).contains("-170"));
        assert!(fault(&driver(), Sector::Rental).contains("f_from_date"));
        assert!(fault(&driver(), Sector::PersonalMobility).contains("vhcl_reg_no"));
        assert!(driver().item(Sector::Chauffeur, ApiTypeGroup::Single, TODAY).is_ok());
        let past = VerifyRequest { from: Some(date(2025, 10, 22)), ..driver() };
        assert!(fault(&past, Sector::Chauffeur).contains("-160 "));
        let batch_type = VerifyRequest { api_type: Some(ApiType::BatchGeneral), ..driver() };
        assert!(fault(&batch_type, Sector::General).contains("com_api_type"));
    }

    #[test]
    fn a_rental_may_be_confirmed_of_a_decided_plate_only() {
        let days = VerifyRequest { from: Some(TODAY), to: Some(TODAY), ..driver() };
        let temporary = VerifyRequest { vehicle: Some("99임9999".to_owned()), ..days };
        assert!(temporary.item(Sector::Rental, ApiTypeGroup::Single, TODAY).is_ok());
        assert!(temporary.decided_item(TODAY).unwrap_err().to_string().contains("vhcl_reg_no"));
    }
}
