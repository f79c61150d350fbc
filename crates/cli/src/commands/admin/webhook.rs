use rims_server::service::administration::Administration;
use rims_server::webhook::{MessageId, Targets};
use rims_store::{EndpointRecord, MessageRecord, Replay};

use super::{refused, shown};
use crate::args::WebhookCommand;
use crate::output::{Failure, print, table};

/// How many of a webhook's messages are shown.
const LATEST: u32 = 100;

pub(super) async fn run(
    administration: &Administration,
    targets: Targets,
    command: WebhookCommand,
) -> Result<(), Failure> {
    match command {
        WebhookCommand::Add { user_id, url, events } => {
            let webhook =
                administration.add_webhook(&user_id, &url, &events, targets).await.map_err(refused)?;
            let secret = webhook.secret.expose();
            let rows =
                [["webhook", "secret"].map(String::from), [webhook.id.to_string(), secret.to_string()]];
            let shown_once = "The secret is shown once and cannot be shown again.\n";
            print(&format!("{}{shown_once}", table(&rows.map(Vec::from))))
        }
        WebhookCommand::List { user_id } => {
            let webhooks = administration.webhooks(&user_id).await.map_err(refused)?;
            let mut rows = vec![["webhook", "since", "state", "events", "url"].map(String::from).to_vec()];
            rows.extend(webhooks.iter().map(endpoint));
            print(&table(&rows))
        }
        WebhookCommand::Disable { user_id, id } => {
            administration.disable_webhook(&user_id, id).await.map_err(refused)?;
            print(&format!("disabled webhook {id} of {user_id}\n"))
        }
        WebhookCommand::Messages { user_id, id } => {
            let messages = administration.webhook_messages(&user_id, id, LATEST).await.map_err(refused)?;
            let names = ["message", "at", "type", "attempts", "state", "last failure"];
            let mut rows = vec![names.map(String::from).to_vec()];
            rows.extend(messages.into_iter().map(message));
            print(&table(&rows))
        }
        WebhookCommand::Replay { user_id, id, what } => {
            let what = Replay::from(what);
            administration.replay(&user_id, id, what).await.map_err(refused)?;
            match what {
                Replay::Message(message) => {
                    print(&format!("{} is sent once more\n", MessageId::of_message(message)))
                }
                Replay::Failed => print("every message that was given up is sent once more\n"),
            }
        }
    }
}

fn endpoint(record: &EndpointRecord) -> Vec<String> {
    let state = match record.disabled {
        None => "enabled".to_owned(),
        Some(at) => format!("disabled {}", shown(at)),
    };
    let events = if record.events.is_empty() { "all".to_owned() } else { record.events.join(",") };
    vec![record.id.to_string(), shown(record.created), state, events, record.url.clone()]
}

fn message(record: MessageRecord) -> Vec<String> {
    let state = match (record.delivered, record.due) {
        (Some(at), _) => format!("delivered {}", shown(at)),
        (None, Some(due)) => format!("due {}", shown(due)),
        (None, None) => "given up".to_owned(),
    };
    vec![
        MessageId::of_message(record.id).to_string(),
        shown(record.at),
        record.kind,
        record.attempts.to_string(),
        state,
        record.failure.unwrap_or_default(),
    ]
}
