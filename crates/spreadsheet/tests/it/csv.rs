use std::cell::Cell;
use std::io::Read;

use encoding_rs::{EUC_KR, UTF_8, UTF_16BE, UTF_16LE};
use rims_spreadsheet::{Content, CsvForm, Limits, Problem, ReadError, detect, read_csv};

const MARK: &[u8] = "\u{feff}".as_bytes();

type Rows = Vec<(usize, Vec<String>)>;

fn read_within(bytes: &[u8], limits: &Limits) -> Result<(CsvForm, Rows), Problem> {
    let form = detect(bytes, limits)?;
    let mut rows = Vec::new();
    let read = read_csv::<()>(bytes, form, limits, &mut |row| {
        rows.push((row.number, row.cells.iter().map(ToString::to_string).collect()));
        Ok(())
    });
    match read {
        Ok(()) => Ok((form, rows)),
        Err(ReadError::File(problem)) => Err(problem),
        Err(ReadError::Taker(())) => panic!("every row is taken"),
    }
}

fn rows_of(bytes: &[u8]) -> (CsvForm, Rows) {
    read_within(bytes, &Limits::default()).unwrap()
}

fn refused(bytes: &[u8]) -> Problem {
    read_within(bytes, &Limits::default()).unwrap_err()
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
            let numbers: Vec<usize> = rows_of(text.as_bytes()).1.iter().map(|(number, _)| *number).collect();
            assert_eq!(numbers, [1, 3, 4, 7, 8], "{text:?}");
        }
    }
}

#[test]
fn what_cannot_be_read_to_its_end_is_refused() {
    assert_eq!(refused(b"a,b\n1,\"2\n3,4\n5,6\n"), Problem::Quote { row: 2 });
    assert_eq!(refused(b"a,b\r\n1,\"2\r\n3,4"), Problem::Quote { row: 2 });
    assert_eq!(refused(&["이름\n홍길동\n".as_bytes(), b"\xff\n"].concat()), Problem::Encoding);
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

#[test]
fn columns_rows_and_bytes_are_bounded() {
    let limits = Limits { columns: 3, rows: 2, expanded_bytes: 64, row_bytes: 20, ..Limits::default() };
    assert!(read_within(b"a,b,c\n1,2,3\n4,5,6\n", &limits).is_ok());
    for (text, problem) in [
        ("a,b,c\n1,2,3,4\n", Problem::Column { cell: "2".to_owned(), most: 3 }),
        ("a\n1\n2\n3\n", Problem::Rows { row: 4, most: 2 }),
        ("a\n\n\n1\n", Problem::Rows { row: 4, most: 2 }),
        ("a\n123456789012345678901\n", Problem::RowLength { row: 2, most: 20 }),
        (&"a\n".repeat(33), Problem::TooLarge { most: 64 }),
    ] {
        assert_eq!(read_within(text.as_bytes(), &limits).map(drop), Err(problem), "{text}");
    }
    let wide = format!("a\n{}\n", ",".repeat(256));
    assert_eq!(refused(wide.as_bytes()), Problem::Column { cell: "2".to_owned(), most: 256 });
}

/// `a`, a line's end, and then one row without end; it counts what is read of it.
struct Endless<'a> {
    begun: bool,
    read: &'a Cell<usize>,
}

impl Read for Endless<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        buffer.fill(b'x');
        if !self.begun {
            buffer[..2].copy_from_slice(b"a\n");
            self.begun = true;
        }
        self.read.set(self.read.get() + buffer.len());
        Ok(buffer.len())
    }
}

#[test]
fn a_row_without_end_is_not_collected() {
    let (read, limits) = (Cell::new(0), Limits::default());
    let form = CsvForm::new(UTF_8);
    let ended = read_csv::<()>(Endless { begun: false, read: &read }, form, &limits, &mut |_| Ok(()));
    assert_eq!(ended, Err(ReadError::File(Problem::RowLength { row: 2, most: 1 << 20 })));
    assert!(read.get() < 3 << 20, "{}", read.get());
    read.set(0);
    assert_eq!(
        detect(Endless { begun: false, read: &read }, &limits),
        Err(Problem::TooLarge { most: 256 << 20 })
    );
    assert!(read.get() < 257 << 20);
}

fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

#[test]
fn unicode_text_of_two_bytes_a_character() {
    let text = "이름,면허번호\r\n가각간,11-12-345678-90\r\n";
    for mark in ["", "\u{feff}"] {
        let text = format!("{mark}{text}");
        let (little, big) = (utf16(&text, u16::to_le_bytes), utf16(&text, u16::to_be_bytes));
        for (bytes, encoding) in [(little, UTF_16LE), (big, UTF_16BE)] {
            let (form, rows) = rows_of(&bytes);
            assert_eq!((form.encoding, form.has_mark), (encoding, !mark.is_empty()));
            assert_eq!(rows[0].1, ["이름", "면허번호"]);
            assert_eq!(rows[1], (2, vec!["가각간".to_owned(), "11-12-345678-90".to_owned()]));
            let mut cut = bytes.clone();
            cut.pop();
            assert_eq!(refused(&cut), Problem::Encoding, "half a character");
        }
    }
    assert_eq!(refused(b"\xff\xfe\0\0a\0\0\0"), Problem::Encoding, "UTF-32");
}

#[test]
fn a_first_line_may_say_what_parts_the_cells() {
    for (line, delimiter) in [("sep=;", ";"), ("SEP=\t", "\t"), ("\"sep=|\"", "|"), ("\u{feff}sep=,", ",")] {
        let text = format!("{line}\r\n이름{delimiter}면허번호\r\n홍길동{delimiter}2\r\n");
        let (form, rows) = rows_of(text.as_bytes());
        assert!(form.has_separator_line && form.delimiter == delimiter.as_bytes()[0], "{line}");
        assert_eq!(
            rows,
            [
                (2, vec!["이름".to_owned(), "면허번호".to_owned()]),
                (3, vec!["홍길동".to_owned(), "2".to_owned()])
            ]
        );
    }
    assert!(!rows_of(b"sep=ab,c\n1,2\n").0.has_separator_line);
}

#[test]
fn lines_of_old_macs_are_counted() {
    let (form, rows) = rows_of("이름\r\r홍길동\r\"김\r하늘\"\r끝\r".as_bytes());
    assert!(form.has_returns_alone);
    assert_eq!(rows.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 3, 4, 5]);
    let (cp949, ..) = EUC_KR.encode("이름\r홍길동\r");
    assert_eq!(rows_of(&cp949).1.len(), 2);
}

#[test]
fn a_mark_before_a_quotation_mark_is_not_part_of_the_cell() {
    let (_, rows) = rows_of("\u{feff}\"운전\n면허번호\",이름\n1,2\n".as_bytes());
    assert_eq!(rows[0].1, ["운전\n면허번호", "이름"]);
}

#[test]
fn what_is_no_text_is_told() {
    for (bytes, content) in [
        (&b"PK\x03\x04xx"[..], Content::Archive),
        (b"<html><table>", Content::Html),
        (b"\x9b DRMONE  This Document is encrypted and protected by Fasoo DRM \0\x01", Content::Protected),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Content::Compound),
    ] {
        assert_eq!(refused(bytes), Problem::Is(content));
    }
}
