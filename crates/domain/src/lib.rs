//! RIMS decisions as pure functions: which key may do what, whose data it is, what a vehicle's state means, what may
//! become of a rental, when a reservation is verified again.
//!
//! Nothing here does I/O or reads a clock: `now` and `today` are arguments, and every calendar date is one
//! of Asia/Seoul. Sections cited as `§4.2.3` are those of the RIMS v1.6 specification.
#![warn(missing_docs)]

pub mod access;
pub mod account;
pub mod audit;
pub mod backoff;
pub mod calendar;
pub mod grace;
pub mod idempotency;
pub mod recurrence;
pub mod remote;
pub mod rental;
pub mod retention;
pub mod token;
pub mod vehicle;

pub use account::{Account, AccountId, AccountKind, Credential, CredentialId, Environment, KeyRefusal};
pub use audit::{Actor, AuditAction, OperatorName, PersonId, Requester};
pub use vehicle::VehicleIdentity;
