//! One method per interface.

mod history;
mod many;
mod rental;
mod sector;

pub use rental::RentalCalls;
pub use sector::SectorCalls;
