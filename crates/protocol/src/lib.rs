//! The RIMS v1.6 interface specification (운전자격확인시스템 사용자/API 서버 간 통신규약) as types.
//!
//! Everything here is a value or a pure function: no I/O, no clock, no async. Sections cited as `§4.2.3`
//! are those of the specification.
//!
//! | module | what |
//! |---|---|
//! | [`interface`] | the 27 interfaces of §3.5.1 as one table |
//! | [`sector`] | the five business sectors and what differs between them |
//! | [`codes`] | every code table of §5, Korean and English |
//! | [`values`] | licence numbers, names, dates, vehicles: parse once, carry the proof |
//! | [`envelope`] | the encrypted request body (§3.1, §3.2) |
//! | [`json`] | a request's JSON as it was sent |
//! | [`fields`] | reads members in the table's order and finds the first fault |
//! | [`messages`] | requests and responses |
//! | [`mask`] | how numbers and names are hidden in answers |
//! | [`error`] | the errors of table 5.1 |
#![warn(missing_docs)]

pub mod codes;
pub mod envelope;
pub mod error;
pub mod fields;
pub mod interface;
pub mod json;
pub mod mask;
pub mod messages;
pub mod sector;
pub mod values;

pub use envelope::SecretKey;
pub use error::ApiError;
pub use interface::Interface;
pub use sector::Sector;

/// What the package's page shows; its example runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
