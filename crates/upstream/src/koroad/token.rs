use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, Request, Url};
use rims_protocol::codes::ProcessingCode;
use serde::Deserialize;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{Instant, timeout_at};

use super::wire::{Text, basic_pair, refusal};
use super::{SYSTEM, TOKEN_PATH, read_text};
use crate::Now;
use crate::config::{ConfigError, KoroadConfig};
use crate::endpoint::{Endpoint, hidden};
use crate::error::{CallError, MALFORMED, TIMED_OUT};

/// How long KOROAD takes a token.
const LIFETIME: SignedDuration = SignedDuration::from_hours(3);
/// How long before its end a token is replaced while calls go on with it.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);
/// How long after a failed replacement the next is tried.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// What a check is authorised with.
pub(super) struct Token {
    /// `<f_token_type> <f_access_token>`.
    pub(super) authorization: HeaderValue,
    replace_from: Timestamp,
    expires: Timestamp,
}

/// The current token, replaced by one caller at a time.
pub(super) struct Tokens {
    endpoint: Arc<Endpoint>,
    url: Url,
    basic: HeaderValue,
    now: Now,
    time_limit: std::time::Duration,
    current: RwLock<Option<Arc<Token>>>,
    replacing: Arc<Mutex<()>>,
}

impl Tokens {
    pub(super) fn new(config: &KoroadConfig, endpoint: Arc<Endpoint>, now: Now) -> Result<Self, ConfigError> {
        for (setting, value) in [
            ("client_id", config.client_id.as_str()),
            ("client_secret", config.client_secret.expose()),
            ("pin_user", config.pin_user.as_str()),
            ("pin", config.pin.expose()),
        ] {
            if value.is_empty() {
                return Err(ConfigError::Missing { system: SYSTEM, setting });
            }
        }
        let pair = basic_pair(&config.client_id, config.client_secret.expose());
        let unsendable = ConfigError::Unsendable { system: SYSTEM, setting: "client_id" };
        let mut url = endpoint.url(TOKEN_PATH)?;
        url.set_query(Some("grantType=password"));
        Ok(Self {
            url,
            basic: hidden(&format!("Basic {pair}")).ok_or(unsendable)?,
            endpoint,
            now,
            time_limit: config.limits.timeout(),
            current: RwLock::new(None),
            replacing: Arc::default(),
        })
    }

    /// A token that is still valid. One that ends soon is replaced behind the caller's back.
    pub(super) async fn current(self: &Arc<Self>) -> Result<Arc<Token>, CallError> {
        if let Some(token) = self.valid() {
            if (self.now)() >= token.replace_from
                && let Ok(turn) = Arc::clone(&self.replacing).try_lock_owned()
            {
                tokio::spawn(Arc::clone(self).replace_ahead(Arc::clone(&token), turn));
            }
            return Ok(token);
        }
        let _turn = self.replacing.lock().await;
        match self.valid() {
            Some(token) => Ok(token),
            None => self.issue().await,
        }
    }

    /// A token other than `refused`, which KOROAD did not take.
    pub(super) async fn another_than(&self, refused: &Arc<Token>) -> Result<Arc<Token>, CallError> {
        let _turn = self.replacing.lock().await;
        match self.valid() {
            Some(token) if !Arc::ptr_eq(&token, refused) => Ok(token),
            _ => self.issue().await,
        }
    }

    fn valid(&self) -> Option<Arc<Token>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        current.filter(|token| (self.now)() < token.expires)
    }

    fn keep(&self, token: Token) -> Arc<Token> {
        let token = Arc::new(token);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&token));
        token
    }

    async fn replace_ahead(self: Arc<Self>, old: Arc<Token>, _turn: OwnedMutexGuard<()>) {
        if (self.now)() < self.valid().map_or(Timestamp::MIN, |token| token.replace_from) {
            return;
        }
        let deadline = Instant::now() + self.time_limit;
        if let Err(error) = timeout_at(deadline, self.issue()).await.unwrap_or(Err(TIMED_OUT)) {
            tracing::warn!(
                outcome = error.outcome(),
                "KOROAD's token could not be replaced ahead of its end"
            );
            let replace_from = (self.now)().saturating_add(PAUSE).unwrap_or(old.expires);
            self.keep(Token { authorization: old.authorization.clone(), replace_from, expires: old.expires });
        }
    }

    async fn issue(&self) -> Result<Arc<Token>, CallError> {
        let issued = (self.now)();
        let mut request = Request::new(Method::GET, self.url.clone());
        request.headers_mut().insert(AUTHORIZATION, self.basic.clone());
        let answer = self.endpoint.exchange(request).await?;
        let authorization = authorization(&answer)?;
        let expires = issued.saturating_add(LIFETIME).map_err(|_| MALFORMED)?;
        let replace_from = expires.saturating_sub(AHEAD).map_err(|_| MALFORMED)?;
        Ok(self.keep(Token { authorization, replace_from, expires }))
    }
}

#[derive(Deserialize)]
struct TokenFrame<'a> {
    #[serde(borrow)]
    header: TokenHeader<'a>,
}

#[derive(Deserialize)]
struct TokenHeader<'a> {
    #[serde(borrow, default)]
    f_access_token: Option<Text<'a>>,
    #[serde(borrow, default)]
    f_token_type: Option<Text<'a>>,
    #[serde(borrow, default)]
    f_rtn_status: Option<Text<'a>>,
}

/// The `Authorization` of later calls. Without a token, `f_rtn_status` is the refusal.
fn authorization(answer: &[u8]) -> Result<HeaderValue, CallError> {
    let text = read_text(answer).ok_or(MALFORMED)?;
    let TokenFrame { header } = serde_json::from_str(&text).map_err(|_| MALFORMED)?;
    let token = header.f_access_token.as_ref().map(Text::as_str).filter(|token| !token.is_empty());
    let Some(token) = token else {
        let status = header.f_rtn_status.and_then(|status| ProcessingCode::parse(status.as_str()));
        return Err(status.filter(|code| !code.is_done()).map_or(MALFORMED, |code| refusal(code, None)));
    };
    let kind = header.f_token_type.as_ref().map(Text::as_str).filter(|kind| !kind.is_empty());
    hidden(&format!("{} {token}", kind.unwrap_or("Bearer"))).ok_or(MALFORMED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_tokens_and_refusals() {
        let token = |text: &str| authorization(text.as_bytes()).map(|value| value.as_bytes().to_vec());
        assert_eq!(
            token(r#"{"header":{"f_access_token":"abc","f_token_type":"bearer","f_rtn_status":"0"}}"#),
            Ok(b"bearer abc".to_vec())
        );
        assert_eq!(token(r#"{"header":{"f_access_token":"abc"}}"#), Ok(b"Bearer abc".to_vec()));
        let refused = token(r#"{"header":{"f_access_token":"","f_rtn_status":"3"}}"#).unwrap_err();
        assert_eq!(refused.outcome(), "refused");
        for text in [
            "",
            "{}",
            r#"{"header":{}}"#,
            r#"{"header":{"f_rtn_status":"0"}}"#,
            r#"{"header":{"f_access_token":"a\nb"}}"#,
        ] {
            assert_eq!(token(text), Err(MALFORMED), "{text}");
        }
    }

    #[test]
    fn the_header_does_not_show_itself() {
        let value = authorization(br#"{"header":{"f_access_token":"abc"}}"#).unwrap();
        assert_eq!(format!("{value:?}"), "Sensitive");
    }
}
