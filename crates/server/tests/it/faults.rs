use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::{Value, json};

use crate::harness::Running;

const SINGLE: &str = "/licenseVerification";

#[tokio::test]
async fn a_licences_prefix_chooses_the_upstream_fault() {
    let running = Running::start().await;
    let client = running.s01().await;
    for code in ["01", "02", "03", "04", "10", "20", "21", "22", "40", "41", "97", "98", "99"] {
        let answer = client.call(SINGLE, &running.driver_with_number(&format!("99{code}12121200"))).await;
        assert_eq!(answer["header"]["f_rtn_cd"], code.trim_start_matches('0'), "{answer}");
        assert!(!answer["header"]["f_rtn_msg"].as_str().unwrap().is_empty());
        assert!(answer.get("body").is_none());
    }
    assert_eq!(client.error(SINGLE, &running.driver_with_number("999012121200")).await.0, -90);
    assert_eq!(client.error(SINGLE, &running.driver_with_number("999112121200")).await.0, -210);
    let started = Instant::now();
    assert_eq!(client.error(SINGLE, &running.driver_with_number("999212121200")).await.0, -210);
    assert!(started.elapsed() < Duration::from_secs(8));
    assert_eq!(running.stored("s01").await.len(), 0, "nothing was verified");
    running.stop().await;
}

#[tokio::test]
async fn attempts_are_kept_in_the_audit_trail() {
    let running = Running::start().await;
    let client = running.s01().await;
    client.error(SINGLE, &running.driver_with_number("999012121200")).await;
    client.call(SINGLE, &running.driver_with_number("999812121200")).await;
    let store = running.sandbox.services().store();
    let entries = store.audit_entries("node-0", 1, 10_000).await.unwrap();
    let outcomes: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.action == "verify.attempt")
        .map(|entry| entry.outcome.as_str())
        .collect();
    assert_eq!(outcomes, ["-90", "refused 98"]);
    running.stop().await;
}

#[tokio::test]
async fn injected_faults_hold_until_they_are_lifted() {
    let running = Running::start().await;
    let client = running.s01().await;
    let answer = async || client.call(SINGLE, &running.driver()).await;
    running.set_faults(json!({ "koroad": "unreachable" })).await;
    assert_eq!(answer().await["respCode"], -90);
    assert_eq!(answer().await["respCode"], -90);
    running.set_faults(json!({ "koroad": "garbage" })).await;
    assert_eq!(answer().await["respCode"], -210);
    running.set_faults(json!({ "koroad": { "f_rtn_cd": "97" } })).await;
    assert_eq!(answer().await["header"]["f_rtn_cd"], "97");
    running.set_faults(json!({ "latency_ms": 0 })).await;
    assert_eq!(answer().await["header"]["f_rtn_cd"], "97", "members left out keep their value");
    running.set_faults(json!({ "koroad": null })).await;
    assert_eq!(answer().await["body"]["f_rtn_code"], "00");
    running.stop().await;
}

#[tokio::test]
async fn without_the_registry_a_vehicle_is_unconfirmed_and_starts_no_grace() {
    let running = Running::start().await;
    let client = running.s01().await;
    running.set_faults(json!({ "vehicles": "unreachable" })).await;
    let answer = client.call(SINGLE, &running.driver()).await;
    assert_eq!(answer["body"]["vhcl_idnty_cd"], "2");
    assert_eq!(running.grace_started("s01", "67라6767").await, None);
    running.set_faults(json!({ "vehicles": null })).await;
    let answer = client.call(SINGLE, &running.driver()).await;
    assert_eq!(answer["body"]["vhcl_idnty_cd"], "1");
    running.stop().await;
}

#[tokio::test]
async fn a_poisonous_licence_decides_only_its_own_answer() {
    let running = Running::start().await;
    let client = running.s01().await;
    let numbers: Vec<String> = (0..60)
        .map(|index| match index {
            13 => "999112121200".to_owned(),
            27 => "999812121200".to_owned(),
            41 => "999012121200".to_owned(),
            _ => format!("11{index:08}00"),
        })
        .collect();
    let answers: Vec<Value> = join_all(
        numbers.iter().map(async |number| client.call(SINGLE, &running.driver_with_number(number)).await),
    )
    .await;
    for (index, answer) in answers.iter().enumerate() {
        match index {
            13 => assert_eq!(answer["respCode"], -210),
            27 => assert_eq!(answer["header"]["f_rtn_cd"], "98"),
            41 => assert_eq!(answer["respCode"], -90),
            _ => assert_eq!(answer["body"]["f_rtn_code"], "00", "{index}: {answer}"),
        }
    }
    running.stop().await;
}

#[tokio::test]
async fn a_hanging_upstream_leaves_other_requests_alone() {
    let running = Running::start().await;
    let client = running.s01().await;
    let hanging = running.driver_with_number("999212121200");
    let hangs = async { client.error(SINGLE, &hanging).await.0 };
    let others = async {
        let started = Instant::now();
        for _ in 0..20 {
            let answer = client.get("/col/isUserInDatabase?user_id=s01&brno=1234567890").await;
            assert!(answer.status().is_success());
            assert_eq!(client.code("/sub/licenseVerification", &running.driver()).await, "00");
        }
        started.elapsed()
    };
    let (code, elapsed) = tokio::join!(hangs, others);
    assert_eq!(code, -210);
    assert!(elapsed < Duration::from_secs(4), "{elapsed:?}");
    running.stop().await;
}
