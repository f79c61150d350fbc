//! `batch`: which sheet and which rows of an Excel file are asked about, and cells that have no value.

use rust_xlsxwriter::{Format, Formula, Workbook, Worksheet};
use serde_json::{Value, json};

use super::Company;

const TITLES: [&str; 6] = ["면허번호", "이름", "면허종별", "차량번호", "시작일", "종료일"];
const DRIVER: [&str; 6] = ["221212121212", "홍길동", "12", "67라6767", "", ""];

/// Writes cells into a row; empty ones are left out.
fn line(sheet: &mut Worksheet, row: u32, cells: &[&str]) {
    for (column, cell) in (0..).zip(cells).filter(|(_, cell)| !cell.is_empty()) {
        sheet.write_string(row, column, *cell).unwrap();
    }
}

/// A sheet with the titles and so many drivers.
fn drivers<'a>(workbook: &'a mut Workbook, name: &str, count: u32) -> &'a mut Worksheet {
    let sheet = workbook.add_worksheet();
    sheet.set_name(name).unwrap();
    line(sheet, 0, &TITLES);
    for row in 1..=count {
        line(sheet, row, &DRIVER);
    }
    sheet
}

fn summary(company: &Company, options: &[&str]) -> Value {
    company.json(0, &[&["batch", "drivers.xlsx", "--overwrite"], options].concat())
}

fn refused(company: &Company, options: &[&str]) -> String {
    let (stdout, stderr) = company.ends(2, &[&["batch", "drivers.xlsx", "--overwrite"], options].concat());
    assert!(
        stdout.is_empty() && !company.path("drivers.xlsx.rims-journal").exists(),
        "nothing was sent: {stdout}"
    );
    stderr
}

#[test]
fn the_visible_sheet_with_the_titles_is_read() {
    let company = Company::start();
    let path = company.path("drivers.xlsx");
    let mut workbook = Workbook::new();
    drivers(&mut workbook, "지난달", 3).set_hidden(true);
    drivers(&mut workbook, "이번달", 1).set_active(true);
    line(workbook.add_worksheet().set_name("안내").unwrap(), 0, &["작성 방법"]);
    workbook.save(&path).unwrap();
    let told = summary(&company, &[]);
    assert_eq!((&told["sheet"], &told["drivers"]), (&json!("이번달"), &json!(1)), "{told}");
    let told = summary(&company, &["--sheet", "지난달"]);
    assert_eq!(
        (&told["sheet"], &told["drivers"]),
        (&json!("지난달"), &json!(3)),
        "a hidden one is meant by name"
    );
    let why = refused(&company, &["--sheet", "다음달"]);
    assert!(why.contains("'다음달'") && why.contains("'이번달'"), "{why}");
}

#[test]
fn one_of_several_sheets_is_not_chosen_in_silence() {
    let company = Company::start();
    let path = company.path("drivers.xlsx");
    let mut workbook = Workbook::new();
    drivers(&mut workbook, "서울", 1);
    drivers(&mut workbook, "부산", 2);
    workbook.save(&path).unwrap();
    let why = refused(&company, &[]);
    assert!(why.contains("'서울', '부산'") && why.contains("--sheet"), "{why}");
    assert_eq!(summary(&company, &["--sheet", "부산"])["drivers"], json!(2));

    let mut workbook = Workbook::new();
    line(workbook.add_worksheet().set_name("안내").unwrap(), 0, &["작성 방법"]);
    line(workbook.add_worksheet().set_name("기타").unwrap(), 0, &["메모"]);
    workbook.save(&path).unwrap();
    let why = refused(&company, &[]);
    assert!(why.contains("'안내', '기타'"), "{why}");

    let mut workbook = Workbook::new();
    drivers(&mut workbook, "명단", 1).set_hidden(true);
    line(workbook.add_worksheet().set_name("안내").unwrap().set_active(true), 0, &["작성 방법"]);
    workbook.save(&path).unwrap();
    let why = refused(&company, &[]);
    assert!(why.contains("only hidden sheets") && why.contains("'명단'"), "{why}");
}

#[test]
fn hidden_rows_are_asked_about_and_said_unless_they_are_left_out() {
    let company = Company::start();
    let mut workbook = Workbook::new();
    drivers(&mut workbook, "명단", 3).set_row_hidden(2).unwrap();
    workbook.save(company.path("drivers.xlsx")).unwrap();
    for (options, drivers, asked, not_asked) in [(&[][..], 3, 1, 0), (&["--skip-hidden"], 2, 0, 1)] {
        let told = summary(&company, options);
        assert_eq!(told["drivers"], json!(drivers), "{told}");
        assert_eq!((&told["hidden_asked"], &told["hidden_not_asked"]), (&json!(asked), &json!(not_asked)));
    }
}

#[test]
fn a_cell_without_a_value_is_not_an_empty_one() {
    let company = Company::start();
    for (column, title) in [(0, "면허번호"), (2, "면허종별"), (3, "차량번호"), (4, "시작일"), (5, "종료일")]
    {
        let mut workbook = Workbook::new();
        let sheet = drivers(&mut workbook, "명단", 2);
        line(sheet, 2, &["221212121212", "홍길동", "12", "67라6767", "20290301", "20290301"]);
        // The library calculates nothing: it writes 0 and asks for a calculation.
        sheet.write_formula(2, column, "=A1").unwrap();
        workbook.save(company.path("drivers.xlsx")).unwrap();
        let why = refused(&company, &[]);
        assert!(why.contains(&format!("row 3: {title}: the formula was not calculated")), "{why}");
    }
    let mut workbook = Workbook::new();
    let sheet = drivers(&mut workbook, "명단", 1);
    sheet.write_formula(0, 6, "=A1").unwrap();
    workbook.save(company.path("drivers.xlsx")).unwrap();
    let why = refused(&company, &[]);
    assert!(why.contains("row 1, the title of column G: the formula"), "{why}");

    let mut workbook = Workbook::new();
    let sheet = drivers(&mut workbook, "명단", 1);
    for (column, day) in [(4, "2029-03-01"), (5, "2029-03-02")] {
        sheet.write_formula(1, column, Formula::new("=A1").set_result(day)).unwrap();
    }
    line(sheet, 0, &["", "", "", "", "", "", "비고"]);
    sheet.write_formula(1, 6, "=A1").unwrap();
    workbook.save(company.path("drivers.xlsx")).unwrap();
    let told = summary(&company, &[]);
    assert_eq!(
        (&told["from"], &told["to"]),
        (&json!("2029-03-01"), &json!("2029-03-02")),
        "a stored value counts"
    );
}

#[test]
fn a_licence_number_that_is_formatted_as_a_date_is_a_number() {
    let company = Company::start();
    let mut workbook = Workbook::new();
    let sheet = drivers(&mut workbook, "명단", 1);
    let date = Format::new().set_num_format("yyyy-mm-dd");
    sheet.write_number_with_format(1, 0, 221_212_121_212.0, &date).unwrap();
    workbook.save(company.path("drivers.xlsx")).unwrap();
    summary(&company, &[]);
    sheet_with_class_as_date(&company, &date);
    let why = refused(&company, &[]);
    assert!(why.contains("row 2: 면허종별: the cell is formatted as a date"), "{why}");
}

fn sheet_with_class_as_date(company: &Company, date: &Format) {
    let mut workbook = Workbook::new();
    drivers(&mut workbook, "명단", 1).write_number_with_format(1, 2, 12.0, date).unwrap();
    workbook.save(company.path("drivers.xlsx")).unwrap();
}

#[test]
fn a_coloured_cell_far_away_is_nothing_and_text_there_is_refused() {
    let company = Company::start();
    for (row, column) in [(0, 16_383), (1, 16_383), (1_048_575, 16_383), (1_048_575, 0)] {
        let mut workbook = Workbook::new();
        let bold = Format::new().set_bold();
        drivers(&mut workbook, "명단", 1).write_blank(row, column, &bold).unwrap();
        workbook.save(company.path("drivers.xlsx")).unwrap();
        assert_eq!(summary(&company, &[])["drivers"], json!(1), "{row} {column}");
        let mut workbook = Workbook::new();
        drivers(&mut workbook, "명단", 1).write_string(row, column, "x").unwrap();
        workbook.save(company.path("drivers.xlsx")).unwrap();
        let why = refused(&company, &[]);
        assert!(why.contains("there may be"), "{why}");
    }
}

#[test]
fn titles_below_others_are_found() {
    let company = Company::start();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    line(sheet, 0, &["2029년 3월 운전자 명단"]);
    line(sheet, 2, &TITLES);
    line(sheet, 3, &DRIVER);
    workbook.save(company.path("drivers.xlsx")).unwrap();
    let told = summary(&company, &[]);
    assert_eq!((&told["header_row"], &told["drivers"]), (&json!(3), &json!(1)));
}
