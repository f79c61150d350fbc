//! Which column is what, and what a row says.

use jiff::civil::Date;
use rims_client::codes::{ApiType, LicenceClass};
use rims_client::values::{LicenceNumber, PersonName};
use rims_client::{DateRule, Sector, VerifyRequest};

use super::rows::Row;
use crate::args::parse;
use crate::formula::original;
use crate::language::say;
use crate::output::Failure;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Licence,
    Name,
    Class,
    From,
    To,
    Vehicle,
    Type,
}

/// The names of columns, as they are compared: without spaces, hyphens and underscores, in lower case. The first is how
/// messages call it.
const NAMES: [(Column, &[&str]); 7] = [
    (
        Column::Licence,
        &["면허번호", "운전면허번호", "licencenumber", "licensenumber", "licence", "licenseno", "flicenseno"],
    ),
    (Column::Name, &["이름", "성명", "운전자", "운전자명", "name", "fresidentname"]),
    (
        Column::Class,
        &["면허종별", "종별", "면허종류", "면허종별코드", "class", "licenceclass", "flicnconcode"],
    ),
    (Column::From, &["시작일", "대여시작일", "검증시작일", "from", "fromdate", "ffromdate"]),
    (Column::To, &["종료일", "대여종료일", "검증종료일", "to", "todate", "ftodate"]),
    (Column::Vehicle, &["차량번호", "차량", "기기번호", "vehicle", "plate", "vhclregno"]),
    (Column::Type, &["유형", "api유형", "type", "apitype", "comapitype"]),
];

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
    places: Vec<(Column, usize)>,
    /// How many columns the header has.
    width: usize,
    defaults: Defaults,
    sector: Sector,
    today: Date,
}

/// Why a row cannot be sent: the column, and the rule that its value breaks. It never has the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong(pub(super) String);

impl Columns {
    /// Reads the header. Licence number and name must be there; a name twice is refused.
    pub(super) fn read(
        header: &Row<'_>,
        defaults: Defaults,
        sector: Sector,
        today: Date,
    ) -> Result<Self, Failure> {
        let mut places: Vec<(Column, usize)> = Vec::new();
        for (place, title) in header.cells.iter().enumerate() {
            let plain = plain(title);
            let Some((column, _)) = NAMES.iter().find(|(_, names)| names.contains(&plain.as_str())) else {
                continue;
            };
            if places.iter().any(|(taken, _)| taken == column) {
                return Err(Failure::Input(say!(
                    "{title}: 같은 뜻의 열이 둘 있습니다",
                    "{title}: two columns mean the same"
                )));
            }
            places.push((*column, place));
        }
        let columns = Self { places, width: header.cells.len(), defaults, sector, today };
        let mut needed = vec![Column::Licence, Column::Name];
        if defaults.class.is_none() {
            needed.push(Column::Class);
        }
        let missing: Vec<&str> =
            needed.into_iter().filter(|column| columns.place(*column).is_none()).map(called).collect();
        if missing.is_empty() {
            return Ok(columns);
        }
        let missing = missing.join(", ");
        Err(Failure::Input(say!(
            "첫 행에 열이 없습니다: {missing} (`rims batch --help`)",
            "the first row has no column {missing} (see `rims batch --help`)"
        )))
    }

    /// The driver of a row.
    pub(super) fn driver(&self, row: &Row<'_>) -> Result<VerifyRequest, Wrong> {
        self.refuse_damaged(row)?;
        let text = |column| self.text(row, column);
        let required =
            |column| text(column).ok_or_else(|| wrong(column, say!("값이 없습니다", "a value is missing")));
        let licence =
            LicenceNumber::parse(required(Column::Licence)?).map_err(|rule| wrong(Column::Licence, rule.0));
        let name = PersonName::parse(required(Column::Name)?).map_err(|rule| wrong(Column::Name, rule.0));
        let class = match (text(Column::Class), self.defaults.class) {
            (Some(text), _) => parse::class(text).map_err(|rule| wrong(Column::Class, rule)),
            (None, Some(class)) => Ok(class),
            (None, None) => Err(wrong(Column::Class, say!("값이 없습니다", "a value is missing"))),
        };
        let api_type = match text(Column::Type) {
            Some(text) => Some(parse::api_type(text).map_err(|rule| wrong(Column::Type, rule))?),
            None => None,
        };
        let (from, to) = self.days(row)?;
        Ok(self.request((licence?, name?, class?), (from, to), text(Column::Vehicle), api_type))
    }

    /// Cells without a column, and cells that a spreadsheet could not calculate.
    fn refuse_damaged(&self, row: &Row<'_>) -> Result<(), Wrong> {
        if row.cells.iter().skip(self.width).any(|cell| !cell.is_empty()) {
            return Err(Wrong(say!("첫 행보다 칸이 많습니다", "it has more cells than the first row")));
        }
        let damaged = self
            .places
            .iter()
            .find(|(column, _)| self.text(row, *column).is_some_and(|text| text.starts_with('#')));
        damaged.map_or(Ok(()), |(column, _)| {
            Err(wrong(*column, say!("오류가 있는 칸입니다", "the cell has an error")))
        })
    }

    fn request(
        &self,
        (licence, name, class): (LicenceNumber, PersonName, LicenceClass),
        (from, to): (Option<Date>, Option<Date>),
        vehicle: Option<&str>,
        api_type: Option<ApiType>,
    ) -> VerifyRequest {
        let from = from.or((self.sector.rules().dates == DateRule::Required).then_some(self.today));
        let to = to.or(from.filter(|_| self.sector.rules().dates == DateRule::Required));
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

    fn days(&self, row: &Row<'_>) -> Result<(Option<Date>, Option<Date>), Wrong> {
        let date = |column| match self.text(row, column) {
            Some(text) => parse::date(text).map(Some).ok_or_else(|| {
                wrong(column, say!("날짜가 아닙니다 (yyyy-mm-dd)", "not a date (yyyy-mm-dd)"))
            }),
            None => Ok(None),
        };
        let (from, to) = (date(Column::From)?, date(Column::To)?);
        let is_forgotten =
            from.is_some() && to.or(self.defaults.to).is_none() && self.place(Column::To).is_some();
        if is_forgotten && self.sector.rules().dates == DateRule::Required {
            return Err(wrong(Column::To, say!("값이 없습니다", "a value is missing")));
        }
        Ok((from.or(self.defaults.from), to.or(self.defaults.to)))
    }

    fn text<'a>(&self, row: &Row<'a>, column: Column) -> Option<&'a str> {
        // Elsewhere a column of this name is somebody's own.
        if column == Column::Type && !self.sector.rules().api_type {
            return None;
        }
        let cell = row.cells.get(self.place(column)?)?;
        // As it was before a result of ours made it text.
        (!cell.is_empty()).then_some(original(cell))
    }

    fn place(&self, column: Column) -> Option<usize> {
        self.places.iter().find(|(found, _)| *found == column).map(|(_, place)| *place)
    }
}

fn wrong(column: Column, rule: impl std::fmt::Display) -> Wrong {
    Wrong(format!("{}: {rule}", called(column)))
}

fn called(column: Column) -> &'static str {
    NAMES.iter().find(|(found, _)| *found == column).map_or("", |(_, names)| names[0])
}

fn plain(title: &str) -> String {
    let letters = title.chars().filter(|character| !matches!(character, ' ' | '-' | '_' | '(' | ')' | '*'));
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2025, 10, 23);

    fn read(header: &[&str], cells: &[&str]) -> Result<VerifyRequest, Wrong> {
        let header = Row { number: 1, cells: header };
        let columns = Columns::read(&header, Defaults::default(), Sector::Rental, TODAY).unwrap();
        columns.driver(&Row { number: 2, cells })
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
        let header = ["면허번호", "이름", "면허종별", "시작일"];
        for (cells, column) in [
            (["1234", "홍길동", "12", ""], "면허번호"),
            (["", "홍길동", "12", ""], "면허번호"),
            (["111234567890", "", "12", ""], "이름"),
            (["111234567890", "홍길동", "99", ""], "면허종별"),
            (["111234567890", "홍길동", "", ""], "면허종별"),
            (["111234567890", "홍길동", "12", "내일"], "시작일"),
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
        let header = |titles: &[&str]| {
            let header = Row { number: 1, cells: titles };
            Columns::read(&header, Defaults::default(), Sector::Rental, TODAY)
        };
        assert!(header(&["면허번호", "이름", "종별"]).is_ok());
        for titles in [&["이름", "종별"][..], &["면허번호", "이름"], &["이름", "성명", "면허번호", "종별"]]
        {
            assert!(matches!(header(titles), Err(Failure::Input(_))), "{titles:?}");
        }
    }
}
