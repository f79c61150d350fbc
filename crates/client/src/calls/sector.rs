use std::time::Duration;

use jiff::civil::Date;
use rims_protocol::codes::ApiTypeGroup;
use rims_protocol::interface::Family;
use rims_protocol::messages::{BatchRequest, ResultRequest, SingleRequest, VerifyItem};
use rims_protocol::values::{IdempotencyKey, RemoteNumber, UserId};
use rims_protocol::{ApiError, Sector};

use crate::answer::{NumberBody, RemoteResult, Reply, ResultReply, Verification, VerificationBody, unusable};
use crate::client::Client;
use crate::error::{Error, Repeat};
use crate::request::{NumberRequest, VerifyRequest};

/// How many drivers one batch may carry (§4.2.2.4).
pub(crate) const BATCH_LIMIT: usize = 1000;

/// The calls that every sector has.
#[derive(Clone, Debug)]
#[must_use]
pub struct SectorCalls {
    pub(crate) client: Client,
    sector: Sector,
    key: Option<IdempotencyKey>,
}

impl SectorCalls {
    pub(crate) fn new(client: Client, sector: Sector) -> Self {
        Self { client, sector, key: None }
    }

    /// Asks for this company (`bizinfo`), which must have delegated to the caller.
    pub fn on_behalf_of(mut self, company: UserId) -> Self {
        self.client.on_behalf_of = Some(company);
        self
    }

    /// Sends `Idempotency-Key`: for 24 hours the same call with the same members is done once, however often it is sent.
    /// A RIMS that says so with its tokens (docs/idempotency.md) is also sent the call again when it does not answer; one
    /// that does not know keys is not. Use a new key for every call that is meant anew.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctests/sandbox.rs"));
    /// # fn main() { against_sandbox(async |client, driver| {
    /// use rims_client::values::IdempotencyKey;
    ///
    /// // Kept with the booking, so that the same booking is confirmed under the same key.
    /// let key = IdempotencyKey::parse("booking-20251023-0117")?;
    /// let first = client.rental().once(key.clone()).confirm(&driver, None).await?;
    /// let again = client.rental().once(key).confirm(&driver, None).await?;
    /// assert_eq!(first, again);
    /// # Ok(()) }); }
    /// ```
    pub fn once(mut self, key: IdempotencyKey) -> Self {
        self.key = Some(key);
        self
    }

    /// 운전자격확인 단건 (§4.2.1, §4.3.1, §4.4.1, §4.5.1, §4.6.1): whether the driver may drive for the whole period.
    ///
    /// It is recorded, and may cost a fee: without an idempotency key it is sent again only where it was surely not
    /// done.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctests/sandbox.rs"));
    /// # fn main() { against_sandbox(async |client, driver| {
    /// let answer = client.rental().verify(&driver).await?;
    /// if !answer.is_eligible() {
    ///     println!("hand nothing over: {} {}", answer.status, answer.status.english());
    /// }
    /// # assert!(answer.is_eligible());
    /// # Ok(()) }); }
    /// ```
    pub async fn verify(&self, driver: &VerifyRequest) -> Result<Verification, Error> {
        let item = driver.item(self.sector, ApiTypeGroup::Single, self.today())?;
        let asked = item.licence_number.clone();
        let request = SingleRequest { bizinfo: self.bizinfo(), item };
        let family = Family::Single(self.sector);
        let (reply, id): (Reply<VerificationBody>, _) =
            self.client.core.post(family, request.members(), Repeat::Unsafe, self.key()).await?;
        reply.body(id.as_deref())?.verification(&asked, id.as_deref())
    }

    /// 운전자격확인 배치 (§4.2.2, §4.3.2, §4.4.2, §4.5.2, §4.6.2): 1 to 1,000 drivers, answered in their order.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctests/sandbox.rs"));
    /// # fn main() { against_sandbox(async |client, driver| {
    /// let answers = client.delivery().verify_batch(&[driver.clone(), driver]).await?;
    /// assert_eq!(answers.iter().filter(|answer| answer.is_eligible()).count(), 2);
    /// # Ok(()) }); }
    /// ```
    pub async fn verify_batch(&self, drivers: &[VerifyRequest]) -> Result<Vec<Verification>, Error> {
        self.send_batch(self.items(drivers, 0)?, self.key()).await
    }

    /// The items of drivers, of whom the first has this place among all.
    pub(crate) fn items(&self, drivers: &[VerifyRequest], first: usize) -> Result<Vec<VerifyItem>, ApiError> {
        let today = self.today();
        let item = |(place, driver): (usize, &VerifyRequest)| {
            driver
                .item(self.sector, ApiTypeGroup::Batch, today)
                .map_err(|error| of_item(first + place, error))
        };
        drivers.iter().enumerate().map(item).collect()
    }

    /// What [`SectorCalls::verify_batch`] would refuse of one driver before anything is sent.
    pub fn check(&self, driver: &VerifyRequest) -> Result<(), Error> {
        driver.item(self.sector, ApiTypeGroup::Batch, self.today())?;
        Ok(())
    }

    pub(crate) async fn send_batch(
        &self,
        items: Vec<VerifyItem>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Vec<Verification>, Error> {
        let count = items.len();
        if !(1..=BATCH_LIMIT).contains(&count) {
            return Err(ApiError::invalid("requestList", "1명 이상 1000명 이하여야 합니다").into());
        }
        let request = BatchRequest { bizinfo: self.bizinfo(), items };
        let family = Family::Batch(self.sector);
        let (reply, id): (Reply<Vec<VerificationBody>>, _) =
            self.client.core.post(family, request.members(), Repeat::Unsafe, key).await?;
        let id = id.as_deref();
        let body = reply.body(id)?;
        if body.len() != count {
            return Err(unusable(format!("{} answers to {count} drivers", body.len()), id));
        }
        let asked = request.items.iter().map(|item| &item.licence_number);
        body.into_iter().zip(asked).map(|(body, asked)| body.verification(asked, id)).collect()
    }

    /// 대여번호/검증번호 생성 (§4.2.6, §4.3.3, §4.4.3, §4.5.2.7, §4.6.3): a number for a remote verification.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctests/sandbox.rs"));
    /// # fn main() { against_sandbox(async |client, driver| {
    /// use rims_client::{NumberRequest, driver_link};
    ///
    /// let number = client.chauffeur().generate_number(&NumberRequest::default()).await?;
    /// println!("send the driver {}", driver_link(&"https://rims.kotsa.or.kr".parse()?, number));
    /// # drop(driver);
    /// # Ok(()) }); }
    /// ```
    pub async fn generate_number(&self, request: &NumberRequest) -> Result<RemoteNumber, Error> {
        let request = request.checked(self.sector, self.bizinfo(), self.today())?;
        let (family, members) = (Family::Number(self.sector), request.members(self.sector));
        let (body, id): (NumberBody, _) =
            self.client.core.post(family, members, Repeat::Unsafe, self.key()).await?;
        body.number(id.as_deref())
    }

    /// 비대면 인증 결과 확인 (§4.2.7, §4.3.4, §4.4.4, §4.5.3, §4.6.4). Until the driver is done:
    /// [`Error::is_pending`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctests/sandbox.rs"));
    /// # fn main() { against_sandbox(async |client, driver| {
    /// use rims_client::NumberRequest;
    ///
    /// let number = client.general().generate_number(&NumberRequest::default()).await?;
    /// match client.general().result(number).await {
    ///     Ok(result) => println!("eligible: {}, face: {:?}", result.is_eligible(), result.face_similarity),
    ///     Err(error) if error.is_pending() => println!("the driver is not done yet"),
    ///     Err(error) => println!("{error}: {}", error.advice().english),
    /// }
    /// # drop(driver);
    /// # Ok(()) }); }
    /// ```
    pub async fn result(&self, number: RemoteNumber) -> Result<RemoteResult, Error> {
        if number.sector() != self.sector {
            return Err(number.kind().refusal().into());
        }
        let request = ResultRequest { number, bizinfo: self.bizinfo() };
        let family = Family::Result(self.sector);
        let (reply, id): (ResultReply, _) =
            self.client.core.post(family, request.members(), Repeat::Safe, None).await?;
        reply.result(id.as_deref())
    }

    /// Asks for the result again and again until the driver is done, or for `at_most`; then the error is the last
    /// one, of which [`Error::is_pending`] is true.
    pub async fn wait_for_result(
        &self,
        number: RemoteNumber,
        every: Duration,
        at_most: Duration,
    ) -> Result<RemoteResult, Error> {
        let started = tokio::time::Instant::now();
        loop {
            match self.result(number).await {
                Err(error) if error.is_pending() && started.elapsed().saturating_add(every) <= at_most => {
                    tokio::time::sleep(every).await;
                }
                result => return result,
            }
        }
    }

    /// The sector that is asked in.
    pub fn sector(&self) -> Sector {
        self.sector
    }

    /// The day in Korea, as [`Client::today`].
    pub fn today(&self) -> Date {
        self.client.core.clock.today()
    }

    pub(crate) fn bizinfo(&self) -> Option<UserId> {
        self.client.on_behalf_of.clone()
    }

    pub(crate) fn key(&self) -> Option<&IdempotencyKey> {
        self.key.as_ref()
    }
}

/// The member's place, as a server would name it.
fn of_item(place: usize, error: ApiError) -> ApiError {
    match error {
        ApiError::InvalidParameter { field, rule } => {
            ApiError::InvalidParameter { field: format!("requestList[{place}].{field}"), rule }
        }
        ApiError::MissingParameter { field } => {
            ApiError::MissingParameter { field: format!("requestList[{place}].{field}") }
        }
        other => other,
    }
}
