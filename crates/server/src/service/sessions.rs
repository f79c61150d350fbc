//! Tokens and the keys behind them (§4.1.1).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use quick_cache::sync::Cache;
use rims_domain::{
    Account, Actor, AuditAction, Credential, CredentialId, Environment, KeyRefusal, Requester, token,
};
use rims_protocol::SecretKey;
use rims_store::{NewAudit, Quota, Store, StoreError, Subject, TokenHash, TokenRecord, Write};
use uuid::Uuid;

use super::recent::Recent;
use super::{AuthenticationFailure, Principal, ServiceError, Services};
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
    pub account: Arc<Account>,
    /// Opens the caller's bodies.
    pub secret_key: SecretKey,
}

impl Caller {
    /// Who asks, with this key and from this address.
    pub fn principal(&self, address: IpAddr) -> Principal {
        Principal {
            account: Arc::clone(&self.account),
            environment: self.credential.environment,
            requester: Requester::Credential(self.credential.id),
            address: Some(address),
        }
    }
}

/// A refusal that was recorded: which key, why, and from where.
type Refused = (CredentialId, KeyRefusal, IpAddr);
/// A refusal is recorded once in this time, so that a program that repeats it does not fill the trail.
const REFUSAL_PAUSE: SignedDuration = SignedDuration::from_mins(1);
const REFUSALS: usize = 10_000;

#[derive(Debug)]
pub(super) struct Sessions {
    store: Store,
    clock: Clock,
    keys: KeyPolicy,
    tokens: Cache<TokenHash, TokenRecord>,
    callers: Recent<CredentialId, Option<Arc<Caller>>>,
    /// When each refusal was last recorded.
    refused: Cache<Refused, Timestamp>,
}

impl Sessions {
    pub(super) fn new(store: Store, clock: Clock, keys: KeyPolicy, max_age: Duration) -> Self {
        Self {
            store,
            clock,
            keys,
            tokens: Cache::new(TOKENS),
            callers: Recent::new(CALLERS, max_age),
            refused: Cache::new(REFUSALS),
        }
    }

    pub(super) fn forget_callers(&self) {
        self.callers.forget();
    }

    pub(super) fn forget(&self) {
        self.tokens.clear();
        self.callers.forget();
        self.refused.clear();
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
                // A token says nothing of the key it was issued for, but its Secret Key does.
                let record = record.filter(|record| {
                    self.keys == KeyPolicy::AcceptWellKnown || !fixtures::is_well_known(&record.secret_key)
                });
                Ok(record.map(|record| {
                    let secret_key = SecretKey::new(&record.secret_key);
                    let account = Arc::new(record.account);
                    Arc::new(Caller { credential: record.credential, account, secret_key })
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
            return Err(unauthenticated(AuthenticationFailure::WellKnownKey));
        }
        let Some(record) = sessions.store.credential_by_auth_key(auth_key).await? else {
            return Err(unauthenticated(AuthenticationFailure::UnknownKey));
        };
        if let Some(reason) = record.credential.refusal(&record.account, peer) {
            self.record_refusal(&record.credential, reason, peer).await?;
            return Err(unauthenticated(AuthenticationFailure::KeyRefused(reason)));
        }
        Ok(UsableKey { credential: record.credential, address: peer })
    }

    /// Issues a token for a key (§4.1.1.2): valid for three hours, beside the earlier ones. It is shown once:
    /// only its hash is stored.
    pub async fn issue_token(&self, key: UsableKey) -> Result<Uuid, ServiceError> {
        self.spend(Quota::Tokens, key.credential.account, key.credential.environment, 1).await?;
        let sessions = &self.sessions;
        let token = random::uuid()?;
        let issued = sessions.clock.now();
        let write = Write::Token {
            hash: TokenHash::of(&token.to_string()),
            credential: key.credential.id,
            issued,
            expires: token::expiry(issued),
        };
        let audit = key_event(&key.credential, key.address, issued, AuditAction::TokenIssue);
        sessions.store.commit(Write::Together(vec![write, Write::Audit(vec![audit])])).await?;
        Ok(token)
    }

    /// Who holds a token, if it works now and from this address.
    pub async fn caller_of_token(&self, token: &str, peer: IpAddr) -> Result<Arc<Caller>, ServiceError> {
        let sessions = &self.sessions;
        let Some(record) = sessions.token(TokenHash::of(token)).await? else {
            return Err(unauthenticated(AuthenticationFailure::UnknownToken));
        };
        let Some(caller) = sessions.caller(record.credential).await? else {
            return Err(unauthenticated(AuthenticationFailure::UnknownToken));
        };
        let expired = !token::is_alive(record.expires, sessions.clock.now());
        let refusal = caller.credential.refusal(&caller.account, peer);
        match refusal.or(expired.then_some(KeyRefusal::Expired)) {
            None => Ok(caller),
            Some(reason) => {
                Box::pin(self.record_refusal(&caller.credential, reason, peer)).await?;
                Err(unauthenticated(AuthenticationFailure::KeyRefused(reason)))
            }
        }
    }

    /// A key that exists was refused, or a token of it: one event a minute for each key, reason and address.
    async fn record_refusal(
        &self,
        credential: &Credential,
        reason: KeyRefusal,
        peer: IpAddr,
    ) -> Result<(), ServiceError> {
        let (refused, now) = ((credential.id, reason, peer), self.sessions.clock.now());
        if self.sessions.refused.get(&refused).is_some_and(|last| now < last + REFUSAL_PAUSE) {
            return Ok(());
        }
        let event = key_event(credential, peer, now, AuditAction::AuthRefused);
        let audit = NewAudit { outcome: reason.name().to_owned(), ..event };
        self.sessions.store.commit(Write::Audit(vec![audit])).await?;
        self.sessions.refused.insert(refused, now);
        Ok(())
    }
}

fn unauthenticated(failure: AuthenticationFailure) -> ServiceError {
    ServiceError::Unauthenticated(failure)
}

/// A key that was found to work: proof for [`Services::issue_token`].
pub struct UsableKey {
    credential: Credential,
    address: IpAddr,
}

impl UsableKey {
    /// What the rate limit counts by.
    pub fn credential(&self) -> CredentialId {
        self.credential.id
    }

    /// Development or operations.
    pub fn environment(&self) -> Environment {
        self.credential.environment
    }
}

/// An event about a key, by its holder.
fn key_event(credential: &Credential, address: IpAddr, at: Timestamp, action: AuditAction) -> NewAudit {
    NewAudit {
        at,
        actor: Actor::Credential(credential.id),
        address: Some(address),
        environment: Some(credential.environment),
        action,
        company: Some(credential.account),
        subject: Subject::None,
        reference: credential.id.0,
        outcome: "done".to_owned(),
    }
}
