//! §4.2.3–§4.2.5, §4.2.8 and §4.2.9: confirming, repeating, counting, and the histories.

use serde_json::{Value, json};

use super::{sample_world, sent, single_sample};
use crate::harness::{RENTAL_HISTORY, Running, SCHEDULE_HISTORY, with};

/// The answer with its times of day hidden, after a look at their format.
fn without_times(answer: &str, day: &str) -> String {
    let (first, rest) = answer.split_once(day).unwrap();
    rest.split(day).fold(first.to_owned(), |shown, part| {
        let (time, rest) = part.split_at("19:14:23.885".len());
        time.parse::<jiff::civil::Time>().unwrap();
        format!("{shown}{day}HH:mm:ss.SSS{rest}")
    })
}

#[tokio::test]
async fn section_4_2_3_confirm() {
    let (running, client) = sample_world().await;
    let sample = with(&with(&single_sample(), "bizinfo", "asdf12341..."), "one_way_yn", "Y");
    insta::assert_snapshot!(
        sent(&client, "/rentalConfirm", &sample).await,
        @r#"
        {"header":{"f_rtn_msg":"",
        "f_request_date":"20241023",
        "f_rtn_cd":"0",
        "f_send_cnt":"1"},
        "body":{"vhcl_idnty_cd":"1",
        "f_rtn_code":"00",
        "f_license_no":"2*1*1*1*1*1*"}}
        "#
    );
    running.stop().await;
}

#[tokio::test]
async fn section_4_2_4_schedule() {
    let (running, client) = sample_world().await;
    let sample = with(&single_sample(), "repeat_period", "1");
    insta::assert_snapshot!(
        sent(&client, "/licenseVerificationSchedule", &sample).await,
        @r#"
        {"header":{"f_rtn_msg":"",
        "f_request_date":"20241023",
        "f_rtn_cd":"0",
        "f_send_cnt":"1"},
        "body":{"vhcl_idnty_cd":"1",
        "f_rtn_code":"00",
        "f_license_no":"2*1*1*1*1*1*"},
        "repeat_status":"success"}
        "#
    );
    running.stop().await;
}

#[tokio::test]
async fn section_4_2_5_anomaly() {
    let running = Running::start_at("2025-10-01T09:00:00+09:00").await;
    let client = running.s01().await;
    let sample = json!({ "f_license_no": "123456789123" });
    assert_eq!(sent(&client, "/rental/anomaly", &sample).await, r#"{"result":0}"#);
    let mut rental = running.driver_with_number("123456789123");
    rental["f_resident_name"] = json!("김하늘");
    rental["f_licn_con_code"] = json!("32");
    for _ in 0..11 {
        assert_eq!(client.code("/rentalConfirm", &rental).await, "00");
    }
    assert_eq!(sent(&client, "/rental/anomaly", &sample).await, r#"{"result":11}"#);
    running.stop().await;
}

/// §4.2.8.5; the sample's company is none of s01's names.
fn rental_history_sample() -> Value {
    json!({
        "f_from_date": "20250915",
        "f_to_date": "20251001",
        "vhcl_reg_no": "01호1234",
        "co_nm": "테스트회사",
        "page_no": 1,
        "num_of_rows": 10,
        "search_type": "rent_create_date",
        "bizinfo": "s01"
    })
}

#[tokio::test]
async fn section_4_2_8_rental_history() {
    let running = Running::start_at("2025-09-27T19:14:23+09:00").await;
    let client = running.s01().await;
    let mut rental = running.driver();
    rental["f_from_date"] = json!("20251017");
    rental["f_to_date"] = json!("20251029");
    rental["vhcl_reg_no"] = json!("01호1234");
    assert_eq!(client.code("/rentalConfirm", &rental).await, "00");
    let answer = sent(&client, RENTAL_HISTORY, &with(&rental_history_sample(), "co_nm", "테스트")).await;
    insta::assert_snapshot!(
        without_times(&answer, "2025-09-27 "),
        @r#"
        {"data":[{"co_nm":"(주)테스트렌트카",
        "rent_no":"R25-000000001",
        "vhcl_reg_no":"01호1234",
        "rent_bgng_dt":"2025-10-17",
        "rent_end_dt":"2025-10-29",
        "rent_stts_cd":"2",
        "reg_dt":"2025-09-27 HH:mm:ss.SSS",
        "lcns_idntf_nm":"일반면허",
        "verification_info":{"vrfc_dmnd_dt":"2025-09-27 HH:mm:ss.SSS",
        "f_rtn_code":"00"}}],
        "page_no":1,
        "num_of_rows":1,
        "total_count":1}
        "#
    );
    running.stop().await;
}

#[tokio::test]
async fn section_4_2_8_a_waiting_rental_and_an_empty_page() {
    let running = Running::start_at("2025-09-27T19:14:23+09:00").await;
    let client = running.s01().await;
    let waiting = json!({ "rent_bgng_dt": "20251017", "rent_end_dt": "20251029", "vhcl_reg_no": "01호1234" });
    client.number("/generateRentNo", &waiting).await;
    let answer = sent(&client, RENTAL_HISTORY, &with(&rental_history_sample(), "co_nm", "테스트")).await;
    insta::assert_snapshot!(
        without_times(&answer, "2025-09-27 "),
        @r#"
        {"data":[{"co_nm":"(주)테스트렌트카",
        "rent_no":"R25-000000001",
        "vhcl_reg_no":"01호1234",
        "rent_bgng_dt":"2025-10-17",
        "rent_end_dt":"2025-10-29",
        "rent_stts_cd":"1",
        "reg_dt":"2025-09-27 HH:mm:ss.SSS",
        "lcns_idntf_nm":"일반면허",
        "verification_info":null}],
        "page_no":1,
        "num_of_rows":1,
        "total_count":1}
        "#
    );
    insta::assert_snapshot!(
        sent(&client, RENTAL_HISTORY, &rental_history_sample()).await,
        @r#"
        {"data":[],
        "page_no":1,
        "num_of_rows":0,
        "total_count":0}
        "#
    );
    running.stop().await;
}

/// §4.2.9.5.
fn schedule_history_sample() -> Value {
    json!({
        "f_from_date": "20251001",
        "f_to_date": "20251010",
        "vhcl_reg_no": "01호5303",
        "co_nm": "테스트회사",
        "page_no": "1",
        "num_of_rows": "10",
        "search_type": "reservation_start_date",
        "bizinfo": "s01"
    })
}

#[tokio::test]
async fn section_4_2_9_schedule_history() {
    let running = Running::start_at("2025-09-22T15:14:08+09:00").await;
    let mut reservation = running.driver_with_number("211101110100");
    reservation["repeat_period"] = json!("2");
    reservation["f_to_date"] = json!("20251011");
    reservation["vhcl_reg_no"] = json!("01호5303");
    let answer = running.s01().await.call("/licenseVerificationSchedule", &reservation).await;
    assert_eq!(answer["repeat_status"], "success", "{answer}");
    running.move_to("2025-10-07T09:00:00+09:00").await;
    let client = running.s01().await;
    let sample = schedule_history_sample();
    assert_eq!(client.call(SCHEDULE_HISTORY, &sample).await["data"], json!([]), "it began before");
    let found = with(&with(&sample, "co_nm", Value::Null), "f_from_date", "20250922");
    let answer = sent(&client, SCHEDULE_HISTORY, &found).await;
    insta::assert_snapshot!(
        without_times(&answer, "2025-09-22 "),
        @r#"
        {"data":[{"co_nm":"(주)테스트렌트카",
        "rent_no":"R25-000000001",
        "vhcl_reg_no":"01호5303",
        "f_license_no":"2*1*0*1*0*0*",
        "f_licn_con_code":"12",
        "repeat_period":"2",
        "rsvt_bgng_ymd":"2025-09-22",
        "rsvt_end_ymd":"2025-10-11",
        "last_vrfc_rslt":"00",
        "last_vrfc_ymd":"2025-10-07",
        "next_vrfc_ymd":"2025-10-22",
        "rsvt_nm":"(*******카",
        "f_resident_name":"홍*동",
        "reg_dt":"2025-09-22 HH:mm:ss.SSS"}],
        "page_no":1,
        "num_of_rows":1,
        "total_count":1}
        "#
    );
    running.stop().await;
}
