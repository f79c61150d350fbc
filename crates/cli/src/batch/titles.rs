//! The header: which title is which column, and which is nobody's.

use std::borrow::Cow;

use rims_client::Sector;
use rims_reading::{Column, Meaning, Title, plain};
use rims_spreadsheet::{Odd, column_name};

use super::columns::{error, uncalculated};
use super::header::{LOOKED, is_ignored};
use super::rows::Row;
use crate::language::say;
use crate::output::Failure;

/// What the titles say.
#[derive(Clone, Debug, Default)]
pub(super) struct Titles {
    /// The titles themselves, on one line, up to the last that is there.
    titles: Vec<String>,
    /// What is read, and where it stands.
    places: Vec<(Column, usize)>,
}

impl Titles {
    /// Reads the titles. Two of one meaning are refused, and one that may mean something of ours without being read.
    pub(super) fn read(header: &Row<'_>, ignored: &[String], sector: Sector) -> Result<Self, Failure> {
        refuse_odd(header)?;
        let width = header.cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
        let mut found = Self::default();
        let (mut doubtful, mut twice, mut unused) = (Vec::new(), Vec::new(), ignored.to_vec());
        for cell in &header.cells[..width] {
            let (title, text) = (Title::new(cell), plain(cell).into_owned());
            unused.retain(|other| !title.is_same(&Title::new(other)));
            let meaning = if is_ignored(&title, ignored) { Meaning::Other } else { title.meaning() };
            let column = match meaning {
                // Elsewhere a column of this title is somebody's own.
                Meaning::Column(Column::Type) if !sector.rules().api_type => None,
                Meaning::Column(column) => Some(column),
                Meaning::Doubtful => {
                    doubtful.push(text.clone());
                    None
                }
                Meaning::Other => None,
            };
            if let Some(first) = column.and_then(|column| found.place(column)) {
                twice.push((found.titles[first].clone(), text.clone()));
            }
            if let Some(column) = column {
                found.places.push((column, found.titles.len()));
            }
            found.titles.push(text);
        }
        refuse(&doubtful, &twice, &unused)?;
        Ok(found)
    }

    /// Refuses a header without these columns.
    pub(super) fn require(&self, needed: &[Column]) -> Result<(), Failure> {
        let missing = needed.iter().filter(|column| self.place(**column).is_none());
        let missing: Vec<&str> = missing.map(|column| column.korean()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let missing = missing.join(", ");
        Err(Failure::Input(say!(
            "열이 없습니다: {missing}. 첫 {LOOKED}행 안에 제목 행이 있어야 합니다 (`rims batch --help`)",
            "there is no column {missing}; the titles must be in the first {LOOKED} rows (see `rims batch --help`)"
        )))
    }

    /// Where a column stands, from 0.
    pub(super) fn place(&self, column: Column) -> Option<usize> {
        self.places.iter().find(|(found, _)| *found == column).map(|(_, place)| *place)
    }

    /// All columns that are read.
    pub(super) fn places(&self) -> impl Iterator<Item = (Column, usize)> {
        self.places.iter().copied()
    }

    /// How many columns there are.
    pub(super) fn width(&self) -> usize {
        self.titles.len()
    }

    /// What the file calls a column.
    pub(super) fn called(&self, column: Column) -> Cow<'_, str> {
        match self.place(column) {
            Some(place) => Cow::Borrowed(&self.titles[place]),
            None => Cow::Borrowed(column.korean()),
        }
    }

    /// The titles that are read.
    pub(super) fn taken(&self) -> Vec<String> {
        self.places().map(|(_, place)| self.titles[place].clone()).collect()
    }

    /// The titles that are not read; a column without a title is called as a spreadsheet calls it.
    pub(super) fn left(&self) -> Vec<String> {
        let left = (0..self.width()).filter(|place| self.places.iter().all(|(_, read)| read != place));
        left.map(|place| match self.titles[place].as_str() {
            "" => column_name(place),
            title => title.to_owned(),
        })
        .collect()
    }
}

/// A title that a spreadsheet did not or could not calculate may be one of ours.
fn refuse_odd(header: &Row<'_>) -> Result<(), Failure> {
    let Some((place, odd)) = header.odd.first() else { return Ok(()) };
    let (number, letters) = (header.number, column_name(*place));
    let why = match odd {
        Odd::Uncalculated => uncalculated(),
        Odd::Error => error(),
    };
    Err(Failure::Input(say!(
        "{number}행 {letters}열의 제목: {why}",
        "row {number}, the title of column {letters}: {why}"
    )))
}

fn refuse(doubtful: &[String], twice: &[(String, String)], unused: &[String]) -> Result<(), Failure> {
    if let Some((first, second)) = twice.first() {
        return Err(Failure::Input(if Title::new(first).is_same(&Title::new(second)) {
            say!(
                "{first}: 같은 제목의 열이 둘 있습니다. 하나를 지우거나 제목을 바꾸십시오",
                "{first}: two columns mean the same; delete one or change its title"
            )
        } else {
            say!(
                "{first}, {second}: 같은 뜻의 열이 둘 있습니다. 쓰지 않을 열을 --ignore-column \"{second}\" 처럼 주십시오",
                "{first}, {second}: two columns mean the same; name the one that is not meant, such as --ignore-column \"{second}\""
            )
        }));
    }
    if let Some(first) = doubtful.first() {
        let all = doubtful.join(", ");
        return Err(Failure::Input(say!(
            "읽을 수 없는 제목입니다: {all}. 날짜, 차량, 종별, 이름, 면허 중 하나일 수 있어 아무것도 전송하지 않았습니다. 제목을 바꾸거나 (`rims batch --help`), 쓰지 않는 열이면 --ignore-column \"{first}\" 을 붙이십시오",
            "titles that are not understood: {all}; they may mean a date, a vehicle, a class, a name or a licence, so nothing was sent; change them (see `rims batch --help`), or say that a column is not meant with --ignore-column \"{first}\""
        )));
    }
    if let Some(title) = unused.first() {
        return Err(Failure::Input(say!(
            "--ignore-column: 제목이 '{title}' 인 열이 없습니다",
            "--ignore-column: there is no column with the title '{title}'"
        )));
    }
    Ok(())
}
