//! Answers that an idempotency key gives again.

use std::sync::Arc;

use jiff::Timestamp;
use rims_domain::idempotency::LIFETIME;
use rims_domain::{AccountId, Environment};
use rims_protocol::values::IdempotencyKey;
use rims_store::{AnswerRecord, Constraint, KeyOwner, NewAnswer, Store, StoreError, Write};
use tokio::task::JoinSet;

use crate::fixture::{Fixture, contains, now, on_both_engines};
use crate::samples::{COMPANY, milliseconds};

on_both_engines![
    an_answer_comes_back,
    a_long_answer_takes_less_and_comes_back,
    a_key_is_answered_once_a_day,
    keys_of_other_accounts_and_other_keys_are_independent,
    an_accounts_environments_are_apart,
    of_many_requests_with_one_key_one_is_stored,
    keys_and_answers_are_sealed,
];

const KEY: &str = "8e03978e-40d5-43dd-bc93-6894a57f9324";
const BODY: &str = "{\"f_resident_name\":\"홍*동\"}";

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::parse(text).unwrap()
}

fn answer(store: &Store, moment: Timestamp, body: &str) -> NewAnswer {
    NewAnswer {
        id: store.next_id(moment),
        owner: owner(COMPANY),
        company: AccountId(77),
        key: key(KEY),
        request: store.request_hash(body.as_bytes()),
        at: moment,
        body: body.into(),
    }
}

fn owner(account: AccountId) -> KeyOwner {
    KeyOwner { account, environment: Environment::Operations }
}

fn record(new: &NewAnswer) -> AnswerRecord {
    let NewAnswer { id, company, request, at, .. } = *new;
    AnswerRecord { id, company, request, at, body: new.body.clone() }
}

async fn found(store: &Store, account: AccountId, text: &str) -> Option<AnswerRecord> {
    store.answer(owner(account), &key(text)).await.unwrap()
}

async fn an_answer_comes_back(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    assert_eq!(found(&store, COMPANY, KEY).await, None);
    let new = answer(&store, now(), BODY);
    store.commit(Write::Answer(new.clone())).await.unwrap();
    assert_eq!(found(&store, COMPANY, KEY).await, Some(record(&new)));
    store.close().await;

    let store = fixture.store().await;
    let read = found(&store, COMPANY, KEY).await.unwrap();
    assert_eq!(read, record(&new), "also after a restart");
    assert!(read.request == store.request_hash(BODY.as_bytes()), "the hash stays the same");
    assert!(read.request != store.request_hash(b"{}"));
    assert!(read.request != store.request_hash(b"another request"));
    store.close().await;
}

async fn a_long_answer_takes_less_and_comes_back(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let body = format!("[{}]", [BODY; 1000].join(","));
    let new = answer(&store, now(), &body);
    store.commit(Write::Answer(new.clone())).await.unwrap();
    let stored = fixture.blobs("SELECT answer FROM idempotency").await.concat();
    assert!(!stored.is_empty() && stored.len() * 3 < body.len(), "{} of {}", stored.len(), body.len());
    assert_eq!(found(&store, COMPANY, KEY).await, Some(record(&new)));
    store.close().await;
}

async fn a_key_is_answered_once_a_day(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let first = answer(&store, now(), BODY);
    store.commit(Write::Answer(first.clone())).await.unwrap();
    for moment in [now(), now() + LIFETIME - milliseconds(1)] {
        let again = store.commit(Write::Answer(answer(&store, moment, "{}"))).await;
        assert_eq!(again, Err(StoreError::Conflict(Constraint::Unique)));
        assert_eq!(found(&store, COMPANY, KEY).await, Some(record(&first)));
    }
    let next = answer(&store, now() + LIFETIME, "{}");
    store.commit(Write::Answer(next.clone())).await.unwrap();
    assert_eq!(found(&store, COMPANY, KEY).await, Some(record(&next)), "a day later it is another's");
    assert_eq!(fixture.count("idempotency").await, 1);
    store.close().await;
}

async fn keys_of_other_accounts_and_other_keys_are_independent(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let first = answer(&store, now(), BODY);
    let others = NewAnswer { owner: owner(AccountId(2)), ..answer(&store, now(), "{\"a\":1}") };
    let upper = NewAnswer { key: key(&KEY.to_uppercase()), ..answer(&store, now(), "{\"a\":2}") };
    for new in [&first, &others, &upper] {
        store.commit(Write::Answer(new.clone())).await.unwrap();
    }
    assert_eq!(found(&store, COMPANY, KEY).await, Some(record(&first)));
    assert_eq!(found(&store, AccountId(2), KEY).await, Some(record(&others)));
    assert_eq!(found(&store, COMPANY, &KEY.to_uppercase()).await, Some(record(&upper)));
    assert_eq!(found(&store, AccountId(3), KEY).await, None);
    store.close().await;
}

async fn an_accounts_environments_are_apart(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let owners = [Environment::Development, Environment::Operations]
        .map(|environment| KeyOwner { account: COMPANY, environment });
    let answers = owners.map(|owner| NewAnswer { owner, ..answer(&store, now(), &format!("{owner:?}")) });
    for (place, new) in answers.iter().enumerate() {
        let other = store.answer(owners[1], &key(KEY)).await.unwrap();
        assert_eq!(other, None, "before the {place}th answer");
        store.commit(Write::Answer(new.clone())).await.unwrap();
    }
    for new in &answers {
        assert_eq!(store.answer(new.owner, &key(KEY)).await.unwrap(), Some(record(new)));
    }
    store.close().await;
}

async fn of_many_requests_with_one_key_one_is_stored(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mut tasks = JoinSet::new();
    for number in 0..50 {
        let new = answer(&store, now(), &format!("{{\"number\":{number}}}"));
        let store = store.clone();
        tasks.spawn(async move { (record(&new), store.commit(Write::Answer(new)).await) });
    }
    let (stored, refused): (Vec<_>, Vec<_>) =
        tasks.join_all().await.into_iter().partition(|(_, result)| result.is_ok());
    let unique = StoreError::Conflict(Constraint::Unique);
    assert!(refused.iter().all(|(_, result)| *result == Err(unique.clone())));
    let [(winner, _)] = &stored[..] else { panic!("{} were stored", stored.len()) };
    assert_eq!(found(&store, COMPANY, KEY).await.as_ref(), Some(winner));
    store.close().await;
}

async fn keys_and_answers_are_sealed(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let new = answer(&store, now(), BODY);
    store.commit(Write::Answer(new.clone())).await.unwrap();
    for column in ["answer", "key_hash", "request_hash"] {
        let bytes = fixture.blobs(&format!("SELECT {column} FROM idempotency")).await.concat();
        assert!(bytes.len() >= 16, "the search itself works");
        assert!(!contains(&bytes, BODY) && !contains(&bytes, KEY), "{column}");
    }
    for shown in [format!("{new:?}"), format!("{:?}", record(&new))] {
        assert!(!shown.contains("홍") && !shown.contains(KEY), "{shown}");
    }
    store.close().await;
}
