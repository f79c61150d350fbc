use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use ipnet::IpNet;
use reqwest::Url;
use rims_domain::{AccountKind, Environment};
use rims_protocol::codes::AccountStatus;
use rims_protocol::values::{BusinessNumber, UserId};

/// RIMS: driver qualification verification (운전자격확인시스템).
#[derive(Parser)]
#[command(name = "rims", version, about, after_help = "Example: rims sandbox")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Sandbox(Sandbox),
    Serve(Serve),
    Migrate(Migrate),
    Simulate(Simulate),
    Admin(Admin),
    Token(Token),
    Seal(Seal),
    Open(Open),
    Codes(Codes),
}

/// Run the whole system on this machine, with fixture accounts and simulated national systems.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, after_help = "Example: rims sandbox --data ./sandbox")]
pub(crate) struct Sandbox {
    #[command(subcommand)]
    pub(crate) command: Option<SandboxCommand>,
    /// Where the interfaces listen; port 0 lets the system choose.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8114")]
    pub(crate) api: SocketAddr,
    /// Where the web listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8115")]
    pub(crate) web: SocketAddr,
    /// Where health, metrics and the control plane listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8116")]
    pub(crate) ops: SocketAddr,
    /// Keep the data in this folder; without it, in a temporary one that is removed at the end.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Another database, such as postgres://user@host/name.
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum SandboxCommand {
    /// Print the fixture accounts and their keys, without a running server.
    #[command(after_help = "Example: rims sandbox credentials --json")]
    Credentials {
        /// As JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
}

/// Run a server.
#[derive(clap::Args)]
#[command(after_help = "Example: rims serve --config /etc/rims/rims.toml")]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

/// Run the simulated national systems alone, for a server that is being set up.
#[derive(clap::Args)]
#[command(after_help = "Example: rims simulate --listen 127.0.0.1:8117")]
pub(crate) struct Simulate {
    /// Where KOROAD listens; the vehicle registry takes the next port.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8117")]
    pub(crate) listen: SocketAddr,
}

/// Bring the database's schema to this version.
#[derive(clap::Args)]
#[command(after_help = "Example: rims migrate --config /etc/rims/rims.toml")]
pub(crate) struct Migrate {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(clap::Args)]
pub(crate) struct ConfigFile {
    /// The configuration (docs/configuration.md).
    #[arg(long = "config", value_name = "FILE", env = "RIMS_CONFIG")]
    pub(crate) path: PathBuf,
}

/// Administer users, keys and delegations; works beside a running server.
#[derive(clap::Args)]
#[command(
    after_help = "Example: rims admin --config rims.toml user create s01 --brno 1234567890 --company 렌트카"
)]
pub(crate) struct Admin {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
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
        #[arg(value_parser = user_id)]
        user_id: UserId,
        /// 사업자등록번호, 10 digits.
        #[arg(long, value_parser = business_number)]
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
        #[arg(value_parser = user_id)]
        user_id: UserId,
    },
    /// Reject a user's request.
    #[command(after_help = "Example: rims admin user reject s01")]
    Reject {
        #[arg(value_parser = user_id)]
        user_id: UserId,
    },
    /// Change a user's account state (table 5.6: 1-6).
    #[command(after_help = "Example: rims admin user state s01 4")]
    State {
        #[arg(value_parser = user_id)]
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
        #[arg(value_parser = user_id)]
        user_id: UserId,
    },
    /// Replace a key; the new secrets are shown once, the old key stops to work.
    #[command(after_help = "Example: rims admin keys rotate s01 operations")]
    Rotate {
        #[arg(value_parser = user_id)]
        user_id: UserId,
        /// development or operations.
        #[arg(value_parser = environment)]
        environment: Environment,
    },
    /// Revoke a key and its tokens.
    #[command(after_help = "Example: rims admin keys revoke s01 development")]
    Revoke {
        #[arg(value_parser = user_id)]
        user_id: UserId,
        /// development or operations.
        #[arg(value_parser = environment)]
        environment: Environment,
    },
    /// Approve the operations key.
    #[command(after_help = "Example: rims admin keys approve s01")]
    Approve {
        #[arg(value_parser = user_id)]
        user_id: UserId,
    },
    /// Set the networks a key may be used from; without any, it may be used from anywhere.
    #[command(after_help = "Example: rims admin keys allow s01 operations 203.0.113.0/24 2001:db8::/32")]
    Allow {
        #[arg(value_parser = user_id)]
        user_id: UserId,
        /// development or operations.
        #[arg(value_parser = environment)]
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
        #[arg(value_parser = user_id)]
        owner: UserId,
        #[arg(value_parser = user_id)]
        delegate: UserId,
    },
    /// End that.
    #[command(after_help = "Example: rims admin delegation revoke s01 platform")]
    Revoke {
        #[arg(value_parser = user_id)]
        owner: UserId,
        #[arg(value_parser = user_id)]
        delegate: UserId,
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
    /// Encrypt the stored Secret Keys anew under the newest version; a server that was not restarted since the
    /// rotation could no longer read them.
    #[command(after_help = "Example: rims admin --config rims.toml master-key reseal")]
    Reseal,
}

/// Get a token; the auth key comes from RIMS_AUTH_KEY or a file.
#[derive(clap::Args)]
#[command(after_help = "Example: RIMS_AUTH_KEY=... rims token --url http://127.0.0.1:8114")]
pub(crate) struct Token {
    /// The RIMS to ask.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8114", value_parser = http_url)]
    pub(crate) url: Url,
    /// How long the whole request may take, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout_ms: u64,
    /// Read the auth key from this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) auth_key_file: Option<PathBuf>,
}

/// Encrypt a request body; the Secret Key comes from RIMS_SECRET_KEY or a file.
#[derive(clap::Args)]
#[command(after_help = "Example: echo '{\"f_license_no\":\"221212121212\"}' | RIMS_SECRET_KEY=... rims seal")]
pub(crate) struct Seal {
    /// The plaintext; standard input without it.
    pub(crate) file: Option<PathBuf>,
    /// Read the Secret Key from this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_key_file: Option<PathBuf>,
}

/// Decrypt a request body, or a bare `encryptedData`; the Secret Key comes from RIMS_SECRET_KEY or a file.
#[derive(clap::Args)]
#[command(after_help = "Example: RIMS_SECRET_KEY=... rims open body.json")]
pub(crate) struct Open {
    /// The body; standard input without it.
    pub(crate) file: Option<PathBuf>,
    /// Read the Secret Key from this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_key_file: Option<PathBuf>,
}

/// Print the specification's code tables (§5).
#[derive(clap::Args)]
#[command(after_help = "Example: rims codes licence")]
pub(crate) struct Codes {
    /// A table's name or number, such as `licence` or `5.2`; all of them without it.
    pub(crate) table: Option<String>,
    /// As JSON instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}

fn user_id(text: &str) -> Result<UserId, String> {
    UserId::parse(text)
        .map_err(|_| "a user id has 1 to 32 characters, is not blank and has no control character".to_owned())
}

fn company(text: &str) -> Result<String, String> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err("a company's name is not blank and has no control character".to_owned());
    }
    Ok(text.to_owned())
}

fn http_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| "an http:// or https:// address is expected".to_owned())
}

fn business_number(text: &str) -> Result<BusinessNumber, String> {
    BusinessNumber::parse(text).map_err(|_| "a business number has 10 digits".to_owned())
}

fn account_kind(text: &str) -> Result<AccountKind, String> {
    AccountKind::from_name(text).ok_or_else(|| "operator, platform, government or administrator".to_owned())
}

fn account_status(text: &str) -> Result<AccountStatus, String> {
    AccountStatus::from_code(text).ok_or_else(|| "a code of table 5.6, 1 to 6".to_owned())
}

fn environment(text: &str) -> Result<Environment, String> {
    Environment::from_name(text).ok_or_else(|| "development or operations".to_owned())
}
