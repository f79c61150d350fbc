//! Reads answers as servers really send them: a string or a number, `0` or `00`, dates of 8 or 14 digits, with
//! or without separators.

use std::fmt;

use jiff::civil::{Date, DateTime};
use rims_protocol::codes::{Code, Coded};
use rims_protocol::values::parse_compact;
use serde::de::{Deserializer, Error, Visitor};

/// A string, or a number as one.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Text(|text: &str| Some(text.to_owned())))
}

/// A code of a table, known or not.
pub(super) fn code<'de, D: Deserializer<'de>, T: Coded>(
    deserializer: D,
) -> Result<Option<Code<T>>, D::Error> {
    deserializer.deserialize_any(Text(|text: &str| Some(Code::read(text.trim()))))
}

/// A date; `None` where there is none to read.
pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    deserializer.deserialize_any(Text(read_date))
}

/// A date and time of Asia/Seoul; a date alone is its midnight.
pub(super) fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime>, D::Error> {
    deserializer.deserialize_any(Text(read_moment))
}

/// A number, also one that is sent as a string.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    deserializer.deserialize_any(Text(|text: &str| text.trim().parse().ok()))
}

/// A count, also one that is sent as a string.
pub(super) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let count = deserializer.deserialize_any(Text(|text: &str| text.trim().parse().ok()))?;
    count.ok_or_else(|| D::Error::custom("a count is expected"))
}

fn read_date(text: &str) -> Option<Date> {
    read_moment(text).map(DateTime::date)
}

fn read_moment(text: &str) -> Option<DateTime> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let (date, time) = text.split_at_checked(8)?;
        let date = parse_compact(date).ok()?;
        return match time.len() {
            0 => Some(date.at(0, 0, 0, 0)),
            6 => {
                let part =
                    |range: std::ops::Range<usize>| time.get(range).and_then(|digits| digits.parse().ok());
                let time = jiff::civil::Time::new(part(0..2)?, part(2..4)?, part(4..6)?, 0).ok()?;
                Some(date.to_datetime(time))
            }
            _ => None,
        };
    }
    text.parse().ok()
}

struct Text<F>(F);

impl<T, F: Fn(&str) -> Option<T>> Visitor<'_> for Text<F> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok((self.0)(text))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok((self.0)(&number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok((self.0)(&number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok((self.0)(&number.to_string()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date as day, datetime};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_in_every_form_that_servers_send() {
        for text in
            ["20251017", "20251017191423", "2025-10-17", "2025-10-17 19:14:23.885", "2025-10-17T19:14:23"]
        {
            assert_eq!(read_date(text), Some(day(2025, 10, 17)), "{text}");
        }
        for text in ["", "2025", "20251317", "202510171", "20251017256000", "yesterday"] {
            assert_eq!(read_date(text), None, "{text}");
        }
        assert_eq!(
            read_moment("2025-10-17 19:14:23.885"),
            Some(datetime(2025, 10, 17, 19, 14, 23, 885_000_000))
        );
        assert_eq!(read_moment("20251017191423"), Some(datetime(2025, 10, 17, 19, 14, 23, 0)));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,24}") {
            let _ = read_moment(&text);
        }
    }
}
