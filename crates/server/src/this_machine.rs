//! Which hosts are this machine.

use std::net::IpAddr;

/// An address as it stands in a URL or without brackets.
pub(crate) fn address_of(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok().map(|address: IpAddr| address.to_canonical())
}

/// Loopback addresses and `localhost`, which is this machine by RFC 6761, whatever a resolver says.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let is_named_so = name == "localhost" || name.ends_with(".localhost");
    is_named_so || address_of(host).is_some_and(|address| address.is_loopback())
}
