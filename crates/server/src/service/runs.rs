//! The runs of reservations: everything that is due at a moment (§4.2.4, §4.2.9).

use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use rims_domain::calendar::today;
use rims_domain::recurrence::{latest_due, retry_at};
use rims_domain::{Account, Environment};
use rims_protocol::Sector;
use rims_protocol::messages::VerifyItem;
use rims_protocol::values::{Period, Vehicle};
use rims_store::{Channel, Claim, NextRun, ReservationRecord, RunEnd, StoreError, Write};
use rims_upstream::LicenceAnswer;
use tracing::{debug, warn};

use super::schedule::next_run;
use super::verify::{Asked, Checked, seen};
use super::{ServiceError, Services};
use crate::webhook::Event;

/// How many reservations are claimed at once, and run at the same time.
const CLAIMS: u32 = 256;
const AT_ONCE: usize = 64;
/// A node that dies leaves its claims to others after this.
const CLAIM_TIME: SignedDuration = SignedDuration::from_mins(10);

impl Services {
    /// Runs every reservation that is due, each once, however many nodes do this at the same time. A crash in the
    /// middle loses nothing: what was claimed and not recorded is due again. A run that cannot be recorded does not
    /// keep the others from theirs; the first such error is answered when all have been tried.
    pub async fn run_reservations(&self) -> Result<(), ServiceError> {
        loop {
            let now = self.clock.now();
            let claimed = self.store.claim_reservations(now, now + CLAIM_TIME, CLAIMS).await?;
            if claimed.is_empty() {
                return Ok(());
            }
            metrics::counter!("rims_reservation_runs_total").increment(claimed.len() as u64);
            let runs = claimed.into_iter().map(|(claim, reservation)| self.run(claim, reservation));
            let ended: Vec<_> = futures::stream::iter(runs).buffer_unordered(AT_ONCE).collect().await;
            ended.into_iter().collect::<Result<(), _>>()?;
        }
    }

    async fn run(&self, claim: Claim, reservation: ReservationRecord) -> Result<(), ServiceError> {
        let now = self.clock.now();
        let company = self.account(reservation.company).await?;
        let writes = match due_item(&reservation, &company, now) {
            Some(item) => self.verify_again(claim, &reservation, (&company, item), now).await?,
            None => vec![Write::ReservationRun(claim, passed_over(&reservation, now))],
        };
        match self.store.commit(Write::Together(writes)).await {
            // The claim ended before the run did: another node's run is the one that counts.
            Err(StoreError::Missing(_)) => {
                debug!(reservation = reservation.id, "a run came too late");
                Ok(())
            }
            committed => Ok(committed?),
        }
    }

    /// The same verification as the interface's. Where KOROAD refuses or cannot be asked, the run is tried again.
    async fn verify_again(
        &self,
        claim: Claim,
        reservation: &ReservationRecord,
        (company, item): (&Account, VerifyItem),
        now: Timestamp,
    ) -> Result<Vec<Write>, ServiceError> {
        let caller = (reservation.caller, Environment::Operations);
        let asked = Asked::by(now, caller, company, Sector::Rental, Channel::Schedule);
        let (registration, checked) =
            tokio::join!(self.registration(&asked, &item.vehicle), self.check(&asked, &item));
        let answer = match checked {
            Ok(Checked::Answered(answer)) => answer,
            Ok(Checked::Refused { .. })
            | Err(ServiceError::KoroadUnreachable | ServiceError::KoroadUnusable(_)) => {
                return Ok(vec![Write::ReservationRun(claim, failed(reservation, now))]);
            }
            Err(error) => return Err(error),
        };
        let seen = seen(&asked, &item.vehicle, registration);
        let rows = vec![self.row(&asked, &item, answer, seen)];
        let next = next_run(reservation.recurrence, reservation.period, today(now));
        let end = RunEnd::Checked { code: answer.code, at: now, next };
        let mut writes = vec![Write::Verifications { rows }, Write::ReservationRun(claim, end)];
        writes.extend(self.changed(reservation, company, answer, now));
        Ok(writes)
    }

    /// The company is told of a result that is another than the last one.
    fn changed(
        &self,
        reservation: &ReservationRecord,
        company: &Account,
        answer: LicenceAnswer,
        now: Timestamp,
    ) -> Option<Write> {
        (answer.code != reservation.last_code).then(|| {
            let event = Event::ReservationChanged {
                rent_no: reservation.number,
                user_id: company.user_id.clone(),
                previous: reservation.last_code,
                current: answer.code,
            };
            self.tell(company, now, &event)
        })
    }
}

/// What is asked: the days that are still to come. Nothing where nothing is due any more, and nothing for a company
/// that may not ask.
fn due_item(reservation: &ReservationRecord, company: &Account, now: Timestamp) -> Option<VerifyItem> {
    let Period { from, to } = reservation.period;
    let due = latest_due(reservation.recurrence, from, to, reservation.next_date, now);
    due.filter(|_| company.is_usable()).map(|_| VerifyItem {
        licence_number: reservation.licence.clone(),
        name: reservation.name.clone(),
        class: reservation.class,
        period: Period { from: from.max(today(now)), to },
        vehicle: Vehicle::Plate(reservation.plate.clone()),
        api_type: None,
    })
}

fn passed_over(reservation: &ReservationRecord, now: Timestamp) -> RunEnd {
    let next: NextRun = next_run(reservation.recurrence, reservation.period, today(now));
    RunEnd::PassedOver { next }
}

/// Tried again the same day, with growing distance; then left to the next date.
fn failed(reservation: &ReservationRecord, now: Timestamp) -> RunEnd {
    let failures = reservation.failures.saturating_add(1);
    if let Some(due) = retry_at(u32::from(failures), now) {
        RunEnd::TryLater { failures, due }
    } else {
        let (reservation_id, number) = (reservation.id, reservation.number.to_string());
        warn!(reservation_id, number, failures, "a reservation's run failed all day and is given up");
        passed_over(reservation, now)
    }
}
