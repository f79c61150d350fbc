//! The binary as its users meet it: its output, its exit codes, its signals.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod harness;

mod administration;
mod backups;
mod company;
mod crash;
mod crash_rentals;
mod input;
mod link;
mod sandbox;
mod sealing;
mod traces;
mod trail;
mod webhooks;
mod workshop;
