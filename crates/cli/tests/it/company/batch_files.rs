//! `batch`: files as other programs write them. What can mean one thing only is read; else cause and way out are named.

use encoding_rs::EUC_KR;
use serde_json::{Value, json};

use super::Company;

const NAMES: &str = "면허번호,이름,면허종별,차량번호";
const DRIVER: &str = "221212121212,홍길동,12,67라6767";

fn text(delimiter: &str, end: &str) -> String {
    format!("{NAMES}{end}{DRIVER}{end}").replace(',', delimiter)
}

fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

#[test]
fn separators_and_encodings_of_other_programs_are_read() {
    let company = Company::start();
    let commas = text(",", "\r\n");
    for (what, content) in [
        ("semicolons", text(";", "\r\n").into_bytes()),
        ("tabs", text("\t", "\n").into_bytes()),
        ("strokes", text("|", "\n").into_bytes()),
        ("a line that says so", format!("sep=;\r\n{}", text(";", "\r\n")).into_bytes()),
        ("a line that says the usual", format!("sep=,\r\n{commas}").into_bytes()),
        ("old Macs", text(",", "\r").into_bytes()),
        ("CP949", EUC_KR.encode(&text(";", "\r\n")).0.into_owned()),
        ("UTF-16", utf16(&format!("\u{feff}{}", text("\t", "\r\n")), u16::to_le_bytes)),
        ("UTF-16 without a mark", utf16(&commas, u16::to_le_bytes)),
        ("UTF-16, the other order", utf16(&commas, u16::to_be_bytes)),
        (
            "a mark before quotation marks",
            format!("\u{feff}\"운전\n면허번호\",{}", &commas[13..]).into_bytes(),
        ),
    ] {
        std::fs::write(company.path("drivers.csv"), content).unwrap();
        let told = company.json(0, &["batch", "drivers.csv", "--overwrite"]);
        assert_eq!(told["drivers"], json!(1), "{what}");
        let result = std::fs::read(company.path("drivers.result.csv")).unwrap();
        std::fs::write(company.path("again.csv"), result).unwrap();
        let told = company.json(0, &["batch", "again.csv", "--overwrite"]);
        assert_eq!(told["drivers"], json!(1), "the answers of {what} are drivers again");
    }
}

#[test]
fn files_that_are_something_else_are_called_by_their_name() {
    let company = Company::start();
    let drm = b"\x9b DRMONE  This Document is encrypted and protected by Fasoo DRM \0\x01\x02";
    let compound = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    for (name, content, cause) in [
        ("html.xlsx", &b"<html><meta charset=utf-8><table><tr><td>x</table></html>"[..], "web page (HTML)"),
        ("html.csv", b"\r\n<!DOCTYPE html><table>", "web page (HTML)"),
        ("drm.xlsx", drm, "document protection (DRM)"),
        ("drm.csv", drm, "document protection (DRM)"),
        ("old.xlsx", compound, "old .xls"),
        ("old.csv", compound, "old Excel file"),
        ("text.xlsx", NAMES.as_bytes(), "name it .csv"),
        ("excel.csv", b"PK\x03\x04....", "name it .xlsx"),
        ("cut.xlsx", b"PK\x03\x04....", "it is damaged"),
        ("pdf.csv", b"%PDF-1.7", "PDF"),
        ("empty.xlsx", b"", "the file is empty"),
        ("cut.csv", &EUC_KR.encode(&text(",", "\n")).0[..26], "neither UTF-8 nor UTF-16 nor CP949"),
    ] {
        std::fs::write(company.path(name), content).unwrap();
        let (stdout, stderr) = company.ends(2, &["batch", name]);
        assert!(stdout.is_empty() && stderr.contains(cause), "{name}: {stderr}");
        let mut command = company.command(&["batch", name]);
        command.env("LC_ALL", "ko_KR.UTF-8");
        let (_, _, korean) = crate::harness::run(command, "");
        assert!(korean.contains("오류: ") && !korean.contains(cause) || cause == "PDF", "{name}: {korean}");
    }
}

#[test]
fn nothing_of_a_row_is_lost_in_json() {
    let company = Company::start();
    let content = format!("{NAMES},비고,비고,eligible\n{DRIVER},a,b,c\n");
    std::fs::write(company.path("drivers.csv"), content).unwrap();
    company.ends(0, &["batch", "drivers.csv", "--format", "json"]);
    let answers = std::fs::read_to_string(company.path("drivers.result.json")).unwrap();
    let answers: Value = serde_json::from_str(&answers).unwrap();
    let row = &answers[0];
    assert_eq!(
        (&row["비고"], &row["비고 (2)"], &row["eligible (2)"]),
        (&json!("a"), &json!("b"), &json!("c"))
    );
    assert_eq!((&row["eligible"], &row["asked_vehicle"]), (&json!(true), &json!("67라6767")));
    assert_eq!(row["asked_from"], row["asked_to"]);
}
