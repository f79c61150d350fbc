//! While KOROAD is away: checks that it did not answer are made again for companies that asked to be told
//! (docs/outages.md).

use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use metrics::{counter, gauge};
use rims_domain::Account;
use rims_domain::calendar::today;
use rims_protocol::codes::{KnownProcessing, ProcessingCode};
use rims_protocol::messages::VerifyItem;
use rims_protocol::values::{Period, RecheckReference};
use rims_store::{NewVerification, Recheck, RecheckClaim, StoreError, Write};
use tracing::debug;

use super::verify::{Asked, Checked, seen};
use super::{ServiceError, Services};
use crate::webhook::{Event, Rechecked};

/// How many checks are claimed at once, and made at the same time, after one was answered.
const CLAIMS: u32 = 256;
const AT_ONCE: usize = 64;
/// A node that dies leaves its claims to others after this.
const CLAIM_TIME: SignedDuration = SignedDuration::from_mins(10);
/// A check that was not answered again is next tried after this.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// Whether and for how long checks are made again.
#[derive(Clone, Copy, Debug)]
pub struct OutageMode {
    /// Whether companies may ask for it.
    pub recheck: bool,
    /// For how long it is tried.
    pub give_up_after: SignedDuration,
}

impl Default for OutageMode {
    /// For a day.
    fn default() -> Self {
        Self { recheck: true, give_up_after: SignedDuration::from_hours(24) }
    }
}

/// How a check came to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answered {
    /// Which is there again.
    ByKoroad,
    /// It was given up.
    ByNobody,
}

/// 97, 98 and 99 of table 5.3: KOROAD or the police's systems do not work at the moment.
pub(super) fn is_outage(code: ProcessingCode) -> bool {
    use KnownProcessing as Known;
    matches!(code.known(), Some(Known::VerificationDown | Known::PoliceDown | Known::SystemDown))
}

impl Services {
    /// What is written so that unanswered checks are made again; nothing where nobody could be told.
    pub(super) async fn rechecks(
        &self,
        asked: &Asked<'_>,
        items: &[VerifyItem],
        reference: Option<&RecheckReference>,
    ) -> Result<Vec<Write>, ServiceError> {
        let Some(reference) = reference.filter(|_| self.outage.recheck) else { return Ok(Vec::new()) };
        let endpoints = self.store.endpoints(asked.company.id).await?;
        if endpoints.iter().all(|endpoint| endpoint.disabled.is_some()) {
            return Ok(Vec::new());
        }
        counter!("rims_rechecks_total", "outcome" => "queued").increment(items.len() as u64);
        let recheck = |(place, item): (u16, &VerifyItem)| {
            Write::Recheck(Recheck {
                id: self.store.next_id(asked.at),
                at: asked.at,
                company: asked.company.id,
                caller: asked.caller,
                environment: asked.environment,
                sector: asked.sector,
                channel: asked.channel,
                reference: reference.clone(),
                item: place,
                asked: item.clone(),
            })
        };
        Ok((0..).zip(items).map(recheck).collect())
    }

    /// Makes checks again: one first, and where KOROAD answers it all that wait, however many nodes do this at the same
    /// time. A crash in the middle loses nothing: what was claimed and has no outcome is due again.
    pub async fn run_rechecks(&self) -> Result<(), ServiceError> {
        let (mut limit, due) = (1, self.clock.now());
        loop {
            // What comes meanwhile is the next pass's, so that this one ends.
            let until = self.clock.now() + CLAIM_TIME;
            let claimed = self.store.claim_rechecks(due, until, limit).await?;
            let runs = claimed.into_iter().map(|(claim, recheck)| self.recheck(claim, recheck));
            let ended: Vec<_> = futures::stream::iter(runs).buffer_unordered(AT_ONCE).collect().await;
            let ended = ended.into_iter().collect::<Result<Vec<_>, _>>()?;
            if ended.contains(&Some(Answered::ByKoroad)) {
                limit = CLAIMS;
            } else if ended.iter().all(Option::is_none) {
                break;
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a metric")]
        gauge!("rims_rechecks_waiting").set(self.store.rechecks_waiting().await? as f64);
        Ok(())
    }

    /// How it came to its end, if it did.
    async fn recheck(&self, claim: RecheckClaim, recheck: Recheck) -> Result<Option<Answered>, ServiceError> {
        let now = self.clock.now();
        let company = self.account(recheck.company).await?;
        let outcome = self.outcome(&recheck, &company, now).await?;
        let name = outcome.as_ref().map_or("later", |(told, _)| told.name());
        let answered = outcome.as_ref().map(|(told, _)| match told {
            Rechecked::GivenUp => Answered::ByNobody,
            Rechecked::Licence(_) | Rechecked::Refused(_) => Answered::ByKoroad,
        });
        let writes = match outcome {
            None => vec![Write::RecheckLater(claim, now + PAUSE)],
            Some((told, rows)) => {
                let event = event(&recheck, &company, told);
                vec![
                    Write::Verifications { rows },
                    Write::RecheckDone(claim),
                    self.tell(&company, now, &event),
                ]
            }
        };
        match self.store.commit(Write::Together(writes)).await {
            // The claim ended before: what another node found is what counts.
            Err(StoreError::Missing(_)) => {
                debug!(recheck = recheck.id, "a recheck came too late");
                return Ok(None);
            }
            committed => committed?,
        }
        counter!("rims_rechecks_total", "outcome" => name).increment(1);
        Ok(answered)
    }

    /// What the company is told, and what is recorded; nothing while KOROAD is away.
    async fn outcome(
        &self,
        recheck: &Recheck,
        company: &Account,
        now: Timestamp,
    ) -> Result<Option<(Rechecked, Vec<NewVerification>)>, ServiceError> {
        let in_time = now < recheck.at + self.outage.give_up_after;
        let Some(item) = still_of_use(recheck, company, now).filter(|_| in_time) else {
            return Ok(Some((Rechecked::GivenUp, Vec::new())));
        };
        let caller = (recheck.caller, recheck.environment);
        let asked = Asked::by(now, caller, company, recheck.sector, recheck.channel);
        let (registration, checked) =
            tokio::join!(self.registration(&asked, &item.vehicle), self.check(&asked, &item));
        match checked {
            Ok(Checked::Answered(answer)) => {
                let seen = seen(&asked, &item.vehicle, registration);
                let row = self.row(&asked, &item, answer, seen);
                Ok(Some((Rechecked::Licence(answer.code), vec![row])))
            }
            Ok(Checked::Refused { code, .. }) if !is_outage(code) => {
                Ok(Some((Rechecked::Refused(code), Vec::new())))
            }
            Ok(Checked::Refused { .. })
            | Err(ServiceError::KoroadUnreachable | ServiceError::KoroadUnusable(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn event(recheck: &Recheck, company: &Account, outcome: Rechecked) -> Event {
    Event::VerificationRechecked {
        reference: recheck.reference.clone(),
        item: recheck.item,
        environment: recheck.environment,
        user_id: company.user_id.clone(),
        outcome,
    }
}

/// What is asked: the days that are still to come. Nothing after the last of them, and nothing for a company that may
/// not ask any more.
fn still_of_use(recheck: &Recheck, company: &Account, now: Timestamp) -> Option<VerifyItem> {
    let Period { from, to } = recheck.asked.period;
    let today = today(now);
    let period = Period { from: from.max(today), to };
    (company.is_usable() && today <= to).then(|| VerifyItem { period, ..recheck.asked.clone() })
}
