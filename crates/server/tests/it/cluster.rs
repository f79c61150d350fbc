//! Two servers on one PostgreSQL: they share numbers, keys of requests, and the runs of reservations.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use jiff::ToSpan as _;
use reqwest::StatusCode;
use rims_domain::{AccountId, Environment};
use rims_protocol::Sector;
use rims_protocol::codes::{LicenceClass, LicenceStatus, Recurrence, SearchType};
use rims_protocol::values::{LicenceNumber, Period, PersonName, Plate, UserId};
use rims_server::clock::Clock;
use rims_server::config::Config;
use rims_server::service::administration::{Administration, KeyPair};
use rims_server::{Server, simulated};
use rims_store::{HistoryQuery, NewReservation, NextRun, ReservationRecord, Store, Write};
use rims_upstream::sim::{FaultsPatch, Simulators};
use serde_json::{Value, json};

use crate::harness::{Client, RENTAL_HISTORY, loopback, with};
use crate::postgres::Database;
use crate::production::{attach, company_keys, configure, driver, make_database};

/// A database with a company, and what its servers need.
struct Site {
    config: Config,
    keys: KeyPair,
    store: Store,
    upstream: Simulators,
    _folder: tempfile::TempDir,
    /// Dropped last.
    _database: Database,
}

impl Site {
    async fn new() -> Self {
        let database = Database::create();
        let folder = tempfile::tempdir().unwrap();
        let upstream = simulated::start(loopback(), &Clock::system()).await.unwrap();
        let config = configure(&folder, &upstream, &format!("url = \"{}\"", database.url()), "");
        make_database(&config).await;
        let keys = company_keys(&config).await;
        let store = attach(&config).await;
        Self { config, keys, store, upstream, _folder: folder, _database: database }
    }

    async fn server(&self, node: u16) -> Server {
        let mut config = self.config.clone();
        config.database.node = node;
        Server::start(&config).await.unwrap()
    }

    async fn servers(&self) -> [Server; 2] {
        tokio::join!(self.server(0), self.server(1)).into()
    }

    async fn client(&self, server: &Server) -> Client {
        let url = format!("http://{}", server.api_address());
        Client::connect(&reqwest::Client::new(), &url, &self.keys.auth_key, &self.keys.secret_key).await
    }

    async fn company(&self) -> AccountId {
        self.store.account_by_user_id("acme").await.unwrap().unwrap().id
    }

    async fn stop(self) {
        assert!(self.store.verify_audit().await.unwrap().is_intact());
        self.store.close().await;
        self.upstream.stop().await;
    }
}

/// Nobody reads again by himself for a minute: what is seen earlier was told.
#[tokio::test]
async fn a_revoked_key_ends_on_every_server_at_once() {
    let mut site = Site::new().await;
    site.config.database.reread_ms = 60_000;
    let servers = site.servers().await;
    let clients = [site.client(&servers[0]).await, site.client(&servers[1]).await];
    let ask = "/col/isUserInDatabase?user_id=acme&brno=1234567890";
    for client in &clients {
        assert_eq!(client.get(ask).await.status(), StatusCode::OK);
    }
    let administration = Administration::new(site.store.clone(), Clock::system());
    administration.revoke_key(&UserId::parse("acme").unwrap(), Environment::Operations).await.unwrap();
    let refused = async {
        for client in &clients {
            while client.get(ask).await.status() != StatusCode::UNAUTHORIZED {}
        }
    };
    tokio::time::timeout(Duration::from_secs(20), refused).await.expect("the key ends");
    stop(servers).await;
    site.stop().await;
}

async fn stop(servers: [Server; 2]) {
    for server in servers {
        server.stop().await;
    }
}

fn number_request() -> Value {
    let driver = driver();
    json!({
        "rent_bgng_dt": driver["f_from_date"], "rent_end_dt": driver["f_to_date"], "vhcl_reg_no": "67라6767",
    })
}

/// Several times as many as a server takes at once.
#[tokio::test]
async fn a_thousand_numbers_of_two_servers_at_once_are_all_different() {
    let site = Site::new().await;
    let servers = site.servers().await;
    let clients = [site.client(&servers[0]).await, site.client(&servers[1]).await];
    let request = number_request();
    let generate = (0..1000).map(async |index| clients[index % 2].number("/generateRentNo", &request).await);
    let numbers: BTreeSet<String> = join_all(generate).await.into_iter().collect();
    assert_eq!(numbers.len(), 1000);
    for (index, number) in numbers.iter().step_by(25).enumerate() {
        let request = json!({ "rent_no": number });
        let answer = clients[index % 2].call("/licenseVerificationResult", &request).await;
        assert_eq!(answer["respCode"], -240, "known on either server: {answer}");
    }
    stop(servers).await;
    site.stop().await;
}

#[tokio::test]
async fn a_request_repeated_on_the_other_server_is_recorded_once() {
    let site = Site::new().await;
    let servers = site.servers().await;
    let clients = [site.client(&servers[0]).await, site.client(&servers[1]).await];
    let driver = driver();
    let answers: BTreeSet<String> = join_all((0..20).map(async |index: usize| {
        let response = clients[index % 2].send_once("/rentalConfirm", &driver, b"once").await;
        response.text().await.unwrap()
    }))
    .await
    .into_iter()
    .collect();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let today = &driver["f_from_date"];
    let page = json!({ "f_from_date": today, "f_to_date": today, "page_no": 1, "num_of_rows": 10 });
    assert_eq!(clients[1].rows(RENTAL_HISTORY, &page).await.len(), 1);
    let other = with(&driver, "one_way_yn", "Y");
    let refused = clients[1].send_once("/rentalConfirm", &other, b"once").await.text().await.unwrap();
    assert!(refused.contains("-160"), "{refused}");
    stop(servers).await;
    site.stop().await;
}

/// A reservation whose run of yesterday was missed.
async fn missed(site: &Site, licence: &str) {
    let (now, today) = (Clock::system().now(), Clock::system().today());
    let year = u8::try_from(today.year() % 100).unwrap();
    let yesterday = today.yesterday().unwrap();
    let company = site.company().await;
    let reservation = NewReservation {
        id: site.store.next_id(now),
        number: site.store.next_number(Sector::Rental, year).await.unwrap(),
        at: now,
        company,
        caller: company,
        recurrence: Recurrence::Weekly,
        period: Period::new(today - 10.days(), today + 10.days()).unwrap(),
        plate: Plate::parse("67라6767").unwrap(),
        licence: LicenceNumber::parse(licence).unwrap(),
        name: PersonName::parse("홍길동").unwrap(),
        class: LicenceClass::Class1Regular,
        code: LicenceStatus::Valid.into(),
        next: NextRun { date: yesterday, due: Some(rims_domain::recurrence::run_time(yesterday)) },
    };
    site.store.commit(Write::Reservation(reservation)).await.unwrap();
}

async fn reservations(site: &Site) -> Vec<ReservationRecord> {
    let (company, start) = (site.company().await, Clock::system().today() - 10.days());
    let query = HistoryQuery {
        scope: &[company],
        search: SearchType::ReservationStart,
        from: start,
        to: start,
        plate: None,
        offset: 0,
        limit: 1000,
    };
    site.store.reservation_page(&query).await.unwrap().rows
}

/// The licences that were verified, in order.
async fn verified(site: &Site) -> Vec<String> {
    let company = site.company().await;
    let stored = site.store.verifications_of(company, Environment::Operations, 10_000).await.unwrap();
    let mut numbers: Vec<String> = stored.iter().map(|record| record.licence.as_str().to_owned()).collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test]
async fn two_servers_run_each_due_reservation_once() {
    let site = Site::new().await;
    // More than a server claims at a time.
    let numbers: Vec<String> = (0..400).map(|index| format!("11{index:08}00")).collect();
    for number in &numbers {
        missed(&site, number).await;
    }
    // KOROAD is slow, so that the servers run at the same time.
    let slow = FaultsPatch { latency_ms: Some(500), ..FaultsPatch::default() };
    site.upstream.set_faults(slow).await.unwrap();
    let servers = site.servers().await;
    while verified(&site).await.len() < numbers.len() {
        tokio::task::yield_now().await;
    }
    let today = Clock::system().today();
    assert!(reservations(&site).await.iter().all(|reservation| reservation.next_date > today));
    stop(servers).await;
    assert_eq!(verified(&site).await, numbers);
    site.stop().await;
}
