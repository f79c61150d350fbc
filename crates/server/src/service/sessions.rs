//! Tokens and the keys behind them (§4.1.1).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use rims_domain::{Account, Credential, CredentialId, Environment, token};
use rims_protocol::SecretKey;
use rims_store::{Quota, Store, StoreError, TokenHash, TokenRecord, Write};
use uuid::Uuid;

use super::recent::Recent;
use super::{ServiceError, Services};
use crate::clock::Clock;
use crate::random;
use crate::sandbox::fixtures;

/// Tokens kept at hand; the rest is one look-up away.
const TOKENS: usize = 100_000;
const CALLERS: usize = 10_000;

/// Whether the sandbox's well-known keys are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPolicy {
    /// In the sandbox.
    AcceptWellKnown,
    /// Everywhere else: anybody can compute them.
    RefuseWellKnown,
}

/// Who is calling: a usable key, its account, and the Secret Key that opens the caller's bodies.
#[derive(Debug)]
pub struct Caller {
    /// The key.
    pub credential: Credential,
    /// Its account.
    pub account: Account,
    /// Opens the caller's bodies.
    pub secret_key: SecretKey,
}

#[derive(Debug)]
pub(super) struct Sessions {
    store: Store,
    clock: Clock,
    keys: KeyPolicy,
    tokens: Cache<TokenHash, TokenRecord>,
    callers: Recent<CredentialId, Option<Arc<Caller>>>,
}

impl Sessions {
    pub(super) fn new(store: Store, clock: Clock, keys: KeyPolicy, max_age: Duration) -> Self {
        Self { store, clock, keys, tokens: Cache::new(TOKENS), callers: Recent::new(CALLERS, max_age) }
    }

    pub(super) fn forget_callers(&self) {
        self.callers.forget();
    }

    pub(super) fn forget(&self) {
        self.tokens.clear();
        self.callers.forget();
    }

    /// The token as the database has it. Tokens never change, so one that was found is kept; one that was not
    /// found may have been issued by another node since, and is asked for again.
    async fn token(&self, hash: TokenHash) -> Result<Option<TokenRecord>, StoreError> {
        if let Some(record) = self.tokens.get(&hash) {
            return Ok(Some(record));
        }
        // What is rare has memory of its own: every request under way would hold it.
        let found = Box::pin(self.store.token(&hash)).await?;
        if let Some(record) = &found {
            self.tokens.insert(hash, *record);
        }
        Ok(found)
    }

    async fn caller(&self, id: CredentialId) -> Result<Option<Arc<Caller>>, StoreError> {
        self.callers
            .get(id, async |id| {
                let record = Box::pin(self.store.credential(*id)).await?;
                Ok(record.map(|record| {
                    let secret_key = SecretKey::new(&record.secret_key);
                    Arc::new(Caller { credential: record.credential, account: record.account, secret_key })
                }))
            })
            .await
    }
}

impl Services {
    /// The key that an auth key stands for, if it works now and from this address.
    pub async fn usable_key(&self, auth_key: &str, peer: IpAddr) -> Result<UsableKey, ServiceError> {
        let sessions = &self.sessions;
        if sessions.keys == KeyPolicy::RefuseWellKnown && fixtures::is_well_known(auth_key) {
            return Err(ServiceError::Unauthenticated);
        }
        let record = sessions.store.credential_by_auth_key(auth_key).await?;
        let record = record
            .filter(|record| record.credential.is_usable(&record.account, peer))
            .ok_or(ServiceError::Unauthenticated)?;
        Ok(UsableKey(record.credential))
    }

    /// Issues a token for a key (§4.1.1.2): valid for three hours, beside the earlier ones. It is shown once:
    /// only its hash is stored.
    pub async fn issue_token(&self, key: UsableKey) -> Result<Uuid, ServiceError> {
        self.spend(Quota::Tokens, &key.0, 1).await?;
        let sessions = &self.sessions;
        let token = random::uuid()?;
        let issued = sessions.clock.now();
        let write = Write::Token {
            hash: TokenHash::of(&token.to_string()),
            credential: key.0.id,
            issued,
            expires: token::expiry(issued),
        };
        sessions.store.commit(write).await?;
        Ok(token)
    }

    /// Who holds a token, if it works now and from this address.
    pub async fn caller_of_token(&self, token: &str, peer: IpAddr) -> Result<Arc<Caller>, ServiceError> {
        let sessions = &self.sessions;
        let Some(record) = sessions.token(TokenHash::of(token)).await? else {
            return Err(ServiceError::Unauthenticated);
        };
        if !token::is_alive(record.expires, sessions.clock.now()) {
            return Err(ServiceError::Unauthenticated);
        }
        let caller = sessions.caller(record.credential).await?;
        caller
            .filter(|caller| caller.credential.is_usable(&caller.account, peer))
            .ok_or(ServiceError::Unauthenticated)
    }
}

/// A key that was found to work: proof for [`Services::issue_token`].
pub struct UsableKey(Credential);

impl UsableKey {
    /// What the rate limit counts by.
    pub fn credential(&self) -> CredentialId {
        self.0.id
    }

    /// Development or operations.
    pub fn environment(&self) -> Environment {
        self.0.environment
    }
}
