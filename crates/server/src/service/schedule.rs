//! 반복예약 (§4.2.4): verifies the driver now, and for an eligible one stores the reservation.

use jiff::Timestamp;
use jiff::civil::Date;
use rims_domain::AuditAction;
use rims_domain::calendar::today;
use rims_domain::recurrence::{next_date, run_time};
use rims_protocol::Sector;
use rims_protocol::codes::{Recurrence, ResultCode};
use rims_protocol::messages::{Header, RepeatStatus, ScheduleAnswer, ScheduleRequest};
use rims_protocol::values::Period;
use rims_store::{Channel, NewAudit, NewReservation, NextRun, Quota, Subject, Write};

use super::confirm::decided_plate;
use super::once::Once;
use super::verify::{Asked, Checked, item_answer, seen};
use super::{Principal, ServiceError, Services};

impl Services {
    /// The registration's own check is the first result. Another than `00` stores no reservation.
    pub async fn schedule(
        &self,
        caller: &Principal,
        request: ScheduleRequest,
        at: Timestamp,
        once: Option<&Once>,
    ) -> Result<ScheduleAnswer, ServiceError> {
        let company = self.company(caller, request.bizinfo.as_ref()).await?;
        let asked = Asked::new(at, caller, &company, Sector::Rental, Channel::Schedule);
        let plate = decided_plate(&request.item.vehicle)?;
        let registration = self.registration(&asked, &request.item.vehicle).await;
        self.vehicle_within_grace(&asked, plate, registration).await?;
        self.spend(Quota::Checks, caller.account.id, caller.environment, 1).await?;
        let answer = match self.check(&asked, &request.item).await? {
            Checked::Answered(answer) => answer,
            Checked::Refused { code, message } => {
                let header = Header::refused(today(at), 1, code, message);
                return Ok(ScheduleAnswer { header, body: None, repeat_status: RepeatStatus::Failed });
            }
        };
        let seen = seen(&asked, &request.item.vehicle, registration);
        let rows = vec![self.row(&asked, &request.item, answer, seen)];
        let mut writes = vec![Write::Verifications { rows }];
        let repeat_status = if answer.code.is_eligible() {
            writes.extend(self.reservation(&asked, &request, answer.code).await?);
            RepeatStatus::Success
        } else {
            RepeatStatus::Failed
        };
        let body = Some(item_answer(&request.item, answer, seen));
        let told = ScheduleAnswer { header: Header::done(today(at), 1), body, repeat_status };
        self.commit_once(writes, &asked, once, &told).await?;
        Ok(told)
    }

    async fn reservation(
        &self,
        asked: &Asked<'_>,
        request: &ScheduleRequest,
        code: ResultCode,
    ) -> Result<[Write; 2], ServiceError> {
        let ScheduleRequest { recurrence, item, .. } = request;
        let number = self.next_number(Sector::Rental, asked.at).await?;
        let id = self.store.next_id(asked.at);
        let reservation = NewReservation {
            id,
            number,
            at: asked.at,
            company: asked.company.id,
            caller: asked.caller,
            recurrence: *recurrence,
            period: item.period,
            plate: decided_plate(&item.vehicle)?.clone(),
            licence: item.licence_number.clone(),
            name: item.name.clone(),
            class: item.class,
            code,
            next: next_run(*recurrence, item.period, today(asked.at)),
        };
        let audit = NewAudit {
            subject: Subject::Licence(item.licence_number.clone()),
            reference: id,
            outcome: number.to_string(),
            ..asked.event(AuditAction::ReservationCreate)
        };
        Ok([Write::Reservation(reservation), Write::Audit(vec![audit])])
    }
}

/// The first date of the recurrence after a day. After the end nothing runs, but the date is told all the same
/// (§4.2.9.5).
pub(super) fn next_run(recurrence: Recurrence, period: Period, after: Date) -> NextRun {
    let date = next_date(recurrence, period.from, after).unwrap_or(Date::MAX);
    NextRun { date, due: (date <= period.to).then(|| run_time(date)) }
}
