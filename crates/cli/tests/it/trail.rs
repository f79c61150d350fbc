//! `rims audit list`, `subject`, `export` and `verify --anchors`, over a server that served.

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::administration::Site;
use crate::harness::{Serving, rims, run, sealed_driver, token, verify};

const LICENCE: &str = "221212121212";

/// A site whose `acme` had a driver checked, and whose server has stopped.
fn served() -> Site {
    let site = prepared();
    let keys = site.approved_user();
    let server = site.serve();
    check_a_driver(&server, &keys);
    stop(server);
    site
}

fn prepared() -> Site {
    let site = Site::new();
    site.admin(&["master-key", "create"]);
    site.migrate();
    site
}

fn check_a_driver(server: &Serving, keys: &(String, String)) {
    let api = server.address("api");
    let held = token(&api, &keys.0);
    let body = sealed_driver(&keys.1, LICENCE);
    let answer = verify(&reqwest::blocking::Client::new(), &api, &held, body).unwrap();
    assert_eq!(answer["body"]["f_rtn_code"], "00", "{answer}");
}

fn stop(server: Serving) -> String {
    server.signal(Signal::SIGTERM);
    let (code, stderr) = server.end();
    assert_eq!(code, 0, "{stderr}");
    stderr
}

/// Runs `rims audit …`: exit code, standard output, standard error.
fn audit(site: &Site, arguments: &[&str]) -> (i32, String, String) {
    let config = site.config();
    let (command, rest) = arguments.split_first().unwrap();
    run(rims(&[&["audit", command, "--config", config.to_str().unwrap()], rest].concat()), "")
}

fn done(site: &Site, arguments: &[&str]) -> String {
    let (code, stdout, stderr) = audit(site, arguments);
    assert_eq!(code, 0, "{arguments:?}: {stderr}");
    stdout
}

fn events(site: &Site, arguments: &[&str]) -> Vec<Value> {
    let printed = done(site, &[arguments, &["--output", "json"]].concat());
    serde_json::from_str(&printed).unwrap()
}

fn actions(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["action"].as_str().unwrap()).collect()
}

#[test]
fn the_latest_events_come_first_and_filters_choose() {
    let site = served();
    let all = events(&site, &["list", "--as", "홍길동", "--reason", "monthly review"]);
    assert_eq!(actions(&all)[..3], ["audit.view", "verify", "token.issue"], "{all:?}");
    assert_eq!(
        (all[0]["actor"].as_str(), all[0]["outcome"].as_str()),
        (Some("홍길동"), Some("monthly review"))
    );
    let verified = &all[1];
    for (member, expected) in [
        ("actor_kind", "credential"),
        ("actor_user", "acme"),
        ("address", "127.0.0.1"),
        ("environment", "development"),
        ("company", "acme"),
        ("outcome", "00"),
        ("action_text", "Licence verified"),
    ] {
        assert_eq!(verified[member], expected, "{member}: {verified}");
    }
    let rights = events(&site, &["list", "--trail", "rights", "--company", "acme"]);
    let expected = ["key.issue", "key.issue", "account.decide", "account.create"];
    assert_eq!(actions(&rights), expected);
    assert_eq!(actions(&events(&site, &["list", "--action", "verify,key.issue", "--limit", "2"])).len(), 2);
    assert_eq!(events(&site, &["list", "--actor", "operator:홍길동"]).len(), 1);
    assert_eq!(events(&site, &["list", "--from", "+1"]).len(), 0);
    assert_eq!(events(&site, &["list", "--outcome", "-140"]).len(), 0);
}

#[test]
fn a_table_is_for_people() {
    let site = served();
    let (code, table, stderr) =
        audit(&site, &["list", "--limit", "3", "--action", "verify,token.issue,key.issue"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(table.contains("key of acme") && table.contains("Licence verified"), "{table}");
    assert!(stderr.contains("--limit"), "one event is left: {stderr}");
}

#[test]
fn everything_about_a_person_is_found_and_the_look_is_an_event_too() {
    let site = served();
    let looked = ["subject", "--licence", LICENCE, "--reason", "request 2026-117"];
    assert_eq!(actions(&events(&site, &looked)), ["verify", "audit.view"]);
    let again = events(&site, &looked);
    assert_eq!(actions(&again), ["verify", "audit.view", "audit.view"]);
    assert_eq!(again[1]["outcome"], "request 2026-117");
    let other = ["subject", "--licence", "111111111101", "--reason", "request 2026-118"];
    assert_eq!(actions(&events(&site, &other)), ["audit.view"]);
    let user = ["subject", "--user", "acme", "--reason", "request 2026-119", "--trail", "rights"];
    assert_eq!(events(&site, &user).len(), 4);
    let config = site.config();
    let piped = rims(&["audit", "subject", "--config", config.to_str().unwrap(), "--reason", "r"]);
    let (code, table, stderr) = run(piped, &format!("{LICENCE}\n"));
    assert!(code == 0 && table.contains("Licence verified"), "{stderr}");
    let (code, _, stderr) = audit(&site, &["subject", "--licence", "12", "--reason", "r"]);
    assert!(code == 2 && stderr.contains("--licence"), "{stderr}");
}

#[test]
fn an_export_needs_a_reason_and_is_an_event() {
    let site = served();
    let (code, _, stderr) = audit(&site, &["export"]);
    assert!(code == 2 && stderr.contains("--reason"), "{stderr}");
    let csv = done(&site, &["export", "--reason", "=1+1", "--from", "today", "--to", "today"]);
    let mut lines = csv.lines();
    assert!(lines.next().unwrap().starts_with("at,chain,row,action,"), "{csv}");
    assert!(lines.next().unwrap().contains("account.create"), "the oldest first: {csv}");
    assert!(csv.contains(",'=1+1"), "a formula is made harmless: {csv}");
    assert!(!csv.contains(LICENCE), "{csv}");
    let raw = done(&site, &["export", "--reason", "=1+1", "--raw"]);
    assert!(raw.contains(",=1+1"), "{raw}");
    assert_eq!(events(&site, &["list", "--action", "audit.export"]).len(), 2);
}

#[test]
fn what_is_no_filter_is_named() {
    let site = prepared();
    for (arguments, hint) in [
        (&["list", "--action", "nothing"][..], "key.issue"),
        (&["list", "--actor", "somebody"], "operator:NAME"),
        (&["list", "--environment", "test"], "development or operations"),
        (&["list", "--company", "nobody"], "nobody"),
        (&["export", "--reason", " "], "1 to 200"),
    ] {
        let (code, _, stderr) = audit(&site, arguments);
        assert!(code == 2 && stderr.contains(hint), "{arguments:?}: {stderr}");
    }
}

#[test]
fn kept_ends_find_a_trail_that_was_cut_off() {
    let site = prepared();
    let keys = site.approved_user();
    let kept = site.folder.path().join("anchors.jsonl");
    site.append_to_config(&format!("[audit]\nanchor_file = \"{}\"\nanchor_minutes = 1\n", kept.display()));
    let server = site.serve();
    check_a_driver(&server, &keys);
    stop(server);
    // The next start keeps the ends of what the last one wrote.
    let mut server = site.serve();
    let logged = server.logged("\"chain\":\"rights.admin\"");
    stop(server);

    let kept = kept.to_str().unwrap();
    let report = events(&site, &["verify", "--anchors", kept]);
    let anchors: u64 = report.iter().map(|chain| chain["anchors"].as_u64().unwrap()).sum();
    assert!(anchors >= 2, "{report:?}");
    let log = site.folder.path().join("log.jsonl");
    std::fs::write(&log, logged).unwrap();
    done(&site, &["verify", "--anchors", log.to_str().unwrap()]);

    site.execute("DELETE FROM audit WHERE chain = 'rights.admin' AND seq = 4");
    site.execute(
        "UPDATE audit_chain SET seq = 3, hash = (SELECT hash FROM audit WHERE chain = 'rights.admin' AND seq = 3) \
         WHERE chain = 'rights.admin'",
    );
    done(&site, &["verify"]);
    let (code, _, stderr) = audit(&site, &["verify", "--anchors", kept]);
    assert!(code == 1 && stderr.contains("rights.admin") && stderr.contains("cut off"), "{stderr}");

    std::fs::write(kept, "not an end\n").unwrap();
    let (code, _, stderr) = audit(&site, &["verify", "--anchors", kept]);
    assert!(code == 2 && stderr.contains("line 1"), "{stderr}");
}

#[test]
fn a_file_for_the_ends_that_cannot_be_written_shows_at_the_start() {
    let site = prepared();
    site.append_to_config("[audit]\nanchor_file = \"/nonexistent/anchors.jsonl\"\n");
    let config = site.config();
    let (code, _, stderr) = run(rims(&["serve", "--config", config.to_str().unwrap()]), "");
    assert!(code == 1 && stderr.contains("audit.anchor_file /nonexistent/anchors.jsonl"), "{stderr}");
}

#[test]
fn sqlite_has_no_role_for_the_application() {
    let site = prepared();
    let config = site.config();
    let migrate = rims(&["migrate", "--config", config.to_str().unwrap(), "--app-role", "rims_app"]);
    let (code, _, stderr) = run(migrate, "");
    assert!(code == 2 && stderr.contains("PostgreSQL"), "{stderr}");
}
