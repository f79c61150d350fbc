//! 대여확정 (§4.2.3): verifies the driver, then records the rental.

use jiff::Timestamp;
use rims_domain::calendar::today;
use rims_domain::vehicle::Registration;
use rims_domain::{Account, AuditAction};
use rims_protocol::Sector;
use rims_protocol::messages::{Answer, ConfirmRequest, Header, ItemAnswer};
use rims_protocol::values::{Plate, RemoteNumber, Vehicle};
use rims_store::{
    Channel, Confirmation, DriverCheckRecord, NewAudit, NewRental, NewVerification, Promotion, Quota,
    StoreError, Subject, Write,
};
use rims_upstream::LicenceAnswer;

use super::once::Once;
use super::verify::{Asked, Checked, Seen, item_answer, seen};
use super::{Principal, ServiceError, Services};
use crate::webhook::Event;

/// How often a rental that waits is looked for while others take it.
const ATTEMPTS: usize = 3;

/// What a confirmed rental is made of.
struct Confirmed<'a> {
    asked: &'a Asked<'a>,
    request: &'a ConfirmRequest,
    plate: &'a Plate,
    verification: NewVerification,
    answer: &'a Answer<ItemAnswer>,
}

impl Services {
    /// Verifies, and for an eligible driver records the rental in the same transaction: the one that waits for
    /// exactly this vehicle, period and driver, or else a new one.
    pub async fn confirm_rental(
        &self,
        caller: &Principal,
        request: ConfirmRequest,
        at: Timestamp,
        once: Option<&Once>,
    ) -> Result<Answer<ItemAnswer>, ServiceError> {
        let company = self.company(caller, request.bizinfo.as_ref()).await?;
        let asked = Asked::new(at, caller, &company, Sector::Rental, Channel::Confirm);
        let plate = decided_plate(&request.item.vehicle)?;
        let registration = self.registration(&asked, &request.item.vehicle).await;
        self.vehicle_within_grace(&asked, plate, registration).await?;
        self.spend(Quota::Checks, caller.account.id, caller.environment, 1).await?;
        match self.check(&asked, &request.item).await? {
            Checked::Refused { code, message } => {
                Ok(Answer { header: Header::refused(today(at), 1, code, message), body: None })
            }
            Checked::Answered(answer) => {
                self.record_confirmation(once, &asked, &request, plate, (answer, registration)).await
            }
        }
    }

    async fn record_confirmation(
        &self,
        once: Option<&Once>,
        asked: &Asked<'_>,
        request: &ConfirmRequest,
        plate: &Plate,
        (answer, registration): (LicenceAnswer, Registration),
    ) -> Result<Answer<ItemAnswer>, ServiceError> {
        let seen: Seen = seen(asked, &request.item.vehicle, registration);
        let verification = self.row(asked, &request.item, answer, seen);
        let body = item_answer(&request.item, answer, seen);
        let told = Answer { header: Header::done(today(asked.at), 1), body: Some(body) };
        if answer.code.is_eligible() {
            let confirmed = Confirmed { asked, request, plate, verification, answer: &told };
            self.record_rental(once, &confirmed).await?;
        } else {
            let rows = vec![verification];
            self.commit_once(vec![Write::Verifications { rows }], asked, once, &told).await?;
        }
        Ok(told)
    }

    async fn record_rental(
        &self,
        once: Option<&Once>,
        confirmed: &Confirmed<'_>,
    ) -> Result<(), ServiceError> {
        for _ in 0..ATTEMPTS {
            let Some((rental, number)) = self.waiting_rental(confirmed).await? else { break };
            let writes = confirmed.promotion(rental);
            let writes = self.with_events(writes, confirmed, (rental, number));
            match self.commit_once(writes, confirmed.asked, once, confirmed.answer).await {
                // Somebody else confirmed or cancelled it meanwhile.
                Err(ServiceError::Store(StoreError::Missing(_))) => {}
                committed => return committed,
            }
        }
        let number = self.next_number(Sector::Rental, confirmed.asked.at).await?;
        let id = self.store.next_id(confirmed.asked.at);
        let writes = self.with_events(confirmed.new_rental(id, number), confirmed, (id, number));
        self.commit_once(writes, confirmed.asked, once, confirmed.answer).await
    }

    async fn waiting_rental(
        &self,
        Confirmed { asked, request, plate, .. }: &Confirmed<'_>,
    ) -> Result<Option<(i64, RemoteNumber)>, ServiceError> {
        let item = &request.item;
        let licence = &item.licence_number;
        Ok(self.store.pending_rental(asked.company.id, plate, item.period, licence).await?)
    }

    /// The verification, the event for the audit trail, and the one for the company.
    fn with_events(
        &self,
        rental: Write,
        confirmed: &Confirmed<'_>,
        (id, number): (i64, RemoteNumber),
    ) -> Vec<Write> {
        let Confirmed { asked, verification, .. } = confirmed;
        let audit = NewAudit {
            subject: Subject::Licence(verification.licence.clone()),
            reference: id,
            outcome: number.to_string(),
            ..asked.event(AuditAction::RentalConfirm)
        };
        let event = Event::RentalConfirmed { rent_no: number, user_id: asked.company.user_id.clone() };
        vec![
            Write::Verifications { rows: vec![verification.clone()] },
            rental,
            Write::Audit(vec![audit]),
            self.tell(asked.company, asked.at, &event),
        ]
    }

    /// What a company is told, at every endpoint that it has.
    pub(super) fn tell(&self, company: &Account, at: Timestamp, event: &Event) -> Write {
        Write::Tell(event.message(self.store.next_id(at), company.id, at))
    }
}

impl Confirmed<'_> {
    fn check(&self) -> DriverCheckRecord {
        let NewVerification { id, at, code, temporary, .. } = self.verification;
        DriverCheckRecord { verification: id, at, code, temporary }
    }

    fn promotion(&self, rental: i64) -> Write {
        let one_way = self.request.one_way;
        Write::Promote(Promotion { company: self.asked.company.id, rental, one_way, check: self.check() })
    }

    fn new_rental(&self, id: i64, number: RemoteNumber) -> Write {
        let confirmation = Confirmation {
            one_way: self.request.one_way,
            licence: self.request.item.licence_number.clone(),
            check: self.check(),
        };
        Write::Rental(NewRental {
            id,
            number,
            at: self.asked.at,
            company: self.asked.company.id,
            caller: self.asked.caller,
            period: self.request.item.period,
            plate: self.plate.clone(),
            confirmation: Some(confirmation),
        })
    }
}

/// The plate of a request whose table asks for a decided one.
pub(super) fn decided_plate(vehicle: &Vehicle) -> Result<&Plate, ServiceError> {
    match vehicle {
        Vehicle::Plate(plate) => Ok(plate),
        Vehicle::Device(_) | Vehicle::None => Err(ServiceError::VehicleMatch),
    }
}
