//! The document beside a server that answers.

use reqwest::{Response, StatusCode};
use rims_domain::Environment;
use rims_protocol::interface::{Family, INTERFACES, Interface};
use serde_json::{Value, json};

use super::documented::{self, DOCUMENT, content, operation, posts, sample, strict};
use crate::conformance::sample_world_on;
use crate::harness::{Client, Running, ask_for_token, error_of, keys, shown, with};

/// The first day of the samples' numbers, and that of the verifications.
const NUMBER_DAY: &str = "2024-09-26T09:00:00+09:00";
const VERIFICATION_DAY: &str = "2024-10-23T09:00:00+09:00";

/// The number that an interface's sector made, in place of the sample's.
fn with_number(sample: &Value, numbers: &[String]) -> Value {
    let member = if sample.get("rent_no").is_some() { "rent_no" } else { "vrfc_no" };
    let letter = sample[member].as_str().unwrap().chars().next().unwrap();
    let number = numbers.iter().find(|number| number.starts_with(letter)).unwrap();
    with(sample, member, number.as_str())
}

/// The name of the schema by which an interface's answer is valid.
async fn answered(client: &Client, interface: &Interface, request: &Value) -> String {
    let answer = client.call(interface.path, request).await;
    documented::schemas(interface.path).unwrap().answer(&answer).to_owned()
}

fn is_number(interface: &Interface) -> bool {
    matches!(interface.family, Family::Number(_))
}

/// The name of an operation's answer that is done.
fn done(interface: &Interface) -> String {
    let id = operation(interface)["operationId"].as_str().unwrap();
    format!("{}{}Answer", id[..1].to_uppercase(), &id[1..])
}

#[tokio::test]
async fn every_sample_is_taken_and_answered_as_the_document_says() {
    let (running, client) = sample_world_on(NUMBER_DAY).await;
    let mut numbers = Vec::new();
    for interface in posts().filter(|interface| is_number(interface)) {
        let request = sample(interface);
        let number = client.number(interface.path, &request).await;
        assert_eq!(running.complete(&number, &shown()).await.0, StatusCode::OK);
        numbers.push(number);
    }
    assert_eq!(numbers.len(), 5);
    running.move_to(VERIFICATION_DAY).await;
    let client = running.client("platform", Environment::Operations).await;
    let mut count = 0;
    for interface in posts().filter(|interface| !is_number(interface)) {
        let mut request = sample(interface);
        if matches!(interface.family, Family::Result(_)) {
            request = with_number(&request, &numbers);
        }
        assert_eq!(answered(&client, interface, &request).await, done(interface), "{}", interface.path);
        count += 1;
    }
    assert_eq!(count, 20);
    running.stop().await;
}

#[tokio::test]
async fn refusals_of_koroad_are_headers_alone() {
    let (running, client) = sample_world_on(VERIFICATION_DAY).await;
    running.set_faults(json!({ "koroad": { "f_rtn_cd": "98" } })).await;
    let asks = |interface: &&Interface| {
        matches!(
            interface.family,
            Family::Single(_) | Family::Batch(_) | Family::RentalConfirm | Family::Schedule
        )
    };
    for interface in posts().filter(asks) {
        let name = answered(&client, interface, &sample(interface)).await;
        assert!(name.ends_with("Refused"), "{}: {name}", interface.path);
    }
    let mut numbers = Vec::new();
    for interface in posts().filter(|interface| is_number(interface)) {
        let (from, to) = (running.day(0), running.day(9));
        let request = sample(interface);
        let (first, last) = if request.get("rent_bgng_dt").is_some() {
            ("rent_bgng_dt", "rent_end_dt")
        } else {
            ("f_from_date", "f_to_date")
        };
        let number = client.number(interface.path, &with(&with(&request, first, from), last, to)).await;
        running.complete(&number, &shown()).await;
        numbers.push(number);
    }
    for interface in posts().filter(|interface| matches!(interface.family, Family::Result(_))) {
        let request = with_number(&sample(interface), &numbers);
        let name = answered(&client, interface, &request).await;
        assert!(name.ends_with("Refused"), "{}: {name}", interface.path);
    }
    running.stop().await;
}

/// The response that the document has for a status, with the headers it names.
fn documented_response(interface: &Interface, response: &Response) -> &'static Value {
    let status = response.status().as_u16().to_string();
    let named = &operation(interface)["responses"][&status];
    let described = match named.get("$ref").and_then(Value::as_str) {
        Some(target) => DOCUMENT.pointer(target.trim_start_matches('#')).unwrap(),
        None => named,
    };
    assert!(described["description"].is_string(), "{} {status}", interface.path);
    described
}

fn has_headers(response: &Response, described: &Value, names: &[&str]) {
    for name in names {
        assert!(described["headers"].get(name).is_some(), "{name} is not documented");
        assert!(response.headers().contains_key(*name), "{name} is not sent");
    }
}

#[tokio::test]
async fn the_interfaces_without_a_body_answer_as_the_document_says() {
    let running = Running::start().await;
    let [token, user, ..] = &INTERFACES;
    let (auth_key, _) = keys("s01", Environment::Development);
    let response = ask_for_token(&reqwest::Client::new(), &running.url(""), &auth_key).await;
    let described = documented_response(token, &response);
    has_headers(&response, described, &["Authorization", "Cache-Control", "X-Request-Id"]);
    assert_eq!(response.bytes().await.unwrap().len(), 0);
    let refused = ask_for_token(&reqwest::Client::new(), &running.url(""), "nobody").await;
    let refused: Value = refused.json().await.unwrap();
    assert!(strict(&content(described)["schema"]).is_valid(&refused), "{refused}");

    let client = running.s01().await;
    for (query, schema) in [
        ("user_id=s01&brno=1234567890", "RegisteredUser"),
        ("user_id=nobody&brno=1234567890", "UnregisteredUser"),
        ("user_id=s01", "Error"),
    ] {
        let response = client.get(&format!("{}?{query}", user.path)).await;
        let described = documented_response(user, &response);
        has_headers(&response, described, &["X-Request-Id"]);
        let answer: Value = response.json().await.unwrap();
        assert!(strict(&content(described)["schema"]).is_valid(&answer), "{answer}");
        let named = json!({ "$ref": format!("#/components/schemas/{schema}") });
        assert!(strict(&named).is_valid(&answer), "{schema} {answer}");
    }
    running.stop().await;
}

#[tokio::test]
async fn statuses_beside_200_are_documented() {
    let running = Running::start().await;
    let client = running.s01().await;
    for interface in posts() {
        let too_large = client.send(interface.path, " ".repeat((1 << 20) + 1)).await;
        assert_eq!(too_large.status(), StatusCode::PAYLOAD_TOO_LARGE);
        has_headers(&too_large, documented_response(interface, &too_large), &["X-Request-Id"]);
    }
    let mut stranger = client;
    "e03ee90d-83b8-4b1d-ae80-84e3d2a27000".clone_into(&mut stranger.token);
    for interface in INTERFACES.iter().filter(|interface| interface.family != Family::Token) {
        let refused = match interface.family {
            Family::User => stranger.get(interface.path).await,
            _ => stranger.send(interface.path, "{}").await,
        };
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        let described = documented_response(interface, &refused);
        has_headers(&refused, described, &["WWW-Authenticate", "X-Request-Id"]);
        let body: Value = refused.json().await.unwrap();
        assert!(strict(&content(described)["schema"]).is_valid(&body), "{body}");
        assert_eq!(content(described)["example"], body);
    }
    running.stop().await;
}

/// A key that is none is refused where the document has the header, and nowhere else looked at.
#[tokio::test]
async fn idempotency_keys_are_read_where_the_document_says() {
    let running = Running::start().await;
    let client = running.s01().await;
    for interface in posts() {
        let request = sample(interface);
        let response = client.send_once(interface.path, &request, b"not a key").await;
        let answer: Value = response.json().await.unwrap();
        let names_it = answer.get("respCode").is_some() && error_of(&answer).1.contains("Idempotency-Key");
        let operation = operation(interface);
        let documented = operation.get("parameters").is_some();
        assert_eq!(names_it, documented, "{}", interface.path);
        let replayed = operation["responses"]["200"]["headers"].get("Idempotency-Replayed");
        assert_eq!(replayed.is_some(), documented, "{}", interface.path);
    }
    running.stop().await;
}
