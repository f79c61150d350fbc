//! 대여확정 (§4.2.3) apart from rentals that wait: see `promotion`.

use std::time::Duration;

use rims_domain::Environment;
use rims_protocol::values::RemoteNumber;
use rims_store::Channel;
use serde_json::{Value, json};

use crate::harness::{Client, Running, with};

const CONFIRM: &str = "/rentalConfirm";

/// The driver of the simulated register whose licence is temporary.
fn temporary(running: &Running) -> Value {
    let driver = with(&running.driver_with_number("123456789123"), "f_resident_name", "김하늘");
    with(&driver, "f_licn_con_code", "32")
}

async fn one_way(running: &Running, rent_no: &Value) -> Option<&'static str> {
    let number = RemoteNumber::parse(rent_no.as_str().unwrap()).unwrap();
    let rental = running.sandbox.services().store().rental(number).await.unwrap().unwrap();
    rental.one_way.map(rims_protocol::codes::OneWay::code)
}

#[tokio::test]
async fn an_eligible_driver_is_verified_and_the_rental_recorded() {
    let running = Running::start().await;
    let client = running.s01().await;
    let mut request = temporary(&running);
    request["f_to_date"] = json!(running.day(3));
    let answer = client.call(CONFIRM, &request).await;
    let header = json!({
        "f_rtn_msg": "", "f_request_date": "20301023", "f_rtn_cd": "0", "f_send_cnt": "1",
    });
    let body = json!({ "vhcl_idnty_cd": "1", "f_rtn_code": "00", "f_license_no": "1*3*5*7*9*2*" });
    assert_eq!(answer, json!({ "header": header, "body": body }));

    let [verified] = running.stored("s01").await.try_into().unwrap();
    assert_eq!((verified.channel, verified.licence.as_str()), (Channel::Confirm, "123456789123"));
    let [rental] = running.rentals(&client).await.try_into().unwrap();
    let registered = rental["reg_dt"].as_str().unwrap();
    assert!(registered.starts_with("2030-10-23 12:00:"), "{registered}");
    assert_eq!(registered.len(), "2030-10-23 12:00:00.000".len());
    let expected = json!({
        "co_nm": "(주)테스트렌트카",
        "rent_no": "R30-000000001",
        "vhcl_reg_no": "67라6767",
        "rent_bgng_dt": "2030-10-23",
        "rent_end_dt": "2030-10-26",
        "rent_stts_cd": "2",
        "reg_dt": registered,
        "lcns_idntf_nm": "임시면허",
        "verification_info": { "vrfc_dmnd_dt": registered, "f_rtn_code": "00" },
    });
    assert_eq!(rental, expected);
    running.stop().await;
}

#[tokio::test]
async fn another_driver_is_verified_and_no_rental_recorded() {
    let running = Running::start().await;
    let client = running.s01().await;
    for code in ["01", "13", "14", "31"] {
        let driver = running.driver_with_number(&format!("1133557799{code}"));
        assert_eq!(client.code(CONFIRM, &driver).await, code);
    }
    assert_eq!(client.code(CONFIRM, &with(&running.driver(), "f_resident_name", "김길동")).await, "21");
    assert_eq!(running.stored("s01").await.len(), 5);
    assert_eq!(running.rentals(&client).await.len(), 0);
    running.stop().await;
}

#[tokio::test]
async fn what_koroad_refuses_or_does_not_answer_records_nothing() {
    let running = Running::start().await;
    let client = running.s01().await;
    let answer = client.call(CONFIRM, &running.driver_with_number("999812121200")).await;
    let header = json!({
        "f_rtn_msg": "경찰청 운전 면허 조회 장애", "f_request_date": "20301023", "f_rtn_cd": "98",
        "f_send_cnt": "1",
    });
    assert_eq!(answer, json!({ "header": header }));
    assert_eq!(client.error(CONFIRM, &running.driver_with_number("999012121200")).await.0, -90);
    assert_eq!(client.error(CONFIRM, &running.driver_with_number("999112121200")).await.0, -210);
    assert_eq!(running.stored("s01").await.len(), 0);
    assert_eq!(running.rentals(&client).await.len(), 0);
    running.stop().await;
}

#[tokio::test]
async fn a_rental_is_recorded_even_if_the_client_hangs_up() {
    let running = Running::start().await;
    let client = running.s01().await;
    running.set_faults(json!({ "latency_ms": 300 })).await;
    let body = client.seal(&running.driver()).to_string();
    let asked = tokio::time::timeout(Duration::from_millis(150), client.send(CONFIRM, body)).await;
    assert!(asked.is_err(), "the client did not wait");
    while running.rentals(&client).await.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(running.stored("s01").await.len(), 1);
    running.stop().await;
}

#[tokio::test]
async fn the_temporary_plate_is_refused_where_a_vehicle_must_be_decided() {
    let running = Running::start().await;
    let client = running.s01().await;
    for plate in ["99임9999", "99임 9999", "９９임９９９９"] {
        let driver = with(&running.driver(), "vhcl_reg_no", plate);
        let number =
            json!({ "rent_bgng_dt": running.day(0), "rent_end_dt": running.day(0), "vhcl_reg_no": plate });
        for (path, request) in [
            (CONFIRM, driver.clone()),
            ("/licenseVerificationSchedule", with(&driver, "repeat_period", "1")),
            ("/generateRentNo", number),
        ] {
            let (code, message) = client.error(path, &request).await;
            assert_eq!((code, message.contains("vhcl_reg_no")), (-160, true), "{path} {plate}: {message}");
        }
        assert_eq!(client.code("/licenseVerification", &driver).await, "00");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_period_ends_within_ten_years_everywhere() {
    let running = Running::start().await;
    let client = running.s01().await;
    let last = running.day(365 * 10 + 3);
    for (path, from, to) in [
        (CONFIRM, "f_from_date", "f_to_date"),
        ("/licenseVerification", "f_from_date", "f_to_date"),
        ("/licenseVerificationSchedule", "f_from_date", "f_to_date"),
        ("/generateRentNo", "rent_bgng_dt", "rent_end_dt"),
    ] {
        let request = |end: &str| {
            let request = with(&running.driver(), "repeat_period", "1");
            with(&with(&request, from, running.day(0)), to, end)
        };
        assert_eq!(client.call(path, &request(&last)).await["respCode"], Value::Null, "{path}");
        for end in ["20401024", "99991231"] {
            let (code, message) = client.error(path, &request(end)).await;
            assert_eq!((code, message.contains(to)), (-160, true), "{path} {end}: {message}");
        }
    }
    running.stop().await;
}

#[tokio::test]
async fn one_way_is_kept_as_it_was_said() {
    let running = Running::start().await;
    let client = running.s01().await;
    for value in [json!("Y"), json!("N"), json!(""), Value::Null] {
        assert_eq!(client.code(CONFIRM, &with(&running.driver(), "one_way_yn", value)).await, "00");
    }
    assert_eq!(client.code(CONFIRM, &running.driver()).await, "00");
    let rentals = running.rentals(&client).await;
    let mut kept = Vec::new();
    for rental in rentals.iter().rev() {
        kept.push(one_way(&running, &rental["rent_no"]).await);
    }
    assert_eq!(kept, [Some("Y"), Some("N"), None, None, None]);
    for value in [json!("X"), json!("y"), json!(true), json!(1)] {
        let (code, message) = client.error(CONFIRM, &with(&running.driver(), "one_way_yn", value)).await;
        assert_eq!((code, message.contains("one_way_yn")), (-160, true), "{message}");
    }
    running.stop().await;
}

#[tokio::test]
async fn the_record_belongs_to_the_company_that_bizinfo_names() {
    let running = Running::start().await;
    let platform = running.client("platform", Environment::Operations).await;
    let answer = platform.call(CONFIRM, &with(&running.driver(), "bizinfo", "s01")).await;
    assert_eq!(answer["body"]["vhcl_idnty_cd"], "1", "the vehicle is s01's");
    let [verified] = running.stored("s01").await.try_into().unwrap();
    assert_ne!(verified.company, verified.caller);
    assert_eq!(running.stored("platform").await.len(), 0);
    let [rental] = running.rentals(&running.s01().await).await.try_into().unwrap();
    assert_eq!(rental["co_nm"], "(주)테스트렌트카");
    running.stop().await;
}

#[tokio::test]
async fn a_company_that_did_not_delegate_is_refused_everywhere() {
    let running = Running::start().await;
    let platform = running.client("platform", Environment::Operations).await;
    let today = running.day(0);
    let number = json!({ "rent_bgng_dt": today, "rent_end_dt": today, "vhcl_reg_no": "66하1234" });
    for (path, request) in [
        (CONFIRM, running.driver()),
        ("/licenseVerificationSchedule", with(&running.driver(), "repeat_period", "1")),
        ("/generateRentNo", number.clone()),
        ("/pm/generateRentNo", json!({ "vhcl_reg_no": "pm_id3" })),
        ("/dapi/generateVrfcNo", json!({})),
        ("/sub/generateVrfcNo", json!({})),
        ("/cmm/generateVrfcNo", json!({})),
        ("/licenseVerificationResult", json!({ "rent_no": "R30-000000001" })),
        ("/dapi/licenseVerificationResult", json!({ "vrfc_no": "V30-000000001" })),
        (crate::harness::RENTAL_HISTORY, running.registered("rent_create_date")),
        (crate::harness::SCHEDULE_HISTORY, running.registered("reservation_create_date")),
    ] {
        for nobodys in ["s02", "nobody", "locked01"] {
            let answer = platform.call(path, &with(&request, "bizinfo", nobodys)).await;
            assert_eq!(answer["respCode"], -130, "{path} for {nobodys}: {answer}");
        }
    }
    assert_eq!(running.stored("s02").await.len(), 0);
    running.stop().await;
}

/// Confirms with a vehicle; gives `vhcl_idnty_cd`, or the error.
async fn identity(running: &Running, client: &Client, plate: &str) -> Value {
    let driver = with(&running.driver(), "vhcl_reg_no", plate);
    let answer = client.call(CONFIRM, &driver).await;
    answer.get("respCode").unwrap_or(&answer["body"]["vhcl_idnty_cd"]).clone()
}

#[tokio::test]
async fn after_its_grace_an_unconfirmed_vehicle_is_refused() {
    let running = Running::start().await;
    let client = running.s01().await;
    assert_eq!(identity(&running, &client, "11가1111").await, "2");
    running.move_to("2030-11-23T23:59:00+09:00").await;
    let client = running.s01().await;
    assert_eq!(identity(&running, &client, "11가1111").await, "2", "the last day still counts");
    running.move_to("2030-11-24T00:00:00+09:00").await;
    assert_eq!(identity(&running, &client, "11가1111").await, -220);
    assert_eq!(
        identity(&running, &client, "11가-1111").await,
        -220,
        "another spelling has no grace of its own"
    );

    let driver = with(&running.driver(), "vhcl_reg_no", "11가1111");
    let today = running.day(0);
    let number = json!({ "rent_bgng_dt": today, "rent_end_dt": today, "vhcl_reg_no": "11가1111" });
    let schedule = with(&driver, "repeat_period", "3");
    let refused = (-220, "차량 매칭에 실패했습니다: vhcl_reg_no".to_owned());
    assert_eq!(client.error(CONFIRM, &driver).await, refused);
    assert_eq!(client.error("/generateRentNo", &number).await, refused);
    assert_eq!(client.error("/licenseVerificationSchedule", &schedule).await, refused);
    let answer = client.call("/licenseVerification", &driver).await;
    assert_eq!(answer["body"]["vhcl_idnty_cd"], "2", "a verification goes on");
    let unanswered = with(&running.driver_with_number("999012121200"), "vhcl_reg_no", "11가1111");
    assert_eq!(client.error(CONFIRM, &unanswered).await.0, -220, "KOROAD is asked afterwards");

    assert_eq!(identity(&running, &client, "67라6767").await, "1", "a registered one needs no grace");
    assert_eq!(identity(&running, &client, "22나2222").await, "2", "each vehicle has its own");
    let s02 = running.client("s02", Environment::Operations).await;
    assert_eq!(identity(&running, &s02, "11가1111").await, "2", "and each company");
    running.stop().await;
}

#[tokio::test]
async fn a_grace_from_the_31st_ends_with_the_short_month() {
    let running = Running::start_at("2031-01-31T12:00:00+09:00").await;
    let today = running.day(0);
    let number = json!({ "rent_bgng_dt": today, "rent_end_dt": today, "vhcl_reg_no": "11가1111" });
    running.s01().await.number("/generateRentNo", &number).await;
    running.move_to("2031-02-28T23:59:00+09:00").await;
    assert_eq!(identity(&running, &running.s01().await, "11가1111").await, "2");
    running.move_to("2031-03-01T00:00:00+09:00").await;
    assert_eq!(identity(&running, &running.s01().await, "11가1111").await, -220);
    running.stop().await;
}

#[tokio::test]
async fn a_silent_registry_starts_no_grace_and_refuses_nothing() {
    let running = Running::start().await;
    let client = running.s01().await;
    assert_eq!(identity(&running, &client, "11가1111").await, "2");
    running.set_faults(json!({ "vehicles": "unreachable" })).await;
    assert_eq!(identity(&running, &client, "22나2222").await, "2");
    assert_eq!(running.grace_started("s01", "22나2222").await, None);
    running.advance("P2M").await;
    let client = running.s01().await;
    assert_eq!(identity(&running, &client, "11가1111").await, "2", "nobody knows whose it is");
    running.set_faults(json!({ "vehicles": null })).await;
    assert_eq!(identity(&running, &client, "11가1111").await, -220);
    assert_eq!(identity(&running, &client, "22나2222").await, "2");
    running.stop().await;
}
