//! The master keys: what encrypts at rest and what hashes for look-ups.

mod file;
mod lookup;
mod ring;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

pub(crate) use file::{create_private, sync_folder};
pub(crate) use ring::{Column, Keyring, Place};

/// 256 bits.
pub(crate) type KeyBytes = Zeroizing<[u8; 32]>;

/// The keys of one installation.
///
/// One look-up key, which never changes, and numbered encryption keys: the current one encrypts, every one
/// still decrypts. In its file:
///
/// ```toml
/// lookup = "…Base64 of 32 bytes…"
/// current = 2
///
/// [keys]
/// 1 = "…"
/// 2 = "…"
/// ```
#[derive(Clone)]
pub struct MasterKeys {
    lookup: KeyBytes,
    current: u16,
    keys: BTreeMap<u16, KeyBytes>,
}

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// Others than its owner may read it.
    #[error("{path}: readable by group or others; run `chmod 600` on it", path = path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// It is not a key file.
    #[error("{path}: {rule}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// There is no version number left.
    #[error("65,535 key versions are used up")]
    TooManyVersions,
}

impl MasterKeys {
    /// New keys, version 1, from a source of randomness fit for keys.
    pub fn generate(random: &mut dyn FnMut(&mut [u8])) -> Self {
        let lookup = new_key(random);
        Self { lookup, current: 1, keys: BTreeMap::from([(1, new_key(random))]) }
    }

    /// Adds a version, which encrypts from now on; gives its number.
    pub fn rotate(&mut self, random: &mut dyn FnMut(&mut [u8])) -> Result<u16, KeyFileError> {
        let newest = self.keys.keys().last().copied().unwrap_or_default();
        let version = newest.checked_add(1).ok_or(KeyFileError::TooManyVersions)?;
        self.keys.insert(version, new_key(random));
        self.current = version;
        Ok(version)
    }

    /// Takes a version out; false where it is the current one or not there.
    pub fn retire(&mut self, version: u16) -> bool {
        version != self.current && self.keys.remove(&version).is_some()
    }

    /// Whether any key, of whatever version, stands in both: what one of them seals or hashes, the other one's owner
    /// can open or find.
    pub fn share_a_key_with(&self, other: &Self) -> bool {
        self.each().any(|key| other.each().any(|others| key == others))
    }

    fn each(&self) -> impl Iterator<Item = &KeyBytes> {
        self.keys.values().chain([&self.lookup])
    }

    /// The version that encrypts.
    pub fn current(&self) -> u16 {
        self.current
    }

    /// Every version, ascending.
    pub fn versions(&self) -> impl Iterator<Item = u16> + '_ {
        self.keys.keys().copied()
    }
}

fn new_key(random: &mut dyn FnMut(&mut [u8])) -> KeyBytes {
    let mut key = KeyBytes::default();
    random(key.as_mut_slice());
    key
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKeys").field("current", &self.current).finish_non_exhaustive()
    }
}
