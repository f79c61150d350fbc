//! Values with their rules (docs/spec-decisions.md, Validation). Each is parsed once; holding one proves the rule.
//!
//! `Debug` of personal data prints its kind and never its content.

mod dates;
mod idempotency_key;
mod licence_number;
mod number;
mod person_name;
mod recheck_reference;
mod score;
mod text;
mod user;
mod vehicle;

pub use dates::{CompactDate, Period, format_compact, parse_compact};
pub use idempotency_key::IdempotencyKey;
pub use licence_number::LicenceNumber;
pub use number::{NumberKind, RemoteNumber};
pub use person_name::PersonName;
pub use recheck_reference::RecheckReference;
pub use score::Score;
pub use text::is_control_or_format;
pub(crate) use text::{composed, is_syllable, without_controls};
pub use user::{BusinessNumber, UserId};
pub use vehicle::{DeviceId, Plate, PlateKey, TEMPORARY_PLATE, Vehicle};

/// Why a text is not the value it should be: the rule, in Korean, for `errorMsg`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);
