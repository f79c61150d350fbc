//! The calls without async.

use std::time::Duration;

use rims_client::blocking::Client;
use rims_client::codes::Recurrence;
use rims_client::values::{BusinessNumber, LicenceNumber, UserId};
use rims_client::{Error, HistoryQuery, NumberRequest, Sector};
use rims_domain::Environment;

use crate::harness::Running;

#[test]
fn every_call_without_async() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let running = runtime.block_on(Running::start());
    let client = Client::new(running.builder("s01", Environment::Operations)).unwrap();
    let driver = running.driver("221212121212");
    assert_eq!(client.token().unwrap().len(), 36);
    let brno = BusinessNumber::parse("1234567890").unwrap();
    assert!(client.user(&UserId::parse("s01").unwrap(), &brno).unwrap().is_usable());
    assert!(client.sector(Sector::Delivery).verify(&driver).unwrap().is_eligible());
    let rental = client.rental();
    assert!(rental.verify(&driver).unwrap().is_eligible());
    assert_eq!(rental.verify_batch(std::slice::from_ref(&driver)).unwrap().len(), 1);
    assert_eq!(rental.verify_many(vec![driver.clone(); 1_001]).flatten().count(), 1_001);
    assert!(rental.confirm(&driver, None).unwrap().is_eligible());
    assert!(rental.schedule(&driver, Recurrence::Weekly).unwrap().is_reserved);
    assert_eq!(rental.anomaly(&LicenceNumber::parse("221212121212").unwrap()).unwrap(), 1);
    let number = NumberRequest::builder().from(running.day(0)).to(running.day(0)).vehicle("12하1234").build();
    let number = rental.generate_number(&number).unwrap();
    let millisecond = Duration::from_millis(1);
    let pending = rental.wait_for_result(number, millisecond, 3 * millisecond).unwrap_err();
    assert!(pending.is_pending() && rental.result(number).unwrap_err().is_pending());
    let query = HistoryQuery::builder().from(running.day(-1)).to(running.day(1)).build();
    assert_eq!(rental.rentals(query.clone()).flatten().count(), 2);
    assert_eq!(rental.schedules(query).flatten().count(), 1);
    runtime.block_on(running.stop());
}

#[test]
fn within_an_async_runtime_it_is_refused_and_nothing_panics() {
    let builder = rims_client::Client::builder().base_url("http://localhost").auth_key("a").secret_key("s");
    let client = Client::new(builder).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // It is dropped within the runtime, too.
    let answers = runtime.block_on(async move {
        let many: Vec<_> = client.rental().verify_many([]).collect();
        (client.token().unwrap_err(), many)
    });
    assert!(matches!(answers.0, Error::Setting(_)));
    assert!(matches!(&answers.1[..], [Err(Error::Setting(_))]));
}
