//! Rentals, reservations and remote verifications of company 1, for tests to change and to store.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rims_domain::{AccountId, AuditAction, Environment, VehicleIdentity};
use rims_protocol::codes::{
    LicenceClass, LicenceStatus, PhotoCheck, Recurrence, RentalStatus, ResultCode, SearchType,
};
use rims_protocol::values::{Period, PersonName, Plate, RemoteNumber, Score, Vehicle};
use rims_store::{
    Confirmation, DriverCheckRecord, HistoryQuery, NewAudit, NewEndpoint, NewMessage, NewRemote, NewRental,
    NewReservation, NextRun, RemoteFinish, RemoteResult, RentalRecord, ReservationRecord, Store, Subject,
    Write,
};
use zeroize::Zeroizing;

use crate::fixture::{at, audit, licence, now};

pub(crate) const COMPANY: AccountId = AccountId(1);
pub(crate) const CALLER: AccountId = AccountId(2);
pub(crate) const LICENCE: &str = "221212121212";
pub(crate) const NAME: &str = "홍길동";

pub(crate) fn number(text: &str) -> RemoteNumber {
    RemoteNumber::parse(text).unwrap()
}

pub(crate) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub(crate) fn period(from: &str, to: &str) -> Period {
    Period::new(day(from), day(to)).unwrap()
}

pub(crate) fn car(text: &str) -> Plate {
    Plate::parse(text).unwrap()
}

pub(crate) fn code(text: &str) -> ResultCode {
    ResultCode::parse(text).unwrap()
}

pub(crate) fn milliseconds(count: i64) -> SignedDuration {
    SignedDuration::from_millis(count)
}

/// A check that found the licence valid.
pub(crate) fn check(moment: Timestamp) -> DriverCheckRecord {
    DriverCheckRecord { verification: 77, at: moment, code: LicenceStatus::Valid.into(), temporary: false }
}

/// A rental that waits for its driver.
pub(crate) fn waiting(store: &Store, moment: Timestamp, text: &str) -> NewRental {
    NewRental {
        id: store.next_id(moment),
        number: number(text),
        at: moment,
        company: COMPANY,
        caller: CALLER,
        period: period("2026-03-02", "2026-03-04"),
        plate: car("12하1234"),
        confirmation: None,
    }
}

/// A rental that its driver's check has confirmed.
pub(crate) fn confirmed(store: &Store, moment: Timestamp, text: &str) -> NewRental {
    let confirmation = Confirmation { one_way: None, licence: licence(LICENCE), check: check(moment) };
    NewRental { confirmation: Some(confirmation), ..waiting(store, moment, text) }
}

/// What is read of a rental that nothing has changed.
pub(crate) fn rental_record(store: &Store, new: &NewRental) -> RentalRecord {
    let confirmed = new.confirmation.as_ref();
    RentalRecord {
        id: new.id,
        company: new.company,
        number: new.number,
        at: new.at,
        period: new.period,
        plate: new.plate.clone(),
        status: confirmed.map_or(RentalStatus::Pending, |_| RentalStatus::Confirmed),
        one_way: confirmed.and_then(|confirmed| confirmed.one_way),
        checked: confirmed.map(|confirmed| (confirmed.check.at, confirmed.check.code)),
        temporary: confirmed.is_some_and(|confirmed| confirmed.check.temporary),
        licence_hash: confirmed
            .and_then(|confirmed| store.subject_hash(&Subject::Licence(confirmed.licence.clone()))),
    }
}

/// A weekly reservation that is due on Monday, 9 March 2026.
pub(crate) fn reservation(store: &Store, moment: Timestamp, text: &str) -> NewReservation {
    NewReservation {
        id: store.next_id(moment),
        number: number(text),
        at: moment,
        company: COMPANY,
        caller: CALLER,
        recurrence: Recurrence::Weekly,
        period: period("2026-03-02", "2026-03-31"),
        plate: car("12하1234"),
        licence: licence(LICENCE),
        name: PersonName::parse(NAME).unwrap(),
        class: LicenceClass::Class1Regular,
        code: LicenceStatus::Valid.into(),
        next: NextRun { date: day("2026-03-09"), due: Some(due()) },
    }
}

/// When [`reservation`] runs.
pub(crate) fn due() -> Timestamp {
    at("2026-03-09T06:00:00+09:00")
}

/// What is read of a reservation that has not run.
pub(crate) fn reservation_record(new: &NewReservation) -> ReservationRecord {
    let new = new.clone();
    ReservationRecord {
        id: new.id,
        company: new.company,
        caller: new.caller,
        number: new.number,
        at: new.at,
        period: new.period,
        plate: new.plate,
        recurrence: new.recurrence,
        licence: new.licence,
        name: new.name,
        class: new.class,
        last_code: new.code,
        last_at: new.at,
        next_date: new.next.date,
        failures: 0,
    }
}

pub(crate) fn remote(store: &Store, text: &str, vehicle: Vehicle) -> NewRemote {
    NewRemote {
        id: store.next_id(now()),
        number: number(text),
        at: now(),
        company: COMPANY,
        caller: CALLER,
        period: period("2026-03-02", "2026-03-04"),
        vehicle,
        api_type: None,
    }
}

/// A rental that waits, and the remote verification of its driver under the same number.
pub(crate) fn with_remote(store: &Store, rental: NewRental) -> Write {
    let vehicle = Vehicle::Plate(rental.plate.clone());
    let remote = remote(store, &rental.number.to_string(), vehicle);
    Write::Together(vec![Write::Rental(rental), Write::Remote(remote)])
}

/// The first attempt, which found everything in order.
pub(crate) fn finish(text: &str, rental: Option<i64>) -> RemoteFinish {
    let score = |score| Score::new(score).unwrap();
    RemoteFinish {
        number: number(text),
        attempts: 0,
        result: RemoteResult {
            code: LicenceStatus::Valid.into(),
            identity: VehicleIdentity::Unconfirmed,
            similarity: score(90.68),
            liveness: score(0.1),
            originality: score(99.0),
            photo: PhotoCheck::Genuine.into(),
        },
        licence: licence(LICENCE),
        check: check(now()),
        rental: rental.map(|rental| (COMPANY, rental)),
    }
}

/// An endpoint of a company, stored; its secret is `whsec-…` with its URL.
pub(crate) async fn endpoint(store: &Store, company: AccountId, url: &str) -> i64 {
    let id = store.next_id(now());
    let secret = Zeroizing::new(format!("whsec-{url}"));
    let new = NewEndpoint { id, company, url: url.to_owned(), secret, events: Vec::new(), at: now() };
    store.commit(Write::AddEndpoint { new, audit: event() }).await.unwrap();
    id
}

pub(crate) fn message(store: &Store, company: AccountId, moment: Timestamp) -> NewMessage {
    let id = store.next_id(moment);
    let body = format!("{{\"id\":{id}}}");
    let environment = Environment::Operations;
    NewMessage { id, company, environment, at: moment, kind: "rental.confirmed", body }
}

/// The event of a change that is not about its event.
pub(crate) fn event() -> NewAudit {
    audit(AuditAction::AnomalyView, Subject::None)
}

/// The whole history of company 1 under one search.
pub(crate) fn all_of(search: SearchType) -> HistoryQuery<'static> {
    HistoryQuery {
        scope: &[COMPANY],
        search,
        from: Date::constant(2000, 1, 1),
        to: Date::constant(2099, 12, 31),
        plate: None,
        offset: 0,
        limit: 1_000,
    }
}
