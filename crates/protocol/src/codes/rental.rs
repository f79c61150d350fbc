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
