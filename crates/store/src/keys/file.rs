//! The key file: TOML, readable by its owner alone, replaced atomically.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use zeroize::{Zeroize, Zeroizing};

use super::{KeyBytes, KeyFileError, MasterKeys};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    lookup: String,
    current: u16,
    keys: BTreeMap<String, String>,
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        self.lookup.zeroize();
        self.keys.values_mut().for_each(Zeroize::zeroize);
    }
}

impl MasterKeys {
    /// Reads a key file; on Unix it is refused if group or others may read it.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        let mut file = File::open(path).map_err(|source| unusable(path, source))?;
        check_mode(path, &file)?;
        let mut text = Zeroizing::new(String::new());
        file.read_to_string(&mut text).map_err(|source| unusable(path, source))?;
        Self::parse(&text).map_err(|rule| KeyFileError::Malformed { path: path.to_owned(), rule })
    }

    /// Writes a file that must not exist yet, with mode 0600, flushed to the disk.
    pub fn save_new(&self, path: &Path) -> Result<(), KeyFileError> {
        let write = || -> std::io::Result<()> {
            let mut file = create_private(path)?;
            file.write_all(self.render().as_bytes())?;
            file.sync_all()?;
            sync_folder(path)
        };
        write().map_err(|source| unusable(path, source))
    }

    /// Replaces a file atomically: the old one or the new one is there, whatever happens.
    pub fn replace(&self, path: &Path) -> Result<(), KeyFileError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".new");
        let beside = Path::new(&name);
        self.save_new(beside)?;
        std::fs::rename(beside, path)
            .and_then(|()| sync_folder(path))
            .map_err(|source| unusable(path, source))
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        // The parser's own message would quote the line, and so a key.
        let file: KeyFile = toml::from_str(text)
            .map_err(|_| "not a key file: lookup, current and [keys] are expected, and nothing else")?;
        let mut keys = BTreeMap::new();
        for (version, key) in &file.keys {
            let version = version.parse().map_err(|_| "key versions are numbers from 1 to 65535")?;
            keys.insert(version, decode(key)?);
        }
        if !keys.contains_key(&file.current) {
            return Err("the current version is not among the keys");
        }
        Ok(Self { lookup: decode(&file.lookup)?, current: file.current, keys })
    }

    fn render(&self) -> Zeroizing<String> {
        // Enough room, so that no copy of a key stays behind in a smaller buffer.
        let mut text = Zeroizing::new(String::with_capacity(256 + 64 * self.keys.len()));
        let encode = |key: &KeyBytes| Zeroizing::new(STANDARD.encode(key.as_slice()));
        // Writing to a String cannot fail.
        writeln!(text, "lookup = \"{}\"", encode(&self.lookup).as_str()).ok();
        writeln!(text, "current = {}\n\n[keys]", self.current).ok();
        for (version, key) in &self.keys {
            writeln!(text, "{version} = \"{}\"", encode(key).as_str()).ok();
        }
        text
    }
}

fn decode(text: &str) -> Result<KeyBytes, &'static str> {
    let bytes = Zeroizing::new(STANDARD.decode(text).map_err(|_| "a key is not Base64")?);
    let mut key = KeyBytes::default();
    if bytes.len() != key.len() {
        return Err("a key is not 32 bytes");
    }
    key.copy_from_slice(&bytes);
    Ok(key)
}

fn unusable(path: &Path, source: std::io::Error) -> KeyFileError {
    KeyFileError::File { path: path.to_owned(), source }
}

#[cfg(unix)]
fn check_mode(path: &Path, file: &File) -> Result<(), KeyFileError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_err(|source| unusable(path, source))?.permissions().mode();
    let others = mode & 0o077;
    if others == 0 { Ok(()) } else { Err(KeyFileError::Exposed { path: path.to_owned() }) }
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &File) -> Result<(), KeyFileError> {
    Ok(())
}

/// Creates a file that only its owner may read; fails if it exists.
pub(crate) fn create_private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Flushes the folder's entry of a new or renamed file.
pub(crate) fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}
