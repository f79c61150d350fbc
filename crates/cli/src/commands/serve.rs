use rims_server::Server;
use rims_server::config::Config;

use super::{StopSignals, not_started, runtime};
use crate::args;
use crate::output::{Failure, print};

pub(crate) fn run(arguments: &args::Serve) -> Result<(), Failure> {
    let config = Config::load(&arguments.config.path).map_err(Failure::input)?;
    rims_server::logging::install();
    rims_server::open_files::raise_limit();
    runtime()?.block_on(serve(&config))
}

async fn serve(config: &Config) -> Result<(), Failure> {
    let stop = StopSignals::catch()?;
    let server = Server::start(config).await.map_err(not_started)?;
    print(&format!("api {}\nops {}\nready\n", server.api_address(), server.ops_address()))?;
    stop.wait().await;
    server.stop().await;
    Ok(())
}
