//! Histories: pages and totals are what a filter and a sort of the same rows say.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp, ToSpan};
use rims_domain::AccountId;
use rims_domain::calendar::today;
use rims_protocol::codes::{HistoryKind, RentalStatus, SearchType};
use rims_protocol::values::{Period, Plate, RemoteNumber};
use rims_store::{HistoryQuery, NewRental, NewReservation, Page, RentalRecord, StatusChange, Store, Write};

use crate::fixture::{Fixture, at, now, on_both_engines};
use crate::samples::{all_of, car, confirmed, rental_record, reservation, reservation_record, waiting};

on_both_engines![
    rentals_are_found_as_a_filter_and_a_sort_find_them,
    reservations_are_found_as_a_filter_and_a_sort_find_them,
    pages_follow_each_other_without_a_gap,
    a_change_of_its_state_keeps_a_rental_in_the_history,
];

const COMPANIES: i64 = 4;
const PLATES: u64 = 3;
const QUERIES: usize = 150;

/// A source that is not random at all: the same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn signed(&mut self, bound: u64) -> i64 {
        i64::try_from(self.below(bound)).unwrap()
    }

    /// A day of some two months.
    fn day(&mut self) -> Date {
        date(2026, 2, 15) + self.signed(60).days()
    }

    /// One of a few vehicles, whose numbers are spelled differently every time.
    fn plate(&mut self) -> Plate {
        let written = ["12하000", "12하 000", "12-\u{1112}\u{1161}-000", "１２하000"];
        let place = usize::try_from(self.below(4)).unwrap();
        car(&format!("{}{}", written[place], self.below(PLATES)))
    }

    fn period(&mut self) -> Period {
        let from = self.day();
        Period::new(from, from + self.signed(10).days()).unwrap()
    }

    /// One company or several, also one that has nothing.
    fn scope(&mut self) -> Vec<AccountId> {
        let all = (0..=COMPANIES).map(AccountId);
        let some: Vec<_> = all.filter(|_| self.below(2) == 0).collect();
        if some.is_empty() { vec![AccountId(1)] } else { some }
    }
}

/// A row as the model knows it.
struct Row<R> {
    company: AccountId,
    plate: Plate,
    number: RemoteNumber,
    start: Date,
    end: Date,
    created: Date,
    record: R,
}

impl<R> Row<R> {
    fn date(&self, search: SearchType) -> Date {
        match search {
            SearchType::RentStart | SearchType::ReservationStart => self.start,
            SearchType::RentEnd | SearchType::ReservationEnd => self.end,
            SearchType::RentCreate | SearchType::ReservationCreate => self.created,
        }
    }

    fn matches(&self, query: &HistoryQuery<'_>) -> bool {
        query.scope.contains(&self.company)
            && (query.from..=query.to).contains(&self.date(query.search))
            && query.plate.is_none_or(|plate| plate.key() == self.plate.key())
    }
}

/// The page that a filter and a sort give.
fn expected<R: Clone>(rows: &[Row<R>], query: &HistoryQuery<'_>) -> Page<R> {
    let mut found: Vec<&Row<R>> = rows.iter().filter(|row| row.matches(query)).collect();
    found.sort_by_key(|row| std::cmp::Reverse((row.date(query.search), row.number)));
    let total = i64::try_from(found.len()).unwrap();
    let skip = usize::try_from(query.offset).unwrap();
    let page = found.iter().skip(skip).take(query.limit as usize);
    Page { rows: page.map(|row| row.record.clone()).collect(), total }
}

/// Numbers of two years in an order that is not that of registration.
fn numbers(dice: &mut Dice, count: usize) -> Vec<RemoteNumber> {
    let mut numbers = BTreeSet::new();
    while numbers.len() < count {
        numbers.insert((dice.below(2), dice.below(999_999_999) + 1));
    }
    let mut numbers: Vec<_> = numbers.into_iter().collect();
    for place in (1..count).rev() {
        numbers.swap(place, usize::try_from(dice.below(place as u64 + 1)).unwrap());
    }
    let text = |(year, sequence)| format!("R{}-{sequence:09}", 25 + year);
    numbers.into_iter().map(|number| RemoteNumber::parse(&text(number)).unwrap()).collect()
}

/// Five registrations a day for two months.
fn registered(place: usize) -> Timestamp {
    let hours = i32::try_from(place).unwrap() * 5;
    at("2026-02-14T15:00:00Z") + SignedDuration::from_hours(hours.into())
}

async fn some_rentals(store: &Store, dice: &mut Dice) -> Vec<Row<RentalRecord>> {
    let mut rows = Vec::new();
    let mut writes = Vec::new();
    for (place, number) in numbers(dice, 300).into_iter().enumerate() {
        let moment = registered(place);
        let text = number.to_string();
        let plain = match dice.below(2) {
            0 => waiting(store, moment, &text),
            _ => confirmed(store, moment, &text),
        };
        let company = AccountId(dice.signed(COMPANIES as u64) + 1);
        let new = NewRental { company, period: dice.period(), plate: dice.plate(), ..plain };
        rows.push(Row {
            company,
            plate: new.plate.clone(),
            number,
            start: new.period.from,
            end: new.period.to,
            created: today(moment),
            record: rental_record(store, &new),
        });
        writes.push(Write::Rental(new));
    }
    store.commit(Write::Together(writes)).await.unwrap();
    rows
}

/// A query of one of these searches.
fn query<'a>(
    dice: &mut Dice,
    history: HistoryKind,
    scope: &'a [AccountId],
    plate: &'a Plate,
) -> HistoryQuery<'a> {
    let searches: Vec<_> = SearchType::ALL.iter().filter(|search| search.history() == history).collect();
    let limit = [1, 3, 10, 1_000][usize::try_from(dice.below(4)).unwrap()];
    let from = dice.day();
    HistoryQuery {
        scope,
        search: *searches[usize::try_from(dice.below(3)).unwrap()],
        from,
        to: from + dice.signed(32).days(),
        plate: (dice.below(2) == 0).then_some(plate),
        offset: dice.below(4) * u64::from(limit),
        limit,
    }
}

async fn rentals_are_found_as_a_filter_and_a_sort_find_them(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mut dice = Dice(1);
    let rows = some_rentals(&store, &mut dice).await;
    let mut found = 0;
    for _ in 0..QUERIES {
        let (scope, plate) = (dice.scope(), dice.plate());
        let query = query(&mut dice, HistoryKind::Rentals, &scope, &plate);
        let page = store.rental_page(&query).await.unwrap();
        assert_eq!(page, expected(&rows, &query), "{query:?}");
        found += page.rows.len();
    }
    assert!(found > QUERIES, "the queries find something");
    let nobody = HistoryQuery { scope: &[], ..all_of(SearchType::RentStart) };
    assert_eq!(store.rental_page(&nobody).await.unwrap(), Page { rows: vec![], total: 0 });
    store.close().await;
}

async fn reservations_are_found_as_a_filter_and_a_sort_find_them(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mut dice = Dice(2);
    let (mut rows, mut writes) = (Vec::new(), Vec::new());
    for (place, number) in numbers(&mut dice, 300).into_iter().enumerate() {
        let plain = reservation(&store, registered(place), &number.to_string());
        let company = AccountId(dice.signed(COMPANIES as u64) + 1);
        let new = NewReservation { company, period: dice.period(), plate: dice.plate(), ..plain };
        rows.push(Row {
            company,
            plate: new.plate.clone(),
            number,
            start: new.period.from,
            end: new.period.to,
            created: today(new.at),
            record: reservation_record(&new),
        });
        writes.push(Write::Reservation(new));
    }
    store.commit(Write::Together(writes)).await.unwrap();
    let mut found = 0;
    for _ in 0..QUERIES {
        let (scope, plate) = (dice.scope(), dice.plate());
        let query = query(&mut dice, HistoryKind::Schedules, &scope, &plate);
        let page = store.reservation_page(&query).await.unwrap();
        assert_eq!(page, expected(&rows, &query), "{query:?}");
        found += page.rows.len();
    }
    assert!(found > QUERIES, "the queries find something");
    store.close().await;
}

async fn pages_follow_each_other_without_a_gap(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let rows = some_rentals(&store, &mut Dice(3)).await;
    let (scope, plate) = ([AccountId(1), AccountId(3)], car("12하0001"));
    for plate in [None, Some(&plate)] {
        for search in [SearchType::RentStart, SearchType::RentEnd, SearchType::RentCreate] {
            let mut query = HistoryQuery { scope: &scope, plate, limit: 7, ..all_of(search) };
            let mut walked = Vec::new();
            loop {
                let page = store.rental_page(&query).await.unwrap();
                if page.rows.is_empty() {
                    break;
                }
                walked.extend(page.rows);
                query.offset += 7;
            }
            (query.offset, query.limit) = (0, 1_000);
            assert_eq!(walked, expected(&rows, &query).rows);
        }
    }
    store.close().await;
}

async fn a_change_of_its_state_keeps_a_rental_in_the_history(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let new = waiting(&store, now(), "R26-000000001");
    store.commit(Write::Rental(new.clone())).await.unwrap();
    let status = RentalStatus::Cancelled;
    let change = StatusChange {
        company: new.company,
        rental: new.id,
        from: RentalStatus::Pending,
        to: status,
        at: now(),
    };
    store.commit(Write::RentalStatus(change)).await.unwrap();
    let page = store.rental_page(&all_of(SearchType::RentCreate)).await.unwrap();
    assert_eq!(page, Page { rows: vec![RentalRecord { status, ..rental_record(&store, &new) }], total: 1 });
    store.close().await;
}
