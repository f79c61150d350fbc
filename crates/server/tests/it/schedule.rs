//! 반복예약 (§4.2.4): the request itself, and what its runs find. Their dates are in `recurrence`.

use jiff::civil::date;
use rims_domain::Environment;
use rims_store::Channel;
use serde_json::{Value, json};

use crate::harness::{Running, SCHEDULE_HISTORY, with};

const SCHEDULE: &str = "/licenseVerificationSchedule";

/// Every Monday for some days from today on.
fn weekly(running: &Running, days: i64) -> Value {
    with(&with(&running.driver(), "repeat_period", "1"), "f_to_date", running.day(days))
}

#[tokio::test]
async fn an_eligible_driver_is_verified_and_reserved() {
    let running = Running::start().await;
    let client = running.s01().await;
    let answer = client.call(SCHEDULE, &weekly(&running, 30)).await;
    let header = json!({
        "f_rtn_msg": "", "f_request_date": "20301023", "f_rtn_cd": "0", "f_send_cnt": "1",
    });
    let body = json!({ "vhcl_idnty_cd": "1", "f_rtn_code": "00", "f_license_no": "2*1*1*1*1*1*" });
    assert_eq!(answer, json!({ "header": header, "body": body, "repeat_status": "success" }));
    let [verified] = running.stored("s01").await.try_into().unwrap();
    assert_eq!(verified.channel, Channel::Schedule);
    let [row] = running.reservations(&client).await.try_into().unwrap();
    let expected = json!({
        "co_nm": "(주)테스트렌트카",
        "rent_no": "R30-000000001",
        "vhcl_reg_no": "67라6767",
        "f_license_no": "2*1*1*1*1*1*",
        "f_licn_con_code": "12",
        "repeat_period": "1",
        "rsvt_bgng_ymd": "2030-10-23",
        "rsvt_end_ymd": "2030-11-22",
        "last_vrfc_rslt": "00",
        "last_vrfc_ymd": "2030-10-23",
        "next_vrfc_ymd": "2030-10-28",
        "rsvt_nm": "(*******카",
        "f_resident_name": "홍*동",
        "reg_dt": row["reg_dt"],
    });
    assert_eq!(row, expected);
    assert_eq!(running.rentals(&client).await.len(), 0, "a reservation is no rental");
    running.stop().await;
}

#[tokio::test]
async fn without_a_valid_licence_there_is_no_reservation() {
    let running = Running::start().await;
    let client = running.s01().await;
    let ineligible = with(&weekly(&running, 30), "f_license_no", "113355779912");
    let answer = client.call(SCHEDULE, &ineligible).await;
    assert_eq!((&answer["body"]["f_rtn_code"], &answer["repeat_status"]), (&json!("12"), &json!("failed")));
    let refused = with(&weekly(&running, 30), "f_license_no", "999812121200");
    let answer = client.call(SCHEDULE, &refused).await;
    let members: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(members, ["header", "repeat_status"]);
    assert_eq!((&answer["header"]["f_rtn_cd"], &answer["repeat_status"]), (&json!("98"), &json!("failed")));
    for (number, code) in [("999012121200", -90), ("999112121200", -210)] {
        let unanswered = with(&weekly(&running, 30), "f_license_no", number);
        assert_eq!(client.error(SCHEDULE, &unanswered).await.0, code);
    }
    assert_eq!(running.reservations(&client).await.len(), 0);
    assert_eq!(running.stored("s01").await.len(), 1, "what KOROAD answered is kept");
    running.advance("P8D").await;
    assert_eq!(running.stored("s01").await.len(), 1, "nothing is repeated");
    running.stop().await;
}

#[tokio::test]
async fn a_reservation_for_a_company_is_the_companys() {
    let running = Running::start().await;
    let platform = running.client("platform", Environment::Operations).await;
    let answer = platform.call(SCHEDULE, &with(&weekly(&running, 30), "bizinfo", "s01")).await;
    assert_eq!(answer["repeat_status"], "success");
    let [row] = running.reservations(&running.s01().await).await.try_into().unwrap();
    assert_eq!((&row["co_nm"], &row["rsvt_nm"]), (&json!("(주)테스트렌트카"), &json!("모***폼")));
    running.move_to("2030-10-28T06:00:00+09:00").await;
    let stored = running.stored("s01").await;
    assert_eq!(stored.len(), 2);
    assert_eq!((stored[0].company, stored[0].caller), (stored[1].company, stored[1].caller));
    running.stop().await;
}

#[tokio::test]
async fn a_run_asks_about_the_days_that_are_left() {
    let running = Running::start().await;
    running.s01().await.call(SCHEDULE, &weekly(&running, 6)).await;
    running.move_to("2030-10-28T06:00:00+09:00").await;
    let [again, first] = running.stored("s01").await.try_into().unwrap();
    assert_eq!(again.period.to, first.period.to);
    assert_eq!((first.period.from, again.period.from), (date(2030, 10, 23), date(2030, 10, 28)));
    assert_eq!((again.licence.as_str(), again.name.as_str()), ("221212121212", "홍길동"));
    assert_eq!((again.channel, again.vehicle), (Channel::Schedule, first.vehicle));
    running.stop().await;
}

/// The simulated register suspends this driver from ten to twenty days after the day it is asked.
#[tokio::test]
async fn a_changed_result_is_the_last_result() {
    let running = Running::start().await;
    let mut reservation = weekly(&running, 0);
    reservation["f_license_no"] = json!("111111111101");
    reservation["f_resident_name"] = json!("이정지");
    reservation["f_from_date"] = json!("20301118");
    reservation["f_to_date"] = json!("20301201");
    let answer = running.s01().await.call(SCHEDULE, &reservation).await;
    assert_eq!(answer["repeat_status"], "success", "{answer}");
    let last = async || {
        let request = json!({
            "f_from_date": "20301118", "f_to_date": "20301201", "page_no": 1, "num_of_rows": 1,
        });
        let [row] = running.s01().await.rows(SCHEDULE_HISTORY, &request).await.try_into().unwrap();
        ["last_vrfc_rslt", "last_vrfc_ymd", "next_vrfc_ymd"].map(|name: &str| row[name].clone())
    };
    running.move_to("2030-11-17T23:59:00+09:00").await;
    assert_eq!(last().await, ["00", "2030-10-23", "2030-11-18"], "nothing runs before the start");
    running.move_to("2030-11-18T06:00:00+09:00").await;
    assert_eq!(last().await, ["14", "2030-11-18", "2030-11-25"]);
    running.move_to("2030-11-25T06:00:00+09:00").await;
    assert_eq!(last().await, ["00", "2030-11-25", "2030-12-02"], "the suspension moved on");
    running.stop().await;
}

/// A run starts no second grace, and a vehicle after its grace does not stop it.
#[tokio::test]
async fn a_run_goes_on_after_the_vehicles_grace() {
    let running = Running::start().await;
    let reservation = with(&weekly(&running, 60), "vhcl_reg_no", "11가1111");
    assert_eq!(running.s01().await.call(SCHEDULE, &reservation).await["body"]["vhcl_idnty_cd"], "2");
    let started = running.grace_started("s01", "11가1111").await;
    assert!(started.is_some());
    running.move_to("2030-12-02T06:00:00+09:00").await;
    assert_eq!(
        running.s01().await.error(SCHEDULE, &with(&reservation, "f_from_date", running.day(0))).await.0,
        -220
    );
    assert_eq!(running.stored("s01").await.len(), 2);
    assert_eq!(running.grace_started("s01", "11가1111").await, started);
    running.stop().await;
}
