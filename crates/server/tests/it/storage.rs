use futures::future::join_all;
use reqwest::{Method, StatusCode};
use rims_domain::vehicle::Sighting;
use rims_domain::{AccountKind, Environment};
use rims_protocol::Sector;
use rims_protocol::codes::LicenceClass;
use rims_protocol::values::{BusinessNumber, UserId};
use rims_server::clock::Clock;
use rims_server::sandbox::Sandbox;
use rims_server::service::administration::Administration;
use rims_store::{Channel, NewVerification, TokenHash, Write};
use serde_json::{Value, json};

use crate::harness::{Client, RENTAL_HISTORY, Running, SCHEDULE_HISTORY, batch_of, keys, options, with};

#[tokio::test]
async fn what_was_answered_is_recorded() {
    let running = Running::start().await;
    let client = running.client("platform", Environment::Operations).await;
    let mut driver = running.driver_with_number("123456789123");
    driver["bizinfo"] = json!("s01");
    driver["f_resident_name"] = json!("김하늘");
    driver["f_licn_con_code"] = json!("32");
    client.call("/licenseVerification", &driver).await;
    let [record] = running.stored("s01").await.try_into().unwrap();
    assert_eq!(record.licence.as_str(), "123456789123");
    assert_eq!(record.name.as_str(), "김하늘");
    assert_eq!(record.class, LicenceClass::Class2Regular);
    assert_eq!(record.code.as_str(), "00");
    assert!(record.temporary, "임시면허");
    assert_ne!(record.caller, record.company, "the caller is kept beside the company");
    let report = running.sandbox.services().store().verify_audit().await.unwrap();
    assert!(report.is_intact());
    running.stop().await;
}

#[tokio::test]
async fn the_first_unconfirmed_sighting_starts_a_grace_and_a_match_ends_it() {
    let running = Running::start().await;
    let client = running.s01().await;
    let see = async |plate: &str| {
        let mut driver = running.driver();
        driver["vhcl_reg_no"] = json!(plate);
        driver["f_from_date"] = json!(running.day(0));
        client.call("/licenseVerification", &driver).await["body"]["vhcl_idnty_cd"].clone()
    };
    assert_eq!(see("11가1111").await, "2");
    let started = running.grace_started("s01", "11가1111").await.unwrap();
    running.advance("PT1H").await;
    assert_eq!(see("11가1111").await, "2");
    assert_eq!(running.grace_started("s01", "11가1111").await, Some(started), "the first sighting counts");
    assert_eq!(running.grace_started("s02", "11가1111").await, None, "it is the company's own");
    assert_eq!(see("11가 1111").await, "2");
    assert_eq!(running.grace_started("s01", "11가 1111").await, Some(started), "one vehicle, one grace");
    see("99임9999").await;
    see("９９임 9999").await;
    assert_eq!(running.grace_started("s01", "99임9999").await, None);
    running.stop().await;
}

#[tokio::test]
async fn a_match_ends_the_grace() {
    let running = Running::start().await;
    let client = running.s01().await;
    assert_eq!(client.code("/licenseVerification", &running.driver()).await, "00");
    let [matched] = running.stored("s01").await.try_into().unwrap();
    let store = running.sandbox.services().store();
    let unmatched = NewVerification {
        id: store.next_id(running.now()),
        at: running.now(),
        company: matched.company,
        caller: matched.caller,
        requester: rims_domain::Requester::System,
        address: None,
        environment: Environment::Operations,
        sector: Sector::Rental,
        channel: Channel::Single,
        licence: matched.licence,
        name: matched.name,
        class: matched.class,
        period: matched.period,
        vehicle: matched.vehicle,
        api_type: None,
        code: matched.code,
        temporary: false,
        identity: None,
        sighting: Sighting::Unmatched,
    };
    store.commit(Write::Verifications { rows: vec![unmatched] }).await.unwrap();
    assert!(running.grace_started("s01", "67라6767").await.is_some());
    assert_eq!(client.code("/licenseVerification", &running.driver()).await, "00");
    assert_eq!(running.grace_started("s01", "67라6767").await, None);
    running.stop().await;
}

#[tokio::test]
async fn what_koroad_was_asked_is_recorded_even_if_the_client_hangs_up() {
    let running = Running::start().await;
    let client = running.s01().await;
    running.set_faults(json!({ "latency_ms": 300 })).await;
    let body = client.seal(&running.driver()).to_string();
    let hung_up = client.send("/licenseVerification", body);
    let asked = tokio::time::timeout(std::time::Duration::from_millis(150), hung_up).await;
    assert!(asked.is_err(), "the client did not wait");
    while running.stored("s01").await.is_empty() {
        tokio::task::yield_now().await;
    }
    running.stop().await;
}

#[tokio::test]
async fn a_start_that_was_cut_off_is_completed_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(Some(folder.path()));
    let first = Sandbox::start(&options).await.unwrap();
    let services = first.services();
    services.store().wipe().await.unwrap();
    let administration = Administration::new(services.store().clone(), services.clock().clone());
    let (user, brno) = (UserId::parse("s01").unwrap(), BusinessNumber::parse("1234567890").unwrap());
    administration.create_user(&user, &brno, "(주)테스트렌트카", AccountKind::Operator).await.unwrap();
    first.stop().await;
    let second = Running::of(Sandbox::start(&options).await.unwrap());
    let platform = second.client("platform", Environment::Operations).await;
    let mut driver = second.driver();
    driver["bizinfo"] = json!("s01");
    assert_eq!(platform.code("/licenseVerification", &driver).await, "00");
    second.stop().await;
}

#[tokio::test]
async fn expired_tokens_are_destroyed() {
    let running = Running::start().await;
    let (old, services) = (running.s01().await, running.sandbox.services());
    running.advance("PT2H").await;
    let young = running.s01().await;
    running.advance("PT1H").await;
    let known = async |client: &Client| services.store().token(&TokenHash::of(&client.token)).await.unwrap();
    assert!(known(&old).await.is_none());
    assert!(known(&young).await.is_some());
    running.stop().await;
}

#[tokio::test]
async fn concurrent_verifications_are_all_recorded_once() {
    let running = Running::start().await;
    let client = running.s01().await;
    let singles = join_all((0..300).map(async |index| {
        client.code("/licenseVerification", &running.driver_with_number(&format!("11{index:08}00"))).await
    }));
    let drivers: Vec<Value> =
        (0..100).map(|index| running.driver_with_number(&format!("12{index:08}00"))).collect();
    let request = batch_of(&drivers);
    let batch = client.call("/licenseVerificationBatch", &request);
    let (codes, _) = tokio::join!(singles, batch);
    assert!(codes.iter().all(|code| code == "00"));
    let stored = running.stored("s01").await;
    let mut numbers: Vec<String> = stored.iter().map(|record| record.licence.as_str().to_owned()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!((stored.len(), numbers.len()), (400, 400));
    running.stop().await;
}

#[tokio::test]
async fn nothing_readable_is_on_the_disk() {
    let running = Running::start().await;
    let client = running.s01().await;
    let mut driver = running.driver_with_number("117788990011");
    driver["f_resident_name"] = json!("남궁비밀");
    client.call("/licenseVerification", &driver).await;
    let mut scooter = driver.clone();
    scooter["vhcl_reg_no"] = json!("PM-DEVICE-000001");
    client.call("/pm/licenseVerification", &scooter).await;
    let (auth_key, secret_key) = keys("s01", Environment::Operations);
    let mut files = 0;
    for entry in std::fs::read_dir(running.folder()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        files += 1;
        for secret in ["117788990011", "남궁비밀", "PM-DEVICE-000001", &client.token, &auth_key, &secret_key]
        {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is readable on the disk");
        }
    }
    assert!(files >= 2);
    running.stop().await;
}

#[tokio::test]
async fn data_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(Some(folder.path()));
    let (auth_key, secret) = keys("s01", Environment::Operations);
    let http = reqwest::Client::new();
    let first = Sandbox::start(&options).await.unwrap();
    let base = format!("http://{}", first.api_address());
    let client = Client::connect(&http, &base, &auth_key, &secret).await;
    let token = client.token.clone();
    first.stop().await;
    let second = Sandbox::start(&options).await.unwrap();
    let response = http
        .get(format!("http://{}/col/isUserInDatabase?user_id=s01&brno=1234567890", second.api_address()))
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK, "the token is still known");
    second.stop().await;
}

#[tokio::test]
async fn without_a_data_folder_nothing_is_left() {
    let options = options(None);
    let sandbox = Sandbox::start_at(&options, Clock::system()).await.unwrap();
    let folder = sandbox.folder().to_owned();
    assert!(folder.join("rims.db").is_file());
    sandbox.stop().await;
    assert!(!folder.exists());
}

#[tokio::test]
async fn a_closed_database_is_110_and_not_ready() {
    let running = Running::start().await;
    let client = running.s01().await;
    assert_eq!(client.code("/licenseVerification", &running.driver()).await, "00");
    running.sandbox.services().store().close().await;
    let answer = client.call("/licenseVerification", &running.driver()).await;
    assert_eq!(
        answer,
        json!({ "respCode": -110, "errorMsg": "운전자격확인시스템 데이터베이스 오류입니다." })
    );
    let (status, body) = running.ops(Method::GET, "/readyz", None).await;
    assert_eq!((status, &body["part"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("database")));
    running.stop().await;
}

#[tokio::test]
async fn every_interface_is_110_without_its_database() {
    let running = Running::start().await;
    let client = running.s01().await;
    let (driver, today) = (running.driver(), running.day(0));
    let rental = json!({ "rent_bgng_dt": today, "rent_end_dt": today, "vhcl_reg_no": "67라6767" });
    running.sandbox.services().store().close().await;
    for (path, request) in [
        ("/rentalConfirm", driver.clone()),
        ("/licenseVerificationSchedule", with(&driver, "repeat_period", "1")),
        ("/rental/anomaly", json!({ "f_license_no": "221212121212" })),
        ("/generateRentNo", rental),
        ("/pm/generateRentNo", json!({ "vhcl_reg_no": "pm_id3" })),
        ("/cmm/generateVrfcNo", json!({})),
        ("/licenseVerificationResult", json!({ "rent_no": "R30-000000001" })),
        (RENTAL_HISTORY, running.registered("rent_create_date")),
        (SCHEDULE_HISTORY, running.registered("reservation_create_date")),
    ] {
        assert_eq!(client.error(path, &request).await.0, -110, "{path}");
        let answer = client.send_once(path, &request, b"key").await.text().await.unwrap();
        assert!(answer.contains("-110"), "{path}: {answer}");
    }
    running.stop().await;
}
