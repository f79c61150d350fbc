use rims_server::config::Config;
use rims_server::traces::Traces;
use rims_server::{Server, logging, memory, open_files};

use super::{StopSignals, not_started, runtime};
use crate::args;
use crate::output::{Failure, print};

pub(crate) fn run(arguments: &args::Serve) -> Result<(), Failure> {
    let config = Config::load(&arguments.config.path).map_err(Failure::input)?;
    let traces = Traces::start(&config.traces).map_err(Failure::input)?;
    logging::install(traces.as_ref());
    open_files::raise_limit();
    memory::keep_private();
    let served = runtime()?.block_on(serve(&config));
    if let Some(traces) = traces {
        traces.stop();
    }
    served
}

async fn serve(config: &Config) -> Result<(), Failure> {
    let stop = StopSignals::catch()?;
    let server = Server::start(config).await.map_err(not_started)?;
    print(&format!("api {}\nops {}\nready\n", server.api_address(), server.ops_address()))?;
    stop.wait().await;
    server.stop().await;
    Ok(())
}
