//! What companies have used of their quotas.

use std::sync::Arc;

use rims_domain::{AccountId, Environment};
use rims_store::{Options, Quota, QuotaKey, Store};
use tokio::task::JoinSet;

use crate::fixture::{Fixture, on_both_engines, run};
use crate::samples::day;

on_both_engines![
    no_more_is_taken_than_there_is,
    companies_environments_kinds_and_days_are_counted_apart,
    past_days_are_forgotten,
];

const MOST: u32 = 10;

fn key() -> QuotaKey {
    let (company, environment) = (AccountId(1), Environment::Operations);
    QuotaKey { company, environment, quota: Quota::Checks, day: day("2026-03-02") }
}

async fn take(store: &Store, key: QuotaKey, block: u32) -> bool {
    store.take_quota(key, block, MOST).await.unwrap()
}

async fn no_more_is_taken_than_there_is(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    for (block, taken) in [(11, false), (6, true), (5, false), (4, true), (1, false)] {
        assert_eq!(take(&store, key(), block).await, taken, "{block}");
    }
    store.close().await;
    let store = fixture.store().await;
    assert!(!take(&store, key(), 1).await, "also after a restart");
    assert!(store.take_quota(key(), 1, MOST + 1).await.unwrap(), "the quota was raised");
    store.close().await;
}

async fn companies_environments_kinds_and_days_are_counted_apart(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    for key in [
        key(),
        QuotaKey { company: AccountId(2), ..key() },
        QuotaKey { environment: Environment::Development, ..key() },
        QuotaKey { quota: Quota::Numbers, ..key() },
        QuotaKey { quota: Quota::Tokens, ..key() },
        QuotaKey { day: day("2026-03-03"), ..key() },
    ] {
        assert!(take(&store, key, MOST).await, "{key:?}");
        assert!(!take(&store, key, 1).await, "{key:?}");
    }
    store.close().await;
}

async fn past_days_are_forgotten(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let tomorrow = QuotaKey { day: day("2026-03-03"), ..key() };
    for key in [key(), tomorrow] {
        take(&store, key, MOST).await;
    }
    store.forget_quotas(tomorrow.day).await.unwrap();
    assert_eq!(fixture.count("quota_use").await, 1);
    assert!(!take(&store, tomorrow, 1).await);
    store.close().await;
}

async fn two_servers_take(fixture: Arc<Fixture>) {
    let options = Options { node: 1, ..fixture.options() };
    let stores = [fixture.store().await, Store::open(&options, &fixture.keys).await.unwrap()];
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let store = stores[number % 2].clone();
        tasks.spawn(async move { take(&store, key(), 1).await });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|taken| *taken).count(), 10);
    for store in stores {
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_share_a_quota() {
    run(Fixture::postgres().await, two_servers_take).await;
}
