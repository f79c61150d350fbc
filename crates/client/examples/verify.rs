//! A single verification in every sector.
//!
//!     RIMS_URL=http://127.0.0.1:8114 RIMS_AUTH_KEY=… RIMS_SECRET_KEY=… \
//!         cargo run -p rims-client --example verify

#![expect(clippy::print_stdout, reason = "an example prints")]

use rims_client::codes::LicenceClass;
use rims_client::values::{LicenceNumber, PersonName};
use rims_client::{Client, Date, Malformed, Sector, VerifyRequest};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder().from_env().build()?;
    let driver = driver(client.today())?;
    for sector in Sector::ALL {
        match client.sector(*sector).verify(&driver).await {
            Ok(answer) => println!("{sector}: {} {}", answer.status, answer.status.korean()),
            Err(error) => println!("{sector}: {error}. {}", error.advice().korean),
        }
    }
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
