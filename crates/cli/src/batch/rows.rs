//! The rows of the input, one at a time: a CSV or Excel file, read within bounds (`rims-spreadsheet`).

use std::fs::File;
use std::path::Path;

use encoding_rs::UTF_8;
use rims_spreadsheet::{CsvForm, DELIMITERS, Limits, ReadError, Workbook, detect, read_csv};

pub(super) use rims_spreadsheet::Row;

use super::FileFormat;
use super::header::{Header, Search};
use super::refusal::{refused, unreadable};
use super::sheet;
use crate::language::say;
use crate::output::Failure;

/// What of a file is wanted.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// The sheet of an Excel file; the one that is shown and has drivers without it.
    pub(super) sheet: Option<String>,
    /// Whether rows that the spreadsheet does not show are left out.
    pub(super) skips_hidden: bool,
    /// The titles of columns that are not read.
    pub(super) ignored: Vec<String>,
}

/// How a file is written, and where the drivers are in it.
#[derive(Clone, Debug)]
pub(super) struct Form {
    pub(super) format: FileFormat,
    /// Of a CSV file.
    pub(super) csv: CsvForm,
    /// Of an Excel file.
    pub(super) sheet: Option<String>,
    /// The number of the row with the titles.
    pub(super) header: usize,
    pub(super) skips_hidden: bool,
    /// How many rows are left out for that.
    pub(super) skipped: usize,
}

/// A file that was looked at and can be read for the first time: an Excel file is not opened and inspected twice.
pub(super) struct Source {
    pub(super) form: Form,
    workbook: Option<Workbook<File>>,
}

/// A CSV file is read without being held: it may have more rows than an Excel file.
fn csv_limits() -> Limits {
    Limits { rows: 1_000_000, ..Limits::default() }
}

impl Source {
    /// Looks at a file: how it is written, and where the titles are.
    pub(super) fn open(path: &Path, wanted: &Wanted) -> Result<Self, Failure> {
        match FileFormat::of(path) {
            Some(FileFormat::Csv) => csv(path, wanted),
            Some(FileFormat::Xlsx) => xlsx(path, wanted),
            _ => Err(unreadable(
                path,
                &say!(
                    ".csv 또는 .xlsx 파일이어야 합니다. 스프레드시트에서 .xlsx 로 저장하십시오",
                    "a .csv or .xlsx file is expected; save it as .xlsx in a spreadsheet"
                ),
            )),
        }
    }

    /// Gives every row but empty ones to `take`, the header first. Gives how the file is written.
    pub(super) fn read(
        self,
        path: &Path,
        take: &mut dyn FnMut(Row<'_>) -> Result<(), Failure>,
    ) -> Result<Form, Failure> {
        let Self { form, workbook } = self;
        let skipped = match workbook {
            Some(workbook) => from(path, workbook, &form, take)?,
            None => read(path, &form, take)?,
        };
        Ok(Form { skipped, ..form })
    }
}

fn csv(path: &Path, wanted: &Wanted) -> Result<Source, Failure> {
    let mut csv = detect(open(path)?, &csv_limits()).map_err(|problem| refused(path, &problem))?;
    let delimiters = if csv.has_separator_line { vec![csv.delimiter] } else { DELIMITERS.to_vec() };
    let mut best: Option<(u8, Header)> = None;
    for delimiter in delimiters {
        csv.delimiter = delimiter;
        let mut search = Search::new(&wanted.ignored);
        let ended = read_csv(open(path)?, csv, &csv_limits(), &mut |row| search.look(&row));
        let header = search.end(path, ended)?;
        let is_better = best.as_ref().is_none_or(|(_, best)| header.columns > best.columns);
        let is_found = header.is_whole;
        if is_better || is_found {
            best = Some((delimiter, header));
        }
        if is_found {
            break;
        }
    }
    let (delimiter, header) = best.unwrap_or((b',', Header::default()));
    header.check_above()?;
    let csv = CsvForm { delimiter, ..csv };
    let form = Form {
        format: FileFormat::Csv,
        csv,
        sheet: None,
        header: header.row,
        skips_hidden: wanted.skips_hidden,
        skipped: 0,
    };
    Ok(Source { form, workbook: None })
}

fn xlsx(path: &Path, wanted: &Wanted) -> Result<Source, Failure> {
    let mut workbook = workbook(path)?;
    let (sheet, header) = sheet::chosen(path, &mut workbook, wanted)?;
    header.check_above()?;
    let form = Form {
        format: FileFormat::Xlsx,
        csv: CsvForm::new(UTF_8),
        sheet: Some(sheet),
        header: header.row,
        skips_hidden: wanted.skips_hidden,
        skipped: 0,
    };
    Ok(Source { form, workbook: Some(workbook) })
}

/// Gives every row but empty ones to `take`, the header first. Tells how many rows were left out because the
/// spreadsheet does not show them.
pub(super) fn read(
    path: &Path,
    form: &Form,
    take: &mut dyn FnMut(Row<'_>) -> Result<(), Failure>,
) -> Result<usize, Failure> {
    if form.format == FileFormat::Xlsx {
        return from(path, workbook(path)?, form, take);
    }
    let read = read_csv(open(path)?, form.csv, &csv_limits(), &mut |row| {
        if row.number < form.header { Ok(()) } else { take(row) }
    });
    ended(path, read).map(|()| 0)
}

fn from(
    path: &Path,
    mut workbook: Workbook<File>,
    form: &Form,
    take: &mut dyn FnMut(Row<'_>) -> Result<(), Failure>,
) -> Result<usize, Failure> {
    let (sheet, mut skipped) = (form.sheet.as_deref().unwrap_or_default(), 0);
    let read = workbook.read(sheet, &mut |row| {
        let is_left_out = form.skips_hidden && row.is_hidden && row.number > form.header;
        skipped += usize::from(is_left_out);
        if is_left_out || row.number < form.header { Ok(()) } else { take(row) }
    });
    ended(path, read).map(|()| skipped)
}

fn workbook(path: &Path) -> Result<Workbook<File>, Failure> {
    Workbook::open(open(path)?, &Limits::default()).map_err(|problem| refused(path, &problem))
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| unreadable(path, &error.to_string()))
}

/// How reading ended, in the user's language.
pub(super) fn ended(path: &Path, ended: Result<(), ReadError<Failure>>) -> Result<(), Failure> {
    ended.map_err(|error| match error {
        ReadError::File(problem) => refused(path, &problem),
        ReadError::Taker(failure) => failure,
    })
}
