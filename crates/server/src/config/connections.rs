use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use super::{HOUR_MS, from_1_to};
use crate::connections::ConnectionLimits;
use crate::open_files;

/// The longest age of a connection.
const DAY_MS: u64 = 24 * HOUR_MS;

/// How many connections the API's listener has, and for how long.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConnectionsConfig {
    /// All together; without it, as many as the limit of open files allows.
    pub most: Option<usize>,
    /// From one address, or one IPv6 /64 network. Trusted proxies and this machine have no such bound.
    pub most_per_address: usize,
    /// A connection without a request under way is closed after this.
    pub idle_timeout_ms: u64,
    /// A connection takes no further request after this.
    pub max_age_ms: u64,
}

impl Default for ConnectionsConfig {
    fn default() -> Self {
        Self { most: None, most_per_address: 1_024, idle_timeout_ms: 60_000, max_age_ms: HOUR_MS }
    }
}

impl ConnectionsConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        let count = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        for (name, value, most) in [
            ("most", count(self.most.unwrap_or(1)), 10_000_000),
            ("most_per_address", count(self.most_per_address), 10_000_000),
            ("idle_timeout_ms", self.idle_timeout_ms, HOUR_MS),
            ("max_age_ms", self.max_age_ms, DAY_MS),
        ] {
            from_1_to(most, &format!("api.connections.{name}"), value)?;
        }
        Ok(())
    }

    /// The bounds, with the proxies that are trusted.
    pub fn limits(&self, trusted_proxies: &[IpNet]) -> ConnectionLimits {
        ConnectionLimits {
            most: self.most.unwrap_or_else(open_files::most_connections),
            most_per_address: self.most_per_address,
            trusted: trusted_proxies.to_vec(),
            idle: Duration::from_millis(self.idle_timeout_ms),
            max_age: Duration::from_millis(self.max_age_ms),
        }
    }
}
