pub(crate) mod admin;
pub(crate) mod anomaly;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod codes;
pub(crate) mod doctor;
pub(crate) mod history;
pub(crate) mod link;
pub(crate) mod login;
pub(crate) mod migrate;
pub(crate) mod number;
pub(crate) mod result;
pub(crate) mod sandbox;
pub(crate) mod seal;
pub(crate) mod serve;
pub(crate) mod shell;
pub(crate) mod simulate;
pub(crate) mod token;
pub(crate) mod user;
pub(crate) mod verify;
pub(crate) mod why;

use rims_server::{ListenError, StartError};
use rims_store::OpenError;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::output::Failure;

/// A runtime on every core.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)
}

/// A server did not start: because of its settings, or of what it met.
fn not_started(error: StartError) -> Failure {
    match error {
        StartError::Database(error) => not_opened(error),
        StartError::Upstream(_) | StartError::PublicControl(_) | StartError::Listen(ListenError::Tls(..)) => {
            Failure::input(error)
        }
        _ => Failure::failed(error),
    }
}

/// A database was not opened: because of its settings, or of what was met.
fn not_opened(error: OpenError) -> Failure {
    match error {
        OpenError::Url(_) | OpenError::Node => Failure::input(error),
        _ => Failure::failed(error),
    }
}

/// SIGINT and SIGTERM, caught from when this is made: before `ready` is printed, so that whoever waits for that
/// line may stop the process at once.
struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    fn catch() -> Result<Self, Failure> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(Failure::failed)?,
            terminate: signal(SignalKind::terminate()).map_err(Failure::failed)?,
        })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
