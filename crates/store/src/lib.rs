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
//! | `backup` | copies of a SQLite database, taken and put back |
//! | `keys`, `packed` | sealing, keyed hashes, the key file; long values compressed |
//! | `hosts` | several PostgreSQL servers, of which one takes writes |
//! | `schema`, `roles` | migrations and key checks; PostgreSQL's owner and application |
#![warn(missing_docs)]

mod access;
mod audit;
mod backup;
mod bulk;
mod checkpoint;
mod claim;
mod codec;
mod committer;
mod db;
mod error;
mod grace;
mod history;
mod hosts;
mod id;
mod idempotency;
mod keys;
mod number;
mod options;
mod packed;
mod partition;
mod prepared;
mod private;
mod quota;
mod read;
mod recheck;
mod record;
mod remote;
mod rental;
mod replica;
mod reseal;
mod reservation;
mod retention;
mod roles;
mod row;
mod schema;
mod sql;
mod store;
mod subject;
mod told;
mod webhook;
mod write;

pub use audit::{AuditBreak, AuditHead, AuditOrder, AuditQuery, AuditReader, AuditReport, ChainReport};
pub use backup::{BackupError, Progress, Restore, Restored};
pub use claim::ClaimTerms;
pub use error::{Constraint, StoreError};
pub use history::{Page, Query as HistoryQuery};
pub use hosts::{asks_for_tls, servers_of};
pub use id::MAX_NODE;
pub use idempotency::{AnswerRecord, KeyOwner, NewAnswer, RequestHash};
pub use keys::{KeyFileError, MasterKeys};
pub use options::Options;
pub use quota::{Quota, QuotaKey};
pub use recheck::{Recheck, RecheckClaim};
pub use record::{AuditEntry, CredentialRecord, TokenRecord, VerificationRecord};
pub use remote::{NewRemote, RemoteFinish, RemoteRecord, RemoteRefusal, RemoteResult, RemoteState};
pub use rental::{Confirmation, DriverCheckRecord, NewRental, Promotion, RentalRecord, StatusChange};
pub use reseal::RetireError;
pub use reservation::{Claim, NewReservation, NextRun, ReservationRecord, RunEnd};
pub use retention::{Expired, ExpiredAudit};
pub use roles::RoleError;
pub use schema::{MigrationError, MigrationReport, Schema};
pub use store::{OpenError, Store};
pub use webhook::{
    Delivery, DeliveryEnd, EndpointRecord, MessageLane, MessageRecord, NewEndpoint, NewMessage, Replay,
};
pub use write::{Channel, NewAudit, NewCredential, NewVerification, Subject, TokenHash, Write};

/// Every fixed statement with its name, for tests that prepare them: those of both engines with the first
/// engine's own, then with the second's. Several in one text are several here.
#[doc(hidden)]
pub fn statements() -> [Vec<(String, String)>; 2] {
    let owned = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        let each = |(name, text): &(&str, &str)| -> Vec<(String, String)> {
            text.split(';').map(|one| ((*name).to_owned(), one.trim().to_owned())).collect()
        };
        list.iter().flat_map(each).collect()
    };
    let shared = [
        sql::SHARED,
        number::STATEMENTS,
        rental::STATEMENTS,
        reservation::STATEMENTS,
        history::STATEMENTS,
        remote::STATEMENTS,
        idempotency::STATEMENTS,
        webhook::STATEMENTS,
        recheck::STATEMENTS,
        quota::STATEMENTS,
        retention::STATEMENTS,
        reseal::STATEMENTS,
        reseal::KEPT,
    ]
    .concat();
    let sqlite = [sql::SQLITE, backup::SQLITE, webhook::SQLITE, retention::SQLITE].concat();
    let postgres = [
        sql::POSTGRES,
        hosts::POSTGRES,
        access::POSTGRES,
        replica::POSTGRES,
        webhook::POSTGRES,
        retention::POSTGRES,
        partition::POSTGRES,
        roles::POSTGRES,
    ];
    let (claims, sqlite_claims) = (claim::shared_statements(), claim::sqlite_statements());
    let postgres_claims = claim::postgres_statements();
    let sqlite_only = [bulk::sqlite_statements(), history::statements(history::ListDialect::Sqlite)].concat();
    let postgres_only = history::statements(history::ListDialect::Postgres);
    [
        [owned(&shared), owned(&claims), owned(&sqlite), owned(&sqlite_claims), sqlite_only].concat(),
        [owned(&shared), owned(&claims), owned(&postgres.concat()), owned(&postgres_claims), postgres_only]
            .concat(),
    ]
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
        path: &'static std::path::Path,
        event: NewAudit,
    ) {
        is_send(Store::open(options, keys));
        is_send(Store::attach(options, keys));
        is_send(store.migrate());
        is_send(store.ready());
        is_send(store.wipe());
        is_send(store.close());
        is_send(store.accounts());
        is_send(store.verify_audit());
        is_send(store.backup(path, event.clone(), |_| ()));
        let restore = Restore { from: path, replace: false, trust_keys: false, at: event.at };
        is_send(Store::restore(options, keys, restore, event, |_| ()));
    }
}
