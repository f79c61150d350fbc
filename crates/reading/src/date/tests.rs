use jiff::civil::date as ymd;
use proptest::prelude::*;

use super::*;

#[test]
fn one_day_has_many_spellings() {
    for text in [
        "20261211",
        "20261211.0",
        "2026-12-11",
        "2026.12.11",
        "2026.12.11.",
        "2026. 12. 11.",
        "2026. 12. 11",
        "2026/12/11",
        "2026 12 11",
        "2026–12–11",
        "２０２６－１２－１１",
        "2026년 12월 11일",
        "2026년12월11일",
        "2026년 12월 11일 금요일",
        "2026년 12월 11일 (금)",
        "2026-12-11(금)",
        "2026. 12. 11. (금)",
        "2026年12月11日",
        "'2026-12-11",
        "=\"20261211\"",
        "\u{feff}2026-12-11\u{200b} ",
        "2026\u{a0}- 12 -11",
        "2026\u{1102}\u{1167}\u{11ab} 12\u{110b}\u{116f}\u{11af} 11\u{110b}\u{1175}\u{11af}",
        "11 Dec 2026",
        "11-Dec-2026",
        "11 December 2026",
        "Dec 11, 2026",
        "December 11th, 2026",
        "2026-Dec-11",
        "Fri, 11 Dec 2026",
        "Friday, December 11, 2026",
        "2026-12-11 00:00:00",
        "2026-12-11 0:00",
        "2026-12-11T23:59:59.999",
        "2026. 12. 11. 오후 3:00",
        "2026. 12. 11. 오전 12:00:00",
        "2026년 12월 11일 오후 3시 30분",
        "2026년 12월 11일 15시",
        "2026-12-11 3:00 PM",
        "2026-12-11 3 p.m.",
    ] {
        assert_eq!(date(text), Ok(ymd(2026, 12, 11)), "{text:?}");
    }
}

#[test]
fn an_instant_is_a_day_in_korea() {
    for text in [
        "2026-12-10T15:00:00.000Z",
        "2026-12-10T15:00:00Z",
        "2026-12-10T15:00Z",
        "20261210T150000Z",
        "2026-12-10 15:00:00 UTC",
        "2026-12-10 15:00:00+00:00",
        "2026-12-10T10:00:00-05:00",
        "2026-12-11T14:59:59Z",
        "2026-12-11T00:00:00+09:00",
        "2026-12-11T23:59:59+0900",
        "2026-12-11T23:59:59 KST",
        "2026-12-11T23:59:59+09:00[Asia/Seoul]",
        "Thu, 10 Dec 2026 15:00:00 GMT",
        "2026-12-11 00:30 GMT+9",
    ] {
        assert_eq!(date(text), Ok(ymd(2026, 12, 11)), "{text:?}");
    }
    assert_eq!(date("2026-12-31T15:00:00Z"), Ok(ymd(2027, 1, 1)));
    assert_eq!(date("2026-12-10T14:59:59Z"), Ok(ymd(2026, 12, 10)));
}

#[test]
fn a_foreign_order_is_read_where_it_can_mean_one_day_only() {
    assert_eq!(date("13/04/2026"), Ok(ymd(2026, 4, 13)));
    assert_eq!(date("04/13/2026"), Ok(ymd(2026, 4, 13)));
    assert_eq!(date("05.05.2026"), Ok(ymd(2026, 5, 5)));
    for text in ["03/04/2026", "3-4-2026", "03.04.2026 10:00", "1/2/2026"] {
        assert_eq!(date(text), Err(Refused::DayOrMonth), "{text}");
    }
}

#[test]
fn causes_are_told() {
    for (text, refused) in [
        ("", Refused::Empty),
        ("내일", Refused::Date),
        ("2026-12", Refused::Date),
        ("12-11", Refused::Date),
        ("26-12-11", Refused::ShortYear),
        ("26.12.11.", Refused::ShortYear),
        ("'26.12.11", Refused::ShortYear),
        ("26년 12월 11일", Refused::ShortYear),
        ("261211", Refused::ShortYear),
        ("11-Dec-26", Refused::ShortYear),
        ("12/11/26", Refused::ShortYear),
        ("2026-02-30", Refused::NoSuchDay),
        ("2026-13-01", Refused::NoSuchDay),
        ("20260230", Refused::NoSuchDay),
        ("32/13/2026", Refused::NoSuchDay),
        ("2026-12-11 (토)", Refused::Weekday),
        ("46367", Refused::Serial),
        ("46367.5", Refused::Serial),
        ("2026-12-10T15:00:00 PST", Refused::Zone),
        ("2026-12-10T15:00:00+99:00", Refused::Zone),
        ("2026-12-10T15:00:00-05:00[America/New_York]", Refused::Zone),
        ("2026-12-10T24:00:00", Refused::Date),
        ("2026-12-10T25:61", Refused::Date),
        ("2026-12-01~2026-12-10", Refused::Date),
        ("2026-12-01 2026-12-10", Refused::Date),
        ("2026-12-11Z", Refused::Date),
        ("2026-12-11 메모", Refused::Date),
        ("2026-12-11 3", Refused::Date),
        ("1765378800", Refused::Date),
        ("0026-12-11", Refused::NoSuchDay),
        ("#VALUE!", Refused::Date),
        ("2026-12-11 3:00 a", Refused::Date),
    ] {
        assert_eq!(date(text), Err(refused), "{text:?}");
    }
}

proptest! {
    #[test]
    fn every_spelling_is_the_same_day(year in 1_000_i16..=9_999, month in 1_i8..=12, day in 1_i8..=28) {
        let expected = Ok(ymd(year, month, day));
        for text in [
            format!("{year}{month:02}{day:02}"),
            format!("{year}-{month:02}-{day:02}"),
            format!("{year}. {month}. {day}."),
            format!("{year}년 {month}월 {day}일"),
            format!("{year}/{month}/{day} 09:30"),
            format!("{year}-{month:02}-{day:02}T00:00:00+09:00"),
        ] {
            prop_assert_eq!(date(&text), expected, "{}", text);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,24}|[0-9TZ:. +년월일오전후-]{0,24}") {
        if let Ok(read) = date(&text) {
            prop_assert_eq!(date(&read.to_string()), Ok(read), "{}", text);
        }
    }
}
