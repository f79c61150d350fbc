//! The id of the request that is being answered, for whatever is logged meanwhile. A task-local value: a span
//! per request costs more than the rest of observing it.

use std::fmt;

use tokio::task::futures::TaskLocalFuture;

tokio::task_local! {
    static CURRENT: RequestId;
}

/// A request's id: 16 hexadecimal characters, answered as `X-Request-Id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(pub(crate) u64);

impl RequestId {
    /// Runs `work` as this request's.
    pub(crate) fn scope<F: Future>(self, work: F) -> TaskLocalFuture<Self, F> {
        CURRENT.scope(self, work)
    }

    /// The id of the request that is being answered here; of nothing else than zeroes outside of one.
    pub(crate) fn current() -> Self {
        CURRENT.try_get().unwrap_or(Self(0))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_known_within_its_request_only() {
        let inside = RequestId(0xab).scope(async { RequestId::current() }).await;
        assert_eq!(inside.to_string(), "00000000000000ab");
        assert_eq!(RequestId::current(), RequestId(0));
    }
}
