use std::cell::Cell;
use std::io::{Cursor, Read, Seek, SeekFrom};

use rims_spreadsheet::{Content, Limits, Odd, Problem, ReadError, Sheet, Workbook as Book};

use crate::workbook::{Workbook, cell, types};

type Rows = Vec<(usize, Vec<String>)>;

fn read_within(file: impl Read + Seek, limits: &Limits) -> Result<Rows, Problem> {
    let mut workbook = Book::open(file, limits)?;
    let sheet = workbook.sheets().first().ok_or(Problem::NoSheet)?.name.clone();
    let mut rows = Vec::new();
    let read = workbook.read::<()>(&sheet, &mut |row| {
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
    let is_refused = matches!(problem, Problem::Ratio { .. } | Problem::TooMany { .. } | Problem::Damaged(_));
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
    for (bytes, content) in [
        (&b""[..], Content::Empty),
        (b"no zip", Content::Text),
        (b"<html><table><tr><td>x</table></html>", Content::Html),
        (b"\x9b DRMONE  This Document is encrypted and protected by Fasoo DRM \0\x01", Content::Protected),
        (b"%PDF-1.7", Content::Pdf),
    ] {
        assert_eq!(read(bytes), Err(Problem::Is(content)));
    }
    let compound = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    assert_eq!(read(&compound), Err(Problem::OldExcel));
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read(&[&compound[..], &vec![0; 65_500], &name].concat()), Err(Problem::Encrypted));
    let cut = Workbook::new("").file();
    assert!(matches!(read(&cut[..cut.len() - 30]), Err(Problem::Damaged(_))));
    let mut large_directory = Workbook::new("").file();
    let end = large_directory.len() - 22;
    let locator = [&b"PK\x06\x07"[..], &[0; 16]].concat();
    large_directory.splice(end..end, locator);
    assert_eq!(read(&large_directory), Err(Problem::TooMany { what: "parts" }));
}

type Odds = Vec<(usize, Odd)>;

/// What is odd and hidden, by row.
fn marks(workbook: &Workbook, sheet: &str) -> Vec<(usize, Odds, bool)> {
    let mut book = Book::open(Cursor::new(workbook.file()), &Limits::default()).unwrap();
    let mut marks = Vec::new();
    let read = book.read::<()>(sheet, &mut |row| {
        marks.push((row.number, row.odd.to_vec(), row.is_hidden));
        Ok(())
    });
    assert_eq!(read, Ok(()));
    marks
}

#[test]
fn formulas_without_a_value_and_errors_are_told() {
    let rows = "<row r=\"1\"><c r=\"A1\"><f>B1</f></c><c r=\"B1\"><f>1+1</f><v>2</v></c></row>\
                <row r=\"2\"><c r=\"A2\" t=\"e\"><f>NA()</f><v>#N/A</v></c></row>\
                <row r=\"3\"><c r=\"A3\"><f>C1</f><v/></c><c r=\"B3\" t=\"str\"><f>\"\"</f><v></v></c></row>\
                <row r=\"4\"><c r=\"B4\"><f t=\"shared\" ref=\"B4:B5\" si=\"4000000000\">A1</f></c></row>\
                <row r=\"5\"><c r=\"B5\"><f t=\"shared\" si=\"4000000000\"/></c></row>\
                <row r=\"6\"><c r=\"A6\"><f>1-1</f><v>0</v></c></row>";
    let odd = |workbook: &Workbook| -> Vec<(usize, Odds)> {
        marks(workbook, "S").into_iter().map(|(number, odd, _)| (number, odd)).collect()
    };
    let mut expected = vec![
        (1, vec![(0, Odd::Uncalculated)]),
        (2, vec![(0, Odd::Error)]),
        (3, vec![(0, Odd::Uncalculated)]),
        (4, vec![(1, Odd::Uncalculated)]),
        (5, vec![(1, Odd::Uncalculated)]),
        (6, vec![]),
    ];
    assert_eq!(odd(&Workbook::new(rows)), expected, "an empty text is a value");
    // A program that calculates nothing writes zeroes, and that all is to be calculated.
    let waiting = Workbook::new(rows).with(
        "xl/workbook.xml",
        "<workbook><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"rId1\"/></sheets><calcPr fullCalcOnLoad=\"1\"/></workbook>",
    );
    expected[5].1 = vec![(0, Odd::Uncalculated)];
    assert_eq!(odd(&waiting), expected);
}

#[test]
fn sheets_and_rows_that_are_not_shown_are_told() {
    let second = "<worksheet><sheetData><row><c><v>1</v></c></row><row hidden=\"1\"><c><v>2</v></c></row>\
                  <row r=\"5\" hidden=\"true\"><c><v>3</v></c></row><row hidden=\"0\"><c><v>4</v></c></row></sheetData></worksheet>";
    let workbook = Workbook::new("<row r=\"1\" hidden=\"1\"><c><v>1</v></c></row>")
        .with("xl/workbook.xml", "<workbook><sheets><sheet name=\"A&amp;B\" sheetId=\"1\" state=\"hidden\" r:id=\"rId1\"/><sheet name=\"명단\" sheetId=\"2\" r:id=\"rId2\"/></sheets></workbook>")
        .with("xl/_rels/workbook.xml.rels", "<Relationships><Relationship Id=\"rId1\" Type=\"http://x/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"rId2\" Type=\"http://x/relationships/worksheet\" Target=\"/xl/worksheets/Sheet2.xml\"/></Relationships>")
        .with("xl/worksheets/Sheet2.xml", second);
    let book = Book::open(Cursor::new(workbook.file()), &Limits::default()).unwrap();
    let sheet = |name: &str, is_visible| Sheet { name: name.to_owned(), is_visible };
    assert_eq!(book.sheets(), [sheet("A&B", false), sheet("명단", true)]);
    assert_eq!(marks(&workbook, "A&B"), [(1, vec![], true)]);
    assert_eq!(
        marks(&workbook, "명단"),
        [(1, vec![], false), (2, vec![], true), (5, vec![], true), (6, vec![], false)]
    );
    let mut book = book;
    assert_eq!(book.read::<()>("none", &mut |_| Ok(())), Err(ReadError::File(Problem::NoSheet)));
}

#[test]
fn one_part_is_not_a_thousand_sheets() {
    let sheets = |count: usize| {
        let sheets: Vec<String> =
            (0..count).map(|sheet| format!("<sheet name=\"{sheet}\" r:id=\"rId1\"/>")).collect();
        let workbook = format!("<workbook><sheets>{}</sheets></workbook>", sheets.concat());
        let file = Workbook::new("").with("xl/workbook.xml", &workbook).file();
        Book::open(Cursor::new(file), &Limits::default()).map(|book| book.sheets().len())
    };
    assert_eq!(sheets(1_000), Ok(1_000));
    assert_eq!(sheets(1_001), Err(Problem::TooMany { what: "sheets" }));
}

#[test]
fn cells_that_are_only_coloured_have_no_place_to_be_wrong_at() {
    let rows =
        |far: &str| format!("<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"1048576\">{far}</row>");
    for far in ["<c r=\"XFD1048576\" s=\"1\"/>", &cell("XFD1048576", " "), "<c r=\"XFD1048576\"><v/></c>"] {
        assert_eq!(read(&Workbook::new(&rows(far))).unwrap().len(), 1, "{far}");
    }
    for far in ["<c r=\"XFD1048576\"><v>1</v></c>", &cell("XFD1048576", "x"), &cell("XFD1048576", "&#65;")] {
        assert_eq!(read(&Workbook::new(&rows(far))), Err(column("XFD1048576")), "{far}");
    }
    assert_eq!(
        read(&Workbook::new(&rows("<c r=\"XFE9\" s=\"1\"/>"))),
        Err(column("XFE9")),
        "no spreadsheet has it"
    );
    let formula = rows("<c r=\"IW2\"><f>A1</f></c>");
    assert_eq!(read(&Workbook::new(&formula)), Err(column("IW2")));
}

#[test]
fn a_number_that_is_no_day_stays_a_number() {
    let styles = "<styleSheet><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"46\"/></cellXfs></styleSheet>";
    let rows = "<row r=\"1\"><c r=\"A1\" s=\"1\"><v>221212121212</v></c><c r=\"B1\" s=\"1\"><v>46358.75</v></c>\
                <c r=\"C1\" s=\"1\"><v>0.5</v></c><c r=\"D1\" s=\"2\"><v>1.5</v></c></row>";
    let workbook = Workbook::new(rows).with("xl/styles.xml", styles).with(
        "xl/_rels/workbook.xml.rels",
        "<Relationships><Relationship Id=\"rId1\" Type=\"http://x/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>",
    );
    let expected: Vec<String> = ["221212121212", "2026-12-02", "0.5", "1.5"].map(str::to_owned).to_vec();
    assert_eq!(read(&workbook), Ok(vec![(1, expected.clone())]));
    let old_mac = workbook.with(
        "xl/workbook.xml",
        "<workbook><workbookPr date1904=\"1\"/><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>",
    );
    assert_eq!(read(&old_mac).unwrap()[0].1[1], "2030-12-03", "days from 1904");
}
