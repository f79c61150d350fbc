//! The ends of the audit trail's chains, kept in a file.

use jiff::{SignedDuration, Timestamp};
use rims_domain::{Actor, AuditAction};
use rims_server::anchors::{AnchorSettings, Anchors, read};
use rims_store::{MasterKeys, NewAudit, Options, Store, Subject, Write};

async fn store_event(store: &Store, at: Timestamp) {
    let event = NewAudit {
        at,
        actor: Actor::System,
        address: None,
        environment: None,
        action: AuditAction::AnomalyView,
        company: None,
        subject: Subject::None,
        reference: 0,
        outcome: "done".to_owned(),
    };
    store.commit(Write::Audit(vec![event])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_chain_is_kept_when_it_grew_and_the_time_has_come() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("anchors.jsonl");
    let keys = MasterKeys::generate(&mut |bytes| bytes.fill(7));
    let url = format!("sqlite://{}", folder.path().join("rims.db").display());
    let store = Store::open(&Options::new(url), &keys).await.unwrap();
    store.migrate().await.unwrap();
    let every = SignedDuration::from_mins(60);
    let anchors = Anchors::new(AnchorSettings { file: Some(file.clone()), every }).unwrap();
    let start: Timestamp = "2026-12-01T09:00:00+09:00".parse().unwrap();
    let after = |minutes| start + SignedDuration::from_mins(minutes);
    let mut kept = Vec::new();
    for (minutes, grows) in [(0, true), (59, true), (60, false), (119, true), (120, true), (180, false)] {
        if grows {
            store_event(&store, after(minutes)).await;
        }
        anchors.keep_due(&store, after(minutes)).await.unwrap();
        kept.push(read(&file).unwrap().iter().map(|head| head.seq).collect::<Vec<_>>());
    }
    assert_eq!(kept, [vec![1], vec![1], vec![1, 2], vec![1, 2], vec![1, 2, 4], vec![1, 2, 4]]);
    let report = store.verify_audit_telling(&read(&file).unwrap(), |_| ()).await.unwrap();
    assert!(report.is_intact());
    assert_eq!(report.chains[0].anchors, 3);
    // A restarted server does not know what was kept: it keeps the end once more.
    let again = Anchors::new(AnchorSettings { file: Some(file.clone()), every }).unwrap();
    again.keep_due(&store, after(181)).await.unwrap();
    assert_eq!(read(&file).unwrap().last().map(|head| head.seq), Some(4));
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    store_event(&store, after(300)).await;
    let refused = again.keep_due(&store, after(300)).await.unwrap_err().to_string();
    assert!(refused.starts_with("audit.anchor_file "), "{refused}");
    store.close().await;
}
