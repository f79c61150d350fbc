use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rims_protocol::codes::{LicenceClass, ProcessingCode};
use rims_protocol::values::{LicenceNumber, Period, PersonName, parse_compact};
use rims_upstream::sim::{FaultsPatch, Simulators};
use rims_upstream::{DriverCheck, Koroad, KoroadConfig, KoroadError, LicenceAnswer, Now, Unusable};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

pub(crate) const LOOPBACK: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);
/// A number that is answered with 00 and stands for no record and no fault.
pub(crate) const GOOD: &str = "110000000000";

pub(crate) const TIMED_OUT: Result<String, KoroadError> = Err(KoroadError::Unusable(Unusable::TimedOut));
pub(crate) const MALFORMED: Result<String, KoroadError> = Err(KoroadError::Unusable(Unusable::Malformed));
pub(crate) const UNREACHABLE: Result<String, KoroadError> = Err(KoroadError::Unreachable);

/// A clock that stands still until it is moved: 18 July 2025, noon in Seoul.
#[derive(Clone)]
pub(crate) struct Clock(Arc<Mutex<Timestamp>>);

impl Clock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new("2025-07-18T12:00:00+09:00".parse().unwrap())))
    }

    pub(crate) fn now(&self) -> Now {
        let clock = self.clone();
        Arc::new(move || *clock.0.lock().unwrap())
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        *self.0.lock().unwrap() += by;
    }
}

/// The simulators and their clock.
pub(crate) struct World {
    pub(crate) sims: Simulators,
    pub(crate) clock: Clock,
}

impl World {
    pub(crate) async fn start() -> Self {
        let clock = Clock::new();
        Self { sims: Simulators::start(LOOPBACK, clock.now()).await.unwrap(), clock }
    }

    pub(crate) fn koroad(&self) -> Koroad {
        self.koroad_with(|_| {})
    }

    pub(crate) fn koroad_with(&self, change: impl FnOnce(&mut KoroadConfig)) -> Koroad {
        let mut config = self.sims.koroad_config();
        change(&mut config);
        Koroad::new(&config, "operations", self.clock.now()).unwrap()
    }

    /// Time-outs short enough for a test: 800 ms in all, 200 ms for a coalesced call.
    pub(crate) fn hasty_koroad(&self) -> Koroad {
        self.koroad_with(|config| {
            config.limits.timeout_ms = 800;
            config.limits.coalesced_timeout_ms = 200;
        })
    }

    pub(crate) async fn faults(&self, json: &str) {
        let patch: FaultsPatch = serde_json::from_str(json).unwrap();
        self.sims.set_faults(patch).await.unwrap();
    }
}

/// A check of that number by 아무개, class 12, for two days.
pub(crate) fn check(number: &str) -> DriverCheck {
    check_of(number, "아무개", "12", "20250718", "20250719")
}

pub(crate) fn check_of(number: &str, name: &str, class: &str, from: &str, to: &str) -> DriverCheck {
    DriverCheck {
        licence_number: LicenceNumber::parse(number).unwrap(),
        name: PersonName::parse(name).unwrap(),
        class: LicenceClass::from_code(class).unwrap(),
        period: Period::new(parse_compact(from).unwrap(), parse_compact(to).unwrap()).unwrap(),
    }
}

/// The answer's code, for comparing.
pub(crate) fn code(result: Result<LicenceAnswer, KoroadError>) -> Result<String, KoroadError> {
    result.map(|answer| answer.code.as_str().to_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "compared with results")]
pub(crate) fn ok(code: &str) -> Result<String, KoroadError> {
    Ok(code.to_owned())
}

/// The refusal with this code and the table's own text.
pub(crate) fn refused(code: &str) -> KoroadError {
    let code = ProcessingCode::parse(code).unwrap();
    KoroadError::Refused { code, message: code.known().unwrap().korean().to_owned() }
}

/// Waits until `condition` holds, for ten seconds at most.
pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(10), async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("{what} has not happened"));
}

/// A server that reads each request and answers the same bytes, then closes the connection.
pub(crate) async fn raw_server(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut request = vec![0; 65536];
                drop(stream.read(&mut request).await);
                drop(stream.write_all(answer).await);
                drop(stream.shutdown().await);
            });
        }
    });
    format!("http://{address}")
}
