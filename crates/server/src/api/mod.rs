//! The specification's endpoints. This module and `ops` are the only ones that know HTTP.

mod admission;
mod answer;
mod body;
mod call;
mod failed_authentication;
mod observe;
mod once;
pub mod openapi;
mod peer;
mod remote;
mod rental;
mod routes;
mod to_the_end;
mod token;
mod turns;
mod user;
mod verify;

use std::num::NonZeroU32;
use std::sync::Arc;

use governor::clock::{Clock as _, QuantaInstant};
use governor::{DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};
use ipnet::IpNet;
use rims_domain::CredentialId;

use admission::Admission;
use answer::Failure;
use body::Bodies;
use failed_authentication::FailedAuthentication;

use crate::config::{ApiConfig, RateLimitConfig, TracesConfig};
use crate::random;
use crate::request_id::RequestIds;
use crate::service::Services;
use crate::traces::Sampling;

pub use routes::router;

/// What the endpoints share.
pub struct Api {
    services: Arc<Services>,
    bodies: Bodies,
    trusted_proxies: Vec<IpNet>,
    limiter: Buckets,
    failed_authentication: FailedAuthentication,
    admission: Admission,
    request_ids: RequestIds,
    /// Over TLS, browsers are told to come back over TLS only.
    sends_hsts: bool,
    metrics: observe::RequestMetrics,
    traces: Option<Sampling>,
}

impl Api {
    /// The endpoints over the use cases.
    pub fn new(
        services: Arc<Services>,
        config: &ApiConfig,
        traces: &TracesConfig,
    ) -> Result<Arc<Self>, random::NoRandomness> {
        let RateLimitConfig { per_second, burst, .. } = config.rate_limit;
        Ok(Arc::new(Self {
            services,
            bodies: Bodies::new(config),
            trusted_proxies: config.trusted_proxies.clone(),
            limiter: buckets(per_second, burst),
            failed_authentication: FailedAuthentication::new(config.failed_authentication),
            admission: Admission::new(&config.overload),
            request_ids: RequestIds::new()?,
            sends_hsts: config.tls.is_some(),
            metrics: observe::RequestMetrics::new(),
            traces: Sampling::of(traces),
        }))
    }
}

type Buckets = DefaultKeyedRateLimiter<CredentialId>;

/// A token bucket for each key.
fn buckets(per_second: u32, burst: u32) -> Buckets {
    let at_least_one = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
    RateLimiter::keyed(Quota::per_second(at_least_one(per_second)).allow_burst(at_least_one(burst)))
}

/// HTTP 429 until a key's bucket has enough again.
fn rate_limited(buckets: &Buckets, refused: &NotUntil<QuantaInstant>) -> Failure {
    Failure::RateLimited(refused.wait_time_from(buckets.clock().now()))
}
