//! Measures durable commits: rows a second from 256 tasks that commit one verification each, and from 4 tasks
//! that commit batches of 1,000.
//!
//! ```text
//! cargo run --release -p rims-store --example commit_rate -- sqlite:///tmp/rate.db [SECONDS] [COMMITTERS]
//! ```

use std::error::Error;
use std::io::Write as _;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rims_domain::vehicle::Sighting;
use rims_domain::{AccountId, Environment};
use rims_protocol::Sector;
use rims_protocol::codes::{LicenceClass, LicenceStatus};
use rims_protocol::values::{LicenceNumber, Malformed, Period, PersonName, Plate, Vehicle};
use rims_store::{Channel, MasterKeys, NewVerification, Options, Store, Write};
use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "sqlite::memory:".to_owned());
    let seconds = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let committers = arguments.next().map_or(Ok(2), |text| text.parse())?;
    let options = Options { committers, ..Options::new(url) };
    // Keys that protect nothing: the rows are made up.
    let store = Store::open(&options, &MasterKeys::generate(&mut |bytes| bytes.fill(7))).await?;
    store.migrate().await?;

    let mut output = std::io::stdout().lock();
    for (tasks, rows) in [(1, 1), (64, 1), (256, 1), (4, 1_000)] {
        let measured = measure(&store, tasks, rows, Duration::from_secs(seconds)).await?;
        writeln!(output, "{tasks:>4} tasks of {rows:>4} rows: {measured}")?;
    }
    store.close().await;
    Ok(())
}

async fn measure(store: &Store, tasks: i64, rows: usize, length: Duration) -> Result<String, Box<dyn Error>> {
    let started = Instant::now();
    let mut running = JoinSet::new();
    for task in 0..tasks {
        let store = store.clone();
        running.spawn(async move {
            let mut latencies = Vec::new();
            while started.elapsed() < length {
                let batch = batch(&store, task, rows).map_err(|malformed| malformed.0)?;
                let begun = Instant::now();
                store.commit(Write::Verifications { rows: batch }).await.map_err(|_| "a commit failed")?;
                latencies.push(begun.elapsed());
            }
            Ok::<_, &'static str>(latencies)
        });
    }
    let mut latencies = Vec::new();
    for result in running.join_all().await {
        latencies.extend(result?);
    }
    let seconds = started.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let share = |percent: usize| latencies[(latencies.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = (latencies.len() * rows) as f64 / seconds;
    Ok(format!("{rate:>9.0} rows/s, p50 {:.2} ms, p99 {:.2} ms", share(50), share(99)))
}

#[expect(clippy::disallowed_methods, reason = "a measurement has no injected clock")]
fn batch(store: &Store, task: i64, rows: usize) -> Result<Vec<NewVerification>, Malformed> {
    let now = Timestamp::now();
    let today = rims_domain::calendar::today(now);
    (0..rows)
        .map(|_| {
            let id = store.next_id(now);
            Ok(NewVerification {
                id,
                at: now,
                company: AccountId(1 + task % 16),
                caller: AccountId(1),
                requester: rims_domain::Requester::System,
                address: None,
                environment: Environment::Operations,
                sector: Sector::Rental,
                channel: Channel::Single,
                licence: LicenceNumber::parse(&format!(
                    "{:012}",
                    id.unsigned_abs().wrapping_mul(7_919) % 1_000_000_000_000
                ))?,
                name: PersonName::parse("홍길동")?,
                class: LicenceClass::Class1Regular,
                period: Period::new(today, today)?,
                vehicle: Vehicle::Plate(Plate::parse("12하1234")?),
                api_type: None,
                code: LicenceStatus::Valid.into(),
                temporary: false,
                identity: None,
                sighting: Sighting::Matched,
            })
        })
        .collect()
}
