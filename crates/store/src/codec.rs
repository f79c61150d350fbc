//! How enums and dates are stored: this file is the table that the migrations refer to.

use jiff::Timestamp;
use jiff::civil::Date;
use rims_domain::Environment;
use rims_protocol::Sector;

use crate::error::StoreError;

/// How a verification came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// One driver (§4.2.1).
    Single,
    /// One of a batch (§4.2.2).
    Batch,
    /// The check that confirms a rental (§4.2.3).
    Confirm,
    /// A reservation's check (§4.2.9).
    Schedule,
    /// 비대면, by the driver.
    Remote,
}

/// An enum that is stored as a small integer; numbers are never reused.
pub(crate) trait Code: Copy + PartialEq + 'static {
    const TABLE: &'static [(Self, i16)];
    const COLUMN: &'static str;

    fn encode(self) -> i16 {
        Self::TABLE.iter().find(|(value, _)| *value == self).map_or(0, |(_, code)| *code)
    }

    fn decode(code: i16) -> Result<Self, StoreError> {
        let row = Self::TABLE.iter().find(|(_, number)| *number == code);
        row.map(|(value, _)| *value).ok_or(StoreError::Corrupt(Self::COLUMN))
    }
}

impl Code for Environment {
    const COLUMN: &'static str = "environment";
    const TABLE: &'static [(Self, i16)] = &[(Self::Development, 1), (Self::Operations, 2)];
}

impl Code for Sector {
    const COLUMN: &'static str = "sector";
    const TABLE: &'static [(Self, i16)] = &[
        (Self::Rental, 1),
        (Self::Delivery, 2),
        (Self::PersonalMobility, 3),
        (Self::Chauffeur, 4),
        (Self::General, 5),
    ];
}

impl Code for Channel {
    const COLUMN: &'static str = "channel";
    const TABLE: &'static [(Self, i16)] =
        &[(Self::Single, 1), (Self::Batch, 2), (Self::Confirm, 3), (Self::Schedule, 4), (Self::Remote, 5)];
}

/// Codes of the specification that are digits (tables 5.2, 5.4, 5.6, 5.7; `vhcl_idnty_cd`): their number.
pub(crate) fn digits(code: &str) -> i16 {
    code.bytes().fold(0, |number, digit| number * 10 + i16::from(digit.wrapping_sub(b'0')))
}

/// A date as `yyyymmdd`.
pub(crate) fn date_to_int(date: Date) -> i32 {
    i32::from(date.year()) * 10_000 + i32::from(date.month()) * 100 + i32::from(date.day())
}

/// The date of [`date_to_int`].
pub(crate) fn int_to_date(number: i32, column: &'static str) -> Result<Date, StoreError> {
    let part = |number: i32| i8::try_from(number % 100).ok();
    let year = i16::try_from(number / 10_000).ok();
    let date = year.zip(part(number / 100)).zip(part(number));
    date.and_then(|((year, month), day)| Date::new(year, month, day).ok()).ok_or(StoreError::Corrupt(column))
}

/// A moment stored as milliseconds since 1970.
pub(crate) fn moment(milliseconds: i64, column: &'static str) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| StoreError::Corrupt(column))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn comes_back<T: Code + std::fmt::Debug>(all: &[T]) {
        for value in all {
            assert_eq!(T::decode(value.encode()), Ok(*value));
        }
        assert_eq!(T::decode(0), Err(StoreError::Corrupt(T::COLUMN)));
    }

    #[test]
    fn every_value_has_a_number() {
        comes_back(Environment::ALL);
        comes_back(Sector::ALL);
        comes_back(&[Channel::Single, Channel::Batch, Channel::Confirm, Channel::Schedule, Channel::Remote]);
    }

    #[test]
    fn dates_and_digits_come_back() {
        let day = date(2026, 2, 28);
        assert_eq!(date_to_int(day), 20_260_228);
        assert_eq!(int_to_date(20_260_228, "x"), Ok(day));
        assert_eq!(int_to_date(20_260_230, "x"), Err(StoreError::Corrupt("x")));
        assert_eq!((digits("00"), digits("38"), digits("1")), (0, 38, 1));
    }
}
