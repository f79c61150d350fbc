//! Which requests are worked on when there are many (docs/configuration.md, `[api.overload]`). Three classes with bounds of
//! their own, so that a national system that hangs does not keep histories from being read; and those of each environment
//! apart, so that no development key takes a place from an operations key.

use rims_domain::Environment;
use rims_protocol::Interface;
use rims_protocol::interface::Family;

use super::answer::Failure;
use super::turns::{Bounds, Turn, Turns};
use crate::config::OverloadConfig;
use crate::service::Caller;

/// Of the places for operations keys so many, again, are for all development keys: one in four.
const DEVELOPMENT_PLACES: usize = 4;

/// The turns of every class, in each environment.
#[derive(Debug)]
pub(super) struct Admission {
    operations: Classes,
    development: Classes,
}

#[derive(Debug)]
struct Classes {
    /// What asks the national systems about one driver or vehicle.
    checks: Turns,
    /// What asks them about up to 1,000 drivers: these wait before their bodies are read.
    batches: Turns,
    /// What asks the database only.
    records: Turns,
}

impl Admission {
    pub(super) fn new(config: &OverloadConfig) -> Self {
        let fewer = |places: usize| places.div_ceil(DEVELOPMENT_PLACES);
        let development = OverloadConfig {
            in_flight: fewer(config.in_flight),
            batches_in_flight: fewer(config.batches_in_flight),
            ..*config
        };
        Self {
            operations: Classes::new(config, Environment::Operations),
            development: Classes::new(&development, Environment::Development),
        }
    }

    /// A place for a request of this company, or HTTP 503.
    pub(super) async fn admit(&self, interface: &Interface, caller: &Caller) -> Result<Turn, Failure> {
        let classes = match caller.credential.environment {
            Environment::Operations => &self.operations,
            Environment::Development => &self.development,
        };
        let turns = match interface.family {
            Family::Batch(_) => &classes.batches,
            Family::Single(_) | Family::RentalConfirm | Family::Schedule | Family::Number(_) => {
                &classes.checks
            }
            Family::Token
            | Family::User
            | Family::Anomaly
            | Family::Result(_)
            | Family::RentalHistory
            | Family::ScheduleHistory => &classes.records,
        };
        turns.take(caller.account.id).await.map_err(|_busy| Failure::Overloaded)
    }
}

impl Classes {
    fn new(config: &OverloadConfig, environment: Environment) -> Self {
        let bounds = |at_once: usize, waiting: usize| Bounds {
            at_once,
            at_once_per_company: config.per_company(at_once),
            waiting_per_company: waiting,
            wait: config.batch_wait(),
        };
        let batches = bounds(config.batches_in_flight, config.batches_waiting);
        Self {
            checks: Turns::new("check", environment, bounds(config.in_flight, 0)),
            batches: Turns::new("batch", environment, batches),
            records: Turns::new("record", environment, bounds(config.in_flight, 0)),
        }
    }
}
