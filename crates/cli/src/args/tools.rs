//! The commands that help with the others.

use std::path::PathBuf;

use super::company::{Connection, Output};
use super::parse;

/// Explain a code, an answer, or a request body that is refused: the cause and what to do.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  rims why -160\n  rims why answer.json\n  rims why body.json --path /licenseVerification"
)]
pub(crate) struct Why {
    /// A code, a file, or `-` for standard input: an answer's JSON, a request body, or a bare `encryptedData`.
    #[arg(allow_hyphen_values = true)]
    pub(crate) what: String,
    /// The interface that the body was sent to.
    #[arg(long, value_name = "PATH", value_parser = parse::path)]
    pub(crate) path: Option<String>,
    /// Read the Secret Key from this file; else from RIMS_SECRET_KEY.
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_key_file: Option<PathBuf>,
}

/// Check everything between here and a RIMS: name, connection, TLS, clock, auth key, token, Secret Key. Nothing is
/// verified or recorded.
#[derive(clap::Args)]
#[command(after_help = "Example: rims doctor --profile default")]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// Print the completion script of a shell.
#[derive(clap::Args)]
#[command(after_help = "Example: rims completions bash > ~/.local/share/bash-completion/completions/rims")]
pub(crate) struct Completions {
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Write the man pages of every command.
#[derive(clap::Args)]
#[command(after_help = "Example: rims man ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// The folder they are written to.
    pub(crate) folder: PathBuf,
}
