#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod advice;
mod answer;
#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
mod calls;
mod client;
mod clock;
mod error;
mod http;
mod link;
mod request;
mod retry;
mod token;

pub use answer::{
    HistoryPage, MaskedNumber, RemoteResult, RentalRecord, ScheduleRecord, Scheduled, UserState,
    Verification, VerificationRecord,
};
pub use builder::{ClientBuilder, is_loopback};
pub use calls::{RentalCalls, SectorCalls};
pub use client::Client;
pub use error::Error;
pub use jiff::civil::Date;
pub use link::driver_link;
pub use request::{HistoryQuery, NumberRequest, VerifyRequest};
pub use retry::RetryPolicy;
pub use rims_protocol::sector::DateRule;
pub use rims_protocol::values::Malformed;
pub use rims_protocol::{ApiError, SecretKey, Sector, codes, values};

/// The project's own README: its example must compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct ProjectReadme;

/// The same in Korean.
#[cfg(doctest)]
#[doc = include_str!("../../../README.ko.md")]
struct ProjectReadmeInKorean;
