//! What an operator sets for each national system. Times are in milliseconds.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A configuration that no client can be made of. Names the setting, never its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// `base_url` is not an absolute http or https address.
    #[error("{system}: base_url must be an http:// or https:// address")]
    BaseUrl {
        /// Which system's configuration.
        system: &'static str,
    },
    /// A credential is missing.
    #[error("{system}: {setting} must be set")]
    Missing {
        /// Which system's configuration.
        system: &'static str,
        /// The setting.
        setting: &'static str,
    },
    /// A credential has characters that cannot stand in an HTTP header.
    #[error("{system}: {setting} has characters that cannot be sent")]
    Unsendable {
        /// Which system's configuration.
        system: &'static str,
        /// The setting.
        setting: &'static str,
    },
    /// A limit is zero or otherwise out of range.
    #[error("{system}: {setting} is out of range")]
    OutOfRange {
        /// Which system's configuration.
        system: &'static str,
        /// The setting.
        setting: &'static str,
    },
    /// The HTTP client could not be set up (TLS, root certificates).
    #[error("{system}: the HTTP client could not be set up: {reason}")]
    Client {
        /// Which system's configuration.
        system: &'static str,
        /// What the HTTP client says.
        reason: String,
    },
}

/// A credential. Never shown by `Debug`; its memory is cleared when it is dropped.
#[derive(Clone, Default, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Wraps a credential.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The credential itself: only for what is sent upstream.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// The block mode of KOROAD's ARIA-256 body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CipherMode {
    /// Each block by itself.
    #[default]
    Ecb,
    /// Chained, from an IV of zeroes.
    Cbc,
}

/// The character set of the encrypted plaintext.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Charset {
    /// EUC-KR with the extensions of Windows code page 949.
    #[default]
    #[serde(rename = "euc-kr")]
    EucKr,
    /// UTF-8.
    #[serde(rename = "utf-8")]
    Utf8,
}

/// How the plaintext of a call with a single check is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OneItem {
    /// An array of one object, like any other call.
    #[default]
    Array,
    /// The object alone.
    Object,
}

/// What is sent as `f_seq_no`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SequenceNumber {
    /// Nothing: answers are matched by their order.
    #[default]
    Empty,
    /// The item's number in the call, from 1: answers that echo it are matched by it.
    Item,
}

/// How much is asked at once, and how long an answer may take.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// For making a connection.
    pub connect_timeout_ms: u64,
    /// For one question of a caller in total, waiting in the queue included.
    pub timeout_ms: u64,
    /// For one call that carries the questions of several callers; after it they are asked one by one.
    pub coalesced_timeout_ms: u64,
    /// Calls at the same time: of batches, and again of questions that are asked again.
    pub max_in_flight: usize,
    /// Calls at the same time that carry coalesced questions. Few, so that they gather under load.
    pub single_slots: usize,
    /// Questions of one coalesced call.
    pub coalesce_max: usize,
    /// Single questions that may wait or be under way at the same time; one more is turned away.
    pub queue_capacity: usize,
    /// Items of one call of a batch: what the system takes at most.
    pub chunk: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout_ms: 2000,
            timeout_ms: 5000,
            coalesced_timeout_ms: 1000,
            max_in_flight: 64,
            single_slots: 2,
            coalesce_max: 256,
            queue_capacity: 10_000,
            chunk: 1000,
        }
    }
}

impl Limits {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub(crate) fn coalesced_timeout(&self) -> Duration {
        Duration::from_millis(self.coalesced_timeout_ms.min(self.timeout_ms))
    }

    pub(crate) fn check(&self, system: &'static str) -> Result<(), ConfigError> {
        /// What a counting semaphore of tokio can hold on any platform, with room to spare.
        const MAX: usize = 1 << 24;
        let times = [
            ("limits.connect_timeout_ms", self.connect_timeout_ms),
            ("limits.timeout_ms", self.timeout_ms),
            ("limits.coalesced_timeout_ms", self.coalesced_timeout_ms),
        ];
        let counts = [
            ("limits.max_in_flight", self.max_in_flight),
            ("limits.single_slots", self.single_slots),
            ("limits.coalesce_max", self.coalesce_max),
            ("limits.queue_capacity", self.queue_capacity),
            ("limits.chunk", self.chunk),
        ];
        let wrong_time = times.iter().find(|(_, value)| !(1..=3_600_000).contains(value));
        let wrong_count = counts.iter().find(|(_, value)| !(1..=MAX).contains(value));
        match wrong_time.map(|(name, _)| *name).or(wrong_count.map(|(name, _)| *name)) {
            Some(setting) => Err(ConfigError::OutOfRange { system, setting }),
            None => Ok(()),
        }
    }
}

/// When a call is made a second time. Never after a time-out: a check may cost a fee.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetryConfig {
    /// Further attempts to make a connection.
    pub connect_attempts: u32,
    /// The pause before each of them.
    pub connect_pause_ms: u64,
    /// Whether a call whose connection was closed before an answer began is made once more.
    pub closed: bool,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self { connect_attempts: 1, connect_pause_ms: 20, closed: true }
    }
}

/// The circuit breaker: while it is open, questions are answered "unreachable" at once.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BreakerConfig {
    /// Whether there is one.
    pub enabled: bool,
    /// The share of failed calls that opens it, above 0 and up to 1.
    pub failure_rate: f32,
    /// The number of last calls it looks at; it never opens before it has seen as many.
    pub window: usize,
    /// The number of calls that decide whether it closes again.
    pub trial_calls: usize,
    /// How long it stays open.
    pub open_ms: u64,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self { enabled: true, failure_rate: 0.5, window: 100, trial_calls: 5, open_ms: 5000 }
    }
}

impl BreakerConfig {
    /// No breaker: every call is made.
    pub fn disabled() -> Self {
        Self { enabled: false, ..Self::default() }
    }

    pub(crate) fn check(&self, system: &'static str) -> Result<(), ConfigError> {
        let wrong = if !(self.failure_rate > 0.0 && self.failure_rate <= 1.0) {
            "breaker.failure_rate"
        } else if self.window == 0 {
            "breaker.window"
        } else if self.trial_calls == 0 {
            "breaker.trial_calls"
        } else {
            return Ok(());
        };
        Err(ConfigError::OutOfRange { system, setting: wrong })
    }
}

/// How KOROAD is reached.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KoroadConfig {
    /// For example `https://dlv.koroad.or.kr`.
    pub base_url: String,
    /// The name that KOROAD issued.
    pub client_id: String,
    /// The secret that KOROAD issued: for the token, and the key of the encrypted body.
    pub client_secret: Secret,
    /// The first part of `f_pin_info`.
    pub pin_user: String,
    /// The second part of `f_pin_info`.
    pub pin: Secret,
    /// To be checked against KOROAD's guide.
    pub cipher_mode: CipherMode,
    /// To be checked against KOROAD's guide.
    pub charset: Charset,
    /// To be checked against KOROAD's guide.
    pub one_item: OneItem,
    /// To be checked against KOROAD's guide.
    pub sequence_number: SequenceNumber,
    /// Time-outs and concurrency.
    pub limits: Limits,
    /// Repeated calls.
    pub retry: RetryConfig,
    /// The circuit breaker.
    pub breaker: BreakerConfig,
}

/// How the vehicle registry is reached.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VehicleConfig {
    /// The address before `/api/vehicles/owners`.
    pub base_url: String,
    /// The bearer key.
    pub key: Secret,
    /// Time-outs and concurrency.
    pub limits: Limits,
    /// Repeated calls.
    pub retry: RetryConfig,
    /// The circuit breaker.
    pub breaker: BreakerConfig,
}

/// How the licence-photo check is reached.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PhotoConfig {
    /// The address before `/api/licence-photo/check`.
    pub base_url: String,
    /// The bearer key.
    pub key: Secret,
    /// Time-outs and concurrency; photos are never coalesced.
    pub limits: Limits,
    /// Repeated calls.
    pub retry: RetryConfig,
    /// The circuit breaker.
    pub breaker: BreakerConfig,
}
