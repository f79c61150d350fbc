//! Servers that break the rules of HTTP, of the wire, or of politeness.

use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use rims_upstream::{Koroad, KoroadConfig, KoroadError, Unusable};

use crate::support::{Clock, GOOD, LOOPBACK, MALFORMED, UNREACHABLE, World, check, code, raw_server};

fn koroad_at(world: &World, base_url: String) -> Koroad {
    world.koroad_with(|config| {
        config.base_url = base_url;
        config.limits.timeout_ms = 3000;
        config.limits.connect_timeout_ms = 100;
    })
}

async fn answer_of(bytes: &'static [u8]) -> Result<String, KoroadError> {
    let world = World::start().await;
    let koroad = koroad_at(&world, raw_server(bytes).await);
    code(koroad.check(check(GOOD)).await)
}

#[tokio::test]
async fn other_statuses_than_200_are_unusable() {
    for (bytes, status) in [
        (&b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"[..], 500),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204),
        (b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n", 302),
    ] {
        assert_eq!(answer_of(bytes).await, Err(KoroadError::Unusable(Unusable::HttpStatus(status))));
    }
}

#[tokio::test]
async fn what_is_not_http_or_not_json_is_malformed() {
    assert_eq!(answer_of(b"SSH-2.0-OpenSSH_9.9\r\n\r\n").await, MALFORMED);
    assert_eq!(answer_of(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await, MALFORMED);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_unusable() {
    let broken = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"header\":";
    assert_eq!(answer_of(broken).await, Err(KoroadError::Unusable(Unusable::Interrupted)));
}

#[tokio::test]
async fn an_answer_too_large_is_malformed() {
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    endless.resize(20 << 20, b' ');
    assert_eq!(answer_of(endless.leak()).await, MALFORMED);
}

#[tokio::test]
async fn a_connection_closed_before_the_answer_is_unreachable() {
    assert_eq!(answer_of(b"").await, UNREACHABLE);
}

#[tokio::test]
async fn a_refused_connection_is_unreachable() {
    let closed = TcpListener::bind(LOOPBACK).unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let world = World::start().await;
    let koroad = koroad_at(&world, format!("http://{address}"));
    assert_eq!(code(koroad.check(check(GOOD)).await), UNREACHABLE);
    assert_eq!(koroad.check_all(&[check(GOOD)]).await, Err(KoroadError::Unreachable));
}

#[tokio::test]
async fn a_connection_that_is_never_accepted_is_unreachable() {
    let silent = TcpListener::bind(LOOPBACK).unwrap();
    let address = silent.local_addr().unwrap();
    // Fill its backlog, until connecting takes for ever.
    let connect = |_| TcpStream::connect_timeout(&address, Duration::from_millis(200));
    let filling: Vec<_> = (0..5000).map(connect).take_while(Result::is_ok).collect();
    let world = World::start().await;
    let koroad = koroad_at(&world, format!("http://{address}"));
    assert_eq!(code(koroad.check(check(GOOD)).await), UNREACHABLE);
    drop(filling);
}

#[tokio::test]
async fn nobody_resolves_this_name() {
    let config = KoroadConfig {
        base_url: "http://koroad.invalid".into(),
        client_id: "id".into(),
        client_secret: rims_upstream::Secret::new("secret"),
        pin_user: "user".into(),
        pin: rims_upstream::Secret::new("0000"),
        ..KoroadConfig::default()
    };
    let koroad = Koroad::new(&config, "operations", Clock::new().now()).unwrap();
    assert_eq!(code(koroad.check(check(GOOD)).await), UNREACHABLE);
}
