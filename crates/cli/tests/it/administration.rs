use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;

use crate::harness::{Serving, done, execute, rims, run, sealed_driver, token, verify};

/// A configuration over an empty folder, with simulated national systems in their own process.
pub(crate) struct Site {
    pub(crate) folder: tempfile::TempDir,
    _national: Serving,
}

impl Site {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let national = Serving::start(&["simulate", "--listen", "127.0.0.1:0"]);
        let home = folder.path().display();
        let text = format!(
            "[database]\nurl = \"sqlite://{home}/rims.db\"\nmaster_key_file = \"{home}/master-key.toml\"\n\n\
             [api]\nlisten = \"127.0.0.1:0\"\n\n[ops]\nlisten = \"127.0.0.1:0\"\n\n{}",
            national.greeting
        );
        let path = folder.path().join("rims.toml");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        Self { folder, _national: national }
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("rims.toml")
    }

    pub(crate) fn admin(&self, arguments: &[&str]) -> String {
        done(&[&["admin", "--config", self.config().to_str().unwrap()], arguments].concat())
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let config = self.config();
        let all = [&["admin", "--config", config.to_str().unwrap()], arguments].concat();
        let (code, _, stderr) = run(rims(&all), "");
        assert_eq!(code, 2, "{arguments:?}: {stderr}");
        stderr
    }

    pub(crate) fn migrate(&self) -> String {
        done(&["migrate", "--config", self.config().to_str().unwrap()])
    }

    /// Registers and approves `acme`; gives its development key and the Secret Key.
    pub(crate) fn approved_user(&self) -> (String, String) {
        self.admin(&["user", "create", "acme", "--brno", "1234567890", "--company", "에이크미"]);
        self.admin(&["user", "approve", "acme"]);
        pair(&self.admin(&["keys", "issue", "acme"]), "development")
    }

    /// A server, its address, and a token for the key.
    fn serve_with(&self, keys: &(String, String)) -> (Serving, String, String) {
        let server = self.serve();
        let api = server.address("api");
        let held = token(&api, &keys.0);
        (server, api, held)
    }

    pub(crate) fn append_to_config(&self, text: &str) {
        let path = self.config();
        let before = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{before}\n{text}")).unwrap();
    }

    /// Changes the database behind the program's back.
    pub(crate) fn execute(&self, text: &'static str) {
        execute(&self.folder.path().join("rims.db"), text);
    }

    pub(crate) fn serve(&self) -> Serving {
        Serving::start(&["serve", "--config", self.config().to_str().unwrap()])
    }
}

/// The two columns after the environment's name in a table of keys.
pub(crate) fn pair(printed: &str, environment: &str) -> (String, String) {
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
    assert!(site.refused(&["delegation", "revoke", "acme", "hub"]).contains("has not delegated to hub"));
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
fn a_master_key_is_rotated_beside_a_running_server() {
    let site = Site::new();
    site.admin(&["master-key", "create"]);
    site.migrate();
    let keys = site.approved_user();
    let (server, api, held) = site.serve_with(&keys);
    let answered = |api: &str, token: &str| {
        let body = sealed_driver(&keys.1, "221212121212");
        verify(&reqwest::blocking::Client::new(), api, token, body).unwrap()["body"]["f_rtn_code"] == "00"
    };
    assert!(answered(&api, &held));
    let rotated = site.admin(&["master-key", "rotate"]);
    assert!(rotated.contains("version 2") && rotated.contains("restart every server"), "{rotated}");
    assert!(rotated.contains("rims admin master-key reseal"), "{rotated}");
    assert_eq!(permissions(&site.folder.path().join("master-key.toml")), 0o600);
    // Another token: nothing that the server remembers answers for the stored key.
    assert!(answered(&api, &token(&api, &keys.0)));
    server.signal(Signal::SIGTERM);
    assert_eq!(server.end().0, 0);

    let (server, api, held) = site.serve_with(&keys);
    assert!(answered(&api, &held));
    assert_eq!(
        site.admin(&["master-key", "reseal"]),
        "4 values resealed\n",
        "two keys and two verifications"
    );
    assert_eq!(site.admin(&["master-key", "reseal"]), "0 values resealed\n");
    assert!(answered(&api, &token(&api, &keys.0)));
    drop(server);
    let (_server, api, held) = site.serve_with(&keys);
    assert!(answered(&api, &held));
}

#[test]
fn a_revoked_key_is_issued_anew_and_alone() {
    let site = Site::new();
    site.admin(&["master-key", "create"]);
    site.migrate();
    let development = site.approved_user();
    assert!(site.refused(&["keys", "issue", "acme"]).contains("rotate"));
    site.admin(&["keys", "revoke", "acme", "operations"]);
    let issued = site.admin(&["keys", "issue", "acme"]);
    assert!(!issued.contains("development"), "{issued}");
    assert!(issued.contains("rims admin keys approve acme"), "{issued}");
    let operations = pair(&issued, "operations");
    site.admin(&["keys", "approve", "acme"]);
    site.admin(&["keys", "revoke", "acme", "development"]);
    let issued = site.admin(&["keys", "issue", "acme"]);
    assert!(!issued.contains("operations"), "{issued}");
    assert_ne!(pair(&issued, "development"), development);
    assert!(site.refused(&["keys", "issue", "acme"]).contains("rotate"));
    let (_server, api, held) = site.serve_with(&operations);
    let body = sealed_driver(&operations.1, "221212121212");
    let answer = verify(&reqwest::blocking::Client::new(), &api, &held, body).unwrap();
    assert_eq!(answer["body"]["f_rtn_code"], "00", "{answer}");
}

#[test]
fn settings_that_cannot_be_used_are_wrong_input() {
    let site = Site::new();
    site.admin(&["master-key", "create"]);
    site.migrate();
    let config = site.config();
    let config = config.to_str().unwrap();
    let missing = site.folder.path().join("none.pem");
    let missing = missing.to_str().unwrap();
    for (settings, hint) in [
        (&[("RIMS_DATABASE__URL", "mysql://x")][..], "database URL"),
        (&[("RIMS_DATABASE__NODE", "1023")], "node"),
        (&[("RIMS_DATABASE__NODE", "5000")], "node"),
        (&[("RIMS_KOROAD__BASE_URL", "koroad")], "base_url"),
        (&[("RIMS_VEHICLES__BASE_URL", "ftp://x")], "base_url"),
        (&[("RIMS_API__TLS__CERTIFICATE", missing), ("RIMS_API__TLS__KEY", missing)], "none.pem"),
    ] {
        let mut command = rims(&["serve", "--config", config]);
        command.envs(settings.iter().copied());
        let (code, _, stderr) = run(command, "");
        let line = stderr.lines().last().unwrap_or_default();
        assert!(code == 2 && line.starts_with("error: ") && line.contains(hint), "{settings:?}: {stderr}");
    }
    for command in [&["admin", "--config", config, "user", "list"][..], &["migrate", "--config", config]] {
        let mut command = rims(command);
        command.env("RIMS_DATABASE__URL", "mysql://x");
        let (code, _, stderr) = run(command, "");
        assert!(code == 2 && stderr.contains("database URL"), "{stderr}");
    }
}

fn permissions(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_server_opens_as_many_files_as_the_system_allows() {
    let site = Site::new();
    site.admin(&["master-key", "create"]);
    site.migrate();
    let mut limited = Command::new("prlimit");
    let serve = [env!("CARGO_BIN_EXE_rims"), "serve", "--config"];
    limited.arg("--nofile=128:4096").args(serve).arg(site.config());
    let server = Serving::start_command(limited);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_eq!(files.split_whitespace().skip(3).collect::<Vec<_>>(), ["4096", "4096", "files"]);
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).collect::<Vec<_>>(), ["0", "0", "bytes"], "no core dump");
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

#[test]
fn credentials_from_the_environment_are_texts_even_if_they_look_like_numbers() {
    let site = Site::new();
    let path = site.config();
    let text = std::fs::read_to_string(&path).unwrap();
    // The simulated KOROAD's PIN is 0000.
    std::fs::write(&path, text.replace("pin = \"0000\"\n", "")).unwrap();
    let mut migrate = rims(&["migrate", "--config", path.to_str().unwrap()]);
    migrate.env("RIMS_KOROAD__PIN", "0000").env("RIMS_DATABASE__NODE", "7");
    site.admin(&["master-key", "create"]);
    let (code, _, stderr) = run(migrate, "");
    assert_eq!(code, 0, "{stderr}");
    let mut wrong = rims(&["migrate", "--config", path.to_str().unwrap()]);
    wrong.env("RIMS_DATABASE__NODE", "seven");
    let (code, _, stderr) = run(wrong, "");
    assert!(code == 2 && stderr.contains("database.node"), "{stderr}");
}
