//! Wakes whoever delivers messages once they are stored, so that none waits for the next look.

use rims_domain::Environment;
use tokio::sync::watch;

use crate::prepared::{Command, Prepared};
use crate::store::Store;
use crate::webhook::WebhookCommand;

/// Counts, for each environment, how often messages were stored by this store.
#[derive(Debug, Default)]
pub(crate) struct Told {
    development: watch::Sender<u64>,
    operations: watch::Sender<u64>,
}

impl Told {
    /// After a write was committed.
    pub(crate) fn after(&self, write: &Prepared) {
        for command in &write.commands {
            match command {
                Command::Webhook(WebhookCommand::Tell(message)) => self.count(message.environment),
                Command::Webhook(WebhookCommand::Replay { .. }) => {
                    self.count(Environment::Development);
                    self.count(Environment::Operations);
                }
                _ => {}
            }
        }
    }

    fn count(&self, environment: Environment) {
        self.of(environment).send_modify(|count| *count += 1);
    }

    fn of(&self, environment: Environment) -> &watch::Sender<u64> {
        match environment {
            Environment::Development => &self.development,
            Environment::Operations => &self.operations,
        }
    }
}

impl Store {
    /// A number that grows when this store has committed messages of an environment. What other nodes store is not in it:
    /// they deliver it themselves.
    pub fn messages_told(&self, environment: Environment) -> watch::Receiver<u64> {
        self.inner.shared.told.of(environment).subscribe()
    }
}
