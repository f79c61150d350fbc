//! The simulated national systems: development's in production, both environments' in the sandbox, and by
//! themselves for a server that is being set up (`rims simulate`).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rims_domain::Environment;
use rims_upstream::sim::Simulators;
use rims_upstream::{ConfigError, Koroad, Now, VehicleRegistry};

use crate::clock::Clock;
use crate::service::NationalSystems;

/// Starts KOROAD on `listen` and the vehicle registry on the next port; on free ports if it is 0.
pub async fn start(listen: SocketAddr, clock: &Clock) -> io::Result<Simulators> {
    Simulators::start(listen, now(clock)).await
}

/// Clients of simulated systems.
pub(crate) fn clients(
    simulators: &Simulators,
    environment: Environment,
    clock: &Clock,
) -> Result<NationalSystems, ConfigError> {
    Ok(NationalSystems {
        koroad: Koroad::new(&simulators.koroad_config(), environment.name(), now(clock))?,
        vehicles: VehicleRegistry::new(&simulators.vehicle_config(), environment.name())?,
    })
}

/// What a server's configuration says to reach them. Their secrets are well known.
pub fn settings(simulators: &Simulators) -> String {
    let (koroad, vehicles) = (simulators.koroad_config(), simulators.vehicle_config());
    format!(
        "[koroad]\nbase_url = \"{}\"\nclient_id = \"{}\"\nclient_secret = \"{}\"\npin_user = \"{}\"\npin = \"{}\"\n\n\
         [vehicles]\nbase_url = \"{}\"\nkey = \"{}\"\n",
        koroad.base_url,
        koroad.client_id,
        koroad.client_secret.expose(),
        koroad.pin_user,
        koroad.pin.expose(),
        vehicles.base_url,
        vehicles.key.expose(),
    )
}

pub(crate) fn now(clock: &Clock) -> Now {
    let clock = clock.clone();
    Arc::new(move || clock.now())
}
