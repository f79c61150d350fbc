//! Where a company is told what happens (docs/webhooks.md).

use rims_domain::{Account, AuditAction};
use rims_protocol::values::UserId;
use rims_store::{EndpointRecord, MessageRecord, NewEndpoint, Replay, StoreError, Write};

use super::{Administration, AdministrationError, Result};
use crate::random;
use crate::webhook::{EventKind, MessageId, Targets, WebhookSecret, WebhookUrl};

/// How many webhooks a company may have that are not disabled.
pub const MAX_WEBHOOKS: usize = 10;

/// A registered webhook and its secret, shown once.
#[derive(Debug)]
pub struct NewWebhook {
    /// Its number.
    pub id: i64,
    /// What its deliveries are signed with.
    pub secret: WebhookSecret,
}

impl Administration {
    /// Tells a company at this address from now on: the kinds of event that are named, or all of them.
    pub async fn add_webhook(
        &self,
        user_id: &UserId,
        url: &WebhookUrl,
        events: &[EventKind],
        targets: impl Into<Targets>,
    ) -> Result<NewWebhook> {
        targets.into().check(url).await?;
        let account = self.account(user_id).await?;
        let enabled = self.store.endpoints(account.id).await?;
        if enabled.iter().filter(|endpoint| endpoint.disabled.is_none()).count() >= MAX_WEBHOOKS {
            return Err(AdministrationError::TooManyWebhooks(user_id.clone()));
        }
        let at = self.clock.now();
        let (id, secret) = (self.store.next_id(at), WebhookSecret::generate(random::fill)?);
        let url = url.as_str().to_owned();
        let events = events.iter().map(|kind| kind.name().to_owned()).collect();
        let new = NewEndpoint { id, company: account.id, url, secret: secret.expose(), events, at };
        let audit = self.event(AuditAction::WebhookAdd, &account, id);
        self.store.commit(Write::AddEndpoint { new, audit }).await?;
        Ok(NewWebhook { id, secret })
    }

    /// A company's webhooks, oldest first, also those that were disabled.
    pub async fn webhooks(&self, user_id: &UserId) -> Result<Vec<EndpointRecord>> {
        let account = self.account(user_id).await?;
        self.record(self.event(AuditAction::WebhookView, &account, 0)).await?;
        Ok(self.store.endpoints(account.id).await?)
    }

    /// Sends nothing more there; what waits is given up.
    pub async fn disable_webhook(&self, user_id: &UserId, id: i64) -> Result<()> {
        let (account, endpoint) = self.webhook(user_id, id).await?;
        let endpoint = enabled(&endpoint)?;
        let audit = self.event(AuditAction::WebhookDisable, &account, endpoint);
        let disabled = self.store.commit(Write::DisableEndpoint { endpoint, audit }).await;
        disabled.map_err(|error| match error {
            StoreError::Missing(_) => AdministrationError::WebhookDisabled(endpoint),
            error => error.into(),
        })
    }

    /// A webhook's latest messages, newest first.
    pub async fn webhook_messages(
        &self,
        user_id: &UserId,
        id: i64,
        limit: u32,
    ) -> Result<Vec<MessageRecord>> {
        let (account, endpoint) = self.webhook(user_id, id).await?;
        self.record(self.event(AuditAction::WebhookView, &account, endpoint.id)).await?;
        Ok(self.store.messages(endpoint.id, limit).await?)
    }

    /// Sends messages once more, under the same ids.
    pub async fn replay(&self, user_id: &UserId, id: i64, what: Replay) -> Result<()> {
        let (account, endpoint) = self.webhook(user_id, id).await?;
        let endpoint = enabled(&endpoint)?;
        let audit = self.event(AuditAction::WebhookReplay, &account, endpoint);
        let replayed = self.store.commit(Write::Replay { endpoint, what, audit }).await;
        replayed.map_err(|error| match (error, what) {
            (StoreError::Missing(_), Replay::Message(message)) => {
                AdministrationError::NoMessage(endpoint, MessageId::of_message(message))
            }
            (error, _) => error.into(),
        })
    }

    /// A webhook of this company; another's is as unknown as none.
    async fn webhook(&self, user_id: &UserId, id: i64) -> Result<(Account, EndpointRecord)> {
        let account = self.account(user_id).await?;
        let mut endpoints = self.store.endpoints(account.id).await?.into_iter();
        match endpoints.find(|endpoint| endpoint.id == id) {
            Some(endpoint) => Ok((account, endpoint)),
            None => Err(AdministrationError::NoWebhook(user_id.clone(), id)),
        }
    }
}

fn enabled(endpoint: &EndpointRecord) -> Result<i64> {
    match endpoint.disabled {
        None => Ok(endpoint.id),
        Some(_) => Err(AdministrationError::WebhookDisabled(endpoint.id)),
    }
}
