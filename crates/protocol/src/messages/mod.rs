//! Requests and responses of the interfaces.

mod header;
mod user;
mod verify;

pub use header::{Answer, Header};
pub use user::{UserAnswer, UserQuery};
pub use verify::{BatchRequest, ItemAnswer, SingleRequest, VerifyItem};
