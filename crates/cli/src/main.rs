//! `rims`: the whole driver qualification verification system in one binary. The commands parse their input,
//! call the libraries, and print; they decide nothing.

mod args;
mod batch;
mod commands;
mod connection;
mod driver;
mod formula;
mod language;
mod mistakes;
mod operator;
mod output;
mod profile;
mod record;
mod secrets;

use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;

use args::{Args, Command};
use output::{Failure, Outcome};

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
        Ok(outcome) => outcome.into(),
        Err(failure) => failure.report(),
    }
}

fn run(command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::Login(login) => commands::login::run(&login),
        Command::Verify(verify) => commands::verify::verify(&verify),
        Command::Batch(batch) => batch::run(&batch),
        Command::Rental(rental) => commands::verify::rental(&rental),
        Command::Schedule(schedule) => commands::verify::schedule(&schedule),
        Command::Number(number) => commands::number::run(&number),
        Command::Result(result) => commands::result::run(&result),
        Command::History(history) => commands::history::run(&history),
        Command::User(user) => commands::user::run(&user),
        Command::Anomaly(anomaly) => commands::anomaly::run(&anomaly),
        Command::Why(why) => commands::why::run(&why),
        Command::Doctor(doctor) => commands::doctor::run(&doctor),
        Command::Link(link) => commands::link::run(&link).map(done),
        Command::Codes(codes) => commands::codes::run(&codes).map(done),
        Command::Token(token) => commands::token::run(&token).map(done),
        Command::Seal(seal) => commands::seal::seal(&seal).map(done),
        Command::Open(open) => commands::seal::open(&open).map(done),
        Command::Sandbox(sandbox) => commands::sandbox::run(*sandbox).map(done),
        Command::Listen(listen) => commands::sandbox::listen::run(&listen).map(done),
        Command::Trigger(trigger) => commands::sandbox::trigger(&trigger).map(done),
        Command::Serve(serve) => commands::serve::run(&serve).map(done),
        Command::Migrate(migrate) => commands::migrate::run(&migrate).map(done),
        Command::Backup(backup) => commands::backup::backup(&backup).map(done),
        Command::Restore(restore) => commands::backup::restored(&restore).map(done),
        Command::Audit(audit) => commands::audit::run(&audit).map(done),
        Command::Simulate(simulate) => commands::simulate::run(&simulate).map(done),
        Command::Admin(admin) => commands::admin::run(admin).map(done),
        Command::Completions(shell) => commands::shell::completions(&shell).map(done),
        Command::Man(man) => commands::shell::man(&man).map(done),
    }
}

fn done((): ()) -> Outcome {
    Outcome::Done
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
