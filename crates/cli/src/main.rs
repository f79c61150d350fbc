//! `rims`: the whole driver qualification verification system in one binary. The commands parse their input,
//! call the libraries, and print; they decide nothing.

mod args;
mod commands;
mod output;
mod secrets;

use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;

use args::{Args, Command};
use output::Failure;

/// Requests are read, committed and answered by different threads, which the system's allocator is slow at
/// (docs/performance.md).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    match run(args.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Sandbox(sandbox) => commands::sandbox::run(sandbox),
        Command::Serve(serve) => commands::serve::run(&serve),
        Command::Migrate(migrate) => commands::migrate::run(&migrate),
        Command::Simulate(simulate) => commands::simulate::run(&simulate),
        Command::Admin(admin) => commands::admin::run(admin),
        Command::Link(link) => commands::link::run(&link),
        Command::Token(token) => commands::token::run(&token),
        Command::Seal(seal) => commands::seal::seal(&seal),
        Command::Open(open) => commands::seal::open(&open),
        Command::Codes(codes) => commands::codes::run(&codes),
    }
}

/// Help and version go to standard output; wrong input is one line on standard error and exit code 2.
fn usage(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => error.exit(),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Failure::Input("a command is missing (see --help)".to_owned()).report()
        }
        _ => {
            let text = error.render().to_string();
            let message: Vec<&str> =
                text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
            Failure::Input(format!("{} (see --help)", message.join(" ").trim_start_matches("error: ")))
                .report()
        }
    }
}
