pub(crate) mod admin;
pub(crate) mod codes;
pub(crate) mod migrate;
pub(crate) mod sandbox;
pub(crate) mod seal;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod token;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::output::Failure;

/// A runtime on every core.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)
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
