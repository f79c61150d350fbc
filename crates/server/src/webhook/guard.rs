//! Which addresses are public, and a resolver that gives no others. It is asked at each connection, so that a name
//! which was public when its endpoint was registered is of no use when it no longer is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Targets;

/// What is not globally reachable of IANA's registry of special IPv4 addresses, multicast, and one more.
const SPECIAL_V4: [Ipv4Net; 16] = [
    // This network, unspecified.
    v4([0, 0, 0, 0], 8),
    // Private.
    v4([10, 0, 0, 0], 8),
    v4([172, 16, 0, 0], 12),
    v4([192, 168, 0, 0], 16),
    // Shared behind carriers' address translation.
    v4([100, 64, 0, 0], 10),
    // Loopback.
    v4([127, 0, 0, 0], 8),
    // Link-local, with the metadata services of clouds.
    v4([169, 254, 0, 0], 16),
    // Protocol assignments, the relays of 6to4.
    v4([192, 0, 0, 0], 24),
    v4([192, 88, 99, 0], 24),
    // Documentation.
    v4([192, 0, 2, 0], 24),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    // Benchmarking.
    v4([198, 18, 0, 0], 15),
    // Multicast; reserved and broadcast.
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
    // Public by its number, but inside Azure's networks it is the host of the machine.
    v4([168, 63, 129, 16], 32),
];

/// What is handed out to be routed. Loopback, link-local, unique local, multicast and whatever else lie outside.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0], 3);

/// What is special within [`GLOBAL_V6`].
const SPECIAL_V6: [Ipv6Net; 4] = [
    // Protocol assignments: Teredo, benchmarking, ORCHID.
    v6([0x2001, 0], 23),
    // Documentation.
    v6([0x2001, 0x0db8], 32),
    v6([0x3fff, 0], 20),
    // 6to4, which is no longer in use and would lead to an IPv4 address within.
    v6([0x2002, 0], 16),
];

/// NAT64: the IPv4 address is the last 32 bits, and what counts.
const NAT64: Ipv6Net = v6([0x0064, 0xff9b], 96);

const fn v4(octets: [u8; 4], bits: u8) -> Ipv4Net {
    let [a, b, c, d] = octets;
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6(first: [u16; 2], bits: u8) -> Ipv6Net {
    let [a, b] = first;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), bits)
}

/// Whether everybody on the Internet means the same by it.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(within) => is_public_v4(within),
            None => GLOBAL_V6.contains(&address) && !SPECIAL_V6.iter().any(|net| net.contains(&address)),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !SPECIAL_V4.iter().any(|net| net.contains(&address))
}

/// The IPv4 address that a connection to this one ends at.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., a, b, c, d] = address.octets();
    let nat64 = NAT64.contains(&address).then(|| Ipv4Addr::new(a, b, c, d));
    address.to_ipv4_mapped().or(nat64)
}

/// The system's resolver without the addresses that nothing may be sent to.
pub(super) struct GuardedResolver(pub(super) Targets);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let targets = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Addrs = Box::new(targets.allowed(found.collect()).await?.into_iter());
            Ok(allowed)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use std::net::SocketAddr;

    use super::super::{NotAllowed, Reach};
    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().unwrap())
    }

    #[test]
    fn special_ipv4_addresses_are_not_public() {
        for text in [
            "0.0.0.0",
            "0.255.255.255",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
        ] {
            assert!(!public(text), "{text}");
            assert!(!public(&format!("::ffff:{text}")), "mapped {text}");
            assert!(!public(&format!("64:ff9b::{text}")), "NAT64 {text}");
        }
    }

    #[test]
    fn neighbours_of_special_ipv4_addresses_are_public() {
        for text in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.114.0",
            "210.97.0.1",
            "223.255.255.255",
        ] {
            assert!(public(text), "{text}");
            assert!(public(&format!("::ffff:{text}")), "mapped {text}");
            assert!(public(&format!("64:ff9b::{text}")), "NAT64 {text}");
        }
    }

    #[test]
    fn special_ipv6_addresses_are_not_public() {
        for text in [
            "::",
            "::1",
            "::127.0.0.1",
            "::8.8.8.8",
            "64:ff9b:1::8.8.8.8",
            "100::1",
            "2001::1",
            "2001:0:7f00:1::",
            "2001:2::1",
            "2001:1ff:ffff::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:808:808::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!public(text), "{text}");
        }
        for text in ["2001:200::1", "2001:4860:4860::8888", "2003::1", "2606:4700::1111", "3ffe:ffff::1"] {
            assert!(public(text), "{text}");
        }
    }

    #[tokio::test]
    async fn of_a_names_addresses_the_public_ones_remain() {
        let mixed = ["127.0.0.1:0", "8.8.8.8:0", "[::1]:0", "[2606:4700::1111]:0"];
        let addresses =
            |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let targets = Targets::from(Reach::PublicOnly);
        let remain = targets.allowed(addresses(&mixed)).await;
        assert_eq!(remain, Ok(addresses(&["8.8.8.8:0", "[2606:4700::1111]:0"])));
        let none = targets.allowed(addresses(&["127.0.0.1:0", "[::1]:0"])).await;
        assert_eq!(none, Err(NotAllowed::NotPublic));
    }

    #[tokio::test]
    async fn names_of_this_machine_have_no_public_address() {
        for name in ["localhost", "127.0.0.1"] {
            let refused =
                GuardedResolver(Reach::PublicOnly.into()).resolve(name.parse().unwrap()).await.err().unwrap();
            assert_eq!(refused.downcast_ref(), Some(&NotAllowed::NotPublic), "{name}");
        }
    }

    proptest! {
        /// The standard library's own opinions, where it has them.
        #[test]
        fn nothing_that_the_standard_library_calls_special_is_public(bits: u32, bits_v6: u128) {
            let v4 = Ipv4Addr::from_bits(bits);
            let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast()
                || v4.is_broadcast() || v4.is_documentation() || v4.is_unspecified();
            prop_assert!(!special || !is_public(v4.into()), "{v4}");
            let v6 = Ipv6Addr::from_bits(bits_v6);
            let special = v6.is_multicast() || v6.is_unique_local() || v6.is_unicast_link_local();
            prop_assert!(!special || !is_public(v6.into()), "{v6}");
        }
    }
}
