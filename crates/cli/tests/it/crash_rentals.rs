//! kill -9 at random points of confirmations, reservations' runs and webhook deliveries, 50 times on one folder:
//! nothing that was answered is lost, nothing is there twice, no number is reused, every webhook is delivered.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use nix::sys::signal::Signal;
use rims_domain::calendar::today;
use rims_domain::{Account, AccountId, Environment};
use rims_protocol::SecretKey;
use rims_protocol::codes::SearchType;
use rims_protocol::envelope::request_body;
use rims_protocol::values::format_compact;
use rims_server::clock::Clock;
use rims_server::sandbox::{Sandbox, SandboxOptions};
use rims_server::webhook::WebhookSecret;
use rims_store::{
    Channel, HistoryQuery, NewAudit, NewEndpoint, RentalRecord, ReservationRecord, Store, Subject,
    VerificationRecord, Write,
};
use serde_json::{Value, json};

use crate::harness::{Serving, s01};

const ROUNDS: u32 = 50;
const CLIENTS: u32 = 6;
const RESERVATIONS: u32 = 40;

/// What the clients know.
#[derive(Default)]
struct Seen {
    /// Licences whose confirmation was answered.
    confirmed: Mutex<BTreeSet<String>>,
    next: AtomicU32,
    /// Rental numbers that the receiver was told.
    told: Arc<Mutex<BTreeSet<String>>>,
}

#[test]
fn fifty_kills_lose_nothing_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let seen = Seen::default();
    let receiver = receive(Arc::clone(&seen.told));
    in_process(folder.path(), async |store, company| add_endpoint(store, company.id, &receiver).await);
    let first = Serving::sandbox(Some(folder.path()));
    let caller = Caller::new(&first);
    for number in 0..RESERVATIONS {
        let answer = caller.call("/licenseVerificationSchedule", &reservation(number)).unwrap();
        assert_eq!(answer["repeat_status"], "success", "{answer}");
    }
    drop(first);
    for round in 1..=ROUNDS {
        load_and_kill(folder.path(), round, &seen);
    }
    finish(folder.path());
    check(folder.path(), &seen);
}

/// Every week another round of runs is due; meanwhile clients confirm, until the kill: in every second round after
/// some answers, in the others some moments after the runs have begun.
fn load_and_kill(folder: &Path, round: u32, seen: &Seen) {
    let sandbox = Serving::sandbox(Some(folder));
    let weeks = format!("P{}D", 7 * round);
    let answers = seen.confirmed.lock().unwrap().len() + (round * 7 % 13) as usize + 1;
    let moments = Duration::from_millis(u64::from(round * 37 % 97));
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| confirm_until_killed(&sandbox, seen, answers));
        }
        scope.spawn(|| move_clock(&sandbox, &weeks));
        if round.is_multiple_of(2) {
            std::thread::park_timeout(moments);
            sandbox.signal(Signal::SIGKILL);
        }
    });
    assert_eq!(sandbox.end().0, -1, "it was killed");
}

fn confirm_until_killed(sandbox: &Serving, seen: &Seen, enough: usize) {
    loop {
        let caller = Caller::new(sandbox);
        let licence = format!("11{:08}00", seen.next.fetch_add(1, Ordering::Relaxed));
        match caller.call("/rentalConfirm", &driver(&licence)) {
            Some(answer) if answer["body"]["f_rtn_code"] == "00" => {
                let mut confirmed = seen.confirmed.lock().unwrap();
                confirmed.insert(licence);
                if confirmed.len() == enough {
                    sandbox.signal(Signal::SIGKILL);
                }
            }
            // The clock moved on, and the token with it.
            Some(answer) => assert_eq!(answer["respCode"], -140, "{answer}"),
            None => return,
        }
    }
}

fn move_clock(sandbox: &Serving, by: &str) -> Option<()> {
    let ops = sandbox.address("ops");
    let body = json!({ "advance": by }).to_string();
    let http = reqwest::blocking::Client::new();
    http.put(format!("{ops}/sandbox/clock")).body(body).send().ok().map(drop)
}

/// Undisturbed, everything that was due is done, and everything that was to be told is told.
fn finish(folder: &Path) {
    let sandbox = Serving::sandbox(Some(folder));
    for days in [7 * (ROUNDS + 1), 2] {
        move_clock(&sandbox, &format!("P{days}D")).unwrap();
    }
    sandbox.signal(Signal::SIGTERM);
    assert_eq!(sandbox.end().0, 0);
}

fn check(folder: &Path, seen: &Seen) {
    in_process(folder, async |store, company| {
        assert!(store.verify_audit().await.unwrap().is_intact());
        let (rentals, reservations) = histories(store, company.id).await;
        let records = store.verifications_of(company.id, Environment::Operations, 1_000_000).await.unwrap();
        check_rentals(&rentals, &records, seen);
        check_runs(&reservations, &records);
    });
}

fn check_rentals(rentals: &[RentalRecord], records: &[VerificationRecord], seen: &Seen) {
    let numbers: BTreeSet<String> = rentals.iter().map(|rental| rental.number.to_string()).collect();
    assert_eq!(numbers.len(), rentals.len(), "a number was used twice");
    let confirming = records.iter().filter(|record| record.channel == Channel::Confirm);
    let licences: Vec<&str> = confirming.map(|record| record.licence.as_str()).collect();
    let distinct: BTreeSet<String> = licences.iter().map(|licence| (*licence).to_owned()).collect();
    assert_eq!(distinct.len(), licences.len(), "a confirmation was recorded twice");
    assert_eq!(licences.len(), rentals.len(), "a verification without its rental, or the other way round");
    let confirmed = seen.confirmed.lock().unwrap();
    assert!(confirmed.len() >= 100, "only {} confirmations were answered", confirmed.len());
    assert_eq!(confirmed.difference(&distinct).next(), None, "an answered confirmation is lost");
    let told = seen.told.lock().unwrap();
    assert_eq!(numbers.difference(&told).next(), None, "a webhook was never delivered");
}

/// Every reservation ran in the last week, and on no day twice.
fn check_runs(reservations: &[ReservationRecord], records: &[VerificationRecord]) {
    assert_eq!(reservations.len(), RESERVATIONS as usize);
    let last = reservations.iter().map(|reservation| today(reservation.last_at)).max().unwrap();
    let mut runs: BTreeMap<(&str, Date), u32> = BTreeMap::new();
    for record in records.iter().filter(|record| record.channel == Channel::Schedule) {
        *runs.entry((record.licence.as_str(), today(record.at))).or_default() += 1;
    }
    assert!(runs.values().all(|count| *count == 1), "a run was recorded twice");
    for reservation in reservations {
        assert!(today(reservation.last_at) >= last - 7.days(), "a run was lost");
        assert!(runs.contains_key(&(reservation.licence.as_str(), today(reservation.last_at))));
    }
}

async fn histories(store: &Store, company: AccountId) -> (Vec<RentalRecord>, Vec<ReservationRecord>) {
    let query = |search| HistoryQuery {
        scope: &[],
        search,
        from: date(2020, 1, 1),
        to: date(2088, 1, 1),
        plate: None,
        offset: 0,
        limit: 1_000_000,
    };
    let scope = [company];
    let rentals = HistoryQuery { scope: &scope, ..query(SearchType::RentCreate) };
    let reservations = HistoryQuery { scope: &scope, ..query(SearchType::ReservationCreate) };
    let (rentals, reservations) = (store.rental_page(&rentals), store.reservation_page(&reservations));
    let (rentals, reservations) = (rentals.await.unwrap(), reservations.await.unwrap());
    assert_eq!(rentals.total, i64::try_from(rentals.rows.len()).unwrap());
    (rentals.rows, reservations.rows)
}

/// Who calls a running sandbox as s01.
struct Caller {
    api: String,
    http: reqwest::blocking::Client,
    auth_key: String,
    secret_key: SecretKey,
}

impl Caller {
    fn new(sandbox: &Serving) -> Self {
        static S01: std::sync::OnceLock<(String, String)> = std::sync::OnceLock::new();
        let (auth_key, secret_key) = S01.get_or_init(s01);
        Self {
            api: sandbox.address("api"),
            http: reqwest::blocking::Client::new(),
            auth_key: auth_key.clone(),
            secret_key: SecretKey::new(secret_key),
        }
    }

    /// The answer under a new token; none once the server is gone.
    fn call(&self, path: &str, plaintext: &Value) -> Option<Value> {
        let basic = format!("Basic {}", STANDARD.encode(&self.auth_key));
        let url = format!("{}/col/oauth2?grantType=password", self.api);
        let issued = self.http.get(url).header("Authorization", basic).send().ok()?;
        let token = issued.headers().get("Authorization")?.clone();
        let body = request_body(&self.secret_key.seal(plaintext.to_string().as_bytes())).to_string();
        let url = format!("{}{path}", self.api);
        self.http.post(url).header("Authorization", token).body(body).send().ok()?.json().ok()
    }
}

/// Far enough ahead to be no past day in any round.
fn driver(licence: &str) -> Value {
    let day = format_compact(Clock::system().today() + 500.days());
    json!({
        "f_license_no": licence, "f_resident_name": "홍길동", "f_licn_con_code": "12",
        "f_from_date": day, "f_to_date": day, "vhcl_reg_no": "67라6767",
    })
}

fn reservation(number: u32) -> Value {
    let mut request = driver(&format!("12{number:08}00"));
    request["f_from_date"] = json!(format_compact(Clock::system().today()));
    request["repeat_period"] = json!("1");
    request
}

/// Opens the folder as the next sandbox would, between two of them.
fn in_process<T>(folder: &Path, work: impl AsyncFnOnce(&Store, &Account) -> T) -> T {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let data = Some(folder.to_owned());
        let options = SandboxOptions { data, ..SandboxOptions::on_free_ports() };
        let sandbox = Sandbox::start(&options).await.unwrap();
        let store = sandbox.services().store();
        let company = store.account_by_user_id("s01").await.unwrap().unwrap();
        let done = work(store, &company).await;
        sandbox.stop().await;
        done
    })
}

async fn add_endpoint(store: &Store, company: AccountId, url: &str) {
    let at = Clock::system().now();
    let id = store.next_id(at);
    let audit = NewAudit {
        at,
        actor: rims_domain::Actor::System,
        address: None,
        environment: None,
        action: rims_domain::AuditAction::WebhookAdd,
        company: Some(company),
        subject: Subject::None,
        reference: id,
        outcome: "done".to_owned(),
    };
    let secret = WebhookSecret::generate(|bytes: &mut [u8]| {
        bytes.fill(7);
        Ok::<(), ()>(())
    });
    let secret = secret.unwrap().expose();
    let new = NewEndpoint { id, company, url: url.to_owned(), secret, events: Vec::new(), at };
    store.commit(Write::AddEndpoint { new, audit }).await.unwrap();
}

/// An endpoint that takes everything and remembers the rental numbers; it outlives every server of the test.
fn receive(told: Arc<Mutex<BTreeSet<String>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/told", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let told = Arc::clone(&told);
            std::thread::spawn(move || _ = take(stream.unwrap(), &told));
        }
    });
    url
}

/// One delivery of HTTP/1.1; a sender that was killed leaves half a request.
fn take(mut stream: TcpStream, told: &Mutex<BTreeSet<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body: Value = serde_json::from_slice(&body)?;
    assert_eq!(body["type"], "rental.confirmed");
    told.lock().unwrap().insert(body["data"]["rent_no"].as_str().unwrap().to_owned());
    stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
}
