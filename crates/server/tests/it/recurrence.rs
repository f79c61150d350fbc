//! The dates of reservations (table 5.10), day by day through two years with a 29 February.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday, date};
use rims_domain::calendar::today;
use rims_protocol::values::format_compact;
use serde_json::{Value, json};

use crate::harness::{Running, SCHEDULE_HISTORY};

/// A Wednesday 27 times 15 days before 29 February 2028.
const FROM: Date = date(2027, 1, 20);
const TO: Date = date(2029, 1, 19);

/// A reservation of each recurrence, with a driver of its own.
const RESERVATIONS: [(&str, &str); 3] = [("1", "110000000100"), ("2", "110000000200"), ("3", "110000000300")];

/// Whether a reservation runs on a day after its registration.
fn runs_on(recurrence: &str, day: Date) -> bool {
    let belongs = match recurrence {
        "1" => day.weekday() == Weekday::Monday,
        "2" => FROM.until(day).unwrap().get_days() % 15 == 0,
        _ => day.day() == 1,
    };
    belongs && day > FROM
}

async fn reserve(running: &Running) {
    let client = running.s01().await;
    for (recurrence, number) in RESERVATIONS {
        let mut request = running.driver_with_number(number);
        request["repeat_period"] = json!(recurrence);
        request["f_to_date"] = json!(format_compact(TO));
        let answer = client.call("/licenseVerificationSchedule", &request).await;
        assert_eq!(answer["repeat_status"], "success", "{answer}");
    }
}

/// Last and next date of each recurrence, as the history says.
async fn dates(running: &Running) -> Vec<[Value; 3]> {
    let from = format_compact(FROM);
    let request = json!({ "f_from_date": from, "f_to_date": from, "page_no": 1, "num_of_rows": 10 });
    let rows = running.s01().await.rows(SCHEDULE_HISTORY, &request).await;
    let row =
        |row: &Value| ["repeat_period", "last_vrfc_ymd", "next_vrfc_ymd"].map(|name: &str| row[name].clone());
    rows.iter().rev().map(row).collect()
}

/// The drivers that were verified on a day, in order.
async fn verified_on(running: &Running, day: Date) -> Vec<String> {
    let stored = running.stored("s01").await;
    let of_day = stored.iter().filter(|record| today(record.at) == day);
    let mut numbers: Vec<String> = of_day.map(|record| record.licence.as_str().to_owned()).collect();
    numbers.sort_unstable();
    numbers
}

/// What the history has to say on a day.
fn expected_dates(day: Date, last: [Date; 3]) -> Vec<[Value; 3]> {
    let next = |recurrence| {
        let mut following = day.tomorrow().unwrap().series(1.day());
        following.find(|day| runs_on(recurrence, *day)).unwrap()
    };
    let reservations = RESERVATIONS.into_iter().zip(last);
    reservations
        .map(|((recurrence, _), last)| [json!(recurrence), json!(last), json!(next(recurrence))])
        .collect()
}

#[tokio::test]
async fn every_recurrence_keeps_its_dates_for_two_years() {
    let running = Running::start_at("2027-01-20T12:00:00+09:00").await;
    reserve(&running).await;
    let mut last = [FROM; 3];
    let mut runs = [0; 3];
    for day in FROM.tomorrow().unwrap().series(1.day()).take_while(|day| *day <= TO + 1.month()) {
        running.move_to(format!("{day}T06:00:00+09:00")).await;
        let mut expected = Vec::new();
        for (index, (recurrence, number)) in RESERVATIONS.into_iter().enumerate() {
            if runs_on(recurrence, day) && day <= TO {
                last[index] = day;
                runs[index] += 1;
                expected.push(number.to_owned());
            }
        }
        assert_eq!(verified_on(&running, day).await, expected, "{day}");
        if !expected.is_empty() {
            assert_eq!(dates(&running).await, expected_dates(day, last), "{day}");
        }
    }
    assert_eq!(runs, [104, 48, 24], "Mondays, 15 days, months");
    running.stop().await;
}
