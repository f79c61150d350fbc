use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use reqwest::header::HeaderValue;
use reqwest::{Certificate, Url};
use rims_protocol::SecretKey;
use rims_protocol::values::UserId;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::client::{Client, Core};
use crate::clock::Clock;
use crate::error::Error;
use crate::http::innermost;
use crate::retry::RetryPolicy;
use crate::token::Tokens;

/// Settings of a [`Client`]; only the address and the keys are required.
#[derive(Clone)]
#[must_use]
pub struct ClientBuilder {
    base_url: Option<String>,
    auth_key: Zeroizing<String>,
    secret_key: Option<SecretKey>,
    on_behalf_of: Option<UserId>,
    connect_timeout: Duration,
    timeout: Duration,
    concurrency: usize,
    retry: RetryPolicy,
    user_agent: String,
    certificates: Vec<Certificate>,
    allows_http: bool,
    clock: Clock,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            base_url: None,
            auth_key: Zeroizing::default(),
            secret_key: None,
            on_behalf_of: None,
            connect_timeout: Duration::from_secs(3),
            timeout: Duration::from_secs(30),
            concurrency: 16,
            retry: RetryPolicy::default(),
            user_agent: concat!("rims-client/", env!("CARGO_PKG_VERSION")).to_owned(),
            certificates: Vec::new(),
            allows_http: false,
            clock: Clock::system(),
        }
    }
}

impl ClientBuilder {
    /// Address and keys from the environment: `RIMS_URL`, `RIMS_AUTH_KEY` and `RIMS_SECRET_KEY`. What is not set there
    /// must be set here.
    pub fn from_env(mut self) -> Self {
        let read = |name| std::env::var(name).ok().map(Zeroizing::new);
        if let Some(url) = read("RIMS_URL") {
            self = self.base_url(url.as_str());
        }
        if let Some(key) = read("RIMS_AUTH_KEY") {
            self = self.auth_key(key.as_str());
        }
        if let Some(key) = read("RIMS_SECRET_KEY") {
            self = self.secret_key(&key);
        }
        self
    }

    /// Where the RIMS answers, with what stands before `/col/oauth2`. Required.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// The auth key (인증키) of the development or the operations credential. Required.
    pub fn auth_key(mut self, key: impl Into<String>) -> Self {
        self.auth_key = Zeroizing::new(key.into());
        self
    }

    /// The Secret Key of the same credential. Required for every call but [`Client::token`] and [`Client::user`].
    pub fn secret_key(mut self, key: &str) -> Self {
        self.secret_key = (!key.trim().is_empty()).then(|| SecretKey::new(key.trim()));
        self
    }

    /// The company that is asked for (`bizinfo`), unless a call names another; without it the caller's own.
    pub fn on_behalf_of(mut self, company: UserId) -> Self {
        self.on_behalf_of = Some(company);
        self
    }

    /// How long a connection may take; 3 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long one attempt of a call may take, connection and answer; 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many requests may be under way at once; 16. Others wait.
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests;
        self
    }

    /// When failed calls are sent again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The `User-Agent` header.
    pub fn user_agent(mut self, text: impl Into<String>) -> Self {
        self.user_agent = text.into();
        self
    }

    /// Another root certificate to trust, in PEM, besides the system's.
    pub fn root_certificate(mut self, pem: &[u8]) -> Result<Self, Error> {
        let certificates = Certificate::from_pem_bundle(pem)
            .map_err(|error| Error::Setting(format!("root certificate: {}", innermost(&error))))?;
        if certificates.is_empty() {
            return Err(Error::Setting("root certificate: there is none in the PEM text".to_owned()));
        }
        self.certificates.extend(certificates);
        Ok(self)
    }

    /// Allows an `http://` address that is not this machine's. Every host on the way, also a proxy of the environment
    /// (`HTTP_PROXY`), can then read the auth key, the tokens and the answers. For networks that are yours alone.
    ///
    /// Without it such an address is refused, and an `http://` address of this machine is called directly. An `https://`
    /// address needs nothing: a proxy of the environment (`HTTPS_PROXY`) only carries what is encrypted.
    pub fn allow_http(mut self) -> Self {
        self.allows_http = true;
        self
    }

    /// Another clock, for tests: it decides which day is today and how old a token is.
    pub fn clock(mut self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    /// The client. Nothing is sent yet.
    pub fn build(self) -> Result<Client, Error> {
        let base = base_url(self.base_url.as_deref())?;
        if base.scheme() == "http" && !self.allows_http && !is_loopback(&base) {
            return Err(Error::Setting(
                "base_url: http:// would show the auth key to the network; use https://, or allow_http (--allow-http) \
                 in a network of your own"
                    .to_owned(),
            ));
        }
        let auth_key = self.auth_key.trim();
        if auth_key.is_empty() {
            return Err(Error::Setting("auth_key is missing".to_owned()));
        }
        if self.concurrency == 0 {
            return Err(Error::Setting("concurrency must be at least 1".to_owned()));
        }
        let http = reqwest::Client::builder();
        // A proxy would see the key, and could not reach this machine anyway.
        let http = if base.scheme() == "http" && is_loopback(&base) { http.no_proxy() } else { http };
        let http = http
            .connect_timeout(self.connect_timeout)
            .timeout(self.timeout)
            .user_agent(self.user_agent)
            .tls_certs_merge(self.certificates)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Error::Setting(innermost(&error)))?;
        let core = Core {
            http,
            base,
            basic: basic(auth_key)?,
            secret_key: self.secret_key,
            tokens: Tokens::default(),
            knows_keys: AtomicBool::new(false),
            slots: Semaphore::new(self.concurrency),
            concurrency: self.concurrency,
            retry: self.retry,
            clock: self.clock,
        };
        Ok(Client { core: Arc::new(core), on_behalf_of: self.on_behalf_of })
    }
}

fn base_url(text: Option<&str>) -> Result<Url, Error> {
    let refused = || {
        Error::Setting("base_url must be an http:// or https:// address without a user, ? or #".to_owned())
    };
    let url = text.and_then(|text| Url::parse(text).ok()).ok_or_else(refused)?;
    let plain = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if matches!(url.scheme(), "http" | "https") && plain { Ok(url) } else { Err(refused()) }
}

/// Whether an address is one of this machine: what is sent there is on no network.
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// §4.1.1: the auth key alone in Base64, without a colon.
fn basic(auth_key: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(auth_key)))
        .map_err(|_| Error::Setting("auth_key cannot stand in a header".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("base_url", &self.base_url)
            .field("timeout", &self.timeout)
            .field("concurrency", &self.concurrency)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(url: &str) -> Result<Client, Error> {
        ClientBuilder::default().base_url(url).auth_key("key").build()
    }

    #[test]
    fn a_key_is_not_sent_in_the_clear() {
        for url in [
            "http://rims.example",
            "http://10.0.0.1:8114",
            "http://[2001:db8::1]",
            "http://localhost.example",
        ] {
            let Err(Error::Setting(why)) = built(url).map(drop) else { panic!("{url}") };
            assert!(why.contains("allow_http"), "{why}");
            let allowed = ClientBuilder::default().base_url(url).auth_key("key").allow_http().build();
            assert!(allowed.is_ok(), "{url}");
        }
        for url in [
            "https://rims.example",
            "http://127.0.0.1:8114",
            "http://127.1.2.3",
            "http://[::1]:8114/",
            "http://[::ffff:127.0.0.1]",
            "http://localhost:8114",
            "http://rims.localhost",
        ] {
            assert!(built(url).is_ok(), "{url}");
        }
    }
}
