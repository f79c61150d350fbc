//! Rentals: registered, promoted, confirmed, cancelled, counted.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rims_domain::AccountId;
use rims_protocol::codes::{OneWay, RentalStatus, SearchType};
use rims_protocol::values::{Period, Plate, RemoteNumber};
use rims_store::{
    Confirmation, Constraint, NewRental, Promotion, RemoteFinish, RentalRecord, StatusChange, Store,
    StoreError, Write,
};

use crate::fixture::{Fixture, at, audit_events, licence, now, on_both_engines};
use crate::samples::{
    COMPANY, LICENCE, all_of, car, check, code, confirmed, event, finish, milliseconds, number, period,
    rental_record, reservation, waiting, with_remote,
};

on_both_engines![
    rentals_come_back_as_they_were,
    a_waiting_rental_is_promoted_once,
    a_status_changes_only_from_where_it_was_seen,
    a_pending_rental_is_found_by_company_plate_period_and_licence,
    only_an_eligible_rental_that_waits_is_pending,
    confirmed_rentals_of_a_licence_are_counted_to_the_millisecond,
    a_rental_whose_id_runs_ahead_of_the_clock_is_counted,
    cancelled_and_waiting_rentals_are_not_counted,
    a_number_that_is_taken_is_refused_and_leaves_nothing,
];

const FIRST: &str = "R26-000000001";
const SECOND: &str = "R26-000000002";

async fn rental(store: &Store, text: &str) -> RentalRecord {
    store.rental(number(text)).await.unwrap().unwrap()
}

fn change(rental: &NewRental, from: RentalStatus, to: RentalStatus) -> StatusChange {
    StatusChange { company: rental.company, rental: rental.id, from, to, at: now() }
}

fn promotion(rental: &NewRental) -> Promotion {
    Promotion { company: rental.company, rental: rental.id, one_way: None, check: check(now()) }
}

/// Stores a rental that waits and has its driver verified remotely.
async fn with_driver(store: &Store, rental: &NewRental, finish: RemoteFinish) {
    store.commit(with_remote(store, rental.clone())).await.unwrap();
    store.commit(Write::RemoteFinished(finish)).await.unwrap();
}

async fn pending(store: &Store, plate: &str) -> Option<(i64, RemoteNumber)> {
    let period = period("2026-03-02", "2026-03-04");
    store.pending_rental(COMPANY, &car(plate), period, &licence(LICENCE)).await.unwrap()
}

async fn rentals_come_back_as_they_were(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mut news = vec![waiting(&store, now(), FIRST), confirmed(&store, now(), SECOND)];
    for (text, one_way) in [("R26-000000003", OneWay::Yes), ("R26-999999999", OneWay::No)] {
        let mut check = check(at("2026-03-02T10:00:01.456+09:00"));
        (check.code, check.temporary) = (code("77"), true);
        let confirmation = Confirmation { one_way: Some(one_way), licence: licence("111111111101"), check };
        news.push(NewRental {
            company: AccountId(8),
            period: period("2026-12-31", "2028-02-29"),
            plate: car("99임9999"),
            confirmation: Some(confirmation),
            ..waiting(&store, now(), text)
        });
    }
    for new in &news {
        store.commit(Write::Rental(new.clone())).await.unwrap();
    }
    store.commit(Write::Reservation(reservation(&store, now(), "R26-000000004"))).await.unwrap();
    for new in &news {
        assert_eq!(rental(&store, &new.number.to_string()).await, rental_record(&store, new));
    }
    for other in ["R26-000000004", "R26-000000005", "R25-000000001", "V26-000000001"] {
        assert_eq!(store.rental(number(other)).await, Ok(None), "{other} is no rental's number");
    }
    store.close().await;
}

async fn a_waiting_rental_is_promoted_once(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let new = waiting(&store, now(), FIRST);
    store.commit(Write::Rental(new.clone())).await.unwrap();
    let later = at("2026-03-02T11:00:00.789+09:00");
    let mut promotion = Promotion { one_way: Some(OneWay::No), check: check(later), ..promotion(&new) };
    promotion.check.temporary = true;
    let others = Promotion { company: AccountId(9), ..promotion.clone() };
    assert_eq!(store.commit(Write::Promote(others)).await, Err(StoreError::Missing("pending rental")));

    store.commit(Write::Promote(promotion.clone())).await.unwrap();
    let expected = RentalRecord {
        status: RentalStatus::Confirmed,
        one_way: Some(OneWay::No),
        checked: Some((later, code("00"))),
        temporary: true,
        ..rental_record(&store, &new)
    };
    assert_eq!(rental(&store, FIRST).await, expected);

    let again = Promotion { one_way: Some(OneWay::Yes), check: check(now()), ..promotion };
    assert_eq!(store.commit(Write::Promote(again)).await, Err(StoreError::Missing("pending rental")));
    assert_eq!(rental(&store, FIRST).await, expected);
    store.close().await;
}

async fn a_status_changes_only_from_where_it_was_seen(fixture: Arc<Fixture>) {
    use RentalStatus::{Cancelled, Confirmed, Pending};
    let store = fixture.store().await;
    let new = waiting(&store, now(), FIRST);
    store.commit(Write::Rental(new.clone())).await.unwrap();
    let refused = Err(StoreError::Missing("rental in that state"));
    let others = StatusChange { company: AccountId(9), ..change(&new, Pending, Cancelled) };
    assert_eq!(store.commit(Write::RentalStatus(others)).await, refused);
    for (from, to, expected, status) in [
        (Confirmed, Cancelled, &refused, Pending),
        (Pending, Confirmed, &Ok(()), Confirmed),
        (Pending, Cancelled, &refused, Confirmed),
        (Confirmed, Cancelled, &Ok(()), Cancelled),
        (Confirmed, Cancelled, &refused, Cancelled),
    ] {
        assert_eq!(&store.commit(Write::RentalStatus(change(&new, from, to))).await, expected);
        assert_eq!(rental(&store, FIRST).await, RentalRecord { status, ..rental_record(&store, &new) });
    }
    assert_eq!(
        store.commit(Write::Promote(promotion(&new))).await,
        Err(StoreError::Missing("pending rental")),
        "a cancelled rental is not promoted"
    );
    store.close().await;
}

async fn a_pending_rental_is_found_by_company_plate_period_and_licence(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let new = waiting(&store, now(), SECOND);
    store.commit(with_remote(&store, new.clone())).await.unwrap();
    assert_eq!(pending(&store, "12하1234").await, None, "nobody has verified its driver");
    store.commit(Write::RemoteFinished(finish(SECOND, Some(new.id)))).await.unwrap();
    assert_eq!(pending(&store, "12하1234").await, Some((new.id, new.number)));
    let earlier = waiting(&store, now(), FIRST);
    with_driver(&store, &earlier, finish(FIRST, Some(earlier.id))).await;
    let first = Some((earlier.id, earlier.number));
    assert_eq!(pending(&store, "12하1234").await, first, "the first number of several");
    assert_eq!(pending(&store, "１２하-1234").await, first, "another spelling of the plate");

    let ask = async |company: i64, plate: Plate, period: Period, text: &str| {
        store.pending_rental(AccountId(company), &plate, period, &licence(text)).await.unwrap()
    };
    let (plate, days) = (new.plate, new.period);
    let other = period;
    assert_eq!(ask(2, plate.clone(), days, LICENCE).await, None);
    assert_eq!(ask(1, car("12하1235"), days, LICENCE).await, None);
    assert_eq!(ask(1, plate.clone(), other("2026-03-01", "2026-03-04"), LICENCE).await, None);
    assert_eq!(ask(1, plate.clone(), other("2026-03-02", "2026-03-05"), LICENCE).await, None);
    assert_eq!(ask(1, plate, days, "221212121213").await, None);
    store.close().await;
}

async fn only_an_eligible_rental_that_waits_is_pending(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mut rentals = Vec::new();
    for (sequence, result) in [(1, "00"), (2, "00"), (3, "00"), (4, "14")] {
        let text = format!("R26-00000000{sequence}");
        let plate = car(&format!("12하000{sequence}"));
        let new = NewRental { plate, ..waiting(&store, now(), &text) };
        let mut finish = finish(&text, Some(new.id));
        (finish.result.code, finish.check.code) = (code(result), code(result));
        with_driver(&store, &new, finish).await;
        rentals.push(new);
    }
    let cancelled = change(&rentals[0], RentalStatus::Pending, RentalStatus::Cancelled);
    store.commit(Write::RentalStatus(cancelled)).await.unwrap();
    store.commit(Write::Promote(promotion(&rentals[1]))).await.unwrap();
    let mut found = Vec::new();
    for new in &rentals {
        found.push(pending(&store, new.plate.as_str()).await);
    }
    let waits = Some((rentals[2].id, rentals[2].number));
    assert_eq!(found, [None, None, waits, None], "cancelled, confirmed, waiting, not eligible");
    store.close().await;
}

/// 40 days: four buckets of ids.
fn morning(number: i64) -> Timestamp {
    at("2026-03-01T09:30:00.500+09:00") + SignedDuration::from_hours(24 * number)
}

async fn confirmed_rentals_of_a_licence_are_counted_to_the_millisecond(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    for number in 0..40 {
        let mut new = confirmed(&store, morning(number), &format!("R26-0000001{number:02}"));
        new.company = AccountId(number % 3);
        let other = NewRental {
            confirmation: new
                .confirmation
                .clone()
                .map(|confirmation| Confirmation { licence: licence("111111111101"), ..confirmation }),
            ..confirmed(&store, morning(number), &format!("R26-0000002{number:02}"))
        };
        store.commit(Write::Together(vec![Write::Rental(new), Write::Rental(other)])).await.unwrap();
    }
    let count = async |since, until| store.count_rentals(&licence(LICENCE), since, until).await.unwrap();
    for (first, last) in [(0, 39), (7, 14), (10, 10), (12, 13), (30, 39), (3, 36)] {
        let (since, until, all) = (morning(first), morning(last), last - first + 1);
        assert_eq!(count(since, until).await, all, "{first} to {last}, both included");
        assert_eq!(count(since + milliseconds(1), until).await, all - 1);
        assert_eq!(count(since, until - milliseconds(1)).await, all - 1);
        assert_eq!(count(since - milliseconds(1), until + milliseconds(1)).await, all);
    }
    let nobody = store.count_rentals(&licence("999999999999"), morning(0), morning(39)).await;
    assert_eq!(nobody, Ok(0));
    store.close().await;
}

async fn a_rental_whose_id_runs_ahead_of_the_clock_is_counted(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let ahead = store.next_id(now() + SignedDuration::from_hours(24 * 90));
    let new = confirmed(&store, now(), FIRST);
    assert!(new.id > ahead, "ids never go back");
    store.commit(Write::Rental(new)).await.unwrap();
    assert_eq!(store.count_rentals(&licence(LICENCE), now(), now()).await, Ok(1));
    store.close().await;
}

async fn cancelled_and_waiting_rentals_are_not_counted(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let count = async || store.count_rentals(&licence(LICENCE), now(), now()).await.unwrap();
    let new = waiting(&store, now(), FIRST);
    with_driver(&store, &new, finish(FIRST, Some(new.id))).await;
    assert_eq!(count().await, 0, "it waits");
    store.commit(Write::Promote(promotion(&new))).await.unwrap();
    assert_eq!(count().await, 1);
    store.commit(Write::Rental(confirmed(&store, now(), SECOND))).await.unwrap();
    assert_eq!(count().await, 2);
    let cancelled = change(&new, RentalStatus::Confirmed, RentalStatus::Cancelled);
    store.commit(Write::RentalStatus(cancelled)).await.unwrap();
    assert_eq!(count().await, 1);
    store.close().await;
}

async fn a_number_that_is_taken_is_refused_and_leaves_nothing(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let first = confirmed(&store, now(), FIRST);
    store.commit(Write::Rental(first.clone())).await.unwrap();
    store.commit(Write::Reservation(reservation(&store, now(), SECOND))).await.unwrap();
    for text in [FIRST, SECOND] {
        let again = NewRental { company: AccountId(2), ..waiting(&store, now(), text) };
        let write = Write::Together(vec![Write::Rental(again), Write::Audit(vec![event()])]);
        assert_eq!(store.commit(write).await, Err(StoreError::Conflict(Constraint::Unique)));
    }
    assert_eq!(fixture.count("rental").await, 1);
    assert_eq!(rental(&store, FIRST).await, rental_record(&store, &first));
    let mut query = all_of(SearchType::RentStart);
    query.scope = &[COMPANY, AccountId(2)];
    assert_eq!(store.rental_page(&query).await.unwrap().total, 1);
    assert_eq!(fixture.count("number").await, 2);
    assert_eq!(audit_events(&store).await, 0);
    store.close().await;
}
