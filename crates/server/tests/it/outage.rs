//! While KOROAD is away: checks are made again for companies that asked to be told (docs/outages.md).

use axum::http::StatusCode;
use rims_domain::Environment;
use rims_protocol::values::UserId;
use rims_server::clock::Clock;
use rims_server::service::administration::Administration;
use rims_server::webhook::{Reach, WebhookUrl};
use serde_json::{Value, json};

use crate::harness::{Client, Running, batch_of, error_of, with};
use crate::production::{Deployment, attach, both_keys, driver};
use crate::receiver::Receiver;

const SINGLE: &str = "/licenseVerification";
const BATCH: &str = "/licenseVerificationBatch";

/// A sandbox whose company `s01` is told at a receiver.
async fn told() -> (Running, Receiver, Client) {
    let running = Running::start().await;
    let receiver = Receiver::start(StatusCode::NO_CONTENT).await;
    let (user, url) = (UserId::parse("s01").unwrap(), WebhookUrl::parse(&receiver.url).unwrap());
    running.administration().add_webhook(&user, &url, &[], Reach::Anywhere).await.unwrap();
    let client = running.s01().await;
    (running, receiver, client)
}

impl Client {
    async fn ask(&self, path: &str, request: &Value, reference: &str) -> Value {
        let header = ("recheck-reference", reference.as_bytes());
        self.send_with(path, &request.to_string(), header).await.json().await.unwrap()
    }
}

/// The `data` of everything that has been told since the last time, in its order.
fn news(receiver: &Receiver) -> Vec<Value> {
    let arrived = std::iter::from_fn(|| receiver.next());
    let mut news: Vec<Value> = arrived
        .map(|(_, body)| {
            let event: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(event["type"], "verification.rechecked");
            event["data"].clone()
        })
        .collect();
    news.sort_by_key(|data| (data["reference"].to_string(), data["item"].as_u64()));
    news
}

async fn waiting(running: &Running) -> u64 {
    running.sandbox.services().store().rechecks_waiting(Environment::Operations).await.unwrap()
}

#[tokio::test]
async fn an_unanswered_check_is_made_again_when_koroad_is_back() {
    let (running, receiver, client) = told().await;
    for (number, fault) in [
        ("1", json!("unreachable")),
        ("2", json!("garbage")),
        ("3", json!({ "f_rtn_cd": "97" })),
        ("4", json!({ "f_rtn_cd": "98" })),
        ("5", json!({ "f_rtn_cd": "99" })),
    ] {
        running.set_faults(json!({ "koroad": fault })).await;
        let answer = client.ask(SINGLE, &running.driver(), number).await;
        let plain = client.call(SINGLE, &running.driver()).await;
        assert_eq!(answer, plain, "the answer is the specification's");
    }
    assert_eq!(waiting(&running).await, 5, "those with a reference");
    running.advance("PT10M").await;
    assert_eq!((waiting(&running).await, news(&receiver)), (5, vec![]), "KOROAD is still away");

    running.set_faults(json!({ "koroad": null })).await;
    running.advance("PT1M").await;
    let expected: Vec<Value> = ["1", "2", "3", "4", "5"]
        .map(|reference| json!({ "reference": reference, "item": 0, "environment": "operations", "user_id": "s01", "f_rtn_code": "00" }))
        .into();
    assert_eq!(news(&receiver), expected);
    let stored = running.stored("s01").await;
    assert_eq!(stored.len(), 5, "each is a verification like any other");
    assert_eq!(waiting(&running).await, 0);
    running.advance("PT10M").await;
    assert_eq!((running.stored("s01").await.len(), news(&receiver)), (5, vec![]), "once");
    running.stop().await;
}

#[tokio::test]
async fn every_driver_of_a_batch_is_told_by_its_place() {
    let (running, receiver, client) = told().await;
    let suspended = running.driver_with_number("110000000012");
    let drivers = batch_of(&[running.driver(), suspended]);
    running.set_faults(json!({ "koroad": "unreachable" })).await;
    assert_eq!(error_of(&client.ask(BATCH, &drivers, "lot-7").await).0, -90);
    // The same again waits once.
    assert_eq!(error_of(&client.ask(BATCH, &drivers, "lot-7").await).0, -90);
    running.set_faults(json!({ "koroad": null })).await;
    running.advance("PT1M").await;
    assert_eq!(
        news(&receiver),
        [
            json!({ "reference": "lot-7", "item": 0, "environment": "operations", "user_id": "s01", "f_rtn_code": "00" }),
            json!({ "reference": "lot-7", "item": 1, "environment": "operations", "user_id": "s01", "f_rtn_code": "12" }),
        ]
    );
    running.stop().await;
}

#[tokio::test]
async fn what_koroad_refuses_for_another_reason_is_told_and_ends() {
    let (running, receiver, client) = told().await;
    running.set_faults(json!({ "koroad": "unreachable" })).await;
    let refused = running.driver_with_number("992012121200");
    client.ask(SINGLE, &refused, "later").await;
    running.set_faults(json!({ "koroad": null })).await;
    assert_eq!(client.ask(SINGLE, &refused, "now").await["header"]["f_rtn_cd"], "20");
    assert_eq!(waiting(&running).await, 1, "a refusal is an answer");
    running.advance("PT1M").await;
    assert_eq!(
        news(&receiver),
        [
            json!({ "reference": "later", "item": 0, "environment": "operations", "user_id": "s01", "f_rtn_cd": "20" })
        ]
    );
    running.stop().await;
}

#[tokio::test]
async fn one_that_never_works_does_not_keep_others_waiting_and_is_given_up_after_a_day() {
    let (running, receiver, client) = told().await;
    // This licence is never answered; the other one only not now.
    let for_days = |driver: Value| with(&driver, "f_to_date", running.day(30));
    client.ask(SINGLE, &for_days(running.driver_with_number("999012121200")), "never").await;
    running.set_faults(json!({ "koroad": "unreachable" })).await;
    client.ask(SINGLE, &for_days(running.driver()), "later").await;
    running.set_faults(json!({ "koroad": null })).await;
    running.advance("PT1M").await;
    running.advance("PT1M").await;
    assert_eq!(news(&receiver).len(), 1, "the one that works");
    running.advance("PT23H").await;
    assert_eq!((waiting(&running).await, news(&receiver)), (1, vec![]));
    running.advance("PT1H").await;
    let given_up = json!({ "reference": "never", "item": 0, "environment": "operations", "user_id": "s01", "given_up": true });
    assert_eq!((waiting(&running).await, news(&receiver)), (0, vec![given_up]));
    running.stop().await;
}

#[tokio::test]
async fn days_that_are_over_are_not_asked_about() {
    let (running, receiver, client) = told().await;
    running.set_faults(json!({ "koroad": "unreachable" })).await;
    client.ask(SINGLE, &running.driver(), "today").await;
    running.move_to("2030-10-24T00:00:00+09:00").await;
    assert_eq!(news(&receiver)[0]["given_up"], true);
    running.stop().await;
}

#[tokio::test]
async fn without_a_webhook_nothing_is_kept() {
    let running = Running::start().await;
    let client = running.s01().await;
    running.set_faults(json!({ "koroad": "unreachable" })).await;
    assert_eq!(error_of(&client.ask(SINGLE, &running.driver(), "1").await).0, -90);
    assert_eq!(waiting(&running).await, 0);
    running.stop().await;
}

#[tokio::test]
async fn a_reference_that_is_none_is_named() {
    let (running, _receiver, client) = told().await;
    for reference in ["a b", "홍길동", "", &"9".repeat(65)] {
        let (code, message) = error_of(&client.ask(SINGLE, &running.driver(), reference).await);
        assert_eq!(code, -160);
        assert!(message.contains("Recheck-Reference"), "{message}");
    }
    running.stop().await;
}

/// KOROAD never answers these; one company's, and a development key's, must not keep another company's waiting.
#[tokio::test]
async fn what_is_never_answered_keeps_no_other_company_waiting() {
    let (running, receiver, s01) = told().await;
    let (user, url) = (UserId::parse("s02").unwrap(), WebhookUrl::parse(&receiver.url).unwrap());
    running.administration().add_webhook(&user, &url, &[], Reach::Anywhere).await.unwrap();
    let development = running.client("s01", Environment::Development).await;
    let s02 = running.client("s02", Environment::Operations).await;
    let never = batch_of(&vec![running.driver_with_number("999712121200"); 20]);
    for client in [&development, &s01] {
        assert_eq!(client.ask(BATCH, &never, "never").await["header"]["f_rtn_cd"], "97");
    }
    running.set_faults(json!({ "koroad": "unreachable" })).await;
    s02.ask(SINGLE, &running.driver(), "waits").await;
    running.set_faults(json!({ "koroad": null })).await;
    running.advance("PT1M").await;
    let told = news(&receiver);
    assert_eq!(told.len(), 1, "the first pass after KOROAD's return: {told:?}");
    assert_eq!((&told[0]["reference"], &told[0]["user_id"]), (&json!("waits"), &json!("s02")));
    running.stop().await;
}

#[tokio::test]
async fn a_company_has_so_many_checks_waiting_and_hears_of_the_bound() {
    let deployment = Deployment::start("[outage]\nwaiting_per_company = 3").await;
    let [development, client] = both_keys(&deployment).await;
    // KOROAD refuses the connection for such a number.
    let unreachable = with(&driver(), "f_license_no", "999012121200");
    let queued = async |client: &Client, path: &str, request: &Value, reference: &str| {
        let header = ("recheck-reference", reference.as_bytes());
        let response = client.send_with(path, &request.to_string(), header).await;
        response.headers().get("recheck-queued").map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(queued(&client, SINGLE, &unreachable, "a").await.as_deref(), Some("no-webhook"));
    let store = attach(&deployment.config).await;
    let (user, url) = (UserId::parse("acme").unwrap(), WebhookUrl::parse("https://192.0.2.1/hook").unwrap());
    let administration = Administration::new(store.clone(), Clock::system());
    administration.add_webhook(&user, &url, &[], Reach::Anywhere).await.unwrap();
    let batch = batch_of(&vec![unreachable.clone(); 2]);
    for (path, request, reference, expected) in [
        (BATCH, &batch, "b", "yes"),
        (BATCH, &batch, "c", "too-many-wait"),
        (SINGLE, &unreachable, "d", "yes"),
        (SINGLE, &unreachable, "e", "too-many-wait"),
    ] {
        assert_eq!(queued(&client, path, request, reference).await.as_deref(), Some(expected), "{reference}");
    }
    assert_eq!(
        queued(&development, SINGLE, &unreachable, "f").await.as_deref(),
        Some("yes"),
        "a queue apart"
    );
    assert_eq!(queued(&client, SINGLE, &driver(), "g").await, None, "KOROAD answered");
    assert_eq!(store.rechecks_waiting(Environment::Operations).await, Ok(3));
    store.close().await;
    deployment.stop().await;
}
