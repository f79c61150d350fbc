//! The server from outside: a real listener, real HTTP, real databases, simulated national systems on real
//! loopback ports.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod documented;
mod harness;

mod allowed;
mod anchors;
mod anomaly;
mod audit;
mod batch;
mod browser_guard;
mod cluster;
mod confirm;
mod conformance;
mod connections;
mod control;
mod decisions;
mod delegation;
mod failed_authentication;
mod faults;
mod history;
mod history_scope;
mod http;
mod idempotency;
mod keys;
mod limits;
mod number;
mod observability;
mod openapi;
mod outage;
mod overload;
mod postgres;
mod production;
mod promotion;
mod quotas;
mod receiver;
mod recurrence;
mod remote;
mod result;
mod retention;
mod runs;
mod schedule;
mod single;
mod storage;
mod token;
mod user;
mod webhooks;
mod workshop;
