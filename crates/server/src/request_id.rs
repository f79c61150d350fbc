//! The request that is being answered: its id, for whatever is logged meanwhile, and the environment of its key. Task-local
//! values: a span per request costs more than the rest of observing it.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use aes::Aes128Enc;
use axum::http::HeaderValue;
use cipher::{Block, BlockCipherEncrypt as _, KeyInit as _};
use data_encoding::HEXLOWER;
use rims_domain::Environment;
use tokio::task::futures::TaskLocalFuture;

use crate::random::{self, NoRandomness};

tokio::task_local! {
    static CURRENT: Current;
}

/// What is known of the request that is being answered.
pub(crate) struct Current {
    id: RequestId,
    /// Once its key was found.
    environment: Cell<Option<Environment>>,
}

/// A request's id: 32 hexadecimal characters, answered as `X-Request-Id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(u128);

impl RequestId {
    /// Runs `work` as this request's.
    pub(crate) fn scope<F: Future>(self, work: F) -> TaskLocalFuture<Current, F> {
        CURRENT.scope(Current { id: self, environment: Cell::new(None) }, work)
    }

    /// The id of the request that is being answered here; of nothing else than zeroes outside of one.
    pub(crate) fn current() -> Self {
        CURRENT.try_with(|current| current.id).unwrap_or(Self(0))
    }
}

/// Notes the environment of the request's key.
pub(crate) fn note_environment(environment: Environment) {
    // Outside of a request there is nothing to note.
    _ = CURRENT.try_with(|current| current.environment.set(Some(environment)));
}

/// The environment of the request's key, if one was found.
pub(crate) fn environment() -> Option<Environment> {
    CURRENT.try_with(|current| current.environment.get()).ok().flatten()
}

impl RequestId {
    /// As a header's value.
    pub(crate) fn header(self) -> Option<HeaderValue> {
        let mut digits = [0; 32];
        HEXLOWER.encode_mut(&self.0.to_be_bytes(), &mut digits);
        HeaderValue::from_bytes(&digits).ok()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Makes ids: a counter, enciphered under a key of this process, so that two ids do not tell how many requests of others
/// lie between them.
pub(crate) struct RequestIds {
    cipher: Aes128Enc,
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new() -> Result<Self, NoRandomness> {
        let mut key = [0; 16];
        random::fill(&mut key)?;
        Ok(Self { cipher: Aes128Enc::new(&key.into()), next: AtomicU64::new(0) })
    }

    pub(crate) fn next(&self) -> RequestId {
        let number = u128::from(self.next.fetch_add(1, Ordering::Relaxed));
        let mut block: Block<Aes128Enc> = number.to_be_bytes().into();
        self.cipher.encrypt_block(&mut block);
        RequestId(u128::from_be_bytes(block.into()))
    }
}

impl fmt::Debug for RequestIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestIds(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[tokio::test]
    async fn what_is_noted_is_known_within_its_request_only() {
        let inside = async {
            let before = environment();
            note_environment(Environment::Development);
            (RequestId::current(), before, environment())
        };
        let id = RequestId(0xab);
        assert_eq!(id.scope(inside).await, (id, None, Some(Environment::Development)));
        assert_eq!(id.to_string(), "000000000000000000000000000000ab");
        note_environment(Environment::Operations);
        assert_eq!((RequestId::current(), environment()), (RequestId(0), None));
    }

    #[test]
    fn ids_are_different_and_tell_nothing_of_their_order() {
        let (ids, others) = (RequestIds::new().unwrap(), RequestIds::new().unwrap());
        let made: Vec<u128> = (0..1_000).map(|_| ids.next().0).collect();
        assert_eq!(made.iter().collect::<HashSet<_>>().len(), 1_000);
        let rising = made.windows(2).filter(|pair| pair[0] < pair[1]).count();
        assert!((300..700).contains(&rising), "{rising} of 999");
        assert_ne!(others.next().0, made[0], "another process, other ids");
    }
}
