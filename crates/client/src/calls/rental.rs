use std::ops::Deref;

use rims_protocol::codes::{OneWay, Recurrence};
use rims_protocol::interface::Family;
use rims_protocol::messages::{AnomalyRequest, ConfirmRequest, ScheduleRequest};
use rims_protocol::values::{IdempotencyKey, LicenceNumber, UserId};

use super::SectorCalls;
use crate::answer::{AnomalyBody, Reply, ScheduleReply, Scheduled, Verification, VerificationBody};
use crate::error::{Error, Repeat};
use crate::request::VerifyRequest;

/// Car rental's calls: those of every sector, and its own (§4.2.3–§4.2.5, §4.2.8, §4.2.9).
#[derive(Clone, Debug)]
#[must_use]
pub struct RentalCalls(pub(crate) SectorCalls);

/// What every sector has is called on the rental's sector in the same way.
impl Deref for RentalCalls {
    type Target = SectorCalls;

    fn deref(&self) -> &SectorCalls {
        &self.0
    }
}

impl RentalCalls {
    /// As [`SectorCalls::on_behalf_of`].
    pub fn on_behalf_of(self, company: UserId) -> Self {
        Self(self.0.on_behalf_of(company))
    }

    /// As [`SectorCalls::once`].
    pub fn once(self, key: IdempotencyKey) -> Self {
        Self(self.0.once(key))
    }

    /// 대여확정 (§4.2.3): verifies, and records the rental if the driver is eligible.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctests/sandbox.rs"));
    /// # fn main() { against_sandbox(async |client, driver| {
    /// use rims_client::codes::OneWay;
    ///
    /// let answer = client.rental().confirm(&driver, Some(OneWay::No)).await?;
    /// assert!(answer.is_eligible(), "only then the rental is recorded");
    /// # Ok(()) }); }
    /// ```
    pub async fn confirm(
        &self,
        driver: &VerifyRequest,
        one_way: Option<OneWay>,
    ) -> Result<Verification, Error> {
        let item = driver.decided_item(self.today())?;
        let asked = item.licence_number.clone();
        let request = ConfirmRequest { bizinfo: self.bizinfo(), one_way, item };
        let (reply, id): (Reply<VerificationBody>, _) = self
            .client
            .core
            .post(Family::RentalConfirm, request.members(), Repeat::Unsafe, self.key())
            .await?;
        reply.body(id.as_deref())?.verification(&asked, id.as_deref())
    }

    /// 반복예약 (§4.2.4): verifies now, and for an eligible driver again and again until the last day.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctests/sandbox.rs"));
    /// # fn main() { against_sandbox(async |client, driver| {
    /// use rims_client::codes::Recurrence;
    ///
    /// let scheduled = client.rental().schedule(&driver, Recurrence::Weekly).await?;
    /// assert!(scheduled.is_reserved);
    /// # Ok(()) }); }
    /// ```
    pub async fn schedule(&self, driver: &VerifyRequest, recurrence: Recurrence) -> Result<Scheduled, Error> {
        let item = driver.decided_item(self.today())?;
        let asked = item.licence_number.clone();
        let request = ScheduleRequest { bizinfo: self.bizinfo(), recurrence, item };
        let (reply, id): (ScheduleReply, _) =
            self.client.core.post(Family::Schedule, request.members(), Repeat::Unsafe, self.key()).await?;
        reply.scheduled(&asked, id.as_deref())
    }

    /// 대여자 대여정보 이상여부 확인 (§4.2.5): how many rentals of any company were confirmed for this licence in the
    /// last seven days.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctests/sandbox.rs"));
    /// # fn main() { against_sandbox(async |client, driver| {
    /// let rentals = client.rental().anomaly(&LicenceNumber::parse("제주 12-121212-12")?).await?;
    /// println!("{rentals} rentals in seven days");
    /// # drop(driver);
    /// # Ok(()) }); }
    /// ```
    pub async fn anomaly(&self, licence_number: &LicenceNumber) -> Result<u64, Error> {
        let request = AnomalyRequest { licence_number: licence_number.clone() };
        let (body, _): (AnomalyBody, _) =
            self.client.core.post(Family::Anomaly, request.members(), Repeat::Safe, None).await?;
        Ok(body.count())
    }
}
