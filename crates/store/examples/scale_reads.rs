//! Measures the calls that could slow down as tables grow. `./bench scale` runs it twice on one database and
//! fills the tables in between:
//!
//! ```text
//! scale_reads URL prepare DRIVERS          makes the tables; prints a number and a keyed hash per driver
//! scale_reads URL measure DRIVERS CALLS    prints a line of JSON per kind of call
//! ```

use std::error::Error;
use std::io::Write as _;
use std::time::{Duration, Instant};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use rims_domain::AccountId;
use rims_domain::calendar::today;
use rims_protocol::Sector;
use rims_protocol::codes::{LicenceClass, LicenceStatus, Recurrence, SearchType};
use rims_protocol::values::{LicenceNumber, Period, PersonName, Plate, RemoteNumber};
use rims_store::{
    HistoryQuery, MasterKeys, NewReservation, NextRun, Options, RentalRecord, Store, Subject, Write,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Calls before the measured ones: connections are made and statements prepared.
const WARM_UP: usize = 50;
/// The company with a tenth of all rows, and one that has only reservations which can be opened.
const LARGEST: AccountId = AccountId(1);
const READABLE: AccountId = AccountId(1001);
const SEARCHES: [SearchType; 3] = [SearchType::RentStart, SearchType::RentEnd, SearchType::RentCreate];
/// How many reservations a claim takes, and rows a page has.
const CLAIMED: u32 = 100;
const PAGE: u32 = 100;
/// How many reservations are stored at a time.
const STORED: i64 = 1_000;

#[tokio::main]
#[expect(clippy::disallowed_methods, reason = "a measurement has no injected clock")]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, command, numbers @ ..] = arguments.as_slice() else {
        return Err("scale_reads URL prepare DRIVERS | measure DRIVERS CALLS".into());
    };
    let numbers: Vec<usize> = numbers.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    // Keys that protect nothing: the rows are made up.
    let store = Store::open(&Options::new(url), &MasterKeys::generate(&mut |bytes| bytes.fill(7))).await?;
    let now = Timestamp::now();
    match (command.as_str(), numbers.as_slice()) {
        ("prepare", [drivers]) => prepare(&store, now, *drivers).await?,
        ("measure", [drivers, calls]) => {
            let random = Random(1);
            Measurement { store: store.clone(), now, drivers: *drivers, calls: *calls, random }.run().await?;
        }
        _ => return Err("unknown arguments".into()),
    }
    store.close().await;
    Ok(())
}

/// The tables, with partitions for the thirteen months that are filled.
async fn prepare(store: &Store, now: Timestamp, drivers: usize) -> Outcome<()> {
    store.migrate().await?;
    for days in (0..=396).rev().step_by(28) {
        store.make_partitions(now - SignedDuration::from_hours(24 * days)).await?;
    }
    let mut output = std::io::stdout().lock();
    for driver in 1..=drivers {
        let hash = store.subject_hash(&Subject::Licence(licence(driver)?)).unwrap_or_default();
        writeln!(output, "{driver} {:032x}", u128::from_be_bytes(hash))?;
    }
    Ok(())
}

fn licence(driver: usize) -> Outcome<LicenceNumber> {
    LicenceNumber::parse(&format!("{driver:012}")).map_err(|malformed| malformed.0.into())
}

/// Pseudo-random numbers, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % bound
    }
}

struct Measurement {
    store: Store,
    now: Timestamp,
    drivers: usize,
    calls: usize,
    random: Random,
}

impl Measurement {
    async fn run(mut self) -> Outcome<()> {
        self.anomaly().await?;
        for search in SEARCHES {
            let months = self.months(search).await?;
            self.rental_pages("first page", search, &months, |_| 0).await?;
            self.rental_pages("page 50", search, &months, |_| 49 * u64::from(PAGE)).await?;
            self.rental_pages("last page", search, &months, |total| total.saturating_sub(PAGE.into()))
                .await?;
        }
        self.platform().await?;
        self.of_known_rentals().await?;
        self.insert_due().await?;
        self.reservation_pages().await?;
        self.claims().await
    }

    /// Times a call and prints what it took.
    async fn time(&mut self, read: &str, mut call: impl AsyncFnMut(&mut Self) -> Outcome<()>) -> Outcome<()> {
        for _ in 0..WARM_UP {
            call(self).await?;
        }
        let mut latencies: Vec<Duration> = Vec::with_capacity(self.calls);
        for _ in 0..self.calls {
            let begun = Instant::now();
            call(self).await?;
            latencies.push(begun.elapsed());
        }
        latencies.sort_unstable();
        let share = |percent: usize| latencies[(latencies.len() - 1) * percent / 100].as_secs_f64() * 1e3;
        let (half, most) = (share(50), share(99));
        let mut output = std::io::stdout().lock();
        writeln!(output, r#"{{"read": "{read}", "p50_ms": {half:.3}, "p99_ms": {most:.3}}}"#)?;
        Ok(output.flush()?)
    }

    async fn anomaly(&mut self) -> Outcome<()> {
        let (since, until) = (self.now - SignedDuration::from_hours(7 * 24), self.now);
        self.time("rentals of a licence in 7 days", async |this: &mut Self| {
            let licence = licence(1 + this.random.below(this.drivers))?;
            this.store.count_rentals(&licence, since, until).await?;
            Ok(())
        })
        .await
    }

    /// A month that lies within the last year.
    fn month(&mut self) -> Outcome<(Date, Date)> {
        let ago = 31 + i32::try_from(self.random.below(330))?;
        let from = today(self.now).checked_sub(ago.days())?;
        Ok((from, from.checked_add(1.month())?))
    }

    /// Months with the number of rentals that the largest company has in them.
    async fn months(&mut self, search: SearchType) -> Outcome<Vec<(Date, Date, u64)>> {
        let mut months = Vec::new();
        for _ in 0..20 {
            let (from, to) = self.month()?;
            let scope = &[LARGEST];
            let query = HistoryQuery { scope, search, from, to, plate: None, offset: 0, limit: 1 };
            months.push((from, to, u64::try_from(self.store.rental_page(&query).await?.total)?));
        }
        Ok(months)
    }

    async fn rental_pages(
        &mut self,
        page: &str,
        search: SearchType,
        months: &[(Date, Date, u64)],
        offset: fn(u64) -> u64,
    ) -> Outcome<()> {
        let read = format!("rentals of a month, {}, {page}", search.code());
        self.time(&read, async |this: &mut Self| {
            let (from, to, total) = months[this.random.below(months.len())];
            let (scope, offset) = (&[LARGEST], offset(total));
            let query = HistoryQuery { scope, search, from, to, plate: None, offset, limit: PAGE };
            let rows = this.store.rental_page(&query).await?.rows.len();
            let expected = total.saturating_sub(offset).min(PAGE.into());
            if u64::try_from(rows)? == expected { Ok(()) } else { Err("rows are missing".into()) }
        })
        .await
    }

    /// A platform that sees twenty companies, without the largest.
    async fn platform(&mut self) -> Outcome<()> {
        let scope: Vec<AccountId> = (10..30).map(AccountId).collect();
        self.time("rentals of a month, 20 companies, first page", async |this: &mut Self| {
            let (from, to) = this.month()?;
            let search = SearchType::RentStart;
            let query = HistoryQuery { scope: &scope, search, from, to, plate: None, offset: 0, limit: PAGE };
            this.store.rental_page(&query).await?;
            Ok(())
        })
        .await
    }

    /// Calls that need what is stored: vehicles and numbers of the largest company's rentals.
    async fn of_known_rentals(&mut self) -> Outcome<()> {
        let known = self.known_rentals().await?;
        for search in SEARCHES {
            self.rentals_of_a_vehicle(search, &known).await?;
        }
        self.time("rental by its number", async |this: &mut Self| {
            let rental = &known[this.random.below(known.len())];
            let found = this.store.rental(rental.number).await?;
            if found.as_ref() == Some(rental) { Ok(()) } else { Err("a rental was not found".into()) }
        })
        .await?;
        self.time("rental that waits for its driver", async |this: &mut Self| {
            let rental = &known[this.random.below(known.len())];
            let licence = licence(1 + this.random.below(this.drivers))?;
            this.store.pending_rental(LARGEST, &rental.plate, rental.period, &licence).await?;
            Ok(())
        })
        .await
    }

    async fn rentals_of_a_vehicle(&mut self, search: SearchType, known: &[RentalRecord]) -> Outcome<()> {
        self.time(&format!("rentals of a vehicle in a month, {}", search.code()), async |this: &mut Self| {
            let rental = &known[this.random.below(known.len())];
            let from = match search {
                SearchType::RentStart => rental.period.from,
                SearchType::RentEnd => rental.period.to,
                _ => today(rental.at),
            };
            let (scope, plate, to) = (&[LARGEST], Some(&rental.plate), from.checked_add(1.month())?);
            let query = HistoryQuery { scope, search, from, to, plate, offset: 0, limit: PAGE };
            let page = this.store.rental_page(&query).await?;
            if page.rows.contains(rental) { Ok(()) } else { Err("a rental was not found".into()) }
        })
        .await
    }

    async fn known_rentals(&mut self) -> Outcome<Vec<RentalRecord>> {
        let mut known = Vec::new();
        for _ in 0..20 {
            let (from, to) = self.month()?;
            let (scope, search) = (&[LARGEST], SearchType::RentCreate);
            let query = HistoryQuery { scope, search, from, to, plate: None, offset: 0, limit: 10 * PAGE };
            known.extend(self.store.rental_page(&query).await?.rows);
        }
        Ok(known)
    }

    /// How many reservations the store itself makes: all are due, and every measured claim finds others.
    fn due(&self) -> Outcome<i64> {
        Ok(i64::try_from(self.calls + WARM_UP)? * i64::from(CLAIMED))
    }

    async fn insert_due(&mut self) -> Outcome<()> {
        let year = u8::try_from(today(self.now).year() % 100)?;
        let mut writes = Vec::new();
        for number in 0..self.due()? {
            let rent_no = self.store.next_number(Sector::Rental, year).await?;
            writes.push(Write::Reservation(self.reservation(number, rent_no)?));
            if number % STORED == STORED - 1 {
                self.store.commit(Write::Together(std::mem::take(&mut writes))).await?;
            }
        }
        Ok(self.store.commit(Write::Together(writes)).await?)
    }

    /// A reservation that was due some seconds ago.
    fn reservation(&mut self, number: i64, rent_no: RemoteNumber) -> Outcome<NewReservation> {
        let day = today(self.now).checked_add((number % 30).days())?;
        Ok(NewReservation {
            id: self.store.next_id(self.now),
            number: rent_no,
            at: self.now,
            company: READABLE,
            caller: READABLE,
            recurrence: Recurrence::Weekly,
            period: Period { from: day, to: day },
            plate: Plate::parse("12하1234").map_err(|malformed| malformed.0)?,
            licence: licence(1 + self.random.below(self.drivers))?,
            name: PersonName::parse("홍길동").map_err(|malformed| malformed.0)?,
            class: LicenceClass::Class1Regular,
            code: LicenceStatus::Valid.into(),
            next: NextRun { date: day, due: Some(self.now - SignedDuration::from_millis(1 + number)) },
        })
    }

    async fn reservation_pages(&mut self) -> Outcome<()> {
        let due = self.due()?;
        let from = today(self.now);
        let to = from.checked_add(1.month())?;
        self.time("reservations of a month, first page", async |this: &mut Self| {
            let (scope, search) = (&[READABLE], SearchType::ReservationStart);
            let query = HistoryQuery { scope, search, from, to, plate: None, offset: 0, limit: PAGE };
            let page = this.store.reservation_page(&query).await?;
            if page.total == due { Ok(()) } else { Err("reservations are missing".into()) }
        })
        .await
    }

    async fn claims(&mut self) -> Outcome<()> {
        let long_ago = self.now - SignedDuration::from_hours(24 * 30);
        self.time("due reservations, none", async |this: &mut Self| {
            let claimed = this.store.claim_reservations(long_ago, this.now, CLAIMED).await?;
            if claimed.is_empty() { Ok(()) } else { Err("nothing was due".into()) }
        })
        .await?;
        self.time("due reservations, the next 100", async |this: &mut Self| {
            this.now += SignedDuration::from_millis(1);
            let until = this.now + SignedDuration::from_mins(10);
            let claimed = this.store.claim_reservations(this.now, until, CLAIMED).await?;
            if claimed.len() == CLAIMED as usize { Ok(()) } else { Err("too few were due".into()) }
        })
        .await
    }
}
