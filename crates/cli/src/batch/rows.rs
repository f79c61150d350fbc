//! Reads the rows of a CSV or Excel file, one at a time.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

use calamine::{DataRef, Reader as _, Xlsx, open_workbook};
use encoding_rs::{EUC_KR, Encoding, UTF_8};

use super::FileFormat;
use crate::language::say;
use crate::output::Failure;

/// A row: its number as a spreadsheet shows it, and its cells.
pub(super) struct Row<'a> {
    pub(super) number: usize,
    pub(super) cells: &'a [&'a str],
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) format: FileFormat,
    /// Of a CSV file: UTF-8, or CP949 as Korean spreadsheets write it.
    pub(super) encoding: &'static Encoding,
    /// Whether a CSV file begins with a byte order mark, without which spreadsheets take UTF-8 for CP949.
    pub(super) has_mark: bool,
}

/// A row of its own behind the last one: an open quotation mark would swallow it.
const END: &str = "\u{1}";

const MARK: &[u8] = "\u{feff}".as_bytes();

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
    let mut decoder = UTF_8.new_decoder_without_bom_handling();
    let mut file = BufReader::new(open(path)?);
    let (mut block, mut text) = (vec![0; 64 << 10], String::with_capacity(256 << 10));
    let (mut has_mark, mut is_first) = (false, true);
    loop {
        let read = file.read(&mut block).map_err(|error| unreadable(path, &error.to_string()))?;
        has_mark |= is_first && block[..read].starts_with(MARK);
        is_first = false;
        text.clear();
        let (_, _, malformed) = decoder.decode_to_string(&block[..read], &mut text, read == 0);
        if malformed {
            return Ok(Form { format, encoding: EUC_KR, has_mark: false });
        }
        if read == 0 {
            return Ok(Form { format, encoding: UTF_8, has_mark });
        }
    }
}

/// Gives every row but empty ones to `take`, the header first.
pub(super) fn read(
    path: &Path,
    form: Form,
    take: &mut dyn FnMut(Row<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    match form.format {
        FileFormat::Xlsx => read_xlsx(path, take),
        _ => read_csv(path, form, take),
    }
}

fn read_csv(
    path: &Path,
    form: Form,
    take: &mut dyn FnMut(Row<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let decoded = Decoded::new(BufReader::new(open(path)?), form.encoding);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(decoded);
    let mut record = csv::StringRecord::new();
    let mut number = 0;
    loop {
        let first_line = reader.position().line();
        let more = reader.read_record(&mut record);
        if !more.map_err(|error| unreadable(path, &error.to_string()))? {
            // The end was swallowed by the last row.
            return Err(unreadable(
                path,
                &say!(
                    "{number}행: 따옴표(\")가 닫히지 않았습니다",
                    "row {number}: a quotation mark (\") is not closed"
                ),
            ));
        }
        if record.iter().eq([END]) {
            return Ok(());
        }
        number += 1;
        let lines = usize::try_from(reader.position().line() - first_line).unwrap_or_default();
        if lines > 1 {
            // Empty lines are rows of a spreadsheet, and lines within a cell are not.
            let within = record.as_slice().matches('\n').count();
            number += lines.saturating_sub(within + 1);
        }
        let cells: Vec<&str> = record.iter().map(|text| text.trim().trim_start_matches('\u{feff}')).collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            take(Row { number, cells: &cells })?;
        }
    }
}

fn read_xlsx(path: &Path, take: &mut dyn FnMut(Row<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
    let wrong = |error: calamine::XlsxError| unreadable(path, &error.to_string());
    open(path)?;
    let mut workbook: Xlsx<BufReader<File>> = open_workbook(path).map_err(wrong)?;
    let names = workbook.sheet_names();
    let sheet = names.first().ok_or_else(|| unreadable(path, &say!("시트가 없습니다", "it has no sheet")))?;
    let mut reader = workbook.worksheet_cells_reader(sheet).map_err(wrong)?;
    let (mut cells, mut present): (Vec<String>, Option<u32>) = (Vec::new(), None);
    while let Some(cell) = reader.next_cell().map_err(wrong)? {
        let (row, column) = cell.get_position();
        if present.is_some_and(|present| present != row) {
            give(&mut cells, present, take)?;
        }
        present = Some(row);
        let column = column as usize;
        if cells.len() <= column {
            cells.resize(column + 1, String::new());
        }
        cells[column] = text(cell.get_value());
    }
    give(&mut cells, present, take)
}

fn give(
    cells: &mut Vec<String>,
    row: Option<u32>,
    take: &mut dyn FnMut(Row<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if let Some(row) = row
        && cells.iter().any(|cell| !cell.is_empty())
    {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        take(Row { number: row as usize + 1, cells: &cells })?;
    }
    cells.clear();
    Ok(())
}

/// What a cell shows: numbers without a point where they are whole, dates as dates.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.trim().to_owned()
        }
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTime(moment) => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        // As a spreadsheet shows it, `#VALUE!`: it is no empty cell.
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| unreadable(path, &error.to_string()))
}

fn unreadable(path: &Path, why: &str) -> Failure {
    Failure::Input(format!("{}: {why}", path.display()))
}

/// Another encoding as UTF-8, with a line's end and [`END`] at its end.
struct Decoded<R> {
    inner: R,
    decoder: encoding_rs::Decoder,
    block: Vec<u8>,
    text: Vec<u8>,
    given: usize,
    /// Whether lines end with a carriage return.
    has_returns: bool,
    is_over: bool,
}

impl<R: std::io::Read> Decoded<R> {
    fn new(inner: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_without_bom_handling();
        Self {
            inner,
            decoder,
            block: vec![0; 32 << 10],
            text: Vec::new(),
            given: 0,
            has_returns: false,
            is_over: false,
        }
    }
}

impl<R: std::io::Read> std::io::Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.given == self.text.len() && !self.is_over {
            let read = self.inner.read(&mut self.block)?;
            self.is_over = read == 0;
            let most = self.decoder.max_utf8_buffer_length(read).unwrap_or(read * 3 + 16);
            self.text.resize(most, 0);
            let (_, _, written, malformed) =
                self.decoder.decode_to_utf8(&self.block[..read], &mut self.text, read == 0);
            if malformed {
                return Err(std::io::Error::other(say!(
                    "UTF-8도 CP949도 아닌 글자가 있습니다",
                    "it has characters of neither UTF-8 nor CP949"
                )));
            }
            self.text.truncate(written);
            self.has_returns |= self.text.contains(&b'\r');
            if self.is_over {
                // So that the last line ends like every other.
                self.text.extend_from_slice(if self.has_returns { b"\r\n" } else { b"\n" });
                self.text.extend_from_slice(END.as_bytes());
            }
            self.given = 0;
        }
        let count = buffer.len().min(self.text.len() - self.given);
        buffer[..count].copy_from_slice(&self.text[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows_of(bytes: &[u8]) -> (Form, Vec<(usize, Vec<String>)>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("drivers.csv");
        std::fs::write(&path, bytes).unwrap();
        let form = form(&path).unwrap();
        let mut rows = Vec::new();
        read(&path, form, &mut |row| {
            rows.push((row.number, row.cells.iter().map(ToString::to_string).collect()));
            Ok(())
        })
        .unwrap();
        (form, rows)
    }

    #[test]
    fn korean_in_every_encoding_that_spreadsheets_write() {
        let text = "이름,면허번호\n홍길동,\"11-12-345678-90\"\n\n,,\n김하늘,2\n";
        let (cp949, ..) = EUC_KR.encode(text);
        let marked = [MARK, text.as_bytes()].concat();
        for (bytes, encoding, has_mark) in
            [(text.as_bytes(), UTF_8, false), (&cp949[..], EUC_KR, false), (&marked[..], UTF_8, true)]
        {
            let (form, rows) = rows_of(bytes);
            assert_eq!((form.encoding, form.has_mark), (encoding, has_mark));
            assert_eq!(rows[0].1, ["이름", "면허번호"], "{encoding:?}");
            assert_eq!(rows[1], (2, vec!["홍길동".to_owned(), "11-12-345678-90".to_owned()]));
            assert_eq!(rows.len(), 3);
        }
    }

    #[test]
    fn rows_are_numbered_as_a_spreadsheet_shows_them() {
        for end in ["\n", "\r\n"] {
            let lines = ["a", "", "b", "\"c\nc\"", "", "", "d", "e"].join(end);
            for text in [lines.clone(), lines + end] {
                let numbers: Vec<usize> =
                    rows_of(text.as_bytes()).1.iter().map(|(number, _)| *number).collect();
                assert_eq!(numbers, [1, 3, 4, 7, 8], "{text:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_read_to_its_end_is_refused() {
        let refused = |bytes: &[u8]| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("drivers.csv");
            std::fs::write(&path, bytes).unwrap();
            match read(&path, form(&path).unwrap(), &mut |_| Ok(())) {
                Err(Failure::Input(why)) => why,
                other => panic!("{other:?}"),
            }
        };
        assert!(refused(b"a,b\n1,\"2\n3,4\n5,6\n").contains("row 2: a quotation mark"));
        assert!(refused(b"a,b\r\n1,\"2\r\n3,4").contains("row 2: a quotation mark"));
        assert!(
            refused(
                "이름\n홍길동\n".as_bytes()[..]
                    .iter()
                    .copied()
                    .chain(*b"\xff\n")
                    .collect::<Vec<_>>()
                    .as_slice()
            )
            .contains("CP949")
        );
        assert_eq!(rows_of(b"a\n\"b\nc\"").1.len(), 2, "a line's end within a cell that is closed");
    }

    #[test]
    fn long_files_are_decoded_across_blocks() {
        let text = format!("이름\n{}", "가나다라마바사아자차카타파하\n".repeat(20_000));
        let (cp949, ..) = EUC_KR.encode(&text);
        for bytes in [text.as_bytes(), &cp949] {
            let (_, rows) = rows_of(bytes);
            assert_eq!(rows.len(), 20_001);
            assert!(rows[1..].iter().all(|(_, cells)| cells[0] == "가나다라마바사아자차카타파하"));
        }
    }
}
