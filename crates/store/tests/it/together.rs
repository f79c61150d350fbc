//! Several writes as one: all of them or none.

use std::sync::Arc;

use rims_domain::{AccountId, Environment};
use rims_protocol::codes::SearchType;
use rims_protocol::values::IdempotencyKey;
use rims_store::{
    Constraint, KeyOwner, NewAnswer, NewEndpoint, NewVerification, Promotion, Store, StoreError, Write,
};
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use crate::fixture::{Fixture, audit_events, now, on_both_engines, verification};
use crate::samples::{
    COMPANY, LICENCE, all_of, check, confirmed, endpoint, event, message, reservation, waiting, with_remote,
};

on_both_engines![
    all_parts_are_stored,
    a_part_that_is_refused_leaves_nothing,
    a_refused_write_among_many_harms_no_other,
    wiping_empties_every_table,
];

/// What confirming a rental stores: verification, rental, answer, message and event.
fn parts(store: &Store, company: AccountId, sequence: u32) -> Vec<Write> {
    let rental = confirmed(store, now(), &format!("R26-{sequence:09}"));
    let told = message(store, company, now());
    vec![
        Write::Verifications { rows: vec![verification(store, now(), LICENCE)] },
        Write::Rental(rental),
        answer(store, company, &format!("key-{sequence}")),
        Write::Tell(told),
        Write::Audit(vec![event()]),
    ]
}

fn answer(store: &Store, account: AccountId, key: &str) -> Write {
    Write::Answer(NewAnswer {
        id: store.next_id(now()),
        owner: KeyOwner { account, environment: Environment::Operations },
        company: account,
        key: IdempotencyKey::parse(key).unwrap(),
        request: store.request_hash(b"{}"),
        at: now(),
        body: b"{}".to_vec(),
    })
}

/// A company with an endpoint.
async fn told(fixture: &Fixture, store: &Store) -> AccountId {
    let company = fixture.account(store, "s01").await.id;
    endpoint(store, company, "https://example.com/hook").await;
    company
}

/// Rows of each table that [`parts`] write to, the rentals that the daily counts know, and events.
async fn stored(fixture: &Fixture, store: &Store) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in ["verification", "rental", "number", "idempotency", "webhook_message"] {
        counts.push(fixture.count(table).await);
    }
    for search in [SearchType::RentStart, SearchType::RentEnd, SearchType::RentCreate] {
        counts.push(store.rental_page(&all_of(search)).await.unwrap().total);
    }
    counts.push(i64::try_from(audit_events(store).await).unwrap());
    counts
}

/// What is stored after `writes` more of [`parts`].
fn after(before: &[i64], writes: i64) -> Vec<i64> {
    let events_each = 2;
    let (events, rows) = before.split_last().unwrap();
    let rows = rows.iter().map(|count| count + writes);
    rows.chain([events + events_each * writes]).collect()
}

async fn all_parts_are_stored(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let company = told(&fixture, &store).await;
    let before = stored(&fixture, &store).await;
    store.commit(Write::Together(parts(&store, company, 1))).await.unwrap();
    assert_eq!(stored(&fixture, &store).await, after(&before, 1));

    let [two, three] = [2, 3].map(|sequence| Write::Together(parts(&store, company, sequence)));
    store.commit(Write::Together(vec![two, three, Write::Together(Vec::new())])).await.unwrap();
    assert_eq!(stored(&fixture, &store).await, after(&before, 3), "also one within another");
    store.commit(Write::Together(Vec::new())).await.unwrap();
    assert_eq!(stored(&fixture, &store).await, after(&before, 3));
    store.close().await;
}

/// Writes that are refused once [`parts`] 1 are stored, and why.
fn refused(store: &Store, taken: NewVerification) -> Vec<(Write, StoreError)> {
    let unique = || StoreError::Conflict(Constraint::Unique);
    let nothing = Promotion { company: COMPANY, rental: 404, one_way: None, check: check(now()) };
    let nobodys = NewEndpoint {
        id: store.next_id(now()),
        company: AccountId(404),
        url: "https://example.com".to_owned(),
        secret: Zeroizing::new("whsec-1".to_owned()),
        events: Vec::new(),
        at: now(),
    };
    vec![
        (Write::Promote(nothing), StoreError::Missing("pending rental")),
        (Write::Rental(confirmed(store, now(), "R26-000000001")), unique()),
        (Write::Verifications { rows: vec![taken] }, unique()),
        (Write::AddEndpoint { new: nobodys, audit: event() }, StoreError::Conflict(Constraint::Reference)),
    ]
}

async fn a_part_that_is_refused_leaves_nothing(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let company = told(&fixture, &store).await;
    let taken = verification(&store, now(), LICENCE);
    let mut first = parts(&store, company, 1);
    first[0] = Write::Verifications { rows: vec![taken.clone()] };
    store.commit(Write::Together(first)).await.unwrap();
    let before = stored(&fixture, &store).await;

    let mut refused = refused(&store, taken);
    let again = StoreError::Conflict(Constraint::Unique);
    refused.push((answer(&store, company, "key-1"), again));
    for (bad, reason) in refused {
        let what = format!("{bad:?}");
        let mut writes = parts(&store, company, 2);
        writes.push(bad);
        assert_eq!(store.commit(Write::Together(writes)).await, Err(reason), "{what}");
        assert_eq!(stored(&fixture, &store).await, before, "{what}");
    }
    store.commit(Write::Together(parts(&store, company, 2))).await.unwrap();
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;
}

async fn a_refused_write_among_many_harms_no_other(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let company = told(&fixture, &store).await;
    let before = stored(&fixture, &store).await;
    let mut tasks = JoinSet::new();
    for sequence in 1..=120 {
        let mut writes = parts(&store, company, sequence);
        let bad = Promotion { company: COMPANY, rental: 404, one_way: None, check: check(now()) };
        writes.extend((sequence % 4 == 0).then_some(Write::Promote(bad)));
        let store = store.clone();
        tasks.spawn(async move { (sequence, store.commit(Write::Together(writes)).await) });
    }
    for (sequence, result) in tasks.join_all().await {
        let expected = match sequence % 4 {
            0 => Err(StoreError::Missing("pending rental")),
            _ => Ok(()),
        };
        assert_eq!(result, expected, "write {sequence}");
    }
    assert_eq!(stored(&fixture, &store).await, after(&before, 90));
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;
}

async fn wiping_empties_every_table(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let company = told(&fixture, &store).await;
    store.commit(Write::Together(parts(&store, company, 1))).await.unwrap();
    store.commit(with_remote(&store, waiting(&store, now(), "R26-000000002"))).await.unwrap();
    let reservation = reservation(&store, now(), "R26-000000003");
    store.commit(Write::Reservation(reservation)).await.unwrap();
    assert_eq!(store.claim_chore("retention", now(), now()).await, Ok(true));

    store.wipe().await.unwrap();
    for table in ["reservation", "remote", "history_count", "webhook_endpoint", "chore", "audit_chain"] {
        assert_eq!(fixture.count(table).await, 0, "{table}");
    }
    assert_eq!(stored(&fixture, &store).await, [0; 9]);
    let company = told(&fixture, &store).await;
    store.commit(Write::Together(parts(&store, company, 1))).await.unwrap();
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;
}
