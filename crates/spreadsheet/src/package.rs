//! Inspects the package of an Excel file before a library reads it, which trusts what the file says: it reserves memory
//! for as many texts as are announced, keeps a copy of a font for every cell style, and calculates with the references
//! of cells without looking for an overflow.

use std::cell::Cell;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use quick_xml::Reader as XmlReader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use crate::content::head;
use crate::sheets::{Part, Sheets};
use crate::{Content, Limits, Problem};

/// What every file may expand to, however small it is.
const FREE_BYTES: u64 = 16 << 20;
/// The longest tag, text or comment: a cell has 32,767 characters.
const TOKEN_BYTES: u64 = 1 << 20;
/// The most different texts.
const TEXTS: usize = 2_000_000;
/// The most fonts, fills, borders, formats, sheets, names and relations of a part.
const DEFINITIONS: usize = 200_000;
/// Each cell style has a copy of its font and format: styles times the longest tag.
const STYLE_BYTES: usize = 64 << 20;
/// Three letters and seven digits: `XFD1048576`.
const REFERENCE: (usize, usize) = (3, 7);
/// The last column and row that a spreadsheet has.
const LAST: (usize, usize) = (16_384, 1_048_576);

/// Reads all parts to their end, and refuses a package that expands to more than the limits allow, has macros, or that
/// a library could not read in a bounded amount of memory. Gives what the library does not tell. The file is at its
/// beginning before and after.
pub(crate) fn inspect<R: Read + Seek>(file: &mut R, limits: &Limits) -> Result<Sheets, Problem> {
    is_archive(file)?;
    let length = directory_is_plain(file, limits)?;
    let ratio = limits.expansion_ratio.saturating_mul(length).max(FREE_BYTES);
    let (left, exceeded) = if ratio < limits.expanded_bytes {
        (ratio, Problem::Ratio { most: limits.expansion_ratio })
    } else {
        (limits.expanded_bytes, Problem::TooLarge { most: limits.expanded_bytes })
    };
    let budget = Budget { left: Cell::new(left), exceeded, token_bytes: Cell::new(0) };
    let mut sheets = Sheets::default();
    let mut archive = ZipArchive::new(BufReader::new(&mut *file)).map_err(Problem::damaged)?;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(Problem::damaged)?;
        let name = part.name().map_err(Problem::damaged)?.replace('\\', "/").to_ascii_lowercase();
        if name.ends_with("vbaproject.bin") || name.contains("macrosheets/") {
            return Err(Problem::Macros);
        }
        let mut part = Expanding { inner: part, budget: &budget };
        inspect_part(&mut part, limits, sheets.part(name))?;
        budget.token_bytes.set(0);
        drain(&mut part)?;
    }
    drop(archive);
    file.rewind().map_err(|error| Problem::of_read(&error))?;
    if sheets.is_workbook() { Ok(sheets) } else { Err(Problem::Is(Content::Archive)) }
}

/// Whether the file is an archive at all, and if not, what it is. The file is at its beginning after.
fn is_archive<R: Read + Seek>(file: &mut R) -> Result<(), Problem> {
    let failed = |error: io::Error| Problem::of_read(&error);
    file.rewind().map_err(failed)?;
    let problem = match Content::of(&head(file).map_err(failed)?) {
        Content::Archive => None,
        Content::Compound if has_text(file, "EncryptedPackage").map_err(failed)? => Some(Problem::Encrypted),
        Content::Compound => Some(Problem::OldExcel),
        other => Some(Problem::Is(other)),
    };
    file.rewind().map_err(failed)?;
    problem.map_or(Ok(()), Err)
}

/// Whether a text stands in the rest of a file in UTF-16, as the names of a compound file's parts do.
fn has_text(file: &mut impl Read, text: &str) -> io::Result<bool> {
    let needle: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (mut block, mut kept) = (vec![0; 64 << 10], 0);
    loop {
        let read = file.read(&mut block[kept..])?;
        let filled = kept + read;
        if read == 0 || block[..filled].windows(needle.len()).any(|window| window == needle) {
            return Ok(read > 0);
        }
        kept = filled.min(needle.len() - 1);
        block.copy_within(filled - kept..filled, 0);
    }
}

/// The file's length, if its directory is one of the plain form, which has 65,535 parts at most. The 64-bit form says
/// how many parts it has without having them, and memory would be reserved for them.
fn directory_is_plain<R: Read + Seek>(file: &mut R, limits: &Limits) -> Result<u64, Problem> {
    const LOCATOR: &[u8] = b"PK\x06\x07";
    const END: &[u8] = b"PK\x05\x06";
    /// The locator of the 64-bit form stands so far before the end's record.
    const DISTANCE: usize = 20;
    const KEPT: usize = DISTANCE + END.len() - 1;
    let failed = |error: io::Error| Problem::of_read(&error);
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let (mut block, mut kept, mut length) = (vec![0; 64 << 10], 0, 0_u64);
    loop {
        let read = file.read(&mut block[kept..]).map_err(failed)?;
        if read == 0 {
            break;
        }
        length += read as u64;
        if length > limits.expanded_bytes {
            return Err(Problem::TooLarge { most: limits.expanded_bytes });
        }
        let filled = kept + read;
        let is_locator = |window: &[u8]| window.starts_with(LOCATOR) && window.ends_with(END);
        if block[..filled].windows(DISTANCE + END.len()).any(is_locator) {
            return Err(Problem::TooMany { what: "parts" });
        }
        kept = filled.min(KEPT);
        block.copy_within(filled - kept..filled, 0);
    }
    file.rewind().map_err(failed)?;
    Ok(length)
}

/// What is left of what all parts together may expand to.
struct Budget {
    left: Cell<u64>,
    exceeded: Problem,
    /// What was read since the last token of XML.
    token_bytes: Cell<u64>,
}

/// A part that ends with an error where the budget does.
struct Expanding<'b, R> {
    inner: R,
    budget: &'b Budget,
}

impl<R: Read> Read for Expanding<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let Budget { left, exceeded, token_bytes } = self.budget;
        let rest = left.get().checked_sub(read as u64).ok_or_else(|| io::Error::from(exceeded.clone()))?;
        left.set(rest);
        token_bytes.set(token_bytes.get() + read as u64);
        if token_bytes.get() > TOKEN_BYTES {
            return Err(Problem::TooMany { what: "elements" }.into());
        }
        Ok(read)
    }
}

fn drain<R: Read>(part: &mut Expanding<'_, R>) -> Result<(), Problem> {
    let mut block = [0; 16 << 10];
    while part.read(&mut block).map_err(|error| Problem::of_read(&error))? > 0 {
        part.budget.token_bytes.set(0);
    }
    Ok(())
}

/// Looks at every tag of a part. What is no XML is left where it breaks off: no reader of XML gets further.
fn inspect_part<R: Read>(
    part: &mut Expanding<'_, R>,
    limits: &Limits,
    mut sheets: Part<'_>,
) -> Result<(), Problem> {
    let budget = part.budget;
    budget.token_bytes.set(0);
    let mut reader = XmlReader::from_reader(BufReader::new(part));
    let config = reader.config_mut();
    // As calamine reads.
    config.check_end_names = false;
    config.check_comments = false;
    config.expand_empty_elements = true;
    config.trim_text(false);
    let (mut counts, mut buffer) = (Counts::default(), Vec::new());
    loop {
        buffer.clear();
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(quick_xml::Error::Io(error)) => return Err(Problem::of_read(&error)),
            Err(_) => return Ok(()),
        };
        budget.token_bytes.set(0);
        match event {
            Event::Eof => return Ok(()),
            Event::Start(tag) => {
                counts.add(&tag, limits)?;
                sheets.add(&tag, limits)?;
            }
            Event::Text(text) => counts.text(!text.trim().is_empty())?,
            Event::CData(_) | Event::GeneralRef(_) => counts.text(true)?,
            _ => {}
        }
    }
}

/// What a part has so far.
#[derive(Default)]
struct Counts {
    texts: usize,
    definitions: usize,
    styles: usize,
    longest_tag: usize,
    /// The present cell stands out of bounds, which matters only if there is something in it: a spreadsheet names cells
    /// that were only coloured.
    outside: Option<Problem>,
}

impl Counts {
    /// Something in the present cell that is or is not white space.
    fn text(&mut self, is_seen: bool) -> Result<(), Problem> {
        if is_seen { self.outside.take().map_or(Ok(()), Err) } else { Ok(()) }
    }

    fn add(&mut self, tag: &BytesStart<'_>, limits: &Limits) -> Result<(), Problem> {
        self.longest_tag = self.longest_tag.max(tag.len());
        match tag.local_name().as_ref() {
            "row" => each(tag, "r", |row| row_of_a_spreadsheet(row, limits))?,
            "c" => {
                self.outside = None;
                each(tag, "r", |cell| {
                    self.outside = checked_cell(cell, limits)?;
                    Ok(())
                })?;
            }
            "dimension" => each(tag, "ref", checked_range)?,
            "sst" => each(tag, "uniqueCount", checked_count)?,
            "si" => self.texts += 1,
            "xf" => self.styles += 1,
            "font" | "fill" | "border" | "numFmt" | "dxf" | "sheet" | "definedName" | "Relationship" => {
                self.definitions += 1;
            }
            "Override" | "Default" => {
                self.definitions += 1;
                each(tag, "ContentType", no_macros)?;
            }
            _ => {}
        }
        if self.texts > TEXTS {
            return Err(Problem::TooMany { what: "texts" });
        }
        let is_too_much = self.styles.saturating_mul(self.longest_tag) > STYLE_BYTES;
        if is_too_much || self.styles > DEFINITIONS || self.definitions > DEFINITIONS {
            return Err(Problem::TooMany { what: "styles" });
        }
        Ok(())
    }
}

/// Checks every attribute of this name, with or without a prefix, also where there are several.
pub(crate) fn each(
    tag: &BytesStart<'_>,
    name: &str,
    mut check: impl FnMut(&str) -> Result<(), Problem>,
) -> Result<(), Problem> {
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.map_err(Problem::damaged)?;
        if attribute.key.local_name().as_ref() == name {
            check(&attribute.value)?;
        }
    }
    Ok(())
}

fn checked_row(row: &str, limits: &Limits) -> Result<(), Problem> {
    let number = digits(row).ok_or(Problem::Reference)?;
    if number > limits.last_row() { Err(Problem::Rows { row: number, most: limits.rows }) } else { Ok(()) }
}

/// A row that a spreadsheet can have. Its cells are checked by themselves.
fn row_of_a_spreadsheet(row: &str, limits: &Limits) -> Result<(), Problem> {
    match digits(row).ok_or(Problem::Reference)? {
        number if number <= LAST.1.max(limits.last_row()) => Ok(()),
        number => Err(Problem::Rows { row: number, most: limits.rows }),
    }
}

/// What is wrong with a cell if there is something in it. What no spreadsheet has is wrong in any case.
fn checked_cell(cell: &str, limits: &Limits) -> Result<Option<Problem>, Problem> {
    let (letters, row) = parts(cell)?;
    let most = limits.columns;
    let column = column(letters).filter(|column| *column <= LAST.0.max(most));
    let column = column.ok_or_else(|| Problem::Column { cell: cell.to_owned(), most })?;
    row_of_a_spreadsheet(row, limits)?;
    if column > most {
        return Ok(Some(Problem::Column { cell: cell.to_owned(), most }));
    }
    Ok(checked_row(row, limits).err())
}

fn checked_range(range: &str) -> Result<(), Problem> {
    let corner = |cell: &str| {
        let (letters, row) = parts(cell)?;
        let is_short = letters.len() <= REFERENCE.0 && row.len() <= REFERENCE.1;
        column(letters).filter(|_| is_short).zip(digits(row)).ok_or(Problem::Reference)
    };
    let (first, last) = range.split_once(':').unwrap_or((range, range));
    let (first, last) = (corner(first)?, corner(last)?);
    if first.0 <= last.0 && first.1 <= last.1 { Ok(()) } else { Err(Problem::Reference) }
}

fn checked_count(count: &str) -> Result<(), Problem> {
    let count = count.parse().map_err(|_| Problem::TooMany { what: "texts" })?;
    if (0..=TEXTS).contains(&count) { Ok(()) } else { Err(Problem::TooMany { what: "texts" }) }
}

fn no_macros(content_type: &str) -> Result<(), Problem> {
    let content_type = content_type.to_ascii_lowercase();
    let is_macro = content_type.contains("macro") || content_type.contains("vba");
    if is_macro { Err(Problem::Macros) } else { Ok(()) }
}

/// The letters and the digits of a reference, of a length that a message can show.
fn parts(cell: &str) -> Result<(&str, &str), Problem> {
    let place = cell.find(|character: char| character.is_ascii_digit()).ok_or(Problem::Reference)?;
    let (letters, row) = cell.split_at(place);
    let is_word = !letters.is_empty() && letters.bytes().all(|letter| letter.is_ascii_alphabetic());
    if is_word && cell.len() <= 20 { Ok((letters, row)) } else { Err(Problem::Reference) }
}

/// A column from 1; nothing where it has no number.
fn column(letters: &str) -> Option<usize> {
    letters.bytes().try_fold(0_usize, |column, letter| {
        let letter = usize::from(letter.to_ascii_uppercase() - b'A') + 1;
        column.checked_mul(26)?.checked_add(letter)
    })
}

/// A row from 1.
pub(crate) fn digits(row: &str) -> Option<usize> {
    let is_number = row.bytes().all(|digit| digit.is_ascii_digit());
    row.parse().ok().filter(|row| is_number && *row >= 1)
}
