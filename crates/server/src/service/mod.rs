//! The use cases. They know the domain, the store and the national systems, and no HTTP type.

pub mod administration;
mod anomaly;
mod companies;
mod confirm;
mod error;
mod history;
mod number;
mod once;
mod principal;
mod quotas;
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
use std::time::Duration;

use rims_domain::Environment;
use rims_store::Store;
use rims_upstream::{Koroad, VehicleRegistry};

use crate::clock::Clock;

pub use error::{AuthenticationFailure, ServiceError};
pub use once::{Known, Once};
pub use principal::Principal;
pub(crate) use principal::system_event;
pub use quotas::QuotaLimits;
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

/// What an operator may decide about the use cases.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// What is done for checks that KOROAD does not answer.
    pub outage: OutageMode,
    /// How long a reading of a key, an account or a delegation may be used.
    pub reread: Duration,
    /// What a company may use in a day.
    pub quotas: QuotaLimits,
}

impl Default for Settings {
    fn default() -> Self {
        Self { outage: OutageMode::default(), reread: Duration::from_secs(1), quotas: QuotaLimits::default() }
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
    quotas: quotas::Quotas,
}

impl Services {
    /// The use cases over a store and the national systems.
    pub fn new(
        store: Store,
        upstreams: Upstreams,
        clock: Clock,
        keys: KeyPolicy,
        settings: Settings,
    ) -> Arc<Self> {
        Arc::new(Self {
            sessions: sessions::Sessions::new(store.clone(), clock.clone(), keys, settings.reread),
            companies: companies::Companies::new(store.clone(), settings.reread),
            store,
            upstreams,
            clock,
            outage: settings.outage,
            quotas: quotas::Quotas::new(settings.quotas),
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

    /// Forgets who may do what, whenever some node has changed it; for as long as that can be told.
    pub async fn follow_changes(&self) {
        let mut changes = self.store.access_changes();
        while changes.changed().await.is_ok() {
            self.sessions.forget_callers();
            self.companies.forget();
        }
    }

    /// Forgets what was read from the store, after its content was replaced.
    pub fn forget_cached(&self) {
        self.sessions.forget();
        self.companies.forget();
    }
}
