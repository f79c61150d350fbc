use super::runtime;
use crate::args;
use crate::connection::{Target, failure};
use crate::output::{Failure, print};

pub(crate) fn run(arguments: &args::Token) -> Result<(), Failure> {
    let client = Target::for_token(&arguments.connection)?.client(1)?;
    let token = runtime()?.block_on(client.token()).map_err(|error| failure(&error))?;
    print(&format!("{}\n", *token))
}
