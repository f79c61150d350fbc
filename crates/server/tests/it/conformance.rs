//! The specification's samples, literally: the requests as printed (with the commas and brackets that the text
//! lost) on a day on which their dates are valid, and the answers they promise, as docs/spec-decisions.md
//! settles them.

use std::net::Ipv4Addr;

use reqwest::StatusCode;
use rims_domain::account::Decision;
use rims_domain::{AccountKind, Environment};
use rims_protocol::values::{BusinessNumber, UserId};
use serde_json::{Value, json};

mod remote;
mod rental;

use crate::harness::{Client, Running, ask_for_token};

/// The samples' dates begin on this day.
const SAMPLE_DAY: &str = "2024-10-23T09:00:00+09:00";

/// A sandbox on the samples' day, with the samples' user, who may act for `asdf12341....`.
async fn sample_world() -> (Running, Client) {
    sample_world_on(SAMPLE_DAY).await
}

/// The samples write the company's id with three dots or with four.
pub(crate) async fn sample_world_on(day: &str) -> (Running, Client) {
    let running = Running::start_at(day).await;
    let administration = running.administration();
    let brno = BusinessNumber::parse("1234567890").unwrap();
    for user_id in ["asdf12341...", "asdf12341...."] {
        let company = UserId::parse(user_id).unwrap();
        administration.create_user(&company, &brno, "테스트회사", AccountKind::Operator).await.unwrap();
        administration.decide(&company, Decision::Approve).await.unwrap();
        administration.grant(&company, &UserId::parse("platform").unwrap()).await.unwrap();
    }
    let client = running.client("platform", Environment::Operations).await;
    (running, client)
}

/// An answer as it was sent, one member a line: its order and the form of its numbers are part of a snapshot.
async fn sent(client: &Client, path: &str, request: &Value) -> String {
    client.text(path, request).await.replace(",\"", ",\n\"")
}

/// §4.2.1.5 and its siblings.
fn single_sample() -> Value {
    json!({
        "bizinfo": "asdf12341....",
        "f_license_no": "221212121212",
        "f_resident_name": "홍길동",
        "f_licn_con_code": "12",
        "f_from_date": "20241023",
        "f_to_date": "20241023",
        "vhcl_reg_no": "67라6767"
    })
}

/// §4.2.2.5 and its siblings, with the sector's `vhcl_reg_no`.
fn batch_sample(vhcl_reg_no: &str) -> Value {
    let driver = json!({
        "f_license_no": "221212121212",
        "f_resident_name": "홍길동",
        "f_licn_con_code": "12",
        "f_from_date": "20241023",
        "f_to_date": "20241023",
        "vhcl_reg_no": vhcl_reg_no
    });
    json!({ "f_send_cnt": "2", "bizinfo": "asdf12341....", "requestList": [driver, driver] })
}

fn header(count: &str) -> Value {
    json!({ "f_rtn_msg": "", "f_request_date": "20241023", "f_rtn_cd": "0", "f_send_cnt": count })
}

/// What the samples answer for a valid driver, with the vehicle's identity where the table has it.
fn item(identity: Option<&str>) -> Value {
    let mut item = json!({ "f_rtn_code": "00", "f_license_no": "2*1*1*1*1*1*" });
    if let Some(identity) = identity {
        item["vhcl_idnty_cd"] = json!(identity);
    }
    item
}

fn batch_answer(identity: Option<&str>) -> Value {
    json!({ "header": header("2"), "body": [item(identity), item(identity)] })
}

#[tokio::test]
async fn section_4_1_1_token() {
    let running = Running::start_at(SAMPLE_DAY).await;
    let (auth_key, _) = crate::harness::keys("s01", Environment::Development);
    let response = ask_for_token(&reqwest::Client::new(), &running.url(""), &auth_key).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers()["authorization"].to_str().unwrap().starts_with("Bearer "));
    assert_eq!(response.bytes().await.unwrap().len(), 0);
    running.stop().await;
}

#[tokio::test]
async fn section_4_1_2_user() {
    let running = Running::start_at(SAMPLE_DAY).await;
    let administration = running.administration();
    let (test, brno) = (UserId::parse("test").unwrap(), BusinessNumber::parse("1234567890").unwrap());
    let client = running.client("s01", Environment::Development).await;
    let ask = "/col/isUserInDatabase?user_id=test&brno=1234567890";
    let unregistered: Value = client.get(ask).await.json().await.unwrap();
    assert_eq!(
        unregistered,
        json!({ "user_id": "test", "registration_status": "unregistered", "brno": "1234567890" })
    );
    administration.create_user(&test, &brno, "테스트회사", AccountKind::Operator).await.unwrap();
    administration.decide(&test, Decision::Approve).await.unwrap();
    let registered: Value = client.get(ask).await.json().await.unwrap();
    assert_eq!(
        registered,
        json!({
            "aprv_stts_cd": "2", "acnt_stts_cd": "1", "user_id": "test",
            "registration_status": "registered", "brno": "1234567890"
        })
    );
    running.stop().await;
}

#[tokio::test]
async fn section_4_2_1_rental_single() {
    let (running, client) = sample_world().await;
    let answer = client.call("/licenseVerification", &single_sample()).await;
    assert_eq!(answer, json!({ "header": header("1"), "body": item(Some("1")) }));
    running.stop().await;
}

#[tokio::test]
async fn section_4_2_2_rental_batch() {
    let (running, client) = sample_world().await;
    let answer = client.call("/licenseVerificationBatch", &batch_sample("67라6767")).await;
    assert_eq!(answer, batch_answer(Some("1")));
    running.stop().await;
}

#[tokio::test]
async fn section_4_3_1_delivery_single() {
    let (running, client) = sample_world().await;
    let answer = client.call("/dapi/licenseVerification", &single_sample()).await;
    assert_eq!(answer, json!({ "header": header("1"), "body": item(None) }));
    running.stop().await;
}

#[tokio::test]
async fn section_4_3_2_delivery_batch() {
    let (running, client) = sample_world().await;
    let answer = client.call("/dapi/licenseVerificationBatch", &batch_sample("67라6767")).await;
    assert_eq!(answer, batch_answer(Some("1")));
    running.stop().await;
}

/// The sample's licence is another person's in the simulated register (김하늘, class 32), so that the literal
/// request is answered 21; the holder's own name and class get the sample's 00.
#[tokio::test]
async fn section_4_4_1_personal_mobility_single() {
    let (running, client) = sample_world().await;
    let mut sample = json!({
        "f_license_no": "123456789123",
        "f_resident_name": "홍길동",
        "f_licn_con_code": "12",
        "f_from_date": "20250716",
        "f_to_date": "20251229",
        "vhcl_reg_no": "PM000001"
    });
    let answer = async |sample: &Value| client.call("/pm/licenseVerification", sample).await;
    let body = |code: &str| json!({ "f_rtn_code": code, "f_license_no": "1*3*5*7*9*2*" });
    assert_eq!(answer(&sample).await, json!({ "header": header("1"), "body": body("21") }));
    sample["f_resident_name"] = json!("김하늘");
    assert_eq!(answer(&sample).await["body"], body("24"));
    sample["f_licn_con_code"] = json!("32");
    assert_eq!(answer(&sample).await["body"], body("00"));
    running.stop().await;
}

#[tokio::test]
async fn section_4_4_2_personal_mobility_batch() {
    let (running, client) = sample_world().await;
    let answer = client.call("/pm/licenseVerificationBatch", &batch_sample("pm_id01")).await;
    assert_eq!(answer, batch_answer(None));
    running.stop().await;
}

#[tokio::test]
async fn section_4_5_1_chauffeur_single() {
    let (running, client) = sample_world().await;
    let answer = client.call("/sub/licenseVerification", &single_sample()).await;
    assert_eq!(answer, json!({ "header": header("1"), "body": item(None) }));
    running.stop().await;
}

#[tokio::test]
async fn section_4_5_2_chauffeur_batch() {
    let (running, client) = sample_world().await;
    let answer = client.call("/sub/licenseVerificationBatch", &batch_sample("67라6767")).await;
    assert_eq!(answer, batch_answer(None));
    running.stop().await;
}

#[tokio::test]
async fn section_4_6_1_general_single() {
    let (running, client) = sample_world().await;
    let mut sample = single_sample();
    sample["com_api_type"] = json!("S00");
    let answer = client.call("/cmm/licenseVerification", &sample).await;
    assert_eq!(answer, json!({ "header": header("1"), "body": item(None) }));
    running.stop().await;
}

#[tokio::test]
async fn section_4_6_2_general_batch() {
    let (running, client) = sample_world().await;
    let mut sample = batch_sample("67라6767");
    sample["com_api_type"] = json!("B00");
    let answer = client.call("/cmm/licenseVerificationBatch", &sample).await;
    assert_eq!(answer, batch_answer(None));
    running.stop().await;
}

#[tokio::test]
async fn section_4_7_errors() {
    let (running, client) = sample_world().await;
    let unknown = client.send("/licenceVerification", "{}").await;
    assert_eq!(unknown.status(), StatusCode::OK);
    let unknown: Value = unknown.json().await.unwrap();
    assert_eq!(unknown, json!({ "respCode": -100, "errorMsg": "API를 찾을 수 없습니다." }));
    let mut sample = single_sample();
    sample["bizinfo"] = json!("s02");
    let refused = client.call("/licenseVerification", &sample).await;
    assert_eq!(
        refused,
        json!({ "respCode": -130, "errorMsg": "bizinfo에 첨부된 아이디가 유효하지 않습니다." })
    );
    running.stop().await;
}

/// §6: the sample's Secret Key and body, sealed as the Java sample seals them (docs/crypto-vectors.json).
#[tokio::test]
async fn section_6_the_java_samples_key() {
    let running = Running::start_at("2023-11-06T09:00:00+09:00").await;
    let administration = running.administration();
    let (user, brno) = (UserId::parse("java").unwrap(), BusinessNumber::parse("1112223334").unwrap());
    administration.create_user(&user, &brno, "자바렌트카", AccountKind::Operator).await.unwrap();
    administration.decide(&user, Decision::Approve).await.unwrap();
    let keys = administration.issue_keys(&user).await.unwrap();
    let [development, _] = keys.as_slice() else { panic!("a development and an operations key") };
    let http = reqwest::Client::builder().local_address(Some(Ipv4Addr::LOCALHOST.into())).build().unwrap();
    let client =
        Client::connect(&http, &running.url(""), &development.auth_key, &development.secret_key).await;
    let single = r#"{
  "f_license_no": "123456789012",
  "f_resident_name": "홍길동",
  "f_licn_con_code": "12",
  "f_from_date": "20231106",
  "f_to_date": "20231106",
  "vhcl_reg_no": "99임9999"
}"#;
    let answer = client.call("/licenseVerification", &serde_json::from_str(single).unwrap()).await;
    // 12 is no fixture: the last two digits answer, 정지 된 면허; the temporary plate is unconfirmed.
    assert_eq!(
        answer["body"],
        json!({ "vhcl_idnty_cd": "2", "f_rtn_code": "12", "f_license_no": "1*3*5*7*9*1*" })
    );
    running.stop().await;
}
