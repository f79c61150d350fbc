//! The same without async.
//!
//!     RIMS_URL=http://127.0.0.1:8114 RIMS_AUTH_KEY=… RIMS_SECRET_KEY=… \
//!         cargo run -p rims-client --example without_async --features blocking

#![expect(clippy::print_stdout, reason = "an example prints")]

use rims_client::blocking::Client;
use rims_client::codes::LicenceClass;
use rims_client::values::{LicenceNumber, PersonName};
use rims_client::{ClientBuilder, VerifyRequest};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(ClientBuilder::default().from_env())?;
    let driver = VerifyRequest::builder()
        .licence_number(LicenceNumber::parse("22-12-121212-12")?)
        .name(PersonName::parse("홍길동")?)
        .class(LicenceClass::Class1Regular)
        .build();
    let answer = client.sector(rims_client::Sector::Chauffeur).verify(&driver)?;
    println!("{} {}", answer.status, answer.status.korean());
    Ok(())
}
