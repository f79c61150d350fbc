//! `login`: what is remembered, where, and what is not.

use std::os::unix::fs::PermissionsExt as _;

use super::{Company, DRIVER};
use crate::harness::run;

/// The command without keys and address in the environment.
fn bare(company: &Company, arguments: &[&str]) -> std::process::Command {
    let mut command = company.command(arguments);
    for variable in ["RIMS_URL", "RIMS_AUTH_KEY", "RIMS_SECRET_KEY"] {
        command.env_remove(variable);
    }
    command
}

fn typed(company: &Company) -> String {
    format!("{}\n{}\n", company.keys.0, company.keys.1)
}

#[test]
fn keys_from_standard_input_are_kept_for_their_owner_alone() {
    let company = Company::start();
    let url = company.sandbox.address("api");
    let login =
        ["login", "--url", &url, "--web", "http://localhost:8115", "--bizinfo", "s01", "--sector", "dapi"];
    let (code, stdout, stderr) = run(bare(&company, &login), &typed(&company));
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("profiles.toml"), "{stdout}");
    let folder = company.path("config/rims");
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    for entry in std::fs::read_dir(&folder).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let profiles = std::fs::read_to_string(folder.join("profiles.toml")).unwrap();
    assert!(!profiles.contains(&company.keys.0) && !profiles.contains(&company.keys.1), "{profiles}");
    // The profile's sector, address and keys are used.
    let (code, stdout, stderr) = run(bare(&company, &[&["verify"][..], &DRIVER].concat()), "");
    assert!(code == 0 && !stdout.contains("vehicle"), "a delivery's answer: {stdout}{stderr}");
    let (code, stdout, _) = run(bare(&company, &["number"]), "");
    assert!(code == 0 && stdout.contains("http://localhost:8115/ma/openMobileWeb?mwverf=V"), "{stdout}");
    let (code, stdout, _) = run(bare(&company, &["link", "R25-000000843"]), "");
    assert!(code == 0 && stdout.starts_with("http://localhost:8115/ma/"), "{stdout}");
    let (code, stdout, _) = run(bare(&company, &["token"]), "");
    assert!(code == 0 && stdout.trim().len() == 36, "{stdout}");
}

#[test]
fn keys_may_stay_in_files_or_in_the_environment() {
    let company = Company::start();
    let url = company.sandbox.address("api");
    let (auth, secret) = (company.path("auth"), company.path("secret"));
    std::fs::write(&auth, &company.keys.0).unwrap();
    std::fs::write(&secret, &company.keys.1).unwrap();
    let files = [
        "login",
        "--url",
        &url,
        "--profile",
        "files",
        "--auth-key-file",
        "auth",
        "--secret-key-file",
        "secret",
    ];
    assert_eq!(run(bare(&company, &files), "").0, 0);
    let (code, _, stderr) = run(bare(&company, &["doctor", "--profile", "files"]), "");
    assert_eq!(code, 0, "{stderr}");
    company.ends(0, &["login", "--profile", "environment", "--keys", "environment"]);
    let doctor = ["doctor", "--profile", "environment"];
    company.ends(0, &doctor);
    let (code, _, stderr) = run(bare(&company, &doctor), "");
    assert!(code == 2 && stderr.contains("RIMS_AUTH_KEY"), "{stderr}");
    let profiles = std::fs::read_to_string(company.path("config/rims/profiles.toml")).unwrap();
    assert!(profiles.contains("[files") && profiles.contains("[environment]"), "{profiles}");
    assert_eq!(std::fs::read_dir(company.path("config/rims")).unwrap().count(), 1, "no key was copied");
}

#[test]
fn what_does_not_work_is_not_remembered() {
    let company = Company::start();
    let url = company.sandbox.address("api");
    let nobody = "http://127.0.0.1:9";
    let web = company.sandbox.address("web");
    for (url, typed, hint) in [
        (url.as_str(), "wrong\nwrong\n".to_owned(), "-140"),
        (&url, format!("{}\nwrong\n", company.keys.0), "-190"),
        (nobody, typed(&company), "refused"),
        (&web, typed(&company), "not a RIMS API"),
        (&url, company.keys.0.clone(), "both needed"),
    ] {
        let (code, _, stderr) = run(bare(&company, &["login", "--url", url]), &typed);
        assert!(matches!(code, 1 | 2) && stderr.contains(hint), "{url}: {stderr}");
        assert!(!stderr.contains(&company.keys.0) && !stderr.contains(&company.keys.1));
    }
    assert!(!company.path("config").exists());
    let (code, _, stderr) = run(bare(&company, &["login"]), "");
    assert!(code == 2 && stderr.contains("--url"), "{stderr}");
}

#[test]
fn options_come_before_a_named_profile_and_that_before_the_environment() {
    let company = Company::start();
    let url = company.sandbox.address("api");
    assert_eq!(run(bare(&company, &["login", "--url", &url, "--profile", "good"]), &typed(&company)).0, 0);
    let token = |arguments: &[&str], key: &str| {
        let mut command = company.command(&[&["token"][..], arguments].concat());
        command.env("RIMS_URL", "http://127.0.0.1:9").env("RIMS_AUTH_KEY", key);
        run(command, "").0
    };
    assert_eq!(token(&[], &company.keys.0), 1, "the environment's address");
    // An address in the environment never gets the default profile's keys.
    assert_eq!(run(bare(&company, &["login", "--url", &url]), &typed(&company)).0, 0);
    let mut elsewhere = bare(&company, &["token"]);
    elsewhere.env("RIMS_URL", "http://127.0.0.1:9");
    let (code, _, stderr) = run(elsewhere, "");
    assert!(code == 2 && stderr.contains("RIMS_AUTH_KEY"), "{stderr}");
    assert_eq!(token(&["--profile", "good"], "wrong"), 0, "the profile's address and key");
    assert_eq!(token(&["--url", &url], &company.keys.0), 0, "the option's address");
    assert_eq!(token(&["--profile", "good", "--url", "http://127.0.0.1:9"], "wrong"), 1);
    std::fs::write(company.path("config/rims/profiles.toml"), "[default]\nurl = 7\n").unwrap();
    let (_, stderr) = company.ends(2, &["token"]);
    assert!(stderr.contains("profiles.toml"), "{stderr}");
}

#[test]
fn keys_that_go_elsewhere_leave_no_copy_behind() {
    let company = Company::start();
    let url = company.sandbox.address("api");
    assert_eq!(run(bare(&company, &["login", "--url", &url]), &typed(&company)).0, 0);
    assert!(company.path("config/rims/default.auth-key").exists());
    company.ends(0, &["login", "--keys", "environment"]);
    assert!(!company.path("config/rims/default.auth-key").exists());
    assert!(!company.path("config/rims/default.secret-key").exists());
    let secret = "https://user:password@localhost";
    let (code, _, stderr) = run(bare(&company, &["login", "--url", secret]), &typed(&company));
    assert!(code == 2 && stderr.contains("without a user"), "{stderr}");
}
