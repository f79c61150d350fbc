//! Histories are walked to their end: more rows than a page has, more days than a month.

use std::collections::HashSet;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use rims_client::codes::SearchType;
use rims_client::{Error, HistoryQuery, NumberRequest, RentalRecord};
use rims_domain::Environment;

use crate::front::{Fate, Front};
use crate::harness::Running;

const HISTORY: &str = "/company/rentals/history";

#[tokio::test]
async fn every_rental_is_given_once() {
    let running = Running::start().await;
    let front = Front::start(running.url(), |_, _| Fate::Pass).await;
    let client = running.builder("s01", Environment::Operations).base_url(front.url()).build().unwrap();
    let rental = client.rental();
    // 1,100 that start today, and one in each of the next two months.
    let days = (0..1_100).map(|_| 0).chain([40, 70]);
    stream::iter(days)
        .map(|day| {
            let request =
                NumberRequest::builder().from(running.day(day)).to(running.day(day)).vehicle("12하1234");
            let (request, rental) = (request.build(), rental.clone());
            async move { rental.generate_number(&request).await.unwrap() }
        })
        .buffer_unordered(16)
        .for_each(|_| std::future::ready(()))
        .await;
    let query = HistoryQuery::builder().from(running.day(-10)).to(running.day(75)).build();
    let rows: Vec<RentalRecord> = rental.rentals(query).try_collect().await.unwrap();
    let numbers: HashSet<&str> = rows.iter().map(|row| row.number.as_deref().unwrap()).collect();
    assert_eq!((rows.len(), numbers.len()), (1_102, 1_102));
    let starts: Vec<_> = rows.iter().map(|row| row.from.unwrap()).collect();
    assert!(starts.windows(2).all(|pair| pair[0] >= pair[1]), "newest first across the months");
    assert_eq!(front.count(HISTORY), 4, "three months, of which one has two pages");
    running.stop().await;
}

#[tokio::test]
async fn a_server_may_give_fewer_rows_than_are_asked_for() {
    let running = Running::start().await;
    let page = |rows: &'static str| Fate::Answer(200, &[], rows);
    let front = Front::start(running.url(), move |path, count| match (path, count) {
        (HISTORY, 0) => {
            page(r#"{"data":[{"rent_no":"R30-000000003"},{"rent_no":"R30-000000002"}],"total_count":3}"#)
        }
        (HISTORY, 1) => page(r#"{"data":[{"rent_no":"R30-000000001"}],"total_count":3}"#),
        _ => Fate::Pass,
    })
    .await;
    let client = running.builder("s01", Environment::Operations).base_url(front.url()).build().unwrap();
    let query = HistoryQuery::builder().from(running.day(0)).to(running.day(0)).build();
    let rows: Vec<_> = client.rental().rentals(query).collect().await;
    assert_eq!((rows.len(), front.count(HISTORY)), (3, 2));
    running.stop().await;
}

#[tokio::test]
async fn a_walk_ends_after_an_error() {
    let running = Running::start().await;
    let front = Front::start(running.url(), |path, count| match (path, count) {
        (HISTORY, 1..) => Fate::Answer(404, &[], ""),
        _ => Fate::Pass,
    })
    .await;
    let client = running.builder("s01", Environment::Operations).base_url(front.url()).build().unwrap();
    let query = HistoryQuery::builder().from(running.day(0)).to(running.day(100)).build();
    let rows: Vec<_> = client.rental().rentals(query).collect().await;
    assert!(matches!(&rows[..], [Err(Error::Http { status: 404, .. })]), "{rows:?}");
    let foreign =
        HistoryQuery::builder().from(running.day(0)).to(running.day(0)).search(SearchType::ReservationEnd);
    let rows: Vec<_> = client.rental().rentals(foreign.build()).collect().await;
    assert!(matches!(&rows[..], [Err(Error::Request(_))]), "{rows:?}");
    running.stop().await;
}
