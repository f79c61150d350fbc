//! The RIMS that a command asks: from its options, the environment, or a profile, in this order.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use reqwest::Url;
use rims_client::values::UserId;
use rims_client::{Client, Error, RetryPolicy, Sector, is_loopback};
use rims_server::clock::Clock;
use zeroize::Zeroizing;

use crate::args::Connection;
use crate::language::{pick, say};
use crate::output::Failure;
use crate::profile::{Keys, Profile, Profiles};
use crate::secrets;

/// What the national RIMS's web is called, where nobody says another.
const NATIONAL_WEB: &str = "https://rims.kotsa.or.kr";

/// Everything that is known about the RIMS to ask.
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) keys: Keys,
    pub(crate) bizinfo: Option<UserId>,
    root_certificate: Option<PathBuf>,
    allows_http: bool,
    timeout: Duration,
    profile: Option<Profile>,
}

impl Target {
    /// Puts together what the command is given: its options, then a profile that is named, then the environment, then
    /// the default profile.
    pub(crate) fn of(arguments: &Connection) -> Result<Self, Failure> {
        let profile = profile(arguments)?;
        let keys = keys(arguments, profile.as_ref())?;
        let url = url(arguments, profile.as_ref())?;
        let of_profile = || profile.as_ref().and_then(|profile| profile.bizinfo.as_deref());
        let bizinfo = match (&arguments.bizinfo, of_profile()) {
            (Some(given), _) => Some(given.clone()),
            (None, Some(text)) => Some(crate::profile::bizinfo(text)?),
            (None, None) => None,
        };
        let is_allowed = |profile: &Profile| profile.allow_http && profile.url == url;
        let allows_http = arguments.allow_http || profile.as_ref().is_some_and(is_allowed);
        let own_root = || profile.as_ref().and_then(|profile| profile.root_certificate.clone());
        Ok(Self {
            url,
            keys,
            bizinfo,
            root_certificate: arguments.root_certificate.clone().or_else(own_root),
            allows_http,
            timeout: Duration::from_millis(arguments.timeout_ms),
            profile,
        })
    }

    /// As [`Target::of`], where only the auth key is needed.
    pub(crate) fn for_token(arguments: &Connection) -> Result<Self, Failure> {
        let auth_key = secrets::read(arguments.auth_key_file.as_deref(), "RIMS_AUTH_KEY", "--auth-key-file");
        match (&arguments.profile, auth_key) {
            (None, Ok(auth_key)) => {
                let url = url(arguments, profile(arguments)?.as_ref())?;
                Ok(Self::new(arguments, url, Keys { auth_key, secret_key: Zeroizing::default() }))
            }
            _ => Self::of(arguments),
        }
    }

    /// A RIMS that is named in full.
    pub(crate) fn new(arguments: &Connection, url: String, keys: Keys) -> Self {
        Self {
            url,
            keys,
            bizinfo: arguments.bizinfo.clone(),
            root_certificate: arguments.root_certificate.clone(),
            allows_http: arguments.allow_http,
            timeout: Duration::from_millis(arguments.timeout_ms),
            profile: None,
        }
    }

    /// A client that asks at most `concurrency` things at once.
    pub(crate) fn client(&self, concurrency: usize) -> Result<Client, Failure> {
        self.client_with(concurrency, RetryPolicy::default())
    }

    /// The same with another policy of repeats.
    pub(crate) fn client_with(&self, concurrency: usize, retry: RetryPolicy) -> Result<Client, Failure> {
        self.client_on(None, concurrency, retry)
    }

    /// The same for which it is still the day when something began.
    pub(crate) fn client_on(
        &self,
        begun: Option<Date>,
        concurrency: usize,
        retry: RetryPolicy,
    ) -> Result<Client, Failure> {
        let mut builder = Client::builder()
            .base_url(&self.url)
            .auth_key(self.keys.auth_key.as_str())
            .secret_key(&self.keys.secret_key)
            .timeout(self.timeout)
            .concurrency(concurrency)
            .retry(retry)
            .user_agent(concat!("rims/", env!("CARGO_PKG_VERSION")));
        if self.allows_http {
            builder = builder.allow_http();
        }
        if let Some(begun) = begun {
            let clock = Clock::system();
            let late = clock.today().duration_since(begun);
            builder = builder.clock(move || clock.now().saturating_sub(late).unwrap_or(Timestamp::MIN));
        }
        if let Some(company) = &self.bizinfo {
            builder = builder.on_behalf_of(company.clone());
        }
        if let Some(path) = &self.root_certificate {
            builder = builder.root_certificate(&pem(path)?).map_err(|error| failure(&error))?;
        }
        builder.build().map_err(|error| failure(&error))
    }

    /// Asks for a token without a key: whether a RIMS answers, and what time it has there. The inner error is why
    /// nobody answered.
    pub(crate) async fn probe(&self) -> Result<Result<Probed, String>, Failure> {
        let mut builder = reqwest::Client::builder().timeout(self.timeout).connect_timeout(self.timeout);
        if self.is_direct() {
            builder = builder.no_proxy();
        }
        if let Some(path) = &self.root_certificate {
            let roots = reqwest::Certificate::from_pem_bundle(&pem(path)?).map_err(Failure::input)?;
            builder = builder.tls_certs_merge(roots);
        }
        let http = builder.build().map_err(|error| Failure::Failed(innermost(&error)))?;
        let url = format!("{}/col/oauth2?grantType=password", self.url.trim_end_matches('/'));
        let response = match http.get(url).send().await {
            Ok(response) => response,
            Err(error) => return Ok(Err(innermost(&error))),
        };
        let date = response.headers().get("date").and_then(|value| value.to_str().ok());
        let date =
            date.and_then(|text| jiff::fmt::rfc2822::parse(text).ok()).map(|moment| moment.timestamp());
        let status = response.status().as_u16();
        let body = response.text().await.unwrap_or_default();
        Ok(Ok(Probed { status, date, is_rims: body.contains("respCode") }))
    }

    /// Whether a proxy of the environment is passed by, as the client does for http on this machine.
    pub(crate) fn is_direct(&self) -> bool {
        Url::parse(&self.url).is_ok_and(|url| url.scheme() == "http" && is_loopback(&url))
    }

    /// The sector that is named, or the profile's, or car rental.
    pub(crate) fn sector(&self, named: Option<Sector>) -> Sector {
        let of_profile = || self.profile.as_ref()?.sector.as_deref().and_then(Sector::from_name);
        named.or_else(of_profile).unwrap_or(Sector::Rental)
    }
}

/// What answered a token request without a key.
pub(crate) struct Probed {
    pub(crate) status: u16,
    /// The `Date` header.
    pub(crate) date: Option<Timestamp>,
    /// Whether the answer is an error of §4.7.
    pub(crate) is_rims: bool,
}

fn pem(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::Input(format!("{}: {error}", path.display())))
}

/// The cause a person can act on, such as "Connection refused".
fn innermost(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}

/// Where the links of numbers from this RIMS lead: the address named, the profile's, or that of the API.
pub(crate) fn web_of(named: Option<&Url>, target: &Target) -> Result<Url, Failure> {
    let of_profile = || target.profile.as_ref().and_then(|profile| profile.web.clone());
    match named {
        Some(url) => Ok(url.clone()),
        None => parsed(&of_profile().unwrap_or_else(|| target.url.clone())),
    }
}

fn parsed(web: &str) -> Result<Url, Failure> {
    Url::parse(web).map_err(|_| Failure::Input(format!("web = \"{web}\": an address is expected")))
}

/// Where the link of any number leads: the address named, the profile's, or the national one.
pub(crate) fn web(named: Option<&Url>, profile_name: Option<&str>) -> Result<Url, Failure> {
    if let Some(url) = named {
        return Ok(url.clone());
    }
    let profiles = Profiles::load()?;
    let profile = profiles.get(profile_name.unwrap_or(DEFAULT_PROFILE));
    parsed(profile.and_then(|profile| profile.web.as_deref()).unwrap_or(NATIONAL_WEB))
}

/// The profile that is meant where none is named.
pub(crate) const DEFAULT_PROFILE: &str = "default";

fn profile(arguments: &Connection) -> Result<Option<Profile>, Failure> {
    let profiles = Profiles::load()?;
    match &arguments.profile {
        Some(name) => match profiles.get(name) {
            Some(profile) => Ok(Some(profile.clone())),
            None => Err(Failure::Input(say!(
                "프로필 {name} 이(가) 없습니다. `rims login --profile {name} --url URL` 로 만드십시오",
                "there is no profile {name}; make it with `rims login --profile {name} --url URL`"
            ))),
        },
        // An address of its own does not get the default profile's keys.
        None if arguments.url.is_some() || url_of_environment().is_some() => Ok(None),
        None => Ok(profiles.get(DEFAULT_PROFILE).cloned()),
    }
}

fn url(arguments: &Connection, profile: Option<&Profile>) -> Result<String, Failure> {
    let of_profile = || profile.map(|profile| profile.url.clone());
    let named = arguments.profile.as_ref().and_then(|_| of_profile());
    let given = arguments.url.as_ref().map(Url::to_string);
    given.or(named).or_else(url_of_environment).or_else(of_profile).ok_or_else(nowhere)
}

fn url_of_environment() -> Option<String> {
    std::env::var("RIMS_URL").ok().filter(|url| !url.is_empty())
}

fn keys(arguments: &Connection, profile: Option<&Profile>) -> Result<Keys, Failure> {
    let files = (arguments.auth_key_file.as_deref(), arguments.secret_key_file.as_deref());
    let is_set = |variable| std::env::var_os(variable).is_some();
    let in_environment = is_set("RIMS_AUTH_KEY") && is_set("RIMS_SECRET_KEY");
    match (files, profile) {
        ((None, None), Some(profile)) if arguments.profile.is_some() || !in_environment => {
            profile.keys.load(arguments.profile.as_deref().unwrap_or(DEFAULT_PROFILE))
        }
        ((auth_key, secret_key), _) => crate::profile::read(auth_key, secret_key),
    }
}

fn nowhere() -> Failure {
    Failure::Input(say!(
        "어느 RIMS인지 알 수 없습니다. `rims login --url URL` 로 로그인하거나 --url 또는 RIMS_URL을 지정하십시오",
        "which RIMS? Log in with `rims login --url URL`, or give --url or RIMS_URL"
    ))
}

/// What went wrong and what to do, in the user's language. What was wrong with the input exits with 2.
pub(crate) fn failure(error: &Error) -> Failure {
    let advice = error.advice();
    let (what, advice) = pick((error.korean(), advice.korean), (error.to_string(), advice.english));
    let text = format!("{}. {advice}", what.trim_end_matches('.'));
    match error {
        Error::Setting(_) | Error::Value(_) | Error::Request(_) => Failure::Input(text),
        _ => Failure::Failed(text),
    }
}
