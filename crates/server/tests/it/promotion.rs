//! Rentals that wait (generateRentNo, §4.2.6), and what rentalConfirm (§4.2.3) makes of them.

use reqwest::StatusCode;
use rims_domain::Environment;
use rims_protocol::values::RemoteNumber;
use serde_json::{Value, json};

use crate::harness::{Client, Running, shown, with};

/// A number for a vehicle of s01's, for two days from today on.
async fn number(running: &Running, client: &Client) -> String {
    let (today, tomorrow) = (running.day(0), running.day(1));
    let request = json!({ "rent_bgng_dt": today, "rent_end_dt": tomorrow, "vhcl_reg_no": "67라6767" });
    client.number("/generateRentNo", &request).await
}

/// A number that its driver has completed.
async fn completed(running: &Running, client: &Client, shown: &Value) -> String {
    let number = number(running, client).await;
    let (status, answer) = running.complete(&number, shown).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    number
}

/// The driver, vehicle and period of [`number`].
fn exactly(running: &Running) -> Value {
    with(&running.driver(), "f_to_date", running.day(1))
}

async fn confirm(client: &Client, request: &Value) {
    assert_eq!(client.code("/rentalConfirm", request).await, "00");
}

/// Number and state of every rental, oldest first.
async fn states(running: &Running, client: &Client) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rentals = running.rentals(client).await;
    rentals.iter().rev().map(|rental| (text(&rental["rent_no"]), text(&rental["rent_stts_cd"]))).collect()
}

fn states_of(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(number, state)| ((*number).to_owned(), (*state).to_owned())).collect()
}

#[tokio::test]
async fn a_completed_number_becomes_the_confirmed_rental() {
    let running = Running::start().await;
    let client = running.s01().await;
    let waiting = number(&running, &client).await;
    let [rental] = running.rentals(&client).await.try_into().unwrap();
    assert_eq!((&rental["rent_stts_cd"], &rental["verification_info"]), (&json!("1"), &Value::Null));
    assert_eq!(rental["lcns_idntf_nm"], "일반면허");

    running.complete(&waiting, &shown()).await;
    let [rental] = running.rentals(&client).await.try_into().unwrap();
    assert_eq!(
        (&rental["rent_stts_cd"], &rental["verification_info"]["f_rtn_code"]),
        (&json!("1"), &json!("00"))
    );

    running.advance("PT10M").await;
    confirm(&client, &with(&exactly(&running), "one_way_yn", "Y")).await;
    let [rental] = running.rentals(&client).await.try_into().unwrap();
    assert_eq!((&rental["rent_no"], &rental["rent_stts_cd"]), (&json!(waiting), &json!("2")));
    let verified = rental["verification_info"]["vrfc_dmnd_dt"].as_str().unwrap();
    assert!(verified.starts_with("2030-10-23 12:10:"), "of the confirmation's own check: {verified}");
    assert!(rental["reg_dt"].as_str().unwrap().starts_with("2030-10-23 12:00:"), "registered before");
    assert_eq!(running.stored("s01").await.len(), 2);

    let store = running.sandbox.services().store();
    let stored = store.rental(RemoteNumber::parse(&waiting).unwrap()).await.unwrap().unwrap();
    assert_eq!(stored.one_way, Some(rims_protocol::codes::OneWay::Yes));
    running.stop().await;
}

#[tokio::test]
async fn a_second_confirmation_is_another_rental() {
    let running = Running::start().await;
    let client = running.s01().await;
    completed(&running, &client, &shown()).await;
    confirm(&client, &exactly(&running)).await;
    confirm(&client, &exactly(&running)).await;
    let expected = states_of(&[("R30-000000001", "2"), ("R30-000000002", "2")]);
    assert_eq!(states(&running, &client).await, expected);
    running.stop().await;
}

#[tokio::test]
async fn of_several_the_first_is_taken() {
    let running = Running::start().await;
    let client = running.s01().await;
    completed(&running, &client, &shown()).await;
    completed(&running, &client, &shown()).await;
    confirm(&client, &exactly(&running)).await;
    let expected = states_of(&[("R30-000000001", "2"), ("R30-000000002", "1")]);
    assert_eq!(states(&running, &client).await, expected);
    confirm(&client, &exactly(&running)).await;
    let expected = states_of(&[("R30-000000001", "2"), ("R30-000000002", "2")]);
    assert_eq!(states(&running, &client).await, expected);
    running.stop().await;
}

#[tokio::test]
async fn many_confirmations_at_once_take_each_rental_once() {
    let running = Running::start().await;
    let client = running.s01().await;
    for _ in 0..3 {
        completed(&running, &client, &shown()).await;
    }
    let request = exactly(&running);
    futures::future::join_all((0..8).map(async |_| confirm(&client, &request).await)).await;
    let states = states(&running, &client).await;
    assert_eq!(states.len(), 8, "three that waited and five new ones: {states:?}");
    assert!(states.iter().all(|(_, state)| state == "2"), "{states:?}");
    running.stop().await;
}

#[tokio::test]
async fn another_period_vehicle_driver_or_company_is_another_rental() {
    let running = Running::start().await;
    let client = running.s01().await;
    let waiting = completed(&running, &client, &shown()).await;
    let exactly = exactly(&running);
    for other in [
        with(&exactly, "f_to_date", running.day(2)),
        with(&exactly, "f_from_date", running.day(1)),
        with(&exactly, "vhcl_reg_no", "12하1234"),
        with(&exactly, "f_license_no", "113355779900"),
    ] {
        confirm(&client, &other).await;
    }
    let states = states(&running, &client).await;
    assert_eq!((states.len(), &states[0]), (5, &(waiting.clone(), "1".to_owned())));

    let s02 = running.client("s02", Environment::Operations).await;
    confirm(&s02, &exactly).await;
    let [rental] = running.rentals(&s02).await.try_into().unwrap();
    assert_ne!(rental["rent_no"], json!(waiting));
    running.stop().await;
}

#[tokio::test]
async fn a_number_that_nobody_completed_or_that_found_no_eligible_driver_goes_on_waiting() {
    let running = Running::start().await;
    let client = running.s01().await;
    number(&running, &client).await;
    let somebody_else = with(&shown(), "f_resident_name", "김길동");
    completed(&running, &client, &somebody_else).await;
    confirm(&client, &exactly(&running)).await;
    let expected = states_of(&[("R30-000000001", "1"), ("R30-000000002", "1"), ("R30-000000003", "2")]);
    assert_eq!(states(&running, &client).await, expected);
    let rentals = running.rentals(&client).await;
    assert_eq!(rentals[1]["verification_info"]["f_rtn_code"], "21");
    running.stop().await;
}

/// The simulated register suspends this driver from ten to twenty days after the day it is asked.
#[tokio::test]
async fn an_ineligible_confirmation_leaves_the_rental_waiting() {
    let running = Running::start().await;
    let client = running.s01().await;
    let (from, to) = (running.day(21), running.day(22));
    let request = json!({ "rent_bgng_dt": from, "rent_end_dt": to, "vhcl_reg_no": "67라6767" });
    let number = client.number("/generateRentNo", &request).await;
    let mut driver = with(&shown(), "f_license_no", "111111111101");
    driver["f_resident_name"] = json!("이정지");
    running.complete(&number, &driver).await;
    driver["f_from_date"] = json!(from);
    driver["f_to_date"] = json!(to);
    driver["vhcl_reg_no"] = json!("67라6767");
    for (days, code, state) in [(3, "14", "1"), (10, "00", "2")] {
        running.advance(&format!("P{days}D")).await;
        let client = running.s01().await;
        assert_eq!(client.code("/rentalConfirm", &driver).await, code);
        assert_eq!(states(&running, &client).await, states_of(&[(&number, state)]));
    }
    running.stop().await;
}

#[tokio::test]
async fn a_cancelled_rental_is_not_taken() {
    let running = Running::start().await;
    let client = running.s01().await;
    let waiting = completed(&running, &client, &shown()).await;
    running.administration().cancel_rental(RemoteNumber::parse(&waiting).unwrap()).await.unwrap();
    confirm(&client, &exactly(&running)).await;
    let expected = states_of(&[("R30-000000001", "9"), ("R30-000000002", "2")]);
    assert_eq!(states(&running, &client).await, expected);
    running.stop().await;
}

#[tokio::test]
async fn a_platform_confirms_the_number_that_it_generated_for_a_company() {
    let running = Running::start().await;
    let platform = running.client("platform", Environment::Operations).await;
    let (today, tomorrow) = (running.day(0), running.day(1));
    let request = json!({
        "bizinfo": "s01", "rent_bgng_dt": today, "rent_end_dt": tomorrow, "vhcl_reg_no": "67라6767",
    });
    let waiting = platform.number("/generateRentNo", &request).await;
    running.complete(&waiting, &shown()).await;
    confirm(&platform, &with(&exactly(&running), "bizinfo", "s01")).await;
    let s01 = running.s01().await;
    assert_eq!(states(&running, &s01).await, states_of(&[(&waiting, "2")]));
    running.stop().await;
}
