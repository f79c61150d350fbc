use bon::Builder;
use jiff::ToSpan as _;
use jiff::civil::Date;
use rims_protocol::ApiError;
use rims_protocol::codes::{HistoryKind, SearchType};
use rims_protocol::messages::HistoryRequest;
use rims_protocol::values::{Plate, UserId};

/// How many rows a page may have (§4.2.8.4).
const PAGE_ROWS: u32 = 1000;

/// What is searched in a history: any number of days, walked a month at a time.
#[derive(Clone, Debug, PartialEq, Eq, Builder)]
pub struct HistoryQuery {
    /// The first day, in Asia/Seoul.
    from: Date,
    /// The last day.
    to: Date,
    /// Of one vehicle.
    plate: Option<Plate>,
    /// Of companies whose name has this in it.
    #[builder(into)]
    company: Option<String>,
    /// Which date counts (table 5.13); without it the rental's or reservation's start.
    search: Option<SearchType>,
}

impl HistoryQuery {
    /// A page of one month's window.
    pub(crate) fn page(
        &self,
        history: HistoryKind,
        (from, to): (Date, Date),
        page: u32,
        bizinfo: Option<UserId>,
    ) -> HistoryRequest {
        HistoryRequest {
            from,
            to,
            plate: self.plate.clone(),
            company_name: self.company.clone(),
            page,
            rows: PAGE_ROWS,
            search: self.search.unwrap_or(history.default_search()),
            bizinfo,
        }
    }

    /// The whole query in windows of a month at most (§4.2.8.4), newest first like the rows.
    pub(crate) fn windows(&self, history: HistoryKind) -> Result<Vec<(Date, Date)>, ApiError> {
        if self.to < self.from {
            return Err(ApiError::invalid("f_to_date", "시작일 이후의 날짜여야 합니다"));
        }
        if self.search.is_some_and(|search| search.history() != history) {
            return Err(ApiError::invalid("search_type", "이 인터페이스의 검색유형 코드가 아닙니다"));
        }
        let mut windows = Vec::new();
        let mut from = self.from;
        loop {
            // A day less than the month that is allowed, so that no day is in two windows.
            let end = from.checked_add(1.month()).map_or(Date::MAX, |next| next.saturating_sub(1.day()));
            windows.push((from, end.min(self.to)));
            match end.checked_add(1.day()) {
                Ok(next) if end < self.to => from = next,
                _ => break,
            }
        }
        windows.reverse();
        Ok(windows)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;
    use rims_protocol::values::Period;

    use super::*;

    fn query(from: Date, to: Date) -> HistoryQuery {
        HistoryQuery::builder().from(from).to(to).build()
    }

    #[test]
    fn a_year_is_twelve_months() {
        let windows = query(date(2025, 1, 31), date(2026, 1, 30)).windows(HistoryKind::Rentals).unwrap();
        assert_eq!(windows.len(), 13);
        assert_eq!(windows[12], (date(2025, 1, 31), date(2025, 2, 27)));
        assert_eq!(windows[0].1, date(2026, 1, 30));
    }

    #[test]
    fn what_no_server_answers_is_refused() {
        assert!(query(date(2025, 2, 1), date(2025, 1, 31)).windows(HistoryKind::Rentals).is_err());
        let foreign = HistoryQuery {
            search: Some(SearchType::ReservationEnd),
            ..query(date(2025, 1, 1), date(2025, 1, 1))
        };
        assert!(foreign.windows(HistoryKind::Rentals).is_err());
        assert!(foreign.windows(HistoryKind::Schedules).is_ok());
    }

    #[test]
    fn the_end_of_the_calendar_is_an_end() {
        let windows = query(date(9999, 10, 15), Date::MAX).windows(HistoryKind::Rentals).unwrap();
        assert_eq!(windows[0].1, Date::MAX);
        assert_eq!(windows.len(), 3);
    }

    proptest! {
        #[test]
        fn every_day_is_in_one_window(start in 0i32..20_000, days in 0i32..800) {
            let from = date(1990, 1, 1).saturating_add(start.days());
            let to = from.saturating_add(days.days());
            let mut windows = query(from, to).windows(HistoryKind::Rentals).unwrap();
            windows.reverse();
            let mut next = from;
            for (first, last) in windows {
                prop_assert_eq!(first, next);
                prop_assert!(Period::within_a_month(first, last).is_ok());
                next = last.tomorrow().unwrap();
            }
            prop_assert_eq!(next, to.tomorrow().unwrap());
        }
    }
}
