//! The grace of a vehicle that is not the company's (§3.3).

use std::sync::Arc;

use jiff::Timestamp;
use rims_domain::vehicle::Sighting;
use rims_domain::{AccountId, Environment};
use rims_protocol::values::Plate;
use rims_store::{NewVerification, Store, Write};

use crate::fixture::{Fixture, at, on_both_engines, plate, store_verifications, verification};

on_both_engines![
    a_grace_starts_once_and_ends_with_a_match,
    graces_are_per_company_environment_and_plate,
    one_group_keeps_the_order_of_its_sightings,
    a_vehicle_may_be_seen_without_a_verification,
    another_spelling_of_a_plate_starts_no_second_grace,
];

const PLATE: &str = "12하1234";

fn seen(store: &Store, moment: Timestamp, sighting: Sighting) -> NewVerification {
    NewVerification { vehicle: plate(PLATE), sighting, ..verification(store, moment, "221212121212") }
}

async fn started(store: &Store, company: i64, environment: Environment, text: &str) -> Option<Timestamp> {
    let plate = Plate::parse(text).unwrap();
    store.grace_started(AccountId(company), environment, &plate).await.unwrap()
}

async fn a_grace_starts_once_and_ends_with_a_match(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let (first, second) = (at("2026-03-01T00:00:00Z"), at("2026-03-05T00:00:00Z"));
    let grace = || started(&store, 1, Environment::Development, PLATE);
    store_verifications(&store, vec![seen(&store, first, Sighting::None)]).await;
    assert_eq!(grace().await, None);
    store_verifications(&store, vec![seen(&store, first, Sighting::Unmatched)]).await;
    store_verifications(&store, vec![seen(&store, second, Sighting::Unmatched)]).await;
    assert_eq!(grace().await, Some(first), "the first sighting counts");
    store_verifications(&store, vec![seen(&store, second, Sighting::Matched)]).await;
    assert_eq!(grace().await, None);
    store_verifications(&store, vec![seen(&store, second, Sighting::Unmatched)]).await;
    assert_eq!(grace().await, Some(second));
    store.close().await;
}

async fn graces_are_per_company_environment_and_plate(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let moment = at("2026-03-01T00:00:00Z");
    store_verifications(&store, vec![seen(&store, moment, Sighting::Unmatched)]).await;
    assert_eq!(started(&store, 1, Environment::Development, PLATE).await, Some(moment));
    assert_eq!(started(&store, 2, Environment::Development, PLATE).await, None);
    assert_eq!(started(&store, 1, Environment::Operations, PLATE).await, None);
    assert_eq!(started(&store, 1, Environment::Development, "12하1235").await, None);
    store.close().await;
}

async fn one_group_keeps_the_order_of_its_sightings(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let (first, second) = (at("2026-03-01T00:00:00Z"), at("2026-03-05T00:00:00Z"));
    let rows = vec![
        seen(&store, first, Sighting::Unmatched),
        seen(&store, first, Sighting::Matched),
        seen(&store, second, Sighting::Unmatched),
        seen(&store, second, Sighting::Unmatched),
    ];
    store_verifications(&store, rows).await;
    assert_eq!(started(&store, 1, Environment::Development, PLATE).await, Some(second));
    let rows = vec![seen(&store, second, Sighting::Unmatched), seen(&store, second, Sighting::Matched)];
    store_verifications(&store, rows).await;
    assert_eq!(started(&store, 1, Environment::Development, PLATE).await, None);
    store.close().await;
}

async fn a_vehicle_may_be_seen_without_a_verification(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let (first, second) = (at("2026-03-01T00:00:00Z"), at("2026-03-05T00:00:00Z"));
    for (moment, sighting, running) in [
        (first, Sighting::None, None),
        (first, Sighting::Unmatched, Some(first)),
        (second, Sighting::Unmatched, Some(first)),
        (second, Sighting::Matched, None),
        (second, Sighting::Unmatched, Some(second)),
    ] {
        let (company, environment) = (AccountId(1), Environment::Development);
        let plate = Plate::parse(PLATE).unwrap();
        store.commit(Write::Sighting { company, environment, plate, at: moment, sighting }).await.unwrap();
        assert_eq!(started(&store, 1, environment, PLATE).await, running, "{sighting:?}");
    }
    assert_eq!(fixture.count("verification").await, 0);
    store.close().await;
}

async fn another_spelling_of_a_plate_starts_no_second_grace(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let (first, second) = (at("2026-03-01T00:00:00Z"), at("2026-03-05T00:00:00Z"));
    let spellings = ["12하1234", "12하 1234", "１２하-１２３４", "12\u{1112}\u{1161}1234"];
    let row = |moment, text: &str, sighting| NewVerification {
        vehicle: plate(text),
        ..seen(&store, moment, sighting)
    };
    store_verifications(&store, vec![row(first, spellings[0], Sighting::Unmatched)]).await;
    let rows = spellings.map(|text| row(second, text, Sighting::Unmatched));
    store_verifications(&store, rows.into()).await;
    assert_eq!(fixture.count("vehicle_grace").await, 1);
    for text in spellings {
        assert_eq!(started(&store, 1, Environment::Development, text).await, Some(first), "{text}");
    }
    store_verifications(&store, vec![row(second, spellings[2], Sighting::Matched)]).await;
    assert_eq!(started(&store, 1, Environment::Development, spellings[0]).await, None);
    store.close().await;
}
