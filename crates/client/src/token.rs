//! The token (§4.1.1): issued once for all callers, kept until shortly before its end.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderValue;

use crate::error::Error;

/// How long a token is used: it lives 3 hours (§4.1.1), and a request under way needs some of them.
const USED_FOR: SignedDuration = SignedDuration::from_mins(170);

/// `Bearer …`, marked as sensitive.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Bearer(pub(crate) HeaderValue);

struct Held {
    bearer: Bearer,
    until: Timestamp,
}

/// The token that is held, and who is fetching the next one.
#[derive(Default)]
pub(crate) struct Tokens {
    held: Mutex<Option<Held>>,
    /// Locked while a token is fetched; holds the last failure and its number.
    fetching: tokio::sync::Mutex<Option<(u64, Error)>>,
    failures: AtomicU64,
}

impl Tokens {
    /// The held token, or a new one. Of callers at the same time one fetches, and all get what it got.
    pub(crate) async fn get(
        &self,
        now: Timestamp,
        fetch: impl AsyncFnOnce() -> Result<Bearer, Error>,
    ) -> Result<Bearer, Error> {
        let failures_before = self.failures.load(Ordering::SeqCst);
        if let Some(bearer) = self.fresh(now) {
            return Ok(bearer);
        }
        let mut last_failure = self.fetching.lock().await;
        if let Some(bearer) = self.fresh(now) {
            return Ok(bearer);
        }
        if let Some((number, error)) = &*last_failure
            && *number > failures_before
        {
            return Err(error.clone());
        }
        match fetch().await {
            Ok(bearer) => {
                self.keep(bearer.clone(), now);
                Ok(bearer)
            }
            Err(error) => {
                let number = self.failures.fetch_add(1, Ordering::SeqCst) + 1;
                *last_failure = Some((number, error.clone()));
                Err(error)
            }
        }
    }

    /// A token that was refused is not used again; a newer one stays.
    pub(crate) fn forget(&self, refused: &Bearer) {
        if let Ok(mut held) = self.held.lock()
            && held.as_ref().is_some_and(|held| held.bearer == *refused)
        {
            *held = None;
        }
    }

    fn fresh(&self, now: Timestamp) -> Option<Bearer> {
        let held = self.held.lock().ok()?;
        held.as_ref().filter(|held| now < held.until).map(|held| held.bearer.clone())
    }

    fn keep(&self, bearer: Bearer, now: Timestamp) {
        if let Ok(mut held) = self.held.lock() {
            let until = now.saturating_add(USED_FOR).unwrap_or(Timestamp::MAX);
            *held = Some(Held { bearer, until });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures::future::join_all;

    use super::*;

    fn bearer(text: &'static str) -> Bearer {
        Bearer(HeaderValue::from_static(text))
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    #[tokio::test]
    async fn a_token_is_kept_until_shortly_before_its_end() {
        let tokens = Tokens::default();
        let fetched = Cell::new(0);
        let get = async |minutes| {
            let fetch = async || {
                fetched.set(fetched.get() + 1);
                Ok(bearer("Bearer a"))
            };
            tokens.get(at(minutes), fetch).await.unwrap()
        };
        get(0).await;
        get(169).await;
        assert_eq!(fetched.get(), 1);
        get(170).await;
        assert_eq!(fetched.get(), 2);
    }

    #[tokio::test]
    async fn many_at_once_fetch_once_and_share_a_failure() {
        let tokens = Tokens::default();
        let asked = Cell::new(0);
        let failing = async || {
            asked.set(asked.get() + 1);
            tokio::task::yield_now().await;
            Err(Error::TimedOut)
        };
        let results = join_all((0..50).map(|_| tokens.get(at(0), failing))).await;
        assert!(results.into_iter().all(|result| result.is_err_and(|error| error == Error::TimedOut)));
        assert_eq!(asked.get(), 1);
        // A later caller tries again.
        let fetch = async || {
            asked.set(asked.get() + 1);
            tokio::task::yield_now().await;
            Ok(bearer("Bearer b"))
        };
        let results = join_all((0..50).map(|_| tokens.get(at(0), fetch))).await;
        assert!(results.into_iter().all(|result| result.is_ok()));
        assert_eq!(asked.get(), 2);
    }

    #[tokio::test]
    async fn a_refused_token_is_forgotten_and_a_newer_one_is_not() {
        let tokens = Tokens::default();
        let first = tokens.get(at(0), async || Ok(bearer("Bearer a"))).await.unwrap();
        tokens.forget(&first);
        let second = tokens.get(at(0), async || Ok(bearer("Bearer b"))).await.unwrap();
        tokens.forget(&first);
        let held = tokens.get(at(0), async || Err(Error::TimedOut)).await.unwrap();
        assert!(held == second);
    }
}
