//! The sandbox, and what an integrator does with a running one.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Subcommand;
use reqwest::Url;
use rims_client::values::{RemoteNumber, UserId};
use rims_server::webhook::EventKind;

use super::parse;
use crate::record::Format;

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
    /// Let --ops be another than a loopback address, although its control plane has no authentication.
    #[arg(long)]
    pub(crate) allow_public_control: bool,
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
    Clock(SandboxClock),
    Faults(Faults),
    Complete(Complete),
    /// Go back to the fixtures and the real clock.
    #[command(after_help = "Example: rims sandbox reset")]
    Reset(ControlPlane),
    Log(Log),
}

/// Which running sandbox.
#[derive(clap::Args)]
pub(crate) struct ControlPlane {
    /// The address of its control plane.
    #[arg(
        long = "ops-url",
        value_name = "URL",
        env = "RIMS_SANDBOX_OPS",
        default_value = "http://127.0.0.1:8116",
        value_parser = parse::base_url
    )]
    pub(crate) url: Url,
}

/// Read the clock of a running sandbox, or move it forward: all that became due is done when this ends.
#[derive(clap::Args)]
#[command(after_help = "Example: rims sandbox clock +1d")]
pub(crate) struct SandboxClock {
    /// How far (+3h, +1d, P1DT2H), or until when (2026-12-24T09:00:00+09:00).
    #[arg(value_name = "MOVE")]
    pub(crate) to: Option<String>,
    #[command(flatten)]
    pub(crate) control: ControlPlane,
}

/// A fault of a national system.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// None.
    Up,
    /// Of the control plane's own names.
    Named(&'static str),
    /// A code of KOROAD's (table 5.3).
    Code(String),
}

impl Fault {
    fn koroad(text: &str) -> Result<Self, String> {
        match text {
            "up" => Ok(Self::Up),
            "unreachable" => Ok(Self::Named("unreachable")),
            "garbage" => Ok(Self::Named("garbage")),
            "hang" => Ok(Self::Named("hang")),
            code if code.len() <= 3 && code.bytes().all(|byte| byte.is_ascii_digit()) && !code.is_empty() => {
                Ok(Self::Code(code.to_owned()))
            }
            _ => Err("up, unreachable, garbage, hang or a code of table 5.3 such as 98".to_owned()),
        }
    }

    fn vehicles(text: &str) -> Result<Self, String> {
        match text {
            "up" => Ok(Self::Up),
            "unreachable" => Ok(Self::Named("unreachable")),
            _ => Err("up or unreachable".to_owned()),
        }
    }
}

/// Show or set the faults of a running sandbox's national systems; what is not named stays.
#[derive(clap::Args)]
#[command(after_help = "Example: rims sandbox faults --koroad unreachable")]
pub(crate) struct Faults {
    /// up, unreachable, garbage, hang, or a code of table 5.3 that KOROAD answers.
    #[arg(long, value_name = "FAULT", value_parser = Fault::koroad)]
    pub(crate) koroad: Option<Fault>,
    /// up or unreachable.
    #[arg(long, value_name = "FAULT", value_parser = Fault::vehicles)]
    pub(crate) vehicles: Option<Fault>,
    /// How much longer every call takes.
    #[arg(long, value_name = "MS")]
    pub(crate) latency_ms: Option<u64>,
    #[command(flatten)]
    pub(crate) control: ControlPlane,
}

/// Finish a remote verification in the place of the driver.
#[derive(clap::Args)]
#[command(after_help = "Example: rims sandbox complete R26-000000843")]
pub(crate) struct Complete {
    /// A rental or verification number.
    #[arg(value_parser = parse::number)]
    pub(crate) number: RemoteNumber,
    /// The licence that the driver shows.
    #[arg(long, alias = "license", value_name = "NUMBER", default_value = "221212121212")]
    pub(crate) licence: String,
    /// The name on it.
    #[arg(long, default_value = "홍길동")]
    pub(crate) name: String,
    /// Its class, a code of table 5.4.
    #[arg(long, value_name = "CODE", default_value = "12")]
    pub(crate) class: String,
    /// How much the faces are alike, 0 to 100.
    #[arg(long, value_name = "SCORE")]
    pub(crate) similarity: Option<f64>,
    /// How sure it is that a living face was before the camera.
    #[arg(long, value_name = "SCORE")]
    pub(crate) liveness: Option<f64>,
    /// How sure it is that the card is no copy.
    #[arg(long, value_name = "SCORE")]
    pub(crate) originality: Option<f64>,
    /// What the licence-photo check answers (table 5.11).
    #[arg(long, value_name = "CODE")]
    pub(crate) photo: Option<String>,
    #[command(flatten)]
    pub(crate) control: ControlPlane,
}

/// Show the latest requests to a running sandbox and their answers, decrypted.
#[derive(clap::Args)]
#[command(after_help = "Example: rims sandbox log --follow")]
pub(crate) struct Log {
    /// Go on with each new request until Ctrl-C.
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// table: for people; json: one object a line.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) output: Format,
    #[command(flatten)]
    pub(crate) control: ControlPlane,
}

/// Register a webhook with a running sandbox, print what it is told, and pass it on, until Ctrl-C.
#[derive(clap::Args)]
#[command(after_help = "Example: rims listen --forward-to http://127.0.0.1:3000/rims")]
pub(crate) struct Listen {
    /// Whose events.
    #[arg(long, value_name = "USER", default_value = "s01", value_parser = parse::user_id)]
    pub(crate) user: UserId,
    /// Send each message there, with its headers; its answer is the sandbox's.
    #[arg(long, value_name = "URL", value_parser = parse::http_url)]
    pub(crate) forward_to: Option<Url>,
    /// Only events of these kinds, such as rental.confirmed; several with commas.
    #[arg(long, value_name = "KIND", value_parser = parse::event_kind, value_delimiter = ',')]
    pub(crate) events: Vec<EventKind>,
    #[command(flatten)]
    pub(crate) control: ControlPlane,
}

/// Let a running sandbox tell a company an example of an event.
#[derive(clap::Args)]
#[command(after_help = "Example: rims trigger rental.confirmed")]
pub(crate) struct Trigger {
    /// remote_verification.finished, reservation.changed, rental.confirmed, rental.cancelled or verification.rechecked.
    #[arg(value_name = "EVENT", value_parser = parse::event_kind)]
    pub(crate) kind: EventKind,
    /// Which company.
    #[arg(long, value_name = "USER", default_value = "s01", value_parser = parse::user_id)]
    pub(crate) user: UserId,
    #[command(flatten)]
    pub(crate) control: ControlPlane,
}
