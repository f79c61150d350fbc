//! The rows of the input, one at a time: a CSV or Excel file, read within bounds (`rims-spreadsheet`).

use std::fs::File;
use std::path::Path;

use encoding_rs::{Encoding, UTF_8};
use rims_spreadsheet::{CsvForm, Limits, Problem, ReadError, detect, read_csv, read_xlsx};

pub(super) use rims_spreadsheet::Row;

use super::FileFormat;
use crate::language::say;
use crate::output::Failure;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) format: FileFormat,
    /// Of a CSV file: UTF-8, or CP949 as Korean spreadsheets write it.
    pub(super) encoding: &'static Encoding,
    /// Whether a CSV file begins with a byte order mark, without which spreadsheets take UTF-8 for CP949.
    pub(super) has_mark: bool,
}

/// A CSV file is read without being held: it may have more rows than an Excel file.
fn csv_limits() -> Limits {
    Limits { rows: 1_000_000, ..Limits::default() }
}

/// The form of a file: by its name and, for CSV, by what is in it.
pub(super) fn form(path: &Path) -> Result<Form, Failure> {
    let Some(format @ (FileFormat::Csv | FileFormat::Xlsx)) = FileFormat::of(path) else {
        return Err(unreadable(
            path,
            &say!(".csv 또는 .xlsx 파일이어야 합니다", "a .csv or .xlsx file is expected"),
        ));
    };
    if format == FileFormat::Xlsx {
        return Ok(Form { format, encoding: UTF_8, has_mark: false });
    }
    let CsvForm { encoding, has_mark } =
        detect(open(path)?, &csv_limits()).map_err(|problem| refused(path, &problem))?;
    Ok(Form { format, encoding, has_mark })
}

/// Gives every row but empty ones to `take`, the header first.
pub(super) fn read(
    path: &Path,
    form: Form,
    take: &mut dyn FnMut(Row<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let Form { format, encoding, has_mark } = form;
    let file = open(path)?;
    let ended = match format {
        FileFormat::Xlsx => read_xlsx(file, &Limits::default(), take),
        _ => read_csv(file, CsvForm { encoding, has_mark }, &csv_limits(), take),
    };
    ended.map_err(|error| match error {
        ReadError::File(problem) => refused(path, &problem),
        ReadError::Taker(failure) => failure,
    })
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| unreadable(path, &error.to_string()))
}

fn refused(path: &Path, problem: &Problem) -> Failure {
    let english = problem.to_string();
    let why = match problem {
        Problem::Unreadable(why) => why.clone(),
        Problem::Encoding => say!("UTF-8도 CP949도 아닌 글자가 있습니다", "{english}"),
        Problem::Quote { row } => say!("{row}행: 따옴표(\")가 닫히지 않았습니다", "{english}"),
        Problem::NoSheet => say!("시트가 없습니다", "{english}"),
        Problem::Encrypted => {
            say!("암호가 걸려 있거나 옛 .xls 형식입니다. 암호 없는 .xlsx 로 저장하십시오", "{english}")
        }
        Problem::Macros => say!("매크로가 들어 있습니다. 매크로 없는 .xlsx 로 저장하십시오", "{english}"),
        Problem::Reference => say!("셀 주소가 잘못된 칸이 있습니다", "{english}"),
        Problem::Column { cell, most } if cell.bytes().all(|digit| digit.is_ascii_digit()) => {
            say!("{cell}행: 열은 {most}개까지 쓸 수 있습니다", "row {cell}: there may be {most} columns")
        }
        Problem::Column { cell, most } => say!("{cell} 셀: 열은 {most}개까지 쓸 수 있습니다", "{english}"),
        Problem::Rows { row, most } => {
            say!("{row}행: 첫 행 아래로 {most}행까지 쓸 수 있습니다", "{english}")
        }
        Problem::RowLength { row, most } => {
            say!("{row}행: 한 행은 {most}바이트까지 쓸 수 있습니다", "{english}")
        }
        Problem::CellLength { cell, most } => {
            say!("{cell} 셀: 한 칸은 {most}자까지 쓸 수 있습니다", "{english}")
        }
        Problem::TooLarge { most } => say!("내용이 {most}바이트를 넘습니다", "{english}"),
        Problem::Ratio { most } => say!("압축을 풀면 {most}배가 넘게 커집니다", "{english}"),
        Problem::TooMany { what } => say!("읽을 수 있는 것보다 내용이 많습니다 ({what})", "{english}"),
    };
    unreadable(path, &why)
}

fn unreadable(path: &Path, why: &str) -> Failure {
    Failure::Input(format!("{}: {why}", path.display()))
}
