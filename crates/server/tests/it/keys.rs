use reqwest::StatusCode;
use rims_domain::Environment;
use rims_protocol::codes::AccountStatus;
use rims_protocol::interface::{INTERFACES, Keys};
use rims_protocol::values::UserId;
use serde_json::{Value, json};

use crate::harness::{Client, Running, error_of};

/// Longer than a reading of a key may be used.
async fn until_refused(client: &Client) -> bool {
    for _ in 0..40 {
        let status = client.get("/col/isUserInDatabase?user_id=s01&brno=1234567890").await.status();
        if status == StatusCode::UNAUTHORIZED {
            return true;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    false
}

#[tokio::test]
async fn every_interface_of_the_table_is_served() {
    let running = Running::start().await;
    let client = running.s01().await;
    for interface in &INTERFACES {
        if interface.method.as_str() == "POST" {
            let answer = client.call(interface.path, &json!({})).await;
            // Nothing is required where the vehicle is not asked for (§4.3.3.4, §4.5.2.11, §4.6.3.4).
            let nothing_required = interface.path.ends_with("generateVrfcNo");
            let expected = if nothing_required { Value::Null } else { json!(-170) };
            assert_eq!(answer["respCode"], expected, "{}: {answer}", interface.path);
        }
        // The other method is no interface.
        let answer = match interface.method.as_str() {
            "POST" => client.get(interface.path).await,
            _ => client.send(interface.path, "{}").await,
        };
        assert_eq!(error_of(&answer.json().await.unwrap()).0, -100, "{}", interface.path);
    }
    running.stop().await;
}

#[tokio::test]
async fn unknown_paths_and_methods_are_100() {
    let running = Running::start().await;
    let http = reqwest::Client::new();
    for path in ["/", "/licenseVerification/", "/LicenseVerification", "/col", "/rims/licenseVerification"] {
        let response = http.post(running.url(path)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(error_of(&response.json().await.unwrap()).0, -100, "{path}");
    }
    for method in [reqwest::Method::PUT, reqwest::Method::DELETE, reqwest::Method::OPTIONS] {
        let response = http.request(method, running.url("/licenseVerification")).send().await.unwrap();
        assert_eq!(error_of(&response.json().await.unwrap()).0, -100);
    }
    let (auth_key, _) = crate::harness::keys("s01", Environment::Development);
    let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, auth_key);
    let head = http.head(running.url("/col/oauth2?grantType=password"));
    let head = head.header("authorization", format!("Basic {basic}")).send().await.unwrap();
    assert!(head.headers().get("authorization").is_none(), "HEAD issues no token");
    running.stop().await;
}

#[tokio::test]
async fn development_keys_do_not_reach_operations_interfaces() {
    let running = Running::start().await;
    let client = running.client("s01", Environment::Development).await;
    let operations = INTERFACES.iter().filter(|interface| interface.keys == Keys::OperationsOnly);
    assert_eq!(operations.clone().count(), 13);
    for interface in operations {
        let answer = client.call(interface.path, &json!({})).await;
        assert_eq!(answer["respCode"], -100, "{}", interface.path);
    }
    running.stop().await;
}

#[tokio::test]
async fn development_records_stay_apart() {
    let running = Running::start().await;
    let client = running.client("s01", Environment::Development).await;
    assert_eq!(client.code("/licenseVerification", &running.driver()).await, "00");
    assert_eq!(running.stored("s01").await.len(), 0);
    running.stop().await;
}

#[tokio::test]
async fn a_changed_account_and_a_revoked_key_are_refused_within_a_second() {
    let running = Running::start().await;
    let administration = running.administration();
    let s02 = running.client("s02", Environment::Operations).await;
    let s01 = running.client("s01", Environment::Development).await;
    let (s01_id, s02_id) = (UserId::parse("s01").unwrap(), UserId::parse("s02").unwrap());
    administration.change_status(&s02_id, AccountStatus::Suspended).await.unwrap();
    administration.revoke_key(&s01_id, Environment::Development).await.unwrap();
    assert!(until_refused(&s02).await);
    assert!(until_refused(&s01).await);
    assert!(!until_refused(&running.s01().await).await, "the other key still works");
    running.stop().await;
}

#[tokio::test]
async fn a_rotated_key_replaces_the_old_one() {
    let running = Running::start().await;
    let administration = running.administration();
    let user = UserId::parse("s01").unwrap();
    let pair = administration.rotate_key(&user, Environment::Operations).await.unwrap();
    let http = reqwest::Client::new();
    let client = Client::connect(&http, &running.url(""), &pair.auth_key, &pair.secret_key).await;
    assert_eq!(client.code("/licenseVerification", &running.driver()).await, "00");
    let (old, _) = crate::harness::keys("s01", Environment::Operations);
    let refused = crate::harness::ask_for_token(&http, &running.url(""), &old).await;
    assert_eq!(error_of(&refused.json().await.unwrap()).0, -140);
    running.stop().await;
}

#[tokio::test]
async fn a_key_bound_to_networks_works_only_from_them() {
    let running = Running::start().await;
    let administration = running.administration();
    let user = UserId::parse("s02").unwrap();
    let elsewhere = vec!["203.0.113.0/24".parse().unwrap()];
    let before = running.client("s02", Environment::Operations).await;
    administration.set_allowed_ips(&user, Environment::Operations, elsewhere).await.unwrap();
    let (auth_key, _) = crate::harness::keys("s02", Environment::Operations);
    let http = reqwest::Client::new();
    let refused = crate::harness::ask_for_token(&http, &running.url(""), &auth_key).await;
    assert_eq!(error_of(&refused.json().await.unwrap()).0, -140);
    assert!(until_refused(&before).await);
    let here = vec!["127.0.0.0/8".parse().unwrap()];
    administration.set_allowed_ips(&user, Environment::Operations, here).await.unwrap();
    running.client("s02", Environment::Operations).await;
    running.stop().await;
}

#[tokio::test]
async fn the_envelopes_faults_come_before_the_requests() {
    let running = Running::start().await;
    let client = running.s01().await;
    let code = async |body: String| -> i64 {
        let answer: Value = client.send("/licenseVerification", body).await.json().await.unwrap();
        error_of(&answer).0
    };
    for body in ["", "[]", "null", "{}", r#"{"encryptedData":7}"#, "not json"] {
        assert_eq!(code(body.to_owned()).await, -180, "{body}");
    }
    for sealed in ["", "x", "AAAA", "AAAAAAAAAAAAAAAAAAAAAA=="] {
        assert_eq!(code(json!({ "encryptedData": sealed }).to_string()).await, -190, "{sealed}");
    }
    let other = running.client("s02", Environment::Operations).await;
    assert_eq!(code(other.seal(&running.driver()).to_string()).await, -190);
    let with_more = json!({
        "encryptedData": client.seal(&running.driver())["encryptedData"], "trace": 1,
    });
    let answer: Value =
        client.send("/licenseVerification", with_more.to_string()).await.json().await.unwrap();
    assert_eq!(answer["body"]["f_rtn_code"], "00");
    running.stop().await;
}
