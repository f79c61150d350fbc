//! Sealing and hashing with the master keys.

use std::collections::BTreeMap;

use aes_gcm_siv::aead::AeadInOut;
use aes_gcm_siv::{Aes256GcmSiv, KeyInit, Nonce, Tag};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::MasterKeys;
use crate::error::StoreError;

const VERSION_LEN: usize = 2;
const NONCE_LEN: usize = 12;
const HEADER_LEN: usize = VERSION_LEN + NONCE_LEN;
const TAG_LEN: usize = 16;

/// The columns that hold sealed values. Name and number are bound into what is sealed: never change them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    VerificationSubject,
    CredentialSecret,
    KeyCheck,
    ReservationSubject,
    RemoteDevice,
    IdempotencyAnswer,
    WebhookSecret,
    RecheckSubject,
}

impl Column {
    /// Every one of them.
    pub(crate) const ALL: [Self; 8] = [
        Self::VerificationSubject,
        Self::CredentialSecret,
        Self::KeyCheck,
        Self::ReservationSubject,
        Self::RemoteDevice,
        Self::IdempotencyAnswer,
        Self::WebhookSecret,
        Self::RecheckSubject,
    ];

    /// The table it is in.
    pub(crate) fn table(self) -> &'static str {
        self.name().split_once('.').map_or("", |(table, _)| table)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::VerificationSubject => "verification.subject",
            Self::CredentialSecret => "credential.secret_key",
            Self::KeyCheck => "meta.key_check",
            Self::ReservationSubject => "reservation.subject",
            Self::RemoteDevice => "remote.device",
            Self::IdempotencyAnswer => "idempotency.answer",
            Self::WebhookSecret => "webhook_endpoint.secret",
            Self::RecheckSubject => "recheck.subject",
        }
    }

    const fn number(self) -> u32 {
        match self {
            Self::VerificationSubject => 1,
            Self::CredentialSecret => 2,
            Self::KeyCheck => 3,
            Self::ReservationSubject => 4,
            Self::RemoteDevice => 5,
            Self::IdempotencyAnswer => 6,
            Self::WebhookSecret => 7,
            Self::RecheckSubject => 8,
        }
    }

    /// A value of one row must not open in another.
    /// Column and row are a nonce that no other value under the same key has. AES-GCM-SIV does not fail if
    /// one is ever used twice (a re-sealed value): it then shows only whether both plaintexts are equal.
    fn nonce(self, row: i64) -> [u8; NONCE_LEN] {
        let mut nonce = [0; NONCE_LEN];
        nonce[..4].copy_from_slice(&self.number().to_be_bytes());
        nonce[4..].copy_from_slice(&row.to_be_bytes());
        nonce
    }
}

/// Where a sealed value stands: it opens nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    column: Column,
    row: i64,
    /// Of a key: its account and environment.
    owner: Option<(i64, i16)>,
}

impl Place {
    pub(crate) const fn new(column: Column, row: i64) -> Self {
        Self { column, row, owner: None }
    }

    /// The Secret Key of a credential. Whoever writes the database cannot give it to another account or environment.
    pub(crate) const fn of_key(credential: i64, account: i64, environment: i16) -> Self {
        Self { column: Column::CredentialSecret, row: credential, owner: Some((account, environment)) }
    }

    fn associated_data(self) -> Vec<u8> {
        let mut data = [self.column.name().as_bytes(), &self.row.to_be_bytes()].concat();
        if let Some((account, environment)) = self.owner {
            data.extend_from_slice(&account.to_be_bytes());
            data.extend_from_slice(&environment.to_be_bytes());
        }
        data
    }

    fn damaged(self) -> StoreError {
        StoreError::Corrupt(self.column.name())
    }
}

/// What the key of the audit trail is derived for; never change it.
const AUDIT_KEY: &[u8] = b"RIMS audit trail, version 1";

/// The master keys, ready for use: AES key schedules and the keyed hashes' first blocks are computed once.
pub(crate) struct Keyring {
    current: u16,
    ciphers: BTreeMap<u16, Aes256GcmSiv>,
    /// Of each version a key of its own for the audit trail, apart from sealing and look-up.
    audit: BTreeMap<u16, Hmac<Sha256>>,
    /// The current version's.
    audit_now: Hmac<Sha256>,
    hash: Hmac<Sha256>,
}

impl Keyring {
    pub(crate) fn new(keys: &MasterKeys) -> Self {
        let cipher =
            |(version, key): (&u16, &super::KeyBytes)| (*version, Aes256GcmSiv::new((&**key).into()));
        let audit = |(version, key): (&u16, &super::KeyBytes)| {
            let mut derived = Zeroizing::new([0; 32]);
            let mut mac = hmac_under(key);
            mac.update(AUDIT_KEY);
            derived.copy_from_slice(&mac.finalize().into_bytes());
            (*version, hmac_under(&derived))
        };
        let audit: BTreeMap<_, _> = keys.keys.iter().map(audit).collect();
        Self {
            current: keys.current,
            ciphers: keys.keys.iter().map(cipher).collect(),
            // No key file is read or made without its current version.
            audit_now: audit[&keys.current].clone(),
            audit,
            hash: hmac_under(&keys.lookup),
        }
    }

    pub(crate) fn current(&self) -> u16 {
        self.current
    }

    pub(crate) fn versions(&self) -> impl Iterator<Item = u16> + '_ {
        self.ciphers.keys().copied()
    }

    /// HMAC-SHA-256 under the audit trail's key of a version, before anything was hashed; none for a version that is
    /// not there.
    pub(crate) fn audit(&self, version: u16) -> Option<Hmac<Sha256>> {
        self.audit.get(&version).cloned()
    }

    /// The same for the current version.
    pub(crate) fn audit_now(&self) -> Hmac<Sha256> {
        self.audit_now.clone()
    }

    /// HMAC-SHA-256 under the look-up key, its first 16 bytes; `kind` keeps kinds of values apart.
    pub(super) fn hash(&self, kind: u8, value: &[u8]) -> [u8; 16] {
        let mut mac = self.hash.clone();
        mac.update(&[kind]);
        mac.update(value);
        let mut hash = [0; 16];
        hash.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        hash
    }

    /// version (2 bytes) ‖ nonce (12) ‖ ciphertext ‖ tag (16), under the current key.
    pub(crate) fn seal(&self, place: Place, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.seal_under(self.current, place, plain)
    }

    /// As [`Keyring::seal`], under a given key.
    pub(crate) fn seal_under(&self, version: u16, place: Place, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let damaged = || place.damaged();
        let cipher = self.ciphers.get(&version).ok_or_else(damaged)?;
        let nonce = place.column.nonce(place.row);
        let mut sealed = Vec::with_capacity(HEADER_LEN + plain.len() + TAG_LEN);
        sealed.extend_from_slice(&version.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let tag = cipher
            .encrypt_inout_detached(
                &Nonce::from(nonce),
                &place.associated_data(),
                (&mut sealed[HEADER_LEN..]).into(),
            )
            .map_err(|_| damaged())?;
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// Opens what [`Keyring::seal`] made for the same place.
    pub(crate) fn open(&self, place: Place, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let damaged = || place.damaged();
        let (version, rest) = sealed.split_first_chunk::<VERSION_LEN>().ok_or_else(damaged)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_LEN>().ok_or_else(damaged)?;
        let (text, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or_else(damaged)?;
        let cipher = self.ciphers.get(&u16::from_be_bytes(*version)).ok_or_else(damaged)?;
        let mut plain = Zeroizing::new(text.to_vec());
        cipher
            .decrypt_inout_detached(
                &Nonce::from(*nonce),
                &place.associated_data(),
                plain.as_mut_slice().into(),
                &Tag::from(*tag),
            )
            .map_err(|_| damaged())?;
        Ok(plain)
    }
}

fn hmac_under(key: &super::KeyBytes) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key.as_slice());
    <Hmac<Sha256> as KeyInit>::new((&*block).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring(first: u8) -> Keyring {
        let mut next = first;
        Keyring::new(&MasterKeys::generate(&mut |bytes| {
            bytes.fill(next);
            next += 1;
        }))
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let ring = keyring(1);
        let sealed = ring.seal(Place::new(Column::CredentialSecret, 7), b"secret").unwrap();
        assert_eq!(
            ring.open(Place::new(Column::CredentialSecret, 7), &sealed).unwrap().as_slice(),
            b"secret"
        );
        let refused = Err(StoreError::Corrupt("credential.secret_key"));
        assert_eq!(ring.open(Place::new(Column::CredentialSecret, 8), &sealed), refused);
        assert!(ring.open(Place::new(Column::VerificationSubject, 7), &sealed).is_err());
        assert_eq!(keyring(9).open(Place::new(Column::CredentialSecret, 7), &sealed), refused);
    }

    #[test]
    fn any_damage_is_seen() {
        let ring = keyring(1);
        let sealed = ring.seal(Place::new(Column::KeyCheck, 1), b"x").unwrap();
        for place in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[place] ^= 1;
            assert!(ring.open(Place::new(Column::KeyCheck, 1), &damaged).is_err(), "byte {place}");
            assert!(ring.open(Place::new(Column::KeyCheck, 1), &sealed[..place]).is_err(), "length {place}");
        }
    }

    #[test]
    fn hashes_differ_by_kind_and_key() {
        let ring = keyring(1);
        assert_eq!(ring.hash(1, b"a"), ring.hash(1, b"a"));
        assert_ne!(ring.hash(1, b"a"), ring.hash(2, b"a"));
        assert_ne!(ring.hash(1, b"a"), keyring(5).hash(1, b"a"));
    }
}
