//! Remote (비대면) verifications: numbers, attempts, ends.

use std::sync::Arc;

use rims_domain::{AccountId, VehicleIdentity};
use rims_protocol::Sector;
use rims_protocol::codes::{ApiType, PhotoCode, ProcessingCode, RentalStatus};
use rims_protocol::values::{DeviceId, RemoteNumber, Score, Vehicle};
use rims_store::{
    Constraint, NewRemote, RemoteFinish, RemoteRecord, RemoteRefusal, RemoteState, RentalRecord,
    StatusChange, Store, StoreError, Subject, Write,
};

use crate::fixture::{Fixture, contains, licence, now, on_both_engines, plate};
use crate::samples::{
    COMPANY, LICENCE, car, code, finish, number, period, remote, rental_record, waiting, with_remote,
};

on_both_engines![
    every_kind_of_vehicle_comes_back,
    a_device_is_sealed,
    refused_attempts_are_followed_by_others,
    of_two_attempts_at_the_same_time_one_counts,
    its_end_names_the_driver_of_the_rental_that_waits,
    its_end_names_the_driver_of_a_rental_that_was_decided_before,
    a_number_is_generated_once,
];

const FIRST: &str = "V26-000000001";
const RENTAL: &str = "R26-000000001";
const DEVICE: &str = "SCOOTER-DEVICE-0001";

const MISSING: StoreError = StoreError::Missing("open remote verification");

fn device() -> Vehicle {
    Vehicle::Device(DeviceId::parse(DEVICE).unwrap())
}

/// What is read of a number that nobody has used.
fn record(new: &NewRemote) -> RemoteRecord {
    RemoteRecord {
        id: new.id,
        number: new.number,
        company: new.company,
        caller: new.caller,
        sector: new.number.sector(),
        at: new.at,
        period: new.period,
        vehicle: new.vehicle.clone(),
        api_type: new.api_type,
        attempts: 0,
        state: RemoteState::Waiting,
        licence_hash: None,
    }
}

async fn read(store: &Store, number: RemoteNumber) -> RemoteRecord {
    store.remote(number).await.unwrap().unwrap()
}

fn refusal(attempts: u16, code: &str) -> RemoteRefusal {
    RemoteRefusal {
        number: number(FIRST),
        attempts,
        code: ProcessingCode::parse(code).unwrap(),
        message: format!("거절 {code}"),
    }
}

async fn every_kind_of_vehicle_comes_back(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    for (text, vehicle, api_type) in [
        (FIRST, plate("99임9999"), None),
        (RENTAL, plate("12하1234"), None),
        ("P26-000000001", device(), None),
        ("D26-999999999", Vehicle::None, None),
        ("C00-000000001", Vehicle::None, Some(ApiType::NumberPetTaxi)),
    ] {
        let new = NewRemote {
            company: AccountId(7),
            caller: AccountId(8),
            period: period("2026-12-31", "2028-02-29"),
            api_type,
            ..remote(&store, text, vehicle)
        };
        store.commit(Write::Remote(new.clone())).await.unwrap();
        assert_eq!(read(&store, number(text)).await, record(&new));
    }
    assert_eq!(read(&store, number("S26-999999999")).await.sector, Sector::Chauffeur);
    assert_eq!(store.remote(number("V26-000000002")).await, Ok(None));
    assert_eq!(store.remote(number("V25-000000001")).await, Ok(None));
    store.close().await;
}

async fn a_device_is_sealed(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    store.commit(Write::Remote(remote(&store, "P26-000000001", device()))).await.unwrap();
    let sealed = fixture.blobs("SELECT device FROM remote").await.concat();
    assert!(sealed.len() > DEVICE.len() && !contains(&sealed, DEVICE));
    assert_eq!(fixture.count("remote WHERE plate IS NOT NULL").await, 0);
    store.close().await;
}

async fn refused_attempts_are_followed_by_others(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let new = remote(&store, FIRST, Vehicle::None);
    store.commit(Write::Remote(new.clone())).await.unwrap();
    for (before, text) in [(0, "1"), (1, "10"), (2, "997")] {
        let refused = refusal(before, text);
        store.commit(Write::RemoteRefused(refused.clone())).await.unwrap();
        let state = RemoteState::Refused(refused.code, refused.message);
        let expected = RemoteRecord { attempts: before + 1, state, ..record(&new) };
        assert_eq!(read(&store, new.number).await, expected);
    }
    let mut finish = RemoteFinish { attempts: 3, ..finish(FIRST, None) };
    finish.result.code = code("14");
    finish.result.identity = VehicleIdentity::Confirmed;
    finish.result.similarity = Score::new(100.0).unwrap();
    finish.result.photo = PhotoCode::parse("-500").unwrap();
    store.commit(Write::RemoteFinished(finish.clone())).await.unwrap();
    let state = RemoteState::Finished(finish.result, finish.check.at);
    let licence_hash = store.subject_hash(&Subject::Licence(finish.licence));
    let expected = RemoteRecord { attempts: 4, state, licence_hash, ..record(&new) };
    assert_eq!(read(&store, new.number).await, expected);
    store.close().await;
}

async fn of_two_attempts_at_the_same_time_one_counts(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let new = remote(&store, FIRST, Vehicle::None);
    let attempt = |before| RemoteFinish { attempts: before, ..finish(FIRST, None) };
    let refused = async |before| store.commit(Write::RemoteRefused(refusal(before, "1"))).await;
    let finished = async |before| store.commit(Write::RemoteFinished(attempt(before))).await;
    assert_eq!(finished(0).await, Err(MISSING), "there is no such number");
    store.commit(Write::Remote(new)).await.unwrap();

    assert_eq!(refused(0).await, Ok(()));
    assert_eq!((refused(0).await, finished(0).await), (Err(MISSING), Err(MISSING)), "one was faster");
    assert_eq!((refused(2).await, finished(2).await), (Err(MISSING), Err(MISSING)));
    assert_eq!(read(&store, number(FIRST)).await.attempts, 1);
    assert_eq!(finished(1).await, Ok(()));
    for before in [1, 2] {
        assert_eq!((refused(before).await, finished(before).await), (Err(MISSING), Err(MISSING)));
    }
    assert_eq!(read(&store, number(FIRST)).await.attempts, 2);
    store.close().await;
}

async fn its_end_names_the_driver_of_the_rental_that_waits(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let new = waiting(&store, now(), RENTAL);
    let other = waiting(&store, now(), "R26-000000002");
    store.commit(with_remote(&store, new.clone())).await.unwrap();
    store.commit(with_remote(&store, other.clone())).await.unwrap();
    let mut finish = finish(RENTAL, Some(new.id));
    finish.check.temporary = true;
    store.commit(Write::RemoteFinished(finish.clone())).await.unwrap();

    let mut expected = rental_record(&store, &new);
    (expected.checked, expected.temporary) = (Some((finish.check.at, finish.check.code)), true);
    expected.licence_hash = store.subject_hash(&Subject::Licence(finish.licence));
    assert_eq!(store.rental(new.number).await, Ok(Some(expected)), "it goes on waiting");
    assert_eq!(store.rental(other.number).await, Ok(Some(rental_record(&store, &other))));
    let driver = async |text: &str| {
        store.pending_rental(COMPANY, &car("12하1234"), new.period, &licence(text)).await.unwrap()
    };
    assert_eq!(driver(LICENCE).await, Some((new.id, new.number)));
    assert_eq!(driver("221212121213").await, None);
    store.close().await;
}

async fn its_end_names_the_driver_of_a_rental_that_was_decided_before(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let decided = [(1, RentalStatus::Cancelled), (2, RentalStatus::Confirmed)];
    for (sequence, to) in decided {
        let text = format!("R26-00000000{sequence}");
        let new = waiting(&store, now(), &text);
        store.commit(with_remote(&store, new.clone())).await.unwrap();
        let change =
            StatusChange { company: COMPANY, rental: new.id, from: RentalStatus::Pending, to, at: now() };
        store.commit(Write::RentalStatus(change)).await.unwrap();
        let finish = finish(&text, Some(new.id));
        store.commit(Write::RemoteFinished(finish.clone())).await.unwrap();
        let checked = Some((finish.check.at, finish.check.code));
        let licence_hash = store.subject_hash(&Subject::Licence(finish.licence));
        let expected = RentalRecord { status: to, checked, licence_hash, ..rental_record(&store, &new) };
        assert_eq!(store.rental(new.number).await, Ok(Some(expected)));
    }
    let count = store.count_rentals(&licence(LICENCE), now(), now()).await;
    assert_eq!(count, Ok(1), "the confirmed one is the licence's");
    store.close().await;
}

async fn a_number_is_generated_once(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    for text in [FIRST, RENTAL] {
        let first = remote(&store, text, device());
        store.commit(Write::Remote(first.clone())).await.unwrap();
        let again = remote(&store, text, Vehicle::None);
        let refused = store.commit(Write::Remote(again)).await;
        assert_eq!(refused, Err(StoreError::Conflict(Constraint::Unique)));
        assert_eq!(read(&store, number(text)).await, record(&first));
    }
    assert_eq!(fixture.count("number").await, 1, "a rental's number is stored with the rental");
    store.close().await;
}
