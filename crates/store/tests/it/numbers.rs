//! Numbers: consecutive, unique, never handed out twice.

use std::collections::BTreeSet;
use std::sync::Arc;

use rims_protocol::Sector;
use rims_protocol::values::RemoteNumber;
use rims_store::{Options, Store, StoreError};
use tokio::task::JoinSet;

use crate::fixture::{Fixture, on_both_engines, run};
use crate::samples::number;

on_both_engines![
    numbers_of_a_letter_and_year_follow_each_other,
    parallel_callers_get_different_numbers,
    commands_beside_a_server_get_other_numbers,
    a_restart_hands_out_no_number_again,
    wiping_starts_over,
    the_last_number_is_followed_by_none,
];

async fn next(store: &Store, sector: Sector) -> RemoteNumber {
    store.next_number(sector, 26).await.unwrap()
}

/// `each` rental numbers of every store, asked for all at once.
async fn many(stores: &[&Store], each: usize) -> Vec<RemoteNumber> {
    let mut tasks = JoinSet::new();
    for _ in 0..each {
        for store in stores {
            let store = Store::clone(store);
            tasks.spawn(async move { next(&store, Sector::Rental).await });
        }
    }
    tasks.join_all().await
}

fn all_different(numbers: &[RemoteNumber]) -> BTreeSet<u32> {
    let sequences: BTreeSet<u32> = numbers.iter().map(|number| number.sequence()).collect();
    assert_eq!(sequences.len(), numbers.len());
    sequences
}

async fn numbers_of_a_letter_and_year_follow_each_other(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    for sequence in 1..=205 {
        for sector in Sector::ALL {
            for year in [0, 26, 99] {
                let given = store.next_number(*sector, year).await.unwrap();
                assert_eq!(Some(given), RemoteNumber::new(*sector, year, sequence));
            }
        }
    }
    store.close().await;
}

async fn parallel_callers_get_different_numbers(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let numbers = many(&[&store], 200).await;
    assert_eq!(all_different(&numbers), (1..=200).collect());
    store.close().await;
}

async fn commands_beside_a_server_get_other_numbers(fixture: Arc<Fixture>) {
    let server = fixture.store().await;
    let beside = Store::attach(&fixture.options(), &fixture.keys).await.unwrap();
    let numbers = many(&[&server, &beside], 250).await;
    assert!(all_different(&numbers).iter().all(|sequence| *sequence <= 600), "no block is left out");
    beside.close().await;
    server.close().await;
}

async fn a_restart_hands_out_no_number_again(fixture: Arc<Fixture>) {
    let mut last = 0;
    for _ in 0..3 {
        let store = fixture.store().await;
        for _ in 0..105 {
            let sequence = next(&store, Sector::Delivery).await.sequence();
            assert!(sequence > last);
            last = sequence;
        }
        store.close().await;
    }
}

async fn wiping_starts_over(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    many(&[&store], 150).await;
    store.wipe().await.unwrap();
    assert_eq!(next(&store, Sector::Rental).await, number("R26-000000001"));
    store.close().await;
}

async fn the_last_number_is_followed_by_none(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    next(&store, Sector::Rental).await;
    store.close().await;
    assert_eq!(fixture.execute("UPDATE number_counter SET next = 999999901").await, 1);

    let store = fixture.store().await;
    for sequence in 999_999_901..=999_999_999 {
        assert_eq!(next(&store, Sector::Rental).await.sequence(), sequence);
    }
    for _ in 0..150 {
        assert_eq!(store.next_number(Sector::Rental, 26).await, Err(StoreError::Full));
    }
    assert_eq!(next(&store, Sector::General).await, number("C26-000000001"), "other letters go on");
    assert_eq!(store.next_number(Sector::Rental, 27).await, Ok(number("R27-000000001")), "other years, too");
    store.close().await;

    let store = fixture.store().await;
    assert_eq!(store.next_number(Sector::Rental, 26).await, Err(StoreError::Full));
    store.close().await;
}

async fn two_servers(fixture: Arc<Fixture>) {
    let first = fixture.store().await;
    let options = Options { node: 1, ..fixture.options() };
    let second = Store::open(&options, &fixture.keys).await.unwrap();
    let numbers = many(&[&first, &second], 250).await;
    assert!(all_different(&numbers).iter().all(|sequence| *sequence <= 600), "no block is left out");
    first.close().await;
    second.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_one_database_give_different_numbers() {
    run(Fixture::postgres().await, two_servers).await;
}
