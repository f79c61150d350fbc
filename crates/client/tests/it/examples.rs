//! Every program of `examples/` runs, and says what it should.

use std::path::PathBuf;
use std::process::Command;

use rims_domain::Environment;
use rims_server::sandbox::fixtures::FIXTURES;
use rims_server::sandbox::{Sandbox, SandboxOptions};

/// Examples are built beside the tests.
fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join("examples").join(name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_run_against_a_sandbox() {
    let sandbox = Sandbox::start(&SandboxOptions::on_free_ports()).await.unwrap();
    for (name, arguments, expected) in [
        ("user", &["s01", "1234567890"][..], "registered: true, usable: true"),
        ("verify", &[], "cmm: 00 정상"),
        ("batch", &[], "eligible: 2500, others: 0"),
        ("rental", &[], "confirmed: true\nrentals in seven days: 1\nreserved: true"),
        ("remote", &[], "not finished yet"),
        ("history", &[], "Some(\"R"),
        ("without_async", &[], "00 정상"),
    ] {
        let output = Command::new(program(name))
            .args(arguments)
            .env("RIMS_URL", format!("http://{}", sandbox.api_address()))
            .env("RIMS_AUTH_KEY", FIXTURES[0].auth_key(Environment::Operations))
            .env("RIMS_SECRET_KEY", FIXTURES[0].secret_key(Environment::Operations))
            .output()
            .unwrap();
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && stdout.contains(expected), "{name}: {stdout}{stderr}");
    }
    sandbox.stop().await;
}
