//! Reads the rows of CSV and Excel files that strangers made, one row at a time and within bounds that hold before
//! memory is taken: a small file can name a cell of the column `ZZZZZZ`, or expand to gigabytes.
//!
//! Nothing here prints or knows a language: a [`Problem`] says what is wrong and where.

mod content;
mod csv_file;
mod limits;
mod package;
mod problem;
mod sheets;
mod xlsx_file;

pub use content::Content;
pub use csv_file::{CsvForm, DELIMITERS, detect, read_csv};
pub use limits::Limits;
pub use problem::{Problem, ReadError};
pub use xlsx_file::{Sheet, Workbook, column_name};

/// A row with a value in it.
pub struct Row<'a> {
    /// Its number as a spreadsheet shows it, from 1.
    pub number: usize,
    /// Its cells as text without outer white space; absent ones are empty.
    pub cells: &'a [&'a str],
    /// Its cells without a value of their own, by place from 0.
    pub odd: &'a [(usize, Odd)],
    /// Whether the spreadsheet does not show it: it is hidden, or a filter is set.
    pub is_hidden: bool,
}

impl Row<'_> {
    /// What is odd about the cell at this place, if anything is.
    pub fn oddity(&self, place: usize) -> Option<Odd> {
        self.odd.iter().find(|(odd, _)| *odd == place).map(|(_, odd)| *odd)
    }
}

/// Why a cell of an Excel file has no value, although it is not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Odd {
    /// A formula that no spreadsheet has calculated: a program wrote it.
    Uncalculated,
    /// An error such as `#N/A`.
    Error,
}
