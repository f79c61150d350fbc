use clap::Subcommand;
use ipnet::IpNet;
use rims_domain::{AccountKind, Environment};
use rims_protocol::codes::AccountStatus;
use rims_protocol::values::{BusinessNumber, RemoteNumber, UserId};
use rims_server::webhook::{EventKind, MessageId, WebhookUrl};
use rims_store::Replay;

use super::{Acting, ConfigFile, parse};

/// Administer users, keys, delegations, webhooks and rentals; works beside a running server.
#[derive(clap::Args)]
#[command(
    after_help = "Example: rims admin --config rims.toml user create s01 --brno 1234567890 --company 렌트카"
)]
pub(crate) struct Admin {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    #[command(flatten)]
    pub(crate) acting: Acting,
    #[command(subcommand)]
    pub(crate) command: AdminCommand,
}

#[derive(Subcommand)]
pub(crate) enum AdminCommand {
    /// Users: create, approve, reject, change state, list.
    #[command(subcommand, after_help = "Example: rims admin --config rims.toml user approve s01")]
    User(UserCommand),
    /// Keys: issue, rotate, revoke, approve, allow networks.
    #[command(subcommand, after_help = "Example: rims admin --config rims.toml keys issue s01")]
    Keys(KeysCommand),
    /// Delegations: who may ask on whose behalf.
    #[command(
        subcommand,
        after_help = "Example: rims admin --config rims.toml delegation grant s01 platform"
    )]
    Delegation(DelegationCommand),
    /// Webhooks: where a company is told what happens (docs/webhooks.md).
    #[command(
        subcommand,
        after_help = "Example: rims admin --config rims.toml webhook add s01 https://example.com/rims"
    )]
    Webhook(WebhookCommand),
    /// Rentals: look at one, confirm or cancel it.
    #[command(subcommand, after_help = "Example: rims admin --config rims.toml rental show R25-000000843")]
    Rental(RentalCommand),
    /// The keys that encrypt personal data at rest.
    #[command(subcommand, after_help = "Example: rims admin --config rims.toml master-key create")]
    MasterKey(MasterKeyCommand),
}

#[derive(Subcommand)]
pub(crate) enum UserCommand {
    /// Register a user; approve it next.
    #[command(
        after_help = "Example: rims admin user create s01 --brno 1234567890 --company (주)테스트렌트카"
    )]
    Create {
        /// 사용자ID, 1-32 characters.
        #[arg(value_parser = parse::user_id)]
        user_id: UserId,
        /// 사업자등록번호, 10 digits.
        #[arg(long, value_parser = parse::business_number)]
        brno: BusinessNumber,
        /// The company's name.
        #[arg(long, value_parser = company)]
        company: String,
        /// operator, platform, government or administrator.
        #[arg(long, default_value = "operator", value_parser = account_kind)]
        kind: AccountKind,
    },
    /// Approve a user's request.
    #[command(after_help = "Example: rims admin user approve s01")]
    Approve {
        #[arg(value_parser = parse::user_id)]
        user_id: UserId,
    },
    /// Reject a user's request.
    #[command(after_help = "Example: rims admin user reject s01")]
    Reject {
        #[arg(value_parser = parse::user_id)]
        user_id: UserId,
    },
    /// Change a user's account state (table 5.6: 1-6).
    #[command(after_help = "Example: rims admin user state s01 4")]
    State {
        #[arg(value_parser = parse::user_id)]
        user_id: UserId,
        /// 1 normal, 2 locked, 3 dormant, 4 suspended, 5 deleted, 6 withdrawn.
        #[arg(value_parser = account_status)]
        status: AccountStatus,
    },
    /// List every user.
    #[command(after_help = "Example: rims admin user list")]
    List,
}

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Issue the development and the operations key together, or the one that was revoked; the secrets are shown
    /// once.
    #[command(after_help = "Example: rims admin keys issue s01")]
    Issue {
        #[arg(value_parser = parse::user_id)]
        user_id: UserId,
    },
    /// Replace a key; the new secrets are shown once, the old key stops to work.
    #[command(after_help = "Example: rims admin keys rotate s01 operations")]
    Rotate {
        #[arg(value_parser = parse::user_id)]
        user_id: UserId,
        /// development or operations.
        #[arg(value_parser = parse::environment)]
        environment: Environment,
    },
    /// Revoke a key and its tokens.
    #[command(after_help = "Example: rims admin keys revoke s01 development")]
    Revoke {
        #[arg(value_parser = parse::user_id)]
        user_id: UserId,
        /// development or operations.
        #[arg(value_parser = parse::environment)]
        environment: Environment,
    },
    /// Approve the operations key.
    #[command(after_help = "Example: rims admin keys approve s01")]
    Approve {
        #[arg(value_parser = parse::user_id)]
        user_id: UserId,
    },
    /// Set the networks a key may be used from; without any, it may be used from anywhere.
    #[command(after_help = "Example: rims admin keys allow s01 operations 203.0.113.0/24 2001:db8::/32")]
    Allow {
        #[arg(value_parser = parse::user_id)]
        user_id: UserId,
        /// development or operations.
        #[arg(value_parser = parse::environment)]
        environment: Environment,
        /// Networks such as 203.0.113.0/24.
        networks: Vec<IpNet>,
    },
}

#[derive(Subcommand)]
pub(crate) enum DelegationCommand {
    /// Let DELEGATE ask on behalf of OWNER.
    #[command(after_help = "Example: rims admin delegation grant s01 platform")]
    Grant {
        #[arg(value_parser = parse::user_id)]
        owner: UserId,
        #[arg(value_parser = parse::user_id)]
        delegate: UserId,
    },
    /// End that.
    #[command(after_help = "Example: rims admin delegation revoke s01 platform")]
    Revoke {
        #[arg(value_parser = parse::user_id)]
        owner: UserId,
        #[arg(value_parser = parse::user_id)]
        delegate: UserId,
    },
}

#[derive(Subcommand)]
pub(crate) enum WebhookCommand {
    /// Tell a company at this address from now on; the secret that signs is shown once.
    #[command(after_help = "Example: rims admin webhook add s01 https://example.com/rims")]
    Add {
        #[arg(value_parser = parse::user_id)]
        user_id: UserId,
        /// An https address; with `webhooks.reach = "anywhere"` also http.
        #[arg(value_parser = webhook_url)]
        url: WebhookUrl,
        /// Only events of these kinds, such as rental.confirmed; several with commas. Without it all.
        #[arg(long, value_name = "KIND", value_parser = parse::event_kind, value_delimiter = ',')]
        events: Vec<EventKind>,
    },
    /// List a company's webhooks.
    #[command(after_help = "Example: rims admin webhook list s01")]
    List {
        #[arg(value_parser = parse::user_id)]
        user_id: UserId,
    },
    /// Send nothing more there; what waits is given up.
    #[command(after_help = "Example: rims admin webhook disable s01 791470197968990209")]
    Disable {
        #[arg(value_parser = parse::user_id)]
        user_id: UserId,
        /// The webhook, as `list` shows it.
        id: i64,
    },
    /// Show a webhook's latest messages.
    #[command(after_help = "Example: rims admin webhook messages s01 791470197968990209")]
    Messages {
        #[arg(value_parser = parse::user_id)]
        user_id: UserId,
        /// The webhook, as `list` shows it.
        id: i64,
    },
    /// Send messages once more.
    #[command(after_help = "Example: rims admin webhook replay s01 791470197968990209 --failed")]
    Replay {
        #[arg(value_parser = parse::user_id)]
        user_id: UserId,
        /// The webhook, as `list` shows it.
        id: i64,
        #[command(flatten)]
        what: Replayed,
    },
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Replayed {
    /// This message, as `messages` shows it, delivered or not.
    #[arg(long, value_name = "MSG", value_parser = message)]
    message: Option<i64>,
    /// Every message that was given up.
    #[arg(long)]
    failed: bool,
}

impl From<Replayed> for Replay {
    fn from(Replayed { message, failed }: Replayed) -> Self {
        match message {
            Some(message) if !failed => Self::Message(message),
            _ => Self::Failed,
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum RentalCommand {
    /// Show a rental.
    #[command(after_help = "Example: rims admin rental show R25-000000843")]
    Show {
        #[arg(value_parser = parse::number)]
        number: RemoteNumber,
    },
    /// Confirm a rental that waits; its company is told.
    #[command(after_help = "Example: rims admin rental confirm R25-000000843")]
    Confirm {
        #[arg(value_parser = parse::number)]
        number: RemoteNumber,
    },
    /// Cancel a rental; its company is told.
    #[command(after_help = "Example: rims admin rental cancel R25-000000843")]
    Cancel {
        #[arg(value_parser = parse::number)]
        number: RemoteNumber,
    },
}

#[derive(Subcommand)]
pub(crate) enum MasterKeyCommand {
    /// Create the master key file that the configuration names. Back it up: without it the data is lost.
    #[command(after_help = "Example: rims admin --config rims.toml master-key create")]
    Create,
    /// Add a key version to the file; older ones still decrypt. Back the file up, restart every server, then
    /// reseal.
    #[command(after_help = "Example: rims admin --config rims.toml master-key rotate")]
    Rotate,
    /// Encrypt everything that is stored anew under the newest version; a server that was not restarted since the
    /// rotation could no longer read it.
    #[command(after_help = "Example: rims admin --config rims.toml master-key reseal")]
    Reseal,
    /// Take a version out of the file, so that it opens nothing any more. Refused while anything stored needs it: the
    /// audit trail is verified with it until retention destroys its rows.
    #[command(after_help = "Example: rims admin --config rims.toml master-key retire 1")]
    Retire {
        /// The version.
        version: u16,
    },
}

fn company(text: &str) -> Result<String, String> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err("a company's name is not blank and has no control character".to_owned());
    }
    Ok(text.to_owned())
}

fn account_kind(text: &str) -> Result<AccountKind, String> {
    AccountKind::from_name(text).ok_or_else(|| "operator, platform, government or administrator".to_owned())
}

fn account_status(text: &str) -> Result<AccountStatus, String> {
    AccountStatus::from_code(text).ok_or_else(|| "a code of table 5.6, 1 to 6".to_owned())
}

fn webhook_url(text: &str) -> Result<WebhookUrl, String> {
    WebhookUrl::parse(text).map_err(|error| error.to_string())
}

fn message(text: &str) -> Result<i64, String> {
    let message = MessageId::parse(text).and_then(|id| id.message());
    message.ok_or_else(|| "a message such as msg_794218305974960129".to_owned())
}
