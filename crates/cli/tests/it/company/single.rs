//! `verify`, `rental confirm`, `schedule`, `history`, `user`, `anomaly`.

use std::fs::File;
use std::io::Write as _;
use std::process::Stdio;

use nix::pty::openpty;
use serde_json::json;

use super::{Company, DRIVER, with_licence};
use crate::harness::run;

#[test]
fn verify_in_every_sector() {
    let company = Company::start();
    for sector in ["rental", "dapi", "delivery", "pm", "sub", "대리운전", "cmm"] {
        let answer = company.json(0, &[&["verify", "--sector", sector][..], &DRIVER].concat());
        assert_eq!((&answer["eligible"], &answer["status"]), (&json!(true), &json!("00")), "{sector}");
        assert_eq!(answer["licence"], "2*1*1*1*1*1*");
    }
    let answer = company.json(3, &with_licence(&["verify"], "110000000012"));
    assert_eq!((&answer["status"], &answer["status_text"]), (&json!("12"), &json!("suspended")));
    let (table, _) = company.ends(3, &with_licence(&["verify"], "110000000012"));
    assert!(table.contains("eligible      no\n") && !table.contains('\u{1b}'), "{table}");
    let (csv, _) = company.ends(0, &[&["verify", "--output", "csv"][..], &DRIVER].concat());
    assert_eq!(csv.lines().next(), Some("eligible,status,status_text,vehicle,vehicle_text,licence"));
}

#[test]
fn korean_where_the_locale_is() {
    let company = Company::start();
    let mut command = company.command(&with_licence(&["verify"], "110000000012"));
    command.env("LC_ALL", "ko_KR.UTF-8");
    let (code, stdout, _) = run(command, "");
    assert!(code == 3 && stdout.contains("정지 된 면허") && stdout.contains("아니오"), "{stdout}");
    let mut command = company.command(&with_licence(&["verify"], "999812121200"));
    command.env("LC_ALL", "").env("LC_MESSAGES", "").env("LANG", "ko_KR.UTF-8");
    let (code, _, stderr) = run(command, "");
    assert!(code == 1 && stderr.starts_with("오류: ") && stderr.contains("국가 시스템 장애"), "{stderr}");
}

#[test]
fn a_driver_on_standard_input_leaves_no_trace_in_the_shell() {
    let company = Company::start();
    let driver = json!({
        "f_license_no": "서울 00-000000-24", "f_resident_name": "홍길동", "f_licn_con_code": "1종보통",
        "vhcl_reg_no": "67라6767",
    });
    let (code, stdout, stderr) =
        run(company.command(&["verify", "--stdin", "--sector", "sub"]), &driver.to_string());
    assert!(code == 3 && stdout.contains("24"), "{stdout}{stderr}");
    for text in ["", "[]", r#"{"f_license_no":"221212121212"}"#, r#"{"licence":"221212121212"}"#] {
        let (code, _, stderr) = run(company.command(&["verify", "--stdin"]), text);
        assert!(code == 2 && !stderr.contains("2212"), "{text}: {stderr}");
    }
    // Without days, which car rental requires: standard input says everything itself.
    let (code, _, stderr) = run(company.command(&["verify", "--stdin"]), &driver.to_string());
    assert!(code == 2 && stderr.contains("f_from_date"), "{stderr}");
}

#[test]
fn what_goes_wrong_is_told_with_a_remedy() {
    let company = Company::start();
    let verify = [&["verify"][..], &DRIVER].concat();
    for (licence, hint) in [("999812121200", "down"), ("999012121200", "-90"), ("1234", "--licence")] {
        let (code, stdout, stderr) = company.run(&with_licence(&["verify"], licence));
        assert!(matches!(code, 1 | 2) && stdout.is_empty(), "{licence}");
        assert!(stderr.contains(hint) && stderr.lines().count() == 1, "{stderr}");
    }
    let wrong = |name: &str, value: &str| {
        let mut command = company.command(&verify);
        command.env(name, value);
        run(command, "")
    };
    let (code, _, stderr) = wrong("RIMS_AUTH_KEY", "wrong");
    assert!(code == 1 && stderr.contains("-140") && stderr.contains("auth key"), "{stderr}");
    let (code, _, stderr) = wrong("RIMS_SECRET_KEY", "wrong");
    assert!(code == 1 && stderr.contains("-190") && stderr.contains("Secret Key"), "{stderr}");
    let (code, _, stderr) = wrong("RIMS_URL", "http://127.0.0.1:9");
    assert!(code == 1 && stderr.contains("cannot be reached") && stderr.contains("firewall"), "{stderr}");
    let (_, stderr) = company.ends(2, &[&verify[..], &["--to", "-1"]].concat());
    assert!(stderr.contains("f_to_date") && stderr.contains("nothing was sent"), "{stderr}");
    let (_, stderr) = company.ends(1, &[&verify[..], &["--bizinfo", "s02"]].concat());
    assert!(stderr.contains("-130") && stderr.contains("delegated"), "{stderr}");
}

#[test]
fn a_rental_from_its_confirmation_to_its_history() {
    let company = Company::start();
    let confirm = ["rental", "confirm", "--one-way", "N"];
    let once = [&confirm[..], &["--idempotency-key", "booking-1"], &DRIVER].concat();
    for _ in 0..2 {
        assert_eq!(company.json(0, &once)["confirmed"], true);
    }
    let refused = company.json(3, &with_licence(&confirm, "110000000011"));
    assert_eq!((&refused["confirmed"], &refused["status"]), (&json!(false), &json!("11")));
    let schedule = ["schedule", "--every", "15days", "--to", "+60"];
    assert_eq!(company.json(0, &[&schedule[..], &DRIVER].concat())["reserved"], true);
    assert_eq!(company.json(3, &with_licence(&schedule, "110000000011"))["reserved"], false);
    let rentals = company.json(0, &["history", "--from", "-3"]);
    assert_eq!(rentals.as_array().unwrap().len(), 1, "confirmed once: {rentals}");
    assert_eq!((&rentals[0]["plate"], &rentals[0]["status_text"]), (&json!("67라6767"), &json!("confirmed")));
    let reservations = company.json(0, &["history", "--schedules", "--from", "today", "--to", "+60"]);
    assert_eq!((&reservations[0]["every"], &reservations[0]["driver"]), (&json!("2"), &json!("홍*동")));
    let (csv, _) = company.ends(0, &["history", "--csv"]);
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("number,company,plate,from,to,"), "{csv}");
    let (none, _) = company.ends(0, &["history", "--from", "-90", "--to", "-60", "--csv"]);
    assert_eq!(none.lines().count(), 1, "the header alone");
    assert_eq!(company.json(0, &["history", "--from", "-90", "--to", "-60"]), json!([]));
    assert_eq!(company.json(0, &["anomaly", "22-12-121212-12"])["rentals"], 1);
    let (code, stdout, _) = run(company.command(&["anomaly", "-"]), "221212121212\n");
    assert!(code == 0 && stdout.contains('1'), "{stdout}");
}

#[test]
fn a_history_of_several_pages_and_months() {
    let company = Company::start();
    let (from, to) = ("20270101", "20270101");
    for _ in 0..3 {
        company.ends(0, &["number", "--vehicle", "12하1234", "--from", from, "--to", to]);
    }
    company.ends(0, &["number", "--vehicle", "12하1234", "--from", "20270615", "--to", "20270616"]);
    let rows = company.json(0, &["history", "--from", "20270101", "--to", "20271231"]);
    let starts: Vec<&str> =
        rows.as_array().unwrap().iter().map(|row| row["from"].as_str().unwrap()).collect();
    assert_eq!(starts, ["2027-06-15", "2027-01-01", "2027-01-01", "2027-01-01"]);
}

#[test]
fn users() {
    let company = Company::start();
    let usable = company.json(0, &["user", "s02", "234-56-78901"]);
    assert_eq!((&usable["usable"], &usable["approval_text"]), (&json!(true), &json!("approved")));
    let locked = company.json(3, &["user", "locked01", "6000000002"]);
    assert_eq!((&locked["registered"], &locked["account_status"]), (&json!(true), &json!("2")));
    assert_eq!(company.json(3, &["user", "s02", "1234567890"])["registered"], false);
}

#[test]
fn formulas_of_others_are_text_in_a_history() {
    let company = Company::start();
    let vehicle = "=cmd|'/c a'!A1";
    let confirm = ["rental", "confirm", "--licence", "11-00-000000-00", "--name", "홍길동", "--class", "12"];
    company.ends(0, &[&confirm[..], &["--vehicle", vehicle]].concat());
    let (csv, _) = company.ends(0, &["history", "--csv"]);
    assert!(csv.contains(&format!(",'{vehicle},")), "{csv}");
    let (raw, _) = company.ends(0, &["history", "--csv", "--raw"]);
    assert!(raw.contains(&format!(",{vehicle},")), "{raw}");
    assert_eq!(company.json(0, &["history"])[0]["plate"], vehicle, "JSON is not for spreadsheets");
}

#[test]
fn a_driver_in_a_file_or_asked_for_is_in_no_list_of_processes() {
    let company = Company::start();
    let driver =
        json!({ "f_license_no": "110000000024", "f_resident_name": "홍길동", "f_licn_con_code": "12" });
    std::fs::write(company.path("driver.json"), driver.to_string()).unwrap();
    company.ends(3, &["verify", "--sector", "sub", "--driver", "driver.json"]);
    let (code, stdout, _) =
        run(company.command(&["verify", "--sector", "sub", "--driver", "-"]), &driver.to_string());
    assert!(code == 3 && stdout.contains("24"), "{stdout}");
    let (_, stderr) = company.ends(2, &["verify", "--driver", "absent.json"]);
    assert!(stderr.contains("absent.json"), "{stderr}");

    let terminal = openpty(None, None).unwrap();
    let mut command = company.command(&["verify", "--sector", "sub"]);
    let child = command.stdin(terminal.slave).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(command);
    // Each line is an answer; the terminal keeps them until they are asked for.
    File::from(terminal.master.try_clone().unwrap())
        .write_all("110000000024\n홍길동\n12\n".as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(3), "{stdout}{stderr}");
    assert_eq!(stderr, "licence number: name: licence class: ");
}
