//! Any text as what people write, and any bytes as a file of drivers: what is read means one thing, and reading ends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rims_reading::{Meaning, Title, class, date, licence_number, name, plain, region, vehicle, yes_no};
use rims_spreadsheet::{DELIMITERS, Limits, Workbook, detect, read_csv};

fuzz_target!(|input: (&str, &[u8])| {
    let (text, bytes) = input;
    what_people_write(text);
    a_csv_file(bytes);
    an_excel_file(bytes);
});

/// What was read is read again as the same, however it is decorated.
fn what_people_write(text: &str) {
    assert_eq!(plain(&plain(text)), plain(text));
    if let Ok(number) = licence_number(text) {
        assert_eq!(licence_number(number.as_str()), Ok(number));
    }
    if let Ok(day) = date(text) {
        assert_eq!(date(&day.to_string()), Ok(day));
    }
    if let Ok(found) = class(text) {
        assert_eq!(class(found.code()), Ok(found));
    }
    if let Ok(read) = name(text) {
        assert_eq!(name(read.as_str()), Ok(read));
    }
    if let Ok(read) = vehicle(text) {
        assert_eq!(vehicle(&read).as_deref(), Ok(&*read));
    }
    _ = (region(text), yes_no(text));
    if let Meaning::Column(column) = Title::new(text).meaning() {
        assert_eq!(Title::new(&format!(" {text} *")).meaning(), Meaning::Column(column));
    }
}

fn a_csv_file(bytes: &[u8]) {
    let limits = Limits { columns: 8, rows: 100, expanded_bytes: 1 << 16, row_bytes: 1 << 10, ..Limits::default() };
    let Ok(mut form) = detect(bytes, &limits) else { return };
    for delimiter in DELIMITERS {
        form.delimiter = delimiter;
        let mut last = 0;
        let ended = read_csv::<()>(bytes, form, &limits, &mut |row| {
            assert!(row.number > last && row.cells.len() <= limits.columns);
            last = row.number;
            Ok(())
        });
        assert!(ended.is_ok() || last <= limits.rows + 1);
    }
}

fn an_excel_file(bytes: &[u8]) {
    let limits = Limits { columns: 8, rows: 100, expanded_bytes: 1 << 20, ..Limits::default() };
    let Ok(mut workbook) = Workbook::open(std::io::Cursor::new(bytes), &limits) else { return };
    for sheet in workbook.sheets() {
        _ = workbook.read::<()>(&sheet.name, &mut |row| {
            assert!(row.cells.len() <= limits.columns && row.number <= limits.rows + 1);
            Ok(())
        });
    }
}
