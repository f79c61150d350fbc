use std::error::Error as _;
use std::future::Future;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use recloser::{AsyncRecloser, Recloser};
use reqwest::header::HeaderValue;
use reqwest::{Client, Request, StatusCode, Url};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::Instrument as _;

use crate::config::{BreakerConfig, ConfigError, Limits, RetryConfig, Secret};
use crate::error::{CallError, MALFORMED, TIMED_OUT, Unusable};
use crate::measure::{Labels, Measured, Meters};

/// The largest answer that is read: a thousand items take about 150 kB.
const MAX_ANSWER: usize = 16 << 20;

/// One national system: its address, its pooled connections, its circuit breaker.
pub(crate) struct Endpoint {
    client: Client,
    base: Url,
    breaker: Option<AsyncRecloser>,
    retry: RetryConfig,
    meters: Meters,
}

impl Endpoint {
    pub(crate) fn new(
        labels: Labels,
        base_url: &str,
        limits: &Limits,
        retry: &RetryConfig,
        breaker: &BreakerConfig,
    ) -> Result<Self, ConfigError> {
        let Labels { system, .. } = labels;
        limits.check(system)?;
        breaker.check(system)?;
        let base = parse_base(base_url).ok_or(ConfigError::BaseUrl { system })?;
        let client = build_client(&base, limits)
            .map_err(|error| ConfigError::Client { system, reason: error.to_string() })?;
        let breaker = breaker.enabled.then(|| build_breaker(breaker));
        Ok(Self { client, base, breaker, retry: retry.clone(), meters: Meters::new(labels) })
    }

    /// The absolute address of `path`, which begins with `/`.
    pub(crate) fn url(&self, path: &str) -> Result<Url, ConfigError> {
        let text = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        Url::parse(&text).map_err(|_| ConfigError::BaseUrl { system: self.meters.system() })
    }

    pub(crate) fn meters(&self) -> &Meters {
        &self.meters
    }

    pub(crate) fn retries_closed(&self) -> bool {
        self.retry.closed
    }

    /// Runs one call of `items` questions under the deadline and the circuit breaker, and measures it.
    pub(crate) async fn call<T>(
        &self,
        items: usize,
        deadline: Instant,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        let measured = Measured::start(&self.meters, items);
        let span = measured.span().clone();
        let in_time = async { timeout_at(deadline, call).await.unwrap_or(Err(TIMED_OUT)) }.instrument(span);
        let result = match &self.breaker {
            None => in_time.await,
            Some(breaker) => {
                let result = match breaker.call_with(CallError::is_outage, in_time).await {
                    Ok(answer) => Ok(answer),
                    Err(recloser::Error::Inner(error)) => Err(error),
                    Err(recloser::Error::Rejected) => Err(CallError::BreakerOpen),
                };
                self.meters.breaker_open(matches!(result, Err(CallError::BreakerOpen)));
                result
            }
        };
        measured.end(&result);
        result
    }

    /// Sends a request and reads the whole of its answer, which must have status 200.
    pub(crate) async fn exchange(&self, request: Request) -> Result<Bytes, CallError> {
        let mut response = self.send(request).await?;
        if response.status() != StatusCode::OK {
            return Err(CallError::Unusable(Unusable::HttpStatus(response.status().as_u16())));
        }
        let mut answer = BytesMut::new();
        while let Some(part) = response.chunk().await.map_err(|error| broken_off(&error))? {
            if answer.len() + part.len() > MAX_ANSWER {
                return Err(MALFORMED);
            }
            answer.extend_from_slice(&part);
        }
        Ok(answer.freeze())
    }

    /// Sends a request; where no connection can be made, tries again as configured: nothing was sent yet.
    async fn send(&self, request: Request) -> Result<reqwest::Response, CallError> {
        let mut request = request;
        for _ in 0..self.retry.connect_attempts {
            let Some(copy) = request.try_clone() else { break };
            match self.client.execute(request).await.map_err(|error| failed_to_send(&error)) {
                Err(CallError::NoConnection) => request = copy,
                result => return result,
            }
            sleep(Duration::from_millis(self.retry.connect_pause_ms)).await;
        }
        self.client.execute(request).await.map_err(|error| failed_to_send(&error))
    }
}

/// `Bearer <key>`, hidden from logs.
pub(crate) fn bearer(system: &'static str, key: &Secret) -> Result<HeaderValue, ConfigError> {
    if key.expose().is_empty() {
        return Err(ConfigError::Missing { system, setting: "key" });
    }
    hidden(&format!("Bearer {}", key.expose())).ok_or(ConfigError::Unsendable { system, setting: "key" })
}

/// A header value that `Debug` does not show; `None` if it has characters that cannot be sent.
pub(crate) fn hidden(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn parse_base(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let usable = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    usable.then_some(url)
}

/// The operator's configuration says where a system is, not the environment's proxy variables; and a
/// redirect would carry the credentials elsewhere.
fn build_client(base: &Url, limits: &Limits) -> reqwest::Result<Client> {
    let client = Client::builder()
        .http1_only()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .tcp_nodelay(true)
        .connect_timeout(Duration::from_millis(limits.connect_timeout_ms))
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(limits.max_in_flight + limits.single_slots);
    match base.scheme() {
        // Plain HTTP needs no root certificates, which a bare machine may not have.
        "http" => client.tls_certs_only([]).build(),
        _ => client.build(),
    }
}

fn build_breaker(config: &BreakerConfig) -> AsyncRecloser {
    Recloser::custom()
        .error_rate(config.failure_rate)
        .closed_len(config.window)
        .half_open_len(config.trial_calls)
        .open_wait(Duration::from_millis(config.open_ms))
        .build()
        .into()
}

/// What went wrong before the head of an answer had arrived.
fn failed_to_send(error: &reqwest::Error) -> CallError {
    if error.is_connect() {
        return CallError::NoConnection;
    }
    let mut source = error.source();
    while let Some(cause) = source {
        match cause.downcast_ref::<hyper::Error>() {
            Some(http) if http.is_parse() => return MALFORMED,
            _ => source = cause.source(),
        }
    }
    CallError::Closed
}

/// What went wrong after the head of an answer had arrived.
fn broken_off(_error: &reqwest::Error) -> CallError {
    CallError::Unusable(Unusable::Interrupted)
}
