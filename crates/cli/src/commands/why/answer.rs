use rims_client::advice::{for_licence, for_processing, for_response};
use rims_client::codes::{KnownProcessing, LicenceStatus, ResponseCode};
use serde_json::{Map, Value};

use super::Finding;
use super::code::row;
use crate::args;
use crate::language::say;
use crate::output::Failure;

/// How many different codes of a batch are explained.
const SHOWN: usize = 10;

/// Explains an answer's codes: the error, the register's refusal, or the licences.
pub(super) fn explain(answer: &Map<String, Value>, arguments: &args::Why) -> Result<Vec<Finding>, Failure> {
    if let Some(code) = answer.get("respCode").map(text) {
        return Ok(error(&code, answer.get("errorMsg").map(text).unwrap_or_default(), arguments));
    }
    let mut findings = Vec::new();
    let header = answer.get("header").and_then(|header| header.get("f_rtn_cd")).map(text);
    if let Some(code) = &header
        && let Some(found) =
            row(code, "header.f_rtn_cd (§5.3)", |row: KnownProcessing| Some(for_processing(row)))
    {
        findings.push(found);
    }
    match answer.get("body") {
        Some(Value::Array(items)) => findings.extend(several(items)),
        Some(item) => findings.extend(licence(&item["f_rtn_code"])),
        None => {}
    }
    if findings.is_empty() {
        return Err(Failure::Input(say!(
            "RIMS의 응답이 아닙니다: respCode도 header.f_rtn_cd도 없습니다",
            "this is no answer of a RIMS: it has neither respCode nor header.f_rtn_cd"
        )));
    }
    Ok(findings)
}

fn error(code: &str, message: String, arguments: &args::Why) -> Vec<Finding> {
    let known = row(code, "respCode (§5.1)", |row: ResponseCode| Some(for_response(row)));
    let unknown = || {
        Finding::new(
            format!("respCode {code}"),
            rims_client::codes::Code::<ResponseCode>::read(code).english(),
        )
    };
    let mut findings = vec![known.unwrap_or_else(unknown)];
    if !message.is_empty() {
        findings.push(Finding::new("errorMsg", message));
    }
    if code == "-100"
        && let Some(path) = &arguments.path
        && let Some(interface) = rims_protocol::Interface::by_path(path)
    {
        let method = interface.method.as_str();
        findings.push(Finding::new(
            format!("{path} (§{})", interface.section),
            match interface.keys {
                rims_protocol::interface::Keys::OperationsOnly => say!(
                    "{method}, 운영키 전용입니다. 개발키의 토큰으로는 -100입니다",
                    "{method}, for operations keys only: with a development key's token it answers -100"
                ),
                rims_protocol::interface::Keys::DevelopmentAndOperations => say!(
                    "{method}, 개발키와 운영키 모두 쓸 수 있습니다. 메서드와 경로를 확인하십시오",
                    "{method}, for both kinds of keys: check the method and the path"
                ),
            },
        ));
    }
    findings
}

/// The codes of a batch that are not 00, each once, with how often it occurs.
fn several(items: &[Value]) -> Vec<Finding> {
    let mut counted: Vec<(String, usize)> = Vec::new();
    for code in items.iter().map(|item| text(&item["f_rtn_code"])) {
        match counted.iter_mut().find(|(known, _)| *known == code) {
            Some((_, count)) => *count += 1,
            None => counted.push((code, 1)),
        }
    }
    counted.sort_by_key(|(code, count)| (code == "00", std::cmp::Reverse(*count)));
    let found = counted.into_iter().take(SHOWN).filter_map(|(code, count)| {
        let mut finding = licence(&Value::from(code))?;
        let title = finding.title;
        finding.title = say!("{count}명: {title}", "{count} drivers: {title}");
        Some(finding)
    });
    found.collect()
}

fn licence(code: &Value) -> Option<Finding> {
    row(&text(code), "f_rtn_code (§5.2)", |row: LicenceStatus| Some(for_licence(row)))
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
