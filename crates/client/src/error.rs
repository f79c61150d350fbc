//! Every way a call can fail, as one type that says what to do next.

use std::time::Duration;

use rims_protocol::ApiError;
use rims_protocol::codes::{Code, KnownProcessing, ResponseCode};
use rims_protocol::values::Malformed;

use crate::advice::{self, Advice};

/// Why a call gave no answer.
///
/// It never carries a licence number, a name, a key or a token; long numbers in a server's message are hidden.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The client's settings are wrong.
    #[error("wrong setting: {0}")]
    Setting(String),
    /// A value breaks its rule. Nothing was sent.
    #[error(transparent)]
    Value(#[from] Malformed),
    /// The request breaks a rule of its interface. Nothing was sent.
    #[error("nothing was sent: {0}")]
    Request(#[from] ApiError),
    /// The server answered with an error of table 5.1.
    #[error("{code} {message}")]
    Api {
        /// `respCode`.
        code: Code<ResponseCode>,
        /// `errorMsg`, in Korean.
        message: String,
        /// `X-Request-Id`, for the server's operator.
        request_id: Option<String>,
    },
    /// The licence register refused the request (table 5.3): there is no status.
    #[error("the licence register refused: {code} {message}")]
    Refused {
        /// `header.f_rtn_cd`.
        code: Code<KnownProcessing>,
        /// `header.f_rtn_msg`, in Korean.
        message: String,
        /// `X-Request-Id`, for the server's operator.
        request_id: Option<String>,
    },
    /// Something between answered, or the server without the specification's form.
    #[error("HTTP {status}")]
    Http {
        /// The HTTP status.
        status: u16,
        /// When to ask again (`Retry-After`).
        retry_after: Option<Duration>,
        /// `X-Request-Id`, for the server's operator.
        request_id: Option<String>,
    },
    /// No connection: the request was not sent.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// No answer in time: the request may have been done.
    #[error("no answer in time")]
    TimedOut,
    /// The connection broke: the request may have been done.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The answer is not what the specification says.
    #[error("the answer cannot be used: {what}")]
    Unusable {
        /// What is wrong with it.
        what: String,
        /// `X-Request-Id`, for the server's operator.
        request_id: Option<String>,
    },
}

/// Whether sending a request again could do something twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It only reads.
    Safe,
    /// It carries an idempotency key: safe where the RIMS knows keys.
    Keyed,
    /// It records something.
    Unsafe,
}

impl Error {
    /// What to do next, in Korean and English.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Setting(_) | Self::Value(_) => advice::SETTING,
            Self::Request(error) => advice::for_response(error.code()),
            Self::Api { code, .. } => code.known().map_or(advice::UNKNOWN_CODE, advice::for_response),
            Self::Refused { code, .. } => code.known().map_or(advice::UNKNOWN_CODE, advice::for_processing),
            Self::Http { status, .. } => advice::for_status(*status),
            Self::Unreachable(_) => advice::UNREACHABLE,
            Self::TimedOut | Self::Broken(_) => advice::UNANSWERED,
            Self::Unusable { .. } => advice::UNUSABLE,
        }
    }

    /// What happened, in Korean; `Display` says it in English.
    pub fn korean(&self) -> String {
        match self {
            Self::Setting(text) => format!("잘못된 설정: {text}"),
            Self::Value(rule) => rule.0.to_owned(),
            Self::Request(error) => format!("전송하지 않았습니다: {error}"),
            Self::Api { code, message, .. } => format!("{code} {message}"),
            Self::Refused { code, message, .. } => {
                format!("면허 확인 기관이 거절했습니다: {code} {message}")
            }
            Self::Http { status, .. } => format!("HTTP {status}"),
            Self::Unreachable(cause) => format!("서버에 연결할 수 없습니다: {cause}"),
            Self::TimedOut => "제시간에 응답이 없습니다".to_owned(),
            Self::Broken(cause) => format!("연결이 끊어졌습니다: {cause}"),
            Self::Unusable { what, .. } => format!("응답을 쓸 수 없습니다: {what}"),
        }
    }

    /// Whether the remote verification is still going on (-240).
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Api { code, .. } if code.known() == Some(ResponseCode::WorkingVerification))
    }

    /// `X-Request-Id`, if the server sent one: its operator finds the request by it.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Api { request_id, .. }
            | Self::Refused { request_id, .. }
            | Self::Http { request_id, .. }
            | Self::Unusable { request_id, .. } => request_id.as_deref(),
            _ => None,
        }
    }

    /// Whether the same request may succeed a little later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::TimedOut | Self::Broken(_) => true,
            Self::Http { status, .. } => matches!(status, 429 | 500 | 502 | 503 | 504),
            Self::Api { code, .. } => matches!(
                code.known(),
                Some(
                    ResponseCode::ServerConnectError
                        | ResponseCode::RimsDatabaseError
                        | ResponseCode::KoroadApiCallFailure
                        | ResponseCode::TokenGenerationError
                )
            ),
            _ => false,
        }
    }

    /// Whether it was surely not done: it was never sent, or turned away at the door.
    fn was_not_done(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Http { status: 429, .. })
    }

    pub(crate) fn may_repeat(&self, repeat: Repeat) -> bool {
        self.is_transient() && (repeat == Repeat::Safe || self.was_not_done())
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Http { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// A server's text with long numbers hidden: no licence number gets into an error.
pub(crate) fn without_numbers(text: &str) -> String {
    const LONGEST_CODE: usize = 8;
    let mut shown = String::with_capacity(text.len());
    let mut digits = String::new();
    for character in text.chars().chain(std::iter::once('\0')) {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        shown.push_str(if digits.len() > LONGEST_CODE { "…" } else { &digits });
        digits.clear();
        shown.push(character);
    }
    shown.pop();
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(code: ResponseCode) -> Error {
        Error::Api { code: code.into(), message: String::new(), request_id: None }
    }

    #[test]
    fn what_may_have_been_done_is_repeated_only_where_that_is_safe() {
        let http = |status| Error::Http { status, retry_after: None, request_id: None };
        for (error, safe, not_safe) in [
            (Error::Unreachable(String::new()), true, true),
            (http(429), true, true),
            (http(503), true, false),
            (Error::TimedOut, true, false),
            (Error::Broken(String::new()), true, false),
            (api(ResponseCode::RimsDatabaseError), true, false),
            (api(ResponseCode::InvalidParameter), false, false),
            (http(413), false, false),
        ] {
            assert_eq!(error.may_repeat(Repeat::Safe), safe, "{error:?}");
            assert_eq!(error.may_repeat(Repeat::Unsafe), not_safe, "{error:?}");
        }
    }

    #[test]
    fn long_numbers_are_hidden() {
        assert_eq!(without_numbers("f_license_no 221212121212, 20251023"), "f_license_no …, 20251023");
        assert_eq!(without_numbers("requestList[3]"), "requestList[3]");
        assert_eq!(without_numbers(""), "");
    }

    #[test]
    fn only_240_is_pending() {
        assert!(api(ResponseCode::WorkingVerification).is_pending());
        assert!(!api(ResponseCode::InvalidRentNo).is_pending());
    }
}
