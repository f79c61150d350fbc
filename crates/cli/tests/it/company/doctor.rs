//! `doctor`: what is well, and which part is not.

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
        let mut command = company.command(&["doctor"]);
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
fn a_wrong_clock_and_an_unusual_key_are_warnings() {
    let company = Company::start();
    // Its Date header follows the sandbox's clock.
    let mut command = company.command(&["doctor", "--output", "json"]);
    command.env("RIMS_SECRET_KEY", format!("{}and more", company.keys.1));
    let (code, stdout, stderr) = run(command, "");
    assert_eq!(code, 0, "what follows after 32 bytes does not count: {stderr}");
    let checks: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&checks[5]["check"], &checks[5]["state"]), (&"Secret Key length".into(), &"warning".into()));
    assert!(!stdout.contains(&company.keys.1));
}
