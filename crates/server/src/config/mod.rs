//! What an operator configures: a TOML file, overridden by `RIMS_…` environment variables
//! (`RIMS_API__LISTEN` for `[api] listen`). Unknown keys are errors.

mod allow;
mod audit;
mod connections;
mod failed_authentication;
mod outage;
mod overload;
mod quotas;
mod retention;
mod traces;
mod webhooks;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Env, Format, Toml};
use figment::value::UncasedStr;
use ipnet::IpNet;
use rims_store::MAX_NODE;
use rims_upstream::{KoroadConfig, VehicleConfig};
use serde::Deserialize;

pub(crate) use allow::is_exposed;
pub use allow::{AllowConfig, Plaintext, PrivateFile, System};
pub use audit::AuditConfig;
pub use connections::ConnectionsConfig;
pub use failed_authentication::FailedAuthenticationConfig;
pub use outage::OutageConfig;
pub use overload::OverloadConfig;
pub use quotas::QuotaConfig;
pub use retention::RetentionConfig;
pub use traces::TracesConfig;
pub use webhooks::WebhookConfig;

use crate::listen::ListenerOptions;
use crate::webhook::Timeouts;

/// A server's configuration. `docs/configuration.md` describes every key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The database.
    pub database: DatabaseConfig,
    /// The listener of the specification's interfaces.
    #[serde(default)]
    pub api: ApiConfig,
    /// The listener for health and metrics.
    #[serde(default)]
    pub ops: OpsConfig,
    /// KOROAD, for operations keys.
    pub koroad: KoroadConfig,
    /// The vehicle registry, for operations keys.
    pub vehicles: VehicleConfig,
    /// How companies are told what happens.
    #[serde(default)]
    pub webhooks: WebhookConfig,
    /// What is done for checks that KOROAD does not answer.
    #[serde(default)]
    pub outage: OutageConfig,
    /// What a company may use in a day.
    #[serde(default)]
    pub quotas: QuotaConfig,
    /// How long records are kept.
    #[serde(default)]
    pub retention: RetentionConfig,
    /// How the ends of the audit trail are kept elsewhere.
    #[serde(default)]
    pub audit: AuditConfig,
    /// Where traces are sent.
    #[serde(default)]
    pub traces: TracesConfig,
    /// What is allowed although others can read it.
    #[serde(default)]
    pub allow: AllowConfig,
    /// How long running requests may take to finish after a stop signal.
    #[serde(default = "defaults::drain_timeout_ms")]
    pub drain_timeout_ms: u64,
}

/// Where everything is kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite:///path/rims.db` or `postgres://…`, which may hold a password.
    pub url: DatabaseUrl,
    /// The file with the keys that encrypt personal data at rest.
    pub master_key_file: PathBuf,
    /// This node's number, different on every node of one database (0–1022).
    #[serde(default)]
    pub node: u16,
    /// Connections for reading.
    #[serde(default = "defaults::readers")]
    pub readers: u32,
    /// Connections for writing (PostgreSQL only; SQLite has one).
    #[serde(default = "defaults::committers")]
    pub committers: u16,
    /// Writes that may wait for a commit before further ones are refused.
    #[serde(default = "defaults::queue")]
    pub queue: usize,
    /// A quota for the SQLite file, in pages of 4 KiB.
    #[serde(default)]
    pub sqlite_max_pages: Option<u32>,
    /// A PostgreSQL replica that histories may be read from.
    #[serde(default)]
    pub replica_url: Option<DatabaseUrl>,
    /// How far that may be behind.
    #[serde(default = "defaults::replica_max_lag_ms")]
    pub replica_max_lag_ms: u64,
    /// How long what was read of keys, accounts and delegations may be used.
    #[serde(default = "defaults::reread_ms")]
    pub reread_ms: u64,
}

impl DatabaseConfig {
    pub(crate) fn reread(&self) -> Duration {
        Duration::from_millis(self.reread_ms)
    }
}

/// The most bytes of bodies: a bucket counts in nanoseconds.
const GIGABYTE: u64 = 1_000_000_000;
/// The longest time-out.
const HOUR_MS: u64 = 3_600_000;
/// The longest a webhook's delivery may take.
const DELIVERY_MS: u64 = Timeouts::MAX.as_secs() * 1_000;

/// A database's address. `Debug` does not show it, because it may hold a password.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(pub String);

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(…)")
    }
}

/// The listener of the specification's interfaces.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// TLS; without it, plain HTTP for a proxy in front.
    pub tls: Option<TlsConfig>,
    /// Why there is none on an address that other machines reach.
    pub plaintext: Option<Plaintext>,
    /// The longest request body, in bytes; a longer one is HTTP 413.
    pub body_limit_bytes: usize,
    /// How long a client may take to send its headers.
    pub header_timeout_ms: u64,
    /// How long a client may take to send its body; then HTTP 408.
    pub body_timeout_ms: u64,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Requests per key.
    pub rate_limit: RateLimitConfig,
    /// Requests at the same time.
    pub overload: OverloadConfig,
    /// Connections at the same time.
    pub connections: ConnectionsConfig,
    /// Addresses that keep failing to authenticate.
    pub failed_authentication: FailedAuthenticationConfig,
}

/// A certificate chain and its key, in PEM files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The chain, leaf first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// A token bucket per key.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimitConfig {
    /// Requests per second, sustained.
    pub per_second: u32,
    /// Requests at once.
    pub burst: u32,
    /// Bytes of bodies per second, sustained; of each body those beyond the first 16 KiB.
    pub bytes_per_second: u32,
    /// Such bytes at once; at least one body.
    pub burst_bytes: u32,
}

/// The listener for health and metrics; keep it away from the public.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OpsConfig {
    /// Where it listens.
    pub listen: SocketAddr,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8114)),
            tls: None,
            plaintext: None,
            body_limit_bytes: 1 << 20,
            header_timeout_ms: 10_000,
            body_timeout_ms: 10_000,
            trusted_proxies: Vec::new(),
            rate_limit: RateLimitConfig::default(),
            overload: OverloadConfig::default(),
            connections: ConnectionsConfig::default(),
            failed_authentication: FailedAuthenticationConfig::default(),
        }
    }
}

impl ApiConfig {
    /// [`ApiConfig::body_timeout_ms`].
    pub fn body_timeout(&self) -> Duration {
        Duration::from_millis(self.body_timeout_ms)
    }

    /// What the API's listener does with its connections.
    pub(crate) fn listener_options(&self) -> ListenerOptions {
        ListenerOptions {
            name: "api",
            header_timeout: Duration::from_millis(self.header_timeout_ms),
            connections: self.connections.limits(&self.trusted_proxies),
        }
    }
}

impl Default for RateLimitConfig {
    fn default() -> Self {
        Self { per_second: 1_000, burst: 2_000, bytes_per_second: 8 << 20, burst_bytes: 16 << 20 }
    }
}

impl Default for OpsConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8116)) }
    }
}

mod defaults {
    pub(super) fn drain_timeout_ms() -> u64 {
        15_000
    }
    pub(super) fn readers() -> u32 {
        4
    }
    pub(super) fn committers() -> u16 {
        2
    }
    pub(super) fn queue() -> usize {
        8_192
    }
    pub(super) fn replica_max_lag_ms() -> u64 {
        1_000
    }
    pub(super) fn reread_ms() -> u64 {
        1_000
    }
}

/// The configuration could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no such file.
    #[error("{}: no such configuration file", .0.display())]
    NotFound(PathBuf),
    /// A key is unknown, missing, or has a value of another kind.
    #[error("{path}: {reason}", path = .0.display(), reason = .1)]
    Invalid(PathBuf, String),
    /// Others can read a secret in it.
    #[error("{path}: group or others can read it, and it has {secret} in it: run `chmod 600` on it, or set the secret \
             in the environment, or add \"configuration\" to allow.readable_by_others", path = .0.display(), secret = .1)]
    Exposed(PathBuf, &'static str),
}

impl Config {
    /// Reads the file and the environment.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        if !path.is_file() {
            return Err(ConfigError::NotFound(path.to_owned()));
        }
        let invalid = |reason| ConfigError::Invalid(path.to_owned(), reason);
        let unreadable = |error: io::Error| invalid(error.kind().to_string());
        let mut file = File::open(path).map_err(unreadable)?;
        let is_exposed = is_exposed(&file.metadata().map_err(unreadable)?);
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(unreadable)?;
        let table = parse(&text).map_err(invalid)?;
        let config: Self = Figment::new()
            .merge(Toml::string(&text))
            .merge(environment())
            .extract()
            .map_err(|error| invalid(one_line(&error)))?;
        config.check().map_err(invalid)?;
        match allow::secret_in(&table) {
            Some(secret) if is_exposed && !config.allow.allows_reading(PrivateFile::Configuration) => {
                Err(ConfigError::Exposed(path.to_owned(), secret))
            }
            _ => Ok(config),
        }
    }

    fn check(&self) -> Result<(), String> {
        if self.database.node > MAX_NODE {
            return Err(format!("database.node is a number from 0 to {MAX_NODE}"));
        }
        let count = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        for (name, value, most) in [
            ("api.rate_limit.per_second", self.api.rate_limit.per_second.into(), u32::MAX.into()),
            ("api.rate_limit.burst", self.api.rate_limit.burst.into(), u32::MAX.into()),
            ("api.rate_limit.bytes_per_second", self.api.rate_limit.bytes_per_second.into(), GIGABYTE),
            ("api.rate_limit.burst_bytes", self.api.rate_limit.burst_bytes.into(), GIGABYTE),
            ("api.body_limit_bytes", count(self.api.body_limit_bytes), GIGABYTE),
            ("api.header_timeout_ms", self.api.header_timeout_ms, HOUR_MS),
            ("api.body_timeout_ms", self.api.body_timeout_ms, HOUR_MS),
            ("drain_timeout_ms", self.drain_timeout_ms, HOUR_MS),
            ("database.readers", self.database.readers.into(), 1_000),
            ("database.committers", self.database.committers.into(), 100),
            ("database.queue", count(self.database.queue), 1_000_000),
            ("database.replica_max_lag_ms", self.database.replica_max_lag_ms, HOUR_MS),
            ("database.reread_ms", self.database.reread_ms, 60_000),
            ("webhooks.connect_timeout_ms", self.webhooks.connect_timeout_ms, DELIVERY_MS),
            ("webhooks.total_timeout_ms", self.webhooks.total_timeout_ms, DELIVERY_MS),
        ] {
            from_1_to(most, name, value)?;
        }
        self.api.overload.check()?;
        self.api.connections.check()?;
        self.api.failed_authentication.check()?;
        for (name, bytes) in [
            ("api.overload.body_memory_bytes", count(self.api.overload.body_memory_bytes)),
            ("api.rate_limit.burst_bytes", self.api.rate_limit.burst_bytes.into()),
        ] {
            if bytes < count(self.api.body_limit_bytes) {
                return Err(format!("{name} is less than api.body_limit_bytes"));
            }
        }
        self.check_transport()?;
        self.webhooks.check()?;
        self.outage.check()?;
        self.quotas.check()?;
        self.traces.check()?;
        self.audit.check()?;
        self.retention.check()
    }
}

fn from_1_to(most: u64, name: &str, value: u64) -> Result<(), String> {
    if (1..=most).contains(&value) { Ok(()) } else { Err(format!("{name} is a number from 1 to {most}")) }
}

/// The place of a syntax error, without the line itself, which may hold a secret.
fn parse(text: &str) -> Result<toml::Table, String> {
    text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        format!("line {} is not TOML", before.matches('\n').count() + 1)
    })
}

/// `RIMS_API__LISTEN` and its like. Names without `__` belong to the commands (`RIMS_LOG`, `RIMS_AUTH_KEY`).
/// Credentials are texts even if they look like numbers: a PIN of `0000` keeps its zeroes.
fn environment() -> Figment {
    let settings = |name: &UncasedStr| name.as_str().contains("__") || name == "drain_timeout_ms";
    let is_text = |name: &UncasedStr| TEXTS.iter().any(|text| name == *text);
    let others = Env::prefixed("RIMS_").filter(move |name| settings(name) && !is_text(name)).split("__");
    TEXTS.iter().fold(Figment::from(others), |figment, name| {
        match std::env::var(format!("RIMS_{}", name.to_uppercase())) {
            Ok(value) => figment.merge((name.replace("__", "."), value)),
            Err(_) => figment,
        }
    })
}

const TEXTS: [&str; 7] = [
    "database__url",
    "database__replica_url",
    "koroad__client_id",
    "koroad__client_secret",
    "koroad__pin_user",
    "koroad__pin",
    "vehicles__key",
];

/// The first error without its value: a value may be a secret in the wrong place.
fn one_line(error: &figment::Error) -> String {
    let place = error.path.join(".");
    match &error.kind {
        figment::error::Kind::UnknownField(name, _) if place.is_empty() => format!("unknown key {name}"),
        figment::error::Kind::UnknownField(..) => format!("unknown key {place}"),
        figment::error::Kind::MissingField(name) => format!("missing key {name} in [{place}]"),
        figment::error::Kind::InvalidType(_, expected) | figment::error::Kind::InvalidValue(_, expected) => {
            format!("{place}: expected {expected}")
        }
        figment::error::Kind::Message(message) if place.is_empty() => message.clone(),
        _ => format!("{place}: not a valid value"),
    }
}
