//! Values with their rules (RULINGS §2). Each is parsed once; holding one proves the rule.
//!
//! `Debug` of personal data prints its kind and never its content.

mod dates;
mod licence_number;
mod number;
mod person_name;
mod user;
mod vehicle;

pub use dates::{Period, format_compact, parse_compact};
pub use licence_number::LicenceNumber;
pub use number::{NumberKind, RemoteNumber};
pub use person_name::PersonName;
pub use user::{BusinessNumber, UserId};
pub use vehicle::{DeviceId, Plate, TEMPORARY_PLATE, Vehicle};

/// Why a text is not the value it should be: the rule, in Korean, for `errorMsg`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);
