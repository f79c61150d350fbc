//! 비대면 인증 결과 확인 (§4.2.7, §4.3.4, §4.4.4, §4.5.3, §4.6.4): who sees which result.

use reqwest::StatusCode;
use rims_domain::Environment;
use rims_protocol::codes::AccountStatus;
use rims_protocol::values::UserId;
use serde_json::{Value, json};

use crate::harness::{Client, Running, shown, with};

/// The number and the result interface of every sector, their member, and a request that generates.
fn sectors(running: &Running) -> [(&'static str, &'static str, &'static str, Value); 5] {
    let today = running.day(0);
    let rental = json!({ "rent_bgng_dt": today, "rent_end_dt": today, "vhcl_reg_no": "67라6767" });
    [
        ("/generateRentNo", "/licenseVerificationResult", "rent_no", rental),
        ("/dapi/generateVrfcNo", "/dapi/licenseVerificationResult", "vrfc_no", json!({})),
        (
            "/pm/generateRentNo",
            "/pm/licenseVerificationResult",
            "rent_no",
            json!({ "vhcl_reg_no": "pm_id3" }),
        ),
        ("/sub/generateVrfcNo", "/sub/licenseVerificationResult", "vrfc_no", json!({})),
        ("/cmm/generateVrfcNo", "/cmm/licenseVerificationResult", "vrfc_no", json!({})),
    ]
}

/// `respCode` of a result, or nothing where there is one.
async fn code(client: &Client, path: &str, request: &Value) -> Option<i64> {
    client.call(path, request).await["respCode"].as_i64()
}

/// A completed number of s01's, and the request for its result.
async fn completed(running: &Running) -> Value {
    let vrfc_no = running.s01().await.number("/dapi/generateVrfcNo", &json!({})).await;
    running.complete(&vrfc_no, &shown()).await;
    json!({ "vrfc_no": vrfc_no })
}

const RESULT: &str = "/dapi/licenseVerificationResult";

#[tokio::test]
async fn before_its_completion_a_result_is_240_and_afterwards_there() {
    let running = Running::start().await;
    let client = running.s01().await;
    for (generate, path, member, request) in sectors(&running) {
        let number = client.number(generate, &request).await;
        let ask = json!({ member: number });
        let working = (-240, "자격 검증 작업이 끝나지 않았습니다.".to_owned());
        assert_eq!(client.error(path, &ask).await, working);
        assert_eq!(running.complete(&number, &shown()).await.0, StatusCode::OK);
        let answer = client.call(path, &ask).await;
        assert_eq!(answer["body"]["f_rtn_code"], "00", "{answer}");
        let header =
            json!({ member: number, "f_rtn_cd": "0", "f_request_date": "20301023", "f_send_cnt": "1" });
        assert_eq!(answer["header"], header);
    }
    running.stop().await;
}

#[tokio::test]
async fn identity_stands_in_the_results_of_rentals_and_devices_only() {
    let running = Running::start().await;
    let client = running.s01().await;
    let mut found = Vec::new();
    for (generate, path, member, request) in sectors(&running) {
        let number = client.number(generate, &request).await;
        running.complete(&number, &shown()).await;
        found.push(client.call(path, &json!({ member: number })).await["body"]["vhcl_idnty_cd"].clone());
    }
    assert_eq!(found, [json!("1"), Value::Null, json!("2"), Value::Null, Value::Null]);
    let [(generate, path, _, request), ..] = sectors(&running);
    let number = client.number(generate, &with(&request, "vhcl_reg_no", "66하1234")).await;
    running.complete(&number, &shown()).await;
    assert_eq!(client.call(path, &json!({ "rent_no": number })).await["body"]["vhcl_idnty_cd"], "2");
    running.stop().await;
}

#[tokio::test]
async fn a_number_that_is_none_is_refused_alike_whatever_is_wrong_with_it() {
    let running = Running::start().await;
    let client = running.s01().await;
    let s02 = running.client("s02", Environment::Operations).await;
    for (generate, path, member, request) in sectors(&running) {
        let own = client.number(generate, &request).await;
        let s02s = s02.number(generate, &request).await;
        running.complete(&own, &shown()).await;
        running.complete(&s02s, &shown()).await;
        let refused = match member {
            "rent_no" => (-230, "유효하지 않은 대여번호입니다: rent_no".to_owned()),
            _ => (-260, "유효하지 않은 검증번호입니다: vrfc_no".to_owned()),
        };
        let (unknown, other_year) = (own.replace("00000000", "12345678"), own.replace("30-", "29-"));
        let (lower, short) = (own.to_lowercase(), own[..own.len() - 1].to_owned());
        for number in [s02s, unknown, other_year, lower, short, format!("{own}0"), "X30-000000001".to_owned()]
        {
            let answer = client.error(path, &json!({ member: number })).await;
            assert_eq!(answer, refused, "{path} {number}");
        }
        let (code, message) = client.error(path, &json!({})).await;
        assert_eq!((code, message.contains(member)), (-170, true), "{message}");
    }
    running.stop().await;
}

#[tokio::test]
async fn another_sectors_number_is_none() {
    let running = Running::start().await;
    let client = running.s01().await;
    let mut numbers = Vec::new();
    for (generate, _, _, request) in sectors(&running) {
        let number = client.number(generate, &request).await;
        running.complete(&number, &shown()).await;
        numbers.push(number);
    }
    for (place, (_, path, member, _)) in sectors(&running).into_iter().enumerate() {
        for (of, number) in numbers.iter().enumerate() {
            let refusal = if member == "rent_no" { -230 } else { -260 };
            let expected = (of != place).then_some(refusal);
            assert_eq!(code(&client, path, &json!({ member: number })).await, expected, "{path} {number}");
        }
    }
    running.stop().await;
}

#[tokio::test]
async fn a_number_of_no_remote_verification_has_no_result() {
    let running = Running::start().await;
    let client = running.s01().await;
    assert_eq!(client.code("/rentalConfirm", &running.driver()).await, "00");
    let schedule = with(&running.driver(), "repeat_period", "1");
    assert_eq!(client.code("/licenseVerificationSchedule", &schedule).await, "00");
    for number in ["R30-000000001", "R30-000000002"] {
        let request = json!({ "rent_no": number });
        assert_eq!(code(&client, "/licenseVerificationResult", &request).await, Some(-230));
        assert_eq!(running.complete(number, &shown()).await.0, StatusCode::NOT_FOUND);
    }
    running.stop().await;
}

#[tokio::test]
async fn s_is_read_as_the_chauffeurs_d() {
    let running = Running::start().await;
    let client = running.s01().await;
    client.number("/sub/generateVrfcNo", &json!({})).await;
    assert_eq!(running.complete("S30-000000001", &shown()).await.0, StatusCode::OK);
    let path = "/sub/licenseVerificationResult";
    for asked in ["S30-000000001", "D30-000000001"] {
        let answer = client.call(path, &json!({ "vrfc_no": asked })).await;
        assert_eq!(answer["header"]["vrfc_no"], "D30-000000001", "{answer}");
    }
    assert_eq!(code(&client, RESULT, &json!({ "vrfc_no": "S30-000000001" })).await, Some(-260));
    running.stop().await;
}

#[tokio::test]
async fn a_delegate_sees_its_companys_results() {
    let running = Running::start().await;
    let request = completed(&running).await;
    let platform = running.client("platform", Environment::Operations).await;
    assert_eq!(code(&platform, RESULT, &request).await, None);
    assert_eq!(code(&platform, RESULT, &with(&request, "bizinfo", "s01")).await, None);
    assert_eq!(code(&platform, RESULT, &with(&request, "bizinfo", "platform")).await, Some(-260));
    assert_eq!(code(&platform, RESULT, &with(&request, "bizinfo", "s02")).await, Some(-130));
    let s01 = running.s01().await;
    assert_eq!(code(&s01, RESULT, &with(&request, "bizinfo", "s01")).await, None);
    let s02 = running.client("s02", Environment::Operations).await;
    assert_eq!(code(&s02, RESULT, &request).await, Some(-260));
    assert_eq!(code(&s02, RESULT, &with(&request, "bizinfo", "s01")).await, Some(-130));
    running.stop().await;
}

#[tokio::test]
async fn a_company_sees_what_its_delegate_asked_for_it_and_not_the_delegates_own() {
    let running = Running::start().await;
    let platform = running.client("platform", Environment::Operations).await;
    let s01 = running.s01().await;
    for (bizinfo, seen) in [("s01", None), ("platform", Some(-260))] {
        let vrfc_no = platform.number("/dapi/generateVrfcNo", &json!({ "bizinfo": bizinfo })).await;
        running.complete(&vrfc_no, &shown()).await;
        assert_eq!(code(&s01, RESULT, &json!({ "vrfc_no": vrfc_no })).await, seen, "{bizinfo}");
        assert_eq!(code(&platform, RESULT, &json!({ "vrfc_no": vrfc_no })).await, None);
    }
    running.stop().await;
}

#[tokio::test]
async fn without_the_delegation_a_result_is_hidden() {
    let running = Running::start().await;
    let request = completed(&running).await;
    let platform = running.client("platform", Environment::Operations).await;
    let (s01, delegate) = (UserId::parse("s01").unwrap(), UserId::parse("platform").unwrap());
    let administration = running.administration();
    administration.revoke_delegation(&s01, &delegate).await.unwrap();
    assert_eq!(code(&platform, RESULT, &request).await, Some(-260));
    administration.grant(&s01, &delegate).await.unwrap();
    assert_eq!(code(&platform, RESULT, &request).await, None);
    administration.change_status(&s01, AccountStatus::Suspended).await.unwrap();
    assert_eq!(code(&platform, RESULT, &request).await, Some(-260), "the company is not usable");
    running.stop().await;
}

#[tokio::test]
async fn the_first_faults_answer_is_the_orders() {
    let running = Running::start().await;
    let platform = running.client("platform", Environment::Operations).await;
    for (request, expected) in [
        (json!({ "vrfc_no": "x", "bizinfo": "s02" }), -260),
        (json!({ "vrfc_no": "V30-000000001", "bizinfo": "s02" }), -130),
        (json!({ "vrfc_no": "V30-000000001", "bizinfo": 7 }), -160),
        (json!({ "vrfc_no": 7 }), -160),
        (json!({ "vrfc_no": " " }), -170),
    ] {
        let (code, message) = platform.error(RESULT, &request).await;
        assert_eq!(code, expected, "{request}: {message}");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_result_may_be_asked_again_and_each_view_is_recorded() {
    let running = Running::start().await;
    let request = completed(&running).await;
    let client = running.s01().await;
    let first = client.call(RESULT, &request).await;
    running.advance("P1D").await;
    let mut second = running.s01().await.call(RESULT, &request).await;
    assert_eq!(second["header"]["f_request_date"], "20301024", "the day of the call");
    second["header"]["f_request_date"] = first["header"]["f_request_date"].clone();
    assert_eq!(second, first);
    let entries = running.sandbox.services().store().audit_entries("node-0", 1, 10_000).await.unwrap();
    assert_eq!(entries.iter().filter(|entry| entry.action == "remote.view").count(), 2);
    running.stop().await;
}
