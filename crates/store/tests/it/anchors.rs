//! Ends of chains that were kept elsewhere.

use std::sync::Arc;

use rims_domain::AuditAction;
use rims_domain::audit::Trail;
use rims_store::{AuditBreak, AuditHead, AuditReport, NewAudit, Store, Subject, Write};

use crate::fixture::{Fixture, audit, now, on_both_engines};

on_both_engines![
    kept_ends_are_found_as_the_chain_grows,
    a_chain_cut_off_with_its_head_is_found_by_a_kept_end,
    a_chain_made_anew_with_the_key_is_found_by_a_kept_end,
    a_chain_that_is_gone_is_found_by_a_kept_end,
    a_kept_end_that_retention_destroyed_is_passed_over,
];

async fn opened(fixture: &Fixture) -> Store {
    let mut options = fixture.options();
    options.committers = 1;
    fixture.store_with(&options).await
}

async fn events(store: &Store, outcomes: &[&str]) {
    for outcome in outcomes {
        let event =
            NewAudit { outcome: (*outcome).to_owned(), ..audit(AuditAction::AnomalyView, Subject::None) };
        store.commit(Write::Audit(vec![event])).await.unwrap();
    }
}

async fn checked(store: &Store, kept: &[AuditHead]) -> AuditReport {
    store.verify_audit_telling(kept, |_| ()).await.unwrap()
}

async fn kept_ends_are_found_as_the_chain_grows(fixture: Arc<Fixture>) {
    let store = opened(&fixture).await;
    assert_eq!(store.audit_heads().await.unwrap(), []);
    events(&store, &["a", "b"]).await;
    let mut kept = store.audit_heads().await.unwrap();
    assert_eq!((kept[0].chain.as_str(), kept[0].seq), ("node-0", 2));
    events(&store, &["c"]).await;
    kept.extend(store.audit_heads().await.unwrap());
    events(&store, &["d"]).await;
    let report = checked(&store, &kept).await;
    assert!(report.is_intact());
    assert_eq!((report.chains[0].anchors, report.chains[0].entries), (2, 4));
    store.close().await;
}

async fn a_chain_cut_off_with_its_head_is_found_by_a_kept_end(fixture: Arc<Fixture>) {
    let store = opened(&fixture).await;
    events(&store, &["a", "b", "c"]).await;
    let kept = store.audit_heads().await.unwrap();
    assert_eq!(fixture.execute("DELETE FROM audit WHERE seq = 3").await, 1);
    let head = "UPDATE audit_chain SET seq = 2, hash = (SELECT hash FROM audit WHERE seq = 2)";
    assert_eq!(fixture.execute(head).await, 1);
    assert!(store.verify_audit().await.unwrap().is_intact(), "without the kept end nothing shows");
    assert_eq!(checked(&store, &kept).await.chains[0].broken, Some(AuditBreak::CutOff(3)));
    store.close().await;
}

/// Whoever has the key cuts a chain off and lets the server write it anew.
async fn a_chain_made_anew_with_the_key_is_found_by_a_kept_end(fixture: Arc<Fixture>) {
    let store = opened(&fixture).await;
    events(&store, &["a", "b"]).await;
    let kept = store.audit_heads().await.unwrap();
    store.close().await;
    assert_eq!(fixture.execute("DELETE FROM audit").await, 2);
    assert_eq!(fixture.execute("DELETE FROM audit_chain").await, 1);
    let store = opened(&fixture).await;
    events(&store, &["a", "another", "c"]).await;
    assert!(store.verify_audit().await.unwrap().is_intact(), "without the kept end nothing shows");
    assert_eq!(checked(&store, &kept).await.chains[0].broken, Some(AuditBreak::Rewritten(2)));
    store.close().await;
}

async fn a_chain_that_is_gone_is_found_by_a_kept_end(fixture: Arc<Fixture>) {
    let store = opened(&fixture).await;
    events(&store, &["a"]).await;
    let kept = store.audit_heads().await.unwrap();
    fixture.execute("DELETE FROM audit").await;
    fixture.execute("DELETE FROM audit_chain").await;
    let report = checked(&store, &kept).await;
    assert_eq!(report.first_break(), Some(("node-0", AuditBreak::CutOff(1))));
    store.close().await;
}

async fn a_kept_end_that_retention_destroyed_is_passed_over(fixture: Arc<Fixture>) {
    let store = opened(&fixture).await;
    let mut kept = Vec::new();
    for outcome in ["a", "b", "c"] {
        events(&store, &[outcome]).await;
        kept.extend(store.audit_heads().await.unwrap());
    }
    let later = now() + jiff::SignedDuration::from_secs(1);
    for expired in store.expired_audit(Trail::Access, later).await.unwrap() {
        let event = NewAudit { at: later, ..audit(AuditAction::Retention, Subject::None) };
        store.commit(Write::DestroyAudit { expired, audit: event }).await.unwrap();
    }
    let report = checked(&store, &kept).await;
    assert!(report.is_intact());
    assert_eq!(report.chains[0].anchors, 1, "of the last destroyed row, after which the chain goes on");
    store.close().await;
}
