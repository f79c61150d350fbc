//! Reading the audit trail (개인정보의 안전성 확보조치 기준 §8②: reviewed every month, and a reason for every download).
//! Each reading is an event of the trail itself.

use std::collections::HashMap;

use rims_domain::{AccountId, Actor, AuditAction, CredentialId};
use rims_protocol::values::{LicenceNumber, UserId};
use rims_store::{AuditEntry, AuditQuery, AuditReader, NewAudit, StoreError, Subject};

use super::{Administration, Result};

/// Whom an event was about.
#[derive(Clone, Debug)]
pub enum Person {
    /// A driver, by the licence.
    Driver(LicenceNumber),
    /// A user of RIMS.
    User(UserId),
}

impl From<Person> for Subject {
    fn from(person: Person) -> Self {
        match person {
            Person::Driver(licence) => Self::Licence(licence),
            Person::User(user_id) => Self::User(user_id),
        }
    }
}

/// What the trail is read for.
#[derive(Clone, Debug)]
pub struct Purpose {
    /// [`AuditAction::AuditView`] or [`AuditAction::AuditExport`].
    pub action: AuditAction,
    /// The reason that was given.
    pub reason: Option<String>,
}

/// An event with the names of those in it.
#[derive(Clone, Debug)]
pub struct TrailEvent {
    /// The event.
    pub event: AuditEntry,
    /// The user whose key it was done with.
    pub actor_user: Option<UserId>,
    /// The user whose data it was; none where it is no longer registered.
    pub company_user: Option<UserId>,
}

/// The events of a reading, one after the other.
pub struct TrailReader<'a> {
    administration: &'a Administration,
    reader: AuditReader,
    users: HashMap<AccountId, UserId>,
    owners: HashMap<CredentialId, Option<AccountId>>,
}

impl Administration {
    /// The account number of a user, for [`AuditQuery::company`].
    pub async fn account_id(&self, user_id: &UserId) -> Result<AccountId> {
        Ok(self.account(user_id).await?.id)
    }

    /// Reads the trail; the reading is recorded before it begins.
    pub async fn read_trail(
        &self,
        query: AuditQuery,
        person: Option<Person>,
        purpose: Purpose,
    ) -> Result<TrailReader<'_>> {
        let subject = person.map_or(Subject::None, Subject::from);
        let person = self.store.subject_hash(&subject);
        let outcome = purpose.reason.unwrap_or_else(|| "done".to_owned());
        let company = query.company;
        self.record(NewAudit { company, subject, outcome, ..self.plain_event(purpose.action) }).await?;
        let users = self.store.accounts().await?.into_iter().map(|account| (account.id, account.user_id));
        Ok(TrailReader {
            administration: self,
            reader: self.store.read_audit(AuditQuery { person, ..query }).await?,
            users: users.collect(),
            owners: HashMap::new(),
        })
    }
}

impl TrailReader<'_> {
    /// The next event; none after the last.
    pub async fn next(&mut self) -> Result<Option<TrailEvent>> {
        let Some(event) = self.reader.next().await? else { return Ok(None) };
        let owner = match &event.actor {
            Actor::Credential(id) => self.owner(*id).await?,
            Actor::System | Actor::Person(_) | Actor::Operator(_) => None,
        };
        let user = |account: Option<AccountId>| self.users.get(&account?).cloned();
        Ok(Some(TrailEvent { actor_user: user(owner), company_user: user(event.company), event }))
    }

    async fn owner(
        &mut self,
        credential: CredentialId,
    ) -> std::result::Result<Option<AccountId>, StoreError> {
        if let Some(owner) = self.owners.get(&credential) {
            return Ok(*owner);
        }
        let owner = self.administration.store.credential_owner(credential).await?;
        self.owners.insert(credential, owner);
        Ok(owner)
    }
}
