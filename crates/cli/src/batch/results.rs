//! Writes the answers: the input's own columns, and what was found.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use encoding_rs::Encoding;
use rust_xlsxwriter::{Workbook, XlsxError};
use serde_json::{Map, Value};

use super::FileFormat;
use super::journal::Told;
use super::rows::{Form, Row, read};
use crate::formula::neutralised;
use crate::language::{say, text};
use crate::output::Failure;
use rims_client::codes::LicenceStatus;

/// The members that are added, as JSON calls them.
const KEYS: [&str; 4] = ["eligible", "status", "status_text", "vehicle"];

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

/// Writes every row with its answer to a file that appears when it is complete, and only if the input is still what was
/// asked about.
pub(super) fn write(
    input: (&Path, Form),
    answers: Answers<'_>,
    output: &Output,
    unchanged: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let path = output.path.as_path();
    let failed = |error: std::io::Error| Failure::Failed(format!("{}: {error}", path.display()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // For its owner alone: it has the input's personal data in it.
    let file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    match output.format {
        FileFormat::Csv => write_csv(input, answers, output.raw, BufWriter::new(file.as_file()))?,
        FileFormat::Json => write_json(input, answers, BufWriter::new(file.as_file()))?,
        FileFormat::Xlsx => write_xlsx(input, answers, file.path())?,
    }
    unchanged()?;
    file.as_file().sync_all().map_err(failed)?;
    let kept = if output.overwrite { file.persist(path) } else { file.persist_noclobber(path) };
    kept.map_err(|error| failed(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// Rows with their answers, as wide as the header; the header with the titles of the answers.
fn each<'a>(
    (path, form): (&Path, Form),
    answers: Answers<'a>,
    mut take: impl FnMut(&[&str], [String; 4], Option<&'a Told>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (mut width, mut place) = (None, 0);
    read(path, form, &mut |row: Row<'_>| {
        let Some(width) = width else {
            width = Some(row.cells.len());
            return take(row.cells, titles(), None);
        };
        let mut row = row.cells.to_vec();
        row.resize(width, "");
        let answer = answers.of(place);
        place += 1;
        take(&row, answer.map(cells).unwrap_or_default(), answer)
    })
}

/// A row's cells and what is added to them.
fn with<'a>(row: &'a [&str], added: &'a [String; 4]) -> impl Iterator<Item = &'a str> {
    row.iter().copied().chain(added.iter().map(String::as_str))
}

fn titles() -> [String; 4] {
    [
        say!("운전자격", "eligible"),
        say!("결과코드", "status"),
        say!("결과", "status text"),
        say!("차량확인코드", "vehicle code"),
    ]
}

fn cells(told: &Told) -> [String; 4] {
    let status = &told.status;
    let eligible = if is_eligible(told) { say!("적격", "yes") } else { say!("부적격", "no") };
    let vehicle = told.vehicle.as_ref().map(ToString::to_string).unwrap_or_default();
    [eligible, status.to_string(), text(status).to_owned(), vehicle]
}

pub(super) fn is_eligible(told: &Told) -> bool {
    told.status.known() == Some(LicenceStatus::Valid)
}

fn write_csv(
    input: (&Path, Form),
    answers: Answers<'_>,
    raw: bool,
    mut out: impl Write,
) -> Result<(), Failure> {
    if input.1.has_mark {
        out.write_all("\u{feff}".as_bytes()).map_err(Failure::failed)?;
    }
    let encoded = Encoded { out, encoding: input.1.encoding, cut: Vec::new() };
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(encoded);
    each(input, answers, |row, added, _| {
        let cells = with(row, &added).map(|cell| if raw { Cow::Borrowed(cell) } else { neutralised(cell) });
        writer
            .write_record(cells.collect::<Vec<_>>().iter().map(|cell| cell.as_bytes()))
            .map_err(Failure::failed)
    })?;
    writer.flush().map_err(Failure::failed)
}

fn write_json(input: (&Path, Form), answers: Answers<'_>, mut out: impl Write) -> Result<(), Failure> {
    let mut header: Option<Vec<String>> = None;
    let mut before = "[\n";
    each(input, answers, |row, [_, _, status_text, _], answer| {
        let Some(header) = &header else {
            header = Some(row.iter().map(ToString::to_string).collect());
            return Ok(());
        };
        let mut object: Map<String, Value> =
            header.iter().zip(row).map(|(name, cell)| (name.clone(), (*cell).into())).collect();
        let values = match answer {
            None => [Value::Null, Value::Null, Value::Null, Value::Null],
            Some(told) => [
                is_eligible(told).into(),
                told.status.to_string().into(),
                status_text.into(),
                told.vehicle.as_ref().map_or(Value::Null, |code| code.to_string().into()),
            ],
        };
        object.extend(KEYS.iter().map(|key| (*key).to_owned()).zip(values));
        write!(out, "{before}{}", Value::Object(object)).map_err(Failure::failed)?;
        before = ",\n";
        Ok(())
    })?;
    let end = if before == "[\n" { "[]\n" } else { "\n]\n" };
    out.write_all(end.as_bytes()).and_then(|()| out.flush()).map_err(Failure::failed)
}

fn write_xlsx(input: (&Path, Form), answers: Answers<'_>, path: &Path) -> Result<(), Failure> {
    let failed = |error: XlsxError| Failure::Failed(error.to_string());
    let mut workbook = Workbook::new();
    // Rows are written as they come; only the present one is in memory.
    let sheet = workbook.add_worksheet_with_constant_memory().map_err(failed)?;
    let mut line = 0;
    each(input, answers, |row, added, _| {
        for (column, cell) in (0..).zip(with(row, &added)) {
            sheet.write_string(line, column, cell).map_err(failed)?;
        }
        line += 1;
        Ok(())
    })?;
    workbook.save(path).map_err(failed)
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
