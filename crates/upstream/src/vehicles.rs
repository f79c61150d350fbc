//! The vehicle registry: which company a vehicle is registered to (§3.3).
//!
//! # Wire
//! The registry (국토교통부 자동차관리 전산망) is reached over a link of its own, and publishes no interface;
//! this one is ours. An adapter in front of the registry serves it.
//!
//! `POST /api/vehicles/owners` with `Authorization: Bearer <key>` and
//! `{"queries":[{"brno":"1234567890","vhcl_reg_no":"67라6767"}]}` answers
//! `{"registered":[true]}`: as many, in the same order. UTF-8. The number is asked
//! for as plates are compared (`PlateKey`: NFKC, without white space and hyphens). Any other status than 200 is a failure.
//!
//! Single questions are coalesced like KOROAD's.

use std::sync::Arc;

use futures::TryFutureExt as _;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request, Url};
use rims_protocol::values::{BusinessNumber, Plate, PlateKey};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::batch::ask_all;
use crate::coalesce::{Ask, Call, Coalescer};
use crate::config::{ConfigError, Limits, VehicleConfig};
use crate::endpoint::{Endpoint, bearer};
use crate::error::{CallError, MALFORMED, RegistryError};
use crate::measure::{Labels, Meters};

pub(crate) const SYSTEM: &str = "vehicles";
pub(crate) const OWNERS_PATH: &str = "/api/vehicles/owners";

/// A client of the vehicle registry. Cheap to clone.
#[derive(Clone)]
pub struct VehicleRegistry {
    shared: Arc<Shared>,
}

struct Shared {
    service: Arc<Service>,
    singles: Coalescer<Service>,
    batches: Semaphore,
    limits: Limits,
}

impl VehicleRegistry {
    /// A client with its own connections; its metrics carry the environment's name. Nothing is sent until the first question.
    pub fn new(config: &VehicleConfig, environment: &'static str) -> Result<Self, ConfigError> {
        let limits = config.limits.clone();
        let service = Arc::new(Service::new(config, environment)?);
        let shared = Shared {
            singles: Coalescer::new(Arc::clone(&service), &limits),
            batches: Semaphore::new(limits.max_in_flight),
            service,
            limits,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Whether the vehicle is registered to the company. It is asked at once; the answer may be waited for later.
    pub fn is_registered_to(
        &self,
        company: &BusinessNumber,
        plate: &Plate,
    ) -> impl Future<Output = Result<bool, RegistryError>> + use<> {
        let ownership = Ownership { company: company.clone(), plate: plate.key() };
        self.shared.singles.ask(ownership).err_into()
    }

    /// The same for several vehicles of one company, in their order.
    pub async fn are_registered_to(
        &self,
        company: &BusinessNumber,
        plates: Vec<Plate>,
    ) -> Result<Vec<bool>, RegistryError> {
        let ownership = |plate: Plate| Ownership { company: company.clone(), plate: plate.key() };
        let ownerships: Vec<_> = plates.into_iter().map(ownership).collect();
        let Shared { service, batches, limits, .. } = self.shared.as_ref();
        Ok(ask_all(service.as_ref(), batches, limits, &ownerships).await?)
    }
}

struct Ownership {
    company: BusinessNumber,
    plate: PlateKey,
}

struct Service {
    endpoint: Endpoint,
    owners_url: Url,
    authorization: HeaderValue,
}

impl Service {
    fn new(config: &VehicleConfig, environment: &'static str) -> Result<Self, ConfigError> {
        let labels = Labels { system: SYSTEM, environment };
        let endpoint =
            Endpoint::new(labels, &config.base_url, &config.limits, &config.retry, &config.breaker)?;
        Ok(Self {
            owners_url: endpoint.url(OWNERS_PATH)?,
            authorization: bearer(SYSTEM, &config.key)?,
            endpoint,
        })
    }

    async fn owners(&self, ownerships: &[Ownership]) -> Result<Vec<bool>, CallError> {
        let queries = ownerships
            .iter()
            .map(|asked| OwnerQuery { brno: asked.company.as_str(), vhcl_reg_no: asked.plate.as_str() })
            .collect();
        let mut request = Request::new(Method::POST, self.owners_url.clone());
        request.headers_mut().insert(AUTHORIZATION, self.authorization.clone());
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = serde_json::to_vec(&OwnersRequest { queries }).map_err(|_| MALFORMED)?;
        *request.body_mut() = Some(body.into());
        let answer = self.endpoint.exchange(request).await?;
        let OwnersAnswer { registered } = serde_json::from_slice(&answer).map_err(|_| MALFORMED)?;
        if registered.len() == ownerships.len() { Ok(registered) } else { Err(MALFORMED) }
    }
}

impl Ask for Service {
    type Item = Ownership;
    type Answer = bool;

    fn meters(&self) -> &Meters {
        self.endpoint.meters()
    }

    async fn ask(&self, ownerships: &[Ownership], call: Call) -> Result<Vec<bool>, CallError> {
        self.endpoint.call(ownerships.len(), call.deadline, self.owners(ownerships)).await
    }

    fn retries_closed(&self) -> bool {
        self.endpoint.retries_closed()
    }
}

#[derive(Serialize)]
struct OwnersRequest<'a> {
    queries: Vec<OwnerQuery<'a>>,
}

#[derive(Serialize)]
struct OwnerQuery<'a> {
    brno: &'a str,
    vhcl_reg_no: &'a str,
}

#[derive(Deserialize)]
struct OwnersAnswer {
    registered: Vec<bool>,
}
