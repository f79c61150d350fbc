//! What an integrator works with in the sandbox: webhooks registered by the control plane, examples of events, and the
//! latest requests, decrypted.

use axum::http::StatusCode as Answer;
use reqwest::{Method, StatusCode};
use rims_domain::Environment;
use rims_server::sandbox::Sandbox;
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use crate::harness::{Running, options, with};
use crate::receiver::Receiver;

const WEBHOOKS: &str = "/sandbox/webhooks";

async fn register(running: &Running, body: Value) -> Value {
    let (status, answer) = running.ops(Method::POST, WEBHOOKS, Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

async fn send_example(running: &Running, user_id: &str, kind: &str) -> Value {
    let body = json!({ "user_id": user_id, "type": kind });
    let (status, answer) = running.ops(Method::POST, "/sandbox/events", Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

/// How often webhooks were looked at because of this.
async fn runs(running: &Running, cause: &str) -> u64 {
    let url = format!("http://{}/metrics", running.sandbox.ops_address());
    let metrics = reqwest::get(url).await.unwrap().text().await.unwrap();
    let of = |line: &&str| {
        line.starts_with("rims_scheduler_runs_total{")
            && line.contains("work=\"webhooks\"")
            && line.contains("environment=\"operations\"")
            && line.contains(&format!("cause=\"{cause}\""))
    };
    let line = metrics.lines().find(of);
    line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

#[tokio::test]
async fn a_registered_webhook_is_told_at_once_and_can_verify_it() {
    // The published library compares the time with the system's.
    let running = Running::of(Sandbox::start(&options(None)).await.unwrap());
    let receiver = Receiver::start(Answer::NO_CONTENT).await;
    let webhook = register(&running, json!({ "user_id": "s01", "url": receiver.url })).await;
    let before = runs(&running, "told").await;
    let told = send_example(&running, "s01", "rental.confirmed").await;
    let (headers, body) = receiver.wait().await;
    assert_eq!(runs(&running, "told").await, before + 1, "the commit woke the sender");
    Webhook::new(webhook["secret"].as_str().unwrap()).unwrap().verify(&body, &headers).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), told);
    assert_eq!(told["data"]["user_id"], "s01");
    running.stop().await;
}

#[tokio::test]
async fn a_webhook_is_told_the_events_that_it_names() {
    let running = Running::start().await;
    let (some, all) = (Receiver::start(Answer::OK).await, Receiver::start(Answer::OK).await);
    let events = json!(["reservation.changed", "rental.cancelled"]);
    register(&running, json!({ "user_id": "s01", "url": some.url, "events": events })).await;
    register(&running, json!({ "user_id": "s01", "url": all.url })).await;
    let kinds = [
        "remote_verification.finished",
        "reservation.changed",
        "rental.confirmed",
        "rental.cancelled",
        "verification.rechecked",
    ];
    for kind in kinds {
        send_example(&running, "s01", kind).await;
    }
    let mut told = Vec::new();
    for _ in kinds {
        let (_, body) = all.wait().await;
        told.push(serde_json::from_slice::<Value>(&body).unwrap()["type"].as_str().unwrap().to_owned());
    }
    told.sort();
    let mut expected = kinds.to_vec();
    expected.sort_unstable();
    assert_eq!(told, expected);
    let mut named = Vec::new();
    for _ in 0..2 {
        let (_, body) = some.wait().await;
        named.push(serde_json::from_slice::<Value>(&body).unwrap()["type"].as_str().unwrap().to_owned());
    }
    named.sort();
    assert_eq!(named, ["rental.cancelled", "reservation.changed"]);
    assert_eq!(some.count(), 0);
    running.stop().await;
}

#[tokio::test]
async fn webhooks_are_listed_and_removed() {
    let running = Running::start().await;
    let url = "http://127.0.0.1:9/rims";
    let webhook = register(&running, json!({ "user_id": "s02", "url": url, "events": [] })).await;
    let (_, listed) = running.ops(Method::GET, WEBHOOKS, None).await;
    let one = &listed[0];
    assert_eq!((&one["id"], &one["user_id"], &one["url"]), (&webhook["id"], &json!("s02"), &json!(url)));
    assert_eq!((&one["events"], one.get("secret")), (&Value::Null, None), "shown once");
    let path = format!("{WEBHOOKS}/{}", webhook["id"].as_str().unwrap());
    let (status, _) = running.ops(Method::DELETE, &path, None).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(running.ops(Method::GET, WEBHOOKS, None).await.1, json!([]));
    assert_eq!(running.ops(Method::DELETE, &path, None).await.0, StatusCode::NOT_FOUND);
    register(&running, json!({ "user_id": "s02", "url": url })).await;
    running.ops(Method::POST, "/sandbox/reset", None).await;
    assert_eq!(running.ops(Method::GET, WEBHOOKS, None).await.1, json!([]), "gone with a reset");
    running.stop().await;
}

#[tokio::test]
async fn wrong_registrations_and_examples_say_what_is_wrong() {
    let running = Running::start().await;
    let url = "http://127.0.0.1:9/rims";
    for (path, body, status, hint) in [
        (WEBHOOKS, json!({ "user_id": "nobody", "url": url }), StatusCode::NOT_FOUND, "nobody"),
        (WEBHOOKS, json!({ "user_id": "s01", "url": "ftp://x" }), StatusCode::BAD_REQUEST, "url"),
        (WEBHOOKS, json!({ "user_id": "s01" }), StatusCode::BAD_REQUEST, "url"),
        (
            WEBHOOKS,
            json!({ "user_id": "s01", "url": url, "events": ["x"] }),
            StatusCode::BAD_REQUEST,
            "rental.confirmed",
        ),
        (
            "/sandbox/events",
            json!({ "user_id": "s01", "type": "x" }),
            StatusCode::BAD_REQUEST,
            "rental.confirmed",
        ),
        (
            "/sandbox/events",
            json!({ "user_id": "nobody", "type": "rental.confirmed" }),
            StatusCode::NOT_FOUND,
            "nobody",
        ),
        ("/sandbox/requests?after=x", json!({}), StatusCode::METHOD_NOT_ALLOWED, ""),
    ] {
        let (found, answer) = running.ops(Method::POST, path, Some(body.clone())).await;
        assert_eq!(found, status, "{path} {body}: {answer}");
        assert!(answer["error"].as_str().unwrap_or_default().contains(hint), "{path} {body}: {answer}");
    }
    let (status, answer) = running.ops(Method::GET, "/sandbox/requests?after=x", None).await;
    assert!(
        status == StatusCode::BAD_REQUEST && answer["error"].as_str().unwrap().contains("after"),
        "{answer}"
    );
    running.stop().await;
}

#[tokio::test]
async fn the_latest_requests_are_shown_decrypted() {
    let running = Running::start().await;
    let client = running.s01().await;
    let driver = with(&running.driver(), "vhcl_reg_no", "67라6767");
    client.call("/licenseVerification", &driver).await;
    client.send("/licenseVerification", "not JSON").await;
    let (_, shown) = running.ops(Method::GET, "/sandbox/requests", None).await;
    let all = shown.as_array().unwrap();
    let [token, verified, refused] = &all[..] else { panic!("{shown}") };
    assert_eq!(token["status"], 200);
    assert_eq!(verified["path"], "/licenseVerification");
    assert_eq!(verified["request"], driver);
    assert_eq!(verified["answer"]["body"]["f_rtn_code"], "00");
    assert_eq!((&verified["user_id"], &verified["environment"]), (&json!("s01"), &json!("operations")));
    assert_eq!(verified["request_id"].as_str().unwrap().len(), 32);
    assert_eq!(refused["request"], "not JSON");
    assert!(
        !shown.to_string().contains(&client.token) || token["answer"].to_string().contains(&client.token)
    );
    let after = format!("/sandbox/requests?after={}", refused["number"]);
    assert_eq!(running.ops(Method::GET, &after, None).await.1, json!([]));
    // A reader who waits is answered by the next request.
    let waiting = format!("{after}&wait_ms=25000");
    let (next, _) =
        tokio::join!(running.ops(Method::GET, &waiting, None), client.send("/licenseVerification", "{}"));
    assert_eq!(next.1.as_array().unwrap().len(), 1);
    running.ops(Method::POST, "/sandbox/reset", None).await;
    assert_eq!(running.ops(Method::GET, "/sandbox/requests", None).await.1, json!([]));
    running.stop().await;
}

#[tokio::test]
async fn at_most_two_hundred_requests_are_kept_and_long_bodies_are_not() {
    let running = Running::start().await;
    let client = running.client("s01", Environment::Development).await;
    client.send("/licenseVerification", "x".repeat(70_000)).await;
    let (_, shown) = running.ops(Method::GET, "/sandbox/requests", None).await;
    assert_eq!(shown[1]["request"], "… longer than 65536 bytes");
    for _ in 0..200 {
        client.send("/nowhere", "{}").await;
    }
    let (_, shown) = running.ops(Method::GET, "/sandbox/requests", None).await;
    let all = shown.as_array().unwrap();
    assert_eq!((all.len(), &all[0]["path"]), (200, &json!("/nowhere")));
    running.stop().await;
}

/// The page of the web listener: its status and text.
async fn page(running: &Running, language: &str, form: Option<&str>) -> (StatusCode, String) {
    let url = format!("http://{}/", running.sandbox.web_address());
    let http = reqwest::Client::new();
    let request = match form {
        None => http.get(url),
        Some(form) => {
            http.post(url).header("content-type", "application/x-www-form-urlencoded").body(form.to_owned())
        }
    };
    let answer = request.header("accept-language", language).send().await.unwrap();
    assert!(answer.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test]
async fn the_page_says_where_everything_is_in_one_language() {
    let running = Running::start().await;
    let (_, korean) = page(&running, "ko-KR,ko;q=0.9", None).await;
    let (_, english) = page(&running, "en", None).await;
    for (text, lang, own, others) in [
        (&korean, "ko", "아직 요청이 없습니다", "Latest"),
        (&english, "en", "There has been no request yet", "최근"),
    ] {
        assert!(text.contains(&format!("<html lang=\"{lang}\">")) && text.contains(own), "{text}");
        assert!(!text.contains(others), "{text}");
        for address in [running.sandbox.api_address(), running.sandbox.ops_address()] {
            assert!(text.contains(&address.to_string()), "{address}");
        }
        assert!(text.contains("92c35a89a6bd28f0d51b1e869cfc0c05"), "s01's development key");
    }
    running.stop().await;
}

#[tokio::test]
async fn the_page_shows_requests_as_text_and_finishes_a_remote_verification() {
    let running = Running::start().await;
    let client = running.s01().await;
    client.send("/licenseVerification", "<script>alert(1)</script>").await;
    let today = running.day(0);
    let rental = json!({ "rent_bgng_dt": today, "rent_end_dt": today, "vhcl_reg_no": "67라6767" });
    let number = client.number("/generateRentNo", &rental).await;
    let (_, shown) = page(&running, "en", None).await;
    assert!(shown.contains("&lt;script&gt;") && !shown.contains("<script"), "{shown}");
    assert!(shown.contains(&number), "{shown}");
    let driver = "f_license_no=221212121212&f_resident_name=%ED%99%8D%EA%B8%B8%EB%8F%99&f_licn_con_code=12";
    let (status, done) = page(&running, "en", Some(&format!("number={number}&{driver}"))).await;
    assert_eq!(status, StatusCode::OK);
    assert!(done.contains("role=\"status\"") && done.contains(&format!("{number} is finished")), "{done}");
    let (status, again) = page(&running, "en", Some(&format!("number={number}&{driver}"))).await;
    assert!(status == StatusCode::CONFLICT && again.contains("role=\"alert\""), "{again}");
    let (status, unknown) = page(&running, "en", Some(&format!("number=R30-999999999&{driver}"))).await;
    assert!(status == StatusCode::NOT_FOUND && unknown.contains("R30-999999999"), "{unknown}");
    running.stop().await;
}

#[tokio::test]
async fn no_strangers_page_sends_the_form() {
    let running = Running::start().await;
    let url = format!("http://{}/", running.sandbox.web_address());
    for (name, value) in
        [("origin", "https://evil.example"), ("host", "evil.example"), ("sec-fetch-site", "cross-site")]
    {
        let answer =
            reqwest::Client::new().post(&url).header(name, value).body("number=R30-000000001").send().await;
        assert_eq!(answer.unwrap().status(), StatusCode::FORBIDDEN, "{name}");
    }
    running.stop().await;
}
