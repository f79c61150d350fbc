//! The code tables of §5. One file per table that code decides on, one macro for their common shape.

mod account;
mod api_type;
mod coded;
mod faces;
mod koroad;
mod licence;
mod photo;
mod rental;
mod response;
mod tables;

use serde::{Serialize, Serializer};

pub use account::{AccountStatus, Approval};
pub use api_type::{ApiType, ApiTypeGroup};
pub use coded::{Code, Coded};
pub use faces::{FACE_LIVENESS_LEVELS, FACE_SIMILARITY_LEVELS, FaceLevel};
pub use koroad::{KnownProcessing, ProcessingCode};
pub use licence::{LicenceClass, LicenceStatus, REGIONS, Region, ResultCode};
pub use photo::{PhotoCheck, PhotoCode};
pub use rental::{HistoryKind, OneWay, Recurrence, RentalStatus, SearchType, VehicleIdentity};
pub use response::ResponseCode;
pub use tables::{CodeRow, CodeTable, tables};

/// Declares one code table of §5: an enum, its codes and its texts, row by row as in the specification.
macro_rules! code_table {
    (
        $(#[$doc:meta])*
        pub enum $name:ident($code:ty) {
            $( $variant:ident = $value:literal, $korean:literal, $english:literal; )+
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $( #[doc = concat!("`", $value, "` ", $korean, ": ", $english)] $variant, )+
        }

        impl $name {
            /// Every row, in the specification's order.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// The code as the specification writes it.
            pub const fn code(self) -> $code {
                match self { $( Self::$variant => $value, )+ }
            }

            /// The specification's Korean text.
            pub const fn korean(self) -> &'static str {
                match self { $( Self::$variant => $korean, )+ }
            }

            /// The same in English.
            pub const fn english(self) -> &'static str {
                match self { $( Self::$variant => $english, )+ }
            }

            /// The row with this code, if the table has one.
            pub fn from_code<C: PartialEq<$code>>(code: C) -> Option<Self> {
                Self::ALL.iter().copied().find(|row| code == row.code())
            }

            /// The table's rows as text, for people.
            pub fn rows() -> Vec<$crate::codes::CodeRow> {
                Self::ALL
                    .iter()
                    .map(|row| $crate::codes::CodeRow::new(row.code(), row.korean(), row.english()))
                    .collect()
            }
        }
    };
}
pub(crate) use code_table;

/// Rows that answers show are written as their code.
macro_rules! serialize_as_code {
    ($($table:ty),+) => {$(
        impl Serialize for $table {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }
    )+};
}
serialize_as_code!(LicenceClass, Recurrence, RentalStatus);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_finds_its_own_row() {
        for status in LicenceStatus::ALL {
            assert_eq!(LicenceStatus::from_code(status.code()), Some(*status));
        }
        for code in ResponseCode::ALL {
            assert_eq!(ResponseCode::from_code(code.code()), Some(*code));
        }
        assert_eq!(LicenceStatus::from_code("99"), None);
        assert_eq!(ResponseCode::from_code(0), None);
    }

    #[test]
    fn tables_have_as_many_rows_as_the_specification() {
        let rows: Vec<(&str, usize)> =
            tables().iter().map(|table| (table.section, table.rows.len())).collect();
        assert_eq!(
            rows,
            [
                ("5.1", 16),
                ("5.2", 15),
                ("5.3", 14),
                ("5.4", 9),
                ("5.5", 18),
                ("5.6", 6),
                ("5.7", 3),
                ("5.8", 7),
                ("5.9", 16),
                ("5.10", 3),
                ("5.11", 12),
                ("5.12", 9),
                ("5.13", 6),
            ]
        );
    }

    #[test]
    fn no_code_or_text_is_blank() {
        for table in tables() {
            assert!(!table.korean.is_empty() && !table.english.is_empty(), "{}", table.section);
            for row in &table.rows {
                assert!(
                    !row.code.is_empty() && !row.korean.is_empty() && !row.english.is_empty(),
                    "table {} row {:?}",
                    table.section,
                    row
                );
            }
        }
    }
}
