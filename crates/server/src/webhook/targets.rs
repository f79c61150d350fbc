//! Which of the addresses within its [`Reach`] the server calls: not what an operator denies, no unusual port, and
//! none of the systems that the server itself uses, which may trust the address that it calls from.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use ipnet::IpNet;
use serde::Deserialize;
use tokio::net::lookup_host;
use tokio::time::{Instant, timeout};
use url::Host;

use super::guard::is_public;
use super::{NotAllowed, Reach, WebhookUrl};
use crate::this_machine::{address_of, is_this_machine};

/// How long the addresses of the server's own systems are used before they are asked for again.
const OWN_ADDRESSES_TTL: Duration = Duration::from_secs(10);
/// How long a resolver may take for them: no delivery waits longer for one that does not answer.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(1);

/// What may never be called: a host name, a domain with everything below it (`.example.com`), a network or an address,
/// or a port (`:25`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum DeniedTarget {
    /// One name.
    Name(String),
    /// A name and all names below it.
    Domain(String),
    /// Addresses, however they are reached.
    Network(IpNet),
    /// A port of every host.
    Port(u16),
}

/// A text is no [`DeniedTarget`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a host name, a domain that begins with a dot, a network, an address, or a port after a colon is expected"
)]
pub struct NoTarget;

impl TryFrom<String> for DeniedTarget {
    type Error = NoTarget;

    fn try_from(text: String) -> Result<Self, NoTarget> {
        if let Some(port) = text.strip_prefix(':') {
            return port.parse().map(Self::Port).map_err(|_| NoTarget);
        }
        if let Some(network) = text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)) {
            return Ok(Self::Network(network));
        }
        let (name, is_domain) = text.strip_prefix('.').map_or((text.as_str(), false), |name| (name, true));
        match Host::parse(name) {
            Ok(Host::Domain(name)) if is_domain => Ok(Self::Domain(normal(&name))),
            Ok(Host::Domain(name)) if !name.is_empty() => Ok(Self::Name(normal(&name))),
            _ => Err(NoTarget),
        }
    }
}

/// A system that the server itself uses, by the name and port it uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSystem {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// Where events may be sent.
#[derive(Clone, Debug)]
pub struct Targets(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    reach: Reach,
    denied: Vec<DeniedTarget>,
    /// `None`: every port.
    ports: Option<Vec<u16>>,
    own: Vec<OwnSystem>,
    own_addresses: Mutex<Option<(Instant, Vec<IpAddr>)>>,
}

impl From<Reach> for Targets {
    fn from(reach: Reach) -> Self {
        Self::new(reach, Vec::new(), None, Vec::new())
    }
}

impl Targets {
    /// Without `ports`, 443 where only public addresses are within reach, and otherwise every port.
    pub fn new(
        reach: Reach,
        denied: Vec<DeniedTarget>,
        ports: Option<Vec<u16>>,
        own: Vec<OwnSystem>,
    ) -> Self {
        let ports = match reach {
            Reach::PublicOnly => Some(ports.unwrap_or_else(|| vec![443])),
            Reach::Anywhere => ports,
        };
        Self(Arc::new(Inner { reach, denied, ports, own, own_addresses: Mutex::new(None) }))
    }

    /// Whether only public addresses are among them, and only by https.
    pub(super) fn are_public(&self) -> bool {
        self.0.reach == Reach::PublicOnly
    }

    /// What can be said of an address without asking what names stand for.
    pub(super) fn check_text(&self, url: &WebhookUrl) -> Result<(), NotAllowed> {
        self.0.reach.check(url)?;
        let (Some(host), Some(port)) = (url.as_url().host(), url.as_url().port_or_known_default()) else {
            return Err(NotAllowed::Denied);
        };
        let is_port_denied = self.0.denied.contains(&DeniedTarget::Port(port));
        if is_port_denied || self.0.ports.as_ref().is_some_and(|ports| !ports.contains(&port)) {
            return Err(NotAllowed::Port);
        }
        if self.0.own.iter().any(|own| own.is_named(&host, port)) {
            return Err(NotAllowed::OwnSystem);
        }
        let is_denied = match host {
            Host::Domain(name) => self.denies_name(&normal(name)),
            Host::Ipv4(address) => self.denies_address(address.into()),
            Host::Ipv6(address) => self.denies_address(address.into()),
        };
        if is_denied { Err(NotAllowed::Denied) } else { Ok(()) }
    }

    /// The same, and whether an address that is written instead of a name is one of the server's own systems'.
    pub async fn check(&self, url: &WebhookUrl) -> Result<(), NotAllowed> {
        self.check_text(url)?;
        match url.literal() {
            Some(address) => self.allowed(vec![SocketAddr::new(address, 0)]).await.map(drop),
            None => Ok(()),
        }
    }

    /// Of a name's addresses those that events may be sent to.
    pub(super) async fn allowed(&self, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, NotAllowed> {
        let own = self.own_addresses().await;
        let verdict = |address: IpAddr| match address {
            _ if self.0.reach == Reach::PublicOnly && !is_public(address) => Err(NotAllowed::NotPublic),
            _ if own.contains(&address.to_canonical()) => Err(NotAllowed::OwnSystem),
            _ if self.denies_address(address) => Err(NotAllowed::Denied),
            _ => Ok(()),
        };
        let refused = found.iter().find_map(|address| verdict(address.ip()).err());
        let allowed: Vec<_> = found.into_iter().filter(|address| verdict(address.ip()).is_ok()).collect();
        if allowed.is_empty() { Err(refused.unwrap_or(NotAllowed::NotPublic)) } else { Ok(allowed) }
    }

    fn denies_name(&self, name: &str) -> bool {
        self.0.denied.iter().any(|denied| match denied {
            DeniedTarget::Name(one) => name == one,
            DeniedTarget::Domain(domain) => {
                name.strip_suffix(domain.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            DeniedTarget::Network(_) | DeniedTarget::Port(_) => false,
        })
    }

    fn denies_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0
            .denied
            .iter()
            .any(|denied| matches!(denied, DeniedTarget::Network(net) if net.contains(&address)))
    }

    /// The addresses of the server's own systems, without this machine's: there a trial's endpoint may be a port away.
    async fn own_addresses(&self) -> Vec<IpAddr> {
        let known = self.0.own_addresses.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((asked, known)) = &known
            && asked.elapsed() < OWN_ADDRESSES_TTL
        {
            return known.clone();
        }
        let answers = join_all(self.0.own.iter().map(OwnSystem::addresses)).await;
        let is_complete = answers.iter().all(Option::is_some);
        let mut addresses: Vec<IpAddr> = answers.into_iter().flatten().flatten().collect();
        // A name that cannot be asked for now keeps the addresses it had.
        if let (false, Some((_, known))) = (is_complete, known) {
            addresses.extend(known);
        }
        addresses.retain(|address| !address.is_loopback());
        addresses.sort_unstable();
        addresses.dedup();
        let now = (Instant::now(), addresses.clone());
        *self.0.own_addresses.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        addresses
    }
}

impl OwnSystem {
    /// What its name stands for now; `None` if that cannot be said in time.
    async fn addresses(&self) -> Option<Vec<IpAddr>> {
        let found = lookup_host((self.host.trim_matches(['[', ']']), self.port));
        let found = timeout(LOOKUP_TIMEOUT, found).await.ok()?.ok()?;
        Some(found.map(|address| address.ip().to_canonical()).collect())
    }

    /// This machine by its port alone, every other one whatever the port.
    fn is_named(&self, host: &Host<&str>, port: u16) -> bool {
        let Ok(own) = Host::parse(&bracketed(&self.host)) else { return false };
        if is_this_machine(&own.to_string()) {
            return port == self.port && is_this_machine(&host.to_string());
        }
        match (&own, host) {
            (Host::Domain(own), Host::Domain(host)) => normal(own) == normal(host),
            (own, host) => {
                address_of(&own.to_string()).is_some_and(|own| Some(own) == address_of(&host.to_string()))
            }
        }
    }
}

/// An IPv6 address as it stands in a URL.
fn bracketed(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() }
}

fn normal(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(text: &str) -> DeniedTarget {
        DeniedTarget::try_from(text.to_owned()).unwrap()
    }

    fn own(host: &str, port: u16) -> OwnSystem {
        OwnSystem { host: host.to_owned(), port }
    }

    async fn verdict(targets: &Targets, url: &str) -> Result<(), NotAllowed> {
        targets.check(&WebhookUrl::parse(url).unwrap()).await
    }

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect()
    }

    #[tokio::test]
    async fn only_the_port_of_https_unless_others_are_set() {
        let usual = Targets::from(Reach::PublicOnly);
        assert_eq!(verdict(&usual, "https://example.com/").await, Ok(()));
        for port in [22, 25, 80, 5432, 8443] {
            let url = format!("https://example.com:{port}/");
            assert_eq!(verdict(&usual, &url).await, Err(NotAllowed::Port), "{port}");
            assert_eq!(verdict(&Targets::from(Reach::Anywhere), &url).await, Ok(()), "{port}");
        }
        let set = Targets::new(Reach::PublicOnly, vec![], Some(vec![8443]), vec![]);
        assert_eq!(verdict(&set, "https://example.com:8443/").await, Ok(()));
        assert_eq!(verdict(&set, "https://example.com/").await, Err(NotAllowed::Port));
    }

    #[tokio::test]
    async fn what_an_operator_denies() {
        let denied =
            ["bank.example", ".internal.example", "9.9.9.0/24", "2606:4700::1111", ":8080"].map(denied);
        let targets = Targets::new(Reach::Anywhere, denied.into(), None, vec![]);
        for url in [
            "https://bank.example/",
            "https://BANK.example./",
            "https://internal.example/",
            "https://a.b.internal.example/",
            "https://9.9.9.9/",
            "https://[::ffff:9.9.9.9]/",
            "https://[2606:4700::1111]/",
        ] {
            assert_eq!(verdict(&targets, url).await, Err(NotAllowed::Denied), "{url}");
        }
        assert_eq!(verdict(&targets, "http://example.com:8080/").await, Err(NotAllowed::Port));
        for url in ["https://www.bank.example/", "https://notinternal.example/", "https://9.9.10.9/"] {
            assert_eq!(verdict(&targets, url).await, Ok(()), "{url}");
        }
        let found = targets.allowed(addresses(&["9.9.9.9", "8.8.8.8"])).await;
        assert_eq!(found, Ok(addresses(&["8.8.8.8"])));
        assert_eq!(targets.allowed(addresses(&["9.9.9.9"])).await, Err(NotAllowed::Denied));
    }

    #[tokio::test]
    async fn the_servers_own_systems_by_name_and_by_address() {
        let systems = vec![own("koroad.example", 443), own("1.1.1.1", 443), own("127.0.0.1", 9_001)];
        let targets = Targets::new(Reach::Anywhere, vec![], None, systems);
        for url in [
            "https://koroad.example/",
            "https://KOROAD.example:8443/",
            "https://koroad.example./",
            "https://1.1.1.1:8443/",
            "https://[::ffff:1.1.1.1]/",
            "http://127.0.0.1:9001/",
            "http://localhost:9001/",
        ] {
            assert_eq!(verdict(&targets, url).await, Err(NotAllowed::OwnSystem), "{url}");
        }
        // Another name that leads there: what counts is the address at the connection.
        assert_eq!(targets.allowed(addresses(&["1.1.1.1"])).await, Err(NotAllowed::OwnSystem));
        for url in ["http://127.0.0.1:9002/", "https://www.koroad.example/", "https://1.1.1.2/"] {
            assert_eq!(verdict(&targets, url).await, Ok(()), "{url}");
        }
    }

    #[test]
    fn what_is_no_target() {
        for text in ["", ".", ":", ":x", ":70000", "a b", "10.0.0.0/33", "https://example.com/"] {
            assert_eq!(DeniedTarget::try_from(text.to_owned()), Err(NoTarget), "{text}");
        }
    }
}
