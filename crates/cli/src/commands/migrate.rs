use rims_server::StartError;
use rims_server::clock::Clock;
use rims_server::config::Config;
use rims_store::{RoleError, Schema};

use super::admin::attach;
use super::runtime;
use crate::args;
use crate::output::{Failure, print};

pub(crate) fn run(arguments: &args::Migrate) -> Result<(), Failure> {
    let config = Config::load(&arguments.config.path).map_err(Failure::input)?;
    runtime()?.block_on(async {
        let store = attach(&config).await?;
        if arguments.check {
            let schema = store.schema().await.map_err(Failure::failed);
            store.close().await;
            return check(schema?);
        }
        let report = store.migrate().await.map_err(Failure::failed)?;
        store.make_partitions(Clock::system().now()).await.map_err(Failure::failed)?;
        let granted = match &arguments.app_role {
            Some(role) => store.grant_to_application(role).await.map_err(not_granted),
            None => Ok(()),
        };
        store.close().await;
        granted?;
        print(&match report.applied.len() {
            0 => format!("nothing to do: the schema is at version {}\n", report.version),
            count => format!("applied {count} migrations: the schema is at version {}\n", report.version),
        })?;
        match &arguments.app_role {
            Some(role) => {
                print(&format!("{role} may serve: it can add to the audit trail, and not change it\n"))
            }
            None => Ok(()),
        }
    })
}

fn not_granted(error: RoleError) -> Failure {
    match error {
        RoleError::NoRoles | RoleError::NoSuchRole(_) => Failure::input(error),
        RoleError::Store(_) => Failure::failed(error),
    }
}

/// What `rims serve` would say of the schema, without starting.
fn check(schema: Schema) -> Result<(), Failure> {
    match schema {
        Schema::Current { version } => {
            print(&format!("the schema is at version {version}, as this version of RIMS expects\n"))
        }
        Schema::Next { version } => print(&format!(
            "the schema is at version {version}, the next one: this version of RIMS goes on with it\n"
        )),
        Schema::Missing => Err(Failure::Failed("there is no schema: run `rims migrate`".to_owned())),
        Schema::Behind { applied, expected } => Err(Failure::Failed(format!(
            "the schema is at version {applied}, and this version of RIMS expects {expected}: run `rims migrate`"
        ))),
        Schema::Unknown { version } => Err(Failure::failed(StartError::SchemaUnknown(version))),
    }
}
