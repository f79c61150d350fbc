use reqwest::StatusCode;
use rims_domain::Environment;
use serde_json::{Value, json};

use crate::harness::{Running, error_of};

#[tokio::test]
async fn registered_only_if_both_belong_together() {
    let running = Running::start().await;
    let client = running.client("s02", Environment::Development).await;
    let ask = async |query: &str| -> Value {
        client.get(&format!("/col/isUserInDatabase?{query}")).await.json().await.unwrap()
    };
    assert_eq!(
        ask("user_id=s01&brno=1234567890").await,
        json!({
            "aprv_stts_cd": "2", "acnt_stts_cd": "1", "user_id": "s01",
            "registration_status": "registered", "brno": "1234567890",
        })
    );
    let locked = ask("user_id=locked01&brno=6000000002").await;
    assert_eq!((&locked["acnt_stts_cd"], &locked["aprv_stts_cd"]), (&json!("2"), &json!("2")));
    for (user_id, brno) in [("s01", "2345678901"), ("nobody", "1234567890")] {
        assert_eq!(
            ask(&format!("user_id={user_id}&brno={brno}")).await,
            json!({ "user_id": user_id, "registration_status": "unregistered", "brno": brno })
        );
    }
    running.stop().await;
}

#[tokio::test]
async fn bad_queries_name_the_parameter() {
    let running = Running::start().await;
    let client = running.client("s01", Environment::Development).await;
    for (query, code, name) in [
        ("", -170, "user_id"),
        ("user_id=s01", -170, "brno"),
        ("brno=1234567890&user_id=%20", -170, "user_id"),
        ("user_id=s01&brno=123", -160, "brno"),
    ] {
        let response = client.get(&format!("/col/isUserInDatabase?{query}")).await;
        assert_eq!(response.status(), StatusCode::OK);
        let (found, message) = error_of(&response.json().await.unwrap());
        assert_eq!(found, code, "{query}");
        assert!(message.contains(name), "{message}");
    }
    running.stop().await;
}
