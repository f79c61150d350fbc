//! Verification of drivers, one or many (§4.2.1, §4.2.2 and their siblings): ask the vehicle registry and
//! KOROAD at the same time, commit the record, then answer.

use jiff::Timestamp;
use rims_domain::vehicle::{self, Registration, Sighting};
use rims_domain::{Account, VehicleIdentity};
use rims_protocol::codes::ProcessingCode;
use rims_protocol::messages::{Answer, BatchRequest, Header, ItemAnswer, SingleRequest, VerifyItem};
use rims_protocol::sector::{IdentityShown, Sector};
use rims_protocol::values::Plate;
use rims_store::{Channel, NewAudit, NewVerification, Subject, Write};
use rims_upstream::{DriverCheck, KoroadError, LicenceAnswer, RegistryError};
use tracing::warn;

use super::error::Unanswered;
use super::{Caller, ServiceError, Services};
use crate::request_id::RequestId;

/// One request, as everything it records shares it.
struct Asked<'a> {
    at: Timestamp,
    caller: &'a Caller,
    company: Account,
    sector: Sector,
    channel: Channel,
    /// Whether the answer shows `vhcl_idnty_cd`, so that the registry is asked.
    shows_identity: bool,
}

impl<'a> Asked<'a> {
    fn new(at: Timestamp, caller: &'a Caller, company: Account, sector: Sector, channel: Channel) -> Self {
        let IdentityShown { single, batch, .. } = sector.rules().identity;
        let shows_identity = if channel == Channel::Batch { batch } else { single };
        Self { at, caller, company, sector, channel, shows_identity }
    }
}

impl Services {
    /// Verifies one driver at a moment. Concurrent ones share calls to the national systems.
    pub async fn verify_single(
        &self,
        caller: &Caller,
        sector: Sector,
        request: SingleRequest,
        at: Timestamp,
    ) -> Result<Answer<ItemAnswer>, ServiceError> {
        let company = self.company(caller, request.bizinfo.as_ref()).await?;
        let asked = Asked::new(at, caller, company, sector, Channel::Single);
        let item = request.item;
        let national = self.upstreams.of(caller.credential.environment);
        let (registration, answer) =
            tokio::join!(self.registration(&asked, &item), national.koroad.check(driver_check(&item)));
        let answer = answer.map(|answer| vec![answer]);
        let answered = self.record(&asked, vec![item], &[registration], answer).await?;
        Ok(Answer { header: answered.header, body: answered.body.and_then(|mut items| items.pop()) })
    }

    /// Verifies up to 1,000 drivers, in as few calls to the national systems as these allow; answers in order.
    pub async fn verify_batch(
        &self,
        caller: &Caller,
        sector: Sector,
        request: BatchRequest,
        at: Timestamp,
    ) -> Result<Answer<Vec<ItemAnswer>>, ServiceError> {
        let company = self.company(caller, request.bizinfo.as_ref()).await?;
        let asked = Asked::new(at, caller, company, sector, Channel::Batch);
        let items = request.items;
        let checks: Vec<DriverCheck> = items.iter().map(driver_check).collect();
        let national = self.upstreams.of(caller.credential.environment);
        let (registrations, answers) =
            tokio::join!(self.registrations(&asked, &items), national.koroad.check_all(&checks));
        self.record(&asked, items, &registrations, answers).await
    }

    async fn registration(&self, asked: &Asked<'_>, item: &VerifyItem) -> Registration {
        let plate = vehicle::plate_to_ask(&item.vehicle).filter(|_| asked.shows_identity);
        let Some(plate) = plate else { return Registration::Unknown };
        let registry = &self.upstreams.of(asked.caller.credential.environment).vehicles;
        match registry.is_registered_to(&asked.company.brno, plate).await {
            Ok(registered) => registration(registered),
            Err(error) => registry_silent(error),
        }
    }

    async fn registrations(&self, asked: &Asked<'_>, items: &[VerifyItem]) -> Vec<Registration> {
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
        let registry = &self.upstreams.of(asked.caller.credential.environment).vehicles;
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

    /// Commits what KOROAD answered, or the attempt where it did not, and builds the answer.
    async fn record(
        &self,
        asked: &Asked<'_>,
        items: Vec<VerifyItem>,
        registrations: &[Registration],
        answers: Result<Vec<LicenceAnswer>, KoroadError>,
    ) -> Result<Answer<Vec<ItemAnswer>>, ServiceError> {
        let today = rims_domain::calendar::today(asked.at);
        let count = items.len();
        match answers.map_err(Unanswered::from) {
            Ok(answers) => {
                let (rows, body) = self.rows(asked, items, registrations, &answers);
                self.store.commit(Write::Verifications { rows }).await?;
                Ok(Answer { header: Header::done(today, count), body: Some(body) })
            }
            Err(Unanswered::Refused { code, message }) => {
                self.record_attempt(asked, items, &refusal(code)).await?;
                Ok(Answer { header: Header::refused(today, count, code, message), body: None })
            }
            Err(Unanswered::Failed(error)) => {
                self.record_attempt(asked, items, &error.to_api().code().code().to_string()).await?;
                Err(error)
            }
        }
    }

    fn rows(
        &self,
        asked: &Asked<'_>,
        items: Vec<VerifyItem>,
        registrations: &[Registration],
        answers: &[LicenceAnswer],
    ) -> (Vec<NewVerification>, Vec<ItemAnswer>) {
        items
            .into_iter()
            .zip(registrations)
            .zip(answers)
            .map(|((item, registration), answer)| {
                let (identity, sighting) = identity(asked, &item, *registration);
                let shown = ItemAnswer {
                    vhcl_idnty_cd: identity.map(VehicleIdentity::code),
                    f_rtn_code: answer.code,
                    f_license_no: item.licence_number.masked(),
                };
                (self.row(asked, item, *answer, identity, sighting), shown)
            })
            .unzip()
    }

    fn row(
        &self,
        asked: &Asked<'_>,
        item: VerifyItem,
        answer: LicenceAnswer,
        identity: Option<VehicleIdentity>,
        sighting: Sighting,
    ) -> NewVerification {
        NewVerification {
            id: self.store.next_id(asked.at),
            at: asked.at,
            company: asked.company.id,
            caller: asked.caller.account.id,
            environment: asked.caller.credential.environment,
            sector: asked.sector,
            channel: asked.channel,
            licence: item.licence_number,
            name: item.name,
            class: item.class,
            period: item.period,
            vehicle: item.vehicle,
            api_type: item.api_type,
            code: answer.code,
            temporary: answer.temporary,
            identity,
            sighting,
        }
    }

    /// A refused or failed attempt is kept in the audit trail, and nothing else of it (docs/spec-decisions.md,
    /// Meaning).
    async fn record_attempt(
        &self,
        asked: &Asked<'_>,
        items: Vec<VerifyItem>,
        outcome: &str,
    ) -> Result<(), ServiceError> {
        let entries = items
            .into_iter()
            .map(|item| NewAudit {
                at: asked.at,
                actor: asked.caller.account.id,
                action: "verify.attempt",
                company: Some(asked.company.id),
                subject: Subject::Licence(item.licence_number),
                reference: 0,
                outcome: outcome.to_owned(),
            })
            .collect();
        Ok(self.store.commit(Write::Audit(entries)).await?)
    }
}

fn driver_check(item: &VerifyItem) -> DriverCheck {
    DriverCheck {
        licence_number: item.licence_number.clone(),
        name: item.name.clone(),
        class: item.class,
        period: item.period,
    }
}

fn identity(
    asked: &Asked<'_>,
    item: &VerifyItem,
    registration: Registration,
) -> (Option<VehicleIdentity>, Sighting) {
    if !asked.shows_identity {
        return (None, Sighting::None);
    }
    let (identity, sighting) = vehicle::identify(&item.vehicle, registration);
    (Some(identity), sighting)
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

fn refusal(code: ProcessingCode) -> String {
    format!("refused {code}")
}
