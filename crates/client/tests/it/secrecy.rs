//! Nothing of a driver, a key or a token is in a log, an error or a `Debug`.

use std::io::Write;
use std::sync::{Arc, Mutex};

use rims_client::values::IdempotencyKey;
use rims_domain::Environment;
use rims_server::sandbox::fixtures::FIXTURES;
use tracing_subscriber::fmt::MakeWriter;

use crate::front::{Fate, Front};
use crate::harness::Running;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn nothing_personal_is_logged_at_any_level() {
    let running = Running::start().await;
    let front = Front::start(running.url(), |path, count| match (path, count) {
        ("/licenseVerification", 0) => Fate::LoseAnswer,
        ("/licenseVerification", 2) => {
            Fate::Answer(200, &[], r#"{"respCode":-160,"errorMsg":"221212121212"}"#)
        }
        ("/licenseVerification", 3) => Fate::Answer(200, &[], r#"{"header":"221212121212"}"#),
        _ => Fate::Pass,
    })
    .await;
    let builder = running.builder("s01", Environment::Operations).base_url(front.url());
    let client = builder.clone().build().unwrap();
    let driver = running.driver("221212121212");
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let calls = client.rental().once(IdempotencyKey::parse("secret-key-of-mine").unwrap());
    let mut shown = vec![format!("{builder:?} {client:?} {driver:?} {calls:?}")];
    for _ in 0..3 {
        shown.push(match calls.verify(&driver).await {
            Ok(answer) => format!("{answer:?}"),
            Err(error) => format!("{error:?} {error} {}", error.advice().english),
        });
    }
    let shown = shown.join("\n");
    let token = client.token().await.unwrap();
    drop(guard);
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("/licenseVerification") && logged.contains("to be sent again"), "{logged}");
    assert_eq!(front.count("/licenseVerification"), 4);
    let fixture = &FIXTURES[0];
    let (auth, secret) =
        (fixture.auth_key(Environment::Operations), fixture.secret_key(Environment::Operations));
    for personal in ["221212121212", "2*1*1", "홍길동", &token, &auth, &secret, "secret-key-of-mine"] {
        assert!(!logged.contains(personal), "{personal} is logged");
        assert!(!shown.contains(personal), "{personal} is shown: {shown}");
    }
    running.stop().await;
}
