//! The faults that the sandbox switches on and off.

use std::time::{Duration, Instant};

use crate::support::{GOOD, MALFORMED, TIMED_OUT, UNREACHABLE, World, check, code, ok, refused};

#[tokio::test]
async fn each_fault_holds_at_once_and_is_lifted_at_once() {
    let world = World::start().await;
    let koroad = world.hasty_koroad();
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
    for (fault, expected) in [
        (r#""unreachable""#, UNREACHABLE),
        (r#""garbage""#, MALFORMED),
        (r#""hang""#, TIMED_OUT),
        (r#"{"f_rtn_cd":"98"}"#, Err(refused("98"))),
        (r#"{"f_rtn_cd":"4"}"#, Err(refused("4"))),
    ] {
        world.faults(&format!(r#"{{"koroad":{fault}}}"#)).await;
        assert_eq!(code(koroad.check(check(GOOD)).await), expected, "{fault}");
        assert_eq!(code(koroad.check(check(GOOD)).await), expected, "{fault}, again");
        world.faults(r#"{"koroad":null}"#).await;
        assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"), "{fault} lifted");
    }
}

#[tokio::test]
async fn each_fault_holds_without_a_token_too() {
    let world = World::start().await;
    for (fault, expected) in
        [(r#""unreachable""#, UNREACHABLE), (r#""garbage""#, MALFORMED), (r#""hang""#, TIMED_OUT)]
    {
        world.faults(&format!(r#"{{"koroad":{fault}}}"#)).await;
        let koroad = world.hasty_koroad();
        assert_eq!(code(koroad.check(check(GOOD)).await), expected, "{fault}");
        world.faults(r#"{"koroad":null}"#).await;
        assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"), "{fault} lifted");
    }
}

#[tokio::test]
async fn an_unreachable_system_refuses_connections_and_keeps_its_port() {
    let world = World::start().await;
    let address = world.sims.koroad_config().base_url.replace("http://", "");
    for _ in 0..3 {
        world.faults(r#"{"koroad":"unreachable"}"#).await;
        let refused = tokio::net::TcpStream::connect(&address).await.unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
        world.faults(r#"{"koroad":null}"#).await;
        tokio::net::TcpStream::connect(&address).await.unwrap();
    }
}

#[tokio::test]
async fn becoming_unreachable_cuts_calls_that_are_under_way() {
    let world = World::start().await;
    let koroad = world.koroad();
    world.faults(r#"{"koroad":"hang"}"#).await;
    let waiting = tokio::spawn(async move { koroad.check(check(GOOD)).await });
    crate::support::eventually("the call", || world.sims.calls().tokens == 1).await;
    world.faults(r#"{"koroad":"unreachable"}"#).await;
    assert_eq!(code(waiting.await.unwrap()), UNREACHABLE);
}

#[tokio::test]
async fn a_time_out_is_kept() {
    let world = World::start().await;
    let koroad = world.hasty_koroad();
    world.faults(r#"{"koroad":"hang"}"#).await;
    let started = Instant::now();
    assert_eq!(code(koroad.check(check(GOOD)).await), TIMED_OUT);
    let took = started.elapsed();
    assert!((Duration::from_millis(800)..Duration::from_secs(3)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn latency_delays_each_answer() {
    let world = World::start().await;
    let koroad = world.koroad();
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
    world.faults(r#"{"latency_ms":120}"#).await;
    let started = Instant::now();
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
    assert!(started.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn reset_lifts_faults_and_forgets_tokens() {
    let world = World::start().await;
    let koroad = world.koroad();
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
    world.faults(r#"{"koroad":"unreachable","vehicles":"unreachable","latency_ms":9}"#).await;
    world.sims.reset().await.unwrap();
    assert_eq!(world.sims.faults(), rims_upstream::sim::Faults::default());
    assert_eq!(world.sims.calls(), rims_upstream::sim::Calls::default());
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"), "with a new token");
    assert_eq!(world.sims.calls().tokens, 1);
}
