use jiff::civil::Date;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::verify::{read_api_type, read_period, read_vehicle};
use crate::codes::{ApiType, ApiTypeGroup};
use crate::fields::{Faults, Fields};
use crate::json::Members;
use crate::values::{Period, RemoteNumber, UserId, Vehicle};
use crate::{ApiError, Sector};

/// A number to generate for a remote verification (§4.2.6.4, §4.3.3.4, §4.4.3.4, §4.5.2.11, §4.6.3.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberRequest {
    /// The company it is asked for, if not the caller's own.
    pub bizinfo: Option<UserId>,
    /// The rental's or the verification's days, filled in where the sector allows their absence.
    pub period: Period,
    /// `vhcl_reg_no`, where the sector's table has it.
    pub vehicle: Vehicle,
    /// `com_api_type`, in the one sector that has it (§4.6.3.4).
    pub api_type: Option<ApiType>,
}

impl NumberRequest {
    /// Reads the decrypted members by the sector's table.
    pub fn read(members: &Members, sector: Sector, today: Date) -> Result<Self, ApiError> {
        const GROUP: ApiTypeGroup = ApiTypeGroup::Number;
        let rules = sector.rules();
        let mut faults = Faults::default();
        let mut fields = Fields::of_request(members, &mut faults);
        let bizinfo = fields.optional("bizinfo", UserId::parse);
        let period = read_period(&mut fields, rules.number.period, today);
        let vehicle = read_vehicle(&mut fields, rules.number.vehicle);
        let api_type =
            rules.api_type.then(|| read_api_type(&mut fields, GROUP).unwrap_or(GROUP.default_type()));
        let request =
            period.zip(vehicle).map(|(period, vehicle)| Self { bizinfo, period, vehicle, api_type });
        faults.into_result(request)
    }
}

/// The answer of §4.2.6.5 and its siblings: the number as `rent_no` or `vrfc_no`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberAnswer(pub RemoteNumber);

impl Serialize for NumberAnswer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut answer = serializer.serialize_map(Some(1))?;
        answer.serialize_entry(self.0.kind().member(), &self.0)?;
        answer.end()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::messages::testing::{changed, fault, members, missing_in_order, with};
    use crate::values::{DeviceId, Plate, TEMPORARY_PLATE};

    const TODAY: Date = date(2024, 9, 26);
    const END: Date = date(2025, 9, 25);

    fn rental_sample() -> Value {
        json!({
            "bizinfo": "asdf12341...",
            "vhcl_reg_no": "12하1234",
            "rent_bgng_dt": "20240926",
            "rent_end_dt": "20250925",
        })
    }

    /// The samples of the other sectors; a member that a sector's table lacks is not read.
    fn sample() -> Value {
        json!({
            "bizinfo": "asdf12341...",
            "vhcl_reg_no": "pm_id3",
            "f_from_date": "20240926",
            "f_to_date": "20250925",
            "com_api_type": "G00",
        })
    }

    fn sample_of(sector: Sector) -> Value {
        if sector == Sector::Rental { rental_sample() } else { sample() }
    }

    fn read(sector: Sector, value: Value) -> Result<NumberRequest, ApiError> {
        NumberRequest::read(&members(value), sector, TODAY)
    }

    #[test]
    fn every_sector_reads_its_sample() {
        let plate = Vehicle::Plate(Plate::parse("12하1234").unwrap());
        let device = Vehicle::Device(DeviceId::parse("pm_id3").unwrap());
        for (sector, vehicle, api_type) in [
            (Sector::Rental, plate, None),
            (Sector::Delivery, Vehicle::None, None),
            (Sector::PersonalMobility, device, None),
            (Sector::Chauffeur, Vehicle::None, None),
            (Sector::General, Vehicle::None, Some(ApiType::NumberGeneral)),
        ] {
            let expected = NumberRequest {
                bizinfo: UserId::parse("asdf12341...").ok(),
                period: Period { from: TODAY, to: END },
                vehicle,
                api_type,
            };
            assert_eq!(read(sector, sample_of(sector)), Ok(expected), "{sector}");
        }
    }

    #[test]
    fn a_rental_needs_its_days_and_a_decided_plate() {
        let read = |value| read(Sector::Rental, value);
        missing_in_order(rental_sample(), &["rent_bgng_dt", "rent_end_dt", "vhcl_reg_no"], read);
        for (name, value) in [
            ("rent_bgng_dt", "20240925"),
            ("rent_end_dt", "20240925"),
            ("rent_end_dt", "2025-09-25"),
            ("vhcl_reg_no", TEMPORARY_PLATE),
        ] {
            let request = with(rental_sample(), name, json!(value));
            assert_eq!(fault(read(request)), (-160, name.to_owned()), "{value}");
        }
        assert_eq!(fault(read(sample())), (-170, "rent_bgng_dt".to_owned()));
    }

    #[test]
    fn the_other_sectors_fill_in_their_days() {
        let tomorrow = date(2024, 9, 27);
        for sector in &Sector::ALL[1..] {
            let filled = read(*sector, json!({ "vhcl_reg_no": "pm_id3" })).unwrap();
            assert_eq!(filled.period, Period { from: TODAY, to: tomorrow }, "{sector}");
            let past = with(sample(), "f_from_date", json!("20240925"));
            assert_eq!(fault(read(*sector, past)), (-160, "f_from_date".to_owned()));
            let backward = with(sample(), "f_to_date", json!("20240925"));
            assert_eq!(fault(read(*sector, backward)), (-160, "f_to_date".to_owned()));
        }
        assert_eq!(fault(read(Sector::PersonalMobility, json!({}))), (-170, "vhcl_reg_no".to_owned()));
    }

    #[test]
    fn the_general_sector_takes_types_of_its_group() {
        let with_type = |code: &str| read(Sector::General, with(sample(), "com_api_type", json!(code)));
        assert_eq!(with_type("").unwrap().api_type, Some(ApiType::NumberGeneral));
        assert_eq!(with_type("G02").unwrap().api_type, Some(ApiType::NumberPetTaxi));
        for code in ["S00", "B01", "G03"] {
            assert_eq!(fault(with_type(code)), (-160, "com_api_type".to_owned()), "{code}");
        }
        let foreign = with(sample(), "com_api_type", json!("S00"));
        assert_eq!(read(Sector::Chauffeur, foreign).unwrap().api_type, None);
    }

    #[test]
    fn the_answers_of_every_sector() {
        let answers: Vec<NumberAnswer> =
            ["R24-000924523", "V25-000000293", "P25-000000080", "D25-000000293", "C25-000000293"]
                .iter()
                .map(|number| NumberAnswer(RemoteNumber::parse(number).unwrap()))
                .collect();
        insta::assert_json_snapshot!(answers);
    }

    proptest! {
        #[test]
        fn what_is_read_keeps_the_rules(value in changed(sample()), rental in changed(rental_sample())) {
            for sector in Sector::ALL {
                let value = if *sector == Sector::Rental { rental.clone() } else { value.clone() };
                if let Ok(request) = read(*sector, value) {
                    prop_assert!(request.period.from >= TODAY && request.period.to >= request.period.from);
                    prop_assert_eq!(request.api_type.is_some(), sector.rules().api_type);
                }
            }
        }
    }
}
