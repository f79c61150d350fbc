use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

/// The client's address: the connection's, or behind trusted proxies the last one in `X-Forwarded-For` that is
/// not such a proxy.
pub(super) fn client_address(parts: &Parts, trusted_proxies: &[IpNet]) -> IpAddr {
    forwarded(connection(&parts.extensions), &parts.headers, trusted_proxies)
}

/// Whether a trusted proxy passes the request on.
pub(super) fn is_forwarded(extensions: &Extensions, trusted_proxies: &[IpNet]) -> bool {
    is_trusted(connection(extensions), trusted_proxies)
}

fn connection(extensions: &Extensions) -> IpAddr {
    let connection = extensions.get::<ConnectInfo<SocketAddr>>();
    connection.map_or(IpAddr::from([0, 0, 0, 0]), |info| info.0.ip().to_canonical())
}

fn is_trusted(address: IpAddr, trusted_proxies: &[IpNet]) -> bool {
    trusted_proxies.iter().any(|network| network.contains(&address))
}

fn forwarded(connection: IpAddr, headers: &HeaderMap, trusted_proxies: &[IpNet]) -> IpAddr {
    if !is_trusted(connection, trusted_proxies) {
        return connection;
    }
    let mut nearest = connection;
    let hops = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = hops.flat_map(|value| value.split(',')).map(str::trim).collect();
    for hop in hops.into_iter().rev() {
        let Ok(address) = hop.parse::<IpAddr>() else { break };
        nearest = address.to_canonical();
        if !is_trusted(nearest, trusted_proxies) {
            break;
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "1.2.3.4, 5.6.7.8".parse().unwrap());
        headers.append("x-forwarded-for", "10.0.0.9".parse().unwrap());
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        for (connection, expected) in [("9.9.9.9", "9.9.9.9"), ("10.0.0.1", "5.6.7.8")] {
            assert_eq!(forwarded(address(connection), &headers, &trusted), address(expected));
        }
    }

    #[test]
    fn what_is_no_address_ends_the_walk() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "1.2.3.4, unknown, 10.0.0.9".parse().unwrap());
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        assert_eq!(forwarded(address("10.0.0.1"), &headers, &trusted), address("10.0.0.9"));
        assert_eq!(forwarded(address("10.0.0.1"), &HeaderMap::new(), &trusted), address("10.0.0.1"));
    }
}
