use rims_server::clock::Clock;
use rims_server::config::Config;

use super::admin::attach;
use super::runtime;
use crate::args;
use crate::output::{Failure, print};

pub(crate) fn run(arguments: &args::Migrate) -> Result<(), Failure> {
    let config = Config::load(&arguments.config.path).map_err(Failure::input)?;
    runtime()?.block_on(async {
        let store = attach(&config).await?;
        let report = store.migrate().await.map_err(Failure::failed)?;
        store.make_partitions(Clock::system().now()).await.map_err(Failure::failed)?;
        store.close().await;
        print(&match report.applied.len() {
            0 => format!("nothing to do: the schema is at version {}\n", report.version),
            count => format!("applied {count} migrations: the schema is at version {}\n", report.version),
        })
    })
}
