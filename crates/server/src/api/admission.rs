//! Which requests are worked on when there are many (docs/configuration.md, `[api.overload]`). Three classes with bounds of
//! their own, so that a national system that hangs does not keep histories from being read.

use rims_domain::AccountId;
use rims_protocol::Interface;
use rims_protocol::interface::Family;

use super::answer::Failure;
use super::turns::{Bounds, Turn, Turns};
use crate::config::OverloadConfig;

/// The turns of every class.
#[derive(Debug)]
pub(super) struct Admission {
    /// What asks the national systems about one driver or vehicle.
    checks: Turns,
    /// What asks them about up to 1,000 drivers: these wait before their bodies are read.
    batches: Turns,
    /// What asks the database only.
    records: Turns,
}

impl Admission {
    pub(super) fn new(config: &OverloadConfig) -> Self {
        let bounds = |at_once: usize, waiting: usize| Bounds {
            at_once,
            at_once_per_company: config.per_company(at_once),
            waiting_per_company: waiting,
            wait: config.batch_wait(),
        };
        Self {
            checks: Turns::new("check", bounds(config.in_flight, 0)),
            batches: Turns::new("batch", bounds(config.batches_in_flight, config.batches_waiting)),
            records: Turns::new("record", bounds(config.in_flight, 0)),
        }
    }

    /// A place for a request of this company, or HTTP 503.
    pub(super) async fn admit(&self, interface: &Interface, company: AccountId) -> Result<Turn, Failure> {
        let turns = match interface.family {
            Family::Batch(_) => &self.batches,
            Family::Single(_) | Family::RentalConfirm | Family::Schedule | Family::Number(_) => &self.checks,
            _ => &self.records,
        };
        turns.take(company).await.map_err(|_busy| Failure::Overloaded)
    }
}
