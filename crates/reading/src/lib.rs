//! One reading of what people write: titles of columns, days, licence numbers, classes, regions, names, plates.
//!
//! A text that can mean one thing only is read, in every spelling; any other is [`Refused`] with its cause and the way
//! out, in Korean and English, and never with the text itself. Nothing is dropped in silence. What the wire carries is
//! stricter and stands in `rims-protocol`.

mod class;
mod date;
mod day_title;
mod licence;
mod name;
mod refused;
mod region;
mod text;
mod title;
mod vehicle;
mod words;
mod yes_no;

pub use class::class;
pub use date::date;
pub use licence::licence_number;
pub use name::name;
pub use refused::Refused;
pub use region::region;
pub use text::plain;
pub use title::{Column, Meaning, Title};
pub use vehicle::vehicle;
pub use yes_no::yes_no;
