//! `doctor`: what is well, and which part is not.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::Company;
use crate::harness::run;

#[test]
fn everything_is_well() {
    let company = Company::start();
    let checks = company.json(0, &["doctor"]);
    let names: Vec<&str> =
        checks.as_array().unwrap().iter().map(|check| check["check"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "address",
            "name (DNS)",
            "connection (TCP)",
            "HTTP and TLS",
            "clock",
            "Secret Key length",
            "auth key and token",
            "envelope and a dry call"
        ]
    );
    assert!(checks.as_array().unwrap().iter().all(|check| check["state"] == "ok"), "{checks}");
    let (history, _) = company.ends(0, &["history", "--csv"]);
    assert_eq!(history.lines().count(), 1, "nothing was recorded");
}

#[test]
fn the_part_that_fails_is_named() {
    let company = Company::start();
    let web = company.sandbox.address("web");
    for (variable, value, part, hint) in [
        ("RIMS_URL", "http://no-such-host.invalid", "name (DNS)", "DNS"),
        ("RIMS_URL", "http://127.0.0.1:9", "connection (TCP)", "firewall"),
        ("RIMS_URL", web.as_str(), "HTTP and TLS", "not a RIMS API"),
        ("RIMS_AUTH_KEY", "wrong", "auth key and token", "-140"),
        ("RIMS_SECRET_KEY", "wrong", "envelope and a dry call", "-190"),
    ] {
        let mut command = company.command(&["doctor", "--allow-http"]);
        command.env(variable, value);
        let (code, stdout, stderr) = run(command, "");
        assert_eq!(code, 1, "{value}: {stdout}");
        let last = stdout.lines().last().unwrap();
        assert!(
            last.starts_with(part) && last.contains("failed") && last.contains(hint),
            "{value}: {stdout}"
        );
        assert!(stderr.contains(part), "{stderr}");
    }
    let mut https = company.command(&["doctor"]);
    https.env("RIMS_URL", company.sandbox.address("api").replace("http:", "https:"));
    let (code, stdout, _) = run(https, "");
    assert!(code == 1 && stdout.lines().last().unwrap().starts_with("HTTP and TLS"), "{stdout}");
}

#[test]
fn an_unusual_key_is_a_warning() {
    let company = Company::start();
    let mut command = company.command(&["doctor", "--output", "json"]);
    command.env("RIMS_SECRET_KEY", format!("{}and more", company.keys.1));
    let (code, stdout, stderr) = run(command, "");
    assert_eq!(code, 0, "what follows after 32 bytes does not count: {stderr}");
    let checks: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&checks[5]["check"], &checks[5]["state"]), (&"Secret Key length".into(), &"warning".into()));
    assert!(!stdout.contains(&company.keys.1));
}

#[test]
fn a_wrong_clock_is_a_warning() {
    let company = Company::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // A RIMS of last year, which knows no key.
    let body = r#"{"respCode":-140,"errorMsg":"클라이언트 인증에 실패했습니다."}"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ndate: Thu, 23 Oct 2025 03:00:00 GMT\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            if stream.read(&mut request).unwrap() > 0 {
                stream.write_all(answer.as_bytes()).unwrap();
            }
        }
    });
    let mut command = company.command(&["doctor"]);
    command.env("RIMS_URL", url);
    let (code, stdout, _) = run(command, "");
    let line = stdout.lines().find(|line| line.starts_with("clock")).unwrap();
    assert!(line.contains("warning") && line.contains("set this machine's clock"), "{stdout}");
    assert!(code == 1 && stdout.contains("-140"), "{stdout}");
}

#[test]
fn behind_a_proxy_it_is_the_proxy_that_connects() {
    let company = Company::start();
    let mut command = company.command(&["doctor", "--allow-http"]);
    command.env("RIMS_URL", "http://no-such-host.invalid").env("HTTP_PROXY", company.sandbox.address("api"));
    let (_, stdout, _) = run(command, "");
    assert!(stdout.contains("the proxy of HTTP_PROXY") && !stdout.contains("name (DNS)"), "{stdout}");
}

#[test]
fn a_key_is_sent_in_the_clear_only_where_that_is_allowed() {
    let company = Company::start();
    let refused = |arguments: &[&str]| {
        let mut command = company.command(arguments);
        command.env("RIMS_URL", "http://no-such-host.invalid");
        let (code, _, stderr) = run(command, "");
        (code, stderr.contains("--allow-http"))
    };
    assert_eq!(refused(&["token"]), (2, true));
    assert_eq!(refused(&["history"]), (2, true));
    assert_eq!(refused(&["history", "--allow-http"]), (1, false), "it was tried");
    let config = company.path("config").join("rims");
    std::fs::create_dir_all(&config).unwrap();
    let profile = |setting: &str| {
        let text =
            format!("[inner]\nurl = \"http://no-such-host.invalid\"\n{setting}keys = \"environment\"\n");
        std::fs::write(config.join("profiles.toml"), text).unwrap();
    };
    profile("");
    assert_eq!(refused(&["history", "--profile", "inner"]), (2, true));
    profile("allow_http = true\n");
    assert_eq!(refused(&["history", "--profile", "inner"]), (1, false), "the profile allows its own address");
    let other = ["history", "--profile", "inner", "--url", "http://another-host.invalid"];
    assert_eq!(refused(&other), (2, true), "and no other");
}

#[test]
fn on_this_machine_no_proxy_is_asked() {
    let company = Company::start();
    let mut command = company.command(&["doctor"]);
    // Nothing listens there: a request through it would fail.
    command
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("ALL_PROXY", "http://127.0.0.1:9")
        .env_remove("NO_PROXY");
    let (code, stdout, stderr) = run(command, "");
    assert!(code == 0 && !stdout.contains("proxy"), "{stdout}{stderr}");
}
