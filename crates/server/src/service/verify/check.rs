//! What every check of a driver has in common, whoever asks for it: the vehicle's identity, KOROAD's answer,
//! the row to store, and the trace of an attempt that was not answered.

use std::net::IpAddr;

use futures::FutureExt as _;
use futures::future::OptionFuture;
use jiff::Timestamp;
use rims_domain::vehicle::{self, Registration, Sighting};
use rims_domain::{Account, AccountId, AuditAction, Environment, Requester, VehicleIdentity, grace};
use rims_protocol::Sector;
use rims_protocol::codes::ProcessingCode;
use rims_protocol::messages::VerifyItem;
use rims_protocol::values::{Plate, Vehicle};
use rims_store::{Channel, NewAudit, NewVerification, Subject, Write};
use rims_upstream::{DriverCheck, LicenceAnswer, RegistryError};
use tracing::warn;

use crate::request_id::RequestId;
use crate::service::error::Unanswered;
use crate::service::recheck::RecheckRequest;
use crate::service::{Principal, ServiceError, Services};

/// One request, as everything it records shares it.
pub(in crate::service) struct Asked<'a> {
    pub(in crate::service) at: Timestamp,
    pub(in crate::service) caller: AccountId,
    requester: Requester,
    address: Option<IpAddr>,
    pub(in crate::service) environment: Environment,
    pub(in crate::service) company: &'a Account,
    pub(in crate::service) sector: Sector,
    pub(in crate::service) channel: Channel,
    /// Whether the answer shows `vhcl_idnty_cd`, so that the registry is asked.
    shows_identity: bool,
}

impl<'a> Asked<'a> {
    pub(in crate::service) fn new(
        at: Timestamp,
        caller: &Principal,
        company: &'a Account,
        sector: Sector,
        channel: Channel,
    ) -> Self {
        let by_the_system = Self::by(at, (caller.account.id, caller.environment), company, sector, channel);
        Self { requester: caller.requester, address: caller.address, ..by_the_system }
    }

    /// As [`Asked::new`], where RIMS acts on the account's behalf.
    pub(in crate::service) fn by(
        at: Timestamp,
        (caller, environment): (AccountId, Environment),
        company: &'a Account,
        sector: Sector,
        channel: Channel,
    ) -> Self {
        let shown = sector.rules().identity;
        let shows_identity = match channel {
            Channel::Single => shown.single,
            Channel::Batch => shown.batch,
            Channel::Confirm | Channel::Schedule => true,
            Channel::Remote => shown.result,
        };
        let (requester, address) = (Requester::System, None);
        Self { at, caller, requester, address, environment, company, sector, channel, shows_identity }
    }

    /// An event of the audit trail about the company: done, and about no one yet.
    pub(in crate::service) fn event(&self, action: AuditAction) -> NewAudit {
        NewAudit {
            at: self.at,
            actor: self.requester.into(),
            address: self.address,
            environment: Some(self.environment),
            action,
            company: Some(self.company.id),
            subject: Subject::None,
            reference: 0,
            outcome: "done".to_owned(),
        }
    }
}

/// What KOROAD did with one driver.
pub(in crate::service) enum Checked {
    /// It told the licence's status.
    Answered(LicenceAnswer),
    /// It refused the request (table 5.3).
    Refused { code: ProcessingCode, message: String },
}

/// A vehicle as it was seen.
#[derive(Clone, Copy)]
pub(in crate::service) struct Seen {
    pub(in crate::service) identity: Option<VehicleIdentity>,
    pub(in crate::service) sighting: Sighting,
}

impl Services {
    /// Asks KOROAD about one driver. An attempt without a status is kept in the audit trail.
    pub(in crate::service) async fn check(
        &self,
        asked: &Asked<'_>,
        item: &VerifyItem,
    ) -> Result<Checked, ServiceError> {
        let national = self.upstreams.of(asked.environment);
        let answer = national.koroad.check(driver_check(item)).await.map_err(Unanswered::from);
        match answer {
            Ok(answer) => Ok(Checked::Answered(answer)),
            Err(Unanswered::Refused { code, message }) => {
                self.record_attempt(asked, std::slice::from_ref(item), &refusal(code)).await?;
                Ok(Checked::Refused { code, message })
            }
            Err(Unanswered::Failed(error)) => {
                self.record_attempt(asked, std::slice::from_ref(item), &failure(&error)).await?;
                Err(error)
            }
        }
    }

    /// The vehicle as the registry knows it, if the answer shows it. The registry is asked at once.
    pub(in crate::service) fn registration(
        &self,
        asked: &Asked<'_>,
        vehicle: &Vehicle,
    ) -> impl Future<Output = Registration> + use<> {
        let registry = &self.upstreams.of(asked.environment).vehicles;
        let plate = vehicle::plate_to_ask(vehicle).filter(|_| asked.shows_identity);
        let answer = plate.map(|plate| registry.is_registered_to(&asked.company.brno, plate));
        OptionFuture::from(answer).map(|answer| match answer {
            None => Registration::Unknown,
            Some(answer) => answer.map_or_else(registry_silent, registration),
        })
    }

    /// The same for several, in one call.
    pub(super) async fn registrations(&self, asked: &Asked<'_>, items: &[VerifyItem]) -> Vec<Registration> {
        let mut registrations = vec![Registration::Unknown; items.len()];
        if !asked.shows_identity {
            return registrations;
        }
        let (asked_places, plates): (Vec<usize>, Vec<Plate>) = items
            .iter()
            .enumerate()
            .filter_map(|(place, item)| Some((place, vehicle::plate_to_ask(&item.vehicle)?.clone())))
            .unzip();
        if plates.is_empty() {
            return registrations;
        }
        let registry = &self.upstreams.of(asked.environment).vehicles;
        match registry.are_registered_to(&asked.company.brno, plates).await {
            Ok(registered) => {
                for (place, registered) in asked_places.into_iter().zip(registered) {
                    registrations[place] = registration(registered);
                }
            }
            Err(error) => _ = registry_silent(error),
        }
        registrations
    }

    /// Refuses a vehicle that is not the company's and whose grace is over (-220). Where the registry is silent
    /// nobody knows, and the company has the benefit of the doubt.
    pub(in crate::service) async fn vehicle_within_grace(
        &self,
        asked: &Asked<'_>,
        plate: &Plate,
        registration: Registration,
    ) -> Result<(), ServiceError> {
        if registration != Registration::Other {
            return Ok(());
        }
        let started = self.store.grace_started(asked.company.id, asked.environment, plate).await?;
        match started {
            Some(first_sighting) if grace::is_over(first_sighting, asked.at) => {
                Err(ServiceError::VehicleMatch)
            }
            _ => Ok(()),
        }
    }

    /// The verification to store for an answer.
    pub(in crate::service) fn row(
        &self,
        asked: &Asked<'_>,
        item: &VerifyItem,
        answer: LicenceAnswer,
        seen: Seen,
    ) -> NewVerification {
        NewVerification {
            id: self.store.next_id(asked.at),
            at: asked.at,
            company: asked.company.id,
            caller: asked.caller,
            requester: asked.requester,
            address: asked.address,
            environment: asked.environment,
            sector: asked.sector,
            channel: asked.channel,
            licence: item.licence_number.clone(),
            name: item.name.clone(),
            class: item.class,
            period: item.period,
            vehicle: item.vehicle.clone(),
            api_type: item.api_type,
            code: answer.code,
            temporary: answer.temporary,
            identity: seen.identity,
            sighting: seen.sighting,
        }
    }

    /// A refused or failed attempt is kept in the audit trail, and nothing else of it (docs/spec-decisions.md,
    /// Meaning).
    pub(super) async fn record_attempt(
        &self,
        asked: &Asked<'_>,
        items: &[VerifyItem],
        outcome: &str,
    ) -> Result<(), ServiceError> {
        Ok(self.store.commit(attempts(asked, items, outcome)).await?)
    }

    /// The same for what may be asked again: both or neither.
    pub(super) async fn record_unanswered(
        &self,
        asked: &Asked<'_>,
        items: &[VerifyItem],
        outcome: &str,
        recheck: Option<&RecheckRequest>,
    ) -> Result<(), ServiceError> {
        let mut writes = self.rechecks(asked, items, recheck).await?;
        writes.push(attempts(asked, items, outcome));
        Ok(self.store.commit(Write::Together(writes)).await?)
    }
}

fn attempts(asked: &Asked<'_>, items: &[VerifyItem], outcome: &str) -> Write {
    let entry = |item: &VerifyItem| NewAudit {
        subject: Subject::Licence(item.licence_number.clone()),
        outcome: outcome.to_owned(),
        ..asked.event(AuditAction::VerifyAttempt)
    };
    Write::Audit(items.iter().map(entry).collect())
}

/// What is answered and recorded about a vehicle; nothing where the answer does not show it.
pub(in crate::service) fn seen(asked: &Asked<'_>, vehicle: &Vehicle, registration: Registration) -> Seen {
    if !asked.shows_identity {
        return Seen { identity: None, sighting: Sighting::None };
    }
    let (identity, sighting) = vehicle::identify(vehicle, registration);
    Seen { identity: Some(identity), sighting }
}

pub(super) fn driver_check(item: &VerifyItem) -> DriverCheck {
    DriverCheck {
        licence_number: item.licence_number.clone(),
        name: item.name.clone(),
        class: item.class,
        period: item.period,
    }
}

fn registration(registered: bool) -> Registration {
    if registered { Registration::Company } else { Registration::Other }
}

/// Without the registry a vehicle is unconfirmed, starts no grace, and the operator is told.
fn registry_silent(error: RegistryError) -> Registration {
    let request_id = RequestId::current();
    warn!(%request_id, %error, "the vehicle registry did not answer; vehicles count as unconfirmed");
    Registration::Unknown
}

/// How an attempt that KOROAD refused stands in the audit trail.
pub(super) fn refusal(code: ProcessingCode) -> String {
    format!("refused {code}")
}

/// How one that failed does.
pub(super) fn failure(error: &ServiceError) -> String {
    error.to_api().code().code().to_string()
}
