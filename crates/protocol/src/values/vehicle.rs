use std::fmt;

use compact_str::CompactString;
use serde::{Serialize, Serializer};

use super::{Malformed, without_controls};

/// The plate that stands for "not decided yet" (§3.3).
pub const TEMPORARY_PLATE: &str = "99임9999";

/// A vehicle registration number: at most 16 characters (§4.2.1.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plate(CompactString);

impl Plate {
    /// 1–16 characters, none of them a control character.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        match text.chars().count() {
            1..=16 => without_controls(text).map(|text| Self(text.into())),
            _ => Err(Malformed("1자 이상 16자 이하여야 합니다")),
        }
    }

    /// The same, but not `99임9999`, where the vehicle must be decided (§4.2.3.4).
    pub fn parse_decided(text: &str) -> Result<Self, Malformed> {
        let plate = Self::parse(text)?;
        if plate.is_temporary() {
            Err(Malformed("임시차량번호는 쓸 수 없습니다"))
        } else {
            Ok(plate)
        }
    }

    /// As sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is `99임9999`.
    pub fn is_temporary(&self) -> bool {
        self.0 == TEMPORARY_PLATE
    }
}

impl Serialize for Plate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// What identifies a scooter to its company: at most 200 characters (§4.4.1.4).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DeviceId(CompactString);

impl DeviceId {
    /// 1–200 characters, none of them a control character.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        match text.chars().count() {
            1..=200 => without_controls(text).map(|text| Self(text.into())),
            _ => Err(Malformed("1자 이상 200자 이하여야 합니다")),
        }
    }

    /// As sent. Encrypted at rest: never log it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceId(…)")
    }
}

/// `vhcl_reg_no`, read by the sector's rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vehicle {
    /// No vehicle was given.
    None,
    /// A registered vehicle, or the temporary plate.
    Plate(Plate),
    /// A personal mobility device.
    Device(DeviceId),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plates() {
        assert!(Plate::parse(TEMPORARY_PLATE).unwrap().is_temporary());
        let plate = Plate::parse("67라6767").unwrap();
        assert_eq!((plate.as_str(), plate.is_temporary()), ("67라6767", false));
        assert!(Plate::parse(&"가".repeat(16)).is_ok());
        assert!(Plate::parse(&"가".repeat(17)).is_err() && Plate::parse("").is_err());
    }

    #[test]
    fn a_decided_plate_is_not_the_temporary_one() {
        assert_eq!(Plate::parse_decided("67라6767"), Plate::parse("67라6767"));
        assert_eq!(Plate::parse_decided(TEMPORARY_PLATE), Err(Malformed("임시차량번호는 쓸 수 없습니다")));
        assert_eq!(Plate::parse_decided(""), Plate::parse(""));
    }

    #[test]
    fn devices() {
        let device = DeviceId::parse("PM000001").unwrap();
        assert_eq!((device.as_str(), format!("{device:?}").as_str()), ("PM000001", "DeviceId(…)"));
        assert!(DeviceId::parse(&"가".repeat(200)).is_ok());
        assert!(DeviceId::parse(&"가".repeat(201)).is_err() && DeviceId::parse("").is_err());
    }

    #[test]
    fn control_characters_are_refused() {
        let refused = Malformed("제어 문자를 쓸 수 없습니다");
        for text in ["\0", "67라6767\0", "67라\n6767", "\t67라6767", "67라6767\u{7f}", "67\u{9b}라6767"]
        {
            assert_eq!(Plate::parse(text), Err(refused), "{text:?}");
            assert_eq!(DeviceId::parse(text), Err(refused), "{text:?}");
        }
    }
}
