mod admin;
mod audit;
mod company;
mod driver;
mod operation;
pub(crate) mod parse;
mod sandbox;
mod tools;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use reqwest::Url;
use rims_domain::OperatorName;
use rims_protocol::values::RemoteNumber;

pub(crate) use admin::{
    Admin, AdminCommand, DelegationCommand, KeysCommand, MasterKeyCommand, RentalCommand, UserCommand,
    WebhookCommand,
};
pub(crate) use audit::{
    Audit, AuditCommand, AuditExport, AuditList, AuditSubject, AuditVerify, Filter, TrailName,
};
pub(crate) use company::{
    Anomaly, Batch, Connection, History, KeyStore, Login, Number, Output, Reading, RemoteResult, Rental,
    RentalAction, Schedule, User, Verify, days,
};
pub(crate) use driver::Driver;
pub(crate) use operation::{Backup, Migrate, Restore};
pub(crate) use sandbox::{
    Complete, ControlPlane, Fault, Faults, Listen, Log, Sandbox, SandboxClock, SandboxCommand, Trigger,
};
pub(crate) use tools::{Completions, Doctor, Man, Why};

/// RIMS: driver qualification verification (운전자격확인시스템).
#[derive(Parser)]
#[command(name = "rims", version, about, after_help = "Example: rims sandbox")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Login(Login),
    Verify(Box<Verify>),
    Batch(Box<Batch>),
    Rental(Box<Rental>),
    Schedule(Box<Schedule>),
    Number(Box<Number>),
    Link(Link),
    Result(RemoteResult),
    History(Box<History>),
    User(User),
    Anomaly(Anomaly),
    Codes(Codes),
    Token(Token),
    Seal(Seal),
    Open(Open),
    Why(Why),
    Doctor(Doctor),
    Sandbox(Box<Sandbox>),
    Listen(Listen),
    Trigger(Trigger),
    Serve(Serve),
    Migrate(Migrate),
    Backup(Backup),
    Restore(Restore),
    Audit(Audit),
    Simulate(Simulate),
    Admin(Admin),
    Completions(Completions),
    Man(Man),
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

#[derive(clap::Args)]
pub(crate) struct ConfigFile {
    /// The configuration (docs/configuration.md).
    #[arg(long = "config", value_name = "FILE", env = "RIMS_CONFIG")]
    pub(crate) path: PathBuf,
}

#[derive(clap::Args)]
pub(crate) struct Acting {
    /// Who acts, for the audit trail; else SUDO_USER, else the name of the login.
    #[arg(long = "as", value_name = "NAME", value_parser = parse::operator, global = true)]
    pub(crate) operator: Option<OperatorName>,
}

/// Print the link that a driver opens to be verified remotely (§4.1.3), and on a terminal its QR code.
#[derive(clap::Args)]
#[command(after_help = "Example: rims link R25-000000843")]
pub(crate) struct Link {
    /// A rental or verification number.
    #[arg(value_parser = parse::number)]
    pub(crate) number: RemoteNumber,
    /// The RIMS whose page it is; else the profile's, or the national one.
    #[arg(long, value_name = "URL", value_parser = parse::base_url)]
    pub(crate) base: Option<Url>,
    /// A profile of `rims login`.
    #[arg(long, value_name = "NAME", value_parser = crate::profile::name)]
    pub(crate) profile: Option<String>,
    /// Print the QR code also where the output is no terminal.
    #[arg(long)]
    pub(crate) qr: bool,
}

/// Get a token (§4.1.1).
#[derive(clap::Args)]
#[command(after_help = "Example: RIMS_AUTH_KEY=... rims token --url http://127.0.0.1:8114")]
pub(crate) struct Token {
    #[command(flatten)]
    pub(crate) connection: Connection,
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
