use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rims_protocol::codes::KnownProcessing;
use rims_protocol::values::format_compact;
use serde::{Deserialize, Serialize};

use super::Calls;
use super::faults::{KoroadFault, SharedFaults};
use super::port::Abort;
use super::register::{Asked, NumberFault, look_up, number_fault};
use crate::config::{Charset, CipherMode, KoroadConfig};
use crate::koroad::{CHECK_PATH, Seal, TOKEN_PATH, Text, basic_pair, read_text};
use crate::{Now, seoul};

const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(3);
/// "Never answers" ends at last, so that no connection is kept for ever.
const HANG: Duration = Duration::from_mins(10);
/// What is remembered of tokens at most; the expired are forgotten first.
const MAX_TOKENS: usize = 10_000;

/// The simulated KOROAD.
pub(super) struct KoroadSim {
    seal: Seal,
    cipher_mode: CipherMode,
    charset: Charset,
    basic: String,
    pin_info: String,
    now: Now,
    faults: Arc<SharedFaults>,
    tokens: Mutex<HashMap<String, Timestamp>>,
    issued: AtomicU64,
    token_calls: AtomicU64,
    check_calls: AtomicU64,
    checked_items: AtomicU64,
}

/// How a request ends.
enum Behaviour {
    Answer(String),
    BadRequest,
    Garbage,
    Hang,
    Disconnect,
}

pub(super) fn router(sim: Arc<KoroadSim>) -> Router {
    Router::new().route(TOKEN_PATH, get(issue_token)).route(CHECK_PATH, post(check)).with_state(sim)
}

async fn issue_token(
    State(sim): State<Arc<KoroadSim>>,
    Extension(abort): Extension<Abort>,
    headers: HeaderMap,
) -> Response {
    sim.token_calls.fetch_add(1, Ordering::Relaxed);
    let behaviour = sim.global_fault().unwrap_or_else(|| sim.token(&headers));
    sim.behave(behaviour, &abort).await
}

async fn check(
    State(sim): State<Arc<KoroadSim>>,
    Extension(abort): Extension<Abort>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    sim.check_calls.fetch_add(1, Ordering::Relaxed);
    let behaviour = sim.global_fault().unwrap_or_else(|| sim.answer(&headers, &body));
    sim.behave(behaviour, &abort).await
}

impl KoroadSim {
    pub(super) fn new(config: &KoroadConfig, now: Now, faults: Arc<SharedFaults>) -> Self {
        let (id, secret) = (&config.client_id, config.client_secret.expose());
        Self {
            seal: Seal::new(secret, config.cipher_mode, config.charset),
            cipher_mode: config.cipher_mode,
            charset: config.charset,
            basic: format!("Basic {}", basic_pair(id, secret)),
            pin_info: basic_pair(&config.pin_user, config.pin.expose()),
            now,
            faults,
            tokens: Mutex::default(),
            issued: AtomicU64::new(0),
            token_calls: AtomicU64::new(0),
            check_calls: AtomicU64::new(0),
            checked_items: AtomicU64::new(0),
        }
    }

    pub(super) fn mode(&self) -> (CipherMode, Charset) {
        (self.cipher_mode, self.charset)
    }

    pub(super) fn calls(&self) -> Calls {
        Calls {
            tokens: self.token_calls.load(Ordering::Relaxed),
            checks: self.check_calls.load(Ordering::Relaxed),
            checked_items: self.checked_items.load(Ordering::Relaxed),
            owners: 0,
        }
    }

    pub(super) fn reset(&self) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).clear();
        for counter in [&self.token_calls, &self.check_calls, &self.checked_items] {
            counter.store(0, Ordering::Relaxed);
        }
    }

    /// A switched-on fault that spoils every request. A refusal is no such: it needs a token first.
    fn global_fault(&self) -> Option<Behaviour> {
        match self.faults.get().koroad {
            // The port is closed already; a request that slipped in ends the same way.
            Some(KoroadFault::Unreachable) => Some(Behaviour::Disconnect),
            Some(KoroadFault::Garbage) => Some(Behaviour::Garbage),
            Some(KoroadFault::Hang) => Some(Behaviour::Hang),
            Some(KoroadFault::Refused(_)) | None => None,
        }
    }

    async fn behave(&self, behaviour: Behaviour, abort: &Abort) -> Response {
        let latency = self.faults.latency();
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let json = [(CONTENT_TYPE, "application/json;charset=UTF-8")];
        match behaviour {
            Behaviour::Answer(text) => (json, text).into_response(),
            Behaviour::BadRequest => StatusCode::BAD_REQUEST.into_response(),
            Behaviour::Garbage => (json, Bytes::from_static(b"<html>\xff\xfe not an answer")).into_response(),
            Behaviour::Hang => {
                tokio::time::sleep(HANG).await;
                match abort.abort().await {}
            }
            Behaviour::Disconnect => match abort.abort().await {},
        }
    }

    fn token(&self, headers: &HeaderMap) -> Behaviour {
        let basic = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let header = if basic == Some(self.basic.as_bytes()) {
            TokenHeader { f_access_token: &self.new_token(), f_token_type: "bearer", f_rtn_status: "0" }
                .json()
        } else {
            TokenHeader { f_access_token: "", f_token_type: "", f_rtn_status: "3" }.json()
        };
        header.map_or(Behaviour::BadRequest, Behaviour::Answer)
    }

    /// Tokens of a simulator protect nothing: a number and the time are enough to tell them apart.
    fn new_token(&self) -> String {
        let now = (self.now)();
        let number = self.issued.fetch_add(1, Ordering::Relaxed);
        let token = format!("simulated-{:x}-{number:x}", now.as_microsecond());
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= MAX_TOKENS {
            tokens.retain(|_, expires| now < *expires);
        }
        if tokens.len() < MAX_TOKENS {
            tokens.insert(token.clone(), now.saturating_add(TOKEN_LIFETIME).unwrap_or(Timestamp::MAX));
        }
        token
    }

    /// The code of table 5.3 that a request's token is refused with.
    fn token_fault(&self, headers: &HeaderMap) -> Option<KnownProcessing> {
        let Some(sent) = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
            return Some(KnownProcessing::NoAuthentication);
        };
        let Some((kind, token)) = sent.split_once(' ') else {
            return Some(KnownProcessing::WrongAuthentication);
        };
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        match tokens.get(token) {
            Some(_) if !kind.eq_ignore_ascii_case("bearer") => Some(KnownProcessing::AuthenticationFailed),
            Some(expires) if *expires <= (self.now)() => Some(KnownProcessing::TokenExpired),
            Some(_) => None,
            None => Some(KnownProcessing::WrongAuthentication),
        }
    }

    fn answer(&self, headers: &HeaderMap, body: &[u8]) -> Behaviour {
        if let Some(code) = self.token_fault(headers) {
            return self.refuse(code, "1");
        }
        let Ok(frame) = serde_json::from_slice::<RequestFrame<'_>>(body) else {
            return Behaviour::BadRequest;
        };
        let count = frame.header.f_send_cnt.as_str();
        if let Some(KoroadFault::Refused(code)) = self.faults.get().koroad {
            return self.refuse(code, count);
        }
        if frame.header.f_pin_info.as_str() != self.pin_info {
            return self.refuse(KnownProcessing::NoPayment, count);
        }
        let plain = self.seal.open(frame.body.as_str());
        let Some(plain) = plain.as_deref().ok().and_then(|bytes| self.read(bytes)) else {
            return self.refuse(KnownProcessing::DecryptionFailed, count);
        };
        let Some(asked) = Items::read(&plain) else {
            return self.refuse(KnownProcessing::DecryptionFailed, count);
        };
        self.checked_items.fetch_add(u64::try_from(asked.as_slice().len()).unwrap_or(0), Ordering::Relaxed);
        let fault = asked.as_slice().iter().find_map(|item| number_fault(item.f_license_no.as_str()));
        match fault {
            Some(NumberFault::Refused(code)) => self.refuse(code, count),
            Some(NumberFault::Disconnect) => Behaviour::Disconnect,
            Some(NumberFault::Garbage) => Behaviour::Garbage,
            Some(NumberFault::Hang) => Behaviour::Hang,
            None => self.statuses(&asked, count).map_or(Behaviour::BadRequest, Behaviour::Answer),
        }
    }

    /// The plaintext in the character set this KOROAD expects, and no other.
    fn read<'a>(&self, bytes: &'a [u8]) -> Option<std::borrow::Cow<'a, str>> {
        match self.charset {
            Charset::Utf8 => std::str::from_utf8(bytes).ok().map(Into::into),
            Charset::EucKr if bytes.is_ascii() => read_text(bytes),
            Charset::EucKr => encoding_rs::EUC_KR.decode_without_bom_handling_and_without_replacement(bytes),
        }
    }

    fn today(&self) -> Date {
        seoul::today((self.now)())
    }

    fn refuse(&self, code: KnownProcessing, count: &str) -> Behaviour {
        let header = AnswerHeader {
            f_send_cnt: count,
            f_request_date: &format_compact(self.today()),
            f_rtn_cd: &code.code().to_string(),
            f_rtn_msg: code.korean(),
        };
        let text = serde_json::to_string(&Refusal { header });
        text.map_or(Behaviour::BadRequest, Behaviour::Answer)
    }

    /// The answer to every item, in the shape of the request.
    fn statuses(&self, asked: &Items<'_>, count: &str) -> Option<String> {
        let today = self.today();
        let plain = match asked {
            Items::Alone([item]) => serde_json::to_string(&item.answer(today)),
            Items::Many(items) => {
                let mut text = Vec::with_capacity(items.len() * 80);
                let mut json = serde_json::Serializer::new(&mut text);
                serde::Serializer::collect_seq(&mut json, items.iter().map(|item| item.answer(today)))
                    .ok()?;
                Ok(String::from_utf8(text).ok()?)
            }
        };
        let header = AnswerHeader {
            f_send_cnt: count,
            f_request_date: &format_compact(today),
            f_rtn_cd: "0",
            f_rtn_msg: "",
        };
        let mut text = format!(r#"{{"header":{},"body":""#, serde_json::to_string(&header).ok()?);
        self.seal.seal(plain.ok()?, &mut text).ok()?;
        text.push_str(r#""}"#);
        Some(text)
    }
}

#[derive(Serialize)]
struct TokenHeader<'a> {
    f_access_token: &'a str,
    f_token_type: &'a str,
    f_rtn_status: &'a str,
}

impl TokenHeader<'_> {
    fn json(&self) -> Option<String> {
        #[derive(Serialize)]
        struct Frame<'a> {
            header: &'a TokenHeader<'a>,
        }
        serde_json::to_string(&Frame { header: self }).ok()
    }
}

#[derive(Deserialize)]
struct RequestFrame<'a> {
    #[serde(borrow)]
    header: RequestHeader<'a>,
    #[serde(borrow)]
    body: Text<'a>,
}

#[derive(Deserialize)]
struct RequestHeader<'a> {
    #[serde(borrow)]
    f_send_cnt: Text<'a>,
    #[serde(borrow)]
    f_pin_info: Text<'a>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    f_license_no: Text<'a>,
    #[serde(borrow)]
    f_resident_name: Text<'a>,
    #[serde(borrow)]
    f_licn_con_code: Text<'a>,
    #[serde(borrow, default)]
    f_from_date: Option<Text<'a>>,
    #[serde(borrow, default)]
    f_to_date: Option<Text<'a>>,
    #[serde(borrow, default)]
    f_seq_no: Option<Text<'a>>,
}

/// The items of a call: an array, or one alone.
enum Items<'a> {
    Alone([Item<'a>; 1]),
    Many(Vec<Item<'a>>),
}

impl<'a> Items<'a> {
    fn read(plain: &'a str) -> Option<Self> {
        if plain.trim_start().starts_with('[') {
            serde_json::from_str(plain).ok().map(Self::Many)
        } else {
            serde_json::from_str(plain).ok().map(|item| Self::Alone([item]))
        }
    }

    fn as_slice(&self) -> &[Item<'a>] {
        match self {
            Self::Alone(item) => item,
            Self::Many(items) => items,
        }
    }
}

impl Item<'_> {
    fn answer(&self, today: Date) -> AnswerItem<'_> {
        let asked = Asked {
            licence_number: self.f_license_no.as_str(),
            name: self.f_resident_name.as_str(),
            class: self.f_licn_con_code.as_str(),
            from: self.f_from_date.as_ref().map_or("", Text::as_str),
            to: self.f_to_date.as_ref().map_or("", Text::as_str),
        };
        let said = look_up(&asked, today);
        AnswerItem {
            f_seq_no: self.f_seq_no.as_ref().map(Text::as_str),
            f_license_no: self.f_license_no.as_str(),
            f_rtn_code: said.status.code(),
            f_temp_yn: said.temporary.then_some("Y"),
        }
    }
}

#[derive(Serialize)]
struct AnswerItem<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    f_seq_no: Option<&'a str>,
    f_license_no: &'a str,
    f_rtn_code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    f_temp_yn: Option<&'static str>,
}

#[derive(Serialize)]
struct AnswerHeader<'a> {
    f_send_cnt: &'a str,
    f_request_date: &'a str,
    f_rtn_cd: &'a str,
    f_rtn_msg: &'a str,
}

#[derive(Serialize)]
struct Refusal<'a> {
    header: AnswerHeader<'a>,
}
