//! KOROAD's licence register (한국도로교통공단 운전자격확인).
//!
//! # Wire
//! Token: `GET /oauth2/token2?grantType=password` with `Authorization: Basic base64(id:secret)` answers
//! `{"header":{"f_access_token","f_token_type","f_rtn_status"}}`; a token is valid for three hours.
//!
//! Check: `POST /api/onevalidatorv2.do` with `Authorization: <token_type> <token>` and
//! ```json
//! {"header":{"f_send_cnt":"1","f_request_date":"20250718","f_pin_info":"<Base64 of user:pin>"},"body":"<Base64>"}
//! ```
//! The body is ARIA-256 of a JSON array of `{f_license_no, f_resident_name, f_licn_con_code, f_from_date,
//! f_to_date, f_seq_no}`. The answer has the same frame: `header.{f_send_cnt, f_request_date, f_rtn_cd,
//! f_rtn_msg}` and an encrypted array of `{f_license_no, f_rtn_code, f_seq_no, f_temp_yn}`. Where `f_rtn_cd`
//! is not 0 (table 5.3) there is no body.
//!
//! # To be checked against KOROAD's own guide
//! The above is what public client code shows. These parts it leaves open; all but the last four are
//! settings of [`KoroadConfig`]:
//!
//! | part | assumed here |
//! |---|---|
//! | cipher mode | ECB (`cipher_mode`) |
//! | character set of the plaintext sent | EUC-KR (`charset`); answers are read as UTF-8 where they are UTF-8, else in that set |
//! | several items in one call | an array; public code sends a single object where there is one item (`one_item`). If the path takes only one item, as its name may mean: `limits.coalesce_max = 1`, `limits.chunk = 1` |
//! | meaning of `f_seq_no` | the serial printed on the licence (암호일련번호, code 23 of table 5.2), which a RIMS is not given: sent empty, and answers matched by order and licence number. `sequence_number = "item"` numbers the items instead |
//! | padding, IV | PKCS#7; zeroes for CBC |
//! | key | the secret's UTF-8 bytes, cut or filled with zeroes to 32 |
//! | order and number | answers come in the order of the items, with the licence number unmasked |
//! | temporary licence | `f_temp_yn` = `Y` in an item of the answer |
//!
//! # Calls
//! Single checks are coalesced, batches are cut into chunks. A refusal because of the token (codes 1–4) is
//! answered by one new token and one more call, then passed on.

mod seal;
mod token;
mod wire;

use std::sync::Arc;

use futures::TryFutureExt as _;
use jiff::civil::Date;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request, Url};
use rims_aside::aside;
use rims_protocol::codes::{LicenceClass, ProcessingCode, ResultCode};
use rims_protocol::values::{LicenceNumber, Period, PersonName};
use tokio::sync::Semaphore;

pub(crate) use seal::{Seal, read_text};
pub(crate) use wire::{Text, basic_pair};

use crate::batch::ask_all;
use crate::coalesce::{Ask, Attempt, Call, Coalescer};
use crate::config::{ConfigError, KoroadConfig, Limits};
use crate::endpoint::Endpoint;
use crate::error::{CallError, KoroadError, Unusable};
use crate::measure::{Labels, Meters};
use crate::{Now, seoul};
use token::{Token, Tokens};
use wire::Frames;

/// Calls of up to so many checks are written and read by the task that makes them.
const AT_ONCE: usize = 256;

pub(crate) const SYSTEM: &str = "koroad";
pub(crate) const TOKEN_PATH: &str = "/oauth2/token2";
pub(crate) const CHECK_PATH: &str = "/api/onevalidatorv2.do";

/// One question: may this person drive with this licence on these days?
#[derive(Clone, Debug)]
pub struct DriverCheck {
    /// `f_license_no`.
    pub licence_number: LicenceNumber,
    /// `f_resident_name`.
    pub name: PersonName,
    /// `f_licn_con_code`.
    pub class: LicenceClass,
    /// `f_from_date` and `f_to_date`.
    pub period: Period,
}

/// KOROAD's answer about one licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LicenceAnswer {
    /// `f_rtn_code` (table 5.2).
    pub code: ResultCode,
    /// Whether the licence is a temporary one (임시면허).
    pub temporary: bool,
}

/// A client of KOROAD. Cheap to clone.
#[derive(Clone)]
pub struct Koroad {
    shared: Arc<Shared>,
}

struct Shared {
    service: Arc<Service>,
    singles: Coalescer<Service>,
    batches: Semaphore,
    limits: Limits,
}

impl Koroad {
    /// A client with its own connections; its metrics carry the environment's name. Nothing is sent until the first check.
    pub fn new(config: &KoroadConfig, environment: &'static str, now: Now) -> Result<Self, ConfigError> {
        let limits = config.limits.clone();
        let service = Arc::new(Service::new(config, environment, now)?);
        let shared = Shared {
            singles: Coalescer::new(Arc::clone(&service), &limits),
            batches: Semaphore::new(limits.max_in_flight),
            service,
            limits,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// One check, in one call with others that are asked at the same time. It is asked at once; the answer may be waited
    /// for later.
    pub fn check(
        &self,
        check: DriverCheck,
    ) -> impl Future<Output = Result<LicenceAnswer, KoroadError>> + use<> {
        self.shared.singles.ask(check).err_into()
    }

    /// A batch, answered in its order. One check that fails decides the batch.
    pub async fn check_all(&self, checks: &[DriverCheck]) -> Result<Vec<LicenceAnswer>, KoroadError> {
        let Shared { service, batches, limits, .. } = self.shared.as_ref();
        Ok(ask_all(service.as_ref(), batches, limits, checks).await?)
    }
}

/// KOROAD as a system that answers many checks in one call.
struct Service {
    endpoint: Arc<Endpoint>,
    check_url: Url,
    frames: Arc<Frames>,
    tokens: Arc<Tokens>,
    now: Now,
}

impl Service {
    fn new(config: &KoroadConfig, environment: &'static str, now: Now) -> Result<Self, ConfigError> {
        let labels = Labels { system: SYSTEM, environment };
        let endpoint =
            Endpoint::new(labels, &config.base_url, &config.limits, &config.retry, &config.breaker)?;
        let endpoint = Arc::new(endpoint);
        Ok(Self {
            check_url: endpoint.url(CHECK_PATH)?,
            frames: Arc::new(Frames::new(config)),
            tokens: Arc::new(Tokens::new(config, Arc::clone(&endpoint), Arc::clone(&now))?),
            endpoint,
            now,
        })
    }

    /// One check call, and one more with a new token where KOROAD did not take the token.
    async fn check(&self, checks: &[DriverCheck], attempt: Attempt) -> Result<Vec<LicenceAnswer>, CallError> {
        let today = seoul::today((self.now)());
        let token = self.tokens.current().await?;
        match self.check_with(&token, checks, today).await {
            Err(CallError::Refused { code, .. }) if is_about_token(code) && attempt == Attempt::First => {
                let token = self.tokens.another_than(&token).await?;
                self.check_with(&token, checks, today).await
            }
            result => result,
        }
    }

    async fn check_with(
        &self,
        token: &Token,
        checks: &[DriverCheck],
        today: Date,
    ) -> Result<Vec<LicenceAnswer>, CallError> {
        let mut request = Request::new(Method::POST, self.check_url.clone());
        request.headers_mut().insert(AUTHORIZATION, token.authorization.clone());
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if checks.len() <= AT_ONCE {
            *request.body_mut() = Some(self.frames.request(checks, today)?.into());
            let answer = self.endpoint.exchange(request).await?;
            return self.frames.answers(&answer, checks);
        }
        let checks: Arc<[DriverCheck]> = checks.into();
        let (frames, asked) = (Arc::clone(&self.frames), Arc::clone(&checks));
        *request.body_mut() = Some(computed(aside(move || frames.request(&asked, today)).await)?.into());
        let answer = self.endpoint.exchange(request).await?;
        let frames = Arc::clone(&self.frames);
        computed(aside(move || frames.answers(&answer, &checks)).await)
    }
}

impl Ask for Service {
    type Item = DriverCheck;
    type Answer = LicenceAnswer;

    fn meters(&self) -> &Meters {
        self.endpoint.meters()
    }

    async fn ask(&self, checks: &[DriverCheck], call: Call) -> Result<Vec<LicenceAnswer>, CallError> {
        self.endpoint.call(checks.len(), call.deadline, self.check(checks, call.attempt)).await
    }

    fn retries_closed(&self) -> bool {
        self.endpoint.retries_closed()
    }
}

/// A panic is a fault of ours, and the question stays without an answer.
fn computed<T>(computed: std::thread::Result<Result<T, CallError>>) -> Result<T, CallError> {
    computed.unwrap_or(Err(CallError::Unusable(Unusable::Interrupted)))
}

/// Codes 1–4 of table 5.3: no token, a wrong one, not authenticated, expired.
fn is_about_token(code: ProcessingCode) -> bool {
    use rims_protocol::codes::KnownProcessing as Known;
    matches!(
        code.known(),
        Some(
            Known::NoAuthentication
                | Known::WrongAuthentication
                | Known::AuthenticationFailed
                | Known::TokenExpired
        )
    )
}
