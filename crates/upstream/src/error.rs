use std::sync::Arc;

use rims_protocol::codes::ProcessingCode;

/// Why an answer could not be used. Says nothing of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Another HTTP status than 200.
    #[error("answered with HTTP status {0}")]
    HttpStatus(u16),
    /// Not in the agreed form: undecodable, items missing, or an answer to another question.
    #[error("answered in a form that cannot be read")]
    Malformed,
    /// No answer in time.
    #[error("did not answer in time")]
    TimedOut,
    /// The connection was lost in the middle of the answer.
    #[error("broke off in the middle of its answer")]
    Interrupted,
}

/// A licence check that gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KoroadError {
    /// No connection, or it was closed before an answer began; or we do not try at the moment (the
    /// circuit breaker is open, the queue is full).
    #[error("KOROAD cannot be reached")]
    Unreachable,
    /// KOROAD was reached, its answer is of no use.
    #[error("KOROAD {0}")]
    Unusable(Unusable),
    /// KOROAD's own code for the whole request (table 5.3, never 0) and its message, to be passed on.
    #[error("KOROAD refused with code {code}")]
    Refused {
        /// `header.f_rtn_cd`.
        code: ProcessingCode,
        /// `header.f_rtn_msg`, or the table's text where KOROAD sent none.
        message: String,
    },
}

/// A question to the vehicle registry that gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// As [`KoroadError::Unreachable`].
    #[error("the vehicle registry cannot be reached")]
    Unreachable,
    /// The registry was reached, its answer is of no use.
    #[error("the vehicle registry {0}")]
    Unusable(Unusable),
}

/// A licence-photo check that gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhotoError {
    /// As [`KoroadError::Unreachable`].
    #[error("the licence-photo check cannot be reached")]
    Unreachable,
    /// The service was reached, its answer is of no use.
    #[error("the licence-photo check {0}")]
    Unusable(Unusable),
}

/// How one call upstream failed, in the detail that decides what is done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CallError {
    /// No connection could be made.
    NoConnection,
    /// The circuit breaker is open: nothing was sent.
    BreakerOpen,
    /// The queue is full: nothing was sent.
    Overloaded,
    /// The connection was closed before the head of an answer arrived.
    Closed,
    Unusable(Unusable),
    Refused {
        code: ProcessingCode,
        message: Arc<str>,
    },
}

/// How the members of a coalesced call are asked again after it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spread {
    /// Not at all: the failure is nobody's in particular.
    Everyone,
    /// In two halves: the failure was fast and may be one member's alone.
    Halves,
    /// One by one: another slow half would cost another time-out.
    Singles,
}

pub(crate) const MALFORMED: CallError = CallError::Unusable(Unusable::Malformed);
pub(crate) const TIMED_OUT: CallError = CallError::Unusable(Unusable::TimedOut);

impl CallError {
    pub(crate) fn spread(&self) -> Spread {
        match self {
            Self::NoConnection | Self::BreakerOpen | Self::Overloaded => Spread::Everyone,
            Self::Unusable(Unusable::TimedOut) => Spread::Singles,
            Self::Closed | Self::Unusable(_) | Self::Refused { .. } => Spread::Halves,
        }
    }

    /// Whether it counts against the system in the circuit breaker: a refusal is a working answer.
    pub(crate) fn is_outage(&self) -> bool {
        !matches!(self, Self::Refused { .. })
    }

    /// The value of the metrics' label `outcome`.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::NoConnection => "no_connection",
            Self::BreakerOpen => "breaker_open",
            Self::Overloaded => "overloaded",
            Self::Closed => "closed",
            Self::Unusable(Unusable::HttpStatus(_)) => "http_status",
            Self::Unusable(Unusable::Malformed) => "malformed",
            Self::Unusable(Unusable::TimedOut) => "timed_out",
            Self::Unusable(Unusable::Interrupted) => "interrupted",
            Self::Refused { .. } => "refused",
        }
    }
}

impl From<CallError> for KoroadError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::NoConnection | CallError::BreakerOpen | CallError::Overloaded | CallError::Closed => {
                Self::Unreachable
            }
            CallError::Unusable(why) => Self::Unusable(why),
            CallError::Refused { code, message } => {
                Self::Refused { code, message: message.as_ref().to_owned() }
            }
        }
    }
}

/// Neither the registry nor the photo check has refusals of its own: one would be malformed.
macro_rules! from_call_error {
    ($error:ty) => {
        impl From<CallError> for $error {
            fn from(error: CallError) -> Self {
                match error {
                    CallError::NoConnection
                    | CallError::BreakerOpen
                    | CallError::Overloaded
                    | CallError::Closed => Self::Unreachable,
                    CallError::Unusable(why) => Self::Unusable(why),
                    CallError::Refused { .. } => Self::Unusable(Unusable::Malformed),
                }
            }
        }
    };
}
from_call_error!(RegistryError);
from_call_error!(PhotoError);
