//! Files as strangers may make them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod csv;
mod workbook;
mod xlsx;
