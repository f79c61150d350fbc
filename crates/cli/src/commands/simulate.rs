use rims_server::clock::Clock;
use rims_server::simulated;

use super::{runtime, stop_signal};
use crate::args;
use crate::output::{Failure, print};

pub(crate) fn run(arguments: &args::Simulate) -> Result<(), Failure> {
    runtime()?.block_on(async {
        let simulators =
            simulated::start(arguments.listen, &Clock::system()).await.map_err(Failure::failed)?;
        print(&format!("{}# ready\n", simulated::settings(&simulators)))?;
        stop_signal().await?;
        simulators.stop().await;
        Ok(())
    })
}
