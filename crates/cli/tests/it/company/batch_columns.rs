//! `batch`: titles and values as people write them. What is not understood is refused before anybody is asked about.

use serde_json::{Value, json};

use super::Company;

const NAMES: &str = "면허번호,이름,면허종별,차량번호";
const DRIVER: &str = "221212121212,홍길동,12,67라6767";

/// Runs a batch of this text.
fn batch(company: &Company, text: &str, options: &[&str]) -> (i32, String, String) {
    std::fs::write(company.path("drivers.csv"), text).unwrap();
    let arguments = [&["batch", "drivers.csv", "--overwrite", "--output", "json"], options].concat();
    company.run(&arguments)
}

/// Runs a batch that is answered; gives the summary.
fn answered(company: &Company, text: &str, options: &[&str]) -> Value {
    let (code, stdout, stderr) = batch(company, text, options);
    assert_eq!(code, 0, "{text}: {stdout}{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

/// Runs a batch that is refused before anything is sent; gives why.
fn refused(company: &Company, text: &str, options: &[&str]) -> String {
    let (code, stdout, stderr) = batch(company, text, options);
    assert!(code == 2 && stdout.is_empty(), "{text}: {stdout}{stderr}");
    assert!(!company.path("drivers.csv.rims-journal").exists(), "{text}: nothing was begun");
    for personal in ["221212121212", "홍길동"] {
        assert!(!stderr.contains(personal), "{stderr}");
    }
    stderr
}

#[test]
fn days_are_asked_about_whatever_their_titles_are() {
    let company = Company::start();
    for titles in [
        "시작일(필수),종료일(필수)",
        "대여일,반납일",
        "시작 일자,종료 일자",
        "start,end",
        "Start Date,Return Date",
        "대여 시작일 *,대여 종료일 *",
        "\"시작\n일\",\"종료\n일\"",
        "from_date,to_date",
    ] {
        let summary = answered(&company, &format!("{NAMES},{titles}\n{DRIVER},20290301,2029-03-03\n"), &[]);
        assert_eq!(
            (&summary["from"], &summary["to"]),
            (&json!("2029-03-01"), &json!("2029-03-03")),
            "{titles}"
        );
        assert_eq!(summary["columns_not_read"], json!([]), "{titles}");
        let result = std::fs::read_to_string(company.path("drivers.result.csv")).unwrap();
        assert!(result.lines().last().unwrap().ends_with(",2029-03-01,2029-03-03,67라6767"), "{result}");
    }
}

#[test]
fn a_title_that_may_be_meant_is_not_left_out_in_silence() {
    let company = Company::start();
    for title in [
        "이용일",
        "대여기간",
        "계약일자",
        "Rental Date",
        "차종",
        "면허 상태",
        "customer name",
        "vehicle type",
    ] {
        let text = format!("{NAMES},{title}\n{DRIVER},x\n");
        let why = refused(&company, &text, &[]);
        assert!(why.contains(title) && why.contains(&format!("--ignore-column \"{title}\"")), "{why}");
        let summary = answered(&company, &text, &["--ignore-column", title]);
        assert_eq!(summary["columns_not_read"], json!([title]));
    }
    let why = refused(&company, &format!("{NAMES}\n{DRIVER}\n"), &["--ignore-column", "이용일"]);
    assert!(why.contains("there is no column") && why.contains("이용일"), "a slip of the pen: {why}");
    let summary = answered(&company, &format!("No.,{NAMES},비고,생년월일,\n1,{DRIVER},x,19900101,\n"), &[]);
    assert_eq!(summary["columns_not_read"], json!(["No.", "비고", "생년월일"]));
    assert_eq!(summary["columns_read"], json!(["면허번호", "이름", "면허종별", "차량번호"]));
}

#[test]
fn half_a_period_is_refused() {
    let company = Company::start();
    for (title, option) in [("시작일", "--to"), ("반납일", "--from")] {
        let text = format!("{NAMES},{title}\n{DRIVER},20290301\n");
        let why = refused(&company, &text, &[]);
        assert!(why.contains(option), "{why}");
        answered(&company, &text, &[option, if option == "--to" { "20290301" } else { "today" }]);
    }
    let why = refused(&company, &format!("{NAMES},시작일,종료일\n{DRIVER},,20290301\n"), &[]);
    assert!(why.contains("row 2: 시작일: a value is missing"), "{why}");
    let summary = answered(&company, &format!("{NAMES},시작일,종료일\n{DRIVER},,\n"), &[]);
    assert_eq!((&summary["today"], &summary["from"]), (&json!(1), &summary["to"]), "{summary}");
}

#[test]
fn two_columns_of_one_meaning_are_refused() {
    let company = Company::start();
    let text = format!("{NAMES},대여일,시작일,종료일\n{DRIVER},20290228,20290301,20290301\n");
    let why = refused(&company, &text, &[]);
    assert!(why.contains("대여일, 시작일: two columns mean the same"), "{why}");
    let summary = answered(&company, &text, &["--ignore-column", "대여일"]);
    assert_eq!(summary["from"], json!("2029-03-01"));
    let why = refused(&company, &format!("면허번호,{NAMES}\n1,{DRIVER}\n"), &[]);
    assert!(why.contains("면허번호: two columns"), "{why}");
}

#[test]
fn titles_need_not_be_in_the_first_row() {
    let company = Company::start();
    let summary = answered(&company, &format!("2029년 3월 운전자 명단\n\n{NAMES}\n{DRIVER}\n"), &[]);
    assert_eq!((&summary["header_row"], &summary["drivers"]), (&json!(3), &json!(1)));
    let why = refused(&company, &format!("{DRIVER}\n{NAMES}\n{DRIVER}\n"), &[]);
    assert!(why.contains("row 1") && why.contains("above the titles"), "nobody is left out: {why}");
    let why = refused(&company, &format!("{DRIVER}\n{DRIVER}\n"), &[]);
    assert!(why.contains("no column 면허번호"), "{why}");
}

#[test]
fn a_day_is_one_of_korea() {
    let company = Company::start();
    for (text, day) in [
        ("2029-03-01T15:00:00.000Z", "2029-03-02"),
        ("2029-03-02T09:00:00+09:00", "2029-03-02"),
        ("2029-03-01T14:59:59Z", "2029-03-01"),
        ("2029년 3월 2일", "2029-03-02"),
        ("2029. 3. 2.", "2029-03-02"),
        ("2029. 3. 2. (금)", "2029-03-02"),
        ("2 Mar 2029", "2029-03-02"),
        ("２０２９－０３－０２", "2029-03-02"),
        ("13/03/2029", "2029-03-13"),
    ] {
        let summary =
            answered(&company, &format!("{NAMES},시작일,종료일\n{DRIVER},2029-03-01,{text}\n"), &[]);
        assert_eq!(summary["to"], json!(day), "{text}");
    }
    for (text, cause) in [
        ("03/04/2029", "cannot be told apart"),
        ("29.03.04", "no four digits"),
        ("2029-02-30", "no calendar"),
        ("47179", "format the cell as a date"),
        ("2029-03-02T00:00 PST", "time zone"),
        ("모레", "not a date"),
    ] {
        let why = refused(&company, &format!("{NAMES},시작일,종료일\n{DRIVER},2029-03-01,{text}\n"), &[]);
        assert!(why.contains("row 2: 종료일: ") && why.contains(cause), "{text}: {why}");
    }
}

#[test]
fn a_driver_who_is_revoked_in_the_period_is_never_eligible() {
    let company = Company::start();
    // docs/sandbox.md: revoked from today + 10 days, and valid today.
    let revoked = "111111111102,박취소,12,67라6767";
    answered(&company, &format!("{NAMES}\n{revoked}\n"), &[]);
    for titles in ["시작일(필수),종료일(필수)", "대여일,반납일", "start,end"] {
        let text = format!("{NAMES},{titles}\n{revoked},20290301,2029-03-01T15:00:00Z\n");
        let (code, stdout, stderr) = batch(&company, &text, &[]);
        assert_eq!(code, 3, "{stderr}");
        let summary: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!((&summary["by_status"], &summary["to"]), (&json!({"13": 1}), &json!("2029-03-02")));
    }
}

#[test]
fn licence_numbers_classes_and_names_as_people_write_them() {
    let company = Company::start();
    for (licence, class, name) in [
        ("２２-１２-１２１２１２-１２", "제1종 보통", "홍길동"),
        ("22-12-121212-12\u{200b}", "１종보통", " 홍길동\u{a0}"),
        ("22.12.121212.12", "1종보통(자동)", "\u{1112}\u{1169}\u{11bc}길동"),
        ("22—12―121212–12", "12: 1종보통", "홍길동"),
        ("대구 12-121212-12", "1종 보통 면허", "홍길동"),
        ("221212121212.0", "12.0", "홍길동"),
        ("2.21212121212E+11", "12", "홍길동"),
        ("\"=\"\"221212121212\"\"\"", "12", "홍길동"),
    ] {
        answered(&company, &format!("{NAMES}\n{licence},{name},{class},67라6767\n"), &[]);
    }
    for (row, cause) in [
        ("2.21212E+11,홍길동,12,67라6767", "면허번호: it is in scientific notation"),
        ("22121212121,홍길동,12,67라6767", "면허번호: it has 11 digits where 12"),
        ("22121212121O,홍길동,12,67라6767", "'O' (U+004F)"),
        ("221212121212,홍\u{200b}길동,12,67라6767", "이름: it has a character that cannot be seen, U+200B"),
        ("221212121212,홍길동,보통,67라6767", "면허종별: it could be several classes"),
        ("221212121212,홍길동,원동기/1종보통,67라6767", "면허종별: it names different classes"),
        (
            "221212121212,홍길동,12,67라\u{200b}6767",
            "차량번호: it has a character that cannot be seen, U+200B",
        ),
        ("221212121212,#N/A,12,67라6767", "이름: the cell has an error"),
    ] {
        let why = refused(&company, &format!("{NAMES}\n{row}\n"), &[]);
        assert!(why.contains(&format!("row 2: {cause}")) || why.contains(cause), "{row}: {why}");
    }
}

#[test]
fn causes_are_told_in_korean_too() {
    let company = Company::start();
    std::fs::write(company.path("a.csv"), format!("{NAMES},이용일\n{DRIVER},1\n")).unwrap();
    std::fs::write(company.path("b.csv"), format!("{NAMES},시작일,종료일\n{DRIVER},03/04/2029,x\n")).unwrap();
    for (file, causes) in [
        ("a.csv", ["읽을 수 없는 제목", "--ignore-column"]),
        ("b.csv", ["2행 시작일: ", "구별할 수 없습니다"]),
    ] {
        let mut command = company.command(&["batch", file]);
        command.env("LC_ALL", "ko_KR.UTF-8");
        let (code, _, stderr) = crate::harness::run(command, "");
        assert!(code == 2 && causes.iter().all(|cause| stderr.contains(cause)), "{stderr}");
    }
}

#[test]
fn what_was_found_is_counted_by_code_and_the_rows_are_named() {
    let company = Company::start();
    let text =
        format!("{NAMES}\n{DRIVER}\n110000000012,홍길동,12,67라6767\n110000000000,홍길동,12,11가1111\n");
    let (code, stdout, stderr) = batch(&company, &text, &[]);
    assert_eq!(code, 3, "{stderr}");
    let summary: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(summary["by_status"], json!({"00": 2, "12": 1}));
    assert_eq!(summary["first_ineligible"], json!([{"row": 3, "status": "12"}]));
    assert_eq!(
        (&summary["vehicle_unconfirmed"], &summary["first_vehicle_unconfirmed"]),
        (&json!(1), &json!([4]))
    );
    assert_eq!((&summary["unanswered"], &summary["drivers"]), (&json!(0), &json!(3)));
    let (stdout, _) = company.ends(3, &["batch", "drivers.csv", "--overwrite"]);
    for told in
        ["rows not eligible: 3 (12)", "rows with vehicle code 2: 4", "12      suspended  1", "columns read"]
    {
        assert!(stdout.contains(told), "{told}: {stdout}");
    }
}
