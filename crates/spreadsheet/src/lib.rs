//! Reads the rows of CSV and Excel files that strangers made, one row at a time and within bounds that hold before
//! memory is taken: a small file can name a cell of the column `ZZZZZZ`, or expand to gigabytes.
//!
//! Nothing here prints or knows a language: a [`Problem`] says what is wrong and where.

mod csv_file;
mod limits;
mod package;
mod problem;
mod xlsx_file;

pub use csv_file::{CsvForm, detect, read_csv};
pub use limits::Limits;
pub use problem::{Problem, ReadError};
pub use xlsx_file::read_xlsx;

/// A row with a value in it.
pub struct Row<'a> {
    /// Its number as a spreadsheet shows it, from 1.
    pub number: usize,
    /// Its cells as text without outer white space; absent ones are empty.
    pub cells: &'a [&'a str],
}
