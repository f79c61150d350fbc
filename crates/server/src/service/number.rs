//! Numbers for remote (비대면) verification (§4.2.6, §4.3.3, §4.4.3, §4.5.2.7, §4.6.3).

use jiff::Timestamp;
use rims_domain::AuditAction;
use rims_domain::calendar::in_seoul;
use rims_domain::vehicle::Sighting;
use rims_protocol::Sector;
use rims_protocol::messages::{NumberAnswer, NumberRequest};
use rims_protocol::values::{Plate, RemoteNumber, Vehicle};
use rims_store::{Channel, NewAudit, NewRemote, NewRental, Quota, Write};

use super::once::Once;
use super::verify::{Asked, seen};
use super::{Principal, ServiceError, Services};

impl Services {
    /// Generates a number; a car rental company's also registers a rental that waits (status 1).
    pub async fn generate_number(
        &self,
        caller: &Principal,
        sector: Sector,
        request: NumberRequest,
        at: Timestamp,
        once: Option<&Once>,
    ) -> Result<NumberAnswer, ServiceError> {
        let company = self.company(caller, request.bizinfo.as_ref()).await?;
        let asked = Asked::new(at, caller, &company, sector, Channel::Remote);
        let plate = match &request.vehicle {
            Vehicle::Plate(plate) => Some(plate),
            Vehicle::Device(_) | Vehicle::None => None,
        };
        let sighting = match plate {
            Some(plate) => self.see(&asked, &request.vehicle, plate).await?,
            None => Sighting::None,
        };
        self.spend(Quota::Numbers, caller.account.id, caller.environment, 1).await?;
        let number = self.next_number(sector, at).await?;
        let id = self.store.next_id(at);
        let mut writes = vec![remote(&asked, &request, (id, number)), generated(&asked, (id, number))];
        if let Some(plate) = plate {
            writes.push(self.waiting(&asked, &request, plate, number));
            let (company, environment) = (company.id, asked.environment);
            writes.push(Write::Sighting { company, environment, plate: plate.clone(), at, sighting });
        }
        let told = NumberAnswer(number);
        self.commit_once(writes, &asked, once, &told).await?;
        Ok(told)
    }

    /// What seeing the vehicle does to its grace; refused after the grace (-220).
    async fn see(
        &self,
        asked: &Asked<'_>,
        vehicle: &Vehicle,
        plate: &Plate,
    ) -> Result<Sighting, ServiceError> {
        let registration = self.registration(asked, vehicle).await;
        self.vehicle_within_grace(asked, plate, registration).await?;
        Ok(seen(asked, vehicle, registration).sighting)
    }

    fn waiting(
        &self,
        asked: &Asked<'_>,
        request: &NumberRequest,
        plate: &Plate,
        number: RemoteNumber,
    ) -> Write {
        Write::Rental(NewRental {
            id: self.store.next_id(asked.at),
            number,
            at: asked.at,
            company: asked.company.id,
            caller: asked.caller,
            period: request.period,
            plate: plate.clone(),
            confirmation: None,
        })
    }

    /// A number of the sector's letter and of the year in Asia/Seoul.
    pub(super) async fn next_number(
        &self,
        sector: Sector,
        at: Timestamp,
    ) -> Result<RemoteNumber, ServiceError> {
        let year = u8::try_from(in_seoul(at).year().rem_euclid(100)).unwrap_or_default();
        Ok(self.store.next_number(sector, year).await?)
    }
}

fn remote(asked: &Asked<'_>, request: &NumberRequest, (id, number): (i64, RemoteNumber)) -> Write {
    Write::Remote(NewRemote {
        id,
        number,
        at: asked.at,
        company: asked.company.id,
        caller: asked.caller,
        period: request.period,
        vehicle: request.vehicle.clone(),
        api_type: request.api_type,
    })
}

fn generated(asked: &Asked<'_>, (id, number): (i64, RemoteNumber)) -> Write {
    Write::Audit(vec![NewAudit {
        reference: id,
        outcome: number.to_string(),
        ..asked.event(AuditAction::NumberGenerate)
    }])
}
