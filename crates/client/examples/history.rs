//! A year of rentals, month by month and page by page.
//!
//!     RIMS_URL=http://127.0.0.1:8114 RIMS_AUTH_KEY=… RIMS_SECRET_KEY=… \
//!         cargo run -p rims-client --example history

#![expect(clippy::print_stdout, reason = "an example prints")]

use std::pin::pin;

use futures::TryStreamExt as _;
use rims_client::{Client, Date, HistoryQuery};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder().from_env().build()?;
    let today = client.today();
    let a_year_ago = Date::new(today.year() - 1, today.month(), 1)?;
    let query = HistoryQuery::builder().from(a_year_ago).to(today).build();
    let mut rentals = pin!(client.rental().rentals(query));
    while let Some(rental) = rentals.try_next().await? {
        println!("{:?} {:?} {:?}", rental.number, rental.from, rental.status);
    }
    Ok(())
}
