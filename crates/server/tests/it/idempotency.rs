//! `Idempotency-Key` (docs/idempotency.md): recorded once, answered again and again.

use futures::future::join_all;
use reqwest::{Response, StatusCode};
use rims_domain::Environment;
use rims_protocol::values::{IdempotencyKey, LicenceNumber, UserId};
use rims_store::{KeyOwner, Subject};
use serde_json::{Value, json};

use crate::harness::{Client, NOON, Running, error_of, with};

const CONFIRM: &str = "/rentalConfirm";
const KEY: &[u8] = b"5f0c2a3e-0b52-4f0c-9c3b-5f6a2f2c9d11";

/// An answer's text, and whether it is the first one again.
async fn read(response: Response) -> (String, bool) {
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/json; charset=utf-8");
    let replayed = response.headers().get("idempotency-replayed").map(|value| value == "true");
    (response.text().await.unwrap(), replayed.unwrap_or_default())
}

async fn once(client: &Client, path: &str, request: &Value, key: &[u8]) -> (String, bool) {
    read(client.send_once(path, request, key).await).await
}

/// The error of a request under a key, which names the header.
async fn refused(client: &Client, path: &str, request: &Value, key: &[u8]) -> i64 {
    let (answer, replayed) = once(client, path, request, key).await;
    assert!(!replayed);
    let (code, message) = error_of(&serde_json::from_str(&answer).unwrap());
    assert!(message.contains("Idempotency-Key"), "{message}");
    code
}

/// Every interface that records something, with a request.
fn interfaces(running: &Running) -> [(&'static str, Value); 9] {
    let (driver, today) = (running.driver(), running.day(0));
    let drivers =
        json!({ "f_send_cnt": "2", "requestList": [driver, running.driver_with_number("113355779902")] });
    let rental = json!({ "rent_bgng_dt": today, "rent_end_dt": today, "vhcl_reg_no": "67라6767" });
    [
        (CONFIRM, driver.clone()),
        ("/licenseVerificationSchedule", with(&driver, "repeat_period", "1")),
        ("/generateRentNo", rental),
        ("/pm/generateRentNo", json!({ "vhcl_reg_no": "pm_id3" })),
        ("/dapi/generateVrfcNo", json!({})),
        ("/sub/generateVrfcNo", json!({})),
        ("/cmm/generateVrfcNo", json!({})),
        ("/licenseVerification", driver),
        ("/licenseVerificationBatch", drivers),
    ]
}

#[tokio::test]
async fn a_repeated_request_is_recorded_once_and_answered_alike() {
    let running = Running::start().await;
    let client = running.s01().await;
    for (place, (path, request)) in interfaces(&running).into_iter().enumerate() {
        let key = format!("key-{place}");
        let (first, replayed) = once(&client, path, &request, key.as_bytes()).await;
        assert!(!replayed && !first.contains("respCode"), "{path}: {first}");
        for _ in 0..2 {
            assert_eq!(once(&client, path, &request, key.as_bytes()).await, (first.clone(), true), "{path}");
        }
    }
    assert_eq!(running.rentals(&client).await.len(), 2, "confirmed and generated");
    assert_eq!(running.reservations(&client).await.len(), 1);
    assert_eq!(running.stored("s01").await.len(), 5, "confirmed, reserved, verified, and two in a batch");
    let next = client.number("/dapi/generateVrfcNo", &json!({})).await;
    assert_eq!(next, "V30-000000002", "no number was used up");
    running.stop().await;
}

#[tokio::test]
async fn a_key_on_two_lines_is_refused_and_quotation_marks_are_no_part_of_it() {
    let running = Running::start().await;
    let client = running.s01().await;
    for lines in [["k1", "k2"], ["k1", "k1"]] {
        let answer = client.send_lines(CONFIRM, &running.driver(), "Idempotency-Key", &lines).await;
        let (code, message) = error_of(&answer.json().await.unwrap());
        assert_eq!(code, -160, "{message}");
        assert!(message.contains("Idempotency-Key"), "{message}");
    }
    assert_eq!(running.rentals(&client).await.len(), 0, "nothing was recorded");
    let (first, _) = once(&client, CONFIRM, &running.driver(), b"k1").await;
    assert_eq!(once(&client, CONFIRM, &running.driver(), b"\"k1\"").await, (first, true));
    assert_eq!(running.rentals(&client).await.len(), 1);
    running.stop().await;
}

#[tokio::test]
async fn without_a_key_every_request_counts() {
    let running = Running::start().await;
    let client = running.s01().await;
    for _ in 0..2 {
        assert_eq!(client.code(CONFIRM, &running.driver()).await, "00");
    }
    assert_eq!(running.rentals(&client).await.len(), 2);
    running.stop().await;
}

#[tokio::test]
async fn an_ineligible_answer_is_remembered_too() {
    let running = Running::start().await;
    let client = running.s01().await;
    let revoked = running.driver_with_number("113355779902");
    let (first, _) = once(&client, CONFIRM, &revoked, KEY).await;
    assert!(first.contains(r#""f_rtn_code":"02""#), "{first}");
    assert_eq!(once(&client, CONFIRM, &revoked, KEY).await, (first, true));
    assert_eq!(running.stored("s01").await.len(), 1);
    running.stop().await;
}

#[tokio::test]
async fn a_key_belongs_to_one_request() {
    let running = Running::start().await;
    let client = running.s01().await;
    let driver = running.driver();
    let (first, _) = once(&client, CONFIRM, &driver, KEY).await;
    let schedule = with(&driver, "repeat_period", "1");
    for (path, request) in [
        (CONFIRM, with(&driver, "f_to_date", running.day(1))),
        (CONFIRM, with(&driver, "one_way_yn", "Y")),
        (CONFIRM, json!({})),
        ("/licenseVerificationSchedule", schedule),
        ("/dapi/generateVrfcNo", driver.clone()),
    ] {
        assert_eq!(refused(&client, path, &request, KEY).await, -160, "{path} {request}");
    }
    // A member that the interface does not have is ignored, here too.
    let padded = with(&driver, "unknown", 1);
    for request in [&driver, &padded] {
        assert_eq!(once(&client, CONFIRM, request, KEY).await, (first.clone(), true));
    }
    assert_eq!((running.rentals(&client).await.len(), running.stored("s01").await.len()), (1, 1));
    running.stop().await;
}

#[tokio::test]
async fn a_key_is_visible_ascii() {
    let running = Running::start().await;
    let client = running.s01().await;
    let driver = running.driver();
    for key in ["", "two words", "키", &"x".repeat(256)] {
        assert_eq!(refused(&client, CONFIRM, &driver, key.as_bytes()).await, -160, "{key}");
    }
    assert_eq!(refused(&client, CONFIRM, &driver, b"\xff").await, -160);
    assert_eq!(running.stored("s01").await.len(), 0);
    for key in ["!", "~", &"x".repeat(255)] {
        assert!(!once(&client, CONFIRM, &driver, key.as_bytes()).await.1);
    }
    assert_eq!(running.rentals(&client).await.len(), 3);
    running.stop().await;
}

#[tokio::test]
async fn elsewhere_the_header_is_ignored() {
    let running = Running::start().await;
    let client = running.s01().await;
    let request = json!({ "f_license_no": "221212121212" });
    for expected in [r#"{"result":0}"#, r#"{"result":1}"#] {
        let (answer, replayed) = once(&client, "/rental/anomaly", &request, b"two words").await;
        assert_eq!((answer.as_str(), replayed), (expected, false));
        assert_eq!(client.code(CONFIRM, &running.driver()).await, "00");
    }
    running.stop().await;
}

#[tokio::test]
async fn keys_of_two_accounts_never_meet_and_an_accounts_tokens_share_them() {
    let running = Running::start().await;
    let (s01, driver) = (running.s01().await, running.driver());
    let s02 = running.client("s02", Environment::Operations).await;
    let platform = running.client("platform", Environment::Operations).await;
    let (first, _) = once(&s01, CONFIRM, &driver, KEY).await;
    assert!(!once(&s02, CONFIRM, &driver, KEY).await.1);
    let for_s01 = with(&driver, "bizinfo", "s01");
    assert!(!once(&platform, CONFIRM, &for_s01, KEY).await.1, "the caller's account, not the company's");
    assert_eq!(running.rentals(&s01).await.len(), 2);
    assert_eq!(running.rentals(&s02).await.len(), 1);
    assert_eq!(once(&running.s01().await, CONFIRM, &driver, KEY).await, (first, true));
    running.stop().await;
}

/// Otherwise a simulator's answer about anybody would be the answer about a real driver.
#[tokio::test]
async fn keys_of_the_two_environments_never_meet() {
    let running = Running::start().await;
    let path = "/licenseVerification";
    let (driver, refused) = (running.driver(), running.driver_with_number("113355779902"));
    let development = running.client("s01", Environment::Development).await;
    let operations = running.s01().await;
    let (first, _) = once(&development, path, &driver, KEY).await;
    assert_eq!(running.stored("s01").await.len(), 0);
    let (second, replayed) = once(&operations, path, &driver, KEY).await;
    assert!(!replayed && second.contains(r#""f_rtn_code":"00""#), "{second}");
    assert_eq!(running.stored("s01").await.len(), 1, "KOROAD was asked, and the answer recorded");
    // Nor does the one environment's key refuse another request in the other.
    once(&operations, path, &refused, b"other").await;
    assert!(!once(&development, path, &driver, b"other").await.1);
    assert_eq!(once(&development, path, &driver, KEY).await, (first, true));
    running.stop().await;
}

/// What a repeated answer shows may be seen only while the delegation stands.
#[tokio::test]
async fn a_revoked_delegation_ends_the_repetition_too() {
    let running = Running::start().await;
    let platform = running.client("platform", Environment::Operations).await;
    let (s01, delegate) = (UserId::parse("s01").unwrap(), UserId::parse("platform").unwrap());
    let request = with(&running.driver(), "bizinfo", "s01");
    let (first, _) = once(&platform, CONFIRM, &request, KEY).await;
    assert_eq!(once(&platform, CONFIRM, &request, KEY).await, (first, true));
    running.administration().revoke_delegation(&s01, &delegate).await.unwrap();
    running.sandbox.services().forget_cached();
    let (answer, replayed) = once(&platform, CONFIRM, &request, KEY).await;
    assert_eq!((error_of(&serde_json::from_str(&answer).unwrap()).0, replayed), (-130, false));
    running.administration().grant(&s01, &delegate).await.unwrap();
    running.sandbox.services().forget_cached();
    assert!(once(&platform, CONFIRM, &request, KEY).await.1);
    running.stop().await;
}

#[tokio::test]
async fn a_repetition_is_an_event_about_every_driver() {
    let running = Running::start().await;
    let (client, store) = (running.s01().await, running.sandbox.services().store());
    let [.., (single, driver), (batch, drivers)] = interfaces(&running);
    for (path, request, key) in [(single, &driver, "one"), (batch, &drivers, "two")] {
        for _ in 0..2 {
            once(&client, path, request, key.as_bytes()).await;
        }
    }
    let company = store.account_by_user_id("s01").await.unwrap().unwrap().id;
    let events = store.audit_entries("node-0", 1, 10_000).await.unwrap();
    let events: Vec<_> = events.into_iter().filter(|event| event.action == "replay").collect();
    let expected = ["221212121212", "221212121212", "113355779902"]
        .map(|number| store.subject_hash(&Subject::Licence(LicenceNumber::parse_wire(number).unwrap())));
    assert_eq!(events.iter().map(|event| event.subject_hash).collect::<Vec<_>>(), expected);
    assert!(events.iter().all(|event| event.actor.kind() == "credential" && event.company == Some(company)));
    running.stop().await;
}

#[tokio::test]
async fn a_key_lives_for_24_hours() {
    let running = Running::start().await;
    let driver = with(&running.driver(), "f_to_date", running.day(3));
    let (first, _) = once(&running.s01().await, CONFIRM, &driver, KEY).await;
    running.advance("PT23H59M").await;
    let client = running.s01().await;
    let yesterdays = once(&client, CONFIRM, &driver, KEY).await;
    assert_eq!(yesterdays, (first, true), "though f_from_date lies in the past now");
    running.advance("PT2M").await;
    let anew = with(&driver, "f_from_date", running.day(0));
    let (second, replayed) = once(&client, CONFIRM, &anew, KEY).await;
    assert!(!replayed && second.contains(r#""f_request_date":"20301024""#), "{second}");
    assert_eq!(once(&client, CONFIRM, &anew, KEY).await, (second, true));
    assert_eq!(running.rentals(&client).await.len(), 2);
    running.stop().await;
}

#[tokio::test]
async fn an_expired_answer_is_destroyed() {
    let running = Running::start().await;
    once(&running.s01().await, CONFIRM, &running.driver(), KEY).await;
    let store = running.sandbox.services().store();
    let account = store.account_by_user_id("s01").await.unwrap().unwrap().id;
    let key = IdempotencyKey::parse(std::str::from_utf8(KEY).unwrap()).unwrap();
    let owner = KeyOwner { account, environment: Environment::Operations };
    assert!(store.answer(owner, &key).await.unwrap().is_some());
    running.advance("P1DT1M").await;
    assert!(store.answer(owner, &key).await.unwrap().is_none());
    running.stop().await;
}

/// An expired key is free even before its answer is destroyed, which happens once an hour.
#[tokio::test]
async fn a_key_is_free_to_the_moment() {
    let running = Running::start().await;
    let client = running.s01().await;
    let request = json!({});
    let (path, clock) = ("/dapi/generateVrfcNo", running.sandbox.services().clock());
    let (first, _) = once(&client, path, &request, KEY).await;
    clock.shift(clock.now(), clock.now() + jiff::SignedDuration::from_hours(24)).unwrap();
    let client = running.s01().await;
    let (second, replayed) = once(&client, path, &request, KEY).await;
    assert!(!replayed);
    assert_ne!(first, second);
    running.stop().await;
}

#[tokio::test]
async fn of_twenty_at_once_one_is_recorded_and_all_are_answered_alike() {
    let running = Running::start().await;
    let client = running.s01().await;
    for (place, (path, request)) in interfaces(&running).into_iter().enumerate() {
        let key = format!("key-{place}");
        let answers =
            join_all((0..20).map(async |_| once(&client, path, &request, key.as_bytes()).await)).await;
        let (first, _) = &answers[0];
        assert!(!first.contains("respCode"), "{path}: {first}");
        assert!(answers.iter().all(|(answer, _)| answer == first), "{path}: {answers:?}");
        assert_eq!(answers.iter().filter(|(_, replayed)| !replayed).count(), 1, "{path}");
    }
    assert_eq!(running.rentals(&client).await.len(), 2);
    assert_eq!(running.reservations(&client).await.len(), 1);
    assert_eq!(running.stored("s01").await.len(), 5);
    running.stop().await;
}

#[tokio::test]
async fn errors_and_refusals_are_not_remembered() {
    let running = Running::start().await;
    let client = running.s01().await;
    let driver = running.driver();
    for (fault, expected) in [
        (json!("unreachable"), r#""respCode":-90"#),
        (json!("garbage"), r#""respCode":-210"#),
        (json!({ "f_rtn_cd": "98" }), r#""f_rtn_cd":"98""#),
        (Value::Null, r#""f_rtn_code":"00""#),
    ] {
        running.set_faults(json!({ "koroad": fault })).await;
        let (answer, replayed) = once(&client, CONFIRM, &driver, KEY).await;
        assert!(!replayed && answer.contains(expected), "{answer}");
    }
    assert!(once(&client, CONFIRM, &driver, KEY).await.1);
    let wrong = with(&driver, "vhcl_reg_no", "99임9999");
    let (answer, _) = once(&client, CONFIRM, &wrong, b"another").await;
    assert!(answer.contains("-160") && answer.contains("vhcl_reg_no"), "{answer}");
    assert!(!once(&client, CONFIRM, &driver, b"another").await.1, "the key was free");
    assert_eq!(running.rentals(&client).await.len(), 2);
    running.stop().await;
}

#[tokio::test]
async fn a_replay_asks_nobody() {
    let running = Running::start().await;
    let client = running.s01().await;
    let driver = running.driver();
    let (first, _) = once(&client, CONFIRM, &driver, KEY).await;
    running.set_faults(json!({ "koroad": "unreachable", "vehicles": "unreachable" })).await;
    assert_eq!(once(&client, CONFIRM, &driver, KEY).await, (first, true));
    running.stop().await;
}

#[tokio::test]
async fn the_form_of_a_request_does_not_count() {
    let running = Running::start().await;
    let client = running.s01().await;
    let send = async |text| read(client.send_text_once("/dapi/generateVrfcNo", text, KEY).await).await;
    let (first, _) = send(r#"{"f_from_date":"20301023","f_to_date":"20301024"}"#).await;
    let again = send("{ \"f_to_date\" : \"20301024\",\n  \"f_from_date\": \"2030\\u0031023\" }").await;
    assert_eq!(again, (first, true));
    running.stop().await;
}

#[tokio::test]
async fn a_restart_remembers() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start_in(folder.path(), NOON).await;
    let driver = running.driver();
    let (first, _) = once(&running.s01().await, CONFIRM, &driver, KEY).await;
    running.stop().await;
    let running = Running::start_in(folder.path(), NOON).await;
    let client = running.s01().await;
    assert_eq!(once(&client, CONFIRM, &driver, KEY).await, (first, true));
    assert_eq!(running.rentals(&client).await.len(), 1);
    running.stop().await;
}

#[tokio::test]
async fn a_promotion_is_repeated_like_any_confirmation() {
    let running = Running::start().await;
    let client = running.s01().await;
    let today = running.day(0);
    let request = json!({ "rent_bgng_dt": today, "rent_end_dt": today, "vhcl_reg_no": "67라6767" });
    let waiting = client.number("/generateRentNo", &request).await;
    running.complete(&waiting, &crate::harness::shown()).await;
    let driver = running.driver();
    let answers = join_all((0..8).map(async |_| once(&client, CONFIRM, &driver, KEY).await)).await;
    assert!(answers.iter().all(|(answer, _)| *answer == answers[0].0), "{answers:?}");
    let [rental] = running.rentals(&client).await.try_into().unwrap();
    assert_eq!((&rental["rent_no"], &rental["rent_stts_cd"]), (&json!(waiting), &json!("2")));
    running.stop().await;
}
