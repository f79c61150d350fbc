//! Every command that asks a RIMS: nobody there, wrong keys, a server that breaks off.

use std::io::Read as _;
use std::net::TcpListener;

use super::{Company, DRIVER};
use crate::harness::run;

/// Whether a command seals a body, so that the Secret Key counts.
#[derive(Clone, Copy, PartialEq)]
enum Sends {
    Sealed,
    Plain,
}

fn commands() -> Vec<(Vec<&'static str>, Sends)> {
    let driver = |command: &[&'static str]| [command, &DRIVER[..]].concat();
    vec![
        (driver(&["verify"]), Sends::Sealed),
        (driver(&["rental", "confirm"]), Sends::Sealed),
        (driver(&["schedule", "--every", "weekly"]), Sends::Sealed),
        (vec!["batch", "drivers.csv", "--retries", "0", "--restart"], Sends::Sealed),
        (vec!["number", "--sector", "sub"], Sends::Sealed),
        (vec!["result", "R25-000000843"], Sends::Sealed),
        (vec!["result", "R25-000000843", "--wait"], Sends::Sealed),
        (vec!["history"], Sends::Sealed),
        (vec!["history", "--schedules"], Sends::Sealed),
        (vec!["anomaly", "221212121212"], Sends::Sealed),
        (vec!["user", "s01", "1234567890"], Sends::Plain),
        (vec!["token"], Sends::Plain),
        (vec!["doctor"], Sends::Sealed),
    ]
}

/// It ends with 1 and one line that says why and what to do, and shows no key.
fn fails(company: &Company, arguments: &[&str], (variable, value): (&str, &str), hint: &str) {
    let mut command = company.command(arguments);
    command.env(variable, value);
    let (code, _, stderr) = run(command, "");
    let line = stderr.lines().last().unwrap_or_default();
    assert_eq!(code, 1, "{arguments:?}: {stderr}");
    assert!(line.starts_with("error: ") && line.contains(hint), "{arguments:?}: {stderr}");
    assert!(!stderr.contains(&company.keys.0) && !stderr.contains(&company.keys.1), "{arguments:?}");
    assert!(!stderr.contains("221212121212") && !stderr.contains("홍길동"), "{arguments:?}");
}

#[test]
fn every_command_tells_what_is_wrong() {
    let company = Company::start();
    std::fs::write(
        company.path("drivers.csv"),
        "이름,면허번호,종별,차량번호\n홍길동,221212121212,12,67라6767\n",
    )
    .unwrap();
    for (arguments, sends) in commands() {
        fails(&company, &arguments, ("RIMS_URL", "http://127.0.0.1:9"), "refused");
        fails(&company, &arguments, ("RIMS_AUTH_KEY", "wrong"), "-140");
        if sends == Sends::Sealed {
            fails(&company, &arguments, ("RIMS_SECRET_KEY", "wrong"), "-190");
        }
    }
}

#[test]
fn a_server_that_breaks_off_is_told() {
    let company = Company::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // A request was taken, and its answer never comes.
            _ = stream.read(&mut [0; 16]);
        }
    });
    let verify = [&["verify"][..], &DRIVER].concat();
    fails(&company, &verify, ("RIMS_URL", &url), "connection broke");
}
