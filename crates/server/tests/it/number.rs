//! 대여번호와 검증번호 생성 (§4.2.6, §4.3.3, §4.4.3, §4.5.2.7, §4.6.3).

use std::collections::BTreeSet;

use futures::future::join_all;
use jiff::civil::Date;
use rims_protocol::codes::ApiType;
use rims_protocol::values::{Period, RemoteNumber, Vehicle, format_compact};
use rims_store::RemoteRecord;
use serde_json::{Value, json};

use crate::harness::{Client, Running, with};

/// Every number interface with its letter and the smallest request that it takes.
fn interfaces(running: &Running) -> [(&'static str, &'static str, Value); 5] {
    let today = running.day(0);
    [
        (
            "/generateRentNo",
            "R",
            json!({ "rent_bgng_dt": today, "rent_end_dt": today, "vhcl_reg_no": "67라6767" }),
        ),
        ("/pm/generateRentNo", "P", json!({ "vhcl_reg_no": "pm_id3" })),
        ("/dapi/generateVrfcNo", "V", json!({})),
        ("/sub/generateVrfcNo", "D", json!({})),
        ("/cmm/generateVrfcNo", "C", json!({})),
    ]
}

async fn stored(running: &Running, number: &str) -> RemoteRecord {
    let number = RemoteNumber::parse(number).unwrap();
    running.sandbox.services().store().remote(number).await.unwrap().unwrap()
}

/// The days of the number that a request generates, as the wire writes them.
async fn period(running: &Running, client: &Client, path: &str, request: &Value) -> [String; 2] {
    let number = client.number(path, request).await;
    let Period { from, to } = stored(running, &number).await.period;
    [from, to].map(|date: Date| format_compact(date))
}

#[tokio::test]
async fn every_sector_has_its_letter_and_its_own_sequence() {
    let running = Running::start().await;
    let client = running.s01().await;
    for sequence in 1..=3 {
        for (path, letter, request) in interfaces(&running) {
            let number = client.number(path, &request).await;
            assert_eq!(number, format!("{letter}30-{sequence:09}"), "{path}");
        }
    }
    running.stop().await;
}

#[tokio::test]
async fn rentals_and_reservations_share_the_rental_numbers() {
    let running = Running::start().await;
    let client = running.s01().await;
    let schedule = with(&running.driver(), "repeat_period", "1");
    assert_eq!(client.code("/rentalConfirm", &running.driver()).await, "00");
    assert_eq!(client.code("/licenseVerificationSchedule", &schedule).await, "00");
    let [(path, _, request), ..] = interfaces(&running);
    assert_eq!(client.number(path, &request).await, "R30-000000003");
    assert_eq!(running.reservations(&client).await[0]["rent_no"], "R30-000000002");
    running.stop().await;
}

#[tokio::test]
async fn the_year_is_seouls_and_each_begins_with_one() {
    let running = Running::start_at("2026-12-31T23:58:00+09:00").await;
    let client = running.s01().await;
    for (path, letter, request) in interfaces(&running) {
        assert_eq!(client.number(path, &request).await, format!("{letter}26-000000001"));
    }
    running.move_to("2026-12-31T15:00:00Z").await;
    for (path, letter, request) in interfaces(&running) {
        assert_eq!(client.number(path, &request).await, format!("{letter}27-000000001"));
        assert_eq!(client.number(path, &request).await, format!("{letter}27-000000002"));
    }
    running.stop().await;
}

#[tokio::test]
async fn two_hundred_at_once_are_all_different() {
    let running = Running::start().await;
    let client = running.s01().await;
    for (path, letter, request) in interfaces(&running) {
        let numbers = join_all((0..200).map(async |_| client.number(path, &request).await)).await;
        let different: BTreeSet<String> = numbers.into_iter().collect();
        assert_eq!(different.len(), 200, "{path}");
        assert_eq!(different.first(), Some(&format!("{letter}30-000000001")));
        assert_eq!(different.last(), Some(&format!("{letter}30-000000200")), "no gaps on one server");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_restart_never_gives_a_number_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = Running::start_in(folder.path(), crate::harness::NOON).await;
    let [(path, _, request), ..] = interfaces(&first);
    let before = first.s01().await.number(path, &request).await;
    first.stop().await;
    let second = Running::start_in(folder.path(), crate::harness::NOON).await;
    let after = second.s01().await.number(path, &request).await;
    assert!(after > before, "{after}");
    second.stop().await;
}

#[tokio::test]
async fn dates_may_be_left_out_where_the_tables_say_so() {
    let running = Running::start().await;
    let client = running.s01().await;
    let day = |days| running.day(days);
    for (path, _, request) in interfaces(&running).into_iter().skip(1) {
        let with_dates = async |from: Value, to: Value| {
            let request = with(&with(&request, "f_from_date", from), "f_to_date", to);
            period(&running, &client, path, &request).await
        };
        assert_eq!(period(&running, &client, path, &request).await, [day(0), day(1)]);
        assert_eq!(with_dates(json!(""), Value::Null).await, [day(0), day(1)]);
        assert_eq!(with_dates(json!(day(5)), Value::Null).await, [day(5), day(6)]);
        assert_eq!(with_dates(Value::Null, json!(day(5))).await, [day(0), day(5)]);
        assert_eq!(with_dates(json!(day(2)), json!(day(3))).await, [day(2), day(3)]);
        let past = with(&request, "f_from_date", day(-1));
        let (code, message) = client.error(path, &past).await;
        assert_eq!((code, message.contains("f_from_date")), (-160, true), "{path}: {message}");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_rental_needs_its_days_and_its_vehicle() {
    let running = Running::start().await;
    let client = running.s01().await;
    let [(path, _, request), ..] = interfaces(&running);
    for name in ["rent_bgng_dt", "rent_end_dt", "vhcl_reg_no"] {
        let (code, message) = client.error(path, &with(&request, name, Value::Null)).await;
        assert_eq!((code, message.contains(name)), (-170, true), "{message}");
    }
    for (name, value) in [
        ("rent_bgng_dt", running.day(-1)),
        ("rent_end_dt", running.day(-1)),
        ("rent_end_dt", "20301301".to_owned()),
        ("vhcl_reg_no", "가".repeat(17)),
    ] {
        let (code, message) = client.error(path, &with(&request, name, value)).await;
        assert_eq!((code, message.contains(name)), (-160, true), "{message}");
    }
    assert_eq!(running.rentals(&client).await.len(), 0, "nothing was registered");
    running.stop().await;
}

#[tokio::test]
async fn a_device_is_kept_and_required() {
    let running = Running::start().await;
    let client = running.s01().await;
    let device = "킥보드-".repeat(50);
    let request = json!({ "vhcl_reg_no": device });
    let number = client.number("/pm/generateRentNo", &request).await;
    assert!(
        matches!(stored(&running, &number).await.vehicle, Vehicle::Device(kept) if kept.as_str() == device)
    );
    assert_eq!(client.error("/pm/generateRentNo", &json!({})).await.0, -170);
    let long = json!({ "vhcl_reg_no": "x".repeat(201) });
    assert_eq!(client.error("/pm/generateRentNo", &long).await.0, -160);
    assert_eq!(running.rentals(&client).await.len(), 0, "a device's number is no car rental");
    running.stop().await;
}

#[tokio::test]
async fn the_api_type_is_of_the_numbers_group() {
    let running = Running::start().await;
    let client = running.s01().await;
    for (value, expected) in
        [(Value::Null, "G00"), (json!("G00"), "G00"), (json!("G01"), "G01"), (json!("G02"), "G02")]
    {
        let request = json!({ "com_api_type": value });
        let number = client.number("/cmm/generateVrfcNo", &request).await;
        assert_eq!(stored(&running, &number).await.api_type.map(ApiType::code), Some(expected));
    }
    for value in ["S00", "B00", "G03", "g00"] {
        let request = json!({ "com_api_type": value });
        let (code, message) = client.error("/cmm/generateVrfcNo", &request).await;
        assert_eq!((code, message.contains("com_api_type")), (-160, true), "{message}");
        client.number("/dapi/generateVrfcNo", &request).await;
    }
    running.stop().await;
}
