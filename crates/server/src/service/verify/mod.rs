//! Verification of drivers, one or many (§4.2.1, §4.2.2 and their siblings): ask the vehicle registry and
//! KOROAD at the same time, commit the record, then answer.

mod check;

use std::slice;

use jiff::Timestamp;
use rims_domain::VehicleIdentity;
use rims_domain::vehicle::Registration;
use rims_protocol::Sector;
use rims_protocol::messages::{Answer, BatchRequest, Header, ItemAnswer, SingleRequest, VerifyItem};
use rims_store::{Channel, NewVerification, Quota, Write};
use rims_upstream::{DriverCheck, KoroadError, LicenceAnswer};
use serde::Serialize;

use super::error::Unanswered;
use super::once::Once;
use super::recheck::{RecheckRequest, is_outage};
use super::{Principal, ServiceError, Services};

pub(super) use check::{Asked, Checked, Seen, seen};
use check::{driver_check, failure, refusal};

/// What a caller asks for beyond the specification.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The request is recorded once.
    pub once: Option<Once>,
    /// Where KOROAD does not answer, the check is made again and the company told.
    pub recheck: Option<RecheckRequest>,
}

impl Services {
    /// Verifies one driver at a moment. Concurrent ones share calls to the national systems.
    pub async fn verify_single(
        &self,
        caller: &Principal,
        sector: Sector,
        request: &SingleRequest,
        at: Timestamp,
        terms: &Terms,
    ) -> Result<Answer<ItemAnswer>, ServiceError> {
        let company = self.company(caller, request.bizinfo.as_ref()).await?;
        self.spend(Quota::Checks, caller.account.id, caller.environment, 1).await?;
        let asked = Asked::new(at, caller, &company, sector, Channel::Single);
        let item = &request.item;
        let national = self.upstreams.of(asked.environment);
        // The registry answers first as a rule, and nobody is woken for it.
        let registration = self.registration(&asked, &item.vehicle);
        let answer = national.koroad.check(driver_check(item)).await;
        let (item, registration) = (slice::from_ref(item), [registration.await]);
        let answer = answer.map(|answer| [answer]);
        let body = |mut items: Vec<ItemAnswer>| items.pop();
        self.record(&asked, (item, &registration), answer, body, terms).await
    }

    /// Verifies up to 1,000 drivers, in as few calls to the national systems as these allow; answers in order.
    pub async fn verify_batch(
        &self,
        caller: &Principal,
        sector: Sector,
        request: &BatchRequest,
        at: Timestamp,
        terms: &Terms,
    ) -> Result<Answer<Vec<ItemAnswer>>, ServiceError> {
        let company = self.company(caller, request.bizinfo.as_ref()).await?;
        self.spend(Quota::Checks, caller.account.id, caller.environment, request.items.len()).await?;
        let asked = Asked::new(at, caller, &company, sector, Channel::Batch);
        let items = request.items.as_slice();
        let checks: Vec<DriverCheck> = items.iter().map(driver_check).collect();
        let national = self.upstreams.of(asked.environment);
        let (registrations, answers) =
            tokio::join!(self.registrations(&asked, items), national.koroad.check_all(&checks));
        self.record(&asked, (items, &registrations), answers, Some, terms).await
    }

    /// Commits what KOROAD answered, or the attempt where it did not, and builds the answer. What is rare has memory of
    /// its own: every request under way would hold it.
    async fn record<Body: Serialize>(
        &self,
        asked: &Asked<'_>,
        (items, registrations): (&[VerifyItem], &[Registration]),
        answers: Result<impl AsRef<[LicenceAnswer]>, KoroadError>,
        body: impl FnOnce(Vec<ItemAnswer>) -> Option<Body>,
        terms: &Terms,
    ) -> Result<Answer<Body>, ServiceError> {
        let today = rims_domain::calendar::today(asked.at);
        let count = items.len();
        match answers.map_err(Unanswered::from) {
            Ok(answers) => {
                let (rows, shown) = self.rows(asked, items, registrations, answers.as_ref());
                let told = Answer { header: Header::done(today, count), body: body(shown) };
                let write = Write::Verifications { rows };
                match &terms.once {
                    None => self.store.commit(write).await?,
                    once => {
                        let commit = self.commit_once(vec![write], asked, once.as_ref(), &told);
                        Box::pin(commit).await?;
                    }
                }
                Ok(told)
            }
            Err(Unanswered::Refused { code, message }) => {
                let recheck = terms.recheck.as_ref().filter(|_| is_outage(code));
                Box::pin(self.record_unanswered(asked, items, &refusal(code), recheck)).await?;
                Ok(Answer { header: Header::refused(today, count, code, message), body: None })
            }
            Err(Unanswered::Failed(error)) => {
                let recheck = terms.recheck.as_ref();
                Box::pin(self.record_unanswered(asked, items, &failure(&error), recheck)).await?;
                Err(error)
            }
        }
    }

    fn rows(
        &self,
        asked: &Asked<'_>,
        items: &[VerifyItem],
        registrations: &[Registration],
        answers: &[LicenceAnswer],
    ) -> (Vec<NewVerification>, Vec<ItemAnswer>) {
        items
            .iter()
            .zip(registrations)
            .zip(answers)
            .map(|((item, registration), answer)| {
                let seen = seen(asked, &item.vehicle, *registration);
                let shown = item_answer(item, *answer, seen);
                (self.row(asked, item, *answer, seen), shown)
            })
            .unzip()
    }
}

/// What is answered about one driver.
pub(super) fn item_answer(item: &VerifyItem, answer: LicenceAnswer, seen: Seen) -> ItemAnswer {
    ItemAnswer {
        vhcl_idnty_cd: seen.identity.map(VehicleIdentity::code),
        f_rtn_code: answer.code,
        f_license_no: item.licence_number.masked(),
    }
}
