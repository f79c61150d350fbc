use std::fmt;

use serde::{Serialize, Serializer};

use super::{
    AccountStatus, ApiType, Approval, KnownProcessing, LicenceClass, LicenceStatus, OneWay, PhotoCheck,
    Recurrence, RentalStatus, ResponseCode, SearchType, VehicleIdentity,
};

/// A code table of §5 whose rows can be found by what stands on the wire.
pub trait Coded: Copy + 'static {
    /// The row of a code as it is written.
    fn from_text(text: &str) -> Option<Self>;
    /// The specification's text.
    fn korean(self) -> &'static str;
    /// The same in English.
    fn english(self) -> &'static str;
    /// Writes the code.
    fn write(self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

macro_rules! coded_as_text {
    ($($table:ty),+) => {$(
        impl Coded for $table {
            fn from_text(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|row| row.code() == text)
            }
            coded_texts!();
        }
    )+};
}

/// Numbers may be written with leading zeroes: `00` is `0`.
macro_rules! coded_as_number {
    ($($table:ty),+) => {$(
        impl Coded for $table {
            fn from_text(text: &str) -> Option<Self> {
                let number: i64 = text.parse().ok()?;
                Self::ALL.iter().copied().find(|row| i64::from(row.code()) == number)
            }
            coded_texts!();
        }
    )+};
}

macro_rules! coded_texts {
    () => {
        fn korean(self) -> &'static str {
            Self::korean(self)
        }
        fn english(self) -> &'static str {
            Self::english(self)
        }
        fn write(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            fmt::Display::fmt(&self.code(), f)
        }
    };
}

coded_as_text!(
    AccountStatus,
    ApiType,
    Approval,
    LicenceClass,
    LicenceStatus,
    OneWay,
    PhotoCheck,
    Recurrence,
    RentalStatus,
    SearchType,
    VehicleIdentity
);
coded_as_number!(KnownProcessing, ResponseCode);

/// A code that somebody else's server sent: a row of its table, or one that the table does not have (yet).
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Code<T> {
    /// A row of the table.
    Known(T),
    /// Another code, as it was sent.
    Unknown(Box<str>),
}

impl<T: Coded> Code<T> {
    /// The code as it was sent; never fails.
    pub fn read(text: &str) -> Self {
        T::from_text(text).map_or_else(|| Self::Unknown(text.into()), Self::Known)
    }

    /// The row of the table, if it has one.
    pub fn known(&self) -> Option<T> {
        match self {
            Self::Known(row) => Some(*row),
            Self::Unknown(_) => None,
        }
    }

    /// The specification's text; for an unknown code that it is unknown.
    pub fn korean(&self) -> &'static str {
        self.known().map_or("코드표에 없는 코드", T::korean)
    }

    /// The same in English.
    pub fn english(&self) -> &'static str {
        self.known().map_or("a code that is not in the table", T::english)
    }
}

impl<T: Coded> From<T> for Code<T> {
    fn from(row: T) -> Self {
        Self::Known(row)
    }
}

impl<T: Coded> fmt::Display for Code<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(row) => row.write(f),
            Self::Unknown(text) => f.write_str(text),
        }
    }
}

impl<T: Coded> fmt::Debug for Code<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T: Coded> Serialize for Code<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes_are_rows_and_unknown_ones_are_carried() {
        let status = Code::<LicenceStatus>::read("12");
        assert_eq!((status.known(), status.to_string().as_str()), (Some(LicenceStatus::Suspended), "12"));
        assert_eq!((status.korean(), status.english()), ("정지 된 면허", "suspended"));
        let unknown = Code::<LicenceStatus>::read("A1");
        assert_eq!((unknown.known(), format!("{unknown:?}").as_str()), (None, "A1"));
        assert_eq!(serde_json::to_value(unknown).unwrap(), "A1");
        assert_eq!(Code::from(LicenceStatus::Suspended), status);
    }

    #[test]
    fn only_numbers_may_lead_with_zeroes() {
        for text in ["0", "00"] {
            assert_eq!(Code::<KnownProcessing>::read(text).known(), Some(KnownProcessing::Done), "{text}");
        }
        assert_eq!(Code::<KnownProcessing>::read("04").to_string(), "4");
        assert_eq!(Code::<ResponseCode>::read("-160").known(), Some(ResponseCode::InvalidParameter));
        assert_eq!(Code::<LicenceStatus>::read("0").known(), None, "another length is another code");
    }
}
