//! The commands of the audit trail.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use rims_client::values::UserId;
use rims_domain::{Actor, AuditAction, CredentialId, Environment, OperatorName, PersonId};

use super::company::Output;
use super::parse::{self, Day};
use super::{Acting, ConfigFile};
use crate::record::Format;

/// The audit trail: who did what, when, from where, about whom.
#[derive(clap::Args)]
#[command(after_help = "Example: rims audit list --config /etc/rims/rims.toml --from -30 --trail rights")]
pub(crate) struct Audit {
    #[command(subcommand)]
    pub(crate) command: AuditCommand,
}

#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    List(Box<AuditList>),
    Subject(Box<AuditSubject>),
    Export(Box<AuditExport>),
    Verify(AuditVerify),
}

/// The latest events. The reading is an event, too.
#[derive(clap::Args)]
#[command(
    after_help = "Example: rims audit list --config /etc/rims/rims.toml --from -30 --action auth.refused"
)]
pub(crate) struct AuditList {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    #[command(flatten)]
    pub(crate) acting: Acting,
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// Why the trail is read.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(crate) reason: Option<String>,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Every event about a person. The reading is an event about that person, too.
#[derive(clap::Args)]
#[command(
    after_help = "Example: rims audit subject --config /etc/rims/rims.toml --reason \"request 2026-117\""
)]
pub(crate) struct AuditSubject {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    #[command(flatten)]
    pub(crate) acting: Acting,
    /// A driver's licence number. Without this and --user it is asked for, or read from standard input.
    #[arg(long, value_name = "NUMBER", conflicts_with = "user")]
    pub(crate) licence: Option<String>,
    /// A user of RIMS instead of a driver.
    #[arg(long, value_name = "USER", value_parser = parse::user_id)]
    pub(crate) user: Option<UserId>,
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Why the trail is read.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Every event of some days, oldest first, for a review or an authority. The export is an event, too.
#[derive(clap::Args)]
#[command(
    after_help = "Example: rims audit export --config /etc/rims/rims.toml --from 20261101 --to 20261130 --reason \"monthly review\""
)]
pub(crate) struct AuditExport {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    #[command(flatten)]
    pub(crate) acting: Acting,
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Why it is exported (개인정보의 안전성 확보조치 기준 §8).
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(crate) reason: String,
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    pub(crate) output: Format,
    /// In CSV, leave cells that a spreadsheet would calculate as they are.
    #[arg(long)]
    pub(crate) raw: bool,
}

/// Recompute every chain, beside a running server. Exit code 0: all are whole, 1: one is broken.
#[derive(clap::Args)]
#[command(
    after_help = "Example: rims audit verify --config /etc/rims/rims.toml --anchors /var/log/rims/anchors.jsonl"
)]
pub(crate) struct AuditVerify {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    /// Ends of chains that were kept elsewhere: the file of `audit.anchor_file`, or lines of the server's log. Without them a
    /// chain that was cut off together with its end is whole again.
    #[arg(long, value_name = "FILE")]
    pub(crate) anchors: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Which of the two trails, which are kept for different times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TrailName {
    /// Grants, changes and revocations of rights.
    Rights,
    /// Everything else.
    Access,
}

/// Which events; what is not given excludes nothing.
#[derive(clap::Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Filter {
    /// From this day on: yyyymmdd, yyyy-mm-dd, today, or -DAYS from today.
    #[arg(long, value_name = "DAY", value_parser = parse::day, allow_hyphen_values = true)]
    pub(crate) from: Option<Day>,
    /// Up to this day and with it.
    #[arg(long, value_name = "DAY", value_parser = parse::day, allow_hyphen_values = true)]
    pub(crate) to: Option<Day>,
    /// One of the two trails.
    #[arg(long, value_enum, value_name = "TRAIL")]
    pub(crate) trail: Option<TrailName>,
    /// What was done, such as verify or key.issue; several with commas.
    #[arg(long, value_name = "ACTION", value_parser = action, value_delimiter = ',')]
    pub(crate) action: Vec<AuditAction>,
    /// Who did it: system, operator:NAME, credential:NUMBER or person:NUMBER.
    #[arg(long, value_name = "ACTOR", value_parser = actor)]
    pub(crate) actor: Option<Actor>,
    /// Whose data it was: a user of RIMS.
    #[arg(long, value_name = "USER", value_parser = parse::user_id)]
    pub(crate) company: Option<UserId>,
    /// development or operations.
    #[arg(long, value_name = "ENVIRONMENT", value_parser = parse::environment)]
    pub(crate) environment: Option<Environment>,
    /// How it ended, such as 00 or -140.
    #[arg(long, value_name = "OUTCOME", allow_hyphen_values = true)]
    pub(crate) outcome: Option<String>,
}

fn action(text: &str) -> Result<AuditAction, String> {
    AuditAction::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = AuditAction::ALL.iter().map(|action| action.name()).collect();
        format!("one of {}", names.join(", "))
    })
}

fn actor(text: &str) -> Result<Actor, String> {
    let found = match text.split_once(':') {
        None if text == "system" => Some(Actor::System),
        Some(("operator", name)) => OperatorName::parse(name).map(Actor::Operator),
        Some(("credential", id)) => id.parse().ok().map(CredentialId).map(Actor::Credential),
        Some(("person", id)) => id.parse().ok().map(PersonId).map(Actor::Person),
        _ => None,
    };
    found.ok_or_else(|| "system, operator:NAME, credential:NUMBER or person:NUMBER".to_owned())
}

/// Kept in the trail: one line of at most 200 characters.
fn reason(text: &str) -> Result<String, String> {
    const MOST: usize = 200;
    let reason = text.trim();
    let fits = (1..=MOST).contains(&reason.chars().count()) && !reason.chars().any(char::is_control);
    if fits { Ok(reason.to_owned()) } else { Err(format!("a reason is one line of 1 to {MOST} characters")) }
}
