use std::cell::Cell;
use std::io::{self, Read};

use encoding_rs::{EUC_KR, Encoding, UTF_8};

use crate::content::{by_head, head};
use crate::{Content, Limits, Problem, ReadError, Row};

/// A row of its own behind the last one: an open quotation mark would swallow it.
const END: &str = "\u{1}";

/// What parts the cells of a row; the first is usual.
pub const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// How a CSV file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CsvForm {
    /// UTF-8, UTF-16 as Excel writes "Unicode text", or CP949 as Korean spreadsheets write it.
    pub encoding: &'static Encoding,
    /// Whether it begins with a byte order mark, without which spreadsheets take UTF-8 for CP949.
    pub has_mark: bool,
    /// What parts the cells of a row: a comma, if no first line `sep=;` says another. A reader that knows the titles
    /// tries [`DELIMITERS`].
    pub delimiter: u8,
    /// Whether a first line `sep=;` says what parts the cells.
    pub has_separator_line: bool,
    /// Whether lines end with a carriage return alone, as on old Macs.
    pub has_returns_alone: bool,
}

impl CsvForm {
    /// A file in this encoding with commas.
    pub fn new(encoding: &'static Encoding) -> Self {
        Self {
            encoding,
            has_mark: false,
            delimiter: b',',
            has_separator_line: false,
            has_returns_alone: false,
        }
    }
}

/// The form of a CSV file, by all that is in it. What is no text is refused.
pub fn detect(mut file: impl Read, limits: &Limits) -> Result<CsvForm, Problem> {
    let failed = |error: io::Error| Problem::of_read(&error);
    let head = head(&mut file).map_err(failed)?;
    match Content::of(&head) {
        Content::Text | Content::Empty => {}
        other => return Err(Problem::Is(other)),
    }
    let (encoding, has_mark) = by_head(&head).ok_or(Problem::Encoding)?;
    let mut form = CsvForm { has_mark, ..CsvForm::new(encoding) };
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let (mut block, mut text) = (vec![0; 64 << 10], String::with_capacity(256 << 10));
    let (mut is_first, mut total, mut has_returns, mut has_lines) = (true, 0, false, false);
    let mut rest = head.as_slice().chain(file);
    loop {
        let read = rest.read(&mut block).map_err(failed)?;
        total += read as u64;
        if total > limits.expanded_bytes {
            return Err(Problem::TooLarge { most: limits.expanded_bytes });
        }
        if form.encoding == EUC_KR {
            // No character of two bytes has one of these.
            has_returns |= block[..read].contains(&b'\r');
            has_lines |= block[..read].contains(&b'\n');
        } else {
            text.clear();
            let (_, _, malformed) = decoder.decode_to_string(&block[..read], &mut text, read == 0);
            match malformed {
                true if encoding == UTF_8 && !has_mark => form.encoding = EUC_KR,
                true => return Err(Problem::Encoding),
                false => {}
            }
            has_returns |= text.contains('\r');
            has_lines |= text.contains('\n');
        }
        if std::mem::take(&mut is_first) {
            let first = if form.encoding == EUC_KR {
                String::from_utf8_lossy(&block[..read.min(16)])
            } else {
                text.as_str().into()
            };
            if let Some(delimiter) = separator_line(&first) {
                (form.delimiter, form.has_separator_line) = (delimiter, true);
            }
        }
        if read == 0 {
            form.has_returns_alone = has_returns && !has_lines;
            return Ok(form);
        }
    }
}

/// What a first line `sep=;` says.
fn separator_line(text: &str) -> Option<u8> {
    let text = text.trim_start_matches('\u{feff}').trim_start_matches('"');
    let (name, rest) = text.split_at_checked(4)?;
    if !name.eq_ignore_ascii_case("sep=") {
        return None;
    }
    match rest.as_bytes() {
        [delimiter, b'\r' | b'\n' | b'"', ..] if delimiter.is_ascii() => Some(*delimiter),
        _ => None,
    }
}

/// Hands every row but empty ones to `take`, the header first.
pub fn read_csv<E>(
    file: impl Read,
    form: CsvForm,
    limits: &Limits,
    take: &mut dyn FnMut(Row<'_>) -> Result<(), E>,
) -> Result<(), ReadError<E>> {
    let (row_bytes, number) = (Cell::new(0), Cell::new(0));
    let decoded = Decoded::new(file, form);
    let guarded = Guarded { inner: decoded, total: 0, row_bytes: &row_bytes, row: &number, limits };
    let mut builder = csv::ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(form.delimiter);
    let mut reader = builder.from_reader(guarded);
    let mut is_separator_line = form.has_separator_line;
    let mut record = csv::StringRecord::new();
    loop {
        let first_line = reader.position().line();
        row_bytes.set(0);
        let more = reader.read_record(&mut record).map_err(|error| problem(&error))?;
        if !more {
            // The end was swallowed by the last row.
            return Err(Problem::Quote { row: number.get() }.into());
        }
        if record.iter().eq([END]) {
            return Ok(());
        }
        let lines = usize::try_from(reader.position().line() - first_line).unwrap_or_default();
        // Empty lines are rows of a spreadsheet, and lines within a cell are not.
        let within = if lines > 1 { record.as_slice().matches('\n').count() } else { 0 };
        number.set(number.get() + 1 + lines.saturating_sub(within + 1));
        let row = number.get();
        if std::mem::take(&mut is_separator_line) {
            continue;
        }
        if row > limits.last_row() {
            return Err(Problem::Rows { row, most: limits.rows }.into());
        }
        if record.len() > limits.columns {
            return Err(Problem::Column { cell: row.to_string(), most: limits.columns }.into());
        }
        if record.as_slice().len() > limits.row_bytes {
            return Err(Problem::RowLength { row, most: limits.row_bytes }.into());
        }
        let cells: Vec<&str> = record.iter().map(|text| text.trim().trim_start_matches('\u{feff}')).collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            let row = Row { number: row, cells: &cells, odd: &[], is_hidden: false };
            take(row).map_err(ReadError::Taker)?;
        }
    }
}

fn problem(error: &csv::Error) -> Problem {
    match error.kind() {
        csv::ErrorKind::Io(error) => Problem::of_read(error),
        _ => Problem::unreadable(error),
    }
}

/// Text that ends with an error where a row or the whole is too long, so that no reader collects it.
struct Guarded<'a, R> {
    inner: R,
    total: u64,
    /// What was read since the present row began, and up to a block of the row before it.
    row_bytes: &'a Cell<usize>,
    /// The number of the row before the present one.
    row: &'a Cell<usize>,
    limits: &'a Limits,
}

/// How much a reader takes in advance.
const BLOCK: usize = 8 << 10;

impl<R: Read> Read for Guarded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Limits { row_bytes, expanded_bytes, .. } = *self.limits;
        let length = buffer.len().min(BLOCK);
        let read = self.inner.read(&mut buffer[..length])?;
        self.total += read as u64;
        self.row_bytes.set(self.row_bytes.get() + read);
        if self.total > expanded_bytes {
            return Err(Problem::TooLarge { most: expanded_bytes }.into());
        }
        // Quotation marks are text here and not in the row: twice as much at most.
        if self.row_bytes.get() > row_bytes.saturating_mul(2) + BLOCK {
            return Err(Problem::RowLength { row: self.row.get() + 1, most: row_bytes }.into());
        }
        Ok(read)
    }
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
    /// Whether they end with nothing else, which no number of a line would know.
    has_returns_alone: bool,
    is_over: bool,
}

impl<R: Read> Decoded<R> {
    fn new(inner: R, form: CsvForm) -> Self {
        let decoder = form.encoding.new_decoder_with_bom_removal();
        Self {
            inner,
            decoder,
            block: vec![0; 32 << 10],
            text: Vec::new(),
            given: 0,
            has_returns: false,
            has_returns_alone: form.has_returns_alone,
            is_over: false,
        }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.is_over {
            let read = self.inner.read(&mut self.block)?;
            self.is_over = read == 0;
            let most = self.decoder.max_utf8_buffer_length(read).unwrap_or(read * 3 + 16);
            self.text.resize(most, 0);
            let (_, _, written, malformed) =
                self.decoder.decode_to_utf8(&self.block[..read], &mut self.text, read == 0);
            if malformed {
                return Err(Problem::Encoding.into());
            }
            self.text.truncate(written);
            if self.has_returns_alone {
                self.text.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
            }
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
