//! What is past its period is destroyed when the clock gets there (docs/operations.md, Retention).

use rims_domain::Environment;
use rims_protocol::codes::AccountStatus;
use rims_protocol::values::UserId;
use rims_store::{AuditEntry, Store};
use serde_json::{Value, json};

use crate::harness::{Client, RENTAL_HISTORY, Running, SCHEDULE_HISTORY, shown, with};

/// A rental, a reservation and a completed number of NOON's day, the 23rd of October 2030; gives the number.
async fn record(running: &Running) -> String {
    let client = running.s01().await;
    assert_eq!(client.code("/rentalConfirm", &running.driver()).await, "00");
    let reservation = with(&running.driver(), "repeat_period", "1");
    assert_eq!(client.code("/licenseVerificationSchedule", &reservation).await, "00");
    let days = json!({ "f_from_date": running.day(0), "f_to_date": running.day(0) });
    let vrfc_no = client.number("/dapi/generateVrfcNo", &days).await;
    running.complete(&vrfc_no, &shown()).await;
    vrfc_no
}

/// How many rentals and reservations of NOON's day there are.
async fn histories(running: &Running) -> [usize; 2] {
    let client = running.s01().await;
    let day = json!({
        "f_from_date": "20301023", "f_to_date": "20301023", "page_no": 1, "num_of_rows": 10,
    });
    let count = async |path| client.rows(path, &day).await.len();
    [count(RENTAL_HISTORY).await, count(SCHEDULE_HISTORY).await]
}

async fn result(client: &Client, vrfc_no: &str) -> Value {
    let answer = client.call("/dapi/licenseVerificationResult", &json!({ "vrfc_no": vrfc_no })).await;
    answer.get("respCode").unwrap_or(&answer["body"]["f_rtn_code"]).clone()
}

async fn audit(store: &Store) -> Vec<AuditEntry> {
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.audit_entries("node-0", 1, 100_000).await.unwrap()
}

#[tokio::test]
async fn records_are_gone_after_a_year() {
    let running = Running::start().await;
    let vrfc_no = record(&running).await;
    running.move_to("2031-10-23T11:00:00+09:00").await;
    assert_eq!(histories(&running).await, [1, 1]);
    assert_eq!(running.stored("s01").await.len(), 3);
    assert_eq!(result(&running.s01().await, &vrfc_no).await, "00");
    running.move_to("2031-10-24T13:00:00+09:00").await;
    assert_eq!(histories(&running).await, [0, 0]);
    assert_eq!(running.stored("s01").await.len(), 0);
    assert_eq!(result(&running.s01().await, &vrfc_no).await, -260);
    let store = running.sandbox.services().store();
    let mut destroyed: Vec<String> = audit(store)
        .await
        .into_iter()
        .filter(|entry| entry.action == "retention")
        .map(|entry| entry.outcome)
        .collect();
    destroyed.sort_unstable();
    // The fixtures that are deleted and withdrawn have keys.
    assert_eq!(destroyed, ["credentials", "remotes", "rentals", "reservations", "verifications"]);
    running.stop().await;
}

/// The period counts from the end, for as long as a rental or a reservation may be.
#[tokio::test]
async fn what_ended_later_is_kept_longer() {
    let running = Running::start().await;
    let client = running.s01().await;
    let driver = with(&running.driver(), "f_to_date", "20310923");
    assert_eq!(client.code("/rentalConfirm", &driver).await, "00");
    assert_eq!(client.code("/licenseVerificationSchedule", &with(&driver, "repeat_period", "3")).await, "00");
    running.move_to("2032-09-22T12:00:00+09:00").await;
    assert_eq!(histories(&running).await, [1, 1]);
    let young = running.stored("s01").await;
    assert!(
        young.iter().all(|record| record.at > running.now() - jiff::SignedDuration::from_hours(365 * 24))
    );
    running.move_to("2032-09-25T12:00:00+09:00").await;
    assert_eq!(histories(&running).await, [0, 0]);
    running.stop().await;
}

#[tokio::test]
async fn the_audit_trail_is_kept_for_two_years_and_verifies_afterwards() {
    let running = Running::start().await;
    record(&running).await;
    let store = running.sandbox.services().store();
    let first = |entries: &[AuditEntry]| entries.first().unwrap().seq;
    running.move_to("2032-10-22T11:00:00+09:00").await;
    assert_eq!(first(&audit(store).await), 1);
    running.move_to("2032-10-24T12:00:00+09:00").await;
    let kept = audit(store).await;
    assert!(first(&kept) > 1, "the oldest rows are gone");
    assert!(kept.iter().all(|entry| entry.action != "rental.confirm"));
    record(&running).await;
    let grown = audit(store).await;
    assert!(grown.len() > kept.len());
    running.stop().await;
}

/// Its reservation for another company runs longer than it is known who it was.
#[tokio::test]
async fn an_account_that_withdrew_is_forgotten_and_what_names_it_is_not() {
    let running = Running::start().await;
    let platform = running.client("platform", Environment::Operations).await;
    let reservation = with(&with(&running.driver(), "f_to_date", "20360101"), "bizinfo", "s01");
    let reservation = with(&reservation, "repeat_period", "3");
    assert_eq!(platform.code("/licenseVerificationSchedule", &reservation).await, "00");
    let store = running.sandbox.services().store().clone();
    let id = store.account_by_user_id("platform").await.unwrap().unwrap().id;
    let user_id = UserId::parse("platform").unwrap();
    running.administration().change_status(&user_id, AccountStatus::Withdrawn).await.unwrap();

    running.move_to("2031-10-24T13:00:00+09:00").await;
    assert_eq!(store.credentials_of(id).await.unwrap(), [], "a year later its keys are gone");
    running.move_to("2033-10-21T12:00:00+09:00").await;
    assert!(store.account_by_user_id("platform").await.unwrap().is_some());
    running.move_to("2033-10-22T14:00:00+09:00").await;
    assert_eq!(store.account_by_user_id("platform").await, Ok(None));
    assert!(!running.administration().users().await.unwrap().iter().any(|user| user.id == id));

    let page = json!({ "f_from_date": "20301023", "f_to_date": "20301023", "page_no": 1, "num_of_rows": 10 });
    let rows = running.s01().await.rows(SCHEDULE_HISTORY, &page).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["rsvt_nm"], "파****정", "파기된 계정");
    running.stop().await;
}

#[tokio::test]
async fn an_ended_grace_is_forgotten_after_a_year() {
    let running = Running::start().await;
    let client = running.s01().await;
    let unconfirmed = with(&running.driver(), "vhcl_reg_no", "22나2222");
    assert_eq!(client.code("/licenseVerification", &unconfirmed).await, "00");
    assert!(running.grace_started("s01", "22나2222").await.is_some());
    running.move_to("2031-11-23T12:00:00+09:00").await;
    assert!(running.grace_started("s01", "22나2222").await.is_some());
    running.move_to("2031-11-25T13:00:00+09:00").await;
    assert_eq!(running.grace_started("s01", "22나2222").await, None);
    running.stop().await;
}

#[tokio::test]
async fn more_than_one_transactions_rows_are_destroyed() {
    let running = Running::start().await;
    let client = running.s01().await;
    let drivers: Vec<Value> =
        (0..1000).map(|index| running.driver_with_number(&format!("11{index:08}00"))).collect();
    client.call("/licenseVerificationBatch", &crate::harness::batch_of(&drivers)).await;
    record(&running).await;
    assert_eq!(running.stored("s01").await.len(), 1003);
    running.move_to("2031-10-30T12:00:00+09:00").await;
    assert_eq!(running.stored("s01").await.len(), 0);
    running.stop().await;
}
