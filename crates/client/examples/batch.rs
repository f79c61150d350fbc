//! Any number of drivers, a thousand at a time.
//!
//!     RIMS_URL=http://127.0.0.1:8114 RIMS_AUTH_KEY=… RIMS_SECRET_KEY=… \
//!         cargo run -p rims-client --example batch

#![expect(clippy::print_stdout, reason = "an example prints")]

use std::pin::pin;

use futures::{StreamExt as _, stream};
use rims_client::codes::LicenceClass;
use rims_client::values::{LicenceNumber, PersonName};
use rims_client::{Client, Date, Malformed, VerifyRequest};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder().from_env().build()?;
    let driver = driver(client.today())?;
    let drivers = stream::repeat(driver).take(2_500);
    let mut answers = pin!(client.delivery().verify_many(drivers));
    let (mut eligible, mut others) = (0, 0);
    while let Some(answer) = answers.next().await {
        if answer?.is_eligible() {
            eligible += 1;
        } else {
            others += 1;
        }
    }
    println!("eligible: {eligible}, others: {others}");
    Ok(())
}

/// The specification's own sample. A real driver comes from your own data.
fn driver(today: Date) -> Result<VerifyRequest, Malformed> {
    Ok(VerifyRequest::builder()
        .licence_number(LicenceNumber::parse("22-12-121212-12")?)
        .name(PersonName::parse("홍길동")?)
        .class(LicenceClass::Class1Regular)
        .from(today)
        .to(today)
        .vehicle("67라6767")
        .build())
}
