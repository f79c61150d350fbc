//! A remote (비대면) verification: a number, its link for the driver, and the result.
//!
//!     RIMS_URL=http://127.0.0.1:8114 RIMS_AUTH_KEY=… RIMS_SECRET_KEY=… \
//!         cargo run -p rims-client --example remote

#![expect(clippy::print_stdout, reason = "an example prints")]

use std::time::Duration;

use rims_client::{Client, NumberRequest, driver_link};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder().from_env().build()?;
    let chauffeur = client.chauffeur();
    let number = chauffeur.generate_number(&NumberRequest::default()).await?;
    println!("{}", driver_link(&"https://rims.kotsa.or.kr".parse()?, number));
    let waited = chauffeur.wait_for_result(number, Duration::from_millis(100), Duration::from_secs(1));
    match waited.await {
        Ok(result) => println!("{} {:?}", result.status, result.face_similarity),
        Err(error) if error.is_pending() => println!("not finished yet"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
