//! Simulated national systems: the wires of [`crate::koroad`] and [`crate::vehicles`] over real HTTP on
//! loopback ports.
//!
//! They answer development keys in production and everything in the sandbox, so their behaviour is public
//! (`docs/sandbox.md`): the exact records, the last two digits, the prefix `99` and the switchable faults.
//! Their credentials are well known and protect nothing.

mod faults;
mod koroad;
mod port;
mod register;
mod vehicles;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

pub use faults::{Faults, FaultsPatch, KoroadFault, VehicleFault};

use tokio::sync::Mutex;

use crate::config::{BreakerConfig, KoroadConfig, Secret, SequenceNumber, VehicleConfig};
use crate::{Charset, CipherMode, Now};
use faults::SharedFaults;
use koroad::KoroadSim;
use port::Port;
use vehicles::VehicleSim;

const CLIENT_ID: &str = "rims-simulator";
const CLIENT_SECRET: &str = "rims-simulator-secret-0123456789";
const PIN_USER: &str = "rims";
const PIN: &str = "0000";
const VEHICLE_KEY: &str = "rims-simulator-vehicles";

/// How many requests the simulators have answered or swallowed since the start or the last reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Tokens asked of KOROAD.
    pub tokens: u64,
    /// Check calls to KOROAD.
    pub checks: u64,
    /// Licences in those calls.
    pub checked_items: u64,
    /// Calls to the vehicle registry.
    pub owners: u64,
}

/// The simulated systems, each on a port of its own.
pub struct Simulators {
    faults: Arc<SharedFaults>,
    koroad: Arc<KoroadSim>,
    vehicles: Arc<VehicleSim>,
    koroad_port: Port,
    vehicle_port: Port,
    /// Held while faults change, so that ports end up as the last change says.
    changing: Mutex<()>,
}

impl Simulators {
    /// Starts them on `addr`: KOROAD on its port and the vehicle registry on the next one, or each on a
    /// free port if it is 0.
    pub async fn start(addr: SocketAddr, now: Now) -> io::Result<Self> {
        Self::start_with(addr, now, CipherMode::default(), Charset::default()).await
    }

    /// The same with a KOROAD that speaks another cipher mode or character set.
    pub async fn start_with(
        addr: SocketAddr,
        now: Now,
        cipher_mode: CipherMode,
        charset: Charset,
    ) -> io::Result<Self> {
        let faults = Arc::new(SharedFaults::default());
        let config = KoroadConfig { cipher_mode, charset, ..koroad_config(addr) };
        let koroad = Arc::new(KoroadSim::new(&config, now, Arc::clone(&faults)));
        let vehicles = Arc::new(VehicleSim::new(VEHICLE_KEY, Arc::clone(&faults)));
        Ok(Self {
            koroad_port: Port::open(addr, koroad::router(Arc::clone(&koroad))).await?,
            vehicle_port: Port::open(vehicle_addr(addr)?, vehicles::router(Arc::clone(&vehicles))).await?,
            faults,
            koroad,
            vehicles,
            changing: Mutex::default(),
        })
    }

    /// How a client reaches the simulated KOROAD.
    pub fn koroad_config(&self) -> KoroadConfig {
        let (cipher_mode, charset) = self.koroad.mode();
        KoroadConfig { cipher_mode, charset, ..koroad_config(self.koroad_port.addr()) }
    }

    /// How a client reaches the simulated vehicle registry.
    pub fn vehicle_config(&self) -> VehicleConfig {
        vehicle_config_at(self.vehicle_port.addr())
    }

    /// The faults at present.
    pub fn faults(&self) -> Faults {
        self.faults.get()
    }

    /// Sets faults for every later call; members left out keep their value. When this returns, a system
    /// that became unreachable has closed its port and its connections, and one that came back listens.
    ///
    /// Fails only if a port cannot be opened again.
    pub async fn set_faults(&self, patch: FaultsPatch) -> io::Result<()> {
        let _turn = self.changing.lock().await;
        let faults = self.faults.apply(patch);
        self.koroad_port.set_open(faults.koroad != Some(KoroadFault::Unreachable)).await?;
        self.vehicle_port.set_open(faults.vehicles != Some(VehicleFault::Unreachable)).await
    }

    /// Back to the beginning: no faults, no tokens, counters at zero.
    pub async fn reset(&self) -> io::Result<()> {
        self.koroad.reset();
        self.vehicles.reset();
        self.set_faults(FaultsPatch::none()).await
    }

    /// What has been asked so far.
    pub fn calls(&self) -> Calls {
        Calls { owners: self.vehicles.calls(), ..self.koroad.calls() }
    }

    /// Closes every port and connection.
    pub async fn stop(self) {
        self.koroad_port.close().await;
        self.vehicle_port.close().await;
    }
}

/// How a client reaches a simulated KOROAD that was started on `addr`, perhaps by another process.
pub fn koroad_config(addr: SocketAddr) -> KoroadConfig {
    KoroadConfig {
        base_url: format!("http://{addr}"),
        client_id: CLIENT_ID.into(),
        client_secret: Secret::new(CLIENT_SECRET),
        pin_user: PIN_USER.into(),
        pin: Secret::new(PIN),
        sequence_number: SequenceNumber::Item,
        // Its faults are decided call by call: a breaker would carry one over to the next.
        breaker: BreakerConfig::disabled(),
        ..KoroadConfig::default()
    }
}

/// How a client reaches a simulated vehicle registry whose simulators were started on `addr`, not port 0.
pub fn vehicle_config(addr: SocketAddr) -> io::Result<VehicleConfig> {
    Ok(vehicle_config_at(vehicle_addr(addr)?))
}

fn vehicle_config_at(addr: SocketAddr) -> VehicleConfig {
    VehicleConfig {
        base_url: format!("http://{addr}"),
        key: Secret::new(VEHICLE_KEY),
        breaker: BreakerConfig::disabled(),
        ..VehicleConfig::default()
    }
}

/// The port after KOROAD's, or any where that is any.
fn vehicle_addr(addr: SocketAddr) -> io::Result<SocketAddr> {
    let port = match addr.port() {
        0 => 0,
        port => port.checked_add(1).ok_or(io::ErrorKind::AddrNotAvailable)?,
    };
    Ok(SocketAddr::new(addr.ip(), port))
}
