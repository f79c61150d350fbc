//! What is refused unless an operator says that it is meant so: connections that others on the way can read, and files
//! with secrets that others on the machine can read.

use std::fs::Metadata;

use serde::Deserialize;
use url::Url;

use super::Config;
use crate::this_machine::is_this_machine;

/// What is allowed although others can read it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AllowConfig {
    /// Files that group or others may read.
    pub readable_by_others: Vec<PrivateFile>,
    /// Systems on other machines that are reached without TLS.
    pub plaintext_to: Vec<System>,
}

/// A file that is its owner's alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrivateFile {
    /// The configuration, where it has a secret in it.
    Configuration,
    /// The private key of `api.tls`.
    TlsKey,
    /// The SQLite file and what SQLite keeps with it.
    Database,
}

/// A system that the server calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// `koroad.base_url`
    Koroad,
    /// `vehicles.base_url`
    Vehicles,
    /// `database.url`
    Database,
    /// `database.replica_url`
    Replica,
    /// `traces.endpoint`
    Traces,
}

/// Why the API is served without TLS on an address that other machines reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plaintext {
    /// A proxy in front ends TLS.
    BehindProxy,
}

impl AllowConfig {
    pub(crate) fn allows_reading(&self, file: PrivateFile) -> bool {
        self.readable_by_others.contains(&file)
    }

    fn check_tls(&self, system: System, setting: &str, is_open: bool, remedy: &str) -> Result<(), String> {
        if !is_open || self.plaintext_to.contains(&system) {
            return Ok(());
        }
        let name = format!("{system:?}").to_lowercase();
        Err(format!(
            "{setting} reaches another machine without TLS: {remedy}, or add \"{name}\" to allow.plaintext_to"
        ))
    }
}

impl Config {
    /// Nothing leaves the machine in the clear that is not meant to.
    pub(super) fn check_transport(&self) -> Result<(), String> {
        let api = &self.api;
        if api.tls.is_none() && api.plaintext.is_none() && !api.listen.ip().to_canonical().is_loopback() {
            return Err(
                "api.listen is reached by other machines without TLS: set api.tls, or api.plaintext = \
                        \"behind_proxy\" where a proxy in front ends TLS"
                    .to_owned(),
            );
        }
        let http = |text: &str| Url::parse(text).is_ok_and(|url| is_http_to_another_machine(&url));
        let database = |url: &str| !rims_store::asks_for_tls(url);
        let replica = self.database.replica_url.as_ref();
        let traces = self.traces.endpoint.as_ref();
        let (https, sslmode) = ("use https", "add sslmode=verify-full");
        for (system, setting, is_open, remedy) in [
            (System::Koroad, "koroad.base_url", http(&self.koroad.base_url), https),
            (System::Vehicles, "vehicles.base_url", http(&self.vehicles.base_url), https),
            (System::Traces, "traces.endpoint", traces.is_some_and(is_http_to_another_machine), https),
            (System::Database, "database.url", database(&self.database.url.0), sslmode),
            (System::Replica, "database.replica_url", replica.is_some_and(|url| database(&url.0)), sslmode),
        ] {
            self.allow.check_tls(system, setting, is_open, remedy)?;
        }
        Ok(())
    }
}

fn is_http_to_another_machine(url: &Url) -> bool {
    url.scheme() == "http" && !url.host_str().is_some_and(is_this_machine)
}

/// Whether others than its owner can read or change a file. As PostgreSQL has it, the group may read what root owns: so
/// does an administrator hand a secret to a service.
#[cfg(unix)]
pub(crate) fn is_exposed(file: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let forbidden = if file.uid() == 0 { 0o037 } else { 0o077 };
    file.mode() & forbidden != 0
}

#[cfg(not(unix))]
pub(crate) fn is_exposed(_: &Metadata) -> bool {
    false
}

/// The first secret that stands in the file itself: the environment's are not there to be read.
pub(super) fn secret_in(table: &toml::Table) -> Option<&'static str> {
    let text = |section: &str, key: &str| table.get(section)?.get(key)?.as_str();
    let is_set = |section, key| text(section, key).is_some_and(|text| !text.is_empty());
    let has_password = |key| text("database", key).is_some_and(has_password);
    [
        ("koroad.client_secret", is_set("koroad", "client_secret")),
        ("koroad.pin", is_set("koroad", "pin")),
        ("vehicles.key", is_set("vehicles", "key")),
        ("database.url", has_password("url")),
        ("database.replica_url", has_password("replica_url")),
    ]
    .into_iter()
    .find_map(|(name, is_secret)| is_secret.then_some(name))
}

/// `user:password@` or `?password=`; several hosts in one address are no URL, so it is read as text.
fn has_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    let query = tail.split_once('?').map_or("", |(_, query)| query);
    user.contains(':') || query.split('&').any(|pair| pair.starts_with("password="))
}
