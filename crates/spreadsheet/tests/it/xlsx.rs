use std::cell::Cell;
use std::io::{Cursor, Read, Seek, SeekFrom};

use rims_spreadsheet::{Limits, Problem, ReadError, read_xlsx};

use crate::workbook::{Workbook, cell, types};

type Rows = Vec<(usize, Vec<String>)>;

fn read_within(file: impl Read + Seek, limits: &Limits) -> Result<Rows, Problem> {
    let mut rows = Vec::new();
    let read = read_xlsx::<()>(file, limits, &mut |row| {
        rows.push((row.number, row.cells.iter().map(ToString::to_string).collect()));
        Ok(())
    });
    match read {
        Ok(()) => Ok(rows),
        Err(ReadError::File(problem)) => Err(problem),
        Err(ReadError::Taker(())) => panic!("every row is taken"),
    }
}

fn read(workbook: &Workbook) -> Result<Rows, Problem> {
    read_within(Cursor::new(workbook.file()), &Limits::default())
}

fn column(cell: &str) -> Problem {
    Problem::Column { cell: cell.to_owned(), most: 256 }
}

/// A file that counts what is read of it.
struct Counted<'a> {
    file: Cursor<Vec<u8>>,
    read: &'a Cell<usize>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read.set(self.read.get() + read);
        Ok(read)
    }
}

impl Seek for Counted<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.file.seek(to)
    }
}

/// Reads a file of which most must not be read twice: once to look at its directory, once until it is refused.
fn refused_early(file: Vec<u8>) -> Problem {
    let (length, read) = (file.len(), Cell::new(0));
    let problem = read_within(Counted { file: Cursor::new(file), read: &read }, &Limits::default());
    assert!(read.get() < length * 3 / 2 + (256 << 10), "{} of {length} bytes were read", read.get());
    problem.unwrap_err()
}

#[test]
fn rows_cells_and_merged_cells() {
    let rows = format!(
        "<row r=\"1\">{}{}</row><row r=\"3\">{}<c r=\"D3\"><v>12</v></c></row>",
        cell("A1", " 이름 "),
        cell("B1", "종별"),
        cell("A3", "홍길동"),
    );
    let expected = vec![
        (1, vec!["이름".to_owned(), "종별".to_owned()]),
        (3, { ["홍길동", "", "", "12"].map(str::to_owned).to_vec() }),
    ];
    assert_eq!(read(&Workbook::new(&rows)), Ok(expected.clone()));
    let merged = format!(
        "<worksheet><dimension ref=\"A1:D3\"/><sheetData>{rows}</sheetData>\
         <mergeCells count=\"1\"><mergeCell ref=\"A3:XFD1048576\"/></mergeCells></worksheet>"
    );
    let merged = Workbook::new("").with("xl/worksheets/sheet1.xml", &merged);
    assert_eq!(read(&merged), Ok(expected), "a merged cell has its value where it begins");
}

#[test]
fn cells_beyond_the_columns_are_refused_by_name() {
    for name in ["ZZZZZZ3", "XFD3", "IW3", "zzzzzz3", "ZZZZZZZZZZZZZZZ3"] {
        let rows = format!("<row r=\"3\">{}</row>", cell(name, "x"));
        assert_eq!(read(&Workbook::new(&rows)), Err(column(name)));
    }
    let last = format!("<row r=\"3\">{}</row>", cell("IV3", "x"));
    assert_eq!(read(&Workbook::new(&last)).unwrap()[0].1.len(), 256);
    let unnamed = format!("<row r=\"3\">{}</row>", "<c><v>1</v></c>".repeat(257));
    assert_eq!(read(&Workbook::new(&unnamed)), Err(column("IW3")), "cells without a name are counted");
    for reference in ["", "3", "A", "A-3", "A0", "&#90;3", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAA3"] {
        let rows = format!("<row r=\"3\">{}</row>", cell(reference, "x"));
        assert_eq!(read(&Workbook::new(&rows)), Err(Problem::Reference), "{reference:?}");
    }
}

#[test]
fn rows_beyond_the_last_are_refused() {
    let limits = Limits { rows: 2, ..Limits::default() };
    let within = |rows: &str| read_within(Cursor::new(Workbook::new(rows).file()), &limits);
    let refused = |row| Err(Problem::Rows { row, most: 2 });
    assert!(within("<row r=\"3\"><c r=\"A3\"><v>1</v></c></row>").is_ok());
    assert_eq!(within("<row r=\"4\"><c r=\"A4\"><v>1</v></c></row>"), refused(4));
    assert_eq!(within("<row r=\"4294967297\"><c><v>1</v></c></row>"), refused(4_294_967_297));
    assert_eq!(
        within(&"<row><c><v>1</v></c></row>".repeat(4)),
        refused(4),
        "rows without a number are counted"
    );
    let again = "<row r=\"1\"><c><v>1</v></c></row><row r=\"2\"><c><v>1</v></c></row>".repeat(2);
    assert!(matches!(within(&again), Err(Problem::Rows { most: 2, .. })), "rows again and again");
}

#[test]
fn a_dimension_is_a_range_wherever_it_stands() {
    let sheet = |range: &str| {
        let sheet = format!(
            "<worksheet><sheetPr><x><dimension ref=\"{range}\"/></x></sheetPr><sheetData>{}</sheetData></worksheet>",
            "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>"
        );
        read(&Workbook::new("").with("xl/worksheets/sheet1.xml", &sheet))
    };
    assert!(sheet("A1").is_ok() && sheet("A1:XFD1048576").is_ok());
    for range in ["B2:A1", "A9:A1", "A1:ZZZZZZZZZZ99999999999", "A1:", "A1:B2:C3", "A99999999"] {
        assert_eq!(sheet(range), Err(Problem::Reference), "{range}");
    }
}

#[test]
fn texts_that_expand_to_hundreds_of_megabytes_are_refused_early() {
    let text = format!("<si><t>{}</t></si>", "가".repeat(10_000));
    let times = (400 << 20) / text.len();
    let file = Workbook::new("").file_with_repeated("xl/sharedStrings.xml", &text, times);
    assert!(file.len() < 4 << 20, "{}", file.len());
    assert_eq!(refused_early(file), Problem::Ratio { most: 100 });
}

#[test]
fn what_a_part_says_about_its_size_is_not_believed() {
    let text = " ".repeat(1 << 16);
    let mut file = Workbook::new("").file_with_repeated("xl/media/x.bin", &text, 1 << 12);
    let size = u32::try_from(text.len() << 12).unwrap().to_le_bytes();
    let places: Vec<usize> = (0..file.len() - 4).filter(|place| file[*place..].starts_with(&size)).collect();
    assert!(!places.is_empty());
    for place in places {
        file[place..place + 4].copy_from_slice(&100_u32.to_le_bytes());
    }
    let problem = refused_early(file);
    let is_refused =
        matches!(problem, Problem::Ratio { .. } | Problem::TooMany { .. } | Problem::Unreadable(_));
    assert!(is_refused, "{problem:?}");
}

#[test]
fn small_files_may_expand_to_more_than_a_hundred_times_their_size() {
    let rows = "<row><c><v>1</v></c></row>".repeat(50_000);
    let file = Workbook::new(&rows).file();
    assert!(file.len() * 100 < rows.len());
    assert_eq!(read_within(Cursor::new(file), &Limits::default()).unwrap().len(), 50_000);
}

#[test]
fn announced_and_repeated_texts_are_bounded() {
    for count in ["99999999999999999999", "4000000000", "2000001", "-1", "x"] {
        let texts = format!("<sst uniqueCount=\"{count}\"><si><t>x</t></si></sst>");
        let workbook = Workbook::new("").with("xl/sharedStrings.xml", &texts);
        assert_eq!(read(&workbook), Err(Problem::TooMany { what: "texts" }), "{count}");
    }
    // One text of 30,000 characters in each of 256 cells would be 8 MB a row.
    let texts = format!("<sst><si><t>{}</t></si></sst>", "x".repeat(30_000));
    let rows = format!("<row r=\"1\">{}</row>", "<c t=\"s\"><v>0</v></c>".repeat(256));
    let workbook = Workbook::new(&rows).with("xl/sharedStrings.xml", &texts);
    assert_eq!(read(&workbook), Err(Problem::RowLength { row: 1, most: 1 << 20 }));
    let long = format!("<row r=\"1\">{}</row>", cell("B1", &"x".repeat(32_768)));
    assert_eq!(read(&Workbook::new(&long)), Err(Problem::CellLength { cell: "B1".to_owned(), most: 32_767 }));
}

#[test]
fn styles_that_multiply_are_refused() {
    let styles = format!(
        "<styleSheet><fonts><font><name val=\"{}\"/></font></fonts><cellXfs>{}</cellXfs></styleSheet>",
        "x".repeat(100_000),
        "<xf fontId=\"0\"/>".repeat(10_000)
    );
    let workbook = Workbook::new("").with("xl/styles.xml", &styles);
    assert_eq!(
        read(&workbook),
        Err(Problem::TooMany { what: "styles" }),
        "a copy of the font for each style"
    );
}

#[test]
fn a_token_without_end_is_refused() {
    let rows = format!("<row r=\"1\">{}</row>", cell("A1", &"x".repeat(3 << 20)));
    assert_eq!(read(&Workbook::new(&rows)), Err(Problem::TooMany { what: "elements" }));
}

#[test]
fn macros_are_refused_whatever_they_are_called() {
    let plain = || Workbook::new("<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>");
    assert!(read(&plain()).is_ok());
    for name in
        ["xl/vbaProject.bin", "XL\\VBAPROJECT.BIN", "xl/other/vbaProject.bin", "xl/macrosheets/sheet1.xml"]
    {
        assert_eq!(read(&plain().with(name, "x")), Err(Problem::Macros), "{name}");
    }
    for main in [
        "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
        "application/vnd.ms-office.vbaProject",
        "application/vnd.ms-excel.macrosheet+xml",
    ] {
        let workbook = plain().with("[Content_Types].xml", &types(main));
        assert_eq!(read(&workbook), Err(Problem::Macros), "{main}");
    }
}

#[test]
fn what_is_no_workbook_is_refused() {
    let read = |bytes: &[u8]| read_within(Cursor::new(bytes.to_vec()), &Limits::default());
    assert!(matches!(read(b"no zip"), Err(Problem::Unreadable(_))));
    assert_eq!(read(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0, 0]), Err(Problem::Encrypted));
    let mut large_directory = Workbook::new("").file();
    let end = large_directory.len() - 22;
    let locator = [&b"PK\x06\x07"[..], &[0; 16]].concat();
    large_directory.splice(end..end, locator);
    assert_eq!(read(&large_directory), Err(Problem::TooMany { what: "parts" }));
}
