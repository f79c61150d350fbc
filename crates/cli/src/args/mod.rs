mod admin;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use reqwest::Url;
use rims_protocol::values::RemoteNumber;

pub(crate) use admin::{
    Admin, AdminCommand, DelegationCommand, KeysCommand, MasterKeyCommand, RentalCommand, UserCommand,
    WebhookCommand,
};

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
    Link(Link),
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

/// Print the link that a driver opens to be verified remotely (§4.1.3), and on a terminal its QR code.
#[derive(clap::Args)]
#[command(after_help = "Example: rims link R25-000000843")]
pub(crate) struct Link {
    /// A rental or verification number.
    #[arg(value_parser = number)]
    pub(crate) number: RemoteNumber,
    /// The RIMS whose page it is.
    #[arg(long, value_name = "URL", default_value = "https://rims.kotsa.or.kr", value_parser = base_url)]
    pub(crate) base: Url,
    /// Print the QR code also where the output is no terminal.
    #[arg(long)]
    pub(crate) qr: bool,
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

fn number(text: &str) -> Result<RemoteNumber, String> {
    RemoteNumber::parse(text).ok_or_else(|| "a number such as R25-000000843".to_owned())
}

fn http_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| "an http:// or https:// address is expected".to_owned())
}

/// What stands before the page's path.
fn base_url(text: &str) -> Result<Url, String> {
    let url = http_url(text)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("an address without ? and # is expected".to_owned());
    }
    Ok(url)
}
