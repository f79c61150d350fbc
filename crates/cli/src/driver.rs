//! A driver as a file, standard input, the person at the terminal or the command line describes it.

use std::io::{self, IsTerminal as _, Read as _, Write as _};

use jiff::civil::Date;
use rims_client::codes::ApiType;
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

/// Refuses a command that names no driver where there is no terminal to ask on, before anything else.
pub(crate) fn require(arguments: &Driver) -> Result<(), Failure> {
    let is_read = arguments.stdin || arguments.file.is_some() || io::stdin().is_terminal();
    let options = [
        (arguments.licence.is_some(), "--licence"),
        (arguments.name.is_some(), "--name"),
        (arguments.class.is_some(), "--class"),
    ];
    let missing: Vec<&str> =
        options.into_iter().filter_map(|(is_given, option)| (!is_given).then_some(option)).collect();
    if is_read || missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(", ");
    Err(Failure::Input(say!(
        "{missing} 이(가) 없습니다. 프로그램에서는 --driver FILE 또는 --stdin 을 쓰십시오",
        "{missing} is missing; a program gives a driver by --driver FILE or --stdin"
    )))
}

/// The driver that is described. Where a sector's table requires days, it is for today unless others are given.
pub(crate) fn driver(arguments: &Driver, sector: Sector, today: Date) -> Result<VerifyRequest, Failure> {
    match &arguments.file {
        Some(path) if path.as_os_str() != "-" => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| Failure::Input(format!("{}: {error}", path.display())))?;
            return described(text.trim_ascii());
        }
        Some(_) => return described(&read_stdin()?),
        None if arguments.stdin => return described(&read_stdin()?),
        None => {}
    }
    let licence = given_or_asked(arguments.licence.as_deref(), &say!("면허번호", "licence number"))?;
    let licence =
        rims_reading::licence_number(&licence).map_err(|why| wrong("--licence", &parse::cause(why)))?;
    let name = given_or_asked(arguments.name.as_deref(), &say!("이름", "name"))?;
    let name = rims_reading::name(&name).map_err(|why| wrong("--name", &parse::cause(why)))?;
    let class = match arguments.class {
        Some(class) => class,
        None => parse::class(&given_or_asked(None, &say!("면허종별", "licence class"))?)
            .map_err(|rule| wrong("--class", &rule))?,
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
        .licence_number(licence)
        .name(name)
        .class(class)
        .maybe_from(from)
        .maybe_to(to)
        .maybe_vehicle(arguments.vehicle.clone())
        .maybe_api_type(arguments.api_type)
        .build())
}

/// What an option says, or the answer of the person at the terminal.
pub(crate) fn given_or_asked(given: Option<&str>, question: &str) -> Result<String, Failure> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::Input(say!("{question}: 값이 없습니다", "{question}: a value is missing")));
    }
    let mut answer = String::new();
    _ = write!(io::stderr(), "{question}: ");
    io::stdin().read_line(&mut answer).map_err(Failure::input)?;
    Ok(answer.trim().to_owned())
}

fn described(text: &str) -> Result<VerifyRequest, Failure> {
    // The parser's own words may repeat what it read.
    let read: Described = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Failure::Input(say!(
            "운전자는 f_license_no, f_resident_name, f_licn_con_code 등을 문자열로 가진 JSON 객체여야 합니다 ({line}행 {column}열)",
            "a driver must be one JSON object with f_license_no, f_resident_name, f_licn_con_code … as strings (line {line}, column {column})"
        ))
    })?;
    let date = |name: &'static str, text: Option<String>| match text {
        Some(text) => parse::date(&text).map(Some).map_err(|rule| wrong(name, &rule)),
        None => Ok(None),
    };
    let api_type = match read.com_api_type.as_deref() {
        Some(code) => Some(ApiType::from_code(code).ok_or_else(|| wrong("com_api_type", "§5.12"))?),
        None => None,
    };
    Ok(VerifyRequest::builder()
        .licence_number(
            rims_reading::licence_number(&read.f_license_no)
                .map_err(|why| wrong("f_license_no", &parse::cause(why)))?,
        )
        .name(
            rims_reading::name(&read.f_resident_name)
                .map_err(|why| wrong("f_resident_name", &parse::cause(why)))?,
        )
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
    io::stdin().read_to_string(&mut text).map_err(Failure::input)?;
    Ok(text.trim().to_owned())
}
