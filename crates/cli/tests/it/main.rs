//! The binary as its users meet it: its output, its exit codes, its signals.

mod harness;

mod administration;
mod crash;
mod input;
mod sandbox;
mod sealing;
