//! §4.2.6, §4.2.7 and their siblings: numbers for 비대면 verification, and their results. The numbers of the
//! samples are of other years; each sector's first one stands for them.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{sample_world_on, sent};
use crate::harness::{Client, Running, shown, with};

/// The first day of the samples' numbers.
const NUMBER_DAY: &str = "2024-09-26T09:00:00+09:00";

/// What the driver shows in the samples of §4.3.4.5, §4.5.3.5 and §4.6.4.5.
fn shown_well() -> Value {
    let mut shown = shown();
    shown["face_similarity"] = json!(100.0);
    shown["face_liveness"] = json!(90.68);
    shown["original_reliability"] = json!(100.0);
    shown
}

/// §4.3.3.5 and §4.5.2.12; the others have more members.
fn number_sample() -> Value {
    json!({ "bizinfo": "asdf12341...", "f_from_date": "20240926", "f_to_date": "20250925" })
}

/// The text of a sample's result, some days before its number's end.
async fn result(running: &Running, path: &str, (sample, number): (&Value, &str), day: &str) -> String {
    let client = later(running, day).await;
    let member = if sample.get("rent_no").is_some() { "rent_no" } else { "vrfc_no" };
    sent(&client, path, &with(sample, member, number)).await
}

async fn later(running: &Running, day: &str) -> Client {
    running.move_to(day).await;
    running.client("platform", rims_domain::Environment::Operations).await
}

async fn complete(running: &Running, number: &str, shown: &Value) {
    let (status, answer) = running.complete(number, shown).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

#[tokio::test]
async fn section_4_2_6_and_4_2_7_rental() {
    let (running, client) = sample_world_on(NUMBER_DAY).await;
    let sample = json!({
        "bizinfo": "asdf12341...",
        "vhcl_reg_no": "12하1234",
        "rent_bgng_dt": "20240926",
        "rent_end_dt": "20250925"
    });
    assert_eq!(sent(&client, "/generateRentNo", &sample).await, r#"{"rent_no":"R24-000000001"}"#);
    complete(&running, "R24-000000001", &shown()).await;
    let sample = json!({ "bizinfo": "asdf12341...", "rent_no": "R24-000924523" });
    let path = "/licenseVerificationResult";
    insta::assert_snapshot!(
        result(&running, path, (&sample, "R24-000000001"), "2025-09-08T09:00:00+09:00").await,
        @r#"
        {"header":{"rent_no":"R24-000000001",
        "f_rtn_cd":"0",
        "f_request_date":"20250908",
        "f_send_cnt":"1"},
        "body":{"vhcl_idnty_cd":"1",
        "f_rtn_code":"00",
        "face_similarity":99.0,
        "face_liveness":99.0,
        "original_reliability":90.0,
        "police_lcns_vrfc_cd":"1"}}
        "#
    );
    running.stop().await;
}

#[tokio::test]
async fn section_4_3_3_and_4_3_4_delivery() {
    let (running, client) = sample_world_on(NUMBER_DAY).await;
    assert_eq!(
        sent(&client, "/dapi/generateVrfcNo", &number_sample()).await,
        r#"{"vrfc_no":"V24-000000001"}"#
    );
    complete(&running, "V24-000000001", &shown_well()).await;
    let sample = json!({ "bizinfo": "asdf12341...", "vrfc_no": "V25-000924523" });
    let path = "/dapi/licenseVerificationResult";
    insta::assert_snapshot!(
        result(&running, path, (&sample, "V24-000000001"), "2025-08-11T09:00:00+09:00").await,
        @r#"
        {"header":{"vrfc_no":"V24-000000001",
        "f_rtn_cd":"0",
        "f_request_date":"20250811",
        "f_send_cnt":"1"},
        "body":{"f_rtn_code":"00",
        "face_similarity":100.0,
        "face_liveness":90.68,
        "original_reliability":100.0,
        "police_lcns_vrfc_cd":"1"}}
        "#
    );
    running.stop().await;
}

#[tokio::test]
async fn section_4_4_3_and_4_4_4_personal_mobility() {
    let (running, client) = sample_world_on(NUMBER_DAY).await;
    let sample = with(&number_sample(), "vhcl_reg_no", "pm_id3");
    assert_eq!(sent(&client, "/pm/generateRentNo", &sample).await, r#"{"rent_no":"P24-000000001"}"#);
    complete(&running, "P24-000000001", &shown()).await;
    let sample = json!({ "bizinfo": "asdf12341...", "rent_no": "P25-000000080" });
    let path = "/pm/licenseVerificationResult";
    insta::assert_snapshot!(
        result(&running, path, (&sample, "P24-000000001"), "2025-09-08T09:00:00+09:00").await,
        @r#"
        {"header":{"rent_no":"P24-000000001",
        "f_rtn_cd":"0",
        "f_request_date":"20250908",
        "f_send_cnt":"1"},
        "body":{"vhcl_idnty_cd":"2",
        "f_rtn_code":"00",
        "face_similarity":99.0,
        "face_liveness":99.0,
        "original_reliability":90.0,
        "police_lcns_vrfc_cd":"1"}}
        "#
    );
    running.stop().await;
}

#[tokio::test]
async fn section_4_5_2_7_and_4_5_3_chauffeur() {
    let (running, client) = sample_world_on(NUMBER_DAY).await;
    assert_eq!(
        sent(&client, "/sub/generateVrfcNo", &number_sample()).await,
        r#"{"vrfc_no":"D24-000000001"}"#
    );
    complete(&running, "D24-000000001", &shown_well()).await;
    let sample = json!({ "bizinfo": "asdf12341...", "vrfc_no": "D25-000000014" });
    let path = "/sub/licenseVerificationResult";
    insta::assert_snapshot!(
        result(&running, path, (&sample, "D24-000000001"), "2025-08-11T09:00:00+09:00").await,
        @r#"
        {"header":{"vrfc_no":"D24-000000001",
        "f_rtn_cd":"0",
        "f_request_date":"20250811",
        "f_send_cnt":"1"},
        "body":{"f_rtn_code":"00",
        "face_similarity":100.0,
        "face_liveness":90.68,
        "original_reliability":100.0,
        "police_lcns_vrfc_cd":"1"}}
        "#
    );
    running.stop().await;
}

#[tokio::test]
async fn section_4_6_3_and_4_6_4_general() {
    let (running, client) = sample_world_on(NUMBER_DAY).await;
    let sample = with(&number_sample(), "com_api_type", "G00");
    assert_eq!(sent(&client, "/cmm/generateVrfcNo", &sample).await, r#"{"vrfc_no":"C24-000000001"}"#);
    complete(&running, "C24-000000001", &shown_well()).await;
    let sample = json!({ "bizinfo": "asdf12341...", "vrfc_no": "C25-000000014" });
    let path = "/cmm/licenseVerificationResult";
    insta::assert_snapshot!(
        result(&running, path, (&sample, "C24-000000001"), "2025-08-11T09:00:00+09:00").await,
        @r#"
        {"header":{"vrfc_no":"C24-000000001",
        "f_rtn_cd":"0",
        "f_request_date":"20250811",
        "f_send_cnt":"1"},
        "body":{"f_rtn_code":"00",
        "face_similarity":100.0,
        "face_liveness":90.68,
        "original_reliability":100.0,
        "police_lcns_vrfc_cd":"1"}}
        "#
    );
    running.stop().await;
}
