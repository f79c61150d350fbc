//! Remote (비대면) verifications: what a generated number stands for, and how it ended (§4.2.6, §4.2.7).

use jiff::Timestamp;
use rims_domain::{AccountId, VehicleIdentity};
use rims_protocol::Sector;
use rims_protocol::codes::{ApiType, PhotoCode, ProcessingCode, ResultCode};
use rims_protocol::values::{DeviceId, LicenceNumber, Period, Plate, RemoteNumber, Score, Vehicle};
use sqlx::FromRow;

use crate::codec::{Code, date_to_int, digits, int_to_date, moment};
use crate::committer::{Failure, changed, one};
use crate::db::{Link, on_backend};
use crate::error::{StoreError, report};
use crate::keys::{Column, Keyring, Place};
use crate::number::{self, Kind};
use crate::record::{api_type, identity, subject_hash};
use crate::rental::{DriverCheckRecord, result_code, set_driver, take};
use crate::sql::statements;
use crate::store::Store;

statements! { STATEMENTS:
    INSERT = "
        INSERT INTO remote (number, id, company_id, caller_id, sector, at_ms, from_date, to_date, plate, device,
                            api_type, attempts)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)";
    BY_NUMBER = "
        SELECT number, id, company_id, caller_id, sector, at_ms, from_date, to_date, plate, device, api_type,
               attempts, refusal, refusal_message, finished_ms, code, identity, similarity, liveness,
               originality, photo, licence_hash
        FROM remote WHERE number = $1";
    REFUSED = "
        UPDATE remote SET attempts = attempts + 1, refusal = $3, refusal_message = $4
        WHERE number = $1 AND attempts = $2 AND finished_ms IS NULL";
    FINISHED = "
        UPDATE remote
        SET attempts = attempts + 1, refusal = NULL, refusal_message = NULL, finished_ms = $3, code = $4,
            identity = $5, verification_id = $6, similarity = $7, liveness = $8, originality = $9, photo = $10,
            licence_hash = $11
        WHERE number = $1 AND attempts = $2 AND finished_ms IS NULL";
}

/// A number to store before it is answered.
#[derive(Clone, Debug)]
pub struct NewRemote {
    /// From [`Store::next_id`].
    pub id: i64,
    /// From [`Store::next_number`].
    pub number: RemoteNumber,
    /// When.
    pub at: Timestamp,
    /// Whose it is.
    pub company: AccountId,
    /// Who asked.
    pub caller: AccountId,
    /// The days the driver may use it, and is verified for.
    pub period: Period,
    /// The vehicle; device ids are sealed.
    pub vehicle: Vehicle,
    /// Table 5.12.
    pub api_type: Option<ApiType>,
}

/// What a driver's attempt found, apart from who the driver is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RemoteResult {
    /// KOROAD's code.
    pub code: ResultCode,
    /// The vehicle, as far as the registry knows.
    pub identity: VehicleIdentity,
    /// 얼굴유사도.
    pub similarity: Score,
    /// 얼굴활성도.
    pub liveness: Score,
    /// 원본신뢰도.
    pub originality: Score,
    /// 면허사진검증코드.
    pub photo: PhotoCode,
}

/// An attempt that found something; it ends the verification. Refused if another attempt was faster.
#[derive(Clone, Debug)]
pub struct RemoteFinish {
    /// The number.
    pub number: RemoteNumber,
    /// How many attempts there were before.
    pub attempts: u16,
    /// What was found.
    pub result: RemoteResult,
    /// The driver; only its keyed hash is stored.
    pub licence: LicenceNumber,
    /// The check.
    pub check: DriverCheckRecord,
    /// The rental that waits for this driver.
    pub rental: Option<(AccountId, i64)>,
}

/// An attempt that KOROAD refused (table 5.3). Another may follow.
#[derive(Clone, Debug)]
pub struct RemoteRefusal {
    /// The number.
    pub number: RemoteNumber,
    /// How many attempts there were before.
    pub attempts: u16,
    /// KOROAD's code.
    pub code: ProcessingCode,
    /// KOROAD's text.
    pub message: String,
}

/// How far a remote verification is.
#[derive(Clone, Debug, PartialEq)]
pub enum RemoteState {
    /// Nobody has tried yet.
    Waiting,
    /// The last attempt was refused by KOROAD.
    Refused(ProcessingCode, String),
    /// It ended.
    Finished(RemoteResult, Timestamp),
}

/// A stored remote verification.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteRecord {
    /// Its row's id.
    pub id: i64,
    /// Its number.
    pub number: RemoteNumber,
    /// Whose it is.
    pub company: AccountId,
    /// Who asked for the number.
    pub caller: AccountId,
    /// Which family of interfaces.
    pub sector: Sector,
    /// When the number was generated.
    pub at: Timestamp,
    /// The days.
    pub period: Period,
    /// The vehicle.
    pub vehicle: Vehicle,
    /// Table 5.12.
    pub api_type: Option<ApiType>,
    /// How many attempts there were.
    pub attempts: u16,
    /// How far it is.
    pub state: RemoteState,
    /// The keyed hash of the driver's licence number, once one was verified.
    pub licence_hash: Option<[u8; 16]>,
}

/// A remote verification's write, ready to bind.
pub(crate) enum RemoteCommand {
    Insert(Box<NewRemote>, Option<Vec<u8>>),
    Refuse(RemoteRefusal),
    Finish(Box<RemoteFinish>, [u8; 16]),
}

impl NewRemote {
    pub(crate) fn command(self, keys: &Keyring) -> Result<RemoteCommand, StoreError> {
        let device = match &self.vehicle {
            Vehicle::Device(device) => {
                Some(keys.seal(Place::new(Column::RemoteDevice, self.id), device.as_str().as_bytes())?)
            }
            Vehicle::Plate(_) | Vehicle::None => None,
        };
        Ok(RemoteCommand::Insert(Box::new(self), device))
    }
}

impl RemoteFinish {
    pub(crate) fn command(self, keys: &Keyring) -> RemoteCommand {
        let licence_hash = keys.licence_hash(&self.licence);
        RemoteCommand::Finish(Box::new(self), licence_hash)
    }
}

impl RemoteCommand {
    pub(crate) async fn run(&self, link: &mut Link) -> Result<(), Failure> {
        match self {
            Self::Insert(remote, device) => insert(link, remote, device.as_deref()).await,
            Self::Refuse(refusal) => refuse(link, refusal).await,
            Self::Finish(finish, licence_hash) => finish_with(link, finish, licence_hash).await,
        }
    }
}

async fn insert(link: &mut Link, new: &NewRemote, device: Option<&[u8]>) -> Result<(), Failure> {
    let plate = match &new.vehicle {
        Vehicle::Plate(plate) => Some(plate.as_str()),
        Vehicle::Device(_) | Vehicle::None => None,
    };
    changed!(
        link,
        INSERT,
        number::encode(new.number),
        new.id,
        new.company.0,
        new.caller.0,
        new.number.sector().encode(),
        new.at.as_millisecond(),
        date_to_int(new.period.from),
        date_to_int(new.period.to),
        plate,
        device,
        new.api_type.map(ApiType::code)
    );
    match new.number.sector() {
        // The number is the rental's, which is stored with it.
        Sector::Rental => Ok(()),
        _ => take(link, new.number, Kind::Remote, new.company, new.id).await,
    }
}

async fn refuse(link: &mut Link, refusal: &RemoteRefusal) -> Result<(), Failure> {
    let RemoteRefusal { number, attempts, code, message } = refusal;
    let (attempts, code) = (i32::from(*attempts), code.to_string());
    let refused = changed!(link, REFUSED, number::encode(*number), attempts, code.as_str(), message.as_str());
    one(refused, "open remote verification")
}

async fn finish_with(link: &mut Link, finish: &RemoteFinish, hash: &[u8; 16]) -> Result<(), Failure> {
    let RemoteFinish { number, attempts, result, check, rental, .. } = finish;
    let photo = result.photo.to_string();
    let finished = changed!(
        link,
        FINISHED,
        number::encode(*number),
        i32::from(*attempts),
        check.at.as_millisecond(),
        digits(result.code.as_str()),
        digits(result.identity.code()),
        check.verification,
        result.similarity.get(),
        result.liveness.get(),
        result.originality.get(),
        photo.as_str(),
        &hash[..]
    );
    one(finished, "open remote verification")?;
    match rental {
        Some(rental) => set_driver(link, *rental, hash, check).await,
        None => Ok(()),
    }
}

#[derive(FromRow)]
struct StoredRemote {
    number: i64,
    id: i64,
    company_id: i64,
    caller_id: i64,
    sector: i16,
    at_ms: i64,
    from_date: i32,
    to_date: i32,
    plate: Option<String>,
    device: Option<Vec<u8>>,
    api_type: Option<String>,
    attempts: i16,
    refusal: Option<String>,
    refusal_message: Option<String>,
    finished_ms: Option<i64>,
    code: Option<i16>,
    identity: Option<i16>,
    similarity: Option<f64>,
    liveness: Option<f64>,
    originality: Option<f64>,
    photo: Option<String>,
    licence_hash: Option<Vec<u8>>,
}

impl StoredRemote {
    fn open(self, keys: &Keyring) -> Result<RemoteRecord, StoreError> {
        Ok(RemoteRecord {
            vehicle: self.vehicle(keys)?,
            state: self.state()?,
            licence_hash: subject_hash(self.licence_hash.as_deref(), "remote.licence_hash")?,
            id: self.id,
            number: number::decode(self.number, "remote.number")?,
            company: AccountId(self.company_id),
            caller: AccountId(self.caller_id),
            sector: Sector::decode(self.sector)?,
            at: moment(self.at_ms, "remote.at_ms")?,
            period: Period {
                from: int_to_date(self.from_date, "remote.from_date")?,
                to: int_to_date(self.to_date, "remote.to_date")?,
            },
            api_type: self.api_type.map(|code| api_type(&code)).transpose()?,
            attempts: u16::try_from(self.attempts).map_err(|_| StoreError::Corrupt("remote.attempts"))?,
        })
    }

    fn vehicle(&self, keys: &Keyring) -> Result<Vehicle, StoreError> {
        let damaged = StoreError::Corrupt("remote.vehicle");
        if let Some(plate) = &self.plate {
            return Plate::parse(plate).map(Vehicle::Plate).map_err(|_| damaged);
        }
        let Some(device) = &self.device else { return Ok(Vehicle::None) };
        let plain = keys.open(Place::new(Column::RemoteDevice, self.id), device)?;
        let device = std::str::from_utf8(&plain).ok().and_then(|text| DeviceId::parse(text).ok());
        device.map(Vehicle::Device).ok_or(damaged)
    }

    fn state(&self) -> Result<RemoteState, StoreError> {
        let damaged = || StoreError::Corrupt("remote.state");
        let Some(finished_ms) = self.finished_ms else {
            let Some(code) = &self.refusal else { return Ok(RemoteState::Waiting) };
            let code = ProcessingCode::parse(code).ok_or_else(damaged)?;
            return Ok(RemoteState::Refused(code, self.refusal_message.clone().unwrap_or_default()));
        };
        let score = |score: Option<f64>| score.and_then(Score::new).ok_or_else(damaged);
        let result = RemoteResult {
            code: result_code(self.code.ok_or_else(damaged)?, "remote.code")?,
            identity: identity(self.identity.ok_or_else(damaged)?)?,
            similarity: score(self.similarity)?,
            liveness: score(self.liveness)?,
            originality: score(self.originality)?,
            photo: self.photo.as_deref().and_then(PhotoCode::parse).ok_or_else(damaged)?,
        };
        Ok(RemoteState::Finished(result, moment(finished_ms, "remote.finished_ms")?))
    }
}

impl Store {
    /// A remote verification by its number.
    pub async fn remote(&self, number: RemoteNumber) -> Result<Option<RemoteRecord>, StoreError> {
        let row: Result<Option<StoredRemote>, _> = on_backend!(&self.inner.db, pool => {
            sqlx::query_as(BY_NUMBER).bind(number::encode(number)).fetch_optional(pool).await
        });
        row.map_err(|error| report(&error))?.map(|row| row.open(&self.inner.keys)).transpose()
    }
}
