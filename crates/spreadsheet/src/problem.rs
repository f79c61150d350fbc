use std::io::ErrorKind;

use crate::Content;

/// Why a file is not read. It names places, never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It cannot be read: the system's own words.
    #[error("{0}")]
    Unreadable(String),
    /// It is an Excel file that is cut off or damaged: the library's own words.
    #[error("it is damaged ({0}); open it in a spreadsheet and save it again")]
    Damaged(String),
    /// It is something else than its name says.
    #[error("it is not what its name says")]
    Is(Content),
    /// A CSV file in none of UTF-8, UTF-16 and CP949.
    #[error("it has characters of neither UTF-8 nor UTF-16 nor CP949, or is cut off within one")]
    Encoding,
    /// A quotation mark that opens in this row does not close.
    #[error("row {row}: a quotation mark (\") is not closed")]
    Quote {
        /// The row's number.
        row: usize,
    },
    /// An Excel file without this sheet.
    #[error("it has no such sheet")]
    NoSheet,
    /// A password is needed.
    #[error("a password is needed to open it; save it as .xlsx without one")]
    Encrypted,
    /// An Excel file of before 2007, or another of that time's files.
    #[error("it is an old .xls file; save it as .xlsx")]
    OldExcel,
    /// There are macros in it, whatever its name is.
    #[error("it has macros; save it as .xlsx without them")]
    Macros,
    /// A cell has no proper reference.
    #[error("a cell's reference is none")]
    Reference,
    /// A cell right of the last column that is read.
    #[error("cell {cell}: there may be {most} columns")]
    Column {
        /// The cell, as a spreadsheet names it, or the row of a CSV file.
        cell: String,
        /// How many columns there may be.
        most: usize,
    },
    /// A row under the last one that is read.
    #[error("row {row}: there may be {most} rows under the header")]
    Rows {
        /// The row's number.
        row: usize,
        /// How many rows there may be.
        most: usize,
    },
    /// A row with too much text.
    #[error("row {row}: a row may have {most} bytes")]
    RowLength {
        /// The row's number.
        row: usize,
        /// How many bytes it may have.
        most: usize,
    },
    /// A cell with more text than a spreadsheet can hold.
    #[error("cell {cell}: a cell may have {most} characters")]
    CellLength {
        /// The cell.
        cell: String,
        /// How many characters it may have.
        most: usize,
    },
    /// It is or expands to too much.
    #[error("it expands to more than {most} bytes")]
    TooLarge {
        /// How many bytes it may be.
        most: u64,
    },
    /// It expands to far more than it is: no honest file does.
    #[error("it expands to more than {most} times its size")]
    Ratio {
        /// How many times.
        most: u64,
    },
    /// It has more of something than a reader can hold: parts, styles, texts, or a word of XML.
    #[error("it has too many or too long {what}")]
    TooMany {
        /// `parts`, `styles`, `texts`, `elements`, `sheets` or `hidden rows`.
        what: &'static str,
    },
}

/// How reading ended early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError<E> {
    /// The file is refused.
    #[error(transparent)]
    File(#[from] Problem),
    /// What takes the rows wants no more.
    #[error("the rows are not wanted")]
    Taker(E),
}

impl Problem {
    pub(crate) fn damaged(error: impl std::fmt::Display) -> Self {
        Self::Damaged(error.to_string())
    }

    pub(crate) fn unreadable(error: impl std::fmt::Display) -> Self {
        Self::Unreadable(error.to_string())
    }

    /// What stands behind a failed read: a limit of ours, or the system's error.
    pub(crate) fn of_read(error: &std::io::Error) -> Self {
        let ours = error.get_ref().and_then(|error| error.downcast_ref::<Self>());
        ours.cloned().unwrap_or_else(|| match error.kind() {
            ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof => {
                Self::damaged(error)
            }
            _ => Self::unreadable(error),
        })
    }
}

impl From<Problem> for std::io::Error {
    fn from(problem: Problem) -> Self {
        Self::other(problem)
    }
}
