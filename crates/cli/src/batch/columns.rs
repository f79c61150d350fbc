//! Which column is what, and what a row says.

use std::borrow::Cow;

use jiff::civil::Date;
use rims_client::codes::{ApiType, LicenceClass};
use rims_client::values::{LicenceNumber, Period, PersonName};
use rims_client::{DateRule, Sector, VerifyRequest};
use rims_reading::{Column, Refused};
use rims_spreadsheet::Odd;

use super::rows::Row;
use super::titles::Titles;
use crate::args::parse;
use crate::formula::original;
use crate::language::say;
use crate::output::Failure;

/// Values of rows that have none of their own.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Defaults {
    pub(super) class: Option<LicenceClass>,
    pub(super) from: Option<Date>,
    pub(super) to: Option<Date>,
}

/// Where everything stands in a file.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) titles: Titles,
    defaults: Defaults,
    sector: Sector,
    today: Date,
}

/// What is asked about a row beside the driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked<'a> {
    pub(super) from: Date,
    pub(super) to: Date,
    /// Whether neither the row nor an option has a day.
    pub(super) is_today: bool,
    pub(super) vehicle: Option<Cow<'a, str>>,
}

/// Why a row cannot be sent: the column, and the rule that its value breaks. It never has the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong(pub(super) String);

impl Columns {
    /// Reads the header. Licence number and name must be there, both days or none; a column twice is refused, and a title
    /// that may mean something of ours and is not read.
    pub(super) fn read(
        header: &Row<'_>,
        ignored: &[String],
        defaults: Defaults,
        sector: Sector,
        today: Date,
    ) -> Result<Self, Failure> {
        let titles = Titles::read(header, ignored, sector)?;
        let mut needed = vec![Column::Licence, Column::Name];
        if defaults.class.is_none() {
            needed.push(Column::Class);
        }
        titles.require(&needed)?;
        let columns = Self { titles, defaults, sector, today };
        columns.require_both_days()?;
        Ok(columns)
    }

    /// Half a period would be asked about in silence.
    fn require_both_days(&self) -> Result<(), Failure> {
        let is_there = |column| self.titles.place(column).is_some();
        let Defaults { from, to, .. } = self.defaults;
        let (missing, option) = match (is_there(Column::From), is_there(Column::To)) {
            (true, false) if to.is_none() => (Column::To.korean(), "--to"),
            (false, true) if from.is_none() => (Column::From.korean(), "--from"),
            _ => return Ok(()),
        };
        Err(Failure::Input(say!(
            "{missing} 열이 없습니다. 열을 더하거나 {option} 로 날을 주십시오 (예: {option} today)",
            "there is no column {missing}; add it, or give the day with {option} (such as {option} today)"
        )))
    }

    /// The driver of a row.
    pub(super) fn driver(&self, row: &Row<'_>) -> Result<VerifyRequest, Wrong> {
        self.refuse_damaged(row)?;
        let licence = self.required(row, Column::Licence, rims_reading::licence_number)?;
        let name = self.required(row, Column::Name, rims_reading::name)?;
        let class = match (self.text(row, Column::Class), self.defaults.class) {
            (Some(text), _) => rims_reading::class(text).map_err(|why| self.wrong(Column::Class, why))?,
            (None, Some(class)) => class,
            (None, None) => return Err(self.wrong(Column::Class, Refused::Empty)),
        };
        let api_type = match self.text(row, Column::Type) {
            Some(text) => Some(parse::api_type(text).map_err(|rule| self.says(Column::Type, &rule))?),
            None => None,
        };
        let (days, vehicle) = (self.days(row)?, self.vehicle(row)?);
        Ok(self.request((licence, name, class), days, vehicle, api_type))
    }

    /// What is asked about a row: the days and the vehicle as they are sent or, where they are not, as the specification
    /// takes them (§4.4.1.4).
    pub(super) fn asked<'a>(&self, row: &Row<'a>) -> Result<Asked<'a>, Wrong> {
        let days = self.days(row)?;
        let is_today = days == (None, None);
        let (from, to) = self.sent(days);
        let (from, to) = Period::fill(from, to, self.today);
        Ok(Asked { from, to, is_today, vehicle: self.vehicle(row)? })
    }

    fn required<T>(
        &self,
        row: &Row<'_>,
        column: Column,
        read: impl Fn(&str) -> Result<T, Refused>,
    ) -> Result<T, Wrong> {
        let text = self.text(row, column).ok_or(Refused::Empty);
        text.and_then(read).map_err(|why| self.wrong(column, why))
    }

    /// Cells without a title, and cells that a spreadsheet did not or could not calculate.
    fn refuse_damaged(&self, row: &Row<'_>) -> Result<(), Wrong> {
        let width = self.titles.width();
        if let Some(place) = row.cells.iter().skip(width).position(|cell| !cell.is_empty()) {
            let letters = rims_spreadsheet::column_name(width + place);
            return Err(Wrong(say!(
                "첫 행보다 칸이 많습니다: {letters} 열에는 제목이 없습니다",
                "it has more cells than the first row: column {letters} has no title"
            )));
        }
        for (column, place) in self.titles.places() {
            match row.oddity(place) {
                Some(Odd::Uncalculated) => return Err(self.says(column, &uncalculated())),
                Some(Odd::Error) => return Err(self.says(column, &error())),
                None if row.cells.get(place).is_some_and(|cell| cell.starts_with('#')) => {
                    return Err(self.says(column, &error()));
                }
                None => {}
            }
        }
        Ok(())
    }

    fn request(
        &self,
        (licence, name, class): (LicenceNumber, PersonName, LicenceClass),
        days: (Option<Date>, Option<Date>),
        vehicle: Option<Cow<'_, str>>,
        api_type: Option<ApiType>,
    ) -> VerifyRequest {
        let (from, to) = self.sent(days);
        VerifyRequest::builder()
            .licence_number(licence)
            .name(name)
            .class(class)
            .maybe_from(from)
            .maybe_to(to)
            .maybe_vehicle(vehicle)
            .maybe_api_type(api_type)
            .build()
    }

    /// The days as they are sent: today where a sector requires days and there are none.
    fn sent(&self, (from, to): (Option<Date>, Option<Date>)) -> (Option<Date>, Option<Date>) {
        let is_required = self.sector.rules().dates == DateRule::Required;
        let from = from.or(is_required.then_some(self.today));
        (from, to.or(from.filter(|_| is_required)))
    }

    fn days(&self, row: &Row<'_>) -> Result<(Option<Date>, Option<Date>), Wrong> {
        let date = |column| match self.text(row, column) {
            Some(text) => rims_reading::date(text).map(Some).map_err(|why| self.wrong(column, why)),
            None => Ok(None),
        };
        let (from, to) = (date(Column::From)?, date(Column::To)?);
        let days = (from.or(self.defaults.from), to.or(self.defaults.to));
        // One of two was forgotten.
        match (from, to, days) {
            (Some(_), None, (_, None)) => Err(self.wrong(Column::To, Refused::Empty)),
            (None, Some(_), (None, _)) => Err(self.wrong(Column::From, Refused::Empty)),
            _ => Ok(days),
        }
    }

    fn vehicle<'a>(&self, row: &Row<'a>) -> Result<Option<Cow<'a, str>>, Wrong> {
        let vehicle = self.text(row, Column::Vehicle).map(rims_reading::vehicle).transpose();
        vehicle.map_err(|why| self.wrong(Column::Vehicle, why))
    }

    fn text<'a>(&self, row: &Row<'a>, column: Column) -> Option<&'a str> {
        let cell = row.cells.get(self.titles.place(column)?)?;
        // As it was before a result of ours made it text.
        (!cell.is_empty()).then_some(original(cell))
    }

    fn wrong(&self, column: Column, why: Refused) -> Wrong {
        self.says(column, &parse::cause(why))
    }

    fn says(&self, column: Column, rule: &str) -> Wrong {
        Wrong(format!("{}: {rule}", self.titles.called(column)))
    }
}

pub(super) fn uncalculated() -> String {
    say!(
        "계산되지 않은 수식입니다. Excel로 열어 저장하십시오",
        "the formula was not calculated; open the file in a spreadsheet and save it"
    )
}

pub(super) fn error() -> String {
    say!(
        "오류가 있는 칸입니다 (#N/A 등). 수식이나 값을 고치십시오",
        "the cell has an error (such as #N/A); mend the formula or the value"
    )
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2025, 10, 23);

    fn row<'a>(number: usize, cells: &'a [&'a str]) -> Row<'a> {
        Row { number, cells, odd: &[], is_hidden: false }
    }

    fn read(header: &[&str], cells: &[&str]) -> Result<VerifyRequest, Wrong> {
        let columns =
            Columns::read(&row(1, header), &[], Defaults::default(), Sector::Rental, TODAY).unwrap();
        columns.driver(&row(2, cells))
    }

    #[test]
    fn columns_in_both_languages_and_in_any_order() {
        let korean = read(
            &["비고", "성 명", "운전면허번호", "종별", "차량번호", "대여시작일", "대여종료일"],
            &["", "홍길동", "서울 12-345678-90", "1종보통", "67라6767", "2025-10-23", "20251024"],
        );
        let english = read(
            &["vehicle", "To", "From", "class", "Licence Number", "name"],
            &["67라6767", "2025.10.24", "2025/10/23", "12", "111234567890", "홍길동"],
        );
        let wire = read(
            &[
                "f_license_no",
                "f_resident_name",
                "f_licn_con_code",
                "f_from_date",
                "f_to_date",
                "vhcl_reg_no",
            ],
            &["11-12-345678-90", "홍길동", "12", "20251023", "20251024", "67라6767"],
        );
        assert_eq!(korean.as_ref().unwrap(), english.as_ref().unwrap());
        assert_eq!(korean.unwrap(), wire.unwrap());
    }

    #[test]
    fn what_is_wrong_is_named_without_its_value() {
        let header = ["면허번호", "이름", "면허종별", "시작일", "종료일"];
        for (cells, column) in [
            (["1234", "홍길동", "12", "", ""], "면허번호"),
            (["", "홍길동", "12", "", ""], "면허번호"),
            (["111234567890", "", "12", "", ""], "이름"),
            (["111234567890", "홍길동", "99", "", ""], "면허종별"),
            (["111234567890", "홍길동", "", "", ""], "면허종별"),
            (["111234567890", "홍길동", "12", "내일", ""], "시작일"),
            (["111234567890", "홍길동", "12", "03/04/2026", "20260405"], "시작일: day and month"),
            (["111234567890", "홍길동", "12", "", "20260405"], "시작일: a value is missing"),
        ] {
            let wrong = read(&header, &cells).unwrap_err();
            assert!(wrong.0.starts_with(column), "{cells:?}: {wrong:?}");
            assert!(!wrong.0.contains("1234") && !wrong.0.contains("홍길동"), "{wrong:?}");
        }
        assert!(read(&header, &["111234567890", "홍길동", "12"]).is_ok(), "a short row has no date");
    }

    #[test]
    fn what_a_spreadsheet_got_wrong_is_not_taken_for_nothing() {
        let header = ["면허번호", "이름", "면허종별", "시작일", "종료일"];
        for (cells, hint) in [
            (&["111234567890", "홍길동", "12", "2027-03-01", "#VALUE!"][..], "종료일: the cell has an error"),
            (&["111234567890", "#N/A", "12", "", ""], "이름: the cell has an error"),
            (&["111234567890", "홍길동", "12", "2027-03-01", ""], "종료일: a value is missing"),
            (&["111234567890", "홍길동", "12", "", "", "more"], "more cells"),
        ] {
            let wrong = read(&header, cells).unwrap_err();
            assert!(wrong.0.contains(hint), "{cells:?}: {wrong:?}");
        }
        assert!(read(&header, &["111234567890", "홍길동", "12", "", "", "", ""]).is_ok());
        let own = ["면허번호", "이름", "면허종별", "유형"];
        assert!(read(&own, &["111234567890", "홍길동", "12", "SUV"]).is_ok(), "only 범용 has a type");
    }

    #[test]
    fn a_header_must_name_the_driver_once() {
        let header =
            |titles: &[&str]| Columns::read(&row(1, titles), &[], Defaults::default(), Sector::Rental, TODAY);
        assert!(header(&["면허번호", "이름", "종별"]).is_ok());
        for titles in [&["이름", "종별"][..], &["면허번호", "이름"], &["이름", "성명", "면허번호", "종별"]]
        {
            assert!(matches!(header(titles), Err(Failure::Input(_))), "{titles:?}");
        }
    }
}
