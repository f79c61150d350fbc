//! What is looked up by keyed hash.

use rims_protocol::values::{LicenceNumber, UserId};

use super::Keyring;

const LICENCE: u8 = 1;
const USER: u8 = 2;
const CHECK: u8 = 3;
const IDEMPOTENCY_KEY: u8 = 4;
const REQUEST: u8 = 5;

impl Keyring {
    pub(crate) fn licence_hash(&self, licence: &LicenceNumber) -> [u8; 16] {
        self.hash(LICENCE, licence.as_str().as_bytes())
    }

    pub(crate) fn user_hash(&self, user_id: &UserId) -> [u8; 16] {
        self.hash(USER, user_id.as_str().as_bytes())
    }

    pub(crate) fn idempotency_hash(&self, key: &str) -> [u8; 16] {
        self.hash(IDEMPOTENCY_KEY, key.as_bytes())
    }

    pub(crate) fn request_hash(&self, request: &[u8]) -> [u8; 16] {
        self.hash(REQUEST, request)
    }

    /// Tells one look-up key from another.
    pub(crate) fn lookup_check(&self) -> [u8; 16] {
        self.hash(CHECK, b"look-up key")
    }
}
