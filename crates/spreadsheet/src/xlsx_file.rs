use std::io::{BufReader, Read, Seek};

use calamine::{DataRef, Reader as _, Xlsx, XlsxError};

use crate::package::inspect;
use crate::{Limits, Problem, ReadError, Row};

/// How many characters a cell of Excel can hold.
const CELL_CHARACTERS: usize = 32_767;

/// Hands every row of the first sheet but empty ones to `take`, the header first. The whole package is inspected before
/// the first row.
pub fn read_xlsx<E>(
    mut file: impl Read + Seek,
    limits: &Limits,
    take: &mut dyn FnMut(Row<'_>) -> Result<(), E>,
) -> Result<(), ReadError<E>> {
    inspect(&mut file, limits)?;
    let mut workbook = Xlsx::new(BufReader::new(file)).map_err(damaged)?;
    let names = workbook.sheet_names();
    let sheet = names.first().ok_or(Problem::NoSheet)?;
    let mut reader = workbook.worksheet_cells_reader(sheet).map_err(damaged)?;
    let mut present = Cells { row: None, texts: Vec::new(), bytes: 0, handed: 0, limits };
    while let Some(cell) = reader.next_cell().map_err(damaged)? {
        let (row, column) = cell.get_position();
        if present.row.is_some_and(|present| present != row) {
            present.hand(take)?;
        }
        present.add((row, column), cell.get_value())?;
    }
    present.hand(take)
}

fn damaged(error: XlsxError) -> Problem {
    match error {
        XlsxError::Password => Problem::Encrypted,
        error => Problem::unreadable(error),
    }
}

/// The row that is being read.
struct Cells<'a> {
    row: Option<u32>,
    texts: Vec<String>,
    bytes: usize,
    /// How many rows there were: a file may name one row again and again.
    handed: usize,
    limits: &'a Limits,
}

impl Cells<'_> {
    fn add(&mut self, position: (u32, u32), value: &DataRef<'_>) -> Result<(), Problem> {
        let (row, column) = (position.0 as usize, position.1 as usize);
        let Limits { columns, rows, row_bytes, .. } = *self.limits;
        if column >= columns {
            return Err(Problem::Column { cell: name(position), most: columns });
        }
        if row >= self.limits.last_row() || self.handed >= self.limits.last_row() {
            return Err(Problem::Rows { row: row + 1, most: rows });
        }
        self.row = Some(position.0);
        let text = text(value).ok_or_else(|| too_long(position))?;
        self.bytes += text.len();
        if self.bytes > row_bytes {
            return Err(Problem::RowLength { row: row + 1, most: row_bytes });
        }
        if self.texts.len() <= column {
            self.texts.resize(column + 1, String::new());
        }
        self.texts[column] = text;
        Ok(())
    }

    fn hand<E>(&mut self, take: &mut dyn FnMut(Row<'_>) -> Result<(), E>) -> Result<(), ReadError<E>> {
        if let Some(row) = self.row.take() {
            self.handed += 1;
            let cells: Vec<&str> = self.texts.iter().map(String::as_str).collect();
            if cells.iter().any(|cell| !cell.is_empty()) {
                take(Row { number: row as usize + 1, cells: &cells }).map_err(ReadError::Taker)?;
            }
        }
        self.texts.clear();
        self.bytes = 0;
        Ok(())
    }
}

fn too_long(position: (u32, u32)) -> Problem {
    Problem::CellLength { cell: name(position), most: CELL_CHARACTERS }
}

/// What a cell shows: numbers without a point where they are whole, dates as dates. Nothing where it is too long.
fn text(value: &DataRef<'_>) -> Option<String> {
    let bounded = |text: &str| {
        // Four bytes a character at most: long texts are not counted to their end.
        let fits = text.len() <= CELL_CHARACTERS
            || (text.len() <= CELL_CHARACTERS * 4 && text.chars().count() <= CELL_CHARACTERS);
        fits.then(|| text.trim().to_owned())
    };
    match value {
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => bounded(text),
        DataRef::SharedString(text) => bounded(text),
        DataRef::Int(number) => Some(number.to_string()),
        DataRef::Float(number) => Some(number.to_string()),
        DataRef::Bool(value) => Some(value.to_string()),
        DataRef::DateTime(moment) => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            Some(format!("{year:04}-{month:02}-{day:02}"))
        }
        // As a spreadsheet shows it, `#VALUE!`: it is no empty cell.
        DataRef::Error(error) => Some(error.to_string()),
        DataRef::Empty => Some(String::new()),
    }
}

/// A cell as a spreadsheet names it: `A1` is (0, 0).
fn name((row, column): (u32, u32)) -> String {
    let (mut letters, mut rest) = (Vec::new(), u64::from(column) + 1);
    while rest > 0 {
        let letter = u8::try_from((rest - 1) % 26).unwrap_or_default();
        letters.insert(0, char::from(b'A' + letter));
        rest = (rest - 1) / 26;
    }
    format!("{}{}", letters.into_iter().collect::<String>(), u64::from(row) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_the_names_of_spreadsheets() {
        for (position, expected) in
            [((0, 0), "A1"), ((2, 25), "Z3"), ((9, 26), "AA10"), ((0, 255), "IV1"), ((0, 16_383), "XFD1")]
        {
            assert_eq!(name(position), expected);
        }
    }
}
