//! What an integrator does with a running sandbox.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::harness::{Serving, rims, run};

struct Workshop {
    sandbox: Serving,
    ops: String,
    profiles: tempfile::TempDir,
}

impl Workshop {
    fn start() -> Self {
        let sandbox = Serving::sandbox(None);
        let ops = sandbox.address("ops");
        Self { sandbox, ops, profiles: tempfile::tempdir().unwrap() }
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = rims(arguments);
        command.env("RIMS_SANDBOX_OPS", &self.ops).env("XDG_CONFIG_HOME", self.profiles.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        run(self.command(arguments), "")
    }

    fn done(&self, arguments: &[&str]) -> String {
        let (code, stdout, stderr) = self.run(arguments);
        assert_eq!(code, 0, "{arguments:?}: {stderr}");
        stdout
    }

    fn login(&self, more: &[&str]) {
        let api = self.sandbox.address("api");
        self.done(&[&["login", "--url", &api, "--sandbox"], more].concat());
    }
}

#[test]
fn login_with_a_sandboxs_keys_needs_none_of_them() {
    let workshop = Workshop::start();
    workshop.login(&[]);
    let verify = [
        "verify",
        "--licence",
        "221212121212",
        "--name",
        "홍길동",
        "--class",
        "12",
        "--vehicle",
        "67라6767",
        "--output",
        "json",
    ];
    let answer: Value = serde_json::from_str(&workshop.done(&verify)).unwrap();
    assert_eq!(answer["status"], "00", "{answer}");
    let (code, _, stderr) = workshop.run(&["login", "--sandbox", "nobody"]);
    assert!(code == 2 && stderr.contains("s01, s02, platform"), "{stderr}");
    let (code, _, stderr) = workshop.run(&["login", "--operations"]);
    assert!(code == 2 && stderr.contains("--sandbox"), "{stderr}");
}

#[test]
fn a_remote_verification_is_finished_in_the_place_of_the_driver() {
    let workshop = Workshop::start();
    workshop.login(&["s01", "--operations"]);
    let number = workshop.done(&[
        "number",
        "--vehicle",
        "67라6767",
        "--from",
        "today",
        "--to",
        "+2",
        "--output",
        "json",
    ]);
    let number: Value = serde_json::from_str(&number).unwrap();
    let number = number["number"].as_str().unwrap();
    assert!(workshop.done(&["sandbox", "complete", number]).contains(&format!("rims result {number}")));
    let result: Value =
        serde_json::from_str(&workshop.done(&["result", number, "--output", "json"])).unwrap();
    assert_eq!(result["status"], "00", "{result}");
    let (code, _, stderr) = workshop.run(&["sandbox", "complete", "R26-999999999"]);
    assert!(code == 2 && stderr.contains("R26-999999999"), "{stderr}");
}

#[test]
fn the_clock_moves_and_a_reset_moves_it_back() {
    let workshop = Workshop::start();
    let day = |printed: String| printed[..10].to_owned();
    let before = day(workshop.done(&["sandbox", "clock"]));
    for to in ["+1d", "P1D", "24h"] {
        workshop.done(&["sandbox", "clock", to]);
    }
    let moved = day(workshop.done(&["sandbox", "clock"]));
    let [before_day, moved_day] = [&before, &moved].map(|day| day.parse::<jiff::civil::Date>().unwrap());
    assert_eq!(before_day.until(moved_day).unwrap().get_days(), 3);
    let (code, _, stderr) = workshop.run(&["sandbox", "clock", "2020-01-01T00:00:00Z"]);
    assert!(code == 2 && !stderr.is_empty(), "{stderr}");
    let (code, _, stderr) = workshop.run(&["sandbox", "clock", "soon"]);
    assert!(code == 2 && stderr.contains("+1d"), "{stderr}");
    workshop.done(&["sandbox", "reset"]);
    assert_eq!(day(workshop.done(&["sandbox", "clock"])), before);
}

#[test]
fn faults_are_set_one_by_one_and_shown() {
    let workshop = Workshop::start();
    let shown = |arguments: &[&str]| -> Value {
        serde_json::from_str(&workshop.done(&[&["sandbox", "faults"], arguments].concat())).unwrap()
    };
    assert_eq!(shown(&["--koroad", "unreachable", "--latency-ms", "5"])["koroad"], "unreachable");
    let faults = shown(&["--koroad", "98", "--vehicles", "unreachable"]);
    assert_eq!((&faults["koroad"]["f_rtn_cd"], &faults["latency_ms"]), (&"98".into(), &5.into()));
    let faults = shown(&["--koroad", "up", "--vehicles", "up", "--latency-ms", "0"]);
    assert_eq!((&faults["koroad"], &faults["vehicles"]), (&Value::Null, &Value::Null));
    assert_eq!(shown(&[]), faults);
    let (code, _, stderr) = workshop.run(&["sandbox", "faults", "--koroad", "sleepy"]);
    assert!(code == 2 && stderr.contains("table 5.3"), "{stderr}");
}

#[test]
fn the_log_shows_what_was_sent_and_answered() {
    let workshop = Workshop::start();
    workshop.login(&[]);
    workshop.done(&[
        "verify",
        "--licence",
        "221212121212",
        "--name",
        "홍길동",
        "--class",
        "12",
        "--vehicle",
        "67라6767",
    ]);
    let log = workshop.done(&["sandbox", "log"]);
    assert!(log.contains("POST /licenseVerification s01 development"), "{log}");
    assert!(
        log.contains("\"f_license_no\": \"221212121212\"") && log.contains("\"f_rtn_code\": \"00\""),
        "{log}"
    );
    let lines = workshop.done(&["sandbox", "log", "--output", "json"]);
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(last["path"], "/licenseVerification");
    let mut follow = workshop.command(&["sandbox", "log", "--follow"]);
    let mut following = Following::start(&mut follow);
    following.until("POST /licenseVerification s01 development");
    workshop.done(&[
        "verify",
        "--licence",
        "111111111101",
        "--name",
        "이정지",
        "--class",
        "12",
        "--vehicle",
        "67라6767",
    ]);
    following.until("111111111101");
    following.stop();
}

#[test]
fn webhooks_are_received_shown_and_taken_away_again() {
    let workshop = Workshop::start();
    let mut listen = workshop.command(&["listen", "--events", "rental.confirmed,rental.cancelled"]);
    let mut listening = Following::start(&mut listen);
    listening.until("whsec_");
    workshop.done(&["trigger", "reservation.changed"]);
    workshop.done(&["trigger", "rental.confirmed"]);
    let line = listening.until("rental.");
    assert!(line.contains("rental.confirmed msg_"), "{line}");
    assert!(listening.until("rent_no").contains("s01"));
    listening.stop();
    let client = reqwest::blocking::Client::new();
    let left = client.get(format!("{}/sandbox/webhooks", workshop.ops)).send().unwrap().text().unwrap();
    assert_eq!(left, "[]");
}

#[test]
fn a_sandbox_that_does_not_answer_is_named() {
    let mut command = rims(&["trigger", "rental.confirmed", "--ops-url", "http://127.0.0.1:9"]);
    command.env_remove("RIMS_SANDBOX_OPS");
    let (code, _, stderr) = run(command, "");
    assert!(
        code == 1 && stderr.contains("http://127.0.0.1:9") && stderr.contains("rims sandbox"),
        "{stderr}"
    );
}

/// A command that goes on until Ctrl-C.
struct Following {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Following {
    fn start(command: &mut std::process::Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Waits for a line with a text.
    fn until(&mut self, text: &str) -> String {
        self.lines.by_ref().map(Result::unwrap).find(|line| line.contains(text)).unwrap()
    }

    fn stop(mut self) {
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGINT).unwrap();
        self.child.wait().unwrap();
    }
}
