use std::pin::pin;

use futures::{Stream, TryStreamExt as _};
use jiff::civil::{Date, DateTime};
use rims_client::codes::{Code, Coded};
use rims_client::{Client, Error, HistoryQuery, RentalRecord, ScheduleRecord};
use serde_json::Value;

use super::runtime;
use crate::args::{self, days, parse::Day};
use crate::connection::{Target, failure};
use crate::language::{say, text};
use crate::output::{Failure, Outcome};
use crate::record::{Field, Format, Printer, Shape};

pub(crate) fn run(arguments: &args::History) -> Result<Outcome, Failure> {
    let client = Target::of(&arguments.connection)?.client(1)?;
    let from = arguments.from.unwrap_or(Day::FromToday(-30));
    let to = arguments.to.unwrap_or(Day::FromToday(0));
    let (Some(from), Some(to)) = days(Some(from), Some(to), client.today()) else {
        return Ok(Outcome::Done);
    };
    let query = HistoryQuery::builder()
        .from(from)
        .to(to)
        .maybe_plate(arguments.plate.clone())
        .maybe_company(arguments.company.clone())
        .maybe_search(arguments.by)
        .build();
    let mut shape = Shape::from(&arguments.output);
    if arguments.csv {
        shape.format = Format::Csv;
    }
    runtime()?.block_on(list(&client, query, arguments.schedules, shape))?;
    Ok(Outcome::Done)
}

async fn list(client: &Client, query: HistoryQuery, schedules: bool, shape: Shape) -> Result<(), Failure> {
    if schedules {
        print_rows(client.rental().schedules(query), reservation, shape).await
    } else {
        print_rows(client.rental().rentals(query), rental, shape).await
    }
}

/// Prints rows as they come; a table once all are there.
async fn print_rows<R>(
    rows: impl Stream<Item = Result<R, Error>>,
    fields: impl Fn(Option<&R>) -> Vec<Field>,
    shape: Shape,
) -> Result<(), Failure> {
    let mut rows = pin!(rows);
    let mut printer = Printer::new(shape, &fields(None));
    while let Some(row) = rows.try_next().await.map_err(|error| failure(&error))? {
        printer.add(&fields(Some(&row)))?;
    }
    printer.end()
}

/// The members of a rental; without values for `None`.
fn rental(row: Option<&RentalRecord>) -> Vec<Field> {
    let verification = row.and_then(|row| row.verification.as_ref());
    let status = row.and_then(|row| row.status.as_ref());
    let result = verification.and_then(|verification| verification.status.as_ref());
    vec![
        Field::new("number", say!("대여번호", "number"), string(row.and_then(|row| row.number.as_deref()))),
        Field::new("company", say!("회사명", "company"), string(row.and_then(|row| row.company.as_deref()))),
        Field::new("plate", say!("차량번호", "vehicle"), string(row.and_then(|row| row.plate.as_deref()))),
        Field::new("from", say!("시작일", "from"), date(row.and_then(|row| row.from))),
        Field::new("to", say!("종료일", "to"), date(row.and_then(|row| row.to))),
        Field::new("status", say!("상태코드", "code"), code(status)),
        Field::new(
            "status_text",
            say!("상태", "state"),
            status.map_or(Value::Null, |code| text(code).into()),
        ),
        Field::new("registered", say!("등록일시", "registered"), moment(row.and_then(|row| row.registered))),
        Field::new(
            "licence_kind",
            say!("면허종류", "licence"),
            string(row.and_then(|row| row.licence_kind.as_deref())),
        ),
        Field::new(
            "verified",
            say!("검증일시", "verified"),
            moment(verification.and_then(|found| found.asked)),
        ),
        Field::new("result", say!("결과코드", "result"), code(result)),
    ]
}

/// The members of a reservation; without values for `None`.
fn reservation(row: Option<&ScheduleRecord>) -> Vec<Field> {
    let last = row.and_then(|row| row.last_status.as_ref());
    vec![
        Field::new("number", say!("대여번호", "number"), string(row.and_then(|row| row.number.as_deref()))),
        Field::new("company", say!("회사명", "company"), string(row.and_then(|row| row.company.as_deref()))),
        Field::new("plate", say!("차량번호", "vehicle"), string(row.and_then(|row| row.plate.as_deref()))),
        Field::new(
            "licence",
            say!("면허번호", "licence"),
            string(row.and_then(|row| row.masked_number.as_ref()).map(rims_client::MaskedNumber::as_str)),
        ),
        Field::new(
            "driver",
            say!("운전자", "driver"),
            string(row.and_then(|row| row.masked_driver.as_deref())),
        ),
        Field::new("every", say!("반복주기", "every"), code(row.and_then(|row| row.recurrence.as_ref()))),
        Field::new("from", say!("시작일", "from"), date(row.and_then(|row| row.from))),
        Field::new("to", say!("종료일", "to"), date(row.and_then(|row| row.to))),
        Field::new("last_result", say!("최종결과코드", "last result"), code(last)),
        Field::new(
            "last_result_text",
            say!("최종결과", "meaning"),
            last.map_or(Value::Null, |code| text(code).into()),
        ),
        Field::new(
            "last_checked",
            say!("최종검증일", "last checked"),
            date(row.and_then(|row| row.last_checked)),
        ),
        Field::new("next_check", say!("다음검증일", "next check"), date(row.and_then(|row| row.next_check))),
        Field::new("registered", say!("등록일시", "registered"), moment(row.and_then(|row| row.registered))),
    ]
}

fn string(text: Option<&str>) -> Value {
    text.map_or(Value::Null, Value::from)
}

fn date(date: Option<Date>) -> Value {
    date.map_or(Value::Null, |date| date.to_string().into())
}

fn moment(moment: Option<DateTime>) -> Value {
    moment.map_or(Value::Null, |moment| moment.strftime("%Y-%m-%d %H:%M:%S").to_string().into())
}

fn code<T: Coded>(code: Option<&Code<T>>) -> Value {
    code.map_or(Value::Null, |code| code.to_string().into())
}
