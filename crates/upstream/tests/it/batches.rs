//! Batches: as few calls as the system allows, answers in order, one failure decides.

use rims_upstream::{DriverCheck, Koroad, KoroadError};

use crate::support::{GOOD, MALFORMED, TIMED_OUT, UNREACHABLE, World, check, code, ok, refused};

async fn codes(koroad: &Koroad, checks: &[DriverCheck]) -> Result<Vec<String>, KoroadError> {
    let answers = koroad.check_all(checks).await?;
    Ok(answers.iter().map(|answer| answer.code.as_str().to_owned()).collect())
}

#[tokio::test]
async fn a_batch_is_cut_into_chunks_and_answered_in_order() {
    let world = World::start().await;
    let koroad = world.koroad();
    let endings = ["00", "01", "02", "11", "12", "21", "31"];
    let numbers: Vec<_> = (0..2500).map(|i| format!("33{i:08}{}", endings[i % endings.len()])).collect();
    let checks: Vec<_> = numbers.iter().map(|number| check(number)).collect();
    let expected: Vec<_> = numbers.iter().map(|number| number[10..].to_owned()).collect();
    assert_eq!(codes(&koroad, &checks).await, Ok(expected));
    let calls = world.sims.calls();
    assert_eq!((calls.checks, calls.checked_items, calls.tokens), (3, 2500, 1));
}

#[tokio::test]
async fn an_empty_batch_asks_nothing() {
    let world = World::start().await;
    assert_eq!(codes(&world.koroad(), &[]).await, Ok(vec![]));
    assert_eq!(world.sims.calls().checks, 0);
}

#[tokio::test]
async fn one_failing_item_decides_the_batch() {
    let world = World::start().await;
    let koroad = world.hasty_koroad();
    for (poison, expected) in [
        ("999800000000", Err(refused("98"))),
        ("990400000000", Err(refused("4"))),
        ("999000000000", UNREACHABLE),
        ("999100000000", MALFORMED),
        ("999200000000", TIMED_OUT),
    ] {
        let mut checks = vec![check(GOOD); 20];
        checks[13] = check(poison);
        assert_eq!(codes(&koroad, &checks).await.map(|_| String::new()), expected, "{poison}");
    }
}

#[tokio::test]
async fn the_first_faulty_item_in_order_decides() {
    let world = World::start().await;
    let koroad = world.koroad_with(|config| config.limits.chunk = 10);
    let mut checks = vec![check(GOOD); 40];
    (checks[5], checks[7], checks[35]) =
        (check("999800000000"), check("999700000000"), check("999100000000"));
    assert_eq!(codes(&koroad, &checks).await, Err(refused("98")));
    checks[5] = check(GOOD);
    assert_eq!(codes(&koroad, &checks).await, Err(refused("97")));
    checks[7] = check(GOOD);
    assert_eq!(codes(&koroad, &checks).await.map(|_| String::new()), MALFORMED);
}

#[tokio::test]
async fn hanging_batches_do_not_hold_up_single_checks() {
    let world = World::start().await;
    let koroad = world.koroad_with(|config| config.limits.max_in_flight = 1);
    let hanging = tokio::spawn({
        let koroad = koroad.clone();
        async move { koroad.check_all(&[check("999200000000")]).await }
    });
    crate::support::eventually("the batch", || world.sims.calls().checks == 1).await;
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
    hanging.abort();
}
