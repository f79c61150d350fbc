//! `batch`: files as spreadsheets write them, wrong rows, answers beside the input.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use calamine::{Data, Reader as _, Xlsx, open_workbook};
use encoding_rs::EUC_KR;
use nix::pty::{Winsize, openpty};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use serde_json::{Value, json};

use super::Company;
use crate::harness::run;

const HEADER: &str = "비고,이름,면허번호,면허종별,차량번호";

/// The titles of what is added.
const ADDED: &str = "eligible,status,status text,vehicle code,asked from,asked to,asked vehicle";

fn rows(count: usize) -> String {
    let rows = (0..count).map(|place| {
        let code = ["00", "12", "24"][place % 3];
        format!("메모 {place},홍길동,11-00-{place:06}-{code},1종보통,67라6767\n")
    });
    std::iter::once(format!("{HEADER}\n")).chain(rows).collect()
}

fn write(company: &Company, name: &str, content: impl AsRef<[u8]>) {
    std::fs::write(company.path(name), content).unwrap();
}

fn read(company: &Company, name: &str) -> String {
    std::fs::read_to_string(company.path(name)).unwrap()
}

#[test]
fn a_csv_file_is_answered_beside_it_in_its_own_encoding() {
    let company = Company::start();
    let text = rows(30);
    let (cp949, ..) = EUC_KR.encode(&text);
    write(&company, "utf8.csv", &text);
    write(&company, "cp949.csv", &cp949);
    write(&company, "marked.csv", format!("\u{feff}{text}"));
    for name in ["utf8", "cp949", "marked"] {
        let summary = company.json(3, &["batch", &format!("{name}.csv"), "--size", "7"]);
        let (drivers, eligible) = (&summary["drivers"], &summary["eligible"]);
        assert_eq!((drivers, eligible), (&json!(30), &json!(10)), "{name}");
        let result = std::fs::read(company.path(&format!("{name}.result.csv"))).unwrap();
        let (result, encoding, _) =
            if name == "cp949" { EUC_KR.decode(&result) } else { encoding_rs::UTF_8.decode(&result) };
        let lines: Vec<&str> = result.lines().collect();
        assert_eq!(lines.len(), 31, "{encoding:?}");
        assert_eq!(lines[0], format!("{HEADER},{ADDED}"));
        let today = summary["from"].as_str().unwrap();
        let asked = format!("{today},{today},67라6767");
        assert_eq!(
            lines[1],
            format!("메모 0,홍길동,11-00-000000-00,1종보통,67라6767,yes,00,valid,1,{asked}")
        );
        for (place, line) in lines[1..].iter().enumerate() {
            let answer = ["yes,00,valid", "no,12,suspended", "no,24,mismatch: licence class"][place % 3];
            assert!(
                line.starts_with(&format!("메모 {place},"))
                    && line.ends_with(&format!(",{answer},1,{asked}")),
                "{line}"
            );
        }
    }
    let mode = std::fs::metadata(company.path("utf8.result.csv")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "personal data is for its owner");
    assert!(std::fs::read(company.path("marked.result.csv")).unwrap().starts_with("\u{feff}".as_bytes()));
    assert!(!company.path("utf8.csv.rims-journal").exists());
    let (_, stderr) = company.ends(2, &["batch", "utf8.csv"]);
    assert!(stderr.contains("--overwrite"), "answers are not replaced: {stderr}");
    company.ends(3, &["batch", "utf8.csv", "--overwrite"]);
}

#[test]
fn an_excel_file_with_dates_and_numbers_as_cells() {
    let company = Company::start();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, title) in (0..).zip(["Licence Number", "Name", "Class", "From", "To", "Vehicle"]) {
        sheet.write_string(0, column, title).unwrap();
    }
    let day = ExcelDateTime::from_ymd(2027, 3, 1).unwrap();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    for row in 1..=3 {
        sheet.write_number(row, 0, 221_212_121_212.0).unwrap();
        sheet.write_string(row, 1, "홍길동").unwrap();
        sheet.write_number(row, 2, if row == 2 { 32.0 } else { 12.0 }).unwrap();
        sheet.write_datetime_with_format(row, 3, &day, &date).unwrap();
        sheet.write_string(row, 4, "20270302").unwrap();
        sheet.write_string(row, 5, "67라6767").unwrap();
    }
    workbook.save(company.path("drivers.xlsx")).unwrap();
    company.ends(3, &["batch", "drivers.xlsx"]);
    let mut answers: Xlsx<_> = open_workbook(company.path("drivers.result.xlsx")).unwrap();
    let range = answers.worksheet_range_at(0).unwrap().unwrap();
    let cell = |row, column| range.get_value((row, column)).cloned().unwrap_or(Data::Empty).to_string();
    assert_eq!((cell(0, 6), cell(1, 6), cell(1, 3)), ("eligible".into(), "yes".into(), "2027-03-01".into()));
    assert_eq!((cell(2, 6), cell(2, 7)), ("no".into(), "24".into()));
    // The answers are a file of drivers, too; as JSON this time.
    company.ends(3, &["batch", "drivers.result.xlsx", "--result", "answers.json"]);
    let answers: Value = serde_json::from_str(&read(&company, "answers.json")).unwrap();
    assert_eq!(answers.as_array().unwrap().len(), 3);
    assert_eq!(
        (&answers[0]["Licence Number"], &answers[1]["status"]),
        (&json!("221212121212"), &json!("24"))
    );
}

#[test]
fn every_wrong_row_is_named_before_anything_is_sent() {
    let company = Company::start();
    let mut text = rows(3);
    text.push_str("x,홍길동,1234,12,67라6767\n\nx,,111234567890,12,67라6767\nx,홍길동,111234567890,99,\n");
    text.push_str("x,홍길동,111234567890,12,\n");
    write(&company, "wrong.csv", &text);
    let (stdout, stderr) = company.ends(2, &["batch", "wrong.csv"]);
    assert!(stdout.is_empty());
    for hint in [
        "row 5: 면허번호",
        "row 7: 이름",
        "row 8: 면허종별",
        "row 9: 파라미터가 누락",
        "vhcl_reg_no",
        "4 of 7 rows",
    ] {
        assert!(stderr.contains(hint), "{hint}: {stderr}");
    }
    assert!(!stderr.contains("1112345") && !stderr.contains("1234"), "no value is shown: {stderr}");
    assert!(!company.path("wrong.csv.rims-journal").exists());
    for (name, content, hint) in [
        ("empty.csv", "", "no driver"),
        ("header.csv", HEADER, "no driver"),
        ("columns.csv", "이름,차량번호\n홍길동,x\n", "면허번호"),
        ("twice.csv", "이름,성명,면허번호,종별\n", "two columns"),
        (
            "quote.csv",
            "이름,면허번호,종별,차량번호\n홍길동,221212121212,12,\"67라6767\n홍길동,110000000012,12,x\n",
            "row 2: a quotation",
        ),
        ("wide.csv", "이름,면허번호,종별\n홍길동,221212121212,12,메모\n", "more cells"),
        ("old.xls", "x", ".xlsx"),
        ("broken.xlsx", "x", "broken.xlsx"),
    ] {
        write(&company, name, content);
        let (_, stderr) = company.ends(2, &["batch", name]);
        assert!(stderr.contains(hint), "{name}: {stderr}");
    }
    let (_, stderr) = company.ends(2, &["batch", "none.csv"]);
    assert!(stderr.contains("none.csv"), "{stderr}");
    let (_, stderr) = company.ends(2, &["batch", "wrong.csv", "--result", "wrong.csv"]);
    assert!(stderr.contains("the input itself"), "{stderr}");
}

#[test]
fn options_stand_in_for_columns_and_other_sectors_have_other_rules() {
    let company = Company::start();
    write(&company, "short.csv", "licence number,name\n221212121212,홍길동\n");
    let (_, stderr) = company.ends(2, &["batch", "short.csv"]);
    assert!(stderr.contains("면허종별"), "{stderr}");
    let batch = ["batch", "short.csv", "--class", "1종보통", "--sector", "sub"];
    let summary = company.json(0, &batch);
    assert_eq!((&summary["eligible"], &summary["ineligible"]), (&json!(1), &json!(0)));
    let result = read(&company, "short.result.csv");
    let (from, to) = (summary["from"].as_str().unwrap(), summary["to"].as_str().unwrap());
    assert!(from < to, "where days are not required, today and tomorrow are asked about");
    let expected = format!("221212121212,홍길동,yes,00,valid,,{from},{to},");
    assert_eq!(result.lines().last(), Some(expected.as_str()));
    let (_, stderr) = company.ends(2, &[&batch[..4], &["--overwrite"]].concat());
    assert!(stderr.contains("vhcl_reg_no"), "car rental needs a vehicle: {stderr}");
    let days = ["--from", "+1", "--to", "-1", "--overwrite"];
    let (_, stderr) = company.ends(2, &[&batch[..], &days].concat());
    assert!(stderr.contains("f_to_date"), "{stderr}");
}

#[test]
fn a_batch_that_is_refused_can_be_gone_on_with() {
    let company = Company::start();
    write(&company, "drivers.csv", rows(20));
    let mut wrong = company.command(&["batch", "drivers.csv"]);
    wrong.env("RIMS_SECRET_KEY", "wrong");
    let (code, _, stderr) = run(wrong, "");
    assert!(code == 1 && stderr.contains("-190") && stderr.contains("0 of 20"), "{stderr}");
    let mut away = company.command(&["batch", "drivers.csv", "--resume"]);
    away.env("RIMS_URL", "http://127.0.0.1:9");
    let (code, _, stderr) = run(away, "");
    assert!(code == 2 && stderr.contains("--restart"), "another address is another run: {stderr}");
    let (_, stderr) = company.ends(2, &["batch", "drivers.csv"]);
    assert!(stderr.contains("--resume") && stderr.contains("--restart"), "{stderr}");
    company.ends(3, &["batch", "drivers.csv", "--resume"]);
    let (_, stderr) = company.ends(2, &["batch", "drivers.csv", "--resume", "--overwrite"]);
    assert!(stderr.contains("no interrupted run"), "{stderr}");
    let mut nobody = company.command(&["batch", "drivers.csv", "--overwrite", "--retries", "0"]);
    nobody.env("RIMS_URL", "http://127.0.0.1:9");
    let (code, _, stderr) = run(nobody, "");
    assert!(code == 1 && stderr.contains("cannot be reached"), "{stderr}");
    // A run that never began leaves nothing to go on with.
    assert!(!company.path("drivers.csv.rims-journal").exists());
    company.ends(3, &["batch", "drivers.csv", "--overwrite"]);
}

#[test]
fn a_terminal_shows_how_far_it_is() {
    let company = Company::start();
    company.control(reqwest::Method::PUT, "/sandbox/faults", r#"{"latency_ms":25}"#);
    write(&company, "drivers.csv", rows(2_000));
    let size = Winsize { ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
    let terminal = openpty(Some(&size), None).unwrap();
    let mut command = company.command(&["batch", "drivers.csv", "--size", "100", "--parallel", "1"]);
    let child = command.stdout(Stdio::piped()).stderr(terminal.slave).spawn().unwrap();
    drop(command);
    let mut shown = Vec::new();
    // A terminal that nobody writes to any more ends with an error.
    _ = File::from(terminal.master).read_to_end(&mut shown);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let shown = String::from_utf8_lossy(&shown);
    assert!(shown.contains("/2000 drivers") && shown.contains("/s") && shown.contains(" left"), "{shown}");
}

#[test]
fn formulas_in_a_file_are_text_in_its_answers() {
    let company = Company::start();
    let text = "메모,이름,면허번호,면허종별,차량번호\n\
                =1+1,홍길동,11-00-000000-00,1종보통,67라6767\n\
                -1,홍길동,11-00-000001-00,1종보통,67라6767\n\
                \"\t@x\",홍길동,11-00-000002-00,1종보통,=12가1\n";
    write(&company, "drivers.csv", text);
    company.ends(0, &["batch", "drivers.csv"]);
    let result = read(&company, "drivers.result.csv");
    let cells: Vec<&str> = result.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(cells, ["'=1+1", "-1", "'@x"], "a plain number stays: {result}");
    assert!(result.contains(",'=12가1,"), "{result}");
    company.ends(0, &["batch", "drivers.csv", "--raw", "--result", "raw.csv"]);
    assert!(read(&company, "raw.csv").contains("\n=1+1,"), "--raw leaves them");
    // Answers are drivers again: what was made text is sent as it was, and stays text.
    company.ends(0, &["batch", "drivers.result.csv", "--result", "again.csv"]);
    let again = read(&company, "again.csv");
    assert!(again.contains("\n'=1+1,") && again.contains(",'=12가1,"), "{again}");
}

#[test]
fn a_spreadsheet_out_of_bounds_is_refused_before_anything_is_sent() {
    let company = Company::start();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, title) in (0..).zip(["Licence Number", "Name", "Class"]) {
        sheet.write_string(0, column, title).unwrap();
    }
    sheet.write_string(1, 256, "x").unwrap();
    workbook.save(company.path("wide.xlsx")).unwrap();
    let (_, stderr) = company.ends(2, &["batch", "wide.xlsx"]);
    assert!(stderr.contains("cell IW2: there may be 256 columns"), "{stderr}");
    write(&company, "wide.csv", format!("{HEADER}\n{}\n", ",".repeat(256)));
    let (_, stderr) = company.ends(2, &["batch", "wide.csv"]);
    assert!(stderr.contains("row 2: there may be 256 columns"), "{stderr}");
    assert!(!company.path("wide.xlsx.rims-journal").exists());
}
