use jiff::civil::Date;

use crate::ApiError;
use crate::codes::{HistoryKind, SearchType};
use crate::fields::{Faults, Fields};
use crate::json::Members;
use crate::values::{Malformed, Period, Plate, UserId, parse_compact, without_controls};

mod rows;

pub use rows::{HistoryPage, LicenceKind, RentalRow, ScheduleRow, VerificationInfo};

/// How many rows one page may have (§4.2.8.6.1, §4.2.9.4).
const ROWS_LIMIT: u32 = 1000;

const PAGE_RULE: Malformed = Malformed("1 이상 4294967295 이하의 정수여야 합니다");
const ROWS_RULE: Malformed = Malformed("1 이상 1000 이하의 정수여야 합니다");

/// A page of a company's rentals (§4.2.8.4) or reservations (§4.2.9.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRequest {
    /// `f_from_date`.
    pub from: Date,
    /// `f_to_date`, at most a calendar month later.
    pub to: Date,
    /// `vhcl_reg_no`: only this vehicle.
    pub plate: Option<Plate>,
    /// `co_nm`: only companies whose name has this part.
    pub company_name: Option<String>,
    /// `page_no`, from 1.
    pub page: u32,
    /// `num_of_rows`, 1 to 1,000.
    pub rows: u32,
    /// `search_type`: which date lies between `from` and `to`.
    pub search: SearchType,
    /// The company it is asked for, if not the caller's own.
    pub bizinfo: Option<UserId>,
}

impl HistoryRequest {
    /// Reads the decrypted members in the order of §4.2.8.4, which is that of §4.2.9.4.
    pub fn read(members: &Members, history: HistoryKind, today: Date) -> Result<Self, ApiError> {
        let mut faults = Faults::default();
        let mut fields = Fields::of_request(members, &mut faults);
        let period = read_period(&mut fields, today);
        let plate = fields.optional("vhcl_reg_no", Plate::parse);
        let company_name = fields.optional("co_nm", parse_company_name);
        let page = fields.required_integer("page_no", 1..=u32::MAX, PAGE_RULE);
        let rows = fields.required_integer("num_of_rows", 1..=ROWS_LIMIT, ROWS_RULE);
        let search = read_search(&mut fields, history);
        let bizinfo = fields.optional("bizinfo", UserId::parse);
        let required = period.zip(page).zip(rows);
        let request = required.map(|((Period { from, to }, page), rows)| Self {
            from,
            to,
            plate,
            company_name,
            page,
            rows,
            search,
            bizinfo,
        });
        faults.into_result(request)
    }

    /// How many rows stand before the page.
    pub fn offset(&self) -> u64 {
        u64::from(self.page.saturating_sub(1)) * u64::from(self.rows)
    }
}

fn read_period(fields: &mut Fields<'_, '_>, today: Date) -> Option<Period> {
    let from = fields.required("f_from_date", parse_compact);
    let to = fields.required("f_to_date", parse_compact);
    let (from, to) = from.zip(to)?;
    let period = Period::check_to(to, today).and_then(|()| Period::within_a_month(from, to));
    period.map_err(|rule| fields.malformed("f_to_date", rule)).ok()
}

fn read_search(fields: &mut Fields<'_, '_>, history: HistoryKind) -> SearchType {
    let search = fields.optional("search_type", |code| {
        history.parse(code).ok_or(Malformed("이 인터페이스의 검색유형 코드가 아닙니다"))
    });
    search.unwrap_or(history.default_search())
}

fn parse_company_name(text: &str) -> Result<String, Malformed> {
    match text.chars().count() {
        1..=80 => without_controls(text).map(str::to_owned),
        _ => Err(Malformed("1자 이상 80자 이하여야 합니다")),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::messages::testing::{changed, fault, members, missing_in_order, with};
    use crate::values::TEMPORARY_PLATE;

    const TODAY: Date = date(2025, 9, 15);

    fn rental_sample() -> Value {
        json!({
            "f_from_date": "20250915",
            "f_to_date": "20251001",
            "vhcl_reg_no": "01호1234",
            "co_nm": "테스트회사",
            "page_no": 1,
            "num_of_rows": 10,
            "search_type": "rent_create_date",
            "bizinfo": "s01",
        })
    }

    fn schedule_sample() -> Value {
        json!({
            "f_from_date": "20251001",
            "f_to_date": "20251010",
            "vhcl_reg_no": "01호5303",
            "co_nm": "테스트회사",
            "page_no": "1",
            "num_of_rows": "10",
            "search_type": "reservation_start_date",
            "bizinfo": "s01",
        })
    }

    fn rentals(value: Value) -> Result<HistoryRequest, ApiError> {
        HistoryRequest::read(&members(value), HistoryKind::Rentals, TODAY)
    }

    fn schedules(value: Value) -> Result<HistoryRequest, ApiError> {
        HistoryRequest::read(&members(value), HistoryKind::Schedules, TODAY)
    }

    #[test]
    fn the_samples_of_4_2_8_5_and_4_2_9_5() {
        let rental = HistoryRequest {
            from: date(2025, 9, 15),
            to: date(2025, 10, 1),
            plate: Plate::parse("01호1234").ok(),
            company_name: Some("테스트회사".to_owned()),
            page: 1,
            rows: 10,
            search: SearchType::RentCreate,
            bizinfo: UserId::parse("s01").ok(),
        };
        let schedule = HistoryRequest {
            from: date(2025, 10, 1),
            to: date(2025, 10, 10),
            plate: Plate::parse("01호5303").ok(),
            search: SearchType::ReservationStart,
            ..rental.clone()
        };
        assert_eq!(rentals(rental_sample()), Ok(rental));
        assert_eq!(schedules(schedule_sample()), Ok(schedule));
    }

    #[test]
    fn what_is_optional_may_be_absent() {
        let bare =
            json!({ "f_from_date": "20250915", "f_to_date": "20250915", "page_no": 3, "num_of_rows": 1000 });
        let request = rentals(bare.clone()).unwrap();
        assert_eq!((request.plate, request.company_name, request.bizinfo), (None, None, None));
        assert_eq!(request.search, SearchType::RentStart);
        assert_eq!(schedules(bare).unwrap().search, SearchType::ReservationStart);
    }

    #[test]
    fn missing_members_answer_in_table_order() {
        let order = ["f_from_date", "f_to_date", "page_no", "num_of_rows"];
        missing_in_order(rental_sample(), &order, rentals);
        missing_in_order(schedule_sample(), &order, schedules);
    }

    #[test]
    fn each_format_is_checked() {
        for (name, value) in [
            ("f_from_date", json!("20250931")),
            ("f_from_date", json!(20_250_915)),
            ("f_to_date", json!("20250914")),
            ("f_to_date", json!("20251016")),
            ("f_to_date", json!("99991231")),
            ("vhcl_reg_no", json!("가".repeat(17))),
            ("co_nm", json!("가".repeat(81))),
            ("co_nm", json!("테스트\n회사")),
            ("page_no", json!(0)),
            ("page_no", json!(4_294_967_296_u64)),
            ("page_no", json!("one")),
            ("num_of_rows", json!("0")),
            ("num_of_rows", json!(1001)),
            ("search_type", json!("reservation_start_date")),
            ("search_type", json!(1)),
            ("bizinfo", json!("x".repeat(33))),
        ] {
            let request = with(rental_sample(), name, value.clone());
            assert_eq!(fault(rentals(request)), (-160, name.to_owned()), "{value}");
        }
        assert!(rentals(with(rental_sample(), "f_to_date", json!("20251015"))).is_ok());
        let late = with(rental_sample(), "f_from_date", json!("20350914"));
        assert!(rentals(with(late.clone(), "f_to_date", json!("20350915"))).is_ok());
        assert_eq!(
            fault(rentals(with(late, "f_to_date", json!("20350916")))),
            (-160, "f_to_date".to_owned())
        );
        assert!(rentals(with(rental_sample(), "co_nm", json!("가".repeat(80)))).is_ok());
        assert!(rentals(with(rental_sample(), "vhcl_reg_no", json!(TEMPORARY_PLATE))).is_ok());
        let foreign = with(schedule_sample(), "search_type", json!("rent_end_date"));
        assert_eq!(fault(schedules(foreign)), (-160, "search_type".to_owned()));
    }

    #[test]
    fn the_farthest_page_has_an_offset() {
        let far = with(rental_sample(), "page_no", json!(u32::MAX));
        let far = rentals(with(far, "num_of_rows", json!(1000))).unwrap();
        assert_eq!(far.offset(), 4_294_967_294_000);
        assert_eq!(rentals(rental_sample()).unwrap().offset(), 0);
    }

    proptest! {
        #[test]
        fn what_is_read_keeps_the_rules(value in changed(schedule_sample())) {
            if let Ok(request) = schedules(value) {
                prop_assert!(request.from <= request.to);
                prop_assert!(request.page >= 1 && (1..=1000).contains(&request.rows));
                prop_assert_eq!(request.search.history(), HistoryKind::Schedules);
            }
        }
    }
}
