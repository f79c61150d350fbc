//! What companies are told: delivered at least once, on a store and a receiver of their own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use rims_domain::{AccountId, AccountKind, Environment};
use rims_protocol::Sector;
use rims_protocol::values::{BusinessNumber, RemoteNumber, UserId};
use rims_server::clock::Clock;
use rims_server::service::administration::{Administration, AdministrationError, NewWebhook};
use rims_server::webhook::{Event, Outbox, Reach, Timeouts, WebhookClient, WebhookUrl};
use rims_store::{
    ClaimTerms, MasterKeys, MessageLane, MessageRecord, NewAudit, NewEndpoint, Options, Replay, Store,
    Subject, Write,
};
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use crate::harness::NOON;
use crate::receiver::Receiver;

/// A store with one company, and its outbox.
pub(crate) struct Site {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) administration: Administration,
    outbox: Outbox,
    pub(crate) company: AccountId,
    pub(crate) user: UserId,
    _folder: tempfile::TempDir,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::start_with(Clock::starting_at(NOON.parse().unwrap()).unwrap(), Timeouts::default()).await
    }

    async fn start_with(clock: Clock, timeouts: Timeouts) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options::new(format!("sqlite://{}/rims.db", folder.path().display()));
        let store = Store::open(&options, &MasterKeys::generate(&mut |bytes| bytes.fill(7))).await.unwrap();
        store.migrate().await.unwrap();
        let administration = Administration::new(store.clone(), clock.clone());
        let (user, brno) = (UserId::parse("s01").unwrap(), BusinessNumber::parse("1234567890").unwrap());
        let account = administration
            .create_user(&user, &brno, "(주)테스트렌트카", AccountKind::Operator)
            .await
            .unwrap();
        let client = WebhookClient::new(Reach::Anywhere, timeouts).unwrap();
        let outbox = Outbox::new(store.clone(), clock.clone(), client);
        Self { store, clock, administration, outbox, company: account.id, user, _folder: folder }
    }

    pub(crate) async fn webhook(&self, url: &str) -> NewWebhook {
        let url = WebhookUrl::parse(url).unwrap();
        self.administration.add_webhook(&self.user, &url, &[], Reach::Anywhere).await.unwrap()
    }

    /// Tells the company that a rental was confirmed; gives the message's row.
    async fn tell(&self, sequence: u32) -> i64 {
        let event = Event::RentalConfirmed { rent_no: number(sequence), user_id: self.user.clone() };
        let at = self.clock.now();
        let message = event.message(self.store.next_id(at), self.company, at);
        let id = message.id;
        self.store.commit(Write::Tell(message)).await.unwrap();
        id
    }

    pub(crate) async fn deliver(&self) -> usize {
        self.outbox.deliver_due(Environment::Operations).await.unwrap()
    }

    async fn message(&self, endpoint: i64) -> MessageRecord {
        self.store.messages(endpoint, 1).await.unwrap().remove(0)
    }

    /// It may be later already: the clock goes on ticking.
    fn move_to(&self, moment: Timestamp) {
        let now = self.clock.now();
        self.clock.shift(now, moment.max(now)).unwrap();
    }

    /// How many events of this kind the audit trail has.
    pub(crate) async fn events(&self, action: &str) -> usize {
        let mut events = 0;
        for chain in self.store.verify_audit().await.unwrap().chains {
            let entries = self.store.audit_entries(&chain.chain, 1, u32::MAX).await.unwrap();
            events += entries.iter().filter(|entry| entry.action == action).count();
        }
        events
    }
}

pub(crate) fn number(sequence: u32) -> RemoteNumber {
    RemoteNumber::new(Sector::Rental, 30, sequence).unwrap()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().unwrap()
}

#[tokio::test]
async fn a_receiver_gets_an_event_once_and_can_verify_it() {
    // The published library compares the time with the system's.
    let site = Site::start_with(Clock::system(), Timeouts::default()).await;
    let receiver = Receiver::start(StatusCode::NO_CONTENT).await;
    let webhook = site.webhook(&receiver.url).await;
    let id = site.tell(1).await;
    assert_eq!((site.deliver().await, site.deliver().await), (1, 0));

    let (headers, body) = receiver.next().unwrap();
    Webhook::new(&webhook.secret.expose()).unwrap().verify(&body, &headers).unwrap();
    assert_eq!(header(&headers, "webhook-id"), format!("msg_{id}"));
    let event: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(event["type"], "rental.confirmed");
    assert_eq!(event["data"], json!({ "rent_no": "R30-000000001", "user_id": "s01" }));
    let message = site.message(webhook.id).await;
    assert_eq!((message.attempts, message.due, message.failure), (1, None, None));
    assert!(message.delivered.is_some());
    assert!(receiver.next().is_none());
}

#[tokio::test]
async fn a_failing_endpoint_is_asked_again_on_schedule_and_given_up_after_a_day() {
    let site = Site::start().await;
    let receiver = Receiver::start(StatusCode::INTERNAL_SERVER_ERROR).await;
    let webhook = site.webhook(&receiver.url).await;
    let id = site.tell(1).await;
    let told = site.clock.now();
    let mut first = None;
    for attempt in 1..=12 {
        let before = site.clock.now();
        assert_eq!((site.deliver().await, site.deliver().await), (1, 0), "attempt {attempt}");
        let (headers, body) = receiver.next().unwrap();
        let same = (header(&headers, "webhook-id").to_owned(), body);
        assert_eq!(*first.get_or_insert_with(|| same.clone()), same, "attempt {attempt}");
        let sent: i64 = header(&headers, "webhook-timestamp").parse().unwrap();
        let meanwhile = before.as_second()..=site.clock.now().as_second();
        assert!(meanwhile.contains(&sent), "attempt {attempt}");
        let message = site.message(webhook.id).await;
        assert_eq!((message.id, message.attempts), (id, attempt));
        assert_eq!(message.failure.as_deref(), Some("the endpoint answered with HTTP status 500"));
        let Some(due) = message.due else { break };
        site.move_to(due - 1.second());
        assert_eq!(site.deliver().await, 0, "not before it is due");
        site.move_to(due);
    }
    let message = site.message(webhook.id).await;
    assert_eq!((message.attempts, message.due, message.delivered), (12, None, None));
    let tried_for = site.clock.now().duration_since(told);
    assert!(tried_for < SignedDuration::from_hours(24) && tried_for > SignedDuration::from_hours(19));
    site.move_to(told + 48.hours());
    assert_eq!((site.deliver().await, receiver.count()), (0, 0));
}

#[tokio::test]
async fn what_a_node_claimed_before_it_died_is_delivered_by_the_next() {
    let site = Site::start().await;
    let receiver = Receiver::start(StatusCode::OK).await;
    let webhook = site.webhook(&receiver.url).await;
    let id = site.tell(1).await;
    let (now, until) = (site.clock.now(), site.clock.now() + 60.seconds());
    let environment = Environment::Operations;
    let lane = MessageLane { environment, endpoint: webhook.id };
    let terms = ClaimTerms { environment, now, until, limit: 100 };
    let claimed = site.store.claim_messages(lane, &terms).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!((site.deliver().await, receiver.count()), (0, 0), "the claim still holds");
    site.move_to(until);
    assert_eq!((site.deliver().await, receiver.count()), (1, 1));
    let message = site.message(webhook.id).await;
    assert_eq!((message.id, message.attempts, message.delivered.is_some()), (id, 1, true));
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_disabled() {
    let site = Site::start().await;
    let (gone, other) = (Receiver::start(StatusCode::GONE).await, Receiver::start(StatusCode::OK).await);
    let (webhook, kept) = (site.webhook(&gone.url).await, site.webhook(&other.url).await);
    for sequence in 1..=3 {
        site.tell(sequence).await;
    }
    site.deliver().await;
    let webhooks = site.administration.webhooks(&site.user).await.unwrap();
    let disabled: Vec<_> = webhooks.iter().map(|webhook| (webhook.id, webhook.disabled.is_some())).collect();
    assert_eq!(disabled, [(webhook.id, true), (kept.id, false)]);
    assert_eq!(site.events("webhook.disable").await, 1);
    let messages = site.store.messages(webhook.id, 10).await.unwrap();
    assert_eq!(messages.len(), 3);
    assert!(messages.iter().all(|message| message.due.is_none() && message.delivered.is_none()));
    let failures: Vec<_> = messages.iter().filter_map(|message| message.failure.as_deref()).collect();
    assert!(failures.contains(&"the endpoint is gone (HTTP status 410)"), "{failures:?}");

    site.tell(4).await;
    let before = gone.count();
    assert_eq!((site.deliver().await, gone.count() - before, other.count()), (1, 0, 4));
    let refused = site.administration.disable_webhook(&site.user, webhook.id).await.unwrap_err();
    assert!(matches!(refused, AdministrationError::WebhookDisabled(id) if id == webhook.id));
    let refused = site.administration.replay(&site.user, webhook.id, Replay::Failed).await.unwrap_err();
    assert!(matches!(refused, AdministrationError::WebhookDisabled(_)));
}

#[tokio::test]
async fn messages_are_sent_once_more_on_demand() {
    let site = Site::start().await;
    let receiver = Receiver::start(StatusCode::OK).await;
    let webhook = site.webhook(&receiver.url).await;
    let delivered = site.tell(1).await;
    site.deliver().await;
    receiver.answers(StatusCode::SERVICE_UNAVAILABLE);
    let failed = [site.tell(2).await, site.tell(3).await];
    let mut due = Some(site.clock.now());
    while let Some(next) = due {
        site.move_to(next);
        site.deliver().await;
        due = site.store.messages(webhook.id, 10).await.unwrap().iter().filter_map(|row| row.due).max();
    }
    receiver.answers(StatusCode::OK);
    receiver.arrived.lock().unwrap().clear();
    let arrived = || {
        let mut ids: Vec<_> = std::iter::from_fn(|| receiver.next())
            .map(|(headers, _)| header(&headers, "webhook-id").to_owned())
            .collect();
        ids.sort();
        ids
    };

    let replay = async |what| site.administration.replay(&site.user, webhook.id, what).await;
    replay(Replay::Failed).await.unwrap();
    assert_eq!((site.deliver().await, arrived()), (2, failed.map(|id| format!("msg_{id}")).to_vec()));
    replay(Replay::Message(delivered)).await.unwrap();
    assert_eq!((site.deliver().await, arrived()), (1, vec![format!("msg_{delivered}")]));
    assert_eq!(site.message(webhook.id).await.attempts, 1, "they begin anew");
    assert_eq!(site.events("webhook.replay").await, 2);
    let unknown = replay(Replay::Message(7)).await.unwrap_err();
    assert_eq!(unknown.to_string(), format!("webhook {} has no message msg_7", webhook.id));
}

#[tokio::test]
async fn a_silent_endpoint_holds_nobody_elses_messages_up() {
    let timeouts = Timeouts { total: Duration::from_secs(1), ..Timeouts::default() };
    let site = Site::start_with(Clock::system(), timeouts).await;
    // It accepts connections and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let webhook = site.webhook(&format!("http://{}/", silent.local_addr().unwrap())).await;
    for sequence in 1..=80 {
        site.tell(sequence).await;
    }
    let receiver = Receiver::start(StatusCode::OK).await;
    site.webhook(&receiver.url).await;
    site.tell(81).await;
    assert_eq!((site.deliver().await, receiver.count()), (82, 1));
    silent.set_nonblocking(true).unwrap();
    let asked = std::iter::from_fn(|| silent.accept().ok()).count();
    assert_eq!(asked, 2, "only those that were under way when it was found silent");
    let messages = site.store.messages(webhook.id, 100).await.unwrap();
    assert_eq!(messages.len(), 81);
    for message in messages {
        assert_eq!(message.failure.as_deref(), Some("the endpoint did not answer in time"));
        assert!(message.attempts == 1 && message.due.is_some());
    }
}

#[tokio::test]
async fn more_than_one_claims_worth_is_delivered_at_once() {
    let site = Site::start().await;
    let receiver = Receiver::start(StatusCode::OK).await;
    site.webhook(&receiver.url).await;
    join_all((1..=250).map(|sequence| site.tell(sequence))).await;
    assert_eq!((site.deliver().await, receiver.count()), (250, 250));
}

#[tokio::test]
async fn a_slow_endpoint_holds_no_others_messages_up() {
    let timeouts = Timeouts { total: Duration::from_secs(2), ..Timeouts::default() };
    let site = Site::start_with(Clock::system(), timeouts).await;
    // Each answer takes longer than a fifth of what it may take.
    let slow = Receiver::start_slow(StatusCode::OK, Duration::from_millis(600)).await;
    let webhook = site.webhook(&slow.url).await;
    for sequence in 1..=40 {
        site.tell(sequence).await;
    }
    let (other, asked_before) = (Receiver::start(StatusCode::OK).await, slow.clone());
    site.webhook(&other.url).await;
    site.tell(41).await;
    let delivered = site.outbox.deliver_due(Environment::Operations);
    let arrived = async {
        while other.count() == 0 {
            tokio::task::yield_now().await;
        }
        asked_before.count()
    };
    tokio::pin!(delivered);
    let asked = tokio::select! {
        asked = arrived => asked,
        ended = &mut delivered => panic!("{ended:?}"),
    };
    assert!(asked <= 2, "{asked} of 40 were sent before the other endpoint's");
    assert_eq!(delivered.await, Ok(3), "two, and the other endpoint's; the rest waits as long as they took");
    let messages = site.store.messages(webhook.id, 100).await.unwrap();
    let waiting = messages.iter().filter(|message| message.due.is_some() && message.attempts == 0).count();
    assert_eq!((messages.len(), waiting), (41, 39));
    site.move_to(site.clock.now() + 2.seconds());
    assert_eq!(site.deliver().await, 2);
}

#[tokio::test]
async fn an_address_that_cannot_be_used_is_given_up_at_once() {
    let site = Site::start().await;
    let at = site.clock.now();
    let secret = "whsec_".to_owned().into();
    let new = NewEndpoint {
        id: 7,
        company: site.company,
        url: "nowhere".to_owned(),
        secret,
        events: Vec::new(),
        at,
    };
    let audit = NewAudit {
        at,
        actor: rims_domain::Actor::System,
        address: None,
        environment: None,
        action: rims_domain::AuditAction::WebhookAdd,
        company: None,
        subject: Subject::None,
        reference: 7,
        outcome: "done".to_owned(),
    };
    site.store.commit(Write::AddEndpoint { new, audit }).await.unwrap();
    site.tell(1).await;
    assert_eq!(site.deliver().await, 1);
    let message = site.message(7).await;
    assert_eq!((message.attempts, message.due, message.delivered), (1, None, None));
    assert_eq!(message.failure.unwrap(), "the endpoint's stored address or secret cannot be used");
}

#[tokio::test]
async fn failures_are_logged_and_counted_without_the_address() {
    let metrics = rims_server::ops::install();
    let site = Site::start().await;
    let receiver = Receiver::start(StatusCode::IM_A_TEAPOT).await;
    let webhook = site.webhook(&receiver.url).await;
    let id = site.tell(1).await;
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    {
        let _captured = tracing::subscriber::set_default(subscriber);
        site.deliver().await;
    }
    let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<Value> = logged.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [line] = lines.as_slice() else { panic!("{logged}") };
    let fields = &line["fields"];
    assert_eq!(fields["message"], "a webhook was not delivered");
    assert_eq!(
        (&fields["webhook_id"], &fields["endpoint"]),
        (&json!(format!("msg_{id}")), &json!(webhook.id))
    );
    assert_eq!(fields["cause"], "the endpoint answered with HTTP status 418");
    for secret in ["hidden", "/hook", "whsec_", "R30-000000001"] {
        assert!(!logged.contains(secret), "{logged}");
    }
    let counted = metrics.render();
    assert!(
        counted.contains(r#"rims_webhook_deliveries_total{environment="operations",outcome="http_status"}"#),
        "{counted}"
    );
}

/// What was logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
