use super::code_table;

code_table! {
    /// Table 5.10: how often a reservation is checked (반복 주기 코드).
    pub enum Recurrence(&'static str) {
        Weekly = "1", "매주 월요일마다 실행", "every Monday";
        FifteenDays = "2", "15일 마다 실행", "every 15 days";
        Monthly = "3", "매달 1일마다 실행", "on the 1st of every month";
    }
}

code_table! {
    /// Table 5.13: which date a history is searched by (검색유형 코드표).
    pub enum SearchType(&'static str) {
        RentStart = "rent_start_date", "대여 시작일 기준(기본값)", "by the rental's start (default)";
        RentEnd = "rent_end_date", "대여 종료일 기준", "by the rental's end";
        RentCreate = "rent_create_date", "대여 등록일 기준", "by the rental's registration";
        ReservationStart = "reservation_start_date", "반복예약 시작일 기준(기본값)", "by the reservation's start (default)";
        ReservationEnd = "reservation_end_date", "반복예약 종료일 기준", "by the reservation's end";
        ReservationCreate = "reservation_create_date", "반복예약 등록일 기준", "by the reservation's registration";
    }
}

code_table! {
    /// 대여상태코드 (§4.2.8.6.1): what became of a rental.
    pub enum RentalStatus(&'static str) {
        Pending = "1", "미확정", "pending";
        Confirmed = "2", "대여확정", "confirmed";
        Cancelled = "9", "대여취소", "cancelled";
    }
}

code_table! {
    /// 편도 여부 (§4.2.3.4): whether the vehicle is given back elsewhere.
    pub enum OneWay(&'static str) {
        Yes = "Y", "편도", "one way";
        No = "N", "왕복", "round trip";
    }
}

code_table! {
    /// 차량확인코드, `vhcl_idnty_cd` (§4.2.1.6.2): whether the vehicle is registered to the company.
    pub enum VehicleIdentity(&'static str) {
        Confirmed = "1", "확인", "registered to the company";
        Unconfirmed = "2", "미확인", "not confirmed";
    }
}

/// The two histories of table 5.13; a search type of the other is refused (-160).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryKind {
    /// 업체별 대여이력 (§4.2.8).
    Rentals,
    /// 업체별 반복예약 결과 (§4.2.9).
    Schedules,
}

impl HistoryKind {
    /// The search type that an absent `search_type` stands for.
    pub const fn default_search(self) -> SearchType {
        match self {
            Self::Rentals => SearchType::RentStart,
            Self::Schedules => SearchType::ReservationStart,
        }
    }

    /// The search type, if it is one of this history.
    pub fn parse(self, code: &str) -> Option<SearchType> {
        SearchType::from_code(code).filter(|search| search.history() == self)
    }
}

impl SearchType {
    /// The history it searches.
    pub const fn history(self) -> HistoryKind {
        match self {
            Self::RentStart | Self::RentEnd | Self::RentCreate => HistoryKind::Rentals,
            Self::ReservationStart | Self::ReservationEnd | Self::ReservationCreate => HistoryKind::Schedules,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_type_belongs_to_the_history_of_its_first_word() {
        for search in SearchType::ALL {
            let (history, other) = if search.code().starts_with("rent_") {
                (HistoryKind::Rentals, HistoryKind::Schedules)
            } else {
                (HistoryKind::Schedules, HistoryKind::Rentals)
            };
            assert_eq!(history.parse(search.code()), Some(*search));
            assert_eq!(other.parse(search.code()), None);
        }
        assert_eq!(HistoryKind::Rentals.parse("rent"), None);
    }

    #[test]
    fn the_defaults_are_the_tables() {
        for history in [HistoryKind::Rentals, HistoryKind::Schedules] {
            assert!(history.default_search().korean().ends_with("(기본값)"));
            assert_eq!(history.default_search().history(), history);
        }
    }

    #[test]
    fn rental_states_and_one_way_are_the_tables() {
        let codes: Vec<&str> = RentalStatus::ALL.iter().map(|status| status.code()).collect();
        assert_eq!(codes, ["1", "2", "9"]);
        let codes: Vec<&str> = OneWay::ALL.iter().map(|one_way| one_way.code()).collect();
        assert_eq!(codes, ["Y", "N"]);
    }
}
