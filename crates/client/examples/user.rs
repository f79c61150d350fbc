//! Is a company registered, and can its account be used?
//!
//!     RIMS_URL=http://127.0.0.1:8114 RIMS_AUTH_KEY=… RIMS_SECRET_KEY=… \
//!         cargo run -p rims-client --example user -- s01 1234567890

#![expect(clippy::print_stdout, reason = "an example prints")]

use rims_client::Client;
use rims_client::values::{BusinessNumber, UserId};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let user_id = UserId::parse(&arguments.next().ok_or("the user id is missing")?)?;
    let brno = BusinessNumber::parse(&arguments.next().ok_or("the business number is missing")?)?;
    let client = Client::builder().from_env().build()?;
    let state = client.user(&user_id, &brno).await?;
    println!("registered: {}, usable: {}", state.is_registered, state.is_usable());
    Ok(())
}
