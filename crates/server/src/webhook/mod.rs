//! Signed webhooks after the Standard Webhooks specification 1.0.0 (<https://www.standardwebhooks.com>): what is
//! sent ([`Event`]), to where ([`WebhookUrl`], [`Targets`]), how it is signed ([`SigningSecrets`], [`Message`]) and
//! sent ([`WebhookClient`]). Only the [`Outbox`] knows the database.

mod address;
mod client;
mod event;
mod guard;
mod outbox;
mod secret;
mod signature;
mod targets;

pub use address::{NotAllowed, Reach, UrlError, WebhookUrl};
pub use client::{ClientError, DeliveryError, Timeouts, WebhookClient};
pub use event::{Event, EventKind, Outcome, Rechecked};
pub use outbox::Outbox;
pub use secret::{MalformedSecret, SigningSecrets, WebhookSecret};
pub use signature::{Message, MessageId};
pub use targets::{DeniedTarget, NoTarget, OwnSystem, Targets};
