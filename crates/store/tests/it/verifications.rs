//! Verifications and the look-ups of them.

use std::sync::Arc;

use jiff::SignedDuration;
use rims_domain::{AccountId, AuditAction, Environment, VehicleIdentity};
use rims_protocol::Sector;
use rims_protocol::codes::{ApiType, LicenceClass, ResultCode};
use rims_protocol::values::{DeviceId, PersonName, Vehicle};
use rims_store::{Channel, NewVerification, Store, Subject, VerificationRecord, Write};

use crate::fixture::{
    Fixture, at, audit, audit_events, licence, now, on_both_engines, store_verifications, verification,
};

on_both_engines![
    a_verification_comes_back_as_it_was,
    a_batch_of_a_thousand_keeps_its_order,
    every_size_of_a_batch_is_stored,
    companies_and_environments_are_kept_apart,
    licences_are_found_across_buckets,
    ids_increase_across_a_restart_with_an_earlier_clock,
];

/// What is read of a verification.
pub(crate) fn as_stored(new: &NewVerification) -> VerificationRecord {
    let new = new.clone();
    VerificationRecord {
        id: new.id,
        at: new.at,
        company: new.company,
        caller: new.caller,
        environment: new.environment,
        sector: new.sector,
        channel: new.channel,
        licence: new.licence,
        name: new.name,
        class: new.class,
        period: new.period,
        vehicle: new.vehicle,
        api_type: new.api_type,
        code: new.code,
        temporary: new.temporary,
        identity: new.identity,
    }
}

async fn a_verification_comes_back_as_it_was(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    // Verifications that follow others are committed in another way than the first.
    let (first, second) = (each_kind(&store), each_kind(&store));
    store_verifications(&store, first.clone()).await;
    store_verifications(&store, second.clone()).await;
    let mut found = store.verifications_of(AccountId(1), Environment::Development, 10).await.unwrap();
    found.reverse();
    assert_eq!(found, first.iter().chain(&second).map(as_stored).collect::<Vec<_>>());
    store.close().await;
}

fn each_kind(store: &Store) -> Vec<NewVerification> {
    let plain = verification(store, now(), "221212121212");
    let full = NewVerification {
        environment: Environment::Development,
        sector: Sector::General,
        channel: Channel::Batch,
        name: PersonName::parse("김철수, \"이\" 😀").unwrap(),
        class: LicenceClass::Class2Moped,
        vehicle: Vehicle::Device(DeviceId::parse("PM-000001").unwrap()),
        api_type: Some(ApiType::BatchPetTaxi),
        code: ResultCode::parse("77").unwrap(),
        temporary: true,
        identity: Some(VehicleIdentity::Unconfirmed),
        ..verification(store, now(), "000000000001")
    };
    let bare = NewVerification {
        vehicle: Vehicle::None,
        code: ResultCode::parse("01").unwrap(),
        identity: Some(VehicleIdentity::Confirmed),
        ..verification(store, now(), "221212121212")
    };
    vec![plain, full, bare]
}

async fn a_batch_of_a_thousand_keeps_its_order(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let rows: Vec<_> =
        (0..1_000).map(|number| verification(&store, now(), &format!("{number:012}"))).collect();
    store_verifications(&store, rows.clone()).await;
    let mut found = store.verifications_of(AccountId(1), Environment::Development, 1_000).await.unwrap();
    found.reverse();
    assert_eq!(found, rows.iter().map(as_stored).collect::<Vec<_>>());
    let newest = store.verifications_of(AccountId(1), Environment::Development, 2).await.unwrap();
    assert_eq!(newest.len(), 2);
    assert_eq!(newest[0].id, rows[999].id);
    store.close().await;
}

async fn every_size_of_a_batch_is_stored(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let (mut expected, mut events) = (0, 0);
    for size in [1, 2, 3, 5, 16, 17, 255, 256, 257, 1_024, 1_025] {
        let rows = || (0..size).map(|_| verification(&store, now(), "221212121212")).collect();
        store_verifications(&store, rows()).await;
        let event = Write::Audit(vec![audit(AuditAction::AnomalyView, Subject::None)]);
        store.commit(Write::Together(vec![Write::Verifications { rows: rows() }, event])).await.unwrap();
        expected += 2 * size;
        events += 2 * size + 1;
        assert_eq!(fixture.count("verification").await, expected);
    }
    assert_eq!(audit_events(&store).await, usize::try_from(events).unwrap());
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;
}

async fn companies_and_environments_are_kept_apart(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mine = verification(&store, now(), "221212121212");
    let theirs = NewVerification { company: AccountId(9), ..verification(&store, now(), "221212121212") };
    let real = NewVerification {
        environment: Environment::Operations,
        ..verification(&store, now(), "221212121212")
    };
    store_verifications(&store, vec![mine.clone(), theirs.clone(), real.clone()]).await;
    for (company, environment, expected) in [
        (1, Environment::Development, vec![&mine]),
        (9, Environment::Development, vec![&theirs]),
        (1, Environment::Operations, vec![&real]),
        (9, Environment::Operations, vec![]),
    ] {
        let found = store.verifications_of(AccountId(company), environment, 10).await.unwrap();
        let expected: Vec<_> = expected.into_iter().map(as_stored).collect();
        assert_eq!(found, expected);
    }
    store.close().await;
}

async fn licences_are_found_across_buckets(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let start = at("2026-01-01T00:00:00Z");
    let day = |number: i64| start + SignedDuration::from_hours(24 * number);
    let mut rows = Vec::new();
    for number in 0..40 {
        rows.push(verification(&store, day(number), "221212121212"));
        rows.push(verification(&store, day(number), "221212121213"));
    }
    store_verifications(&store, rows).await;
    for (since, until) in [(0, 39), (7, 14), (10, 10), (12, 13), (30, 60)] {
        let found =
            store.verifications_by_licence(&licence("221212121212"), day(since), day(until)).await.unwrap();
        let days: Vec<_> = found.iter().map(|record| record.at).collect();
        let expected: Vec<_> = (since..=until.min(39)).rev().map(day).collect();
        assert_eq!(days, expected, "{since} to {until}");
        assert!(found.iter().all(|record| record.licence.as_str() == "221212121212"));
    }
    let nobody = store.verifications_by_licence(&licence("999999999999"), day(0), day(39)).await;
    assert_eq!(nobody.unwrap(), []);
    store.close().await;
}

async fn ids_increase_across_a_restart_with_an_earlier_clock(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let (early, late) = (at("2026-01-01T00:00:00Z"), at("2026-06-01T00:00:00Z"));
    let last = verification(&store, late, "221212121212");
    let last_id = last.id;
    assert!(store.next_id(early) > last_id);
    store_verifications(&store, vec![last]).await;
    store.close().await;

    // What is written last is not what has the latest id.
    let store = fixture.store().await;
    let ahead = store.next_id(early);
    assert!(ahead > last_id);
    store_verifications(&store, vec![verification(&store, early, "221212121213")]).await;
    store.close().await;

    let store = fixture.store().await;
    assert!(store.next_id(early) > ahead);
    store.close().await;
}
