//! What becomes of requests that are not authenticated: counted by reason, logged now and then, and after a number of
//! them from one address answered with HTTP 429 for a growing time (docs/security.md).
//!
//! Only failures are answered so. A key or token that holds passes from every address, since many honest clients share
//! one with an attacker (NAT); and 122 random bits are not guessed at any rate that a network carries.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ipnet::{IpNet, Ipv6Net};
use metrics::counter;
use quick_cache::sync::Cache;
use rims_domain::KeyRefusal;
use tracing::warn;

use crate::config::FailedAuthenticationConfig;
use crate::service::AuthenticationFailure;

/// What one client has of IPv6's addresses, and can use each of.
const IPV6_CLIENT_PREFIX: u8 = 64;
/// Between two warnings, whatever the number of failures: an attacker must not fill the log.
const WARNING_INTERVAL: Duration = Duration::from_secs(1);

/// The failures of each address, in memory of a fixed size.
pub(super) struct FailedAuthentication {
    config: FailedAuthenticationConfig,
    addresses: Cache<IpNet, Arc<Mutex<Failures>>>,
    warnings: Mutex<Warnings>,
}

/// The failures of one address.
#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    /// Until then further ones are HTTP 429; the moment of the last one where no pause began with it.
    paused_until: Instant,
}

impl Failures {
    fn none(now: Instant) -> Self {
        Self { count: 0, paused_until: now }
    }

    /// Counts a failure, or returns what is left of the pause.
    fn record(&mut self, config: &FailedAuthenticationConfig, now: Instant) -> Option<Duration> {
        let left = self.paused_until.saturating_duration_since(now);
        if !left.is_zero() {
            return Some(left);
        }
        if now.duration_since(self.paused_until) >= config.forget_after() {
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        let pause =
            self.count.checked_sub(config.allowed).map_or(Duration::ZERO, |excess| config.pause(excess));
        self.paused_until = now + pause;
        None
    }
}

/// When the next line may be logged, and how many failures were not.
#[derive(Default)]
struct Warnings {
    next: Option<Instant>,
    unlogged: u64,
}

impl Warnings {
    /// How many failures went unlogged since the last line, if this one may be logged.
    fn take(&mut self, now: Instant) -> Option<u64> {
        if self.next.is_some_and(|next| now < next) {
            self.unlogged += 1;
            return None;
        }
        self.next = Some(now + WARNING_INTERVAL);
        Some(std::mem::take(&mut self.unlogged))
    }
}

impl FailedAuthentication {
    pub(super) fn new(config: FailedAuthenticationConfig) -> Self {
        // Every series is there from the start: a rate needs its zero.
        for failure in [
            AuthenticationFailure::Malformed,
            AuthenticationFailure::UnknownKey,
            AuthenticationFailure::WellKnownKey,
            AuthenticationFailure::UnknownToken,
        ] {
            count(failure, 0);
        }
        for refusal in KeyRefusal::ALL {
            count(AuthenticationFailure::KeyRefused(*refusal), 0);
        }
        Self { addresses: Cache::new(config.addresses), warnings: Mutex::default(), config }
    }

    /// Counts a failure of an address; returns how long its further failures are answered with HTTP 429, if this one
    /// is.
    pub(super) fn record(&self, peer: IpAddr, failure: AuthenticationFailure) -> Option<Duration> {
        count(failure, 1);
        if !failure.is_suspicious() {
            return None;
        }
        let now = Instant::now();
        let (pause, failures) = self.record_at(client(peer), now);
        let unlogged = self.warnings.lock().unwrap_or_else(PoisonError::into_inner).take(now);
        if let Some(unlogged) = unlogged {
            let (address, reason) = (client(peer), failure.name());
            warn!(%address, reason, failures, unlogged, "authentication failed");
        }
        pause
    }

    fn record_at(&self, client: IpNet, now: Instant) -> (Option<Duration>, u32) {
        let failures = self.addresses.get_or_insert_with(&client, || {
            Ok::<_, std::convert::Infallible>(Arc::new(Mutex::new(Failures::none(now))))
        });
        let Ok(failures) = failures;
        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
        (failures.record(&self.config, now), failures.count)
    }
}

/// What failures are counted by: an IPv4 address, or the network that one IPv6 client has.
fn client(peer: IpAddr) -> IpNet {
    match peer.to_canonical() {
        IpAddr::V4(address) => IpNet::from(IpAddr::V4(address)),
        IpAddr::V6(address) => Ipv6Net::new(address, IPV6_CLIENT_PREFIX)
            .map_or(IpNet::from(peer), |network| network.trunc().into()),
    }
}

fn count(failure: AuthenticationFailure, number: u64) {
    counter!("rims_failed_authentications_total", "reason" => failure.name()).increment(number);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(config: FailedAuthenticationConfig) -> FailedAuthentication {
        FailedAuthentication::new(config)
    }

    fn client_of(text: &str) -> IpNet {
        client(text.parse().unwrap())
    }

    #[test]
    fn each_failure_after_a_pause_doubles_the_next_one_up_to_the_longest() {
        let config = FailedAuthenticationConfig { allowed: 3, longest_pause_ms: 5_000, ..Default::default() };
        let (table, address, mut now) = (table(config), client_of("192.0.2.1"), Instant::now());
        for _ in 0..3 {
            assert_eq!(table.record_at(address, now).0, None);
        }
        for seconds in [1, 2, 4, 5, 5] {
            let pause = Duration::from_secs(seconds);
            // As many as come within the pause do not lengthen it.
            for _ in 0..3 {
                assert_eq!(table.record_at(address, now).0, Some(pause));
            }
            let other = client_of(&format!("198.51.100.{seconds}"));
            assert_eq!(table.record_at(other, now).0, None, "another address");
            now += pause;
            assert_eq!(table.record_at(address, now).0, None, "after the pause one is answered as usual");
        }
    }

    #[test]
    fn an_address_that_does_not_fail_for_long_starts_from_zero() {
        let config = FailedAuthenticationConfig { allowed: 1, ..Default::default() };
        let (table, address, now) = (table(config), client_of("192.0.2.1"), Instant::now());
        assert_eq!(table.record_at(address, now), (None, 1));
        let later = now + Duration::from_secs(1) + config.forget_after();
        assert_eq!(table.record_at(address, later), (None, 1));
        assert_eq!(table.record_at(address, later).0, Some(Duration::from_secs(1)));
    }

    #[test]
    fn an_ipv6_client_is_its_network_of_64_bits() {
        assert_eq!(client_of("2001:db8:1:2:3::4"), client_of("2001:db8:1:2:ffff::1"));
        assert_ne!(client_of("2001:db8:1:2::1"), client_of("2001:db8:1:3::1"));
        assert_eq!(client_of("::ffff:192.0.2.1"), client_of("192.0.2.1"));
        assert_eq!(client_of("192.0.2.1").to_string(), "192.0.2.1/32");
    }

    #[test]
    fn many_addresses_do_not_grow_the_table_and_one_that_fails_often_stays() {
        let config = FailedAuthenticationConfig { allowed: 2, addresses: 100, ..Default::default() };
        let (table, frequent, now) = (table(config), client_of("192.0.2.1"), Instant::now());
        for _ in 0..3 {
            table.record_at(frequent, now);
        }
        for number in 0..10_000_u32 {
            table.record_at(IpNet::from(IpAddr::from(number.to_be_bytes())), now);
            table.record_at(frequent, now);
        }
        assert!(table.addresses.len() <= 100, "{}", table.addresses.len());
        assert!(table.record_at(frequent, now).0.is_some());
    }

    #[test]
    fn warnings_come_at_most_once_a_second_and_say_what_was_left_out() {
        let (mut warnings, now) = (Warnings::default(), Instant::now());
        assert_eq!(warnings.take(now), Some(0));
        assert_eq!((warnings.take(now), warnings.take(now)), (None, None));
        assert_eq!(warnings.take(now + WARNING_INTERVAL), Some(2));
    }
}
