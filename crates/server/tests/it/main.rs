//! The server from outside: a real listener, real HTTP, real databases, simulated national systems on real
//! loopback ports.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod harness;

mod anomaly;
mod batch;
mod confirm;
mod conformance;
mod control;
mod decisions;
mod delegation;
mod faults;
mod keys;
mod limits;
mod number;
mod observability;
mod postgres;
mod production;
mod promotion;
mod single;
mod storage;
mod token;
mod user;
mod webhooks;
