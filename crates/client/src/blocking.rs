//! The same calls for programs without async (feature `blocking`). Not for use within an async runtime: there every
//! call is refused with [`Error::Setting`].

use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt as _};
use rims_protocol::Sector;
use rims_protocol::codes::{OneWay, Recurrence};
use rims_protocol::values::{BusinessNumber, IdempotencyKey, LicenceNumber, RemoteNumber, UserId};
use tokio::runtime::{Handle, Runtime};
use zeroize::Zeroizing;

use crate::{
    ClientBuilder, Error, HistoryQuery, NumberRequest, RemoteResult, RentalRecord, ScheduleRecord, Scheduled,
    UserState, Verification, VerifyRequest,
};

/// As [`crate::Client`].
#[derive(Clone, Debug)]
pub struct Client {
    inner: crate::Client,
    runtime: Arc<Owned>,
}

/// A runtime that may be dropped anywhere, also within another one.
#[derive(Debug)]
struct Owned(Option<Runtime>);

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Client {
    /// The client of these settings.
    pub fn new(builder: ClientBuilder) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::Setting(error.to_string()))?;
        Ok(Self { inner: builder.build()?, runtime: Arc::new(Owned(Some(runtime))) })
    }

    /// As [`crate::Client::token`].
    pub fn token(&self) -> Result<Zeroizing<String>, Error> {
        self.wait(self.inner.token())
    }

    /// As [`crate::Client::user`].
    pub fn user(&self, user_id: &UserId, brno: &BusinessNumber) -> Result<UserState, Error> {
        self.wait(self.inner.user(user_id, brno))
    }

    /// As [`crate::Client::sector`].
    pub fn sector(&self, sector: Sector) -> SectorCalls {
        SectorCalls { inner: self.inner.sector(sector), client: self.clone() }
    }

    /// As [`crate::Client::rental`].
    pub fn rental(&self) -> RentalCalls {
        RentalCalls { inner: self.inner.rental(), sector: self.sector(Sector::Rental) }
    }

    fn wait<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.runtime()?.block_on(call)
    }

    /// The runtime, outside of every other one.
    fn runtime(&self) -> Result<&Runtime, Error> {
        let inside =
            || Error::Setting("the blocking client cannot be used within an async runtime".to_owned());
        let runtime = self.runtime.0.as_ref().filter(|_| Handle::try_current().is_err());
        runtime.ok_or_else(inside)
    }

    fn iterate<T>(
        &self,
        stream: impl Stream<Item = Result<T, Error>>,
    ) -> impl Iterator<Item = Result<T, Error>> {
        let (client, mut stream, mut is_over) = (self.clone(), Box::pin(stream), false);
        std::iter::from_fn(move || {
            if is_over {
                return None;
            }
            let next = client.runtime().map(|runtime| runtime.block_on(stream.next()));
            is_over = next.is_err();
            next.unwrap_or_else(|error| Some(Err(error)))
        })
    }
}

/// As [`crate::SectorCalls`].
#[derive(Clone, Debug)]
#[must_use]
pub struct SectorCalls {
    inner: crate::SectorCalls,
    client: Client,
}

impl SectorCalls {
    /// As [`crate::SectorCalls::on_behalf_of`].
    pub fn on_behalf_of(self, company: UserId) -> Self {
        Self { inner: self.inner.on_behalf_of(company), ..self }
    }

    /// As [`crate::SectorCalls::once`].
    pub fn once(self, key: IdempotencyKey) -> Self {
        Self { inner: self.inner.once(key), ..self }
    }

    /// As [`crate::SectorCalls::verify`].
    pub fn verify(&self, driver: &VerifyRequest) -> Result<Verification, Error> {
        self.client.wait(self.inner.verify(driver))
    }

    /// As [`crate::SectorCalls::verify_batch`].
    pub fn verify_batch(&self, drivers: &[VerifyRequest]) -> Result<Vec<Verification>, Error> {
        self.client.wait(self.inner.verify_batch(drivers))
    }

    /// As [`crate::SectorCalls::verify_many`].
    pub fn verify_many<D>(&self, drivers: D) -> impl Iterator<Item = Result<Verification, Error>>
    where
        D: IntoIterator<Item = VerifyRequest>,
    {
        self.client.iterate(self.inner.verify_many(futures::stream::iter(drivers)))
    }

    /// As [`crate::SectorCalls::generate_number`].
    pub fn generate_number(&self, request: &NumberRequest) -> Result<RemoteNumber, Error> {
        self.client.wait(self.inner.generate_number(request))
    }

    /// As [`crate::SectorCalls::result`].
    pub fn result(&self, number: RemoteNumber) -> Result<RemoteResult, Error> {
        self.client.wait(self.inner.result(number))
    }

    /// As [`crate::SectorCalls::wait_for_result`].
    pub fn wait_for_result(
        &self,
        number: RemoteNumber,
        every: Duration,
        at_most: Duration,
    ) -> Result<RemoteResult, Error> {
        self.client.wait(self.inner.wait_for_result(number, every, at_most))
    }
}

/// As [`crate::RentalCalls`].
#[derive(Clone, Debug)]
#[must_use]
pub struct RentalCalls {
    inner: crate::RentalCalls,
    sector: SectorCalls,
}

impl std::ops::Deref for RentalCalls {
    type Target = SectorCalls;

    fn deref(&self) -> &SectorCalls {
        &self.sector
    }
}

impl RentalCalls {
    /// As [`crate::SectorCalls::on_behalf_of`].
    pub fn on_behalf_of(self, company: UserId) -> Self {
        Self { inner: self.inner.on_behalf_of(company.clone()), sector: self.sector.on_behalf_of(company) }
    }

    /// As [`crate::SectorCalls::once`].
    pub fn once(self, key: IdempotencyKey) -> Self {
        Self { inner: self.inner.once(key.clone()), sector: self.sector.once(key) }
    }

    /// As [`crate::RentalCalls::confirm`].
    pub fn confirm(&self, driver: &VerifyRequest, one_way: Option<OneWay>) -> Result<Verification, Error> {
        self.sector.client.wait(self.inner.confirm(driver, one_way))
    }

    /// As [`crate::RentalCalls::schedule`].
    pub fn schedule(&self, driver: &VerifyRequest, recurrence: Recurrence) -> Result<Scheduled, Error> {
        self.sector.client.wait(self.inner.schedule(driver, recurrence))
    }

    /// As [`crate::RentalCalls::anomaly`].
    pub fn anomaly(&self, licence_number: &LicenceNumber) -> Result<u64, Error> {
        self.sector.client.wait(self.inner.anomaly(licence_number))
    }

    /// As [`crate::RentalCalls::rentals`].
    pub fn rentals(&self, query: HistoryQuery) -> impl Iterator<Item = Result<RentalRecord, Error>> {
        self.sector.client.iterate(self.inner.rentals(query))
    }

    /// As [`crate::RentalCalls::schedules`].
    pub fn schedules(&self, query: HistoryQuery) -> impl Iterator<Item = Result<ScheduleRecord, Error>> {
        self.sector.client.iterate(self.inner.schedules(query))
    }
}
