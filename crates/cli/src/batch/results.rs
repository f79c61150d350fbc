//! Writes the answers: the input's own columns, and what was found.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use encoding_rs::Encoding;
use rust_xlsxwriter::{Workbook, XlsxError};
use serde_json::{Map, Value};

use rims_client::codes::LicenceStatus;
use rims_spreadsheet::CsvForm;

use super::FileFormat;
use super::columns::{Asked, Columns};
use super::journal::Told;
use super::rows::{Form, Row, read};
use super::run::changed;
use super::tally::Tally;
use crate::formula::neutralised;
use crate::language::{say, text};
use crate::output::Failure;

/// The members that are added, as JSON calls them.
const KEYS: [&str; 7] =
    ["eligible", "status", "status_text", "vehicle", "asked_from", "asked_to", "asked_vehicle"];

/// The cells that are added to a row.
type Added = [String; KEYS.len()];

/// Where the answers go.
pub(super) struct Output {
    pub(super) path: PathBuf,
    pub(super) format: FileFormat,
    /// Whether a file that is there may be replaced.
    pub(super) overwrite: bool,
    /// Of CSV: whether formulas stay formulas ([`crate::formula`]).
    pub(super) raw: bool,
}

/// What was answered, by batch.
#[derive(Clone, Copy)]
pub(super) struct Answers<'a> {
    pub(super) answered: &'a [Option<Vec<Told>>],
    /// How many drivers are in one batch.
    pub(super) size: usize,
}

impl<'a> Answers<'a> {
    /// About the driver at this place of the file, from 0.
    fn of(self, place: usize) -> Option<&'a Told> {
        self.answered.get(place / self.size)?.as_ref()?.get(place % self.size)
    }
}

/// The file that was asked about.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) path: &'a Path,
    pub(super) form: &'a Form,
    pub(super) columns: &'a Columns,
}

/// Writes every row with its answer to a file that appears when it is complete, and only if the input is still what was
/// asked about. Gives what was counted.
pub(super) fn write(
    input: Input<'_>,
    answers: Answers<'_>,
    output: &Output,
    unchanged: impl FnOnce() -> Result<(), Failure>,
) -> Result<Tally, Failure> {
    let path = output.path.as_path();
    let failed = |error: std::io::Error| Failure::Failed(format!("{}: {error}", path.display()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // For its owner alone: it has the input's personal data in it.
    let file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let tally = match output.format {
        FileFormat::Csv => write_csv(input, answers, output.raw, BufWriter::new(file.as_file()))?,
        FileFormat::Json => write_json(input, answers, BufWriter::new(file.as_file()))?,
        FileFormat::Xlsx => write_xlsx(input, answers, file.path())?,
    };
    unchanged()?;
    file.as_file().sync_all().map_err(failed)?;
    let kept = if output.overwrite { file.persist(path) } else { file.persist_noclobber(path) };
    kept.map_err(|error| failed(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(tally)
}

/// Rows with their answers, as wide as the header; the header with the titles of the answers.
fn each<'a>(
    Input { path, form, columns }: Input<'_>,
    answers: Answers<'a>,
    mut take: impl FnMut(&[&str], Added, Option<&'a Told>) -> Result<(), Failure>,
) -> Result<Tally, Failure> {
    let (mut is_header, mut place, mut tally) = (true, 0, Tally::default());
    let width = columns.titles.width();
    read(path, form, &mut |row: Row<'_>| {
        let mut wide = row.cells.to_vec();
        wide.resize(width, "");
        if std::mem::take(&mut is_header) {
            return take(&wide, titles(), None);
        }
        let answer = answers.of(place);
        place += 1;
        let asked = columns.asked(&row).map_err(|_| changed())?;
        tally.add(&row, answer, &asked);
        take(&wide, answer.map(|told| cells(told, &asked)).unwrap_or_default(), answer)
    })?;
    Ok(tally)
}

/// A row's cells and what is added to them.
fn with<'a>(row: &'a [&str], added: &'a Added) -> impl Iterator<Item = &'a str> {
    row.iter().copied().chain(added.iter().map(String::as_str))
}

/// The titles of what is added. `rims_reading::Title` knows them: answers can be drivers again.
fn titles() -> Added {
    [
        say!("운전자격", "eligible"),
        say!("결과코드", "status"),
        say!("결과", "status text"),
        say!("차량확인코드", "vehicle code"),
        say!("조회한 시작일", "asked from"),
        say!("조회한 종료일", "asked to"),
        say!("조회한 차량번호", "asked vehicle"),
    ]
}

fn cells(told: &Told, asked: &Asked<'_>) -> Added {
    let status = &told.status;
    let eligible = if is_eligible(told) { say!("적격", "yes") } else { say!("부적격", "no") };
    let vehicle = told.vehicle.as_ref().map(ToString::to_string).unwrap_or_default();
    let asked_vehicle = asked.vehicle.as_deref().unwrap_or_default().to_owned();
    let (from, to) = (asked.from.to_string(), asked.to.to_string());
    [eligible, status.to_string(), text(status).to_owned(), vehicle, from, to, asked_vehicle]
}

pub(super) fn is_eligible(told: &Told) -> bool {
    told.status.known() == Some(LicenceStatus::Valid)
}

fn write_csv(
    input: Input<'_>,
    answers: Answers<'_>,
    raw: bool,
    mut out: impl Write,
) -> Result<Tally, Failure> {
    let CsvForm { encoding, has_mark, delimiter, has_separator_line, .. } = input.form.csv;
    // UTF-16 is answered in UTF-8, which spreadsheets know by its mark.
    if has_mark || encoding.output_encoding() != encoding {
        out.write_all("\u{feff}".as_bytes()).map_err(Failure::failed)?;
    }
    if has_separator_line {
        out.write_all(&[b"sep=", &[delimiter][..], b"\r\n"].concat()).map_err(Failure::failed)?;
    }
    let encoded = Encoded { out, encoding, cut: Vec::new() };
    let mut writer = csv::WriterBuilder::new().flexible(true).delimiter(delimiter).from_writer(encoded);
    let tally = each(input, answers, |row, added, _| {
        let cells = with(row, &added).map(|cell| if raw { Cow::Borrowed(cell) } else { neutralised(cell) });
        writer
            .write_record(cells.collect::<Vec<_>>().iter().map(|cell| cell.as_bytes()))
            .map_err(Failure::failed)
    })?;
    writer.flush().map_err(Failure::failed)?;
    Ok(tally)
}

/// The members' names: a title that stands there twice, or that is one of ours, is told apart by a number.
fn members(titles: &[&str]) -> Vec<String> {
    let mut members: Vec<String> = Vec::with_capacity(titles.len());
    for title in titles {
        let is_taken = |name: &str| KEYS.contains(&name) || members.iter().any(|member| member == name);
        let numbered = (2..).map(|number| format!("{title} ({number})"));
        let name = std::iter::once((*title).to_owned()).chain(numbered).find(|name| !is_taken(name));
        members.push(name.unwrap_or_default());
    }
    members
}

fn write_json(input: Input<'_>, answers: Answers<'_>, mut out: impl Write) -> Result<Tally, Failure> {
    let mut header: Option<Vec<String>> = None;
    let mut before = "[\n";
    let tally = each(input, answers, |row, added, answer| {
        let Some(header) = &header else {
            header = Some(members(row));
            return Ok(());
        };
        let mut object: Map<String, Value> =
            header.iter().zip(row).map(|(name, cell)| (name.clone(), (*cell).into())).collect();
        let mut values = added.map(|text| if text.is_empty() { Value::Null } else { Value::String(text) });
        values[0] = answer.map_or(Value::Null, |told| is_eligible(told).into());
        object.extend(KEYS.iter().map(|key| (*key).to_owned()).zip(values));
        write!(out, "{before}{}", Value::Object(object)).map_err(Failure::failed)?;
        before = ",\n";
        Ok(())
    })?;
    let end = if before == "[\n" { "[]\n" } else { "\n]\n" };
    out.write_all(end.as_bytes()).and_then(|()| out.flush()).map_err(Failure::failed)?;
    Ok(tally)
}

fn write_xlsx(input: Input<'_>, answers: Answers<'_>, path: &Path) -> Result<Tally, Failure> {
    let failed = |error: XlsxError| Failure::Failed(error.to_string());
    let mut workbook = Workbook::new();
    // Rows are written as they come; only the present one is in memory.
    let sheet = workbook.add_worksheet_with_constant_memory().map_err(failed)?;
    let mut line = 0;
    let tally = each(input, answers, |row, added, _| {
        for (column, cell) in (0..).zip(with(row, &added)) {
            sheet.write_string(line, column, cell).map_err(failed)?;
        }
        line += 1;
        Ok(())
    })?;
    workbook.save(path).map_err(failed)?;
    Ok(tally)
}

/// UTF-8 text in another encoding.
struct Encoded<W> {
    out: W,
    encoding: &'static Encoding,
    /// The beginning of a character whose end comes with the next bytes.
    cut: Vec<u8>,
}

impl<W: Write> Write for Encoded<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.cut.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.cut) {
            Ok(text) => text,
            Err(cut) => std::str::from_utf8(&self.cut[..cut.valid_up_to()]).unwrap_or_default(),
        };
        let length = whole.len();
        self.out.write_all(&self.encoding.encode(whole).0)?;
        self.cut.drain(..length);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::EUC_KR;

    use super::*;

    #[test]
    fn no_member_takes_the_place_of_another() {
        assert_eq!(
            members(&["비고", "비고", "eligible", "비고 (2)", "비고", ""]),
            ["비고", "비고 (2)", "eligible (2)", "비고 (2) (2)", "비고 (3)", ""]
        );
    }

    #[test]
    fn characters_may_be_cut_anywhere() {
        let text = "가나다, abc 힣";
        for step in 1..5 {
            let mut writer = Encoded { out: Vec::new(), encoding: EUC_KR, cut: Vec::new() };
            for part in text.as_bytes().chunks(step) {
                writer.write_all(part).unwrap();
            }
            assert_eq!(writer.out, EUC_KR.encode(text).0.as_ref(), "{step} bytes at a time");
        }
    }
}
