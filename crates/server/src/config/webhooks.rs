use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::Config;
use crate::webhook::{DeniedTarget, OwnSystem, Reach, Targets, Timeouts};

/// How companies are told what happens (docs/webhooks.md).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookConfig {
    /// How far events may be sent.
    pub reach: Reach,
    /// What they may never be sent to.
    pub denied_targets: Vec<DeniedTarget>,
    /// The only ports they may be sent to. Without it 443 for [`Reach::PublicOnly`], every one for [`Reach::Anywhere`].
    pub allowed_ports: Option<Vec<u16>>,
    /// Until there is a connection.
    pub connect_timeout_ms: u64,
    /// Until the head of the answer is there.
    pub total_timeout_ms: u64,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self {
            reach: Reach::PublicOnly,
            denied_targets: Vec::new(),
            allowed_ports: None,
            connect_timeout_ms: 2_000,
            total_timeout_ms: 10_000,
        }
    }
}

impl WebhookConfig {
    /// How long a delivery may take.
    pub fn timeouts(&self) -> Timeouts {
        Timeouts {
            connect: Duration::from_millis(self.connect_timeout_ms),
            total: Duration::from_millis(self.total_timeout_ms),
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        match &self.allowed_ports {
            Some(ports) if ports.is_empty() || ports.contains(&0) => {
                Err("webhooks.allowed_ports are numbers from 1 to 65535, at least one".to_owned())
            }
            _ => Ok(()),
        }
    }
}

impl Config {
    /// Where events may be sent: what the settings say, without the systems that the server itself uses.
    pub fn webhook_targets(&self) -> Targets {
        let urls = [Url::parse(&self.koroad.base_url).ok(), Url::parse(&self.vehicles.base_url).ok()];
        let urls = urls.into_iter().chain([self.traces.endpoint.clone()]).flatten();
        let mut own: Vec<OwnSystem> = urls.filter_map(|url| system_of(&url)).collect();
        for url in [Some(&self.database.url), self.database.replica_url.as_ref()].into_iter().flatten() {
            let servers = rims_store::servers_of(&url.0).into_iter();
            own.extend(servers.map(|(host, port)| OwnSystem { host, port }));
        }
        let WebhookConfig { reach, denied_targets, allowed_ports, .. } = &self.webhooks;
        Targets::new(*reach, denied_targets.clone(), allowed_ports.clone(), own)
    }
}

fn system_of(url: &Url) -> Option<OwnSystem> {
    Some(OwnSystem { host: url.host_str()?.to_owned(), port: url.port_or_known_default()? })
}
