//! Runs of reservations that do not go as planned (§4.2.4, docs/spec-decisions.md).

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use rims_protocol::codes::AccountStatus;
use rims_protocol::values::UserId;
use serde_json::{Value, json};

use crate::harness::{NOON, Running, SCHEDULE_HISTORY, with};

const MONDAY: &str = "2030-10-28T06:00:00+09:00";

/// Reserves for some Mondays from NOON's day on, with the specification's own driver.
async fn reserve(running: &Running, days: i64) {
    let driver = with(&running.driver(), "f_to_date", running.day(days));
    let request = with(&driver, "repeat_period", "1");
    let answer = running.s01().await.call("/licenseVerificationSchedule", &request).await;
    assert_eq!(answer["repeat_status"], "success", "{answer}");
}

/// Last result, last date and next date of the one reservation that began on NOON's day.
async fn state(running: &Running) -> [Value; 3] {
    let request = json!({
        "f_from_date": "20301023", "f_to_date": "20301023", "page_no": 1, "num_of_rows": 10,
    });
    let [row] = running.s01().await.rows(SCHEDULE_HISTORY, &request).await.try_into().unwrap();
    ["last_vrfc_rslt", "last_vrfc_ymd", "next_vrfc_ymd"].map(|name: &str| row[name].clone())
}

/// How often KOROAD was asked without an answer.
async fn failures(running: &Running) -> usize {
    let store = running.sandbox.services().store();
    let entries = store.audit_entries("node-0", 1, 10_000).await.unwrap();
    entries.iter().filter(|entry| entry.action == "verify.attempt").count()
}

fn after(moment: &str, minutes: i64) -> Timestamp {
    moment.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
}

#[tokio::test]
async fn nothing_runs_before_six() {
    let running = Running::start().await;
    reserve(&running, 60).await;
    running.move_to("2030-10-28T05:59:00+09:00").await;
    assert_eq!(state(&running).await, ["00", "2030-10-23", "2030-10-28"]);
    assert_eq!(running.stored("s01").await.len(), 1);
    running.move_to(MONDAY).await;
    assert_eq!(state(&running).await, ["00", "2030-10-28", "2030-11-04"]);
    assert_eq!(running.stored("s01").await.len(), 2);
    running.advance("PT17H").await;
    assert_eq!(running.stored("s01").await.len(), 2, "once a day");
    running.stop().await;
}

#[tokio::test]
async fn missed_runs_are_made_up_once() {
    let running = Running::start().await;
    reserve(&running, 60).await;
    running.move_to("2030-11-20T03:00:00+09:00").await;
    assert_eq!(running.stored("s01").await.len(), 2, "of four Mondays");
    assert_eq!(state(&running).await, ["00", "2030-11-20", "2030-11-25"]);
    running.move_to("2030-11-25T06:00:00+09:00").await;
    assert_eq!(state(&running).await, ["00", "2030-11-25", "2030-12-02"]);
    running.stop().await;
}

#[tokio::test]
async fn a_server_that_was_down_makes_up_what_it_missed() {
    let folder = tempfile::tempdir().unwrap();
    let first = Running::start_in(folder.path(), NOON).await;
    reserve(&first, 60).await;
    first.stop().await;
    let second = Running::start_in(folder.path(), "2030-11-12T10:00:00+09:00").await;
    second.advance("PT0S").await;
    assert_eq!(second.stored("s01").await.len(), 2);
    assert_eq!(state(&second).await, ["00", "2030-11-12", "2030-11-18"]);
    second.stop().await;
}

#[tokio::test]
async fn nothing_runs_after_the_end() {
    let running = Running::start().await;
    reserve(&running, 12).await;
    running.move_to(MONDAY).await;
    assert_eq!(state(&running).await, ["00", "2030-10-28", "2030-11-04"], "the last day counts");
    running.move_to("2030-11-04T06:00:00+09:00").await;
    assert_eq!(state(&running).await, ["00", "2030-11-04", "2030-11-11"], "not clipped to the end");
    running.move_to("2030-11-11T06:00:00+09:00").await;
    running.move_to("2030-11-18T06:00:00+09:00").await;
    assert_eq!(running.stored("s01").await.len(), 3);
    assert_eq!(state(&running).await, ["00", "2030-11-04", "2030-11-11"]);
    running.stop().await;
}

#[tokio::test]
async fn a_run_missed_until_after_the_end_is_not_made_up() {
    let running = Running::start().await;
    reserve(&running, 10).await;
    running.move_to("2030-11-03T00:00:00+09:00").await;
    assert_eq!(running.stored("s01").await.len(), 1);
    assert_eq!(state(&running).await, ["00", "2030-10-23", "2030-11-04"]);
    running.stop().await;
}

#[tokio::test]
async fn a_run_that_fails_is_tried_again_the_same_day() {
    let running = Running::start().await;
    reserve(&running, 60).await;
    let faults = [json!("garbage"), json!({ "f_rtn_cd": "98" }), json!("unreachable")];
    let times = [(0, 4), (6, 15), (17, 36)];
    for (index, (fault, (due, before_next))) in faults.into_iter().zip(times).enumerate() {
        running.set_faults(json!({ "koroad": fault })).await;
        running.move_to(after(MONDAY, due)).await;
        assert_eq!(failures(&running).await, index + 1, "after {due} minutes");
        running.move_to(after(MONDAY, before_next)).await;
        assert_eq!(failures(&running).await, index + 1, "after {before_next} minutes");
        assert_eq!(state(&running).await, ["00", "2030-10-23", "2030-10-28"], "still today's");
    }
    running.set_faults(json!({ "koroad": null })).await;
    running.move_to(after(MONDAY, 38)).await;
    assert_eq!(state(&running).await, ["00", "2030-10-28", "2030-11-04"]);
    assert_eq!((running.stored("s01").await.len(), failures(&running).await), (2, 3));
    running.move_to(after(MONDAY, 300)).await;
    assert_eq!(running.stored("s01").await.len(), 2, "done for today");

    running.set_faults(json!({ "koroad": { "f_rtn_cd": "40" } })).await;
    running.move_to("2030-11-04T06:00:00+09:00").await;
    assert_eq!(failures(&running).await, 4);
    running.move_to("2030-11-04T06:06:00+09:00").await;
    assert_eq!(failures(&running).await, 5, "the next run begins with short waits again");
    running.stop().await;
}

#[tokio::test]
async fn a_run_that_fails_all_day_is_left_to_the_next_date() {
    let running = Running::start().await;
    reserve(&running, 60).await;
    running.set_faults(json!({ "koroad": { "f_rtn_cd": "98" } })).await;
    running.move_to(MONDAY).await;
    // 5, 10, 20 and 40 minutes, then every hour, each counted from the failure before.
    let mut expected = 1;
    for wait in [5, 10, 20, 40].into_iter().chain([60; 16]) {
        running.advance(&format!("PT{wait}M1S")).await;
        expected += 1;
        assert_eq!(failures(&running).await, expected);
    }
    assert_eq!(running.today().to_string(), "2030-10-28");
    running.set_faults(json!({ "koroad": null })).await;
    running.move_to("2030-10-29T12:00:00+09:00").await;
    assert_eq!(failures(&running).await, expected);
    assert_eq!(running.stored("s01").await.len(), 1, "it is not made up");
    assert_eq!(state(&running).await, ["00", "2030-10-23", "2030-11-04"]);
    running.move_to("2030-11-04T06:00:00+09:00").await;
    assert_eq!(state(&running).await, ["00", "2030-11-04", "2030-11-11"]);
    running.stop().await;
}

#[tokio::test]
async fn a_suspended_companys_reservations_are_passed_over() {
    let running = Running::start().await;
    reserve(&running, 60).await;
    let (administration, s01) = (running.administration(), UserId::parse("s01").unwrap());
    administration.change_status(&s01, AccountStatus::Suspended).await.unwrap();
    running.move_to(MONDAY).await;
    running.move_to("2030-11-04T06:00:00+09:00").await;
    assert_eq!((running.stored("s01").await.len(), failures(&running).await), (1, 0));
    administration.change_status(&s01, AccountStatus::Normal).await.unwrap();
    running.advance("PT1H").await;
    assert_eq!(state(&running).await, ["00", "2030-10-23", "2030-11-11"], "what it missed is not made up");
    running.move_to("2030-11-11T06:00:00+09:00").await;
    assert_eq!(state(&running).await, ["00", "2030-11-11", "2030-11-18"]);
    running.stop().await;
}

#[tokio::test]
async fn many_that_are_due_run_once_each() {
    let running = Running::start().await;
    let client = running.s01().await;
    let numbers: Vec<String> = (0..600).map(|index| format!("11{index:08}00")).collect();
    join_all(numbers.iter().map(async |number| {
        let driver = with(&running.driver_with_number(number), "f_to_date", running.day(30));
        let answer = client.call("/licenseVerificationSchedule", &with(&driver, "repeat_period", "1")).await;
        assert_eq!(answer["repeat_status"], "success", "{answer}");
    }))
    .await;
    running.move_to(MONDAY).await;
    let mut ran: Vec<String> = running
        .stored("s01")
        .await
        .into_iter()
        .filter(|record| record.at >= after(MONDAY, 0))
        .map(|record| record.licence.as_str().to_owned())
        .collect();
    ran.sort_unstable();
    assert_eq!(ran, numbers);
    running.stop().await;
}

/// The run by the clock and those of the control plane meet: nothing runs twice.
#[tokio::test]
async fn runs_at_the_same_time_do_not_double() {
    let running = Running::start().await;
    reserve(&running, 60).await;
    let clock = running.sandbox.services().clock();
    clock.shift(clock.now(), after(MONDAY, 0)).unwrap();
    join_all((0..5).map(async |_| running.advance("PT0S").await)).await;
    assert_eq!(running.stored("s01").await.len(), 2);
    running.stop().await;
}
