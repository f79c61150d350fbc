//! The driver of the commands about one.

use std::path::PathBuf;

use rims_client::codes::{ApiType, LicenceClass};

use super::parse;

/// A driver. Without `--licence` or `--name` a terminal asks for them. Options can be read in the list of processes
/// (`ps`) and stay in the shell's history: they are for tests. A program gives a driver by `--driver` or `--stdin`.
#[derive(clap::Args)]
#[command(next_help_heading = "Driver")]
pub(crate) struct Driver {
    /// The licence number, as printed on the card or as 12 digits.
    #[arg(long)]
    pub(crate) licence: Option<String>,
    /// The name, as on the card.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The class: a code of `rims codes classes`, or its Korean name.
    #[arg(long, value_parser = parse::class)]
    pub(crate) class: Option<LicenceClass>,
    /// The first day: yyyymmdd, yyyy-mm-dd, today, or +days. Today without it.
    #[arg(long, value_parser = parse::day, allow_hyphen_values = true)]
    pub(crate) from: Option<parse::Day>,
    /// The last day. Without it the first day, or where a sector requires no days the one after.
    #[arg(long, value_parser = parse::day, allow_hyphen_values = true)]
    pub(crate) to: Option<parse::Day>,
    /// The plate, or the id of a scooter.
    #[arg(long)]
    pub(crate) vehicle: Option<String>,
    /// The general sector's kind of service: a code of `rims codes api-types`.
    #[arg(long = "type", value_name = "CODE", value_parser = parse::api_type)]
    pub(crate) api_type: Option<ApiType>,
    /// Read one JSON object from this file instead, or from standard input (`-`), with the interface's member names
    /// (`f_license_no` …).
    #[arg(long = "driver", value_name = "FILE", conflicts_with_all = ["licence", "name", "class", "from", "to", "vehicle", "api_type", "stdin"])]
    pub(crate) file: Option<PathBuf>,
    /// The same as `--driver -`.
    #[arg(long, conflicts_with_all = ["licence", "name", "class", "from", "to", "vehicle", "api_type"])]
    pub(crate) stdin: bool,
}
