//! What an administrator does with accounts, keys, delegations, webhooks and rentals; `rims admin` and the
//! sandbox's fixtures come through here. Every change is a row of the audit trail.

mod backup;
mod rentals;
mod trail;
mod webhooks;

use ipnet::IpNet;
use rims_domain::account::{Decision, InvalidTransition};
use rims_domain::{
    Account, AccountId, AccountKind, Actor, AuditAction, Credential, CredentialId, Environment, rental,
};
use rims_protocol::codes::{AccountStatus, Approval};
use rims_protocol::values::{BusinessNumber, RemoteNumber, UserId};
use rims_store::{Constraint, NewAudit, NewCredential, RetireError, Store, StoreError, Subject, Write};
use zeroize::Zeroizing;

use super::system_event;
use crate::clock::Clock;
use crate::random::{self, NoRandomness};
use crate::webhook::{MessageId, NotAllowed};

pub use backup::{RestoreRequest, restore};
pub use trail::{Person, Purpose, TrailEvent, TrailReader};
pub use webhooks::{MAX_WEBHOOKS, NewWebhook};

/// Why an administrator's wish was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdministrationError {
    /// Nobody has this id.
    #[error("no user {0}")]
    NoSuchUser(UserId),
    /// Somebody has this id already.
    #[error("there is a user {0} already")]
    UserExists(UserId),
    /// The account's present state does not allow it.
    #[error("user {0}: {1}")]
    Transition(UserId, InvalidTransition),
    /// The account was changed at the same moment.
    #[error("user {0} has just been changed by somebody else; look at it again")]
    UserChanged(UserId),
    /// The user has a key of each environment asked for; rotate one instead.
    #[error("user {0} has its keys already; use `rims admin keys rotate`")]
    KeysExist(UserId),
    /// The user has no key there that is not revoked.
    #[error("user {0} has no {name} key", name = .1.name())]
    NoKey(UserId, Environment),
    /// The first has not delegated to the second.
    #[error("user {0} has not delegated to {1}")]
    NoDelegation(UserId, UserId),
    /// An account cannot delegate to itself.
    #[error("user {0} cannot delegate to itself")]
    SelfDelegation(UserId),
    /// Events may not be sent to that address.
    #[error("no webhook to that address: {0}")]
    Address(#[from] NotAllowed),
    /// The user has as many webhooks as it may have.
    #[error("user {0} has {MAX_WEBHOOKS} webhooks already; disable one first")]
    TooManyWebhooks(UserId),
    /// The user has no webhook of this number.
    #[error("user {0} has no webhook {1}")]
    NoWebhook(UserId, i64),
    /// Nothing more is sent there.
    #[error("webhook {0} is disabled")]
    WebhookDisabled(i64),
    /// The webhook was told no such thing, or too long ago.
    #[error("webhook {0} has no message {1}")]
    NoMessage(i64, MessageId),
    /// No rental has this number.
    #[error("no rental {0}")]
    NoRental(RemoteNumber),
    /// The rental's present state does not allow it.
    #[error("rental {0}: {1}")]
    RentalTransition(RemoteNumber, rental::InvalidTransition),
    /// The rental was changed at the same moment.
    #[error("rental {0} has just been changed by somebody else; look at it again")]
    RentalChanged(RemoteNumber),
    /// A version of the master key is still needed.
    #[error(transparent)]
    Retire(#[from] RetireError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No random bytes.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

type Result<T> = std::result::Result<T, AdministrationError>;

/// An auth key and its Secret Key, shown once.
pub struct KeyPair {
    /// Which world it works in.
    pub environment: Environment,
    /// What tokens are issued for.
    pub auth_key: Zeroizing<String>,
    /// What bodies are encrypted with: 32 characters.
    pub secret_key: Zeroizing<String>,
}

impl KeyPair {
    /// A new pair.
    pub fn generate(environment: Environment) -> std::result::Result<Self, NoRandomness> {
        let (auth_key, secret_key) = (random::key()?.into(), random::key()?.into());
        Ok(Self { environment, auth_key, secret_key })
    }
}

/// The administrator's use cases.
#[derive(Clone, Debug)]
pub struct Administration {
    store: Store,
    clock: Clock,
    actor: Actor,
}

impl Administration {
    /// Over a store, which a server may be using at the same time. The audit trail names the system as who acts.
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, actor: Actor::System }
    }

    /// The same with another actor in the audit trail.
    #[must_use]
    pub fn acting_as(self, actor: Actor) -> Self {
        Self { actor, ..self }
    }

    /// All users, oldest first, for someone to look at.
    pub async fn users(&self) -> Result<Vec<Account>> {
        self.record(self.plain_event(AuditAction::AccountView)).await?;
        Ok(self.store.accounts().await?)
    }

    /// Records that something was looked at.
    async fn record(&self, audit: NewAudit) -> Result<()> {
        Ok(self.store.commit(Write::Audit(vec![audit])).await?)
    }

    /// One user with its keys that are not revoked.
    pub async fn user(&self, user_id: &UserId) -> Result<(Account, Vec<Credential>)> {
        let account = self.account(user_id).await?;
        let credentials = self.store.credentials_of(account.id).await?;
        Ok((account, credentials.into_iter().filter(|credential| !credential.revoked).collect()))
    }

    /// Registers a user, whose request for approval is then open.
    pub async fn create_user(
        &self,
        user_id: &UserId,
        brno: &BusinessNumber,
        company: &str,
        kind: AccountKind,
    ) -> Result<Account> {
        let account = Account {
            id: AccountId(self.store.next_id(self.clock.now())),
            user_id: user_id.clone(),
            brno: brno.clone(),
            company: company.to_owned(),
            kind,
            approval: Approval::Requested,
            status: AccountStatus::Normal,
        };
        let audit = self.event(AuditAction::AccountCreate, &account, 0);
        match self.store.commit(Write::CreateAccount { account: account.clone(), audit }).await {
            Ok(()) => Ok(account),
            Err(StoreError::Conflict(Constraint::Unique)) => {
                Err(AdministrationError::UserExists(user_id.clone()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Approves or rejects a user's request.
    pub async fn decide(&self, user_id: &UserId, decision: Decision) -> Result<Account> {
        let mut account = self.account(user_id).await?;
        let before = account.approval;
        account
            .decide(decision)
            .map_err(|refused| AdministrationError::Transition(user_id.clone(), refused))?;
        let (id, approval) = (account.id, account.approval);
        let audit = self.event_with(AuditAction::AccountDecide, &account, 0, approval.code());
        let write = Write::SetApproval { account: id, before, approval, audit };
        self.commit_change(user_id, write).await.map(|()| account)
    }

    /// Moves a user to another account state (table 5.6).
    pub async fn change_status(&self, user_id: &UserId, status: AccountStatus) -> Result<Account> {
        let mut account = self.account(user_id).await?;
        let before = account.status;
        account
            .change_status(status)
            .map_err(|refused| AdministrationError::Transition(user_id.clone(), refused))?;
        let audit = self.event_with(AuditAction::AccountStatus, &account, 0, status.code());
        let write = Write::SetAccountStatus { account: account.id, before, status, audit };
        self.commit_change(user_id, write).await.map(|()| account)
    }

    /// A change of an account that somebody else changed at the same moment is not made: it was decided for another state.
    async fn commit_change(&self, user_id: &UserId, write: Write) -> Result<()> {
        match self.store.commit(write).await {
            Err(StoreError::Missing(_)) => Err(AdministrationError::UserChanged(user_id.clone())),
            committed => Ok(committed?),
        }
    }

    /// Issues the development and the operations key together (§2.2), or the one of them that was revoked;
    /// gives the new ones, the development key first.
    pub async fn issue_keys(&self, user_id: &UserId) -> Result<Vec<KeyPair>> {
        let (account, credentials) = self.user(user_id).await?;
        let missing = Environment::ALL.iter().filter(|environment| !has_key(&credentials, **environment));
        let pairs = missing.map(|environment| KeyPair::generate(*environment));
        let pairs = pairs.collect::<std::result::Result<Vec<_>, _>>()?;
        if pairs.is_empty() {
            return Err(AdministrationError::KeysExist(user_id.clone()));
        }
        self.store_first(&account, &pairs).await?;
        Ok(pairs)
    }

    /// Stores a first pair of keys, such as the sandbox's well-known ones.
    pub(crate) async fn store_keys(&self, user_id: &UserId, pairs: &[KeyPair; 2]) -> Result<()> {
        let (account, credentials) = self.user(user_id).await?;
        if pairs.iter().any(|pair| has_key(&credentials, pair.environment)) {
            return Err(AdministrationError::KeysExist(user_id.clone()));
        }
        self.store_first(&account, pairs).await
    }

    /// Replaces a key: the old one stops to work, the new one has its approval and networks.
    pub async fn rotate_key(&self, user_id: &UserId, environment: Environment) -> Result<KeyPair> {
        let (account, old) = self.key(user_id, environment).await?;
        let pair = KeyPair::generate(environment)?;
        let mut new = self.new_key(&account, &pair);
        new.credential.approved = old.approved;
        new.credential.allowed_ips = old.allowed_ips;
        let audit = self.event(AuditAction::KeyRevoke, &account, old.id.0);
        let write = Write::ReplaceCredential { new: Box::new(new), old: old.id, audit };
        self.store.commit(write).await.map_err(|error| no_key(error, user_id, environment))?;
        Ok(pair)
    }

    /// Revokes a key.
    pub async fn revoke_key(&self, user_id: &UserId, environment: Environment) -> Result<()> {
        let (account, credential) = self.key(user_id, environment).await?;
        let audit = self.event(AuditAction::KeyRevoke, &account, credential.id.0);
        let write = Write::RevokeCredential { credential: credential.id, audit };
        self.store.commit(write).await.map_err(|error| no_key(error, user_id, environment))
    }

    /// Approves the operations key (§2.2).
    pub async fn approve_operations_key(&self, user_id: &UserId) -> Result<()> {
        let (account, credential) = self.key(user_id, Environment::Operations).await?;
        let audit = self.event(AuditAction::KeyApprove, &account, credential.id.0);
        Ok(self.store.commit(Write::ApproveCredential { credential: credential.id, audit }).await?)
    }

    /// Sets the networks a key may be used from; none means any.
    pub async fn set_allowed_ips(
        &self,
        user_id: &UserId,
        environment: Environment,
        allowed_ips: Vec<IpNet>,
    ) -> Result<()> {
        let (account, credential) = self.key(user_id, environment).await?;
        let networks: Vec<String> = allowed_ips.iter().map(ToString::to_string).collect();
        let outcome = if networks.is_empty() { "any".to_owned() } else { networks.join(" ") };
        let audit = self.event_with(AuditAction::KeyAllow, &account, credential.id.0, &outcome);
        let write = Write::SetAllowedIps { credential: credential.id, allowed_ips, audit };
        Ok(self.store.commit(write).await?)
    }

    /// Lets `delegate` ask on behalf of `owner`.
    pub async fn grant(&self, owner: &UserId, delegate: &UserId) -> Result<()> {
        if owner == delegate {
            return Err(AdministrationError::SelfDelegation(owner.clone()));
        }
        let (owner, delegate) = (self.account(owner).await?, self.account(delegate).await?);
        let audit = self.event(AuditAction::DelegationGrant, &owner, delegate.id.0);
        let write = Write::GrantDelegation { owner: owner.id, delegate: delegate.id, audit };
        Ok(self.store.commit(write).await?)
    }

    /// Ends a delegation.
    pub async fn revoke_delegation(&self, owner: &UserId, delegate: &UserId) -> Result<()> {
        let (owner, delegate) = (self.account(owner).await?, self.account(delegate).await?);
        let audit = self.event(AuditAction::DelegationRevoke, &owner, delegate.id.0);
        let write = Write::RevokeDelegation { owner: owner.id, delegate: delegate.id, audit };
        self.store.commit(write).await.map_err(|error| match error {
            StoreError::Missing(_) => AdministrationError::NoDelegation(owner.user_id, delegate.user_id),
            error => error.into(),
        })
    }

    /// Seals everything under the current master key; gives the number of values.
    pub async fn reseal(&self) -> Result<u64> {
        Ok(self.store.reseal(self.plain_event(AuditAction::MasterKeyReseal)).await?)
    }

    /// Lets servers start without a version of the master key that nothing needs any more.
    pub async fn retire_master_key(&self, version: u16) -> Result<()> {
        let event = self.plain_event(AuditAction::MasterKeyRetire);
        let event = NewAudit { reference: i64::from(version), ..event };
        Ok(self.store.retire_key(version, event).await?)
    }

    async fn account(&self, user_id: &UserId) -> Result<Account> {
        let found = self.store.account_by_user_id(user_id.as_str()).await?;
        found.ok_or_else(|| AdministrationError::NoSuchUser(user_id.clone()))
    }

    async fn key(&self, user_id: &UserId, environment: Environment) -> Result<(Account, Credential)> {
        let (account, credentials) = self.user(user_id).await?;
        let found = credentials.into_iter().find(|credential| credential.environment == environment);
        let credential = found.ok_or_else(|| AdministrationError::NoKey(user_id.clone(), environment))?;
        Ok((account, credential))
    }

    /// Not approved, and usable from anywhere.
    async fn store_first(&self, account: &Account, pairs: &[KeyPair]) -> Result<()> {
        let new = pairs.iter().map(|pair| self.new_key(account, pair)).collect();
        Ok(self.store.commit(Write::IssueCredentials(new)).await?)
    }

    fn new_key(&self, account: &Account, pair: &KeyPair) -> NewCredential {
        let id = CredentialId(self.store.next_id(self.clock.now()));
        let credential = Credential {
            id,
            account: account.id,
            environment: pair.environment,
            approved: false,
            revoked: false,
            allowed_ips: Vec::new(),
        };
        NewCredential {
            credential,
            auth_key: pair.auth_key.clone(),
            secret_key: pair.secret_key.clone(),
            audit: self.event(AuditAction::KeyIssue, account, id.0),
        }
    }

    fn event(&self, action: AuditAction, account: &Account, reference: i64) -> NewAudit {
        self.event_with(action, account, reference, "done")
    }

    fn event_with(&self, action: AuditAction, account: &Account, reference: i64, outcome: &str) -> NewAudit {
        NewAudit {
            company: Some(account.id),
            subject: Subject::User(account.user_id.clone()),
            reference,
            outcome: outcome.to_owned(),
            ..self.plain_event(action)
        }
    }

    /// An event about no one.
    fn plain_event(&self, action: AuditAction) -> NewAudit {
        NewAudit { actor: self.actor.clone(), ..system_event(self.clock.now(), action) }
    }
}

fn has_key(credentials: &[Credential], environment: Environment) -> bool {
    credentials.iter().any(|credential| credential.environment == environment)
}

/// The key was revoked between the look and the write.
fn no_key(error: StoreError, user_id: &UserId, environment: Environment) -> AdministrationError {
    match error {
        StoreError::Missing(_) => AdministrationError::NoKey(user_id.clone(), environment),
        error => error.into(),
    }
}
