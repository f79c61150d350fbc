//! One call of every interface of §3.5.1, as a company makes it.

use futures::StreamExt as _;
use rims_client::codes::{
    Approval, LicenceStatus, OneWay, PhotoCheck, Recurrence, RentalStatus, VehicleIdentity,
};
use rims_client::values::{BusinessNumber, LicenceNumber, RemoteNumber, UserId};
use rims_client::{Error, HistoryQuery, NumberRequest, Sector};
use rims_domain::Environment;

use crate::harness::Running;

const VALID: &str = "221212121212";
const REVOKED: &str = "110000000011";

fn user(text: &str) -> UserId {
    UserId::parse(text).unwrap()
}

#[tokio::test]
async fn token_and_user() {
    let running = Running::start().await;
    let client = running.client("s01");
    assert_eq!(client.token().await.unwrap().len(), 36);
    let known = client.user(&user("s02"), &BusinessNumber::parse("2345678901").unwrap()).await.unwrap();
    assert!(known.is_registered && known.is_usable());
    assert_eq!(known.approval, Some(Approval::Approved.into()));
    let pending =
        client.user(&user("pending01"), &BusinessNumber::parse("5000000001").unwrap()).await.unwrap();
    assert!(pending.is_registered && !pending.is_usable());
    let unknown = client.user(&user("s02"), &BusinessNumber::parse("1234567890").unwrap()).await.unwrap();
    assert!(!unknown.is_registered && unknown.approval.is_none());
    running.stop().await;
}

#[tokio::test]
async fn single_and_batch_of_every_sector() {
    let running = Running::start().await;
    let client = running.client("s01");
    for sector in Sector::ALL.iter().copied() {
        let calls = client.sector(sector);
        let valid = calls.verify(&running.driver(VALID)).await.unwrap();
        assert!(valid.is_eligible(), "{sector}");
        assert_eq!(valid.masked_number.as_str(), "2*1*1*1*1*1*");
        assert_eq!(valid.vehicle.is_some(), sector.rules().identity.single, "{sector}");
        let drivers = [running.driver(REVOKED), running.driver(VALID)];
        let answers = calls.verify_batch(&drivers).await.unwrap();
        let statuses: Vec<_> = answers.iter().map(|answer| answer.status.known()).collect();
        assert_eq!(statuses, [Some(LicenceStatus::Revoked), Some(LicenceStatus::Valid)], "{sector}");
        assert_eq!(answers[0].vehicle.is_some(), sector.rules().identity.batch, "{sector}");
    }
    running.stop().await;
}

#[tokio::test]
async fn numbers_and_results_of_every_sector() {
    let running = Running::start().await;
    let client = running.client("s01");
    for sector in Sector::ALL.iter().copied() {
        let calls = client.sector(sector);
        let request =
            NumberRequest::builder().from(running.day(0)).to(running.day(3)).vehicle("12하1234").build();
        let number = calls.generate_number(&request).await.unwrap();
        assert_eq!((number.sector(), number.sequence()), (sector, 1));
        let pending = calls.result(number).await.unwrap_err();
        assert!(pending.is_pending(), "{pending:?}");
        let path = format!("/sandbox/remote-verifications/{number}");
        let shown = r#"{"f_license_no":"221212121212","f_resident_name":"홍길동","f_licn_con_code":"12"}"#;
        running.control(reqwest::Method::POST, &path, shown).await;
        let result = calls.result(number).await.unwrap();
        assert!(result.is_eligible(), "{result:?}");
        assert_eq!((result.face_similarity, result.original_reliability), (Some(99.0), Some(90.0)));
        assert_eq!(result.photo, Some(PhotoCheck::Genuine.into()));
        assert_eq!(result.vehicle.is_some(), sector.rules().identity.result, "{sector}");
    }
    let foreign = client.delivery().result(RemoteNumber::parse("R30-000000001").unwrap()).await.unwrap_err();
    assert!(matches!(foreign, Error::Request(_)), "nothing is sent: {foreign:?}");
    running.stop().await;
}

#[tokio::test]
async fn everything_about_rentals() {
    let running = Running::start().await;
    let client = running.client("s01");
    let rental = client.rental();
    let driver = running.driver(VALID);
    let confirmed = rental.confirm(&driver, Some(OneWay::Yes)).await.unwrap();
    assert!(confirmed.is_eligible());
    assert_eq!(confirmed.vehicle, Some(VehicleIdentity::Confirmed.into()));
    let scheduled = rental.schedule(&driver, Recurrence::FifteenDays).await.unwrap();
    assert!(scheduled.is_reserved && scheduled.verification.is_eligible());
    let refused = rental.schedule(&running.driver(REVOKED), Recurrence::Weekly).await.unwrap();
    assert!(!refused.is_reserved && !refused.verification.is_eligible());
    assert_eq!(rental.anomaly(&LicenceNumber::parse("22-12-121212-12").unwrap()).await.unwrap(), 1);
    let query = HistoryQuery::builder().from(running.day(-40)).to(running.day(40)).build();
    let rentals: Vec<_> = rental.rentals(query.clone()).collect().await;
    let [Ok(record)] = &rentals[..] else { panic!("{rentals:?}") };
    assert_eq!(record.status, Some(RentalStatus::Confirmed.into()));
    assert_eq!(record.plate.as_deref(), Some("67라6767"));
    assert_eq!(record.verification.as_ref().unwrap().status, Some(LicenceStatus::Valid.into()));
    let reservations: Vec<_> = rental.schedules(query).collect().await;
    let [Ok(record)] = &reservations[..] else { panic!("{reservations:?}") };
    assert_eq!(record.recurrence, Some(Recurrence::FifteenDays.into()));
    assert_eq!(record.masked_driver.as_deref(), Some("홍*동"));
    running.stop().await;
}

#[tokio::test]
async fn on_behalf_of_a_company_that_delegated() {
    let running = Running::start().await;
    let platform =
        running.builder("platform", Environment::Operations).on_behalf_of(user("s01")).build().unwrap();
    let driver = running.driver(VALID);
    let confirmed = platform.rental().confirm(&driver, None).await.unwrap();
    assert_eq!(confirmed.vehicle, Some(VehicleIdentity::Confirmed.into()), "the vehicle is s01's");
    let refused = platform.rental().on_behalf_of(user("s02")).confirm(&driver, None).await.unwrap_err();
    assert!(refused.to_string().starts_with("-130 "), "{refused}");
    assert_eq!(running.stored("s01").await.len(), 1);
    running.stop().await;
}
