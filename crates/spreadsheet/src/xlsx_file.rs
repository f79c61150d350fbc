use std::io::{BufReader, Read, Seek};

use calamine::{DataRef, ExcelDateTime, Reader as _, SheetType, SheetVisible, Xlsx, XlsxError};

use crate::package::inspect;
use crate::sheets::Sheets;
use crate::{Limits, Odd, Problem, ReadError, Row};

/// How many characters a cell of Excel can hold.
const CELL_CHARACTERS: usize = 32_767;

/// The most sheets: each may be looked at.
const SHEETS: usize = 1_000;

/// A sheet with cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Its name, as the spreadsheet shows it.
    pub name: String,
    /// Whether the spreadsheet shows it.
    pub is_visible: bool,
}

/// An Excel file whose whole package was inspected.
pub struct Workbook<R: Read + Seek> {
    library: Xlsx<BufReader<R>>,
    parts: Sheets,
    limits: Limits,
}

impl<R: Read + Seek> Workbook<R> {
    /// Inspects the package, and reads what all sheets have in common.
    pub fn open(mut file: R, limits: &Limits) -> Result<Self, Problem> {
        let parts = inspect(&mut file, limits)?;
        let library = Xlsx::new(BufReader::new(file)).map_err(damaged)?;
        if library.sheets_metadata().len() > SHEETS {
            return Err(Problem::TooMany { what: "sheets" });
        }
        Ok(Self { library, parts, limits: *limits })
    }

    /// Its sheets in their order.
    pub fn sheets(&self) -> Vec<Sheet> {
        let sheets = self.library.sheets_metadata().iter();
        let sheets = sheets.filter(|sheet| sheet.typ == SheetType::WorkSheet);
        sheets
            .map(|sheet| Sheet {
                name: sheet.name.clone(),
                is_visible: sheet.visible == SheetVisible::Visible,
            })
            .collect()
    }

    /// Hands every row of a sheet but empty ones to `take`, the header first.
    pub fn read<E>(
        &mut self,
        sheet: &str,
        take: &mut dyn FnMut(Row<'_>) -> Result<(), E>,
    ) -> Result<(), ReadError<E>> {
        let hidden = self.parts.hidden(sheet);
        let recalculates = self.parts.recalculates;
        if !self.sheets().iter().any(|known| known.name == sheet) {
            return Err(Problem::NoSheet.into());
        }
        let mut reader = self.library.worksheet_cells_reader(sheet).map_err(damaged)?;
        let mut present = Cells::new(&self.limits, &hidden);
        while let Some(cell) = reader.next_cell_with_formula_metadata().map_err(damaged)? {
            let is_waiting = cell.formula.is_some()
                && match cell.value {
                    DataRef::Empty => true,
                    DataRef::Float(number) => recalculates && number == 0.0,
                    DataRef::Int(number) => recalculates && number == 0,
                    _ => false,
                };
            let (row, _) = cell.pos;
            if present.row.is_some_and(|present| present != row) {
                present.hand(take)?;
            }
            present.add(cell.pos, &cell.value, is_waiting)?;
        }
        present.hand(take)
    }
}

fn damaged(error: XlsxError) -> Problem {
    match error {
        XlsxError::Password => Problem::Encrypted,
        error => Problem::damaged(error),
    }
}

/// The row that is being read.
struct Cells<'a> {
    row: Option<u32>,
    texts: Vec<String>,
    odd: Vec<(usize, Odd)>,
    /// Numbers from 1 of rows that are not shown, ascending.
    hidden: &'a [u32],
    bytes: usize,
    /// How many rows there were: a file may name one row again and again.
    handed: usize,
    limits: &'a Limits,
}

impl<'a> Cells<'a> {
    fn new(limits: &'a Limits, hidden: &'a [u32]) -> Self {
        Self { row: None, texts: Vec::new(), odd: Vec::new(), hidden, bytes: 0, handed: 0, limits }
    }

    fn add(&mut self, position: (u32, u32), value: &DataRef<'_>, is_waiting: bool) -> Result<(), Problem> {
        let (row, column) = (position.0 as usize, position.1 as usize);
        let text = text(value).ok_or_else(|| too_long(position))?;
        let is_outside = column >= self.limits.columns || row >= self.limits.last_row();
        if is_outside && text.is_empty() && !is_waiting {
            return Ok(());
        }
        let Limits { columns, rows, row_bytes, .. } = *self.limits;
        if column >= columns {
            return Err(Problem::Column { cell: name(position), most: columns });
        }
        if row >= self.limits.last_row() || self.handed >= self.limits.last_row() {
            return Err(Problem::Rows { row: row + 1, most: rows });
        }
        self.row = Some(position.0);
        self.bytes += text.len();
        if self.bytes > row_bytes {
            return Err(Problem::RowLength { row: row + 1, most: row_bytes });
        }
        if self.texts.len() <= column {
            self.texts.resize(column + 1, String::new());
        }
        self.texts[column] = text;
        if is_waiting {
            self.odd.push((column, Odd::Uncalculated));
        } else if matches!(value, DataRef::Error(_)) {
            self.odd.push((column, Odd::Error));
        }
        Ok(())
    }

    fn hand<E>(&mut self, take: &mut dyn FnMut(Row<'_>) -> Result<(), E>) -> Result<(), ReadError<E>> {
        if let Some(row) = self.row.take() {
            self.handed += 1;
            let cells: Vec<&str> = self.texts.iter().map(String::as_str).collect();
            if !self.odd.is_empty() || cells.iter().any(|cell| !cell.is_empty()) {
                let number = row + 1;
                let is_hidden = self.hidden.binary_search(&number).is_ok();
                let row = Row { number: number as usize, cells: &cells, odd: &self.odd, is_hidden };
                take(row).map_err(ReadError::Taker)?;
            }
        }
        self.texts.clear();
        self.odd.clear();
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
        // A time of day, a span of time or a number that is no day, in a cell that is formatted as one: a licence number.
        DataRef::DateTime(moment) if !is_day(*moment) => Some(moment.as_f64().to_string()),
        DataRef::DateTime(moment) => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            Some(format!("{year:04}-{month:02}-{day:02}"))
        }
        // As a spreadsheet shows it, `#VALUE!`: it is no empty cell.
        DataRef::Error(error) => Some(error.to_string()),
        DataRef::Empty => Some(String::new()),
    }
}

/// Whether a number is a day of 1900 to 9999 and not a span of time.
fn is_day(moment: ExcelDateTime) -> bool {
    moment.is_datetime() && (1.0..2_958_466.0).contains(&moment.as_f64())
}

/// A cell as a spreadsheet names it: `A1` is (0, 0).
fn name((row, column): (u32, u32)) -> String {
    format!("{}{}", column_name(column as usize), u64::from(row) + 1)
}

/// A column from 0 as a spreadsheet names it: `A`, `B` … `Z`, `AA`.
pub fn column_name(column: usize) -> String {
    let (mut letters, mut rest) = (Vec::new(), column.saturating_add(1));
    while rest > 0 {
        let letter = u8::try_from((rest - 1) % 26).unwrap_or_default();
        letters.insert(0, char::from(b'A' + letter));
        rest = (rest - 1) / 26;
    }
    letters.into_iter().collect()
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
