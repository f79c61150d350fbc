//! 대여자 대여정보 이상여부 확인 (§4.2.5).

use jiff::{SignedDuration, Timestamp};
use rims_domain::Environment;
use rims_protocol::values::RemoteNumber;
use serde_json::json;

use crate::harness::{Client, Running, shown, with};

const SEVEN_DAYS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How many rentals are counted for the specification's own driver.
async fn count(client: &Client) -> i64 {
    let answer = client.call("/rental/anomaly", &json!({ "f_license_no": "221212121212" })).await;
    assert_eq!(answer.as_object().map(serde_json::Map::len), Some(1), "{answer}");
    answer["result"].as_i64().unwrap_or_else(|| panic!("{answer}"))
}

async fn confirm(running: &Running, client: &Client) {
    assert_eq!(client.code("/rentalConfirm", &running.driver()).await, "00");
}

/// The number of a company's newest rental.
async fn newest(running: &Running, client: &Client) -> RemoteNumber {
    let rentals = running.rentals(client).await;
    RemoteNumber::parse(rentals[0]["rent_no"].as_str().unwrap()).unwrap()
}

async fn registered_at(running: &Running, number: RemoteNumber) -> Timestamp {
    running.sandbox.services().store().rental(number).await.unwrap().unwrap().at
}

#[tokio::test]
async fn rentals_of_every_company_are_counted_for_everybody() {
    let running = Running::start().await;
    let (s01, s02) = (running.s01().await, running.client("s02", Environment::Operations).await);
    let platform = running.client("platform", Environment::Operations).await;
    assert_eq!(count(&s01).await, 0);
    confirm(&running, &s01).await;
    confirm(&running, &s01).await;
    confirm(&running, &s02).await;
    let for_s01 = with(&running.driver(), "bizinfo", "s01");
    assert_eq!(platform.code("/rentalConfirm", &for_s01).await, "00");
    for client in [&s01, &s02, &platform] {
        assert_eq!(count(client).await, 4);
    }
    let other = json!({ "f_license_no": "113355779900" });
    assert_eq!(s01.call("/rental/anomaly", &other).await, json!({ "result": 0 }));
    running.stop().await;
}

#[tokio::test]
async fn only_rentals_that_are_confirmed_count() {
    let running = Running::start().await;
    let client = running.s01().await;
    assert_eq!(client.code("/licenseVerification", &running.driver()).await, "00");
    let ineligible = with(&running.driver(), "f_resident_name", "김길동");
    assert_eq!(client.code("/rentalConfirm", &ineligible).await, "21");
    let schedule = with(&running.driver(), "repeat_period", "1");
    assert_eq!(client.code("/licenseVerificationSchedule", &schedule).await, "00");
    let today = running.day(0);
    let number = json!({ "rent_bgng_dt": today, "rent_end_dt": today, "vhcl_reg_no": "67라6767" });
    let waiting = client.number("/generateRentNo", &number).await;
    running.complete(&waiting, &shown()).await;
    assert_eq!(count(&client).await, 0, "the number waits, though its driver is known");
    running.administration().confirm_rental(RemoteNumber::parse(&waiting).unwrap()).await.unwrap();
    assert_eq!(count(&client).await, 1);
    running.stop().await;
}

#[tokio::test]
async fn a_cancelled_rental_counts_no_more() {
    let running = Running::start().await;
    let client = running.s01().await;
    confirm(&running, &client).await;
    confirm(&running, &client).await;
    assert_eq!(count(&client).await, 2);
    running.administration().cancel_rental(newest(&running, &client).await).await.unwrap();
    assert_eq!(count(&client).await, 1);
    running.stop().await;
}

#[tokio::test]
async fn a_rental_counts_for_seven_days_to_the_moment() {
    let running = Running::start().await;
    let client = running.s01().await;
    confirm(&running, &client).await;
    let first = registered_at(&running, newest(&running, &client).await).await;
    running.advance("P3D").await;
    confirm(&running, &running.s01().await).await;
    running.move_to(first + SEVEN_DAYS - SignedDuration::from_secs(60)).await;
    let client = running.s01().await;
    assert_eq!(count(&client).await, 2);
    running.move_to(first + SEVEN_DAYS + SignedDuration::from_millis(1)).await;
    assert_eq!(count(&client).await, 1);
    running.advance("P3DT1M").await;
    assert_eq!(count(&running.s01().await).await, 0);
    running.stop().await;
}

/// A rental that waited counts from its registration, not from its confirmation.
#[tokio::test]
async fn a_promoted_rental_counts_from_its_registration() {
    let running = Running::start().await;
    let (from, to) = (running.day(9), running.day(9));
    let number = json!({ "rent_bgng_dt": from, "rent_end_dt": to, "vhcl_reg_no": "67라6767" });
    let waiting = running.s01().await.number("/generateRentNo", &number).await;
    running.complete(&waiting, &shown()).await;
    let period = with(&with(&running.driver(), "f_from_date", from), "f_to_date", to);
    running.advance("P6D").await;
    let client = running.s01().await;
    assert_eq!(client.code("/rentalConfirm", &period).await, "00");
    assert_eq!(count(&client).await, 1);
    running.advance("P1DT1M").await;
    assert_eq!(count(&running.s01().await).await, 0);
    running.stop().await;
}

#[tokio::test]
async fn the_licence_is_checked_and_the_view_recorded() {
    let running = Running::start().await;
    let client = running.s01().await;
    for (request, code) in [
        (json!({}), -170),
        (json!({ "f_license_no": "" }), -170),
        (json!({ "f_license_no": "12345678912" }), -160),
        (json!({ "f_license_no": 221_212_121_212_i64 }), -160),
    ] {
        let (found, message) = client.error("/rental/anomaly", &request).await;
        assert_eq!((found, message.contains("f_license_no")), (code, true), "{message}");
    }
    count(&client).await;
    let store = running.sandbox.services().store();
    let entries = store.audit_entries("node-0", 1, 10_000).await.unwrap();
    assert_eq!(entries.iter().filter(|entry| entry.action == "anomaly.view").count(), 1);
    running.stop().await;
}
