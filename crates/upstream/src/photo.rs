//! The licence-photo check (면허 사진 검증, table 5.11).
//!
//! # Wire
//! The service publishes no interface; this one is ours, and an adapter in front of the service serves it.
//!
//! `POST /api/licence-photo/check` with `Authorization: Bearer <key>` and
//! `{"f_license_no":"221212121212","f_resident_name":"홍길동","photo":"<Base64 of a JPEG or PNG>"}` answers
//! `{"police_lcns_vrfc_cd":"1"}` with a code of table 5.11. UTF-8. Any other status than 200 is a failure.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request, Url};
use rims_protocol::codes::PhotoCheck as PhotoCode;
use rims_protocol::values::{LicenceNumber, PersonName};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::config::{ConfigError, Limits, PhotoConfig};
use crate::endpoint::{Endpoint, bearer};
use crate::error::{CallError, MALFORMED, PhotoError, TIMED_OUT};
use crate::measure::Labels;

const SYSTEM: &str = "photo";
const CHECK_PATH: &str = "/api/licence-photo/check";

/// A client of the licence-photo check. Cheap to clone.
#[derive(Clone)]
pub struct PhotoCheck {
    shared: Arc<Shared>,
}

struct Shared {
    endpoint: Endpoint,
    check_url: Url,
    authorization: HeaderValue,
    calls: Semaphore,
    limits: Limits,
}

impl PhotoCheck {
    /// A client with its own connections; its metrics carry the environment's name. Nothing is sent until the first check.
    pub fn new(config: &PhotoConfig, environment: &'static str) -> Result<Self, ConfigError> {
        let labels = Labels { system: SYSTEM, environment };
        let endpoint =
            Endpoint::new(labels, &config.base_url, &config.limits, &config.retry, &config.breaker)?;
        let shared = Shared {
            check_url: endpoint.url(CHECK_PATH)?,
            authorization: bearer(SYSTEM, &config.key)?,
            endpoint,
            calls: Semaphore::new(config.limits.max_in_flight),
            limits: config.limits.clone(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Whether `image`, the bytes of a JPEG or PNG of the licence, is that of this licence.
    pub async fn check(
        &self,
        licence_number: &LicenceNumber,
        name: &PersonName,
        image: &[u8],
    ) -> Result<PhotoCode, PhotoError> {
        let body = PhotoRequest {
            f_license_no: licence_number.as_str(),
            f_resident_name: name.as_str(),
            photo: STANDARD.encode(image),
        };
        let deadline = Instant::now() + self.shared.limits.timeout();
        let answer = timeout_at(deadline, self.shared.call(&body, deadline)).await;
        Ok(answer.unwrap_or(Err(TIMED_OUT))?)
    }
}

impl Shared {
    async fn call(&self, body: &PhotoRequest<'_>, deadline: Instant) -> Result<PhotoCode, CallError> {
        let _permit = self.calls.acquire().await.map_err(|_closed| CallError::Overloaded)?;
        match self.endpoint.call(1, deadline, self.ask(body)).await {
            Err(CallError::Closed) if self.endpoint.retries_closed() => {
                self.endpoint.call(1, deadline, self.ask(body)).await
            }
            result => result,
        }
    }

    async fn ask(&self, body: &PhotoRequest<'_>) -> Result<PhotoCode, CallError> {
        let mut request = Request::new(Method::POST, self.check_url.clone());
        request.headers_mut().insert(AUTHORIZATION, self.authorization.clone());
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Some(serde_json::to_vec(body).map_err(|_| MALFORMED)?.into());
        let answer = self.endpoint.exchange(request).await?;
        let answer: PhotoAnswer = serde_json::from_slice(&answer).map_err(|_| MALFORMED)?;
        PhotoCode::from_code(answer.police_lcns_vrfc_cd.as_str()).ok_or(MALFORMED)
    }
}

#[derive(Serialize)]
struct PhotoRequest<'a> {
    f_license_no: &'a str,
    f_resident_name: &'a str,
    photo: String,
}

#[derive(Deserialize)]
struct PhotoAnswer {
    police_lcns_vrfc_cd: String,
}
