//! What is sent again, and what is not because it may have been done.

use rims_client::values::{IdempotencyKey, LicenceNumber};
use rims_client::{Client, Error, RetryPolicy};
use rims_domain::Environment;

use crate::front::{Fate, Front};
use crate::harness::Running;

const VERIFY: &str = "/licenseVerification";
const ANOMALY: &str = "/rental/anomaly";
const BUSY: Fate = Fate::Answer(429, &[("retry-after", "0")], "");

fn behind(front: &Front, running: &Running) -> Client {
    running.builder("s01", Environment::Operations).base_url(front.url()).build().unwrap()
}

fn key() -> IdempotencyKey {
    IdempotencyKey::parse("5f0c2a3e-0b52-4f0c-9c3b-5f6a2f2c9d11").unwrap()
}

#[tokio::test]
async fn a_lost_answer_of_a_recording_call_is_not_asked_for_again() {
    let running = Running::start().await;
    let front = Front::start(running.url(), |path, count| match (path, count) {
        (VERIFY, 0) => Fate::LoseAnswer,
        _ => Fate::Pass,
    })
    .await;
    let error = behind(&front, &running).rental().verify(&running.driver("221212121212")).await.unwrap_err();
    assert!(matches!(error, Error::Broken(_)), "{error:?}");
    assert!(error.advice().english.contains("may have been done"));
    assert_eq!((front.count(VERIFY), running.stored("s01").await.len()), (1, 1));
    running.stop().await;
}

#[tokio::test]
async fn with_a_key_it_is_asked_for_again_and_recorded_once() {
    let running = Running::start().await;
    let front = Front::start(running.url(), |path, count| match (path, count) {
        (VERIFY, 0 | 1) => Fate::LoseAnswer,
        _ => Fate::Pass,
    })
    .await;
    let calls = behind(&front, &running).rental().once(key());
    assert!(calls.verify(&running.driver("221212121212")).await.unwrap().is_eligible());
    let seen = front.seen(VERIFY);
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|seen| seen.headers["idempotency-key"] == key().as_str()));
    assert_eq!(running.stored("s01").await.len(), 1);
    running.stop().await;
}

#[tokio::test]
async fn where_keys_are_not_known_a_key_makes_nothing_safe() {
    let running = Running::start().await;
    let front = Front::start(running.url(), |path, _| match path {
        VERIFY => Fate::LoseAnswer,
        _ => Fate::PassAsNational,
    })
    .await;
    let calls = behind(&front, &running).rental().once(key());
    let error = calls.verify(&running.driver("221212121212")).await.unwrap_err();
    assert!(matches!(error, Error::Broken(_)), "{error:?}");
    assert_eq!(front.count(VERIFY), 1);
    running.stop().await;
}

#[tokio::test]
async fn a_read_is_repeated_as_often_as_the_policy_says() {
    let running = Running::start().await;
    let front = Front::start(running.url(), |path, count| match (path, count) {
        (ANOMALY, 0) => Fate::LoseAnswer,
        (ANOMALY, 1) => Fate::Answer(502, &[], "bad gateway"),
        (ANOMALY, 2) => BUSY,
        (ANOMALY, 3..8) => Fate::Answer(200, &[], r#"{"respCode":-110,"errorMsg":"오류"}"#),
        _ => Fate::Pass,
    })
    .await;
    let client = behind(&front, &running);
    let number = LicenceNumber::parse("221212121212").unwrap();
    let last = client.rental().anomaly(&number).await.unwrap_err();
    assert!(last.to_string().starts_with("-110 "), "{last}");
    assert_eq!(front.count(ANOMALY), 4);
    let never =
        running.builder("s01", Environment::Operations).base_url(front.url()).retry(RetryPolicy::NEVER);
    assert!(never.build().unwrap().rental().anomaly(&number).await.is_err());
    assert_eq!(front.count(ANOMALY), 5);
    assert_eq!(client.rental().anomaly(&number).await.unwrap(), 0);
    running.stop().await;
}

#[tokio::test]
async fn what_was_turned_away_at_the_door_is_sent_again() {
    let running = Running::start().await;
    let front = Front::start(running.url(), |path, count| match (path, count) {
        (VERIFY, 0 | 1) => BUSY,
        _ => Fate::Pass,
    })
    .await;
    assert!(behind(&front, &running).rental().verify(&running.driver("221212121212")).await.is_ok());
    assert_eq!((front.count(VERIFY), running.stored("s01").await.len()), (3, 1));
    running.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_not_sent_again() {
    let running = Running::start().await;
    let front = Front::start(running.url(), |path, _| match path {
        VERIFY => Fate::Answer(200, &[], r#"{"respCode":"-160","errorMsg":"f_license_no 221212121212"}"#),
        _ => Fate::Pass,
    })
    .await;
    let calls = behind(&front, &running).rental().once(key());
    let error = calls.verify(&running.driver("221212121212")).await.unwrap_err();
    assert_eq!(error.to_string(), "-160 f_license_no …");
    assert_eq!(front.count(VERIFY), 1);
    running.stop().await;
}
