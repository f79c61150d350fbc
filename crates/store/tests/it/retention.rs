//! What is past its period is destroyed, and nothing else.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use rims_domain::{AccountId, Environment};
use rims_protocol::Sector;
use rims_protocol::codes::SearchType;
use rims_protocol::values::IdempotencyKey;
use rims_protocol::values::{Period, Vehicle};
use rims_store::{
    ClaimTerms, Delivery, DeliveryEnd, Expired, KeyOwner, MessageLane, NewAnswer, NewRemote, NewRental,
    NewReservation, Store, Write,
};
use tokio::task::JoinSet;

use crate::fixture::{Fixture, at, now, on_both_engines, store_verifications, verification};
use crate::samples::{
    COMPANY, LICENCE, all_of, confirmed, day, endpoint, event, message, milliseconds, number, period, remote,
    reservation, waiting, with_remote,
};

on_both_engines![
    verifications_of_before_a_moment_are_destroyed,
    rentals_are_destroyed_once_old_and_over,
    reservations_are_destroyed_once_old_and_over,
    remote_verifications_are_destroyed_after_their_last_day,
    answers_of_before_a_moment_are_destroyed,
    messages_that_are_settled_are_destroyed,
    some_hundred_rows_at_a_time_are_destroyed,
    a_destroyed_number_is_not_handed_out_again,
    a_chore_is_one_nodes_at_a_time,
    of_many_nodes_one_gets_a_chore,
];

/// Registered before this moment is old.
fn old() -> Timestamp {
    at("2026-03-10T00:00:00+09:00")
}

/// Ended before this day is over.
fn over() -> Date {
    day("2026-03-20")
}

/// Moments just before and at the limit, and whether each is old.
fn moments() -> [(Timestamp, bool); 2] {
    [(old() - milliseconds(1), true), (old(), false)]
}

/// Periods that end just before and at the limit, and whether each is over.
fn periods() -> [(Period, bool); 2] {
    [(period("2026-03-05", "2026-03-19"), true), (period("2026-03-05", "2026-03-20"), false)]
}

/// Destroys in one go what is expired, and only that.
async fn destroy(store: &Store, expired: Expired) {
    assert_eq!(store.has_expired(expired).await, Ok(true));
    store.commit(Write::Destroy { expired, audit: event() }).await.unwrap();
    assert_eq!(store.has_expired(expired).await, Ok(false));
    assert!(store.verify_audit().await.unwrap().is_intact());
}

async fn verifications_of_before_a_moment_are_destroyed(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let rows: Vec<_> = moments().iter().map(|(moment, _)| verification(&store, *moment, LICENCE)).collect();
    let kept = rows[1].id;
    store_verifications(&store, rows).await;
    destroy(&store, Expired::Verifications(old())).await;
    let left = store.verifications_of(AccountId(1), Environment::Development, 10).await.unwrap();
    assert_eq!(left.iter().map(|record| record.id).collect::<Vec<_>>(), [kept]);
    store.close().await;
}

async fn rentals_are_destroyed_once_old_and_over(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mut kept = Vec::new();
    let mut sequence = 0;
    for (moment, is_old) in moments() {
        for (period, is_over) in periods() {
            sequence += 1;
            let text = format!("R26-00000000{sequence}");
            let new = NewRental { period, ..confirmed(&store, moment, &text) };
            kept.extend((!(is_old && is_over)).then_some(new.number));
            store.commit(Write::Rental(new)).await.unwrap();
        }
    }
    destroy(&store, Expired::Rentals(old(), over())).await;
    for search in [SearchType::RentStart, SearchType::RentEnd, SearchType::RentCreate] {
        let page = store.rental_page(&all_of(search)).await.unwrap();
        let mut numbers: Vec<_> = page.rows.iter().map(|rental| rental.number).collect();
        numbers.sort();
        assert_eq!((numbers, page.total), (kept.clone(), 3), "{search:?}");
    }
    assert_eq!(store.rental(number("R26-000000001")).await, Ok(None));
    assert_eq!(fixture.count("number").await, 3);
    assert_eq!(fixture.count("history_count WHERE total <= 0").await, 0, "empty days are forgotten");
    store.close().await;
}

async fn reservations_are_destroyed_once_old_and_over(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mut kept = Vec::new();
    let mut sequence = 0;
    for (moment, is_old) in moments() {
        for (period, is_over) in periods() {
            sequence += 1;
            let text = format!("R26-00000000{sequence}");
            let new = NewReservation { period, ..reservation(&store, moment, &text) };
            kept.extend((!(is_old && is_over)).then_some(new.number));
            store.commit(Write::Reservation(new)).await.unwrap();
        }
    }
    destroy(&store, Expired::Reservations(old(), over())).await;
    for search in [SearchType::ReservationStart, SearchType::ReservationEnd, SearchType::ReservationCreate] {
        let page = store.reservation_page(&all_of(search)).await.unwrap();
        let mut numbers: Vec<_> = page.rows.iter().map(|reservation| reservation.number).collect();
        numbers.sort();
        assert_eq!((numbers, page.total), (kept.clone(), 3), "{search:?}");
    }
    assert_eq!(fixture.count("number").await, 3);
    store.close().await;
}

async fn remote_verifications_are_destroyed_after_their_last_day(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    for (sequence, (period, _)) in periods().into_iter().enumerate() {
        let text = format!("V26-00000000{}", sequence + 1);
        let new = NewRemote { period, ..remote(&store, &text, Vehicle::None) };
        store.commit(Write::Remote(new)).await.unwrap();
    }
    let rental = waiting(&store, now(), "R26-000000001");
    store.commit(with_remote(&store, rental.clone())).await.unwrap();
    destroy(&store, Expired::Remotes(over())).await;
    let left = async |text| store.remote(number(text)).await.unwrap().is_some();
    assert!(!left("V26-000000001").await && left("V26-000000002").await);
    assert!(!left("R26-000000001").await);
    assert!(store.rental(rental.number).await.unwrap().is_some(), "the rental keeps its number");
    assert_eq!(fixture.count("number").await, 2);
    assert_eq!(store.rental_page(&all_of(SearchType::RentStart)).await.unwrap().total, 1);
    store.close().await;
}

async fn answers_of_before_a_moment_are_destroyed(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let owner = KeyOwner { account: COMPANY, environment: Environment::Operations };
    let keys = ["first", "second"].map(|text| IdempotencyKey::parse(text).unwrap());
    for ((at, _), key) in moments().into_iter().zip(keys.clone()) {
        let (id, request) = (store.next_id(at), store.request_hash(b"{}"));
        let new = NewAnswer { id, owner, company: COMPANY, key, request, at, body: b"{}".to_vec() };
        store.commit(Write::Answer(new)).await.unwrap();
    }
    destroy(&store, Expired::Answers(old())).await;
    assert_eq!(store.answer(owner, &keys[0]).await, Ok(None));
    assert!(store.answer(owner, &keys[1]).await.unwrap().is_some());
    store.close().await;
}

async fn messages_that_are_settled_are_destroyed(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let company = fixture.account(&store, "s01").await.id;
    let endpoint = endpoint(&store, company, "https://example.com/hook").await;
    for moment in moments().iter().flat_map(|(moment, _)| [*moment; 3]) {
        store.commit(Write::Tell(message(&store, company, moment))).await.unwrap();
    }
    let mut ids = Vec::new();
    let lane = MessageLane { environment: Environment::Operations, endpoint };
    let terms = ClaimTerms {
        environment: Environment::Operations,
        now: old(),
        until: old() + milliseconds(1),
        limit: 6,
    };
    let claimed = store.claim_messages(lane, &terms).await.unwrap();
    for (place, Delivery { message, endpoint, token, .. }) in claimed.into_iter().enumerate() {
        let failed = |due| DeliveryEnd::Failed { failure: "HTTP 500".to_owned(), due };
        let end = match place % 3 {
            0 => DeliveryEnd::Delivered { at: old() },
            1 => failed(None),
            _ => failed(Some(old())),
        };
        ids.push(message);
        store.commit(Write::Delivery { message, endpoint, token, end }).await.unwrap();
    }
    destroy(&store, Expired::Messages(old())).await;
    let mut left: Vec<_> = store.messages(endpoint, 10).await.unwrap().iter().map(|one| one.id).collect();
    left.sort_unstable();
    assert_eq!(left, ids[2..], "what is still to be delivered stays");
    store.close().await;
}

async fn some_hundred_rows_at_a_time_are_destroyed(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let moment = old() - milliseconds(1);
    let one = |sequence| {
        let [(period, _), _] = periods();
        Write::Rental(NewRental { period, ..confirmed(&store, moment, &format!("R26-{sequence:09}")) })
    };
    store.commit(Write::Together((1..=601).map(one).collect())).await.unwrap();
    let expired = Expired::Rentals(old(), over());
    for left in [101, 0] {
        assert_eq!(store.has_expired(expired).await, Ok(true));
        store.commit(Write::Destroy { expired, audit: event() }).await.unwrap();
        assert_eq!(fixture.count("rental").await, left);
        assert_eq!(store.rental_page(&all_of(SearchType::RentEnd)).await.unwrap().total, left);
    }
    assert_eq!(store.has_expired(expired).await, Ok(false));
    store.commit(Write::Destroy { expired, audit: event() }).await.unwrap();
    store.close().await;
}

async fn a_destroyed_number_is_not_handed_out_again(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let moment = old() - milliseconds(1);
    let first = store.next_number(Sector::Rental, 26).await.unwrap();
    let [(period, _), _] = periods();
    let new = NewRental { period, ..waiting(&store, moment, &first.to_string()) };
    store.commit(Write::Rental(new)).await.unwrap();
    destroy(&store, Expired::Rentals(old(), over())).await;
    assert_eq!(fixture.count("number").await, 0);
    assert_ne!(store.next_number(Sector::Rental, 26).await.unwrap(), first);
    store.close().await;
    let store = fixture.store().await;
    assert!(store.next_number(Sector::Rental, 26).await.unwrap() > first);
    store.close().await;
}

async fn a_chore_is_one_nodes_at_a_time(fixture: Arc<Fixture>) {
    let server = fixture.store().await;
    let beside = Store::attach(&fixture.options(), &fixture.keys).await.unwrap();
    let until = now() + milliseconds(60_000);
    let claim = async |store: &Store, name, now, until| store.claim_chore(name, now, until).await.unwrap();
    assert!(claim(&server, "retention", now(), until).await);
    assert!(!claim(&server, "retention", now(), until).await, "it had it lately");
    assert!(!claim(&beside, "retention", now(), until).await);
    assert!(!claim(&beside, "retention", until - milliseconds(1), until).await);
    assert!(claim(&beside, "partitions", now(), until).await, "another chore");
    let later = until + milliseconds(60_000);
    assert!(claim(&beside, "retention", until, later).await);
    assert!(!claim(&server, "retention", until, later).await, "it has changed hands");
    beside.close().await;
    server.close().await;
}

async fn of_many_nodes_one_gets_a_chore(fixture: Arc<Fixture>) {
    let server = fixture.store().await;
    let beside = Store::attach(&fixture.options(), &fixture.keys).await.unwrap();
    for round in 0..5 {
        let now = now() + milliseconds(round);
        let mut tasks = JoinSet::new();
        for _ in 0..10 {
            for store in [server.clone(), beside.clone()] {
                tasks.spawn(async move { store.claim_chore("retention", now, now + milliseconds(1)).await });
            }
        }
        let claimed = tasks.join_all().await.into_iter().filter(|claimed| *claimed == Ok(true));
        assert_eq!(claimed.count(), 1, "round {round}");
    }
    beside.close().await;
    server.close().await;
}
