//! The clients against the simulators and against servers that misbehave, over real HTTP.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails like a test")]

mod batches;
mod breaker;
mod coalescing;
mod configuration;
mod faults;
mod licences;
mod misbehaviour;
mod photo;
mod support;
mod tokens;
mod vehicles;
