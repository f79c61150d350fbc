//! RIMS storage: SQLite and PostgreSQL behind one interface.
//!
//! Writes are values ([`Write`]) and commit in groups; an `Ok` means committed and flushed. Personal data and
//! Secret Keys are encrypted at rest under versioned keys ([`MasterKeys`]); tokens and auth keys are stored only
//! as hashes. Every change leaves a row in a hash-chained audit trail. Nothing here decides: that is
//! `rims-domain`'s.
//!
//! | file | what |
//! |---|---|
//! | `store` | opening, closing, handing writes over |
//! | `write`, `prepared` | what may be written, and the same made ready to bind |
//! | `committer` | group commit |
//! | `bulk` | many rows in one statement, per engine |
//! | `read`, `record` | reads |
//! | `sql` | every fixed statement |
//! | `audit` | the chained trail |
//! | `keys` | sealing, keyed hashes, the key file |
//! | `schema` | migrations and key checks |
#![warn(missing_docs)]

mod audit;
mod bulk;
mod codec;
mod committer;
mod db;
mod error;
mod grace;
mod id;
mod keys;
mod options;
mod prepared;
mod read;
mod record;
mod schema;
mod sql;
mod store;
mod subject;
mod write;

pub use audit::{AuditBreak, AuditReport, ChainReport};
pub use error::{Constraint, StoreError};
pub use id::MAX_NODE;
pub use keys::{KeyFileError, MasterKeys};
pub use options::Options;
pub use record::{AuditEntry, CredentialRecord, TokenRecord, VerificationRecord};
pub use schema::{MigrationError, MigrationReport, Schema};
pub use store::{OpenError, Store};
pub use write::{Channel, NewAudit, NewCredential, NewVerification, SYSTEM, Subject, TokenHash, Write};

/// Every fixed statement with its name, for tests that prepare them: those of both engines with the first
/// engine's own, then with the second's.
#[doc(hidden)]
pub fn statements() -> [Vec<(String, String)>; 2] {
    let owned = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    };
    let sqlite = [owned(sql::SHARED), owned(sql::SQLITE), bulk::sqlite_statements()].concat();
    [sqlite, [owned(sql::SHARED), owned(sql::POSTGRES)].concat()]
}
#[cfg(test)]
mod tests {
    use super::*;

    fn is_send<T: Send>(_: T) {}

    #[expect(dead_code, reason = "compiling it is the test: servers spawn these")]
    fn every_future_can_be_spawned(
        store: &'static Store,
        options: &'static Options,
        keys: &'static MasterKeys,
    ) {
        is_send(Store::open(options, keys));
        is_send(Store::attach(options, keys));
        is_send(store.migrate());
        is_send(store.ready());
        is_send(store.wipe());
        is_send(store.close());
        is_send(store.accounts());
        is_send(store.verify_audit());
    }
}
