//! `POST /sandbox/remote-verifications/{number}`: the driver's side of a 비대면 verification (docs/sandbox.md).

use reqwest::StatusCode;
use rims_store::Channel;
use serde_json::{Value, json};

use crate::harness::{Client, Running, shown, with};

async fn number(client: &Client) -> String {
    client.number("/dapi/generateVrfcNo", &json!({})).await
}

async fn status(running: &Running, number: &str, shown: &Value) -> StatusCode {
    let (status, answer) = running.complete(number, shown).await;
    assert_eq!(status == StatusCode::OK, answer.get("error").is_none(), "{answer}");
    status
}

async fn result(client: &Client, number: &str) -> Value {
    client.call("/dapi/licenseVerificationResult", &json!({ "vrfc_no": number })).await
}

#[tokio::test]
async fn a_completion_is_a_verification_and_has_defaults() {
    let running = Running::start().await;
    let client = running.s01().await;
    let vrfc_no = number(&client).await;
    let (status, answer) = running.complete(&vrfc_no, &shown()).await;
    assert_eq!((status, answer), (StatusCode::OK, json!({ "number": vrfc_no })));
    let [verified] = running.stored("s01").await.try_into().unwrap();
    assert_eq!((verified.channel, verified.licence.as_str()), (Channel::Remote, "221212121212"));
    assert_eq!(
        (verified.period.from, verified.period.to),
        (running.today(), running.today().tomorrow().unwrap())
    );
    let body = json!({
        "f_rtn_code": "00", "face_similarity": 99.0, "face_liveness": 99.0, "original_reliability": 90.0,
        "police_lcns_vrfc_cd": "1",
    });
    assert_eq!(result(&client, &vrfc_no).await["body"], body);
    running.stop().await;
}

#[tokio::test]
async fn what_the_engines_said_is_passed_on() {
    let running = Running::start().await;
    let client = running.s01().await;
    for (similarity, liveness, originality, photo) in
        [(0.0, 12.5, 100.0, "-500"), (90.68, 3.0, 0.01, "32"), (50.0, 50.0, 50.0, "77")]
    {
        let vrfc_no = number(&client).await;
        let mut shown = with(&shown(), "f_license_no", "113355779931");
        shown["face_similarity"] = json!(similarity);
        shown["face_liveness"] = json!(liveness);
        shown["original_reliability"] = json!(originality);
        shown["police_lcns_vrfc_cd"] = json!(photo);
        assert_eq!(status(&running, &vrfc_no, &shown).await, StatusCode::OK);
        let body = json!({
            "f_rtn_code": "31", "face_similarity": similarity, "face_liveness": liveness,
            "original_reliability": originality, "police_lcns_vrfc_cd": photo,
        });
        assert_eq!(result(&client, &vrfc_no).await["body"], body);
    }
    running.stop().await;
}

#[tokio::test]
async fn wrong_input_is_400_with_the_reason() {
    let running = Running::start().await;
    let client = running.s01().await;
    let vrfc_no = number(&client).await;
    for (name, value) in [
        ("f_license_no", json!("12")),
        ("f_license_no", json!(221_212_121_212_i64)),
        ("f_license_no", Value::Null),
        ("f_resident_name", json!("")),
        ("f_resident_name", json!("가".repeat(41))),
        ("f_licn_con_code", json!("99")),
        ("face_similarity", json!(100.1)),
        ("face_liveness", json!(-0.1)),
        ("original_reliability", json!("90")),
        ("police_lcns_vrfc_cd", json!("x")),
        ("police_lcns_vrfc_cd", json!(1)),
        ("face", json!(1)),
    ] {
        let (status, answer) = running.complete(&vrfc_no, &with(&shown(), name, value.clone())).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{name} {value}: {answer}");
        assert!(answer["error"].is_string(), "{answer}");
    }
    for body in [json!([]), json!({}), json!("shown")] {
        assert_eq!(running.complete(&vrfc_no, &body).await.0, StatusCode::BAD_REQUEST, "{body}");
    }
    assert_eq!(result(&client, &vrfc_no).await["respCode"], -240, "no attempt was made");
    running.stop().await;
}

#[tokio::test]
async fn an_unknown_number_is_404() {
    let running = Running::start().await;
    let vrfc_no = number(&running.s01().await).await;
    for unknown in ["V30-000000002", "V29-000000001", "R30-000000001", "X30-000000001", "V30-1", "%20"] {
        assert_eq!(status(&running, unknown, &shown()).await, StatusCode::NOT_FOUND, "{unknown}");
    }
    assert_eq!(status(&running, &vrfc_no, &shown()).await, StatusCode::OK);
    running.stop().await;
}

#[tokio::test]
async fn a_completed_number_is_closed() {
    let running = Running::start().await;
    let client = running.s01().await;
    let vrfc_no = number(&client).await;
    let somebody = with(&shown(), "f_resident_name", "김길동");
    assert_eq!(status(&running, &vrfc_no, &somebody).await, StatusCode::OK);
    assert_eq!(status(&running, &vrfc_no, &shown()).await, StatusCode::CONFLICT);
    assert_eq!(result(&client, &vrfc_no).await["body"]["f_rtn_code"], "21", "the first result stays");
    running.stop().await;
}

#[tokio::test]
async fn of_many_completions_at_once_one_counts() {
    let running = Running::start().await;
    let vrfc_no = number(&running.s01().await).await;
    let shown = shown();
    let attempts = (0..8).map(async |_| status(&running, &vrfc_no, &shown).await);
    let statuses = futures::future::join_all(attempts).await;
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::OK).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::CONFLICT).count(), 7);
    assert_eq!(running.stored("s01").await.len(), 1);
    running.stop().await;
}

#[tokio::test]
async fn a_number_is_usable_until_its_last_day() {
    let running = Running::start().await;
    let client = running.s01().await;
    let (first, second) = (number(&client).await, number(&client).await);
    running.move_to("2030-10-24T23:59:00+09:00").await;
    assert_eq!(status(&running, &first, &shown()).await, StatusCode::OK);
    let [verified] = running.stored("s01").await.try_into().unwrap();
    assert_eq!(verified.period.from, running.today(), "KOROAD is asked about no day of the past");
    running.move_to("2030-10-25T00:00:00+09:00").await;
    assert_eq!(status(&running, &second, &shown()).await, StatusCode::CONFLICT);
    assert_eq!(result(&running.s01().await, &second).await["respCode"], -240);
    running.stop().await;
}

#[tokio::test]
async fn koroads_refusals_are_passed_on_and_end_with_the_fifth() {
    let running = Running::start().await;
    let client = running.s01().await;
    let vrfc_no = number(&client).await;
    for (attempt, code) in ["98", "40", "97", "1", "99"].into_iter().enumerate() {
        let refused = with(&shown(), "f_license_no", format!("99{code:0>2}12121200"));
        let (status, answer) = running.complete(&vrfc_no, &refused).await;
        assert_eq!((status, &answer["f_rtn_cd"]), (StatusCode::OK, &json!(code)), "attempt {attempt}");
        let result = result(&client, &vrfc_no).await;
        let header = json!({
            "vrfc_no": vrfc_no, "f_rtn_cd": code, "f_request_date": "20301023", "f_send_cnt": "1",
            "f_rtn_msg": answer["f_rtn_msg"],
        });
        assert_eq!(result, json!({ "header": header }));
    }
    assert_eq!(status(&running, &vrfc_no, &shown()).await, StatusCode::CONFLICT);
    assert_eq!(result(&client, &vrfc_no).await["header"]["f_rtn_cd"], "99", "the last refusal stays");
    assert_eq!(running.stored("s01").await.len(), 0);
    running.stop().await;
}

#[tokio::test]
async fn a_refused_driver_may_try_again() {
    let running = Running::start().await;
    let client = running.s01().await;
    let vrfc_no = number(&client).await;
    let refused = with(&shown(), "f_license_no", "999812121200");
    for _ in 0..4 {
        assert_eq!(status(&running, &vrfc_no, &refused).await, StatusCode::OK);
    }
    assert_eq!(status(&running, &vrfc_no, &shown()).await, StatusCode::OK);
    let result = result(&client, &vrfc_no).await;
    assert_eq!((&result["header"]["f_rtn_cd"], &result["body"]["f_rtn_code"]), (&json!("0"), &json!("00")));
    running.stop().await;
}

#[tokio::test]
async fn an_attempt_beside_a_refused_one_counts() {
    let running = Running::start().await;
    let client = running.s01().await;
    let vrfc_no = number(&client).await;
    let (refused, shown) = (with(&shown(), "f_license_no", "999812121200"), shown());
    // All of them have begun before the first has ended.
    running.set_faults(json!({ "latency_ms": 300 })).await;
    let refusals = (0..3).map(async |_| status(&running, &vrfc_no, &refused).await);
    let (refusals, done) =
        tokio::join!(futures::future::join_all(refusals), status(&running, &vrfc_no, &shown));
    assert_eq!(done, StatusCode::OK);
    for refused in refusals {
        assert!([StatusCode::OK, StatusCode::CONFLICT].contains(&refused), "before the end, or after it");
    }
    assert_eq!(result(&client, &vrfc_no).await["body"]["f_rtn_code"], "00");
    running.stop().await;
}

#[tokio::test]
async fn refused_attempts_at_the_same_time_all_count() {
    let running = Running::start().await;
    let vrfc_no = number(&running.s01().await).await;
    let refused = with(&shown(), "f_license_no", "999812121200");
    running.set_faults(json!({ "latency_ms": 300 })).await;
    let refusals =
        futures::future::join_all((0..5).map(async |_| status(&running, &vrfc_no, &refused).await));
    assert_eq!(refusals.await, [StatusCode::OK; 5]);
    assert_eq!(status(&running, &vrfc_no, &shown()).await, StatusCode::CONFLICT, "five were all there are");
    running.stop().await;
}

#[tokio::test]
async fn an_attempt_that_reaches_nobody_does_not_count() {
    let running = Running::start().await;
    let client = running.s01().await;
    let vrfc_no = number(&client).await;
    for number in ["999012121200", "999112121200"].repeat(3) {
        let unanswered = with(&shown(), "f_license_no", number);
        assert_eq!(status(&running, &vrfc_no, &unanswered).await, StatusCode::INTERNAL_SERVER_ERROR);
    }
    assert_eq!(result(&client, &vrfc_no).await["respCode"], -240);
    assert_eq!(status(&running, &vrfc_no, &shown()).await, StatusCode::OK);
    running.stop().await;
}
