//! Reservations: a driver's check that is repeated (§4.2.4, §4.2.9).
//!
//! `due_ms` says when a reservation runs; it is claimed first (`claim.rs`). Its outcome is stored with the verification,
//! in one transaction, and only by the claim that still holds.

use jiff::Timestamp;
use jiff::civil::Date;
use rims_domain::calendar::today;
use rims_domain::{AccountId, Environment};
use rims_protocol::codes::{LicenceClass, Recurrence, ResultCode, SearchType};
use rims_protocol::values::{LicenceNumber, Period, PersonName, Plate, RemoteNumber};
use sqlx::FromRow;

use crate::claim::{ClaimTerms, Lease, WorkQueue};
use crate::codec::{Code as _, date_to_int, digits, int_to_date, moment};
use crate::committer::{Failure, changed, one};
use crate::db::{Link, on_backend};
use crate::error::{StoreError, readable, report};
use crate::history::{self, CountKey};
use crate::keys::{Column, Keyring, Place};
use crate::number::{self, Kind};
use crate::record::class;
use crate::rental::{result_code, take};
use crate::sql::statements;
use crate::store::Store;
use crate::subject;

statements! { STATEMENTS:
    INSERT = "
        INSERT INTO reservation (id, company_id, caller_id, environment, number, at_ms, created_date, from_date,
                                 to_date, plate, plate_key, recurrence, class, subject, last_code, last_ms,
                                 next_date, failures, due_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 0, $18)";
    CLAIMED = "
        SELECT id, company_id, caller_id, number, at_ms, from_date, to_date, plate, recurrence, class, subject,
               last_code, last_ms, next_date, failures
        FROM reservation WHERE environment = $1 AND due_ms = $2 AND claim = $3 ORDER BY due_ms, id";
    RAN = "
        UPDATE reservation
        SET last_code = $3, last_ms = $4, next_date = $5, due_ms = $6, failures = 0, claim = NULL
        WHERE id = $1 AND claim = $2";
    PASSED_OVER = "
        UPDATE reservation SET next_date = $3, due_ms = $4, failures = 0, claim = NULL
        WHERE id = $1 AND claim = $2";
    TRY_LATER = "
        UPDATE reservation SET failures = $3, due_ms = $4, claim = NULL WHERE id = $1 AND claim = $2";
}

/// A development key reserves nothing (§3.5.1).
const RESERVED_IN: Environment = Environment::Operations;

/// A reservation to store, with its first result: the registration's own check.
#[derive(Clone, Debug)]
pub struct NewReservation {
    /// From [`Store::next_id`].
    pub id: i64,
    /// From [`Store::next_number`].
    pub number: RemoteNumber,
    /// When it was registered and first checked.
    pub at: Timestamp,
    /// Whose it is.
    pub company: AccountId,
    /// Who asked.
    pub caller: AccountId,
    /// How often it runs.
    pub recurrence: Recurrence,
    /// The days.
    pub period: Period,
    /// The vehicle.
    pub plate: Plate,
    /// The licence. Sealed.
    pub licence: LicenceNumber,
    /// The driver's name. Sealed.
    pub name: PersonName,
    /// Table 5.4.
    pub class: LicenceClass,
    /// The first check's result.
    pub code: ResultCode,
    /// When it runs next.
    pub next: NextRun,
}

/// When a reservation runs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextRun {
    /// The next date of its recurrence, also after its end (`next_vrfc_ymd`).
    pub date: Date,
    /// The moment it runs; none after its end.
    pub due: Option<Timestamp>,
}

/// A claim on a reservation that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The reservation's row.
    pub reservation: i64,
    /// Whose claim it is.
    pub token: i64,
}

/// How a claimed run ended.
#[derive(Clone, Copy, Debug)]
pub enum RunEnd {
    /// It was checked.
    Checked {
        /// KOROAD's code.
        code: ResultCode,
        /// When.
        at: Timestamp,
        /// What follows.
        next: NextRun,
    },
    /// It was not, and is not tried again before its next date.
    PassedOver {
        /// What follows.
        next: NextRun,
    },
    /// It was not, and is tried again.
    TryLater {
        /// How often it has failed now.
        failures: u16,
        /// When.
        due: Timestamp,
    },
}

/// A stored reservation, decrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservationRecord {
    /// Its row.
    pub id: i64,
    /// Whose it is.
    pub company: AccountId,
    /// Who registered it.
    pub caller: AccountId,
    /// Its number.
    pub number: RemoteNumber,
    /// When it was registered.
    pub at: Timestamp,
    /// The days.
    pub period: Period,
    /// The vehicle.
    pub plate: Plate,
    /// How often it runs.
    pub recurrence: Recurrence,
    /// The licence.
    pub licence: LicenceNumber,
    /// The driver's name.
    pub name: PersonName,
    /// Table 5.4.
    pub class: LicenceClass,
    /// The last check's result.
    pub last_code: ResultCode,
    /// When the last check was.
    pub last_at: Timestamp,
    /// The next date of its recurrence.
    pub next_date: Date,
    /// How often its present run has failed.
    pub failures: u16,
}

/// A reservation's write, ready to bind.
pub(crate) enum ReservationCommand {
    Insert(Box<NewReservation>, Vec<u8>),
    End(Claim, RunEnd),
}

impl NewReservation {
    pub(crate) fn command(self, keys: &Keyring) -> Result<ReservationCommand, StoreError> {
        let subject = subject::encode(&self.licence, &self.name, None);
        let sealed = keys.seal(Place::new(Column::ReservationSubject, self.id), &subject)?;
        Ok(ReservationCommand::Insert(Box::new(self), sealed))
    }

    /// The days of the three searches it is counted under (table 5.13).
    pub(crate) fn counts(&self) -> [CountKey; 3] {
        let count = |search, day: Date| CountKey::new(self.company, search, day);
        [
            count(SearchType::ReservationStart, self.period.from),
            count(SearchType::ReservationEnd, self.period.to),
            count(SearchType::ReservationCreate, today(self.at)),
        ]
    }
}

impl ReservationCommand {
    pub(crate) async fn run(&self, link: &mut Link) -> Result<(), Failure> {
        match self {
            Self::Insert(reservation, subject) => insert(link, reservation, subject).await,
            Self::End(claim, end) => finish(link, *claim, *end).await,
        }
    }
}

async fn insert(link: &mut Link, new: &NewReservation, subject: &[u8]) -> Result<(), Failure> {
    changed!(
        link,
        INSERT,
        new.id,
        new.company.0,
        new.caller.0,
        RESERVED_IN.encode(),
        number::encode(new.number),
        new.at.as_millisecond(),
        date_to_int(today(new.at)),
        date_to_int(new.period.from),
        date_to_int(new.period.to),
        new.plate.as_str(),
        new.plate.key().as_str(),
        digits(new.recurrence.code()),
        digits(new.class.code()),
        subject,
        digits(new.code.as_str()),
        new.at.as_millisecond(),
        date_to_int(new.next.date),
        due_ms(new.next)
    );
    take(link, new.number, Kind::Reservation, new.company, new.id).await
}

async fn finish(link: &mut Link, Claim { reservation, token }: Claim, end: RunEnd) -> Result<(), Failure> {
    let ended = match end {
        RunEnd::Checked { code, at, next } => changed!(
            link,
            RAN,
            reservation,
            token,
            digits(code.as_str()),
            at.as_millisecond(),
            date_to_int(next.date),
            due_ms(next)
        ),
        RunEnd::PassedOver { next } => {
            changed!(link, PASSED_OVER, reservation, token, date_to_int(next.date), due_ms(next))
        }
        RunEnd::TryLater { failures, due } => {
            let failures = i16::try_from(failures).unwrap_or(i16::MAX);
            changed!(link, TRY_LATER, reservation, token, failures, due.as_millisecond())
        }
    };
    one(ended, "claimed reservation")
}

fn due_ms(next: NextRun) -> Option<i64> {
    next.due.map(Timestamp::as_millisecond)
}

#[derive(FromRow)]
pub(crate) struct StoredReservation {
    id: i64,
    company_id: i64,
    caller_id: i64,
    number: i64,
    at_ms: i64,
    from_date: i32,
    to_date: i32,
    plate: String,
    recurrence: i16,
    class: i16,
    subject: Vec<u8>,
    last_code: i16,
    last_ms: i64,
    next_date: i32,
    failures: i16,
}

impl StoredReservation {
    fn open(self, keys: &Keyring) -> Result<ReservationRecord, StoreError> {
        let subject = keys.open(Place::new(Column::ReservationSubject, self.id), &self.subject)?;
        let subject = subject::decode(&subject)?;
        let recurrence = Recurrence::ALL.iter().find(|row| digits(row.code()) == self.recurrence);
        Ok(ReservationRecord {
            id: self.id,
            company: AccountId(self.company_id),
            caller: AccountId(self.caller_id),
            number: number::decode(self.number, "reservation.number")?,
            at: moment(self.at_ms, "reservation.at_ms")?,
            period: Period {
                from: int_to_date(self.from_date, "reservation.from_date")?,
                to: int_to_date(self.to_date, "reservation.to_date")?,
            },
            plate: Plate::parse(&self.plate).map_err(|_| StoreError::Corrupt("reservation.plate"))?,
            recurrence: *recurrence.ok_or(StoreError::Corrupt("reservation.recurrence"))?,
            licence: subject.licence,
            name: subject.name,
            class: class(self.class)?,
            last_code: result_code(self.last_code, "reservation.last_code")?,
            last_at: moment(self.last_ms, "reservation.last_ms")?,
            next_date: int_to_date(self.next_date, "reservation.next_date")?,
            failures: u16::try_from(self.failures).unwrap_or_default(),
        })
    }
}

impl Store {
    /// Claims reservations that are due, company by company in turn ([`ClaimTerms`]).
    pub async fn claim_reservations(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<(Claim, ReservationRecord)>, StoreError> {
        let terms = ClaimTerms { environment: RESERVED_IN, now, until, limit };
        let Some(lease) = self.claim_in_turn(WorkQueue::Reservations, &terms).await? else {
            return Ok(Vec::new());
        };
        let Lease { environment, until_ms, token } = lease;
        let rows: Result<Vec<StoredReservation>, _> = on_backend!(&self.inner.db, pool => {
            sqlx::query_as(CLAIMED).bind(environment).bind(until_ms).bind(token).fetch_all(pool).await
        });
        let rows = rows.map_err(|error| report(&error))?;
        let open = |row: StoredReservation| {
            let claim = Claim { reservation: row.id, token };
            (row.id, row.open(&self.inner.keys).map(|record| (claim, record)))
        };
        Ok(readable("reservation", rows.into_iter().map(open)))
    }

    /// A page of reservations, newest first by the date searched for, then by number (§4.2.9).
    pub async fn reservation_page(
        &self,
        query: &history::Query<'_>,
    ) -> Result<history::Page<ReservationRecord>, StoreError> {
        let (rows, total) = self.history_page::<StoredReservation>(&history::RESERVATIONS, query).await?;
        let rows: Result<Vec<_>, _> = rows.into_iter().map(|row| row.open(&self.inner.keys)).collect();
        Ok(history::Page { rows: rows?, total })
    }
}
