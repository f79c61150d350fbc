//! Checks to make again: stored once, claimed by one node at a time, gone with their outcome.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rims_domain::{AccountId, Environment};
use rims_protocol::Sector;
use rims_protocol::codes::{ApiType, LicenceClass};
use rims_protocol::messages::VerifyItem;
use rims_protocol::values::{DeviceId, PersonName, RecheckReference, Vehicle};
use rims_store::{Channel, ClaimTerms, Recheck, RecheckClaim, Store, StoreError, Write};

use crate::fixture::{Fixture, contains, licence, now, on_both_engines};
use crate::samples::{LICENCE, NAME, car, milliseconds, period};

on_both_engines![
    a_recheck_comes_back_as_it_was,
    its_driver_is_sealed,
    a_reference_is_queued_once_for_its_caller,
    a_claim_holds_until_its_end,
    only_the_claim_that_holds_may_end_it,
    a_backlog_takes_no_more_than_its_share_of_a_claim,
    claims_go_round_the_companies,
    the_environments_are_queues_apart,
];

const CLAIM: SignedDuration = SignedDuration::from_mins(10);

pub(crate) fn recheck(store: &Store, reference: &str) -> Recheck {
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

/// How many wait in operations, and in development.
async fn waiting(store: &Store) -> [u64; 2] {
    let [operations, development] = [Environment::Operations, Environment::Development]
        .map(async |environment| store.rechecks_waiting(environment).await.unwrap());
    [operations.await, development.await]
}

async fn queue(store: &Store, new: &Recheck) {
    store.commit(Write::Recheck(new.clone())).await.unwrap();
}

async fn claim(store: &Store, now: Timestamp) -> Vec<(RecheckClaim, Recheck)> {
    let mut claimed = Vec::new();
    for environment in [Environment::Operations, Environment::Development] {
        claimed.extend(store.claim_rechecks(&terms(environment, now, 100)).await.unwrap());
    }
    claimed.sort_by_key(|(_, recheck)| recheck.id);
    claimed
}

fn terms(environment: Environment, now: Timestamp, limit: u32) -> ClaimTerms {
    ClaimTerms { environment, now, until: now + CLAIM, limit }
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
    assert_eq!(waiting(&store).await, [2, 1]);
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
    assert_eq!(waiting(&store).await, [0, 0]);
    store.close().await;
}

/// So many checks of a company, due before those that are queued later.
async fn queue_many(store: &Store, environment: Environment, company: i64, count: usize) {
    let one = |number| Recheck {
        company: AccountId(company),
        environment,
        ..recheck(store, &format!("{company}-{number}"))
    };
    let writes = (0..count).map(|number| Write::Recheck(one(number))).collect();
    store.commit(Write::Together(writes)).await.unwrap();
}

/// The companies of what is claimed, with how many of its checks each.
async fn claimed_of(store: &Store, environment: Environment, limit: u32) -> BTreeMap<i64, usize> {
    let mut companies = BTreeMap::new();
    for (_, recheck) in store.claim_rechecks(&terms(environment, now(), limit)).await.unwrap() {
        *companies.entry(recheck.company.0).or_default() += 1;
    }
    companies
}

async fn a_backlog_takes_no_more_than_its_share_of_a_claim(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    queue_many(&store, Environment::Operations, 1, 1_000).await;
    queue_many(&store, Environment::Operations, 2, 3).await;
    let first = claimed_of(&store, Environment::Operations, 16).await;
    assert_eq!(first, BTreeMap::from([(1, 8), (2, 3)]), "though the others' were due before");
    let second = claimed_of(&store, Environment::Operations, 16).await;
    assert_eq!(second, BTreeMap::from([(1, 16)]), "alone it gets all");
    store.close().await;
}

async fn claims_go_round_the_companies(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    for company in 1..=5 {
        queue_many(&store, Environment::Operations, company, 100).await;
    }
    let mut order = Vec::new();
    for _ in 0..4 {
        order.extend(claimed_of(&store, Environment::Operations, 2).await.into_keys());
    }
    assert_eq!(order, [1, 2, 3, 4, 1, 5, 2, 3], "the third claim has the last and the first");
    store.close().await;
}

async fn the_environments_are_queues_apart(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    queue_many(&store, Environment::Development, 1, 40).await;
    queue_many(&store, Environment::Operations, 1, 1).await;
    let of = [Environment::Operations, Environment::Development];
    assert_eq!(claimed_of(&store, of[0], 8).await, BTreeMap::from([(1, 1)]));
    assert_eq!(claimed_of(&store, of[1], 8).await, BTreeMap::from([(1, 8)]));
    for (environment, expected) in of.into_iter().zip([1, 25]) {
        let waiting = store.rechecks_waiting_of(environment, AccountId(1), 25).await;
        assert_eq!(waiting, Ok(expected), "{environment:?}, counted up to 25");
    }
    store.close().await;
}
