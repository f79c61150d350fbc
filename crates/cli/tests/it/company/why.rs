//! `why`: from what somebody has in front of them to the cause.

use rims_protocol::SecretKey;
use rims_protocol::values::format_compact;
use serde_json::json;

use crate::harness::{done, rims, run};

const KEY: &str = "1234b0842f2848c090a0835c6e7ac599";

fn why(input: &str, arguments: &[&str]) -> String {
    let mut command = rims(&[&["why", "-"][..], arguments].concat());
    command.env("RIMS_SECRET_KEY", KEY);
    let (code, stdout, stderr) = run(command, input);
    assert_eq!(code, 0, "{input}: {stderr}");
    stdout
}

fn body(plaintext: &[u8]) -> String {
    json!({ "encryptedData": SecretKey::new(KEY).seal(plaintext) }).to_string()
}

#[test]
fn codes_are_explained_with_a_remedy() {
    for (code, hints) in [
        ("-160", &["respCode", "UTC"][..]),
        ("-100", &["operations key"]),
        ("24", &["mismatch: licence class", "1종보통 is 12"]),
        ("21", &["mismatch: name", "order and case"]),
        ("98", &["header.f_rtn_cd", "down"]),
        ("B01", &["com_api_type", "trucker"]),
        ("rent_end_date", &["search_type"]),
    ] {
        let text = done(&["why", code]);
        for hint in hints {
            assert!(text.contains(hint), "{code}: {text}");
        }
    }
}

#[test]
fn answers_are_explained_by_their_codes() {
    let text =
        why(r#"{"respCode":-100,"errorMsg":"API를 찾을 수 없습니다."}"#, &["--path", "/rentalConfirm"]);
    assert!(text.contains("for operations keys only") && text.contains("API를 찾을 수 없습니다."), "{text}");
    let text = why(r#"{"respCode":-999,"errorMsg":""}"#, &[]);
    assert!(text.contains("not in the table"), "{text}");
    let text = why(r#"{"header":{"f_rtn_cd":"97"}}"#, &[]);
    assert!(text.contains("verify again later"), "{text}");
    let batch = json!({ "header": { "f_rtn_cd": "0" }, "body": [
        { "f_rtn_code": "00" }, { "f_rtn_code": "21" }, { "f_rtn_code": "21" }, { "f_rtn_code": "12" },
    ] });
    let text = why(&batch.to_string(), &[]);
    assert!(
        text.find("2 drivers: f_rtn_code (§5.2) 21") < text.find("1 drivers: f_rtn_code (§5.2) 12"),
        "{text}"
    );
    let (code, _, stderr) = run(rims(&["why", "-"]), "{}");
    assert!(code == 2 && stderr.contains("no answer of a RIMS"), "{stderr}");
}

#[test]
fn a_body_is_opened_and_read_as_the_interface_would() {
    let today = rims_server::clock::Clock::system().today();
    let day = format_compact(today);
    let mut driver = json!({
        "f_license_no": "221212121212", "f_resident_name": "홍길동", "f_licn_con_code": "12",
        "f_from_date": day, "f_to_date": day, "vhcl_reg_no": "67라6767",
    });
    let path = ["--path", "/licenseVerification"];
    assert!(why(&body(driver.to_string().as_bytes()), &path).contains("so is the request"));
    assert!(why(&body(driver.to_string().as_bytes()), &[]).contains("--path"));
    driver["f_from_date"] = format_compact(today.yesterday().unwrap()).into();
    let text = why(&body(driver.to_string().as_bytes()), &path);
    assert!(text.contains("-160") && text.contains("yesterday in Korea"), "{text}");
    driver["f_licn_con_code"] = json!(12);
    driver["f_from_date"] = day.into();
    let text = why(&body(driver.to_string().as_bytes()), &path);
    assert!(text.contains("f_licn_con_code"), "{text}");
    let text = why(&body(driver.to_string().as_bytes()), &["--path", "/rental/anomaly"]);
    assert!(text.contains("so is the request"), "unknown members are ignored: {text}");
}

#[test]
fn what_is_no_request_is_told() {
    let euc_kr = b"{\"f_resident_name\":\"\xc8\xab\xb1\xe6\xb5\xbf\"}";
    for (input, hint) in [
        (body(euc_kr), "EUC-KR"),
        (body(b"[]"), "no object"),
        (body(b"\"{}\""), "once more"),
        (body(b"{"), "not JSON"),
        (body("\u{feff}{}".as_bytes()), "byte order mark"),
        (json!({ "encryptedData": 7 }).to_string(), "-180"),
        (SecretKey::new("another").seal(b"{}"), "another key"),
        (SecretKey::new(KEY).seal(b"{}").replace('=', ""), "padding at its end"),
        ("0123456789abcdef0123456789abcdef01".to_owned(), "hexadecimal"),
        ("e30=".to_owned(), "no multiple of 16"),
    ] {
        let text = why(&input, &[]);
        assert!(text.contains(hint), "{input}: {text}");
    }
    let mut short = rims(&["why", "-"]);
    short.env("RIMS_SECRET_KEY", "short");
    let (_, stdout, _) = run(short, &SecretKey::new("short").seal(b"{}"));
    assert!(stdout.contains("5 bytes") && stdout.contains("the envelope is right"), "{stdout}");
}

#[test]
fn a_file_is_read_and_korean_is_spoken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("answer.json");
    std::fs::write(&path, r#"{"respCode":-190,"errorMsg":"encryptedData를 복호화할 수 없습니다."}"#).unwrap();
    let mut command = rims(&["why", path.to_str().unwrap()]);
    command.env("LC_ALL", "ko_KR.UTF-8");
    let (code, stdout, _) = run(command, "");
    assert!(code == 0 && stdout.contains("복호화 실패") && stdout.contains("32바이트"), "{stdout}");
}
