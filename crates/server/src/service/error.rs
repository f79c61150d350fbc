use rims_protocol::ApiError;
use rims_store::StoreError;
use rims_upstream::KoroadError;

/// Why a use case did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The key or the token is not accepted; the cause is not told.
    #[error("not authenticated")]
    Unauthenticated,
    /// `bizinfo` names nobody that the caller may act for.
    #[error("bizinfo is not valid for the caller")]
    Bizinfo,
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

impl ServiceError {
    /// The wire error it becomes; total, so that a new cause must decide (table 5.1).
    pub fn to_api(&self) -> ApiError {
        match self {
            Self::Unauthenticated => ApiError::ClientAuthentication,
            Self::Bizinfo => ApiError::BizinfoInvalid,
            Self::Randomness(_) => ApiError::TokenGeneration,
            Self::KoroadUnreachable => ApiError::ServerConnect,
            Self::KoroadUnusable(_) => ApiError::KoroadCall,
            Self::Store(_) => ApiError::Database,
        }
    }

    /// Whether somebody should look into it: a fault of ours or of a national system, not of the request.
    pub fn is_fault(&self) -> bool {
        match self {
            Self::Unauthenticated | Self::Bizinfo => false,
            Self::Randomness(_) | Self::KoroadUnreachable | Self::KoroadUnusable(_) | Self::Store(_) => true,
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
