use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Serialize, Serializer};

use super::Malformed;

/// The days for which a licence must be valid, both included. All are calendar dates of Asia/Seoul.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// `f_from_date`.
    pub from: Date,
    /// `f_to_date`, not before `from`.
    pub to: Date,
}

const NOT_A_DATE: Malformed = Malformed("yyyymmdd 형식의 날짜여야 합니다");
const BEFORE_TODAY: Malformed = Malformed("오늘 이후의 날짜여야 합니다");
const BEFORE_FROM: Malformed = Malformed("시작일 이후의 날짜여야 합니다");
const TOO_LATE: Malformed = Malformed("오늘부터 10년 이내의 날짜여야 합니다");
const OVER_A_MONTH: Malformed = Malformed("시작일부터 1개월 이내의 날짜여야 합니다");

/// Reads `yyyymmdd`: eight ASCII digits that are a real calendar date.
pub fn parse_compact(text: &str) -> Result<Date, Malformed> {
    let digits: &[u8; 8] = text.as_bytes().try_into().map_err(|_| NOT_A_DATE)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(NOT_A_DATE);
    }
    let pair = |place: usize| {
        let digit = |place: usize| digits[place].wrapping_sub(b'0').cast_signed();
        digit(place) * 10 + digit(place + 1)
    };
    let year = i16::from(pair(0)) * 100 + i16::from(pair(2));
    Date::new(year, pair(4), pair(6)).map_err(|_| NOT_A_DATE)
}

/// Writes `yyyymmdd`.
pub fn format_compact(date: Date) -> String {
    CompactDate::new(date).as_str().to_owned()
}

/// A date as messages carry it, `yyyymmdd`: written a thousand times a batch, so without a string of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompactDate([u8; 8]);

impl CompactDate {
    /// The digits of a date of the years 0 to 9999: no other is read from a message.
    pub fn new(date: Date) -> Self {
        let pairs = [date.year() / 100, date.year() % 100, date.month().into(), date.day().into()];
        let mut digits = [b'0'; 8];
        for (pair, digits) in pairs.into_iter().zip(digits.chunks_exact_mut(2)) {
            let pair = u8::try_from(pair).unwrap_or_default();
            digits[0] += pair / 10;
            digits[1] += pair % 10;
        }
        Self(digits)
    }

    /// The eight digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Serialize for CompactDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Period {
    /// Checks `from` against today: "운전자격 검증시작일은 오늘을 포함한 이후여야 한다" (§4.2.1.4).
    pub fn check_from(from: Date, today: Date) -> Result<(), Malformed> {
        if from < today { Err(BEFORE_TODAY) } else { Ok(()) }
    }

    /// Checks `to` against today: at most ten calendar years later. What is stored is kept until its period has ended;
    /// a period without end would never be destroyed (docs/spec-decisions.md, Validation).
    pub fn check_to(to: Date, today: Date) -> Result<(), Malformed> {
        if to > today.saturating_add(10.years()) { Err(TOO_LATE) } else { Ok(()) }
    }

    /// The period, if `to` is not before `from`.
    pub fn new(from: Date, to: Date) -> Result<Self, Malformed> {
        if to < from { Err(BEFORE_FROM) } else { Ok(Self { from, to }) }
    }

    /// The period, if `to` is also at most a calendar month after `from` (§4.2.8.4): from 31 January to 28 or 29
    /// February.
    pub fn within_a_month(from: Date, to: Date) -> Result<Self, Malformed> {
        let over = from.checked_add(1.month()).is_ok_and(|last| last < to);
        if over { Err(OVER_A_MONTH) } else { Self::new(from, to) }
    }

    /// Fills in what was not sent (§4.4.1.4): nothing → today and tomorrow; `from` alone → the next day;
    /// `to` alone → from today.
    pub fn fill(from: Option<Date>, to: Option<Date>, today: Date) -> (Date, Date) {
        let from = from.unwrap_or(today);
        (from, to.unwrap_or_else(|| from.saturating_add(jiff::Span::new().days(1))))
    }

    /// Whether the period and the days `first..=last` share a day.
    pub fn overlaps(&self, first: Date, last: Date) -> bool {
        self.from <= last && first <= self.to
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn real_dates_only() {
        assert_eq!(parse_compact("20240229"), Ok(date(2024, 2, 29)));
        for text in [
            "",
            "2024022",
            "202402290",
            "20230229",
            "20241301",
            "20240100",
            "2024-2-9",
            "２０２４０２２９",
            "2024 229",
            "00000000",
            "+2024101",
        ] {
            assert_eq!(parse_compact(text), Err(NOT_A_DATE), "{text}");
        }
    }

    #[test]
    fn absent_dates_are_filled() {
        let today = date(2025, 7, 18);
        let later = date(2025, 8, 1);
        assert_eq!(Period::fill(None, None, today), (today, date(2025, 7, 19)));
        assert_eq!(Period::fill(Some(later), None, today), (later, date(2025, 8, 2)));
        assert_eq!(Period::fill(None, Some(later), today), (today, later));
        assert_eq!(Period::fill(Some(date(9999, 12, 31)), None, today).1, date(9999, 12, 31));
    }

    #[test]
    fn order_and_overlap() {
        let (first, second, third) = (date(2025, 1, 1), date(2025, 1, 2), date(2025, 1, 3));
        assert_eq!(Period::check_from(first, second), Err(BEFORE_TODAY));
        assert_eq!(Period::check_from(second, second), Ok(()));
        assert_eq!(Period::new(second, first), Err(BEFORE_FROM));
        let period = Period::new(first, second).unwrap();
        assert!(period.overlaps(second, third) && !period.overlaps(third, third));
    }

    #[test]
    fn a_period_ends_within_ten_years() {
        let today = date(2026, 12, 1);
        assert_eq!(Period::check_to(date(2036, 12, 1), today), Ok(()));
        assert_eq!(Period::check_to(date(2036, 12, 2), today), Err(TOO_LATE));
        assert_eq!(Period::check_to(Date::MAX, today), Err(TOO_LATE));
        let leap_day = date(2028, 2, 29);
        assert_eq!(Period::check_to(date(2038, 2, 28), leap_day), Ok(()));
        assert_eq!(Period::check_to(date(2038, 3, 1), leap_day), Err(TOO_LATE));
        assert_eq!(Period::check_to(Date::MAX, date(9995, 1, 1)), Ok(()));
    }

    #[test]
    fn a_calendar_month_and_no_day_more() {
        for (from, last) in [
            (date(2025, 9, 15), date(2025, 10, 15)),
            (date(2027, 1, 31), date(2027, 2, 28)),
            (date(2028, 1, 31), date(2028, 2, 29)),
            (date(2028, 1, 29), date(2028, 2, 29)),
            (date(2028, 2, 29), date(2028, 3, 29)),
            (date(2025, 12, 31), date(2026, 1, 31)),
        ] {
            assert_eq!(Period::within_a_month(from, last), Ok(Period { from, to: last }));
            assert_eq!(Period::within_a_month(from, last.tomorrow().unwrap()), Err(OVER_A_MONTH));
            assert_eq!(Period::within_a_month(from, from.yesterday().unwrap()), Err(BEFORE_FROM));
        }
        assert!(Period::within_a_month(date(9999, 12, 15), Date::MAX).is_ok());
    }

    proptest! {
        #[test]
        fn written_dates_come_back(year in 0i16..=9999, month in 1i8..=12, day in 1i8..=28) {
            let date = date(year, month, day);
            prop_assert_eq!(parse_compact(&format_compact(date)), Ok(date));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,12}") {
            if let Ok(date) = parse_compact(&text) {
                prop_assert_eq!(format_compact(date), text);
            }
        }
    }
}
