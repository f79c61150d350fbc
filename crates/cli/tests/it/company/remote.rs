//! `number`, `link`, `result`: a remote (비대면) verification.

use std::process::Stdio;

use super::Company;

const SHOWN: &str = r#"{"f_license_no":"221212121212","f_resident_name":"홍길동","f_licn_con_code":"12","face_similarity":98.5}"#;

fn complete(company: &Company, number: &str) {
    company.control(reqwest::Method::POST, &format!("/sandbox/remote-verifications/{number}"), SHOWN);
}

#[test]
fn a_number_of_every_sector_and_its_result() {
    let company = Company::start();
    for (sector, letter) in [("rental", 'R'), ("dapi", 'V'), ("pm", 'P'), ("sub", 'D'), ("cmm", 'C')] {
        let days = ["--from", "today", "--to", "+3", "--vehicle", "12하1234"];
        let made = company.json(0, &[&["number", "--sector", sector][..], &days].concat());
        let number = made["number"].as_str().unwrap().to_owned();
        assert!(number.starts_with(letter), "{number}");
        assert!(made["link"].as_str().unwrap().ends_with(&format!("/ma/openMobileWeb?mwverf={number}")));
        let (stdout, stderr) = company.ends(4, &["result", &number]);
        assert!(stdout.is_empty() && stderr.contains("not finished"), "{stderr}");
        complete(&company, &number);
        let result = company.json(0, &["result", &number]);
        assert_eq!(
            (&result["accepted"], &result["face_similarity"]),
            (&true.into(), &98.5.into()),
            "{sector}"
        );
        assert_eq!(result["photo_text"], "genuine");
        assert_eq!(result.get("vehicle").is_some(), matches!(sector, "rental" | "pm"), "{sector}");
    }
    let (_, stderr) = company.ends(1, &["result", "R26-999999999"]);
    assert!(stderr.contains("-230"), "{stderr}");
    let (_, stderr) = company.ends(2, &["number", "--sector", "rental"]);
    assert!(stderr.contains("rent_bgng_dt"), "{stderr}");
}

#[test]
fn a_number_is_shown_as_a_qr_code_where_asked() {
    let company = Company::start();
    let number = ["number", "--sector", "sub", "--idempotency-key", "driver-7"];
    let (plain, _) = company.ends(0, &number);
    let (coded, _) = company.ends(0, &[&number[..], &["--qr"]].concat());
    assert!(coded.starts_with(&plain) && coded.contains('█') && !plain.contains('█'), "{coded}");
}

#[test]
fn waiting_ends_when_the_driver_is_done_or_the_time_is_over() {
    let company = Company::start();
    let number = company.json(0, &["number", "--sector", "cmm"])["number"].as_str().unwrap().to_owned();
    let (_, stderr) = company.ends(4, &["result", &number, "--wait", "--every", "1", "--at-most", "0"]);
    assert!(stderr.contains("not finished"), "{stderr}");
    let mut waiting = company.command(&["result", &number, "--wait", "--every", "1", "--output", "json"]);
    let mut child = waiting.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It says that it waits before it asks.
    let mut said = String::new();
    let mut stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    std::io::BufRead::read_line(&mut stderr, &mut said).unwrap();
    assert!(said.contains("asking every 1 s"), "{said}");
    complete(&company, &number);
    let output = child.wait_with_output().unwrap();
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &result["status"]), (Some(0), &"00".into()));
}

#[test]
fn a_valid_licence_in_the_wrong_hands_is_not_accepted() {
    let company = Company::start();
    let result = |face: &str, options: &[&str], code: i32| {
        let number = company.json(0, &["number", "--sector", "cmm"])["number"].as_str().unwrap().to_owned();
        let driver = r#""f_license_no":"221212121212","f_resident_name":"홍길동","f_licn_con_code":"12""#;
        let path = format!("/sandbox/remote-verifications/{number}");
        company.control(reqwest::Method::POST, &path, &format!("{{{face},{driver}}}"));
        company.json(code, &[&["result", &number][..], options].concat())
    };
    let mismatch = result(r#""police_lcns_vrfc_cd":"11""#, &[], 3);
    assert_eq!((&mismatch["accepted"], &mismatch["status"]), (&false.into(), &"00".into()));
    let scores = r#""face_similarity":99.5,"face_liveness":97.0"#;
    result(scores, &[], 0);
    result(scores, &["--similarity", "99.5", "--liveness", "97"], 0);
    result(scores, &["--similarity", "99.96"], 3);
    result(scores, &["--liveness", "97.5"], 3);
    company.ends(2, &["result", "C26-000000001", "--similarity", "101"]);
}
