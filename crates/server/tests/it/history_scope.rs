//! Whose rentals and reservations a history shows (§4.2.8, §4.2.9, docs/spec-decisions.md).

use rims_domain::Environment;
use rims_protocol::codes::AccountStatus;
use rims_protocol::values::UserId;
use serde_json::{Value, json};

use crate::harness::{Client, RENTAL_HISTORY, Running, SCHEDULE_HISTORY, with};

/// A rental and a reservation each: of s01 by itself, of s01 by the platform, of s02, and of the platform.
async fn world() -> (Running, [Client; 3]) {
    let running = Running::start().await;
    let client = async |user: &str| running.client(user, Environment::Operations).await;
    let clients = [client("s01").await, client("s02").await, client("platform").await];
    let [s01, s02, platform] = &clients;
    let for_s01 = with(&running.driver(), "bizinfo", "s01");
    for (client, driver) in
        [(s01, running.driver()), (platform, for_s01), (s02, running.driver()), (platform, running.driver())]
    {
        assert_eq!(client.code("/rentalConfirm", &driver).await, "00");
        let reservation = with(&driver, "repeat_period", "1");
        assert_eq!(client.code("/licenseVerificationSchedule", &reservation).await, "00");
    }
    (running, clients)
}

fn rentals(running: &Running) -> (&'static str, Value) {
    (RENTAL_HISTORY, running.registered("rent_create_date"))
}

fn reservations(running: &Running) -> (&'static str, Value) {
    (SCHEDULE_HISTORY, running.registered("reservation_create_date"))
}

/// The companies of a history's rows, in its order.
async fn companies(client: &Client, path: &str, request: &Value) -> Vec<Value> {
    client.rows(path, request).await.iter().map(|row| row["co_nm"].clone()).collect()
}

const S01: &str = "(주)테스트렌트카";
const S02: &str = "한강렌트카";
const PLATFORM: &str = "모두플랫폼";

#[tokio::test]
async fn a_company_sees_its_own_and_a_platform_its_companies_too() {
    let (running, [s01, s02, platform]) = world().await;
    for (path, request) in [rentals(&running), reservations(&running)] {
        assert_eq!(companies(&s01, path, &request).await, [S01, S01]);
        assert_eq!(companies(&s02, path, &request).await, [S02]);
        assert_eq!(companies(&platform, path, &request).await, [PLATFORM, S01, S01]);
    }
    running.stop().await;
}

#[tokio::test]
async fn bizinfo_narrows_a_history_to_one_company() {
    let (running, [s01, _, platform]) = world().await;
    for (path, request) in [rentals(&running), reservations(&running)] {
        for (client, bizinfo, expected) in [
            (&platform, "s01", vec![S01, S01]),
            (&platform, "platform", vec![PLATFORM]),
            (&s01, "s01", vec![S01, S01]),
            (&platform, "", vec![PLATFORM, S01, S01]),
        ] {
            let request = with(&request, "bizinfo", bizinfo);
            assert_eq!(companies(client, path, &request).await, expected, "{bizinfo}");
        }
        assert_eq!(platform.error(path, &with(&request, "bizinfo", "s02")).await.0, -130);
    }
    running.stop().await;
}

#[tokio::test]
async fn a_name_chooses_among_a_platforms_companies() {
    let (running, [.., platform]) = world().await;
    for (path, request) in [rentals(&running), reservations(&running)] {
        for (part, expected) in
            [("렌트카", vec![S01, S01]), ("플랫폼", vec![PLATFORM]), ("트", vec![S01, S01]), ("한강", vec![])]
        {
            let request = with(&request, "co_nm", part);
            assert_eq!(companies(&platform, path, &request).await, expected, "{part}");
        }
        let neither = with(&with(&request, "bizinfo", "s01"), "co_nm", "플랫폼");
        assert_eq!(companies(&platform, path, &neither).await, [""; 0]);
    }
    running.stop().await;
}

#[tokio::test]
async fn a_platform_no_longer_sees_a_company_that_revoked_or_may_not_call() {
    let (running, [.., platform]) = world().await;
    let (s01, delegate) = (UserId::parse("s01").unwrap(), UserId::parse("platform").unwrap());
    let administration = running.administration();
    let seen = async || {
        let (path, request) = rentals(&running);
        companies(&platform, path, &request).await
    };
    administration.revoke_delegation(&s01, &delegate).await.unwrap();
    assert_eq!(seen().await, [PLATFORM]);
    administration.grant(&s01, &delegate).await.unwrap();
    assert_eq!(seen().await, [PLATFORM, S01, S01]);
    administration.change_status(&s01, AccountStatus::Dormant).await.unwrap();
    assert_eq!(seen().await, [PLATFORM]);
    running.stop().await;
}

#[tokio::test]
async fn a_development_key_has_an_empty_history() {
    let (running, _) = world().await;
    for user in ["s01", "platform"] {
        let client = running.client(user, Environment::Development).await;
        for (path, request) in [rentals(&running), reservations(&running)] {
            assert_eq!(client.rows(path, &request).await, [""; 0], "{user}");
            let of_s01 = with(&request, "bizinfo", "s01");
            assert_eq!(client.rows(path, &of_s01).await, [""; 0], "{user}");
        }
    }
    running.stop().await;
}

#[tokio::test]
async fn who_registered_a_reservation_and_the_driver_are_masked() {
    let (running, [s01, ..]) = world().await;
    let (path, request) = reservations(&running);
    let rows = s01.rows(path, &request).await;
    let registrants: Vec<&Value> = rows.iter().map(|row| &row["rsvt_nm"]).collect();
    assert_eq!(registrants, [&json!("모***폼"), &json!("(*******카")]);
    for row in &rows {
        assert_eq!(
            (&row["f_resident_name"], &row["f_license_no"]),
            (&json!("홍*동"), &json!("2*1*1*1*1*1*"))
        );
    }
    running.stop().await;
}

#[tokio::test]
async fn each_view_is_recorded() {
    let (running, [s01, _, platform]) = world().await;
    let (path, request) = rentals(&running);
    s01.call(path, &request).await;
    platform.call(path, &with(&request, "bizinfo", "s01")).await;
    let (path, request) = reservations(&running);
    s01.call(path, &request).await;
    let entries = running.sandbox.services().store().audit_entries("node-0", 1, 10_000).await.unwrap();
    let views = |action: &str| entries.iter().filter(|entry| entry.action == action).count();
    assert_eq!((views("rental.history"), views("reservation.history")), (2, 1));
    running.stop().await;
}
