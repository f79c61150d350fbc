//! Tokens: one for all, renewed in time, renewed when refused.

use futures::future::join_all;
use rims_client::codes::ResponseCode;
use rims_client::{Client, Error};
use rims_domain::Environment;

use crate::front::{Fate, Front};
use crate::harness::{QUICK, Running};

const TOKEN: &str = "/col/oauth2";
const VERIFY: &str = "/licenseVerification";

fn behind(front: &Front, running: &Running) -> Client {
    running.builder("s01", Environment::Operations).base_url(front.url()).build().unwrap()
}

#[tokio::test]
async fn a_hundred_calls_at_once_fetch_one_token() {
    let running = Running::start().await;
    let front = Front::start(running.url(), |_, _| Fate::Pass).await;
    let client = behind(&front, &running);
    let driver = running.driver("221212121212");
    let calls = client.rental();
    let answers = join_all((0..100).map(|_| calls.verify(&driver))).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap().is_eligible()));
    assert_eq!((front.count(TOKEN), front.count(VERIFY)), (1, 100));
    running.stop().await;
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end() {
    let running = Running::start().await;
    let front = Front::start(running.url(), |_, _| Fate::Pass).await;
    let client = behind(&front, &running);
    let driver = running.driver("221212121212");
    for (advance, tokens) in [("PT0S", 1), ("PT2H49M", 1), ("PT2M", 2)] {
        let body = format!(r#"{{"advance":"{advance}"}}"#);
        running.control(reqwest::Method::PUT, "/sandbox/clock", &body).await;
        client.rental().verify(&driver).await.unwrap();
        assert_eq!(front.count(TOKEN), tokens, "{advance}");
    }
    assert_eq!(front.count(VERIFY), 3, "no call was refused");
    running.stop().await;
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let running = Running::start().await;
    let front = Front::start(running.url(), |_, _| Fate::Pass).await;
    // Its clock stands still: it does not know that its token has expired.
    let noon = running.sandbox.services().clock().now();
    let stopped = running.builder("s01", Environment::Operations).base_url(front.url()).clock(move || noon);
    let client = stopped.build().unwrap();
    let driver = running.driver("221212121212");
    client.rental().verify(&driver).await.unwrap();
    running.control(reqwest::Method::PUT, "/sandbox/clock", r#"{"advance":"PT3H"}"#).await;
    client.rental().verify(&driver).await.unwrap();
    assert_eq!((front.count(TOKEN), front.count(VERIFY)), (2, 3));
    running.stop().await;
}

#[tokio::test]
async fn a_token_that_is_always_refused_is_no_endless_loop() {
    let running = Running::start().await;
    let front = Front::start(running.url(), |path, _| {
        if path == VERIFY { Fate::Answer(401, &[], r#"{"respCode":-140,"errorMsg":""}"#) } else { Fate::Pass }
    })
    .await;
    let error = behind(&front, &running).rental().verify(&running.driver("221212121212")).await.unwrap_err();
    assert!(matches!(error, Error::Http { status: 401, .. }), "{error:?}");
    assert!(error.advice().english.contains("auth key"));
    assert_eq!((front.count(TOKEN), front.count(VERIFY)), (2, 2));
    running.stop().await;
}

#[tokio::test]
async fn a_wrong_auth_key_is_told_at_once() {
    let running = Running::start().await;
    let front = Front::start(running.url(), |_, _| Fate::Pass).await;
    let client = running
        .builder("s01", Environment::Operations)
        .base_url(front.url())
        .auth_key("wrong")
        .retry(QUICK)
        .build()
        .unwrap();
    let error = client.rental().verify(&running.driver("221212121212")).await.unwrap_err();
    let Error::Api { code, .. } = &error else { panic!("{error:?}") };
    assert_eq!(code.known(), Some(ResponseCode::ClientAuthenticationFailure));
    assert_eq!((front.count(TOKEN), front.count(VERIFY)), (1, 0));
    running.stop().await;
}
