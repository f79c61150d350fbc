use std::borrow::Cow;
use std::fmt::{Display, Write as _};
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use rims_protocol::values::is_control_or_format;
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
    /// Somebody was not answered, which was told: exit code 1.
    Unanswered,
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
        let message = visible(&message);
        _ = writeln!(io::stderr(), "{}", say!("오류: {message}", "error: {message}"));
        ExitCode::from(code)
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::Unanswered => Self::FAILURE,
            Outcome::Ineligible => Self::from(3),
            Outcome::Pending => Self::from(4),
        }
    }
}

/// Prints to standard output. On a terminal, characters that would control it or reorder its text are shown escaped;
/// what is read by a program stays as it is.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    if io::stdout().is_terminal() { print_own(&visible_lines(text)) } else { print_own(text) }
}

/// Prints text whose control characters are ours: colours. A reader that went away (`rims codes | head`) is no error.
pub(crate) fn print_own(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::failed(error)),
        _ => Ok(()),
    }
}

/// A line for the person at the terminal, beside what is printed.
pub(crate) fn note(text: &str) {
    _ = writeln!(io::stderr(), "{}", visible_lines(text));
}

/// Text of others as it may be shown: characters that control a terminal, hide or reorder text, or break a line are
/// escaped as in JSON (`\u001b`).
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, is_control_or_format)
}

/// The same for text of several lines.
fn visible_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |character| character != '\n' && is_control_or_format(character))
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_escaped(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Columns aligned by what a terminal shows: a Hangul syllable is two cells wide. What is in the cells is shown as by
/// [`visible`].
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<Cow<'_, str>>> =
        rows.iter().map(|row| row.iter().map(|cell| visible(cell)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in &rows {
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

    #[test]
    fn what_controls_a_terminal_is_shown_and_not_done() {
        let rows = [vec!["\u{1b}]0;제목\u{7}".to_owned(), "\u{202e}67라\n6767".to_owned(), "e".to_owned()]];
        assert_eq!(table(&rows), "\\u001b]0;제목\\u0007  \\u202e67라\\u000a6767  e\n");
        assert_eq!(visible("67라\u{200b}6767 \u{e0001}"), "67라\\u200b6767 \\udb40\\udc01");
        assert_eq!(visible_lines("가\n나\r\u{9b}"), "가\n나\\u000d\\u009b");
        assert!(matches!(visible("평범한 text"), Cow::Borrowed(_)));
    }
}
