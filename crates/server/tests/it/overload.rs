//! More requests than a server works on at once (docs/configuration.md, `[api.overload]`).

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all, select};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Client, with};
use crate::production::{Deployment, both_keys, company, driver, other_company};

const SINGLE: &str = "/licenseVerification";
const BATCH: &str = "/licenseVerificationBatch";

fn batch() -> Value {
    json!({ "requestList": [driver()] })
}

/// A request whose body never comes: it keeps its place until the connection is dropped.
async fn hold(deployment: &Deployment, client: &Client, path: &str) -> TcpStream {
    let mut connection = TcpStream::connect(deployment.server.api_address()).await.unwrap();
    let token = &client.token;
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 100\r\n\
         Expect: 100-continue\r\n\r\n"
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    // The body is asked for by a request that has its place.
    let mut answer = [0; 12];
    connection.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    connection
}

async fn status(client: &Client, path: &str, request: &Value) -> StatusCode {
    client.send(path, client.seal(request).to_string()).await.status()
}

/// Asks until it is answered: the server needs a moment to see that a connection was dropped.
async fn is_answered_again(client: &Client, path: &str, request: &Value) {
    let asked = async { while status(client, path, request).await != StatusCode::OK {} };
    tokio::time::timeout(Duration::from_secs(10), asked).await.expect("an answer");
}

#[tokio::test]
async fn beyond_its_share_a_company_is_503_at_once_and_histories_are_still_read() {
    let deployment = Deployment::start("overload = { in_flight = 2, company_share_percent = 50 }").await;
    let client = company(&deployment).await;
    let held = hold(&deployment, &client, SINGLE).await;
    let refused = client.send(SINGLE, client.seal(&driver()).to_string()).await;
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(refused.text().await.unwrap(), "");
    let history = json!({ "search_type": "1" });
    assert_eq!(status(&client, "/company/rentals/history", &history).await, StatusCode::OK);
    drop(held);
    is_answered_again(&client, SINGLE, &driver()).await;
    deployment.stop().await;
}

#[tokio::test]
async fn batches_of_one_company_wait_for_each_other_and_nobody_elses_for_them() {
    let bounds =
        "batches_in_flight = 2, batches_waiting = 1, batch_wait_ms = 60000, company_share_percent = 50";
    let deployment = Deployment::start(&format!("overload = {{ {bounds} }}")).await;
    let [development, client] = both_keys(&deployment).await;
    let other = other_company(&deployment).await;
    let held = hold(&deployment, &client, BATCH).await;
    let waiting = one_of_two_waits(&client).await;
    assert_eq!(status(&client, BATCH, &batch()).await, StatusCode::SERVICE_UNAVAILABLE, "the same company's");
    assert_eq!(status(&other, BATCH, &batch()).await, StatusCode::OK);
    assert_eq!(status(&development, BATCH, &batch()).await, StatusCode::OK, "the other environment's");
    assert_eq!(status(&client, SINGLE, &driver()).await, StatusCode::OK);
    drop(held);
    assert_eq!(waiting.await, StatusCode::OK);
    deployment.stop().await;
}

#[tokio::test]
async fn development_keys_have_a_quarter_of_the_places_and_take_none_from_operations() {
    let deployment = Deployment::start("overload = { in_flight = 4, company_share_percent = 100 }").await;
    let [development, client] = both_keys(&deployment).await;
    let held = hold(&deployment, &development, SINGLE).await;
    assert_eq!(status(&development, SINGLE, &driver()).await, StatusCode::SERVICE_UNAVAILABLE);
    let all = join_all((0..4).map(|_| hold(&deployment, &client, SINGLE))).await;
    assert_eq!(status(&client, SINGLE, &driver()).await, StatusCode::SERVICE_UNAVAILABLE);
    drop((held, all));
    is_answered_again(&development, SINGLE, &driver()).await;
    deployment.stop().await;
}

/// Sends two batches: one is refused, because the other waits.
async fn one_of_two_waits(client: &Client) -> BoxFuture<'_, StatusCode> {
    let send = || async { status(client, BATCH, &batch()).await }.boxed();
    let (refused, waiting) = select(send(), send()).await.factor_first();
    assert_eq!(refused, StatusCode::SERVICE_UNAVAILABLE);
    waiting.boxed()
}

#[tokio::test]
async fn a_batch_does_not_wait_longer_than_configured() {
    let bounds = "batches_in_flight = 1, batch_wait_ms = 50, company_share_percent = 100";
    let deployment = Deployment::start(&format!("overload = {{ {bounds} }}")).await;
    let client = company(&deployment).await;
    let held = hold(&deployment, &client, BATCH).await;
    assert_eq!(status(&client, BATCH, &batch()).await, StatusCode::SERVICE_UNAVAILABLE);
    drop(held);
    is_answered_again(&client, BATCH, &batch()).await;
    deployment.stop().await;
}

/// The head of a request whose body has this length.
fn head(client: &Client, length: usize) -> String {
    let token = &client.token;
    format!(
        "POST {SINGLE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// The status of the next answer on a connection, without a body.
async fn next_status(connection: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(connection.read_u8().await.expect("an answer"));
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.contains("Content-Length: 0\r\n"), "{head}");
    head.split(' ').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_still_sends() {
    let half = vec![b' '; 200_000];
    let deployment = Deployment::start("overload = { in_flight = 1, company_share_percent = 100 }").await;
    let client = company(&deployment).await;
    let held = hold(&deployment, &client, SINGLE).await;
    let mut sending = TcpStream::connect(deployment.server.api_address()).await.unwrap();
    for _ in 0..3 {
        sending.write_all(head(&client, 2 * half.len()).as_bytes()).await.unwrap();
        sending.write_all(&half).await.unwrap();
        assert_eq!(next_status(&mut sending).await, "503");
        sending.write_all(&half).await.expect("the connection is kept");
    }
    drop(held);
    deployment.stop().await;
}

#[tokio::test]
async fn many_refusals_at_once_end_no_connection() {
    let deployment = Deployment::start("overload = { in_flight = 1, company_share_percent = 100 }").await;
    let client = company(&deployment).await;
    let held = hold(&deployment, &client, SINGLE).await;
    // Together three times what is read of refused bodies in a second.
    let body = vec![b' '; 1_000_000];
    let asked = (0..48).map(|_| async {
        let mut connection = TcpStream::connect(deployment.server.api_address()).await.unwrap();
        for _ in 0..2 {
            connection.write_all(head(&client, body.len()).as_bytes()).await.unwrap();
            connection.write_all(&body).await.expect("the connection is kept");
            assert_eq!(next_status(&mut connection).await, "503");
        }
    });
    join_all(asked).await;
    drop(held);
    deployment.stop().await;
}

/// A body of this length, whose last bytes do not come.
async fn stall(deployment: &Deployment, client: &Client, length: usize) -> TcpStream {
    let mut slow = TcpStream::connect(deployment.server.api_address()).await.unwrap();
    slow.write_all(head(client, length).as_bytes()).await.unwrap();
    slow.write_all(&vec![b' '; length - 10]).await.unwrap();
    slow
}

#[tokio::test]
async fn bodies_that_do_not_end_fill_no_memory_and_keep_small_ones_out_neither() {
    let deployment = Deployment::start("overload = { body_memory_bytes = 1048576 }").await;
    let client = company(&deployment).await;
    let large = client.seal(&driver()).to_string() + &" ".repeat(1 << 19);
    let mut slow = Vec::new();
    let refused = async {
        // There is room for two, or for one beside the large one.
        while client.send(SINGLE, large.clone()).await.status() != StatusCode::SERVICE_UNAVAILABLE {
            slow.push(stall(&deployment, &client, 400_000).await);
        }
    };
    tokio::time::timeout(Duration::from_secs(10), refused).await.expect("a refusal");
    assert_eq!(status(&client, SINGLE, &driver()).await, StatusCode::OK, "a small one");
    drop(slow);
    let answered = async { while client.send(SINGLE, large.clone()).await.status() != StatusCode::OK {} };
    tokio::time::timeout(Duration::from_secs(10), answered).await.expect("an answer");
    deployment.stop().await;
}

/// What was read of a body counts like the body, until it is answered: here, as long as KOROAD does not answer.
#[tokio::test]
async fn what_was_read_of_a_body_holds_its_place_until_it_is_answered() {
    let deployment =
        Deployment::start("body_limit_bytes = 90000\noverload = { body_memory_bytes = 90000 }").await;
    let [client, _] = both_keys(&deployment).await;
    let batch = |number: &str| {
        let driver = with(&driver(), "f_license_no", number);
        json!({ "f_send_cnt": "200", "requestList": vec![driver; 200] })
    };
    let unanswered = batch("999200000000");
    // Either may be the first.
    let held = is_answered_again(&client, BATCH, &unanswered);
    let refused = async { while status(&client, BATCH, &batch("110000000000")).await == StatusCode::OK {} };
    let refused = tokio::time::timeout(Duration::from_secs(4), refused);
    let ((), refused) = tokio::join!(held, refused);
    refused.expect("a refusal while the other is not answered");
    is_answered_again(&client, BATCH, &batch("110000000000")).await;
    deployment.stop().await;
}
