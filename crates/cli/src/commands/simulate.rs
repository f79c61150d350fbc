use rims_server::clock::Clock;
use rims_server::simulated;

use super::{StopSignals, runtime};
use crate::args;
use crate::output::{Failure, print};

pub(crate) fn run(arguments: &args::Simulate) -> Result<(), Failure> {
    runtime()?.block_on(async {
        let stop = StopSignals::catch()?;
        let simulators =
            simulated::start(arguments.listen, &Clock::system()).await.map_err(Failure::failed)?;
        print(&format!("{}# ready\n", simulated::settings(&simulators)))?;
        stop.wait().await;
        simulators.stop().await;
        Ok(())
    })
}
