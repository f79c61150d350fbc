//! One contract suite on both engines, and what is particular to each.
//!
//! PostgreSQL is found by `RIMS_TEST_POSTGRES_URL`, a superuser's URL; `scripts/with-postgres` starts one.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod accounts;
mod anchors;
mod audit;
mod audit_reader;
mod backup;
mod commit;
mod encryption;
mod ended_accounts;
mod failover;
mod fixture;
mod history;
mod idempotency;
mod key_file;
mod line;
mod lost_answers;
mod numbers;
mod partitions;
mod plans;
mod postgres;
mod quotas;
mod rechecks;
mod remotes;
mod rentals;
mod replica;
mod reservations;
mod retention;
mod roles;
mod samples;
mod schema;
mod sqlite;
mod together;
mod vehicles;
mod verifications;
mod webhooks;
