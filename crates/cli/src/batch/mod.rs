//! `rims batch`: every driver of a file, verified in batches, answered beside it.
//!
//! The file is read three times and never held: to check every row, to send, and to write the answers. A journal beside it
//! remembers what was answered, without anything personal; each batch has an idempotency key of its own, so that a
//! RIMS that knows keys answers a batch that was under way again without asking about anybody twice.

mod ask;
mod columns;
mod header;
mod journal;
mod refusal;
mod results;
mod rows;
mod run;
mod sheet;
mod summary;
mod tally;
mod titles;

use std::path::Path;

use clap::ValueEnum;

pub(crate) use run::run;

/// The forms of files with drivers and with answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileFormat {
    Csv,
    Xlsx,
    /// An array of objects; answers only.
    Json,
}

impl FileFormat {
    /// The form of a file by its name.
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            "xlsx" | "xlsm" => Some(Self::Xlsx),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Json => "json",
        }
    }
}
