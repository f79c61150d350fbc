//! How many connections a listener has, and for how long: an open connection costs a file and memory, and a client that
//! answers PING could keep one for ever.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use metrics::{counter, gauge};
use tokio::time::Instant;

/// Refused connections are logged once in so long.
const LOG_PAUSE: Duration = Duration::from_mins(1);

/// The bounds of a listener's connections.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// All together.
    pub most: usize,
    /// From one address; an IPv6 address counts as its /64 network.
    pub most_per_address: usize,
    /// Networks whose connections count for the first bound only: proxies.
    pub trusted: Vec<IpNet>,
    /// A connection without a request under way is closed after so long, however it is kept alive.
    pub idle: Duration,
    /// A connection takes no further request after so long.
    pub max_age: Duration,
}

/// The open connections of a listener.
#[derive(Debug)]
pub(crate) struct Connections {
    listener: &'static str,
    limits: ConnectionLimits,
    open: Mutex<Open>,
    started: Instant,
    /// When the last refusal was logged, in milliseconds since the start.
    logged: AtomicU64,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A connection's place among those that are open, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    connections: Arc<Connections>,
    /// What it counts for, unless it is a proxy's.
    address: Option<IpAddr>,
}

impl Connections {
    pub(crate) fn new(listener: &'static str, limits: ConnectionLimits) -> Arc<Self> {
        let (open, logged) = (Mutex::default(), AtomicU64::new(u64::MAX));
        Arc::new(Self { listener, limits, open, started: Instant::now(), logged })
    }

    pub(crate) fn limits(&self) -> &ConnectionLimits {
        &self.limits
    }

    /// A place for a connection from this address; none where there are too many.
    pub(crate) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let peer = peer.to_canonical();
        let is_trusted =
            peer.is_loopback() || self.limits.trusted.iter().any(|network| network.contains(&peer));
        let address = (!is_trusted).then(|| network_of(peer));
        if let Err(reason) = self.take(address) {
            counter!("rims_connections_refused_total", "listener" => self.listener, "reason" => reason)
                .increment(1);
            self.log(peer, reason);
            return None;
        }
        gauge!("rims_connections", "listener" => self.listener).increment(1.0);
        Some(Place { connections: Arc::clone(self), address })
    }

    fn take(&self, address: Option<IpAddr>) -> Result<(), &'static str> {
        let mut open = self.lock();
        if open.all >= self.limits.most {
            return Err("all");
        }
        if let Some(address) = address {
            let of_address = open.by_address.entry(address).or_default();
            if *of_address >= self.limits.most_per_address {
                return Err("address");
            }
            *of_address += 1;
        }
        open.all += 1;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, peer: IpAddr, reason: &'static str) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let last = self.logged.load(Ordering::Relaxed);
        let pause = u64::try_from(LOG_PAUSE.as_millis()).unwrap_or(u64::MAX);
        let is_due = last == u64::MAX || now.saturating_sub(last) >= pause;
        let is_first =
            is_due && self.logged.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if is_first {
            let listener = self.listener;
            tracing::warn!(listener, %peer, reason, "connections are refused: too many are open");
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        gauge!("rims_connections", "listener" => self.connections.listener).decrement(1.0);
        let mut open = self.connections.lock();
        open.all -= 1;
        if let Some(address) = self.address
            && let Some(of_address) = open.by_address.get_mut(&address)
        {
            *of_address -= 1;
            if *of_address == 0 {
                open.by_address.remove(&address);
            }
        }
    }
}

/// The network that one client has: of IPv6 a /64.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(most: usize, most_per_address: usize) -> Arc<Connections> {
        let limits = ConnectionLimits {
            most,
            most_per_address,
            trusted: vec!["192.0.2.0/24".parse().unwrap()],
            idle: Duration::from_mins(1),
            max_age: Duration::from_hours(1),
        };
        Connections::new("test", limits)
    }

    fn from(connections: &Arc<Connections>, address: &str) -> Option<Place> {
        connections.admit(address.parse().unwrap())
    }

    #[test]
    fn one_address_has_its_share_and_a_proxy_all() {
        let connections = connections(10, 2);
        let first = [from(&connections, "203.0.113.9"), from(&connections, "::ffff:203.0.113.9")];
        assert!(first.iter().all(Option::is_some));
        assert!(from(&connections, "203.0.113.9").is_none(), "the address has two");
        assert!(from(&connections, "203.0.113.8").is_some());
        let proxy: Vec<_> = (0..4).map(|_| from(&connections, "192.0.2.1")).collect();
        let local: Vec<_> = (0..4).map(|_| from(&connections, "127.0.0.1")).collect();
        assert!(proxy.iter().chain(&local).all(Option::is_some));
        assert!(from(&connections, "198.51.100.1").is_none(), "ten are open");
        drop(first);
        assert!(from(&connections, "203.0.113.9").is_some(), "places are given back");
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        let connections = connections(10, 1);
        let _first = from(&connections, "2001:db8:1:2::1").unwrap();
        assert!(from(&connections, "2001:db8:1:2:ffff::9").is_none());
        assert!(from(&connections, "2001:db8:1:3::1").is_some());
    }

    #[test]
    fn nothing_is_left_of_addresses_that_are_gone() {
        let connections = connections(10, 2);
        drop((from(&connections, "203.0.113.9"), from(&connections, "203.0.113.8")));
        let open = connections.lock();
        assert_eq!((open.all, open.by_address.len()), (0, 0));
    }
}
