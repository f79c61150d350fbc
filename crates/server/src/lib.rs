//! The RIMS server as a library: use cases ([`service`]), the specification's endpoints ([`api`]), the
//! operations listener ([`ops`]), the sandbox ([`sandbox`]), configuration, clock and randomness.
//!
//! `docs/` of the repository tells how to run it; sections cited as `§4.2.3` are those of the RIMS v1.6
//! specification.

pub mod anchors;
pub mod api;
mod certificate;
pub mod clock;
pub mod config;
mod connection;
pub mod connections;
mod http_rules;
mod listen;
pub mod logging;
pub mod memory;
pub mod open_files;
pub mod ops;
mod patience;
mod production;
pub mod random;
mod request_id;
pub mod sandbox;
pub mod scheduler;
pub mod service;
pub mod simulated;
mod this_machine;
pub mod traces;
pub mod webhook;

pub use listen::{ListenError, Listener};
pub use production::{Server, StartError, store_options};
