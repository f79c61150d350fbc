//! KOROAD's token: one for all, replaced ahead of its end and when it is not taken.

use futures::future::join_all;
use jiff::SignedDuration;
use rims_upstream::Secret;

use crate::support::{GOOD, World, check, code, eventually, ok, refused};

#[tokio::test]
async fn concurrent_first_checks_ask_for_one_token() {
    let world = World::start().await;
    let koroad = world.koroad_with(|config| config.limits.single_slots = 32);
    let answers = join_all((0..100).map(|_| koroad.check(check(GOOD)))).await;
    assert!(answers.into_iter().all(|answer| code(answer) == ok("00")));
    assert_eq!(world.sims.calls().tokens, 1);
}

#[tokio::test]
async fn an_expired_token_is_replaced_before_it_is_used() {
    let world = World::start().await;
    let koroad = world.koroad();
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
    world.clock.advance(SignedDuration::from_hours(3));
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
    assert_eq!((world.sims.calls().tokens, world.sims.calls().checks), (2, 2));
}

#[tokio::test]
async fn a_token_near_its_end_is_replaced_behind_the_calls() {
    let world = World::start().await;
    let koroad = world.koroad();
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
    world.clock.advance(SignedDuration::from_mins(175));
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
    eventually("the second token", || world.sims.calls().tokens == 2).await;
    world.clock.advance(SignedDuration::from_mins(10));
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
    assert_eq!((world.sims.calls().tokens, world.sims.calls().checks), (2, 3));
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_replaced_once() {
    let world = World::start().await;
    let slow = world.koroad();
    assert_eq!(code(slow.check(check(GOOD)).await), ok("00"));
    // A reset forgets every token: KOROAD says 2, the client asks for another and calls again.
    world.sims.reset().await.unwrap();
    let answers = join_all((0..50).map(|_| slow.check(check(GOOD)))).await;
    assert!(answers.into_iter().all(|answer| code(answer) == ok("00")));
    assert_eq!(world.sims.calls().tokens, 1);
}

#[tokio::test]
async fn an_expired_token_is_told_by_code_4_and_replaced() {
    let world = World::start().await;
    // The client's own clock stands still, so that only KOROAD notices the expiry.
    let still = crate::support::Clock::new();
    let koroad = rims_upstream::Koroad::new(&world.sims.koroad_config(), "operations", still.now()).unwrap();
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
    world.clock.advance(SignedDuration::from_hours(3));
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
    assert_eq!((world.sims.calls().tokens, world.sims.calls().checks), (2, 3));
}

#[tokio::test]
async fn a_refusal_that_lasts_is_passed_on_after_one_more_call() {
    let world = World::start().await;
    let koroad = world.koroad();
    world.faults(r#"{"koroad":{"f_rtn_cd":"4"}}"#).await;
    assert_eq!(code(koroad.check(check(GOOD)).await), Err(refused("4")));
    assert_eq!((world.sims.calls().tokens, world.sims.calls().checks), (2, 2));
}

#[tokio::test]
async fn wrong_credentials_are_refused() {
    let world = World::start().await;
    let koroad = world.koroad_with(|config| config.client_secret = Secret::new("another"));
    assert_eq!(code(koroad.check(check(GOOD)).await), Err(refused("3")));
    let no_pin = world.koroad_with(|config| config.pin = Secret::new("another"));
    assert_eq!(code(no_pin.check(check(GOOD)).await), Err(refused("40")));
}
