//! Checks to make again: stored once, claimed by one node at a time, gone with their outcome.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rims_domain::{AccountId, Environment};
use rims_protocol::Sector;
use rims_protocol::codes::{ApiType, LicenceClass};
use rims_protocol::messages::VerifyItem;
use rims_protocol::values::{DeviceId, PersonName, RecheckReference, Vehicle};
use rims_store::{Channel, Recheck, RecheckClaim, Store, StoreError, Write};

use crate::fixture::{Fixture, contains, licence, now, on_both_engines};
use crate::samples::{LICENCE, NAME, car, milliseconds, period};

on_both_engines![
    a_recheck_comes_back_as_it_was,
    its_driver_is_sealed,
    a_reference_is_queued_once_for_its_caller,
    a_claim_holds_until_its_end,
    only_the_claim_that_holds_may_end_it,
];

const CLAIM: SignedDuration = SignedDuration::from_mins(10);

fn recheck(store: &Store, reference: &str) -> Recheck {
    Recheck {
        id: store.next_id(now()),
        at: now(),
        company: AccountId(1),
        caller: AccountId(1),
        environment: Environment::Operations,
        sector: Sector::Rental,
        channel: Channel::Single,
        reference: RecheckReference::parse(reference).unwrap(),
        item: 0,
        asked: VerifyItem {
            licence_number: licence(LICENCE),
            name: PersonName::parse(NAME).unwrap(),
            class: LicenceClass::Class1Large,
            period: period("2026-03-01", "2026-03-09"),
            vehicle: Vehicle::Plate(car("서울12바1234")),
            api_type: None,
        },
    }
}

async fn queue(store: &Store, new: &Recheck) {
    store.commit(Write::Recheck(new.clone())).await.unwrap();
}

async fn claim(store: &Store, now: Timestamp) -> Vec<(RecheckClaim, Recheck)> {
    store.claim_rechecks(now, now + CLAIM, 100).await.unwrap()
}

async fn a_recheck_comes_back_as_it_was(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let plain = recheck(&store, "a");
    let full = Recheck {
        company: AccountId(7),
        caller: AccountId(8),
        environment: Environment::Development,
        sector: Sector::PersonalMobility,
        channel: Channel::Batch,
        item: 999,
        asked: VerifyItem {
            vehicle: Vehicle::Device(DeviceId::parse("PM-가-1").unwrap()),
            api_type: Some(ApiType::ALL[0]),
            ..plain.asked.clone()
        },
        ..recheck(&store, "0-Z_z")
    };
    let bare = Recheck {
        asked: VerifyItem { vehicle: Vehicle::None, ..plain.asked.clone() },
        ..recheck(&store, "b")
    };
    let all = [plain, full, bare];
    for new in &all {
        queue(&store, new).await;
    }
    assert_eq!(store.rechecks_waiting().await, Ok(3));
    let claimed: Vec<_> = claim(&store, now()).await.into_iter().map(|(_, recheck)| recheck).collect();
    assert_eq!(claimed, all);
    store.close().await;
}

async fn its_driver_is_sealed(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    queue(&store, &recheck(&store, "a")).await;
    let sealed = fixture.blobs("SELECT subject FROM recheck").await.concat();
    assert!(!sealed.is_empty() && !contains(&sealed, LICENCE) && !contains(&sealed, NAME));
    store.close().await;
}

async fn a_reference_is_queued_once_for_its_caller(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let first = recheck(&store, "a");
    let others = [
        Recheck { item: 1, ..recheck(&store, "a") },
        Recheck { caller: AccountId(2), ..recheck(&store, "a") },
        Recheck { company: AccountId(2), ..recheck(&store, "a") },
        Recheck { environment: Environment::Development, ..recheck(&store, "a") },
        recheck(&store, "A"),
    ];
    queue(&store, &first).await;
    queue(&store, &recheck(&store, "a")).await;
    for other in &others {
        queue(&store, other).await;
    }
    let claimed: Vec<_> = claim(&store, now()).await.into_iter().map(|(_, recheck)| recheck.id).collect();
    let all: Vec<_> = std::iter::once(&first).chain(&others).map(|recheck| recheck.id).collect();
    assert_eq!(claimed, all);
    store.close().await;
}

async fn a_claim_holds_until_its_end(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    queue(&store, &recheck(&store, "a")).await;
    assert_eq!(claim(&store, now() - milliseconds(1)).await, [], "not due yet");
    let first = claim(&store, now()).await;
    assert_eq!(claim(&store, now() + CLAIM - milliseconds(1)).await, []);
    let second = claim(&store, now() + CLAIM).await;
    assert_eq!(first[0].1, second[0].1);
    assert_ne!(first[0].0, second[0].0);
    store.close().await;
}

async fn only_the_claim_that_holds_may_end_it(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    queue(&store, &recheck(&store, "a")).await;
    let lost = claim(&store, now()).await[0].0;
    let held = claim(&store, now() + CLAIM).await[0].0;
    let refused = Err(StoreError::Missing("claimed recheck"));
    assert_eq!(store.commit(Write::RecheckDone(lost)).await, refused);
    assert_eq!(store.commit(Write::RecheckLater(lost, now())).await, refused);

    let later = now() + CLAIM + CLAIM;
    assert_eq!(store.commit(Write::RecheckLater(held, later)).await, Ok(()));
    assert_eq!(store.commit(Write::RecheckDone(held)).await, refused, "the claim is given back");
    assert_eq!(claim(&store, later - milliseconds(1)).await, []);
    let again = claim(&store, later).await[0].0;
    assert_eq!(store.commit(Write::RecheckDone(again)).await, Ok(()));
    assert_eq!(store.rechecks_waiting().await, Ok(0));
    store.close().await;
}
