//! The client against a real sandbox, and behind a front that breaks connections, answers garbage, or refuses.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod front;
mod harness;

mod blocking;
mod examples;
mod faults;
mod histories;
mod interfaces;
mod many;
mod retries;
mod secrecy;
mod tls;
mod tokens;
