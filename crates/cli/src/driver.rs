//! A driver as the command line or standard input describes it.

use std::io::Read as _;

use jiff::civil::Date;
use rims_client::codes::ApiType;
use rims_client::values::{LicenceNumber, PersonName};
use rims_client::{DateRule, Sector, VerifyRequest};
use serde::Deserialize;

use crate::args::{Driver, days, parse};
use crate::language::say;
use crate::output::Failure;

/// The same members as an interface's, all as text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    f_license_no: String,
    f_resident_name: String,
    f_licn_con_code: String,
    f_from_date: Option<String>,
    f_to_date: Option<String>,
    vhcl_reg_no: Option<String>,
    com_api_type: Option<String>,
}

/// The driver that is described. Where a sector's table requires days, it is for today unless others are given.
pub(crate) fn driver(arguments: &Driver, sector: Sector, today: Date) -> Result<VerifyRequest, Failure> {
    if arguments.stdin {
        return described(&read_stdin()?);
    }
    let (Some(licence), Some(name)) = (&arguments.licence, &arguments.name) else {
        return Err(Failure::Input("--licence and --name are missing".to_owned()));
    };
    let Some(class) = arguments.class else {
        return Err(Failure::Input("--class is missing".to_owned()));
    };
    let (from, to) = days(arguments.from, arguments.to, today);
    let (from, to) = match sector.rules().dates {
        DateRule::Required => {
            let from = from.unwrap_or(today);
            (Some(from), Some(to.unwrap_or(from)))
        }
        DateRule::Optional => (from, to),
    };
    Ok(VerifyRequest::builder()
        .licence_number(LicenceNumber::parse(licence).map_err(|rule| wrong("--licence", rule.0))?)
        .name(PersonName::parse(name.trim()).map_err(|rule| wrong("--name", rule.0))?)
        .class(class)
        .maybe_from(from)
        .maybe_to(to)
        .maybe_vehicle(arguments.vehicle.clone())
        .maybe_api_type(arguments.api_type)
        .build())
}

fn described(text: &str) -> Result<VerifyRequest, Failure> {
    // The parser's own words may repeat what it read.
    let read: Described = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Failure::Input(say!(
            "표준 입력은 f_license_no, f_resident_name, f_licn_con_code 등을 문자열로 가진 JSON 객체여야 합니다 ({line}행 {column}열)",
            "standard input must be one JSON object with f_license_no, f_resident_name, f_licn_con_code … as strings (line {line}, column {column})"
        ))
    })?;
    let date = |name: &'static str, text: Option<String>| match text {
        Some(text) => parse::date(&text).map(Some).ok_or_else(|| wrong(name, "yyyymmdd")),
        None => Ok(None),
    };
    let api_type = match read.com_api_type.as_deref() {
        Some(code) => Some(ApiType::from_code(code).ok_or_else(|| wrong("com_api_type", "§5.12"))?),
        None => None,
    };
    Ok(VerifyRequest::builder()
        .licence_number(
            LicenceNumber::parse(&read.f_license_no).map_err(|rule| wrong("f_license_no", rule.0))?,
        )
        .name(PersonName::parse(&read.f_resident_name).map_err(|rule| wrong("f_resident_name", rule.0))?)
        .class(parse::class(&read.f_licn_con_code).map_err(|rule| wrong("f_licn_con_code", &rule))?)
        .maybe_from(date("f_from_date", read.f_from_date)?)
        .maybe_to(date("f_to_date", read.f_to_date)?)
        .maybe_vehicle(read.vhcl_reg_no)
        .maybe_api_type(api_type)
        .build())
}

fn wrong(member: &str, rule: &str) -> Failure {
    Failure::Input(format!("{member}: {rule}"))
}

/// The whole of standard input, without surrounding white space.
pub(crate) fn read_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(Failure::input)?;
    Ok(text.trim().to_owned())
}
