//! While KOROAD is away: checks that it did not answer are made again for companies that asked to be told
//! (docs/outages.md).

use std::sync::{Arc, OnceLock};

use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use metrics::{counter, gauge};
use rims_domain::backoff;
use rims_domain::calendar::today;
use rims_domain::{Account, Environment};
use rims_protocol::codes::{KnownProcessing, ProcessingCode};
use rims_protocol::messages::VerifyItem;
use rims_protocol::values::{Period, RecheckReference};
use rims_store::{ClaimTerms, NewVerification, Recheck, RecheckClaim, StoreError, Write};
use tracing::debug;

use super::verify::{Asked, Checked, seen};
use super::{ServiceError, Services};
use crate::webhook::{Event, Rechecked};

/// While KOROAD is away, so many companies' next checks are tried in a pass: one that KOROAD never answers, as it may
/// happen with a licence, keeps no other company waiting.
const PROBES: u32 = 8;
/// How many checks are claimed at once, and made at the same time, after one was answered.
const CLAIMS: u32 = 256;
const AT_ONCE: usize = 64;
/// A node that dies leaves its claims to others after this.
const CLAIM_TIME: SignedDuration = SignedDuration::from_mins(10);

/// Whether and for how long checks are made again.
#[derive(Clone, Copy, Debug)]
pub struct OutageMode {
    /// Whether companies may ask for it.
    pub recheck: bool,
    /// For how long it is tried.
    pub give_up_after: SignedDuration,
    /// How many checks of one company wait at most, in each environment.
    pub waiting_per_company: u32,
}

impl Default for OutageMode {
    /// For a day, ten of the largest batches of a company.
    fn default() -> Self {
        Self { recheck: true, give_up_after: SignedDuration::from_hours(24), waiting_per_company: 10_000 }
    }
}

/// A caller's wish that a check that KOROAD does not answer is made again, and what became of it.
#[derive(Clone, Debug)]
pub struct RecheckRequest {
    /// The caller's own name for its request.
    pub reference: RecheckReference,
    queued: Arc<OnceLock<Queued>>,
}

impl RecheckRequest {
    /// Under a name, with a place where it is noted what became of it.
    pub fn new(reference: RecheckReference, queued: Arc<OnceLock<Queued>>) -> Self {
        Self { reference, queued }
    }
}

/// Whether a check is made again. Nothing is noted where KOROAD answered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// It is.
    Yes,
    /// The company has no webhook by which it could be told.
    NoWebhook,
    /// So many of the company's checks wait already.
    TooManyWait,
    /// The operator has turned it off.
    Off,
}

impl Queued {
    /// As the header `Recheck-Queued` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::NoWebhook => "no-webhook",
            Self::TooManyWait => "too-many-wait",
            Self::Off => "off",
        }
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
    /// What is written so that unanswered checks are made again; nothing where the company could not be told, or has too
    /// many waiting.
    pub(super) async fn rechecks(
        &self,
        asked: &Asked<'_>,
        items: &[VerifyItem],
        request: Option<&RecheckRequest>,
    ) -> Result<Vec<Write>, ServiceError> {
        let Some(RecheckRequest { reference, queued }) = request else { return Ok(Vec::new()) };
        let decision = self.may_queue(asked, items.len()).await?;
        // One request has one decision.
        let _ = queued.set(decision);
        if decision != Queued::Yes {
            count_rechecks(asked.environment, decision.name(), items.len());
            return Ok(Vec::new());
        }
        count_rechecks(asked.environment, "queued", items.len());
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

    async fn may_queue(&self, asked: &Asked<'_>, items: usize) -> Result<Queued, ServiceError> {
        if !self.outage.recheck {
            return Ok(Queued::Off);
        }
        let (environment, company) = (asked.environment, asked.company.id);
        let endpoints = self.store.endpoints(company).await?;
        if endpoints.iter().all(|endpoint| endpoint.disabled.is_some()) {
            return Ok(Queued::NoWebhook);
        }
        let most = self.outage.waiting_per_company;
        let waiting = self.store.rechecks_waiting_of(environment, company, most).await?;
        let with_these = waiting.saturating_add(u64::try_from(items).unwrap_or(u64::MAX));
        Ok(if with_these <= u64::from(most) { Queued::Yes } else { Queued::TooManyWait })
    }

    /// Makes an environment's checks again, company by company in turn: a few first, and where KOROAD answers one of them
    /// all that wait, however many nodes do this at the same time. A crash in the middle loses nothing: what was claimed
    /// and has no outcome is due again.
    pub async fn run_rechecks(&self, environment: Environment) -> Result<(), ServiceError> {
        let (mut limit, due) = (PROBES, self.clock.now());
        loop {
            // What comes meanwhile is the next pass's, so that this one ends.
            let until = self.clock.now() + CLAIM_TIME;
            let terms = ClaimTerms { environment, now: due, until, limit };
            let claimed = self.store.claim_rechecks(&terms).await?;
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
        let waiting = self.store.rechecks_waiting(environment).await? as f64;
        gauge!("rims_rechecks_waiting", "environment" => environment.name()).set(waiting);
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
            None => {
                // How often it has failed is not kept: the wait is always the same.
                let wait = backoff::RECHECK.after(1).unwrap_or_default();
                vec![Write::RecheckLater(claim, now + wait)]
            }
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
        count_rechecks(recheck.environment, name, 1);
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

fn count_rechecks(environment: Environment, outcome: &'static str, count: usize) {
    counter!("rims_rechecks_total", "environment" => environment.name(), "outcome" => outcome)
        .increment(count as u64);
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
