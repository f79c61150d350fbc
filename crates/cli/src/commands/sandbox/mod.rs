//! `rims sandbox`: the whole system on this machine, and what is done with a running one.

mod control;
pub(crate) mod listen;
mod workshop;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rims_domain::Environment;
use rims_server::sandbox::fixtures::{self, FIXTURES};
use rims_server::sandbox::{Sandbox, SandboxOptions};

pub(crate) use workshop::trigger;

use super::{StopSignals, not_started, runtime};
use crate::args::{self, SandboxCommand};
use crate::output::{Failure, print, table};

pub(crate) fn run(arguments: args::Sandbox) -> Result<(), Failure> {
    match &arguments.command {
        None => serve_one(arguments),
        Some(SandboxCommand::Credentials { json }) => credentials(*json),
        Some(SandboxCommand::Clock(clock)) => workshop::clock(clock),
        Some(SandboxCommand::Faults(faults)) => workshop::faults(faults),
        Some(SandboxCommand::Complete(complete)) => workshop::complete(complete),
        Some(SandboxCommand::Reset(control)) => workshop::reset(control),
        Some(SandboxCommand::Log(log)) => workshop::log(log),
    }
}

fn serve_one(arguments: args::Sandbox) -> Result<(), Failure> {
    rims_server::logging::install(None);
    rims_server::memory::keep_private();
    let options = SandboxOptions {
        api: arguments.api,
        web: arguments.web,
        ops: arguments.ops,
        allow_public_control: arguments.allow_public_control,
        data: arguments.data,
        database_url: arguments.database_url,
    };
    runtime()?.block_on(serve(&options))
}

async fn serve(options: &SandboxOptions) -> Result<(), Failure> {
    let stop = StopSignals::catch()?;
    let sandbox = Sandbox::start(options).await.map_err(not_started)?;
    print(&greeting(&sandbox))?;
    stop.wait().await;
    sandbox.stop().await;
    Ok(())
}

fn credentials(json: bool) -> Result<(), Failure> {
    if json {
        let text = serde_json::to_string_pretty(&fixtures::credentials()).map_err(Failure::failed)?;
        return print(&format!("{text}\n"));
    }
    let mut rows = vec![
        vec!["user_id", "environment", "auth_key", "secret_key"].into_iter().map(String::from).collect(),
    ];
    for fixture in &FIXTURES {
        for environment in Environment::ALL {
            rows.push(vec![
                fixture.user_id.to_owned(),
                environment.name().to_owned(),
                fixture.auth_key(*environment),
                fixture.secret_key(*environment),
            ]);
        }
    }
    print(&table(&rows))
}

fn greeting(sandbox: &Sandbox) -> String {
    let mut rows =
        vec![["user_id", "brno", "company", "kind", "approval", "status"].map(String::from).to_vec()];
    rows.extend(FIXTURES.iter().map(|fixture| {
        vec![
            fixture.user_id.to_owned(),
            fixture.brno.to_owned(),
            fixture.company.to_owned(),
            fixture.kind.name().to_owned(),
            format!("{} {}", fixture.approval.code(), fixture.approval.english()),
            format!("{} {}", fixture.status.code(), fixture.status.english()),
        ]
    }));
    format!(
        "RIMS sandbox\n\n{}\n{}\nKeys of every account: rims sandbox credentials --json\n\n{}\nready\n",
        table(&[
            vec!["api".into(), format!("http://{}", sandbox.api_address())],
            vec!["web".into(), format!("http://{}", sandbox.web_address())],
            vec!["ops".into(), format!("http://{}", sandbox.ops_address())],
        ]),
        table(&rows),
        example(sandbox),
    )
}

/// A verification that can be pasted: its body is sealed already.
fn example(sandbox: &Sandbox) -> String {
    let (api, body) = (sandbox.api_address(), Sandbox::example_body());
    let basic = STANDARD.encode(fixtures::auth_key(Sandbox::EXAMPLE, Environment::Development));
    format!(
        "Try it (copy both lines):\n\
         TOKEN=$(curl -si -H 'Authorization: Basic {basic}' 'http://{api}/col/oauth2?grantType=password' \
         | tr -d '\\r' | sed -n 's/^Authorization: //p')\n\
         curl -s -H \"Authorization: $TOKEN\" -H 'Content-Type: application/json' -d '{body}' \
         http://{api}/sub/licenseVerification\n"
    )
}
