//! The use cases. They know the domain, the store and the national systems, and no HTTP type.

pub mod administration;
mod anomaly;
mod companies;
mod confirm;
mod error;
mod history;
mod number;
mod once;
mod recent;
pub mod recheck;
pub mod remote;
pub mod retention;
mod runs;
mod schedule;
mod sessions;
mod users;
mod verify;

use std::sync::Arc;

use rims_domain::Environment;
use rims_store::Store;
use rims_upstream::{Koroad, VehicleRegistry};

use crate::clock::Clock;

pub use error::ServiceError;
pub use once::{Known, Once};
use recheck::OutageMode;
pub use sessions::{Caller, KeyPolicy};
pub use verify::Terms;

/// The national systems as one environment sees them (docs/spec-decisions.md, Meaning).
#[derive(Clone)]
pub struct NationalSystems {
    /// The licence register.
    pub koroad: Koroad,
    /// The vehicle register.
    pub vehicles: VehicleRegistry,
}

/// Both environments' national systems; development's are simulators, always.
#[derive(Clone)]
pub struct Upstreams {
    /// For development keys.
    pub development: NationalSystems,
    /// For operations keys.
    pub operations: NationalSystems,
}

impl Upstreams {
    fn of(&self, environment: Environment) -> &NationalSystems {
        match environment {
            Environment::Development => &self.development,
            Environment::Operations => &self.operations,
        }
    }
}

/// Everything the use cases work with.
pub struct Services {
    store: Store,
    upstreams: Upstreams,
    clock: Clock,
    sessions: sessions::Sessions,
    companies: companies::Companies,
    outage: OutageMode,
}

impl Services {
    /// The use cases over a store and the national systems.
    pub fn new(
        store: Store,
        upstreams: Upstreams,
        clock: Clock,
        keys: KeyPolicy,
        outage: OutageMode,
    ) -> Arc<Self> {
        Arc::new(Self {
            sessions: sessions::Sessions::new(store.clone(), clock.clone(), keys),
            companies: companies::Companies::new(store.clone()),
            store,
            upstreams,
            clock,
            outage,
        })
    }

    /// The one clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The store, for health checks.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Forgets what was read from the store, after its content was replaced.
    pub fn forget_cached(&self) {
        self.sessions.forget();
        self.companies.forget();
    }
}
