//! The binary as its users meet it: its output, its exit codes, its signals.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod harness;

mod administration;
mod crash;
mod input;
mod sandbox;
mod sealing;
