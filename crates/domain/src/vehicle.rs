//! Whether a vehicle is the company's (§3.3), and what follows for its grace.

pub use rims_protocol::codes::VehicleIdentity;
use rims_protocol::values::{Plate, Vehicle};

/// What the registry said about one plate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Registered to the company.
    Company,
    /// To somebody else, or to nobody.
    Other,
    /// The registry could not be asked.
    Unknown,
}

/// What a verification does to the vehicle's grace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// Nothing: no registered vehicle, the temporary plate, or the registry was silent.
    None,
    /// The vehicle matched: a running grace ends.
    Matched,
    /// It did not: a grace starts unless one runs.
    Unmatched,
}

/// The plate that the registry is to be asked about: none for devices, absent vehicles and `99임9999`.
pub fn plate_to_ask(vehicle: &Vehicle) -> Option<&Plate> {
    match vehicle {
        Vehicle::Plate(plate) if !plate.is_temporary() => Some(plate),
        Vehicle::Plate(_) | Vehicle::Device(_) | Vehicle::None => None,
    }
}

/// The identity to answer and the sighting to record (§3.3, docs/spec-decisions.md, Meaning).
pub fn identify(vehicle: &Vehicle, registration: Registration) -> (VehicleIdentity, Sighting) {
    match (plate_to_ask(vehicle), registration) {
        (None, _) | (Some(_), Registration::Unknown) => (VehicleIdentity::Unconfirmed, Sighting::None),
        (Some(_), Registration::Company) => (VehicleIdentity::Confirmed, Sighting::Matched),
        (Some(_), Registration::Other) => (VehicleIdentity::Unconfirmed, Sighting::Unmatched),
    }
}

#[cfg(test)]
mod tests {
    use rims_protocol::values::{DeviceId, TEMPORARY_PLATE};

    use super::*;

    fn plate(text: &str) -> Vehicle {
        Vehicle::Plate(Plate::parse(text).unwrap())
    }

    #[test]
    fn the_registry_decides_about_registered_plates() {
        let own = plate("67라6767");
        for (registration, expected) in [
            (Registration::Company, (VehicleIdentity::Confirmed, Sighting::Matched)),
            (Registration::Other, (VehicleIdentity::Unconfirmed, Sighting::Unmatched)),
            (Registration::Unknown, (VehicleIdentity::Unconfirmed, Sighting::None)),
        ] {
            assert_eq!(identify(&own, registration), expected);
        }
    }

    #[test]
    fn nothing_else_is_asked_or_starts_a_grace() {
        let device = Vehicle::Device(DeviceId::parse("PM000001").unwrap());
        for vehicle in [plate(TEMPORARY_PLATE), device, Vehicle::None] {
            assert_eq!(plate_to_ask(&vehicle), None);
            for registration in [Registration::Company, Registration::Other, Registration::Unknown] {
                let expected = (VehicleIdentity::Unconfirmed, Sighting::None);
                assert_eq!(identify(&vehicle, registration), expected);
            }
        }
    }

    #[test]
    fn codes_come_back() {
        for identity in [VehicleIdentity::Confirmed, VehicleIdentity::Unconfirmed] {
            assert_eq!(VehicleIdentity::from_code(identity.code()), Some(identity));
        }
        assert_eq!(VehicleIdentity::from_code("3"), None);
    }
}
