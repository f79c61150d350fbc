//! Webhooks: endpoints, and the outbox of what they are told.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rims_domain::{AccountId, Environment};
use rims_store::{
    ClaimTerms, Delivery, DeliveryEnd, EndpointRecord, MessageLane, MessageRecord, NewMessage, Options,
    Replay, Store, StoreError, Write,
};
use tokio::task::JoinSet;

use crate::fixture::{Fixture, contains, now, on_both_engines, run};
use crate::samples::{endpoint, event, message, milliseconds};

on_both_engines![
    a_message_reaches_every_enabled_endpoint_of_its_company,
    a_delivery_has_all_that_it_needs,
    what_is_due_longest_is_claimed_first_and_in_order,
    a_claim_holds_until_its_end,
    an_attempt_ends_only_under_its_claim,
    attempts_are_repeated_until_delivered_or_given_up,
    a_disabled_endpoint_is_sent_nothing_more,
    one_message_is_sent_once_more,
    messages_that_were_given_up_are_sent_once_more,
    secrets_are_sealed,
    one_that_cannot_be_read_holds_no_other_up,
    endpoints_with_something_due_come_in_turn,
    two_messages_of_both_environments_are_under_way_to_an_endpoint,
    what_waits_can_be_set_back,
    an_endpoint_that_takes_nothing_does_not_fill_the_database,
];

const URL: &str = "https://example.com/hook";
/// How long a claim lasts here.
const CLAIM: SignedDuration = SignedDuration::from_mins(1);

async fn tell(store: &Store, message: NewMessage) {
    store.commit(Write::Tell(message)).await.unwrap();
}

async fn claim(store: &Store, now: Timestamp) -> Vec<Delivery> {
    claim_some(store, now, 100).await
}

/// What is due at every endpoint, so many of each at most, in the order of messages.
async fn claim_some(store: &Store, now: Timestamp, limit: u32) -> Vec<Delivery> {
    let (environment, until) = (Environment::Operations, now + CLAIM);
    let terms = ClaimTerms { environment, now, until, limit };
    let mut claimed = Vec::new();
    for lane in store.due_endpoints(environment, now, 100).await.unwrap() {
        claimed.extend(store.claim_messages(lane, &terms).await.unwrap());
    }
    claimed.sort_by_key(|delivery| (delivery.message, delivery.endpoint));
    claimed
}

/// The endpoints and messages of deliveries.
fn places(deliveries: &[Delivery]) -> Vec<(i64, i64)> {
    deliveries.iter().map(|delivery| (delivery.message, delivery.endpoint)).collect()
}

async fn end(store: &Store, of: &Delivery, end: DeliveryEnd) {
    let Delivery { message, endpoint, token, .. } = *of;
    store.commit(Write::Delivery { message, endpoint, token, end }).await.unwrap();
}

fn failed(due: Option<Timestamp>) -> DeliveryEnd {
    DeliveryEnd::Failed { failure: "HTTP 500".to_owned(), due }
}

async fn disable(store: &Store, endpoint: i64) -> Result<(), StoreError> {
    store.commit(Write::DisableEndpoint { endpoint, audit: event() }).await
}

async fn replay(store: &Store, endpoint: i64, what: Replay) -> Result<(), StoreError> {
    store.commit(Write::Replay { endpoint, what, audit: event() }).await
}

/// A message that nobody has tried to deliver.
fn record(new: &NewMessage, endpoint: i64) -> MessageRecord {
    MessageRecord {
        id: new.id,
        endpoint,
        at: new.at,
        kind: new.kind.to_owned(),
        attempts: 0,
        due: Some(new.at),
        delivered: None,
        failure: None,
    }
}

/// A company with one endpoint that was told one thing.
async fn one_message(fixture: &Fixture, store: &Store) -> (i64, NewMessage) {
    let company = fixture.account(store, "s01").await.id;
    let endpoint = endpoint(store, company, URL).await;
    let new = message(store, company, now());
    tell(store, new.clone()).await;
    (endpoint, new)
}

async fn only(store: &Store, endpoint: i64) -> MessageRecord {
    let messages = store.messages(endpoint, 10).await.unwrap();
    let [message] = &messages[..] else { panic!("{messages:?}") };
    message.clone()
}

async fn a_message_reaches_every_enabled_endpoint_of_its_company(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let company = fixture.account(&store, "s01").await.id;
    let other = fixture.account(&store, "s02").await.id;
    let first = endpoint(&store, company, URL).await;
    let off = endpoint(&store, company, "https://example.com/old").await;
    let second = endpoint(&store, company, "https://example.com/other").await;
    let others = endpoint(&store, other, URL).await;
    disable(&store, off).await.unwrap();
    let new = message(&store, company, now());
    tell(&store, new.clone()).await;
    let late = endpoint(&store, company, "https://example.com/late").await;

    assert_eq!(places(&claim(&store, now()).await), [(new.id, first), (new.id, second)]);
    for (endpoint, messages) in [(first, 1), (off, 0), (second, 1), (others, 0), (late, 0)] {
        assert_eq!(store.messages(endpoint, 10).await.unwrap().len(), messages);
    }
    let listed = store.endpoints(company).await.unwrap();
    assert_eq!(listed.iter().map(|endpoint| endpoint.id).collect::<Vec<_>>(), [first, off, second, late]);
    let url = "https://example.com/old".to_owned();
    let disabled =
        EndpointRecord { id: off, company, url, events: Vec::new(), created: now(), disabled: Some(now()) };
    assert_eq!(listed[1], disabled);
    assert_eq!((listed[0].disabled, listed[0].url.as_str()), (None, URL));
    assert_eq!(store.endpoints(AccountId(404)).await, Ok(vec![]));
    tell(&store, message(&store, AccountId(404), now())).await;
    assert_eq!(fixture.count("webhook_message").await, 2, "nobody to tell is no error");
    store.close().await;
}

async fn a_delivery_has_all_that_it_needs(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let (endpoint, new) = one_message(&fixture, &store).await;
    assert_eq!(only(&store, endpoint).await, record(&new, endpoint));
    assert!(claim(&store, now() - milliseconds(1)).await.is_empty(), "not before it happened");
    let claimed = claim(&store, now()).await;
    let [delivery] = &claimed[..] else { panic!("{claimed:?}") };
    assert_eq!((delivery.message, delivery.endpoint, delivery.at), (new.id, endpoint, new.at));
    assert_eq!((delivery.kind.as_str(), &delivery.body, delivery.attempts), (new.kind, &new.body, 0));
    assert_eq!((delivery.url.as_str(), delivery.secret.as_str()), (URL, &*format!("whsec-{URL}")));
    assert!(!format!("{delivery:?}").contains("whsec"), "Debug shows no secret");
    store.close().await;
}

async fn what_is_due_longest_is_claimed_first_and_in_order(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let company = fixture.account(&store, "s01").await.id;
    let endpoint = endpoint(&store, company, URL).await;
    let moments = [5, 1, 4, 2, 3].map(|count| now() + milliseconds(count));
    let news = moments.map(|moment| message(&store, company, moment));
    for new in &news {
        tell(&store, new.clone()).await;
    }
    let claimed = async |now, limit| {
        let deliveries = claim_some(&store, now, limit).await;
        deliveries.iter().map(|delivery| delivery.at).collect::<Vec<_>>()
    };
    assert_eq!(claimed(moments[4], 2).await, [moments[1], moments[3]]);
    assert_eq!(claimed(moments[0], 4).await, [moments[2], moments[4]], "in the order they were told");
    assert_eq!(claimed(moments[0], 5).await, [moments[0]]);
    let newest: Vec<_> = store.messages(endpoint, 2).await.unwrap().iter().map(|one| one.id).collect();
    assert_eq!(newest, [news[4].id, news[3].id], "for administrators the newest first");
    store.close().await;
}

async fn a_claim_holds_until_its_end(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    one_message(&fixture, &store).await;
    let first = claim(&store, now()).await;
    for now in [now(), now() + CLAIM - milliseconds(1)] {
        assert!(claim(&store, now).await.is_empty(), "the first claim holds");
    }
    let second = claim(&store, now() + CLAIM).await;
    assert_eq!(places(&first), places(&second));
    assert_ne!(first[0].token, second[0].token);
    store.close().await;
}

async fn an_attempt_ends_only_under_its_claim(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let (endpoint, _) = one_message(&fixture, &store).await;
    let lost = claim(&store, now()).await;
    let held = claim(&store, now() + CLAIM).await;
    let before = only(&store, endpoint).await;
    end(&store, &lost[0], DeliveryEnd::Delivered { at: now() }).await;
    end(&store, &lost[0], failed(None)).await;
    assert_eq!(only(&store, endpoint).await, before);
    end(&store, &held[0], DeliveryEnd::Delivered { at: now() }).await;
    end(&store, &held[0], failed(Some(now()))).await;
    assert_eq!(only(&store, endpoint).await.delivered, Some(now()), "an attempt ends once");
    store.close().await;
}

async fn attempts_are_repeated_until_delivered_or_given_up(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let (endpoint, new) = one_message(&fixture, &store).await;
    let retry = now() + SignedDuration::from_secs(30);
    let claimed = claim(&store, now()).await;
    end(&store, &claimed[0], failed(Some(retry))).await;
    let failure = Some("HTTP 500".to_owned());
    let mut expected = MessageRecord { attempts: 1, due: Some(retry), failure, ..record(&new, endpoint) };
    assert_eq!(only(&store, endpoint).await, expected);

    assert!(claim(&store, retry - milliseconds(1)).await.is_empty());
    let claimed = claim(&store, retry).await;
    assert_eq!(claimed[0].attempts, 1);
    end(&store, &claimed[0], failed(None)).await;
    (expected.attempts, expected.due) = (2, None);
    assert_eq!(only(&store, endpoint).await, expected, "given up");
    assert!(claim(&store, retry + CLAIM).await.is_empty());

    replay(&store, endpoint, Replay::Message(new.id)).await.unwrap();
    let claimed = claim(&store, retry).await;
    end(&store, &claimed[0], DeliveryEnd::Delivered { at: retry }).await;
    let delivered =
        MessageRecord { attempts: 1, due: None, delivered: Some(retry), ..record(&new, endpoint) };
    assert_eq!(only(&store, endpoint).await, delivered);
    assert!(claim(&store, retry + CLAIM).await.is_empty());
    store.close().await;
}

async fn a_disabled_endpoint_is_sent_nothing_more(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let (off, new) = one_message(&fixture, &store).await;
    let claimed = claim(&store, now()).await;
    tell(&store, message(&store, new.company, now())).await;
    let stays = endpoint(&store, new.company, URL).await;
    let last = message(&store, new.company, now());
    tell(&store, last.clone()).await;
    disable(&store, off).await.unwrap();

    assert_eq!(places(&claim(&store, now()).await), [(last.id, stays)]);
    end(&store, &claimed[0], failed(Some(now()))).await;
    let settled = store.messages(off, 10).await.unwrap();
    assert_eq!(settled.len(), 3);
    assert!(settled.iter().all(|message| message.due.is_none() && message.attempts == 0));
    assert_eq!(disable(&store, off).await, Err(StoreError::Missing("enabled webhook")));

    let refused = Err(StoreError::Missing("message of an enabled webhook"));
    assert_eq!(replay(&store, off, Replay::Message(new.id)).await, refused);
    assert_eq!(replay(&store, off, Replay::Failed).await, Ok(()));
    assert!(store.messages(off, 10).await.unwrap().iter().all(|message| message.due.is_none()));
    store.close().await;
}

async fn one_message_is_sent_once_more(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let (endpoint, new) = one_message(&fixture, &store).await;
    let delivered = claim(&store, now()).await;
    end(&store, &delivered[0], DeliveryEnd::Delivered { at: now() }).await;
    let refused = Err(StoreError::Missing("message of an enabled webhook"));
    assert_eq!(replay(&store, endpoint, Replay::Message(404)).await, refused);
    assert!(claim(&store, now()).await.is_empty());
    replay(&store, endpoint, Replay::Message(new.id)).await.unwrap();
    assert_eq!(only(&store, endpoint).await, record(&new, endpoint));
    assert_eq!(places(&claim(&store, now()).await), [(new.id, endpoint)]);
    store.close().await;
}

async fn messages_that_were_given_up_are_sent_once_more(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let (endpoint, first) = one_message(&fixture, &store).await;
    let mut news = vec![first];
    for _ in 0..3 {
        let new = message(&store, news[0].company, now());
        tell(&store, new.clone()).await;
        news.push(new);
    }
    let later = now() + CLAIM;
    let claimed = claim(&store, now()).await;
    end(&store, &claimed[0], failed(None)).await;
    end(&store, &claimed[1], DeliveryEnd::Delivered { at: now() }).await;
    end(&store, &claimed[2], failed(Some(later))).await;
    end(&store, &claimed[3], failed(None)).await;
    replay(&store, endpoint, Replay::Failed).await.unwrap();
    let again = [(news[0].id, endpoint), (news[3].id, endpoint)];
    assert_eq!(places(&claim(&store, now()).await), again);
    store.close().await;
}

async fn secrets_are_sealed(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    one_message(&fixture, &store).await;
    let sealed = fixture.blobs("SELECT secret FROM webhook_endpoint").await.concat();
    assert!(sealed.len() > URL.len() && !contains(&sealed, "whsec") && !contains(&sealed, URL));
    store.close().await;
}

async fn two_servers_claim(fixture: Arc<Fixture>) {
    let first = fixture.store().await;
    let options = Options { node: 1, ..fixture.options() };
    let second = Store::open(&options, &fixture.keys).await.unwrap();
    let company = fixture.account(&first, "s01").await.id;
    for _ in 0..2 {
        endpoint(&first, company, URL).await;
    }
    let messages = (0..150).map(|_| Write::Tell(message(&first, company, now())));
    first.commit(Write::Together(messages.collect())).await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        for store in [first.clone(), second.clone()] {
            tasks.spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let claimed = claim_some(&store, now(), 20).await;
                    assert!(claimed.len() <= 40, "of two endpoints");
                    if claimed.is_empty() {
                        return mine;
                    }
                    mine.extend(places(&claimed));
                    for delivery in &claimed {
                        end(&store, delivery, DeliveryEnd::Delivered { at: now() }).await;
                    }
                }
            });
        }
    }
    let claimed = tasks.join_all().await.concat();
    assert_eq!(claimed.len(), 300, "none twice");
    assert_eq!(BTreeSet::from_iter(claimed).len(), 300, "all of them");
    first.close().await;
    second.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_share_what_is_due_without_overlap() {
    run(Fixture::postgres().await, two_servers_claim).await;
}

async fn one_that_cannot_be_read_holds_no_other_up(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let company = fixture.account(&store, "s01").await.id;
    let broken = endpoint(&store, company, URL).await;
    let whole = endpoint(&store, company, "https://example.com/other").await;
    let new = message(&store, company, now());
    tell(&store, new.clone()).await;
    // A secret can be opened in its own row only.
    let copy = format!("(SELECT secret FROM webhook_endpoint WHERE id = {whole})");
    fixture.execute(&format!("UPDATE webhook_endpoint SET secret = {copy} WHERE id = {broken}")).await;
    assert_eq!(places(&claim(&store, now()).await), [(new.id, whole)]);
    assert!(claim(&store, now()).await.is_empty(), "it is tried again when its claim has ended");
    assert_eq!(places(&claim(&store, now() + CLAIM).await), [(new.id, whole)]);
    store.close().await;
}

async fn endpoints_with_something_due_come_in_turn(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let company = fixture.account(&store, "s01").await.id;
    let mut endpoints = Vec::new();
    for _ in 0..3 {
        endpoints.push(endpoint(&store, company, URL).await);
    }
    for moment in [now(), now() + milliseconds(1)] {
        tell(&store, message(&store, company, moment)).await;
    }
    let due = async |environment, now| {
        let lanes = store.due_endpoints(environment, now, 2).await.unwrap();
        lanes.into_iter().map(|lane| lane.endpoint).collect::<Vec<_>>()
    };
    let operations = Environment::Operations;
    assert_eq!(due(operations, now() - milliseconds(1)).await, [0; 0]);
    assert_eq!(due(operations, now()).await, endpoints[..2]);
    assert_eq!(due(operations, now()).await, [endpoints[2], endpoints[0]]);
    assert_eq!(due(Environment::Development, now()).await, [0; 0]);
    store.close().await;
}

async fn two_messages_of_both_environments_are_under_way_to_an_endpoint(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let company = fixture.account(&store, "s01").await.id;
    let endpoint = endpoint(&store, company, URL).await;
    for environment in [Environment::Operations, Environment::Development, Environment::Operations] {
        tell(&store, NewMessage { environment, ..message(&store, company, now()) }).await;
    }
    let claim = async |environment| {
        let until = now() + CLAIM;
        let terms = ClaimTerms { environment, now: now(), until, limit: 2 };
        store.claim_messages(MessageLane { environment, endpoint }, &terms).await.unwrap()
    };
    let development = claim(Environment::Development).await;
    assert_eq!((development.len(), development[0].environment), (1, Environment::Development));
    assert_eq!(claim(Environment::Operations).await.len(), 1, "and one of development");
    assert_eq!(claim(Environment::Operations).await.len(), 0);
    end(&store, &development[0], DeliveryEnd::Delivered { at: now() }).await;
    assert_eq!(claim(Environment::Operations).await.len(), 1);
    store.close().await;
}

async fn what_waits_can_be_set_back(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let company = fixture.account(&store, "s01").await.id;
    let [slow, other] = [endpoint(&store, company, URL).await, endpoint(&store, company, URL).await];
    let much_later = now() + milliseconds(60_000);
    for moment in [now(), now() + milliseconds(1), much_later] {
        tell(&store, message(&store, company, moment)).await;
    }
    let until = now() + milliseconds(9_000);
    let lane = MessageLane { environment: Environment::Operations, endpoint: slow };
    store.commit(Write::SetBack { lane, until }).await.unwrap();
    let due = |messages: Vec<MessageRecord>| messages.iter().rev().map(|one| one.due).collect::<Vec<_>>();
    let messages = store.messages(slow, 10).await.unwrap();
    assert!(messages.iter().all(|message| message.attempts == 0), "it is no attempt");
    assert_eq!(due(messages), [Some(until), Some(until), Some(much_later)]);
    let untouched = due(store.messages(other, 10).await.unwrap());
    assert_eq!(untouched, [Some(now()), Some(now() + milliseconds(1)), Some(much_later)]);
    store.close().await;
}

async fn an_endpoint_that_takes_nothing_does_not_fill_the_database(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let company = fixture.account(&store, "s01").await.id;
    let endpoint = endpoint(&store, company, URL).await;
    let first = message(&store, company, now());
    tell(&store, first.clone()).await;
    let waiting = "
        INSERT INTO webhook_message (id, endpoint_id, environment, at_ms, kind, body, attempts, due_ms)
        WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 9999)
        SELECT n, m.endpoint_id, m.environment, m.at_ms, m.kind, m.body, 0, m.due_ms
        FROM counted, webhook_message m";
    assert_eq!(fixture.execute(waiting).await, 9_999);
    let refused = message(&store, company, now());
    tell(&store, refused.clone()).await;
    let newest = store.messages(endpoint, 1).await.unwrap().remove(0);
    assert_eq!((newest.id, newest.due), (refused.id, None));
    assert_eq!(newest.failure.as_deref(), Some("too many messages waited for the endpoint"));
    // The other environment's are counted apart, and a place that is free again is taken.
    tell(&store, NewMessage { environment: Environment::Development, ..message(&store, company, now()) })
        .await;
    fixture.execute("UPDATE webhook_message SET due_ms = NULL WHERE id = 1").await;
    tell(&store, message(&store, company, now())).await;
    let failures: Vec<_> =
        store.messages(endpoint, 2).await.unwrap().into_iter().map(|message| message.failure).collect();
    assert_eq!(failures, [None, None]);
    replay(&store, endpoint, Replay::Failed).await.unwrap();
    let again = store.messages(endpoint, 3).await.unwrap().remove(2);
    assert_eq!((again.id, again.due.is_some()), (refused.id, true));
    store.close().await;
}
