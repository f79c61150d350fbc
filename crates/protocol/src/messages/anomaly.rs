use serde::Serialize;

use crate::ApiError;
use crate::fields::{Faults, Fields};
use crate::json::Members;
use crate::values::LicenceNumber;

/// Whose rentals are counted (§4.2.5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnomalyRequest {
    /// `f_license_no`.
    pub licence_number: LicenceNumber,
}

impl AnomalyRequest {
    /// Reads the decrypted members.
    pub fn read(members: &Members) -> Result<Self, ApiError> {
        let mut faults = Faults::default();
        let mut fields = Fields::of_request(members, &mut faults);
        let licence_number = fields.required("f_license_no", LicenceNumber::parse_wire);
        faults.into_result(licence_number.map(|licence_number| Self { licence_number }))
    }
}

/// The answer of §4.2.5.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AnomalyAnswer {
    /// 대여 횟수.
    pub result: i64,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::messages::testing::{fault, members};

    fn read(value: Value) -> Result<AnomalyRequest, ApiError> {
        AnomalyRequest::read(&members(value))
    }

    #[test]
    fn the_sample_of_4_2_5_5() {
        let request = read(json!({ "f_license_no": "123456789123" })).unwrap();
        assert_eq!(request.licence_number.as_str(), "123456789123");
        insta::assert_json_snapshot!(AnomalyAnswer { result: 11 });
    }

    #[test]
    fn the_number_is_required_and_of_twelve_digits() {
        assert_eq!(fault(read(json!({}))), (-170, "f_license_no".to_owned()));
        assert_eq!(fault(read(json!({ "f_license_no": "12345678912" }))), (-160, "f_license_no".to_owned()));
    }
}
