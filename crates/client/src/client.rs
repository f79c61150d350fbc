use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use jiff::civil::Date;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{RequestBuilder, Url};
use rims_protocol::interface::{Family, Interface, Method};
use rims_protocol::values::{BusinessNumber, IdempotencyKey, UserId};
use rims_protocol::{SecretKey, Sector};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tracing::debug;
use zeroize::Zeroizing;

use crate::answer::{UserReply, UserState, unusable};
use crate::builder::ClientBuilder;
use crate::calls::{BATCH_LIMIT, RentalCalls, SectorCalls};
use crate::clock::Clock;
use crate::error::{Error, Repeat};
use crate::http::{Answered, send};
use crate::retry::RetryPolicy;
use crate::token::{Bearer, Tokens};

/// Room for the members of one driver.
const DRIVER_BYTES: usize = 256;

/// A client of one RIMS with one credential. Cheap to clone; clones share connections, token and limits.
#[derive(Clone)]
pub struct Client {
    pub(crate) core: Arc<Core>,
    pub(crate) on_behalf_of: Option<UserId>,
}

pub(crate) struct Core {
    pub(crate) http: reqwest::Client,
    pub(crate) base: Url,
    pub(crate) basic: HeaderValue,
    pub(crate) secret_key: Option<SecretKey>,
    pub(crate) tokens: Tokens,
    /// Whether the RIMS said with its last token that it knows idempotency keys.
    pub(crate) knows_keys: AtomicBool,
    pub(crate) slots: Semaphore,
    pub(crate) concurrency: usize,
    pub(crate) retry: RetryPolicy,
    pub(crate) clock: Clock,
}

impl Client {
    /// Settings to build a client from.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// 렌트카 (§4.2): verification and everything about rentals.
    pub fn rental(&self) -> RentalCalls {
        RentalCalls(self.sector(Sector::Rental))
    }

    /// 소화물배송대행서비스 (§4.3).
    pub fn delivery(&self) -> SectorCalls {
        self.sector(Sector::Delivery)
    }

    /// 개인형이동장치 (§4.4).
    pub fn personal_mobility(&self) -> SectorCalls {
        self.sector(Sector::PersonalMobility)
    }

    /// 대리운전서비스 (§4.5).
    pub fn chauffeur(&self) -> SectorCalls {
        self.sector(Sector::Chauffeur)
    }

    /// 범용 (§4.6).
    pub fn general(&self) -> SectorCalls {
        self.sector(Sector::General)
    }

    /// The calls that every sector has, where the sector is known only at run time.
    pub fn sector(&self, sector: Sector) -> SectorCalls {
        SectorCalls::new(self.clone(), sector)
    }

    /// The day in Korea, which is what "today" means in every interface.
    pub fn today(&self) -> Date {
        self.core.clock.today()
    }

    /// 토큰 발급 (§4.1.1): a token, fetched unless one is held. Calls do this by themselves.
    pub async fn token(&self) -> Result<Zeroizing<String>, Error> {
        let mut pauses = self.core.retry.pauses();
        loop {
            match self.core.bearer().await {
                Ok(bearer) => {
                    let text = bearer.0.to_str().unwrap_or_default();
                    return Ok(Zeroizing::new(text.trim_start_matches("Bearer ").to_owned()));
                }
                Err(error) => self.core.pause(&mut pauses, error, Repeat::Safe).await?,
            }
        }
    }

    /// 사용자검증 (§4.1.2): whether a user is registered with this business number.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctests/sandbox.rs"));
    /// # fn main() { against_sandbox(async |client, driver| {
    /// use rims_client::values::{BusinessNumber, UserId};
    ///
    /// let state = client.user(&UserId::parse("s02")?, &BusinessNumber::parse("2345678901")?).await?;
    /// assert!(state.is_usable());
    /// # drop(driver);
    /// # Ok(()) }); }
    /// ```
    pub async fn user(&self, user_id: &UserId, brno: &BusinessNumber) -> Result<UserState, Error> {
        let interface = Interface::of(Family::User)?;
        let query = [("user_id", user_id.as_str()), ("brno", brno.as_str())];
        let make = || self.core.request(interface, &query);
        let answered = self.core.repeat(interface, make, Repeat::Safe).await?;
        let reply: UserReply = read(&answered)?;
        let id = answered.request_id.as_deref();
        reply.state().ok_or_else(|| unusable("registration_status is missing", id))
    }
}

impl Core {
    /// Seals the members, sends them, and reads the answer; gives its request id, too.
    pub(crate) async fn post<A: DeserializeOwned>(
        &self,
        family: Family,
        members: impl Serialize,
        repeat: Repeat,
        key: Option<&IdempotencyKey>,
    ) -> Result<(A, Option<String>), Error> {
        let interface = Interface::of(family)?;
        let drivers = if matches!(family, Family::Batch(_)) { BATCH_LIMIT } else { 1 };
        let body = Bytes::from(self.sealed(&members, drivers * DRIVER_BYTES)?);
        let make = || {
            let request = self.request(interface, &[]);
            let request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
            match key {
                Some(key) => request.header(IdempotencyKey::HEADER, key.as_str()),
                None => request,
            }
        };
        let repeat = if key.is_some() { Repeat::Keyed } else { repeat };
        let answered = self.repeat(interface, make, repeat).await?;
        Ok((read(&answered)?, answered.request_id))
    }

    /// A buffer of `capacity` holds them at once: one that grows leaves copies behind.
    fn sealed(&self, members: &impl Serialize, capacity: usize) -> Result<String, Error> {
        let missing = || Error::Setting("secret_key is missing".to_owned());
        let secret_key = self.secret_key.as_ref().ok_or_else(missing)?;
        let mut plaintext = Zeroizing::new(Vec::with_capacity(capacity));
        serde_json::to_writer(&mut *plaintext, members).map_err(|error| Error::Setting(error.to_string()))?;
        Ok(secret_key.seal_body(&plaintext))
    }

    fn request(&self, interface: &Interface, query: &[(&str, &str)]) -> RequestBuilder {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{}", self.base.path().trim_end_matches('/'), interface.path));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        match interface.method {
            Method::Get => self.http.get(url),
            Method::Post => self.http.post(url),
        }
    }

    /// Sends until it is answered, or until sending again is no use or not safe.
    async fn repeat(
        &self,
        interface: &Interface,
        make: impl Fn() -> RequestBuilder,
        repeat: Repeat,
    ) -> Result<Answered, Error> {
        let mut pauses = self.retry.pauses();
        loop {
            let (error, repeat) = match self.bearer().await {
                // Without a token nothing was sent.
                Err(error) => (error, Repeat::Safe),
                Ok(bearer) => match self.authorised(interface, &make, bearer).await {
                    Ok(answered) => return Ok(answered),
                    Err(error) => (error, self.as_this_rims_repeats(repeat)),
                },
            };
            self.pause(&mut pauses, error, repeat).await?;
        }
    }

    /// A key makes a call safe where it is known.
    fn as_this_rims_repeats(&self, repeat: Repeat) -> Repeat {
        match repeat {
            Repeat::Keyed if self.knows_keys.load(Ordering::Relaxed) => Repeat::Safe,
            Repeat::Keyed => Repeat::Unsafe,
            other => other,
        }
    }

    /// Waits before the next attempt; gives the error back if there is to be none.
    async fn pause(
        &self,
        pauses: &mut impl Iterator<Item = Duration>,
        error: Error,
        repeat: Repeat,
    ) -> Result<(), Error> {
        let pause = if error.may_repeat(repeat) { pauses.next() } else { None };
        let Some(pause) = pause else { return Err(error) };
        let pause = self.retry.wait(pause, error.retry_after());
        debug!(%error, ?pause, "to be sent again");
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// Sends with a token; one that is refused is replaced once.
    async fn authorised(
        &self,
        interface: &Interface,
        make: impl Fn() -> RequestBuilder,
        bearer: Bearer,
    ) -> Result<Answered, Error> {
        match self.once(interface, make().header(AUTHORIZATION, bearer.0.clone())).await {
            Err(Error::Http { status: 401, .. }) => {
                self.tokens.forget(&bearer);
                let renewed = self.bearer().await?;
                self.once(interface, make().header(AUTHORIZATION, renewed.0)).await
            }
            answered => answered,
        }
    }

    async fn bearer(&self) -> Result<Bearer, Error> {
        self.tokens.get(self.clock.now(), || self.issue()).await
    }

    /// §4.1.1: the token comes in a header, the body is empty.
    async fn issue(&self) -> Result<Bearer, Error> {
        let interface = Interface::of(Family::Token)?;
        let request = self.request(interface, &[("grantType", "password")]);
        let answered = self.once(interface, request.header(AUTHORIZATION, self.basic.clone())).await?;
        let header = answered.headers.get(AUTHORIZATION).cloned();
        let mut bearer = header
            .filter(|value| value.as_bytes().starts_with(b"Bearer "))
            .ok_or_else(|| unusable("there is no token in it", answered.request_id.as_deref()))?;
        bearer.set_sensitive(true);
        let supported = answered.headers.get(IdempotencyKey::SUPPORTED);
        self.knows_keys.store(supported.is_some_and(|value| value == "true"), Ordering::Relaxed);
        Ok(Bearer(bearer))
    }

    /// One request, when a slot is free.
    async fn once(&self, interface: &Interface, request: RequestBuilder) -> Result<Answered, Error> {
        let _slot = self.slots.acquire().await;
        let answered = send(request).await;
        match &answered {
            Ok(answered) => debug!(path = interface.path, request_id = ?answered.request_id, "answered"),
            Err(error) => {
                debug!(path = interface.path, request_id = ?error.request_id(), %error, "not answered");
            }
        }
        answered
    }
}

fn read<A: DeserializeOwned>(answered: &Answered) -> Result<A, Error> {
    serde_json::from_slice(&answered.body).map_err(|error| {
        // The parser's own words may repeat what it read.
        let what = format!("it is no such JSON (line {}, column {})", error.line(), error.column());
        unusable(what, answered.request_id.as_deref())
    })
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", &self.core.base.as_str()).finish_non_exhaustive()
    }
}
