use std::time::Duration;

use rims_domain::KeyRefusal;
use rims_protocol::ApiError;
use rims_protocol::values::NumberKind;
use rims_store::{Quota, StoreError};
use rims_upstream::KoroadError;

/// Why a use case did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The key or the token is not accepted. The caller gets one answer for every reason.
    #[error("not authenticated: {}", .0.name())]
    Unauthenticated(AuthenticationFailure),
    /// `bizinfo` names nobody that the caller may act for.
    #[error("bizinfo is not valid for the caller")]
    Bizinfo,
    /// The vehicle is not the company's, and its grace is over (§3.3).
    #[error("the vehicle is not the company's")]
    VehicleMatch,
    /// A number that does not exist, or is not the caller's to see; which, is not told.
    #[error("no such number")]
    NoSuchNumber(NumberKind),
    /// The remote verification has not ended yet.
    #[error("the remote verification has not ended yet")]
    StillWorking,
    /// The same request under the same key was answered while this one ran, which recorded nothing.
    #[error("answered meanwhile under the same idempotency key")]
    AnsweredMeanwhile,
    /// The company has used up what it may use in a day, or asks for more than is left of it.
    #[error("the company's {quota} of the day are used up", quota = .quota.name())]
    QuotaUsedUp {
        /// Of what.
        quota: Quota,
        /// Until the next day in Asia/Seoul.
        wait: Duration,
    },
    /// The answer could not be written down.
    #[error("the answer could not be written")]
    Answer,
    /// No token could be made.
    #[error(transparent)]
    Randomness(#[from] crate::random::NoRandomness),
    /// KOROAD could not be reached.
    #[error("KOROAD is unreachable")]
    KoroadUnreachable,
    /// KOROAD answered, but not usably.
    #[error("KOROAD's answer is unusable: {0}")]
    KoroadUnusable(String),
    /// The database did not take or give what was asked.
    #[error("database: {0}")]
    Store(#[from] StoreError),
}

/// Why a request is not authenticated: a class, for the log and the metrics, without the key or the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticationFailure {
    /// No usable `Authorization` header: absent, another scheme, not Base64.
    Malformed,
    /// A key that was never issued here.
    UnknownKey,
    /// A key of the sandbox's fixtures, at a server that refuses them.
    WellKnownKey,
    /// A token that was never issued here, or expired so long ago that it was deleted.
    UnknownToken,
    /// A key that exists and does not work, or a token of one.
    KeyRefused(KeyRefusal),
}

impl AuthenticationFailure {
    /// A short stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::WellKnownKey => "well_known_key",
            Self::UnknownToken => "unknown_token",
            Self::KeyRefused(KeyRefusal::Revoked) => "key_revoked",
            Self::KeyRefused(KeyRefusal::Account) => "account_not_usable",
            Self::KeyRefused(KeyRefusal::NotApproved) => "key_not_approved",
            Self::KeyRefused(KeyRefusal::Network) => "foreign_network",
            Self::KeyRefused(KeyRefusal::Expired) => "expired_token",
        }
    }

    /// Whether it counts against the caller's address. An expired token proves that its holder had a key:
    /// all workers of an honest client have one when its three hours are over.
    pub const fn is_suspicious(self) -> bool {
        match self {
            Self::Malformed
            | Self::UnknownKey
            | Self::WellKnownKey
            | Self::UnknownToken
            | Self::KeyRefused(
                KeyRefusal::Revoked | KeyRefusal::Account | KeyRefusal::NotApproved | KeyRefusal::Network,
            ) => true,
            Self::KeyRefused(KeyRefusal::Expired) => false,
        }
    }
}

impl ServiceError {
    /// The wire error it becomes; total, so that a new cause must decide (table 5.1).
    pub fn to_api(&self) -> ApiError {
        match self {
            Self::Unauthenticated(_) => ApiError::ClientAuthentication,
            Self::Bizinfo => ApiError::BizinfoInvalid,
            Self::VehicleMatch => ApiError::VehicleMatch,
            Self::NoSuchNumber(kind) => kind.refusal(),
            Self::StillWorking => ApiError::WorkingVerification,
            Self::Randomness(_) => ApiError::TokenGeneration,
            // A quota is answered as HTTP 429, like a rate limit (docs/spec-decisions.md, Wire).
            Self::KoroadUnreachable | Self::QuotaUsedUp { .. } => ApiError::ServerConnect,
            Self::KoroadUnusable(_) => ApiError::KoroadCall,
            Self::AnsweredMeanwhile | Self::Answer | Self::Store(_) => ApiError::Database,
        }
    }

    /// Whether somebody should look into it: a fault of ours or of a national system, not of the request.
    pub fn is_fault(&self) -> bool {
        match self {
            Self::Unauthenticated(_)
            | Self::Bizinfo
            | Self::VehicleMatch
            | Self::NoSuchNumber(_)
            | Self::StillWorking
            | Self::QuotaUsedUp { .. } => false,
            Self::AnsweredMeanwhile
            | Self::Answer
            | Self::Randomness(_)
            | Self::KoroadUnreachable
            | Self::KoroadUnusable(_)
            | Self::Store(_) => true,
        }
    }
}

/// What KOROAD did with a call, apart from an answer.
pub(super) enum Unanswered {
    /// It refused the request (table 5.3), which the caller is told with HTTP 200.
    Refused { code: rims_protocol::codes::ProcessingCode, message: String },
    /// It could not be asked, or could not be understood.
    Failed(ServiceError),
}

impl From<KoroadError> for Unanswered {
    fn from(error: KoroadError) -> Self {
        match error {
            KoroadError::Unreachable => Self::Failed(ServiceError::KoroadUnreachable),
            KoroadError::Unusable(reason) => Self::Failed(ServiceError::KoroadUnusable(reason.to_string())),
            KoroadError::Refused { code, message } => Self::Refused { code, message },
        }
    }
}
