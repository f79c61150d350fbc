use rims_domain::Environment;
use rims_protocol::codes::AccountStatus;
use rims_protocol::values::UserId;
use serde_json::{Value, json};

use crate::harness::{Running, batch_of};

async fn with_bizinfo(running: &Running, caller: &str, bizinfo: &str) -> Value {
    let client = running.client(caller, Environment::Operations).await;
    let mut driver = running.driver();
    driver["bizinfo"] = json!(bizinfo);
    client.call("/licenseVerification", &driver).await
}

#[tokio::test]
async fn a_delegate_asks_for_the_company_and_its_vehicles() {
    let running = Running::start().await;
    let answer = with_bizinfo(&running, "platform", "s01").await;
    assert_eq!(answer["body"]["vhcl_idnty_cd"], "1", "the vehicle is s01's, not the platform's");
    let own = with_bizinfo(&running, "platform", "platform").await;
    assert_eq!(own["body"]["vhcl_idnty_cd"], "2");
    assert_eq!(running.stored("s01").await.len(), 1, "the record belongs to the bizinfo company");
    assert_eq!(running.stored("platform").await.len(), 1);
    running.stop().await;
}

#[tokio::test]
async fn nobody_else_may() {
    let running = Running::start().await;
    for (caller, bizinfo) in [
        ("platform", "s02"),
        ("s02", "s01"),
        ("platform", "nobody"),
        ("s01", "platform"),
        ("s01", "locked01"),
    ] {
        let answer = with_bizinfo(&running, caller, bizinfo).await;
        assert_eq!(
            answer,
            json!({ "respCode": -130, "errorMsg": "bizinfo에 첨부된 아이디가 유효하지 않습니다." }),
            "{caller} for {bizinfo}"
        );
    }
    running.stop().await;
}

/// Asks until -130 comes: a reading of the delegation may be a second old.
async fn until_refused(running: &Running) -> bool {
    let client = running.client("platform", Environment::Operations).await;
    let mut driver = running.driver();
    driver["bizinfo"] = json!("s01");
    let started = std::time::Instant::now();
    while started.elapsed() < std::time::Duration::from_secs(5) {
        if client.call("/licenseVerification", &driver).await["respCode"] == -130 {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn a_revoked_delegation_counts_no_more() {
    let running = Running::start().await;
    with_bizinfo(&running, "platform", "s01").await;
    let (s01, platform) = (UserId::parse("s01").unwrap(), UserId::parse("platform").unwrap());
    running.administration().revoke_delegation(&s01, &platform).await.unwrap();
    assert!(until_refused(&running).await);
    running.stop().await;
}

#[tokio::test]
async fn a_suspended_company_has_no_delegates() {
    let running = Running::start().await;
    with_bizinfo(&running, "platform", "s01").await;
    let s01 = UserId::parse("s01").unwrap();
    running.administration().change_status(&s01, AccountStatus::Suspended).await.unwrap();
    assert!(until_refused(&running).await);
    running.stop().await;
}

#[tokio::test]
async fn every_sectors_single_and_batch_check_bizinfo() {
    let running = Running::start().await;
    let client = running.client("platform", Environment::Operations).await;
    for prefix in ["", "/dapi", "/pm", "/sub", "/cmm"] {
        let mut driver = running.driver();
        let mut batch = batch_of(&[running.driver()]);
        for (bizinfo, accepted) in [("s01", true), ("s02", false)] {
            driver["bizinfo"] = json!(bizinfo);
            batch["bizinfo"] = json!(bizinfo);
            for (path, request) in [("licenseVerification", &driver), ("licenseVerificationBatch", &batch)] {
                let answer = client.call(&format!("{prefix}/{path}"), request).await;
                let expected = if accepted { Value::Null } else { json!(-130) };
                assert_eq!(answer["respCode"], expected, "{prefix}/{path} for {bizinfo}");
            }
        }
    }
    running.stop().await;
}
