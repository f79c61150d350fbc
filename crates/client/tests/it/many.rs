//! Any number of drivers: in order, a few batches at a time, and again without asking twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{StreamExt as _, stream};
use rims_client::values::IdempotencyKey;
use rims_client::{Client, Error, VerifyRequest};
use rims_domain::Environment;

use crate::front::{Fate, Front};
use crate::harness::Running;

const BATCH: &str = "/licenseVerificationBatch";
const CODES: [&str; 3] = ["00", "11", "12"];

fn code(place: usize) -> &'static str {
    CODES[place % CODES.len()]
}

fn drivers(running: &Running, count: usize) -> Vec<VerifyRequest> {
    (0..count).map(|place| running.driver(&format!("11{place:08}{}", code(place)))).collect()
}

fn behind(front: &Front, running: &Running) -> Client {
    let builder = running.builder("s01", Environment::Operations).base_url(front.url()).concurrency(2);
    builder.build().unwrap()
}

#[tokio::test]
async fn answers_come_in_the_drivers_order_and_little_is_read_ahead() {
    let running = Running::start().await;
    let front = Front::start(running.url(), |_, _| Fate::Pass).await;
    let client = behind(&front, &running);
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let drivers = stream::iter(drivers(&running, 6_500)).inspect(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let mut answers = Box::pin(client.rental().verify_many(drivers));
    let mut place = 0;
    while let Some(answer) = answers.next().await {
        assert_eq!(answer.unwrap().status.to_string(), code(place), "driver {place}");
        place += 1;
        if place == 1 {
            assert!(taken.load(Ordering::SeqCst) <= 3_000, "two batches under way");
        }
    }
    assert_eq!((place, front.count(BATCH)), (6_500, 7));
    running.stop().await;
}

#[tokio::test]
async fn it_ends_after_an_error_and_goes_on_under_the_same_key() {
    let running = Running::start().await;
    // The second batch is recorded, and its answer lost for good.
    let front = Front::start(running.url(), |path, count| match (path, count) {
        (BATCH, 1..=4) => Fate::LoseAnswer,
        _ => Fate::Pass,
    })
    .await;
    let client = running.builder("s01", Environment::Operations).base_url(front.url()).concurrency(1);
    let client = client.build().unwrap();
    let calls = client.rental().once(IdempotencyKey::parse("october").unwrap());
    let first: Vec<_> = calls.verify_many(stream::iter(drivers(&running, 2_200))).collect().await;
    assert_eq!(first.len(), 1_001);
    assert!(matches!(first.last(), Some(Err(Error::Broken(_)))), "{:?}", first.last());
    assert_eq!(front.count(BATCH), 5, "nobody is asked about after the error");
    let second: Vec<_> = calls.verify_many(stream::iter(drivers(&running, 2_200))).collect().await;
    assert!(second.len() == 2_200 && second.iter().all(Result::is_ok));
    assert_eq!(running.stored("s01").await.len(), 2_200, "nobody was asked about twice");
    running.stop().await;
}

#[tokio::test]
async fn a_driver_that_breaks_a_rule_is_named_by_its_place() {
    let running = Running::start().await;
    let mut many = drivers(&running, 1_200);
    many[1_100] = VerifyRequest::builder()
        .licence_number(rims_client::values::LicenceNumber::parse("221212121212").unwrap())
        .name(rims_client::values::PersonName::parse("홍길동").unwrap())
        .class(rims_client::codes::LicenceClass::Class1Regular)
        .from(running.day(0))
        .to(running.day(0))
        .build();
    let answers: Vec<_> = running.client("s01").rental().verify_many(stream::iter(many)).collect().await;
    assert_eq!(answers.len(), 1_001);
    let error = answers[1_000].as_ref().unwrap_err().to_string();
    assert!(error.contains("requestList[1100].vhcl_reg_no"), "{error}");
    running.stop().await;
}

#[tokio::test]
async fn nobody_is_no_call() {
    let running = Running::start().await;
    let answers: Vec<_> = running.client("s01").rental().verify_many(stream::iter([])).collect().await;
    assert!(answers.is_empty());
    running.stop().await;
}
