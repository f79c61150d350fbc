//! Where the titles are: not always in the first row.

use std::path::Path;

use rims_reading::{Column, Meaning, Title, licence_number};
use rims_spreadsheet::{ReadError, Row};

use super::refusal::refused;
use crate::language::say;
use crate::output::Failure;

/// In how many rows the titles are looked for.
pub(super) const LOOKED: usize = 30;

/// The row that looks most like the titles.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Header {
    /// Its number; the first row's if none has a title.
    pub(super) row: usize,
    /// How many columns of ours it has.
    pub(super) columns: usize,
    /// Whether licence number and name are among them: then it is the header.
    pub(super) is_whole: bool,
    /// A row above it that has a driver.
    driver_above: Option<usize>,
}

impl Header {
    /// Refuses a driver above the titles: nobody is left out in silence.
    pub(super) fn check_above(&self) -> Result<(), Failure> {
        let (Some(row), true) = (self.driver_above, self.is_whole) else { return Ok(()) };
        let header = self.row;
        Err(Failure::Input(say!(
            "{row}행: 제목 행({header}행) 위에 면허번호가 있습니다. 제목 행 아래로 옮기거나 지우십시오",
            "row {row}: there is a licence number above the titles (row {header}); move it under them or delete it"
        )))
    }
}

/// Looks for the titles, row by row.
pub(super) struct Search<'a> {
    ignored: &'a [String],
    looked: usize,
    best: Option<Header>,
    driver: Option<usize>,
}

impl<'a> Search<'a> {
    /// Without the columns of these titles.
    pub(super) fn new(ignored: &'a [String]) -> Self {
        Self { ignored, looked: 0, best: None, driver: None }
    }

    /// Looks at a row; refuses further ones when nothing better can come.
    pub(super) fn look(&mut self, row: &Row<'_>) -> Result<(), ()> {
        let found = self.columns(row);
        let is_whole = found.contains(&Column::Licence) && found.contains(&Column::Name);
        if is_whole || self.best.is_none_or(|best| found.len() > best.columns) {
            let (columns, driver_above) = (found.len(), self.driver);
            self.best = Some(Header { row: row.number, columns, is_whole, driver_above });
        }
        if self.driver.is_none() && row.cells.iter().any(|cell| licence_number(cell).is_ok()) {
            self.driver = Some(row.number);
        }
        self.looked += 1;
        if is_whole || self.looked == LOOKED { Err(()) } else { Ok(()) }
    }

    fn columns(&self, row: &Row<'_>) -> Vec<Column> {
        let titles = row.cells.iter().map(|cell| Title::new(cell));
        let titles = titles.filter(|title| !is_ignored(title, self.ignored));
        titles
            .filter_map(|title| match title.meaning() {
                Meaning::Column(column) => Some(column),
                _ => None,
            })
            .collect()
    }

    /// What was found when reading has ended.
    pub(super) fn end(self, path: &Path, ended: Result<(), ReadError<()>>) -> Result<Header, Failure> {
        match ended {
            Err(ReadError::File(problem)) => Err(refused(path, &problem)),
            _ => Ok(self.best.unwrap_or_default()),
        }
    }
}

/// Whether a title is one of those that are to be ignored, however they are spelled.
pub(super) fn is_ignored(title: &Title, ignored: &[String]) -> bool {
    !title.is_empty() && ignored.iter().any(|other| title.is_same(&Title::new(other)))
}
