//! Reservations: stored, claimed by one node at a time, run, ended.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rims_domain::AccountId;
use rims_protocol::codes::{LicenceClass, Recurrence, SearchType};
use rims_protocol::values::PersonName;
use rims_store::{
    Claim, NewReservation, NextRun, Options, ReservationRecord, RunEnd, Store, StoreError, Write,
};
use tokio::task::JoinSet;

use crate::fixture::{Fixture, at, audit_events, contains, licence, now, on_both_engines, run, verification};
use crate::samples::{
    LICENCE, NAME, all_of, car, code, day, due, milliseconds, period, reservation, reservation_record,
};

on_both_engines![
    a_reservation_comes_back_as_it_was,
    its_driver_is_sealed,
    only_what_is_due_is_claimed,
    a_claim_holds_until_its_end,
    only_the_claim_that_holds_may_end_a_run,
    every_end_of_a_run_says_what_follows,
    after_its_last_run_it_is_never_due,
    one_that_cannot_be_read_holds_no_other_up,
];

const FIRST: &str = "R26-000000001";
/// How long a claim lasts here.
const CLAIM: SignedDuration = SignedDuration::from_mins(10);

async fn store_one(store: &Store, new: NewReservation) {
    store.commit(Write::Reservation(new)).await.unwrap();
}

async fn claim(store: &Store, now: Timestamp) -> Vec<(Claim, ReservationRecord)> {
    store.claim_reservations(now, now + CLAIM, 100).await.unwrap()
}

/// The claim of the only reservation that is due.
async fn claim_one(store: &Store, now: Timestamp) -> Claim {
    let claimed = claim(store, now).await;
    let [(claim, _)] = &claimed[..] else { panic!("{claimed:?}") };
    *claim
}

/// The only reservation there is.
async fn only(store: &Store) -> ReservationRecord {
    let page = store.reservation_page(&all_of(SearchType::ReservationStart)).await.unwrap();
    let [record] = &page.rows[..] else { panic!("{page:?}") };
    record.clone()
}

fn weeks_later() -> NextRun {
    NextRun { date: day("2026-03-23"), due: Some(at("2026-03-23T06:00:00+09:00")) }
}

async fn a_reservation_comes_back_as_it_was(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let plain = reservation(&store, now(), FIRST);
    let full = NewReservation {
        company: AccountId(7),
        caller: AccountId(8),
        recurrence: Recurrence::Monthly,
        period: period("2026-12-31", "2028-02-29"),
        plate: car("서울12바1234"),
        licence: licence("000000000001"),
        name: PersonName::parse("김철수, \"이\" 😀").unwrap(),
        class: LicenceClass::Class2Moped,
        code: code("77"),
        next: NextRun { date: day("2027-01-01"), due: Some(due()) },
        ..reservation(&store, now(), "R26-999999999")
    };
    let news = [plain, NewReservation { recurrence: Recurrence::FifteenDays, ..full }];
    for new in &news {
        store_one(&store, new.clone()).await;
        let scope = [new.company];
        let mut query = all_of(SearchType::ReservationCreate);
        query.scope = &scope;
        assert_eq!(store.reservation_page(&query).await.unwrap().rows, [reservation_record(new)]);
    }
    let claimed = claim(&store, due()).await;
    let records: Vec<_> = claimed.iter().map(|(_, record)| record.clone()).collect();
    assert_eq!(records, news.each_ref().map(reservation_record));
    assert!(claimed.iter().all(|(claim, record)| claim.reservation == record.id));
    store.close().await;
}

async fn its_driver_is_sealed(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    store_one(&store, reservation(&store, now(), FIRST)).await;
    let sealed = fixture.blobs("SELECT subject FROM reservation").await.concat();
    assert!(!sealed.is_empty() && !contains(&sealed, LICENCE) && !contains(&sealed, NAME));
    store.close().await;
}

async fn only_what_is_due_is_claimed(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    for sequence in 1..=5 {
        let mut new = reservation(&store, now(), &format!("R26-00000000{sequence}"));
        // The last one is due first.
        new.next.due = Some(due() - milliseconds(sequence));
        store_one(&store, new).await;
    }
    let claimed = async |now, limit| {
        let claimed = store.claim_reservations(now, now + CLAIM, limit).await.unwrap();
        claimed.iter().map(|(_, record)| record.number.sequence()).collect::<Vec<_>>()
    };
    assert_eq!(claimed(due() - milliseconds(6), 10).await, [0; 0]);
    assert_eq!(claimed(due() - milliseconds(4), 10).await, [4, 5]);
    assert_eq!(claimed(due(), 2).await, [2, 3], "the longest due first");
    assert_eq!(claimed(due(), 2).await, [1]);
    assert_eq!(claimed(due(), 2).await, [0; 0]);
    store.close().await;
}

async fn a_claim_holds_until_its_end(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    store_one(&store, reservation(&store, now(), FIRST)).await;
    let first = claim_one(&store, due()).await;
    for now in [due(), due() + CLAIM - milliseconds(1)] {
        assert_eq!(claim(&store, now).await, [], "the first claim holds");
    }
    let second = claim_one(&store, due() + CLAIM).await;
    assert_eq!(first.reservation, second.reservation);
    assert_ne!(first.token, second.token);
    store.close().await;
}

async fn only_the_claim_that_holds_may_end_a_run(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let new = reservation(&store, now(), FIRST);
    store_one(&store, new.clone()).await;
    let lost = claim_one(&store, due()).await;
    let held = claim_one(&store, due() + CLAIM).await;
    let run = |claim| {
        let end = RunEnd::Checked { code: code("11"), at: due(), next: weeks_later() };
        let rows = vec![verification(&store, due(), LICENCE)];
        Write::Together(vec![Write::Verifications { rows }, Write::ReservationRun(claim, end)])
    };
    let refused = Err(StoreError::Missing("claimed reservation"));
    assert_eq!(store.commit(run(lost)).await, refused);
    assert_eq!((fixture.count("verification").await, audit_events(&store).await), (0, 0));
    assert_eq!(only(&store).await, reservation_record(&new));

    assert_eq!(store.commit(run(held)).await, Ok(()));
    assert_eq!(store.commit(run(held)).await, refused, "a run ends once");
    assert_eq!((fixture.count("verification").await, audit_events(&store).await), (1, 1));
    store.close().await;
}

async fn every_end_of_a_run_says_what_follows(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let new = reservation(&store, now(), FIRST);
    store_one(&store, new.clone()).await;
    let end = async |now, end| {
        let claim = claim_one(&store, now).await;
        store.commit(Write::ReservationRun(claim, end)).await.unwrap();
        only(&store).await
    };
    let retry = due() + SignedDuration::from_mins(5);
    let mut expected = ReservationRecord { failures: 3, ..reservation_record(&new) };
    assert_eq!(end(due(), RunEnd::TryLater { failures: 3, due: retry }).await, expected);
    assert_eq!(claim(&store, retry - milliseconds(1)).await, []);

    let next = NextRun { date: day("2026-03-16"), due: Some(at("2026-03-16T06:00:00+09:00")) };
    let later = retry + milliseconds(250);
    expected = ReservationRecord {
        failures: 0,
        last_code: code("11"),
        last_at: later,
        next_date: next.date,
        ..expected
    };
    assert_eq!(end(retry, RunEnd::Checked { code: code("11"), at: later, next }).await, expected);
    assert_eq!(claim(&store, next.due.unwrap() - milliseconds(1)).await, []);

    let failed = RunEnd::TryLater { failures: 1, due: next.due.unwrap() };
    assert_eq!(end(next.due.unwrap(), failed).await.failures, 1);
    expected.next_date = weeks_later().date;
    let passed_over = RunEnd::PassedOver { next: weeks_later() };
    assert_eq!(end(next.due.unwrap(), passed_over).await, expected, "the last result stays");
    let due = weeks_later().due.unwrap();
    assert_eq!(claim(&store, due - milliseconds(1)).await, []);
    claim_one(&store, due).await;
    store.close().await;
}

async fn after_its_last_run_it_is_never_due(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let last = NextRun { date: day("2026-04-06"), due: None };
    let never = NewReservation { next: last, ..reservation(&store, now(), "R26-000000002") };
    store_one(&store, never).await;
    let far = at("2099-01-01T00:00:00Z");
    assert_eq!(claim(&store, far).await, []);

    for (sequence, end) in [
        (3, RunEnd::Checked { code: code("00"), at: due(), next: last }),
        (4, RunEnd::PassedOver { next: last }),
    ] {
        store_one(&store, reservation(&store, now(), &format!("R26-00000000{sequence}"))).await;
        let claim_of_it = claim_one(&store, due()).await;
        store.commit(Write::ReservationRun(claim_of_it, end)).await.unwrap();
        assert_eq!(claim(&store, far).await, []);
    }
    store.close().await;
}

/// Claims until nothing is left; gives what it claimed.
async fn claim_all(store: Store) -> Vec<i64> {
    let mut mine = Vec::new();
    loop {
        let claimed = store.claim_reservations(due(), due() + CLAIM, 20).await.unwrap();
        assert!(claimed.len() <= 20);
        if claimed.is_empty() {
            return mine;
        }
        mine.extend(claimed.iter().map(|(claim, _)| claim.reservation));
    }
}

async fn two_servers_claim(fixture: Arc<Fixture>) {
    let first = fixture.store().await;
    let options = Options { node: 1, ..fixture.options() };
    let second = Store::open(&options, &fixture.keys).await.unwrap();
    let one = |sequence| Write::Reservation(reservation(&first, now(), &format!("R26-{sequence:09}")));
    first.commit(Write::Together((1..=500).map(one).collect())).await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        for store in [first.clone(), second.clone()] {
            tasks.spawn(claim_all(store));
        }
    }
    let claimed = tasks.join_all().await.concat();
    assert_eq!(claimed.len(), 500, "none twice");
    assert_eq!(BTreeSet::from_iter(claimed).len(), 500, "all of them");
    first.close().await;
    second.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_share_what_is_due_without_overlap() {
    run(Fixture::postgres().await, two_servers_claim).await;
}

async fn one_that_cannot_be_read_holds_no_other_up(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let [broken, whole] = [FIRST, "R26-000000002"].map(|number| reservation(&store, now(), number));
    let (broken_id, whole_id) = (broken.id, whole.id);
    for new in [broken, whole] {
        store_one(&store, new).await;
    }
    fixture.execute(&format!("UPDATE reservation SET recurrence = 9 WHERE id = {broken_id}")).await;
    assert_eq!(claim_one(&store, due()).await.reservation, whole_id);
    assert_eq!(claim(&store, due()).await, [], "it is tried again when its claim has ended");
    fixture.execute(&format!("UPDATE reservation SET recurrence = 1 WHERE id = {broken_id}")).await;
    assert_eq!(claim(&store, due() + CLAIM).await.len(), 2);
    store.close().await;
}
