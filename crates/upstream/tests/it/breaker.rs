//! The circuit breaker.

use futures::future::join_all;
use rims_upstream::{BreakerConfig, Koroad};

use crate::support::{GOOD, UNREACHABLE, World, check, code, eventually, ok, refused};

fn koroad(world: &World) -> Koroad {
    world.koroad_with(|config| {
        config.breaker =
            BreakerConfig { enabled: true, failure_rate: 0.5, window: 4, trial_calls: 1, open_ms: 700 };
    })
}

#[tokio::test]
async fn it_opens_after_failures_and_recovers() {
    let world = World::start().await;
    let koroad = koroad(&world);
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
    world.faults(r#"{"koroad":"garbage"}"#).await;
    for _ in 0..6 {
        assert_ne!(code(koroad.check(check(GOOD)).await), ok("00"));
    }
    world.faults(r#"{"koroad":null}"#).await;
    let calls = world.sims.calls().checks;
    assert_eq!(code(koroad.check(check(GOOD)).await), UNREACHABLE, "open: nothing is sent");
    assert_eq!(koroad.check_all(&[check(GOOD)]).await.unwrap_err(), rims_upstream::KoroadError::Unreachable);
    assert_eq!(world.sims.calls().checks, calls);
    let waited = std::time::Instant::now();
    eventually("the end of the pause", || waited.elapsed().as_millis() > 750).await;
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
}

#[tokio::test]
async fn refusals_do_not_open_it() {
    let world = World::start().await;
    let koroad = koroad(&world);
    for _ in 0..12 {
        assert_eq!(code(koroad.check(check("999800000000")).await), Err(refused("98")));
    }
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
}

#[tokio::test]
async fn without_one_every_call_is_made() {
    let world = World::start().await;
    let koroad = world.koroad_with(|config| config.breaker = BreakerConfig::disabled());
    world.faults(r#"{"koroad":"garbage"}"#).await;
    join_all((0..200).map(|_| koroad.check(check(GOOD)))).await;
    world.faults(r#"{"koroad":null}"#).await;
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
}
