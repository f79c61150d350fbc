//! Profiles: which RIMS is asked, and where its keys are. In the user's configuration folder, without a secret.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use rims_client::values::UserId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::language::say;
use crate::output::Failure;
use crate::secrets;

/// The service under which a keyring holds our secrets.
const SERVICE: &str = "rims";

/// One RIMS with one credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// The address of the API.
    pub(crate) url: String,
    /// The address of the web, for drivers' links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) web: Option<String>,
    /// The company that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bizinfo: Option<String>,
    /// The sector that is meant where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sector: Option<String>,
    /// Another root certificate to trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) root_certificate: Option<PathBuf>,
    /// Whether its address may be an `http://` one of another machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) allow_http: bool,
    /// Where its keys are.
    pub(crate) keys: KeySource,
}

/// Where the auth key and the Secret Key are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum KeySource {
    /// In `RIMS_AUTH_KEY` and `RIMS_SECRET_KEY`.
    Environment,
    /// In the operating system's keyring.
    Keyring,
    /// In two files.
    Files {
        /// The file of the auth key.
        auth_key: PathBuf,
        /// The file of the Secret Key.
        secret_key: PathBuf,
    },
}

/// The two secrets of a credential.
pub(crate) struct Keys {
    pub(crate) auth_key: Zeroizing<String>,
    pub(crate) secret_key: Zeroizing<String>,
}

/// Every profile of this user, by name.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Profiles(BTreeMap<String, Profile>);

impl Profiles {
    /// What is stored; nothing if nobody has logged in.
    pub(crate) fn load() -> Result<Self, Failure> {
        let path = folder()?.join("profiles.toml");
        match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text)
                .map_err(|error| Failure::Input(format!("{}: {}", path.display(), error.message()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::Input(format!("{}: {error}", path.display()))),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Profile> {
        self.0.get(name)
    }

    /// Stores a profile, in the place of one of the same name; gives the file.
    pub(crate) fn save(mut self, name: &str, profile: Profile) -> Result<PathBuf, Failure> {
        self.0.insert(name.to_owned(), profile);
        let path = folder()?.join("profiles.toml");
        let text = toml::to_string_pretty(&self).map_err(Failure::failed)?;
        write_private(&path, text.as_bytes())?;
        Ok(path)
    }
}

impl KeySource {
    pub(crate) fn load(&self, profile: &str) -> Result<Keys, Failure> {
        match self {
            Self::Environment => read(None, None),
            Self::Files { auth_key, secret_key } => read(Some(auth_key), Some(secret_key)),
            Self::Keyring => Ok(Keys {
                auth_key: from_keyring(profile, "auth-key")?,
                secret_key: from_keyring(profile, "secret-key")?,
            }),
        }
    }
}

/// Both keys from files, or from the environment.
pub(crate) fn read(auth_key_file: Option<&Path>, secret_key_file: Option<&Path>) -> Result<Keys, Failure> {
    Ok(Keys {
        auth_key: secrets::read(auth_key_file, "RIMS_AUTH_KEY", "--auth-key-file")?,
        secret_key: secrets::read(secret_key_file, "RIMS_SECRET_KEY", "--secret-key-file")?,
    })
}

/// Writes both keys to files beside the profiles that only this user can read.
pub(crate) fn keep_in_files(profile: &str, keys: &Keys) -> Result<KeySource, Failure> {
    let [auth_key, secret_key] = key_files(profile)?;
    write_private(&auth_key, keys.auth_key.as_bytes())?;
    write_private(&secret_key, keys.secret_key.as_bytes())?;
    Ok(KeySource::Files { auth_key, secret_key })
}

/// Removes the files of [`keep_in_files`], if they are there.
pub(crate) fn forget_files(profile: &str) -> Result<(), Failure> {
    for path in key_files(profile)? {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::Failed(format!("{}: {error}", path.display())));
            }
            _ => {}
        }
    }
    Ok(())
}

fn key_files(profile: &str) -> Result<[PathBuf; 2], Failure> {
    let folder = folder()?;
    Ok(["auth-key", "secret-key"].map(|kind| folder.join(format!("{profile}.{kind}"))))
}

/// Gives both keys to the operating system's keyring.
pub(crate) fn keep_in_keyring(profile: &str, keys: &Keys) -> Result<KeySource, Failure> {
    for (name, secret) in [("auth-key", &keys.auth_key), ("secret-key", &keys.secret_key)] {
        entry(profile, name)?.set_password(secret).map_err(|error| keyring_failed(&error))?;
    }
    Ok(KeySource::Keyring)
}

fn from_keyring(profile: &str, name: &str) -> Result<Zeroizing<String>, Failure> {
    let secret = entry(profile, name)?.get_password().map_err(|error| keyring_failed(&error))?;
    Ok(Zeroizing::new(secret))
}

fn entry(profile: &str, name: &str) -> Result<keyring::v1::Entry, Failure> {
    keyring::v1::Entry::new(SERVICE, &format!("{profile}/{name}")).map_err(|error| keyring_failed(&error))
}

fn keyring_failed(error: &keyring::v1::Error) -> Failure {
    Failure::Failed(say!(
        "운영체제의 키링을 쓸 수 없습니다: {error}. --keys file 로 다시 로그인하십시오",
        "the operating system's keyring cannot be used: {error}; log in again with --keys file"
    ))
}

/// A profile's name, which is also part of file names.
pub(crate) fn name(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (1..=64).contains(&text.len()) && text.bytes().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("1 to 64 letters, digits, hyphens and underscores are expected".to_owned())
    }
}

/// A company's user id.
pub(crate) fn bizinfo(text: &str) -> Result<UserId, Failure> {
    UserId::parse(text).map_err(|rule| Failure::Input(format!("bizinfo: {rule}")))
}

fn folder() -> Result<PathBuf, Failure> {
    let strategy = etcetera::choose_base_strategy().map_err(Failure::failed)?;
    Ok(strategy.config_dir().join("rims"))
}

/// Writes a file as a whole, for this user alone.
fn write_private(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::Failed(format!("{}: {error}", path.display()));
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    // A temporary file is for its owner alone from the beginning.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(content).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_stored_without_a_secret() {
        let profile = Profile {
            url: "https://rims.example".into(),
            web: None,
            bizinfo: Some("s01".into()),
            sector: None,
            root_certificate: None,
            allow_http: false,
            keys: KeySource::Files { auth_key: "/a".into(), secret_key: "/s".into() },
        };
        let profiles = Profiles(BTreeMap::from([
            ("one".to_owned(), profile.clone()),
            ("two".to_owned(), Profile { keys: KeySource::Keyring, ..profile }),
        ]));
        let text = toml::to_string_pretty(&profiles).unwrap();
        assert_eq!(toml::from_str::<Profiles>(&text).unwrap(), profiles, "{text}");
        assert!(
            toml::from_str::<Profiles>("[one]\nurl = \"x\"\nkeys = \"keyring\"\nauth_key = \"x\"").is_err()
        );
    }

    #[test]
    fn names_are_plain() {
        assert!(name("company-1_a").is_ok());
        for text in ["", "../x", "a b", "가", &"a".repeat(65)] {
            assert!(name(text).is_err(), "{text}");
        }
    }
}
