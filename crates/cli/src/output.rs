use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;

use unicode_width::UnicodeWidthStr as _;

use crate::language::say;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The input is wrong: exit code 2.
    Input(String),
    /// A part failed: exit code 1.
    Failed(String),
}

/// How a command that did what was asked ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Exit code 0.
    Done,
    /// Somebody may not drive: exit code 3.
    Ineligible,
    /// A remote verification is not finished: exit code 4.
    Pending,
}

impl Failure {
    pub(crate) fn input(error: impl Display) -> Self {
        Self::Input(error.to_string())
    }

    pub(crate) fn failed(error: impl Display) -> Self {
        Self::Failed(error.to_string())
    }

    /// What is told.
    pub(crate) fn into_message(self) -> String {
        match self {
            Self::Input(message) | Self::Failed(message) => message,
        }
    }

    /// One line on standard error.
    pub(crate) fn report(&self) -> ExitCode {
        let (code, message) = match self {
            Self::Input(message) => (2, message),
            Self::Failed(message) => (1, message),
        };
        let message = message.replace('\n', " ");
        _ = writeln!(io::stderr(), "{}", say!("오류: {message}", "error: {message}"));
        ExitCode::from(code)
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::Ineligible => Self::from(3),
            Outcome::Pending => Self::from(4),
        }
    }
}

/// Prints to standard output. A reader that went away (`rims codes | head`) is no error.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::failed(error)),
        _ => Ok(()),
    }
}

/// A line for the person at the terminal, beside what is printed.
pub(crate) fn note(text: &str) {
    _ = writeln!(io::stderr(), "{text}");
}

/// Columns aligned by what a terminal shows: a Hangul syllable is two cells wide.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - cell.width() + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_cells() {
        let rows = [["a", "한글", "x"], ["bbb", "y", "z"]];
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect();
        assert_eq!(table(&rows), "a    한글  x\nbbb  y     z\n");
    }
}
