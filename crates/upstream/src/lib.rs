//! The national systems a RIMS asks, as typed clients over real HTTP, and their simulators.
//!
//! | module | what |
//! |---|---|
//! | [`koroad`] | KOROAD's licence register (도로교통공단): is this licence valid for this period |
//! | [`vehicles`] | the vehicle registry (국토교통부 자동차관리 전산망): is this vehicle the company's |
//! | [`photo`] | the licence-photo check (table 5.11) |
//! | [`config`] | what an operator sets: addresses, credentials, limits |
//! | [`sim`] | the same wires served on loopback ports, for development keys and the sandbox |
//!
//! A call either answers, is refused by the system in its own words, or fails in one of two ways that
//! the specification tells apart: the system could not be reached (-90), or its answer could not be
//! used (-210). Time comes in as [`Now`]; no storage and no wire error of our own API is known here.

mod batch;
mod coalesce;
pub mod config;
mod endpoint;
mod error;
pub mod koroad;
mod measure;
pub mod photo;
mod seoul;
pub mod sim;
pub mod vehicles;

use std::sync::Arc;

pub use config::{
    BreakerConfig, Charset, CipherMode, ConfigError, KoroadConfig, Limits, OneItem, PhotoConfig, RetryConfig,
    Secret, SequenceNumber, VehicleConfig,
};
pub use error::{KoroadError, PhotoError, RegistryError, Unusable};
pub use koroad::{DriverCheck, Koroad, LicenceAnswer};
pub use photo::PhotoCheck;
pub use vehicles::VehicleRegistry;

/// The one clock of the process: dates sent upstream and the age of tokens are read from it.
pub type Now = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;
