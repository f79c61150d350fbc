//! Requests and responses of the interfaces.

mod anomaly;
mod confirm;
mod header;
mod history;
mod members;
mod number;
mod result;
mod schedule;
mod table;
#[cfg(test)]
mod testing;
mod user;
mod verify;

pub use anomaly::{AnomalyAnswer, AnomalyRequest};
pub use confirm::ConfirmRequest;
pub use header::{Answer, Header};
pub use history::{HistoryPage, HistoryRequest, LicenceKind, RentalRow, ScheduleRow, VerificationInfo};
pub use number::{NumberAnswer, NumberRequest};
pub use result::{ResultAnswer, ResultBody, ResultRequest};
pub use schedule::{RepeatStatus, ScheduleAnswer, ScheduleRequest};
pub(crate) use table::LIST;
pub use table::RequestTable;
pub use user::{UserAnswer, UserQuery};
pub use verify::{BatchRequest, ItemAnswer, SingleRequest, VerifyItem};
