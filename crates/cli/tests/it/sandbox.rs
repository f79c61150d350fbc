use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::harness::{Serving, done, rims, run, s01, sealed_driver, token, verify};

#[test]
fn the_printed_example_works_when_pasted_and_also_tomorrow() {
    let sandbox = Serving::sandbox(None);
    let example: Vec<&str> = sandbox
        .greeting
        .lines()
        .skip_while(|line| !line.starts_with("TOKEN="))
        .take_while(|line| !line.is_empty())
        .collect();
    for day in ["today", "tomorrow"] {
        let pasted = Command::new("sh").args(["-c", &example.join("\n")]).output().unwrap();
        let answer: Value = serde_json::from_slice(&pasted.stdout).unwrap();
        assert_eq!(answer["body"]["f_rtn_code"], "00", "{day}: {answer}");
        done(&["sandbox", "clock", "+1d", "--ops-url", &sandbox.address("ops")]);
    }
}

#[test]
fn ready_is_the_last_line_and_every_listener_answers() {
    let sandbox = Serving::sandbox(None);
    assert!(sandbox.greeting.ends_with("\nready\n"));
    assert!(sandbox.greeting.contains("(주)테스트렌트카"));
    let http = reqwest::blocking::Client::new();
    for (name, path) in [("api", "/"), ("web", "/"), ("ops", "/readyz")] {
        let response = http.get(format!("{}{path}", sandbox.address(name))).send().unwrap();
        assert_eq!(response.status(), 200, "{name}");
    }
}

#[test]
fn both_signals_drain_and_exit_0() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let sandbox = Serving::sandbox(None);
        sandbox.signal(signal);
        let (code, stderr) = sandbox.end();
        assert_eq!(code, 0, "{signal}: {stderr}");
    }
}

#[test]
fn data_is_kept_where_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    // Characters that mean something in a database's URL.
    let data = folder.path().join("we?rd %41#");
    let first = Serving::sandbox(Some(&data));
    let (auth_key, secret_key) = s01();
    let kept = token(&first.address("api"), &auth_key);
    first.signal(Signal::SIGTERM);
    assert_eq!(first.end().0, 0);
    assert!(data.join("rims.db").is_file());
    let second = Serving::sandbox(Some(&data));
    let http = reqwest::blocking::Client::new();
    let body = sealed_driver(&secret_key, "221212121212");
    let answer = verify(&http, &second.address("api"), &kept, body).unwrap();
    assert_eq!(answer["body"]["f_rtn_code"], "00");
}

#[test]
fn a_taken_port_and_a_second_sandbox_on_the_data_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Serving::sandbox(Some(folder.path()));
    let api = sandbox.address("api");
    let taken = api.trim_start_matches("http://");
    let any = "127.0.0.1:0";
    let temporary = tempfile::tempdir().unwrap();
    let mut third = rims(&["sandbox", "--api", taken, "--web", any, "--ops", any]);
    third.env("TMPDIR", temporary.path());
    let (code, _, stderr) = run(third, "");
    assert!(code == 1 && stderr.contains(taken), "{stderr}");
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "nothing is left behind");
    let data = folder.path().to_str().unwrap();
    let second = ["sandbox", "--api", any, "--web", any, "--ops", any, "--data", data];
    let (code, _, stderr) = run(rims(&second), "");
    assert!(code == 1 && stderr.contains("rims.db"), "{stderr}");
}

#[test]
fn a_control_plane_that_others_reach_needs_an_option() {
    let any = "127.0.0.1:0";
    let public = ["sandbox", "--api", any, "--web", any, "--ops", "0.0.0.0:0"];
    let (code, _, stderr) = run(rims(&public), "");
    assert!(code == 2 && stderr.contains("--allow-public-control"), "{stderr}");
}

#[test]
fn credentials_need_no_server() {
    let table = done(&["sandbox", "credentials"]);
    let json: Value = serde_json::from_str(&done(&["sandbox", "credentials", "--json"])).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 14);
    for entry in json.as_array().unwrap() {
        for environment in ["development", "operations"] {
            let key = entry[environment]["secret_key"].as_str().unwrap();
            assert_eq!(key.len(), 32);
            assert!(table.contains(key));
        }
    }
}

#[test]
fn logs_are_json_and_hold_no_personal_data() {
    let sandbox = Serving::sandbox(None);
    let (auth_key, secret_key) = s01();
    let api = sandbox.address("api");
    let held = token(&api, &auth_key);
    let http = reqwest::blocking::Client::new();
    for number in ["221212121212", "999112121200", "999012121200", "999812121200"] {
        verify(&http, &api, &held, sealed_driver(&secret_key, number)).unwrap();
    }
    sandbox.signal(Signal::SIGTERM);
    let (_, stderr) = sandbox.end();
    assert!(stderr.contains("request failed"), "{stderr}");
    for line in stderr.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        assert!(entry["level"].is_string());
    }
    for secret in ["221212121212", "9991", "9990", "홍길동", &held, &auth_key, &secret_key] {
        assert!(!stderr.contains(secret), "{secret}");
    }
}

#[test]
fn metrics_count_outcomes_upstreams_and_commits() {
    let sandbox = Serving::sandbox(None);
    let (auth_key, secret_key) = s01();
    let api = sandbox.address("api");
    let token = token(&api, &auth_key);
    let http = reqwest::blocking::Client::new();
    // One that is answered, one that is malformed, one with a number that stands for an unusable answer.
    for licence in ["221212121212", "22121212121", "999112121200"] {
        verify(&http, &api, &token, sealed_driver(&secret_key, licence)).unwrap();
    }
    let text = http.get(format!("{}/metrics", sandbox.address("ops"))).send().unwrap().text().unwrap();
    for expected in [
        r#"rims_requests_total{path="/licenseVerification",environment="operations",outcome="answered"} 1"#,
        r#"rims_requests_total{path="/licenseVerification",environment="operations",outcome="-160"} 1"#,
        r#"rims_requests_total{path="/licenseVerification",environment="operations",outcome="-210"} 1"#,
        r#"rims_requests_total{path="/col/oauth2",environment="operations",outcome="answered"} 1"#,
        r#"rims_request_seconds_count{path="/licenseVerification",environment="operations"} 3"#,
        "rims_upstream_",
        "rims_commit_group_rows",
        "rims_commit_queue_depth",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
}
