//! One method per interface.

mod history;
mod many;
mod rental;
mod sector;

pub use rental::RentalCalls;
pub(crate) use sector::BATCH_LIMIT;
pub use sector::SectorCalls;
