//! Concurrent single checks share calls, and a poisonous one decides only itself.

use std::time::{Duration, Instant};

use futures::future::join_all;
use rims_protocol::codes::KnownProcessing;
use rims_upstream::{Koroad, KoroadError};
use tokio::runtime::Handle;

use crate::support::{GOOD, MALFORMED, TIMED_OUT, UNREACHABLE, World, check, code, eventually, ok, refused};

async fn all_at_once(koroad: &Koroad, numbers: &[String]) -> Vec<Result<String, KoroadError>> {
    join_all(numbers.iter().map(|number| async { code(koroad.check(check(number)).await) })).await
}

#[tokio::test]
async fn many_concurrent_checks_make_few_calls() {
    let world = World::start().await;
    let koroad = world.koroad();
    let endings = ["00", "01", "11", "12", "31"];
    let numbers: Vec<_> = (0..300).map(|i| format!("33{i:08}{}", endings[i % endings.len()])).collect();
    let answers = all_at_once(&koroad, &numbers).await;
    for (number, answer) in numbers.iter().zip(answers) {
        assert_eq!(answer, ok(&number[10..]), "each its own answer");
    }
    let calls = world.sims.calls();
    assert_eq!(calls.checked_items, 300);
    assert!(calls.checks <= 8, "4 go out at once, the others in two or so: {calls:?}");
}

#[tokio::test]
async fn a_check_on_an_idle_client_goes_out_alone() {
    let world = World::start().await;
    let koroad = world.koroad();
    for _ in 0..5 {
        assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
    }
    assert_eq!((world.sims.calls().checks, world.sims.calls().tokens), (5, 1));
}

/// A time-out that no working call runs into, however busy the machine.
const UNHURRIED: u64 = 20_000;

/// Fifty good checks with a poisonous one among them, in one slot, so that they share a call.
async fn one_among_fifty(
    world: &World,
    poison: &str,
    coalesced_timeout_ms: u64,
) -> (Result<String, KoroadError>, u64) {
    let koroad = world.koroad_with(|config| {
        config.limits.single_slots = 1;
        config.limits.timeout_ms = UNHURRIED.min(coalesced_timeout_ms * 10);
        config.limits.coalesced_timeout_ms = coalesced_timeout_ms;
    });
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
    let before = world.sims.calls().checks;
    let mut numbers: Vec<_> = (0..50).map(|i| format!("33{i:08}00")).collect();
    numbers.insert(20, poison.to_owned());
    let mut answers = all_at_once(&koroad, &numbers).await;
    let poisoned = answers.remove(20);
    assert_eq!(answers, vec![ok("00"); 50], "with {poison} among them");
    (poisoned, world.sims.calls().checks - before)
}

#[tokio::test]
async fn a_refused_check_decides_only_itself() {
    let world = World::start().await;
    for known in KnownProcessing::ALL.iter().filter(|known| **known != KnownProcessing::Done) {
        let number = format!("99{:02}00000000", known.code());
        let (poisoned, calls) = one_among_fifty(&world, &number, UNHURRIED).await;
        assert_eq!(poisoned, Err(refused(&known.code().to_string())));
        assert!(calls <= 20, "halving 50 takes about two calls a level, not {calls}");
    }
}

#[tokio::test]
async fn a_check_that_breaks_the_connection_decides_only_itself() {
    let world = World::start().await;
    let (poisoned, calls) = one_among_fifty(&world, "999000000000", UNHURRIED).await;
    assert_eq!(poisoned, UNREACHABLE);
    assert!(calls <= 20, "{calls}");
}

#[tokio::test]
async fn a_check_answered_with_garbage_decides_only_itself() {
    let world = World::start().await;
    let (poisoned, calls) = one_among_fifty(&world, "999100000000", UNHURRIED).await;
    assert_eq!(poisoned, MALFORMED);
    assert!(calls <= 20, "{calls}");
}

#[tokio::test]
async fn a_check_that_hangs_decides_only_itself() {
    let world = World::start().await;
    let started = Instant::now();
    let (poisoned, calls) = one_among_fifty(&world, "999200000000", 250).await;
    assert_eq!(poisoned, TIMED_OUT);
    assert!(started.elapsed().as_millis() < 5000, "within its own time-out of 2500");
    assert!(calls <= 2 * 51, "{calls}");
}

#[tokio::test]
async fn several_poisons_of_every_kind_at_once() {
    let world = World::start().await;
    let koroad = world.koroad_with(|config| {
        config.limits.timeout_ms = 3000;
        config.limits.coalesced_timeout_ms = 100;
    });
    let expected = |i: usize| match i % 20 {
        3 => ("999000000000", UNREACHABLE),
        7 => ("999100000000", MALFORMED),
        11 => ("999200000000", TIMED_OUT),
        15 => ("999800000000", Err(refused("98"))),
        _ => (GOOD, ok("00")),
    };
    let numbers: Vec<_> = (0..100).map(|i| expected(i).0.to_owned()).collect();
    let answers = all_at_once(&koroad, &numbers).await;
    for (i, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer, expected(i).1, "check {i}");
    }
}

#[tokio::test]
async fn a_hanging_check_does_not_hold_up_those_that_come_later() {
    let world = World::start().await;
    let koroad = world.koroad_with(|config| {
        config.limits.single_slots = 1;
        config.limits.timeout_ms = 60_000;
        config.limits.coalesced_timeout_ms = 50;
    });
    let hanging = tokio::spawn({
        let koroad = koroad.clone();
        async move { koroad.check(check("999200000000")).await }
    });
    eventually("the hanging call", || world.sims.calls().checked_items == 1).await;
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
    assert!(!hanging.is_finished());
    hanging.abort();
}

#[tokio::test]
async fn when_every_check_fails_the_cost_is_bounded() {
    let world = World::start().await;
    let koroad = world.koroad_with(|config| config.limits.single_slots = 1);
    world.faults(r#"{"koroad":{"f_rtn_cd":"98"}}"#).await;
    let numbers = vec![GOOD.to_owned(); 65];
    assert_eq!(all_at_once(&koroad, &numbers).await, vec![Err(refused("98")); 65]);
    assert!(world.sims.calls().checks <= 2 * 65, "{:?}", world.sims.calls());
}

#[tokio::test]
async fn an_unreachable_system_is_not_asked_again_for_each() {
    let world = World::start().await;
    let koroad = world.koroad();
    world.faults(r#"{"koroad":"unreachable"}"#).await;
    let started = Instant::now();
    assert_eq!(all_at_once(&koroad, &vec![GOOD.to_owned(); 300]).await, vec![UNREACHABLE; 300]);
    assert!(started.elapsed().as_millis() < 2000);
}

#[tokio::test]
async fn a_full_queue_turns_away_at_once() {
    let world = World::start().await;
    let koroad = world.koroad_with(|config| {
        config.limits.queue_capacity = 10;
        config.limits.timeout_ms = 500;
    });
    world.faults(r#"{"koroad":"hang"}"#).await;
    let answers = all_at_once(&koroad, &vec![GOOD.to_owned(); 30]).await;
    assert_eq!(answers[..10], vec![TIMED_OUT; 10]);
    assert_eq!(answers[10..], vec![UNREACHABLE; 20]);
    world.faults(r#"{"koroad":null}"#).await;
    // The places are given back by the calls' own time-outs, a moment after the callers'.
    let free_again = async {
        while code(koroad.check(check(GOOD)).await) != ok("00") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), free_again).await.unwrap();
}

#[tokio::test]
async fn callers_who_go_away_leave_nothing_behind() {
    let world = World::start().await;
    let koroad = world.hasty_koroad();
    all_at_once(&koroad, &vec![GOOD.to_owned(); 20]).await;
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    world.faults(r#"{"koroad":"hang"}"#).await;
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let koroad = koroad.clone();
            tokio::spawn(async move { koroad.check(check(GOOD)).await })
        })
        .collect();
    eventually("a call", || world.sims.calls().checks > 0 && tasks() > before).await;
    for caller in callers {
        caller.abort();
    }
    eventually("the end of every task", || tasks() <= before).await;
    world.faults(r#"{"koroad":null}"#).await;
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"));
}
