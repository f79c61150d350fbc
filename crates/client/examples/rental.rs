//! A rental: verified and confirmed, checked for anomalies, and verified again every week.
//!
//!     RIMS_URL=http://127.0.0.1:8114 RIMS_AUTH_KEY=… RIMS_SECRET_KEY=… \
//!         cargo run -p rims-client --example rental

#![expect(clippy::print_stdout, reason = "an example prints")]

use rims_client::codes::{LicenceClass, OneWay, Recurrence};
use rims_client::values::{IdempotencyKey, LicenceNumber, PersonName};
use rims_client::{Client, Date, Malformed, VerifyRequest};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder().from_env().build()?;
    let driver = driver(client.today())?;
    // The booking's own number: however often this program runs today, the booking is confirmed once.
    let booking = IdempotencyKey::parse("booking-0117")?;
    let confirmed = client.rental().once(booking).confirm(&driver, Some(OneWay::No)).await?;
    println!("confirmed: {}", confirmed.is_eligible());
    let rentals = client.rental().anomaly(&LicenceNumber::parse("221212121212")?).await?;
    println!("rentals in seven days: {rentals}");
    let scheduled = client.rental().schedule(&driver, Recurrence::Weekly).await?;
    println!("reserved: {}", scheduled.is_reserved);
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
