//! Remote (비대면) verification: a driver's attempts, and what the company is told of them (§4.2.7 and siblings).
//! The sandbox's control plane completes one through here; so will the page on the driver's phone.

use jiff::Timestamp;
use rims_domain::calendar::today;
use rims_domain::remote::{ATTEMPTS, Closed, Remote};
use rims_domain::{Account, AccountId, AuditAction, Environment, VehicleIdentity};
use rims_protocol::Sector;
use rims_protocol::codes::{LicenceClass, PhotoCode, ProcessingCode};
use rims_protocol::messages::{ResultAnswer, ResultBody, ResultRequest, VerifyItem};
use rims_protocol::values::{LicenceNumber, Period, PersonName, RemoteNumber, Score};
use rims_store::{
    Channel, DriverCheckRecord, NewAudit, RemoteFinish, RemoteRecord, RemoteRefusal, RemoteResult,
    RemoteState, StoreError, Subject, Write,
};
use rims_upstream::LicenceAnswer;

use super::verify::{Asked, Checked, Seen, seen};
use super::{Principal, ServiceError, Services};
use crate::webhook::{Event, Outcome};

/// What a driver showed, and what the engines think of it.
#[derive(Debug)]
pub struct Attempt {
    /// The licence on the card.
    pub licence_number: LicenceNumber,
    /// The name on the card.
    pub name: PersonName,
    /// The class asked about.
    pub class: LicenceClass,
    /// 얼굴유사도.
    pub similarity: Score,
    /// 얼굴활성도.
    pub liveness: Score,
    /// 원본신뢰도.
    pub originality: Score,
    /// 면허사진검증코드.
    pub photo: PhotoCode,
}

/// Why an attempt had no result.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    /// Nobody generated this number.
    #[error("no such number")]
    NoSuchNumber,
    /// There is no further attempt.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// KOROAD refused the request (table 5.3); the driver may try again.
    #[error("KOROAD refused the request: {0} {1}")]
    Refused(ProcessingCode, String),
    /// Something else failed; the attempt does not count.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<StoreError> for AttemptError {
    fn from(error: StoreError) -> Self {
        Self::Service(error.into())
    }
}

impl Services {
    /// The result of a remote verification, for its company and those the company has delegated to.
    pub async fn remote_result(
        &self,
        caller: &Principal,
        request: ResultRequest,
        at: Timestamp,
    ) -> Result<ResultAnswer, ServiceError> {
        let number = request.number;
        let company = self.company(caller, request.bizinfo.as_ref()).await?;
        let record = self.store.remote(number).await?;
        let record = record.ok_or(ServiceError::NoSuchNumber(number.kind()))?;
        if record.company != company.id && !self.is_delegate(caller, &request, record.company).await? {
            return Err(ServiceError::NoSuchNumber(number.kind()));
        }
        let answer = match record.state {
            RemoteState::Waiting => return Err(ServiceError::StillWorking),
            RemoteState::Refused(code, message) => ResultAnswer::refused(number, today(at), code, message),
            RemoteState::Finished(result, _) => ResultAnswer::done(number, today(at), body(&result)),
        };
        let audit = NewAudit {
            company: Some(record.company),
            subject: Subject::People(record.licence_hash.into_iter().collect()),
            reference: record.id,
            ..caller.event(at, AuditAction::RemoteView)
        };
        self.store.commit(Write::Audit(vec![audit])).await?;
        Ok(answer)
    }

    /// Whether a caller who names no company may see what belongs to another one.
    async fn is_delegate(
        &self,
        caller: &Principal,
        request: &ResultRequest,
        owner: AccountId,
    ) -> Result<bool, ServiceError> {
        if request.bizinfo.is_some() {
            return Ok(false);
        }
        let usable = self.store.account(owner).await?.is_some_and(|owner| owner.is_usable());
        Ok(usable && self.store.has_delegated(owner, caller.account.id).await?)
    }

    /// A driver's attempt: asks the vehicle registry and KOROAD, and stores the result, which ends the remote
    /// verification. An attempt that KOROAD refused counts; one that could not reach it does not.
    pub async fn attempt_remote(
        &self,
        number: RemoteNumber,
        attempt: Attempt,
        at: Timestamp,
    ) -> Result<(), AttemptError> {
        let mut record = self.open_remote(number, at).await?;
        let company = self.store.account(record.company).await?.ok_or(AttemptError::NoSuchNumber)?;
        let environment = (record.caller, Environment::Operations);
        let asked = Asked::by(at, environment, &company, record.sector, Channel::Remote);
        let item = item(&record, &attempt, at);
        let (registration, checked) =
            tokio::join!(self.registration(&asked, &record.vehicle), self.check(&asked, &item));
        let checked = checked?;
        let seen = seen(&asked, &record.vehicle, registration);
        loop {
            let ended = match &checked {
                Checked::Answered(answer) => {
                    self.finish_remote(&asked, &record, &attempt, (item.clone(), *answer, seen)).await
                }
                Checked::Refused { code, message } => {
                    self.refuse_remote(&asked, &record, *code, message.clone()).await
                }
            };
            match ended {
                // Another attempt was faster. Where it did not end the verification, KOROAD's answer to this one counts.
                Err(StoreError::Missing(_)) => record = self.open_remote(number, at).await?,
                Err(error) => return Err(error.into()),
                Ok(()) => break,
            }
        }
        match checked {
            Checked::Answered(_) => Ok(()),
            Checked::Refused { code, message } => Err(AttemptError::Refused(code, message)),
        }
    }

    /// A remote verification that a driver may attempt.
    async fn open_remote(&self, number: RemoteNumber, at: Timestamp) -> Result<RemoteRecord, AttemptError> {
        let record = self.store.remote(number).await?.ok_or(AttemptError::NoSuchNumber)?;
        may_attempt(&record, at)?;
        Ok(record)
    }

    async fn finish_remote(
        &self,
        asked: &Asked<'_>,
        record: &RemoteRecord,
        attempt: &Attempt,
        (item, answer, seen): (VerifyItem, LicenceAnswer, Seen),
    ) -> Result<(), StoreError> {
        let verification = self.row(asked, &item, answer, seen);
        let result = RemoteResult {
            code: answer.code,
            identity: seen.identity.unwrap_or(VehicleIdentity::Unconfirmed),
            similarity: attempt.similarity,
            liveness: attempt.liveness,
            originality: attempt.originality,
            photo: attempt.photo,
        };
        let rental = match record.sector {
            Sector::Rental => self.store.rental(record.number).await?,
            _ => None,
        };
        let finish = RemoteFinish {
            number: record.number,
            attempts: record.attempts,
            result,
            licence: attempt.licence_number.clone(),
            check: DriverCheckRecord {
                verification: verification.id,
                at: asked.at,
                code: answer.code,
                temporary: answer.temporary,
            },
            rental: rental.map(|rental| (rental.company, rental.id)),
        };
        let told = self.finished(asked, record.number, Outcome::Licence(answer.code));
        let rows = vec![verification];
        let writes = vec![Write::Verifications { rows }, Write::RemoteFinished(finish), told];
        self.store.commit(Write::Together(writes)).await
    }

    /// The last attempt's refusal ends the remote verification.
    async fn refuse_remote(
        &self,
        asked: &Asked<'_>,
        record: &RemoteRecord,
        code: ProcessingCode,
        message: String,
    ) -> Result<(), StoreError> {
        let (number, attempts) = (record.number, record.attempts);
        let mut writes = vec![Write::RemoteRefused(RemoteRefusal { number, attempts, code, message })];
        if u32::from(attempts) + 1 >= ATTEMPTS {
            writes.push(self.finished(asked, number, Outcome::Refused(code)));
        }
        self.store.commit(Write::Together(writes)).await
    }

    fn finished(&self, asked: &Asked<'_>, number: RemoteNumber, outcome: Outcome) -> Write {
        let user_id = asked.company.user_id.clone();
        let event = Event::RemoteVerificationFinished { number, user_id, outcome };
        self.tell(asked.company, asked.at, &event)
    }

    /// The account behind an id that other rows refer to.
    pub(super) async fn account(&self, id: AccountId) -> Result<Account, ServiceError> {
        let found = self.store.account(id).await?;
        found.ok_or(ServiceError::Store(StoreError::Corrupt("account.id")))
    }
}

fn may_attempt(record: &RemoteRecord, at: Timestamp) -> Result<(), Closed> {
    let completed = matches!(record.state, RemoteState::Finished(..));
    let attempts = u32::from(record.attempts);
    Remote { last_day: record.period.to, attempts, completed }.may_attempt(at)
}

/// What is asked about the driver: the days of the number that are still to come.
fn item(record: &RemoteRecord, attempt: &Attempt, at: Timestamp) -> VerifyItem {
    let Period { from, to } = record.period;
    VerifyItem {
        licence_number: attempt.licence_number.clone(),
        name: attempt.name.clone(),
        class: attempt.class,
        period: Period { from: from.max(today(at)), to },
        vehicle: record.vehicle.clone(),
        api_type: record.api_type,
    }
}

fn body(result: &RemoteResult) -> ResultBody {
    ResultBody {
        vhcl_idnty_cd: Some(result.identity.code()),
        f_rtn_code: result.code,
        face_similarity: result.similarity,
        face_liveness: result.liveness,
        original_reliability: result.originality,
        police_lcns_vrfc_cd: result.photo,
    }
}
