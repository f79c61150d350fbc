use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;

use crate::harness::{Serving, done, rims, run, sealed_driver, token, verify};

/// A configuration over an empty folder, with simulated national systems in their own process.
struct Site {
    folder: tempfile::TempDir,
    _national: Serving,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let national = Serving::start(&["simulate", "--listen", "127.0.0.1:0"]);
        let home = folder.path().display();
        let text = format!(
            "[database]\nurl = \"sqlite://{home}/rims.db\"\nmaster_key_file = \"{home}/master-key.toml\"\n\n\
             [api]\nlisten = \"127.0.0.1:0\"\n\n[ops]\nlisten = \"127.0.0.1:0\"\n\n{}",
            national.greeting
        );
        std::fs::write(folder.path().join("rims.toml"), text).unwrap();
        Self { folder, _national: national }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("rims.toml")
    }

    fn admin(&self, arguments: &[&str]) -> String {
        done(&[&["admin", "--config", self.config().to_str().unwrap()], arguments].concat())
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let config = self.config();
        let all = [&["admin", "--config", config.to_str().unwrap()], arguments].concat();
        let (code, _, stderr) = run(rims(&all), "");
        assert_eq!(code, 2, "{arguments:?}: {stderr}");
        stderr
    }

    fn migrate(&self) -> String {
        done(&["migrate", "--config", self.config().to_str().unwrap()])
    }

    fn serve(&self) -> Serving {
        Serving::start(&["serve", "--config", self.config().to_str().unwrap()])
    }
}

/// The two columns after the environment's name in a table of keys.
fn pair(printed: &str, environment: &str) -> (String, String) {
    let line = printed.lines().find(|line| line.starts_with(environment)).unwrap();
    let mut columns = line.split_whitespace().skip(1).map(str::to_owned);
    (columns.next().unwrap(), columns.next().unwrap())
}

#[test]
fn from_an_empty_machine_to_a_verification() {
    let site = Site::new();
    site.admin(&["master-key", "create"]);
    assert!(site.migrate().contains("applied"));
    assert!(site.migrate().contains("nothing to do"));
    site.admin(&["user", "create", "acme", "--brno", "1234567890", "--company", "에이크미"]);
    let server = site.serve();
    // Beside the running server:
    site.admin(&["user", "approve", "acme"]);
    let keys = site.admin(&["keys", "issue", "acme"]);
    let (auth_key, secret_key) = pair(&keys, "operations");
    site.admin(&["keys", "approve", "acme"]);
    let api = server.address("api");
    let held = token(&api, &auth_key);
    let http = reqwest::blocking::Client::new();
    let answer = verify(&http, &api, &held, sealed_driver(&secret_key, "221212121212")).unwrap();
    assert_eq!(answer["body"]["f_rtn_code"], "00", "{answer}");
    let rotated = site.admin(&["keys", "rotate", "acme", "operations"]);
    assert_ne!(pair(&rotated, "operations").0, auth_key);
    let mut command = rims(&["token", "--url", &api]);
    command.env("RIMS_AUTH_KEY", &auth_key);
    let (code, _, stderr) = run(command, "");
    assert!(code == 1 && stderr.contains("-140"), "{stderr}");
    server.signal(Signal::SIGTERM);
    assert_eq!(server.end().0, 0);
}

#[test]
fn secrets_are_shown_once_and_users_are_listed() {
    let site = Site::new();
    site.admin(&["master-key", "create"]);
    site.migrate();
    site.admin(&["user", "create", "acme", "--brno", "1234567890", "--company", "에이크미"]);
    site.admin(&["user", "create", "hub", "--brno", "3456789012", "--company", "허브", "--kind", "platform"]);
    site.admin(&["user", "approve", "acme"]);
    let keys = site.admin(&["keys", "issue", "acme"]);
    let (auth_key, secret_key) = pair(&keys, "development");
    let listed = site.admin(&["user", "list"]);
    assert!(listed.contains("에이크미") && listed.contains("platform"));
    assert!(!listed.contains(&auth_key) && !listed.contains(&secret_key));
    assert!(site.refused(&["keys", "issue", "acme"]).contains("rotate"));
    site.admin(&["keys", "allow", "acme", "development", "203.0.113.0/24"]);
    site.admin(&["delegation", "grant", "acme", "hub"]);
    site.admin(&["delegation", "revoke", "acme", "hub"]);
    site.admin(&["keys", "revoke", "acme", "development"]);
    assert!(site.refused(&["keys", "rotate", "acme", "development"]).contains("no development key"));
}

#[test]
fn what_the_state_does_not_allow_is_told() {
    let site = Site::new();
    site.admin(&["master-key", "create"]);
    assert!(site.refused(&["master-key", "create"]).contains("master-key.toml"));
    site.migrate();
    let create = ["user", "create", "acme", "--brno", "1234567890", "--company", "에이크미"];
    site.admin(&create);
    assert!(site.refused(&create).contains("acme"));
    site.admin(&["user", "reject", "acme"]);
    assert!(site.refused(&["user", "approve", "acme"]).contains("rejected"));
    site.admin(&["user", "state", "acme", "5"]);
    assert!(site.refused(&["user", "state", "acme", "1"]).contains("deleted"));
    assert!(site.refused(&["user", "approve", "nobody"]).contains("nobody"));
    assert!(site.refused(&["delegation", "grant", "acme", "acme"]).contains("itself"));
}

#[test]
fn a_rotated_master_key_still_opens_everything() {
    let site = Site::new();
    site.admin(&["master-key", "create"]);
    site.migrate();
    site.admin(&["user", "create", "acme", "--brno", "1234567890", "--company", "에이크미"]);
    site.admin(&["user", "approve", "acme"]);
    let (auth_key, secret_key) = pair(&site.admin(&["keys", "issue", "acme"]), "development");
    let rotated = site.admin(&["master-key", "rotate"]);
    assert!(rotated.contains("version 2") && rotated.contains("2 Secret Keys"), "{rotated}");
    let mode = permissions(&site.folder.path().join("master-key.toml"));
    assert_eq!(mode, 0o600);
    let server = site.serve();
    let api = server.address("api");
    let held = token(&api, &auth_key);
    let http = reqwest::blocking::Client::new();
    let answer = verify(&http, &api, &held, sealed_driver(&secret_key, "221212121212")).unwrap();
    assert_eq!(answer["body"]["f_rtn_code"], "00", "{answer}");
}

fn permissions(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions()) & 0o777
}

#[test]
fn serve_says_what_to_do_first() {
    let site = Site::new();
    let config = site.config();
    let serve = || run(rims(&["serve", "--config", config.to_str().unwrap()]), "");
    let (code, _, stderr) = serve();
    assert!(code == 1 && stderr.contains("master-key.toml"), "{stderr}");
    site.admin(&["master-key", "create"]);
    let (code, _, stderr) = serve();
    assert!(code == 1 && stderr.contains("rims migrate"), "{stderr}");
}
