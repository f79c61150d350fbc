//! Rentals (§4.2.3, §4.2.6): registered, confirmed, cancelled, counted and found.

use jiff::Timestamp;
use jiff::civil::Date;
use rims_domain::AccountId;
use rims_domain::calendar::today;
use rims_protocol::codes::{OneWay, RentalStatus, ResultCode, SearchType};
use rims_protocol::values::{LicenceNumber, Period, Plate, RemoteNumber};
use sqlx::FromRow;

use crate::codec::{Code, date_to_int, digits, int_to_date, moment};
use crate::committer::{Failure, changed, one};
use crate::db::{Link, on_backend};
use crate::error::{StoreError, report};
use crate::history::{self, CountKey};
use crate::keys::Keyring;
use crate::number::{self, Kind};
use crate::record::subject_hash;
use crate::sql::statements;
use crate::store::Store;

statements! { STATEMENTS:
    INSERT = "
        INSERT INTO rental (id, company_id, caller_id, number, at_ms, created_date, from_date, to_date, plate,
                            plate_key, status, one_way, licence_hash, verification_id, verified_ms, code, temporary,
                            decided_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    PROMOTE = "
        UPDATE rental SET status = 2, one_way = $3, verification_id = $4, verified_ms = $5, code = $6,
                          temporary = $7, decided_ms = $5
        WHERE company_id = $1 AND id = $2 AND status = 1";
    SET_STATUS = "
        UPDATE rental SET status = $4, decided_ms = $5 WHERE company_id = $1 AND id = $2 AND status = $3";
    SET_DRIVER = "
        UPDATE rental SET licence_hash = $3, verification_id = $4, verified_ms = $5, code = $6, temporary = $7
        WHERE company_id = $1 AND id = $2 AND verification_id IS NULL";
    BY_ID = "
        SELECT id, company_id, number, at_ms, from_date, to_date, plate, status, one_way, verified_ms, code,
               temporary, licence_hash
        FROM rental WHERE company_id = $1 AND id = $2";
    PENDING = "
        SELECT id, number FROM rental
        WHERE company_id = $1 AND plate_key = $2 AND from_date = $3 AND to_date = $4
              AND licence_hash = $5 AND status = 1 AND code = 0
        ORDER BY number LIMIT 1";
    OF_LICENCE = "
        SELECT COUNT(*) FROM rental
        WHERE (id >> 52) = $1 AND id >= ($1 << 52) AND id < (($1 + 1) << 52)
              AND licence_hash = $2 AND status = 2 AND at_ms >= $3 AND at_ms <= $4";
}

/// A rental to register.
#[derive(Clone, Debug)]
pub struct NewRental {
    /// From [`Store::next_id`].
    pub id: i64,
    /// From [`Store::next_number`].
    pub number: RemoteNumber,
    /// When.
    pub at: Timestamp,
    /// Whose rental it is.
    pub company: AccountId,
    /// Who asked.
    pub caller: AccountId,
    /// The days.
    pub period: Period,
    /// The vehicle.
    pub plate: Plate,
    /// The driver and the check that confirms it; without one it waits for both (status 1).
    pub confirmation: Option<Confirmation>,
}

/// What makes a rental confirmed.
#[derive(Clone, Debug)]
pub struct Confirmation {
    /// 편도, where it was said.
    pub one_way: Option<OneWay>,
    /// The driver.
    pub licence: LicenceNumber,
    /// The check.
    pub check: DriverCheckRecord,
}

/// A check of a driver as a rental remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DriverCheckRecord {
    /// Its row in `verification`.
    pub verification: i64,
    /// When.
    pub at: Timestamp,
    /// KOROAD's code.
    pub code: ResultCode,
    /// 임시면허.
    pub temporary: bool,
}

/// A rental that waits, and is confirmed by a check of its driver (§4.2.3).
#[derive(Clone, Debug)]
pub struct Promotion {
    /// Whose rental it is.
    pub company: AccountId,
    /// Its row.
    pub rental: i64,
    /// 편도, where it was said.
    pub one_way: Option<OneWay>,
    /// The check.
    pub check: DriverCheckRecord,
}

/// A rental that is confirmed or cancelled by its company.
#[derive(Clone, Copy, Debug)]
pub struct StatusChange {
    /// Whose rental it is.
    pub company: AccountId,
    /// Its row.
    pub rental: i64,
    /// The state it was seen in.
    pub from: RentalStatus,
    /// The state it goes to.
    pub to: RentalStatus,
    /// When.
    pub at: Timestamp,
}

/// A stored rental.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RentalRecord {
    /// Its row.
    pub id: i64,
    /// Whose it is.
    pub company: AccountId,
    /// Its number.
    pub number: RemoteNumber,
    /// When it was registered.
    pub at: Timestamp,
    /// The days.
    pub period: Period,
    /// The vehicle.
    pub plate: Plate,
    /// 대여상태코드.
    pub status: RentalStatus,
    /// 편도, where it was said.
    pub one_way: Option<OneWay>,
    /// When its driver was checked and with what result, if one was.
    pub checked: Option<(Timestamp, ResultCode)>,
    /// 임시면허.
    pub temporary: bool,
    /// The keyed hash of the driver's licence number, once one was verified.
    pub licence_hash: Option<[u8; 16]>,
}

/// A rental's write, ready to bind.
pub(crate) enum RentalCommand {
    Insert(Box<NewRental>, Option<[u8; 16]>),
    Promote(Promotion),
    SetStatus(StatusChange),
}

impl NewRental {
    pub(crate) fn command(self, keys: &Keyring) -> RentalCommand {
        let hash = self.confirmation.as_ref().map(|confirmed| keys.licence_hash(&confirmed.licence));
        RentalCommand::Insert(Box::new(self), hash)
    }

    /// The days of the three searches it is counted under (table 5.13).
    pub(crate) fn counts(&self) -> [CountKey; 3] {
        let count = |search, day: Date| CountKey::new(self.company, search, day);
        [
            count(SearchType::RentStart, self.period.from),
            count(SearchType::RentEnd, self.period.to),
            count(SearchType::RentCreate, today(self.at)),
        ]
    }
}

impl RentalCommand {
    pub(crate) async fn run(&self, link: &mut Link) -> Result<(), Failure> {
        match self {
            Self::Insert(rental, licence_hash) => insert(link, rental, licence_hash.as_ref()).await,
            Self::Promote(promotion) => promote(link, promotion).await,
            Self::SetStatus(change) => set_status(link, change).await,
        }
    }
}

async fn insert(link: &mut Link, new: &NewRental, licence_hash: Option<&[u8; 16]>) -> Result<(), Failure> {
    let check = new.confirmation.as_ref().map(|confirmed| confirmed.check);
    let status = if check.is_some() { RentalStatus::Confirmed } else { RentalStatus::Pending };
    changed!(
        link,
        INSERT,
        new.id,
        new.company.0,
        new.caller.0,
        number::encode(new.number),
        new.at.as_millisecond(),
        date_to_int(today(new.at)),
        date_to_int(new.period.from),
        date_to_int(new.period.to),
        new.plate.as_str(),
        new.plate.key().as_str(),
        digits(status.code()),
        new.confirmation.as_ref().and_then(|confirmed| confirmed.one_way).map(one_way_to_bool),
        licence_hash.map(|hash| &hash[..]),
        check.map(|check| check.verification),
        check.map(|check| check.at.as_millisecond()),
        check.map(|check| digits(check.code.as_str())),
        check.is_some_and(|check| check.temporary),
        check.map(|_| new.at.as_millisecond())
    );
    take(link, new.number, Kind::Rental, new.company, new.id).await
}

/// Says what a number stands for; a number that stands for something already is refused.
pub(crate) async fn take(
    link: &mut Link,
    number: RemoteNumber,
    kind: Kind,
    company: AccountId,
    id: i64,
) -> Result<(), Failure> {
    changed!(link, number::TAKE, number::encode(number), kind.encode(), company.0, id);
    Ok(())
}

async fn promote(link: &mut Link, promotion: &Promotion) -> Result<(), Failure> {
    let Promotion { company, rental, one_way, check } = promotion;
    let promoted = changed!(
        link,
        PROMOTE,
        company.0,
        rental,
        one_way.map(one_way_to_bool),
        check.verification,
        check.at.as_millisecond(),
        digits(check.code.as_str()),
        check.temporary
    );
    one(promoted, "pending rental")
}

async fn set_status(link: &mut Link, change: &StatusChange) -> Result<(), Failure> {
    let StatusChange { company, rental, from, to, at } = change;
    let (from, to) = (digits(from.code()), digits(to.code()));
    one(changed!(link, SET_STATUS, company.0, rental, from, to, at.as_millisecond()), "rental in that state")
}

/// Remembers the driver of a rental that waits; nothing where it no longer waits.
pub(crate) async fn set_driver(
    link: &mut Link,
    (company, rental): (AccountId, i64),
    licence_hash: &[u8; 16],
    check: &DriverCheckRecord,
) -> Result<(), Failure> {
    changed!(
        link,
        SET_DRIVER,
        company.0,
        rental,
        &licence_hash[..],
        check.verification,
        check.at.as_millisecond(),
        digits(check.code.as_str()),
        check.temporary
    );
    Ok(())
}

#[derive(FromRow)]
pub(crate) struct StoredRental {
    id: i64,
    company_id: i64,
    number: i64,
    at_ms: i64,
    from_date: i32,
    to_date: i32,
    plate: String,
    status: i16,
    one_way: Option<bool>,
    verified_ms: Option<i64>,
    code: Option<i16>,
    temporary: bool,
    licence_hash: Option<Vec<u8>>,
}

impl TryFrom<StoredRental> for RentalRecord {
    type Error = StoreError;

    fn try_from(row: StoredRental) -> Result<Self, StoreError> {
        let checked = match (row.verified_ms, row.code) {
            (Some(at_ms), Some(code)) => {
                Some((moment(at_ms, "rental.verified_ms")?, result_code(code, "rental.code")?))
            }
            _ => None,
        };
        let status = RentalStatus::ALL.iter().find(|status| digits(status.code()) == row.status);
        Ok(Self {
            id: row.id,
            company: AccountId(row.company_id),
            number: number::decode(row.number, "rental.number")?,
            at: moment(row.at_ms, "rental.at_ms")?,
            period: Period {
                from: int_to_date(row.from_date, "rental.from_date")?,
                to: int_to_date(row.to_date, "rental.to_date")?,
            },
            plate: Plate::parse(&row.plate).map_err(|_| StoreError::Corrupt("rental.plate"))?,
            status: *status.ok_or(StoreError::Corrupt("rental.status"))?,
            one_way: row.one_way.map(bool_to_one_way),
            checked,
            temporary: row.temporary,
            licence_hash: subject_hash(row.licence_hash.as_deref(), "rental.licence_hash")?,
        })
    }
}

/// A code of table 5.2 from its number.
pub(crate) fn result_code(number: i16, column: &'static str) -> Result<ResultCode, StoreError> {
    ResultCode::parse(&format!("{number:02}")).ok_or(StoreError::Corrupt(column))
}

fn one_way_to_bool(one_way: OneWay) -> bool {
    one_way == OneWay::Yes
}

fn bool_to_one_way(one_way: bool) -> OneWay {
    if one_way { OneWay::Yes } else { OneWay::No }
}

impl Store {
    /// A rental by its number.
    pub async fn rental(&self, number: RemoteNumber) -> Result<Option<RentalRecord>, StoreError> {
        let owner: Result<Option<(i64, i64)>, _> = on_backend!(&self.inner.db, pool => {
            sqlx::query_as(number::OWNER)
                .bind(number::encode(number))
                .bind(Kind::Rental.encode())
                .fetch_optional(pool)
                .await
        });
        let Some((company, id)) = owner.map_err(|error| report(&error))? else { return Ok(None) };
        let row: Result<Option<StoredRental>, _> = on_backend!(&self.inner.db, pool => {
            sqlx::query_as(BY_ID).bind(company).bind(id).fetch_optional(pool).await
        });
        row.map_err(|error| report(&error))?.map(RentalRecord::try_from).transpose()
    }

    /// The rental that waits for exactly this vehicle, period and remotely verified driver (§4.2.3).
    pub async fn pending_rental(
        &self,
        company: AccountId,
        plate: &Plate,
        period: Period,
        licence: &LicenceNumber,
    ) -> Result<Option<(i64, RemoteNumber)>, StoreError> {
        let hash = self.inner.keys.licence_hash(licence);
        let found: Result<Option<(i64, i64)>, _> = on_backend!(&self.inner.db, pool => {
            sqlx::query_as(PENDING)
                .bind(company.0)
                .bind(plate.key().as_str())
                .bind(date_to_int(period.from))
                .bind(date_to_int(period.to))
                .bind(&hash[..])
                .fetch_optional(pool)
                .await
        });
        let found = found.map_err(|error| report(&error))?;
        found.map(|(id, number)| Ok((id, number::decode(number, "rental.number")?))).transpose()
    }

    /// How many confirmed rentals a licence has at any company with `since <= registration <= until` (§4.2.5).
    pub async fn count_rentals(
        &self,
        licence: &LicenceNumber,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<i64, StoreError> {
        let hash = self.inner.keys.licence_hash(licence);
        let mut total = 0;
        for bucket in self.inner.ids.buckets(since, until) {
            let count: Result<i64, _> = on_backend!(&self.inner.db, pool => {
                sqlx::query_scalar(OF_LICENCE)
                    .bind(bucket)
                    .bind(&hash[..])
                    .bind(since.as_millisecond())
                    .bind(until.as_millisecond())
                    .fetch_one(pool)
                    .await
            });
            total += count.map_err(|error| report(&error))?;
        }
        Ok(total)
    }

    /// A page of rentals, newest first by the date searched for, then by number (§4.2.8).
    pub async fn rental_page(
        &self,
        query: &history::Query<'_>,
    ) -> Result<history::Page<RentalRecord>, StoreError> {
        let (rows, total) = self.history_page::<StoredRental>(&history::RENTALS, query).await?;
        let rows: Result<Vec<_>, _> = rows.into_iter().map(RentalRecord::try_from).collect();
        Ok(history::Page { rows: rows?, total })
    }
}
