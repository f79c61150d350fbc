use reqwest::{Method, StatusCode};
use rims_domain::Environment;
use serde_json::{Value, json};

use crate::harness::{Running, with};

#[tokio::test]
async fn the_clock_is_read_and_moved_forward_only() {
    let running = Running::start().await;
    let (status, body) = running.ops(Method::GET, "/sandbox/clock", None).await;
    assert_eq!(status, StatusCode::OK);
    assert!(body["now"].as_str().unwrap().starts_with("2030-10-23T12:00:"), "{body}");
    let moved = json!({ "now": "2030-12-01T09:00:00+09:00" });
    let (status, body) = running.ops(Method::PUT, "/sandbox/clock", Some(moved.clone())).await;
    assert_eq!(status, StatusCode::OK);
    assert!(body["now"].as_str().unwrap().starts_with("2030-12-01T09:00:0"), "{body}");
    running.advance("P7DT1H").await;
    let (_, body) = running.ops(Method::GET, "/sandbox/clock", None).await;
    assert!(body["now"].as_str().unwrap().starts_with("2030-12-08T10:00:0"), "{body}");
    for backward in [moved, json!({ "advance": "-PT1S" })] {
        let (status, body) = running.ops(Method::PUT, "/sandbox/clock", Some(backward)).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert!(body["error"].is_string());
    }
    running.advance("PT0S").await;
    running.stop().await;
}

#[tokio::test]
async fn the_moved_clock_is_everybodys() {
    let running = Running::start().await;
    let yesterday = running.driver();
    running.advance("PT12H").await;
    let client = running.s01().await;
    let (code, message) = client.error("/licenseVerification", &yesterday).await;
    assert_eq!(code, -160);
    assert!(message.contains("f_from_date"));
    let answer = client.call("/licenseVerification", &running.driver()).await;
    assert_eq!(answer["header"]["f_request_date"], "20301024");
    running.stop().await;
}

#[tokio::test]
async fn wrong_input_is_400_with_the_reason() {
    let running = Running::start().await;
    for (path, body) in [
        ("/sandbox/clock", json!({})),
        ("/sandbox/clock", json!({ "now": "yesterday" })),
        ("/sandbox/clock", json!({ "advance": "7 d" })),
        ("/sandbox/clock", json!({ "advance": "P1D", "x": 1 })),
        ("/sandbox/clock", json!({ "now": "2089-01-01T09:00:00+09:00" })),
        ("/sandbox/clock", json!(["2031-01-01T00:00:00Z", null])),
        ("/sandbox/faults", json!([null, null, 5])),
        ("/sandbox/clock", json!({ "now": "2031-01-01T00:00:00Z", "advance": "P1D" })),
        ("/sandbox/clock", json!([])),
        ("/sandbox/faults", json!({ "koroad": "sleepy" })),
        ("/sandbox/faults", json!({ "koroad": { "f_rtn_cd": "0" } })),
        ("/sandbox/faults", json!({ "koroad": { "f_rtn_cd": "77" } })),
        ("/sandbox/faults", json!({ "latency_ms": -1 })),
        ("/sandbox/faults", json!({ "police": null })),
    ] {
        let (status, answer) = running.ops(Method::PUT, path, Some(body.clone())).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {body}");
        assert!(answer["error"].is_string(), "{answer}");
    }
    running.stop().await;
}

#[tokio::test]
async fn reset_goes_back_to_the_fixtures_and_the_real_clock() {
    let running = Running::start().await;
    let client = running.s01().await;
    assert_eq!(client.code("/licenseVerification", &running.driver()).await, "00");
    running.set_faults(json!({ "koroad": "garbage" })).await;
    let (status, body) = running.ops(Method::POST, "/sandbox/reset", None).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(running.stored("s01").await.len(), 0);
    assert!(running.today() < jiff::civil::date(2030, 1, 1));
    let forgotten = client.send("/licenseVerification", "{}").await;
    assert_eq!(forgotten.status(), StatusCode::UNAUTHORIZED);
    let client = running.client("s01", Environment::Development).await;
    assert_eq!(client.code("/licenseVerification", &running.driver()).await, "00");
    running.stop().await;
}

#[tokio::test]
async fn reset_forgets_rentals_reservations_numbers_and_keys() {
    let running = Running::start().await;
    let record = async || {
        let client = running.s01().await;
        let (driver, today) = (with(&running.driver(), "f_to_date", running.day(30)), running.day(0));
        let confirmed = client.send_once("/rentalConfirm", &driver, b"key").await;
        assert!(confirmed.headers().get("idempotency-replayed").is_none());
        assert_eq!(
            client.code("/licenseVerificationSchedule", &with(&driver, "repeat_period", "1")).await,
            "00"
        );
        let rental = json!({ "rent_bgng_dt": today, "rent_end_dt": today, "vhcl_reg_no": "67라6767" });
        assert!(client.number("/generateRentNo", &rental).await.ends_with("-000000003"));
        assert_eq!(running.rentals(&client).await.len(), 2);
        assert_eq!(running.reservations(&client).await.len(), 1);
    };
    record().await;
    // The second reset is from this year to this year.
    for _ in 0..2 {
        let (status, body) = running.ops(Method::POST, "/sandbox/reset", None).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        record().await;
    }
    running.advance("P8D").await;
    let ran = running.stored("s01").await;
    assert_eq!(ran.len(), 3, "confirmed, reserved, and run once");
    running.stop().await;
}

#[tokio::test]
async fn resets_at_the_same_time_and_under_load_leave_the_fixtures_and_nothing_else() {
    let running = Running::start().await;
    let client = running.s01().await;
    let driver = running.driver();
    let load = async {
        for _ in 0..40 {
            // Answered before, refused or answered by the emptied system after the reset.
            client.send("/licenseVerification", client.seal(&driver).to_string()).await;
        }
    };
    let reset = async || running.ops(Method::POST, "/sandbox/reset", None).await.0;
    let (first, second, third, ()) = tokio::join!(reset(), reset(), reset(), load);
    assert_eq!([first, second, third], [StatusCode::OK; 3]);
    assert_eq!(running.stored("s01").await.len(), 0, "the old token died with the first reset");
    assert_eq!(running.administration().users().await.unwrap().len(), 14);
    running.client("platform", Environment::Operations).await;
    running.stop().await;
}

#[tokio::test]
async fn the_control_plane_is_not_on_the_api() {
    let running = Running::start().await;
    let client = running.s01().await;
    let answer: Value = client.get("/sandbox/clock").await.json().await.unwrap();
    assert_eq!(answer["respCode"], -100);
    running.stop().await;
}
