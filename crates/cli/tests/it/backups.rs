//! A database is copied under load, lost, and put back: what was answered before the copy is there.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use nix::sys::signal::Signal;
use rims_domain::Environment;
use rims_server::config::Config;
use rims_store::{MasterKeys, Store};
use serde_json::Value;

use crate::administration::{Site, pair};
use crate::harness::{Serving, execute, rims, run, sealed_driver, token, verify};

/// Answers before the copy is begun.
const ENOUGH: usize = 60;

/// A site with a company, ready to serve.
struct Scene {
    site: Site,
    keys: (String, String),
}

impl Scene {
    fn new() -> Self {
        let site = Site::new();
        site.admin(&["master-key", "create"]);
        site.migrate();
        site.admin(&["user", "create", "acme", "--brno", "1234567890", "--company", "에이크미"]);
        site.admin(&["user", "approve", "acme"]);
        let keys = pair(&site.admin(&["keys", "issue", "acme"]), "operations");
        site.admin(&["keys", "approve", "acme"]);
        Self { site, keys }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.site.folder.path().join(name)
    }

    /// `rims COMMAND --config …`: exit code, output, error.
    fn rims(&self, arguments: &[&str]) -> (i32, String, String) {
        let (config, path) = (self.site.config(), self.path(""));
        let mut command = rims(&[arguments, &["--config", config.to_str().unwrap()]].concat());
        command.current_dir(path);
        run(command, "")
    }

    /// Verifies drivers without end; gives those who were answered when the copy was begun.
    fn copied_under_load(&self, server: &Serving) -> BTreeSet<String> {
        let api = server.address("api");
        let held = token(&api, &self.keys.0);
        let (answered, next) = (Mutex::new(BTreeSet::new()), AtomicU32::new(0));
        let stopped = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let http = reqwest::blocking::Client::new();
                    while !stopped.load(Ordering::Relaxed) {
                        let number = format!("11{:08}00", next.fetch_add(1, Ordering::Relaxed));
                        let body = sealed_driver(&self.keys.1, &number);
                        let answer = verify(&http, &api, &held, body).unwrap();
                        assert_eq!(answer["body"]["f_rtn_code"], "00", "{answer}");
                        answered.lock().unwrap().insert(number);
                    }
                });
            }
            while answered.lock().unwrap().len() < ENOUGH {
                std::thread::yield_now();
            }
            let before = answered.lock().unwrap().clone();
            let (code, stdout, stderr) = self.rims(&["backup", "copy.db"]);
            stopped.store(true, Ordering::Relaxed);
            assert!(code == 0 && stdout.starts_with("backed up to copy.db ("), "{stdout}{stderr}");
            before
        })
    }

    fn stored(&self) -> BTreeSet<String> {
        let config = Config::load(&self.site.config()).unwrap();
        let keys = MasterKeys::load(&config.database.master_key_file).unwrap();
        let options = rims_server::store_options(&config);
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let store = Store::attach(&options, &keys).await.unwrap();
            let account = store.account_by_user_id("acme").await.unwrap().unwrap();
            let found = store.verifications_of(account.id, Environment::Operations, 1_000_000).await.unwrap();
            store.close().await;
            found.iter().map(|record| record.licence.as_str().to_owned()).collect()
        })
    }

    fn execute(&self, text: &'static str) {
        execute(&self.path("rims.db"), text);
    }
}

#[test]
fn what_was_answered_before_the_copy_comes_back() {
    let scene = Scene::new();
    let server = scene.site.serve();
    let answered = scene.copied_under_load(&server);
    let (code, _, stderr) = scene.rims(&["backup", "copy.db"]);
    assert!(code == 2 && stderr.contains("copy.db is there already"), "{stderr}");
    let (code, _, stderr) = scene.rims(&["restore", "copy.db", "--replace"]);
    assert!(code == 1 && stderr.contains("served by another process"), "{stderr}");
    server.signal(Signal::SIGKILL);
    server.end();

    let (code, _, stderr) = scene.rims(&["restore", "copy.db"]);
    assert!(code == 2 && stderr.contains("rims.db is there already"), "{stderr}");
    let (code, stdout, stderr) = scene.rims(&["restore", "copy.db", "--replace"]);
    assert_eq!(code, 0, "{stderr}");
    for hint in
        ["restored copy.db: ", "are whole", "rims.db.before-restore", "1 operations keys wait for approval"]
    {
        assert!(stdout.contains(hint), "{hint}: {stdout}");
    }
    let lost: Vec<String> = answered.difference(&scene.stored()).cloned().collect();
    assert!(lost.is_empty(), "{lost:?}");

    // The key may have been revoked since the backup: it needs its approval again.
    let server = scene.site.serve();
    let mut command = rims(&["token", "--url", &server.address("api")]);
    command.env("RIMS_AUTH_KEY", &scene.keys.0);
    let (code, _, stderr) = run(command, "");
    assert!(code == 1 && stderr.contains("-140"), "{stderr}");
    server.signal(Signal::SIGTERM);
    server.end();
    scene.site.admin(&["keys", "approve", "acme"]);
    let server = scene.site.serve();
    let held = token(&server.address("api"), &scene.keys.0);
    let body = sealed_driver(&scene.keys.1, "221212121212");
    let answer = verify(&reqwest::blocking::Client::new(), &server.address("api"), &held, body).unwrap();
    assert_eq!(answer["body"]["f_rtn_code"], "00", "{answer}");
    server.signal(Signal::SIGTERM);
    assert_eq!(server.end().0, 0);
    assert!(scene.stored().contains("221212121212"));
}

#[test]
fn the_audit_trail_is_verified_and_a_changed_row_is_named() {
    let scene = Scene::new();
    let server = scene.site.serve();
    scene.copied_under_load(&server);
    // Beside the running server.
    let (code, stdout, stderr) = scene.rims(&["audit", "verify", "--output", "json"]);
    assert_eq!(code, 0, "{stderr}");
    let chains: Value = serde_json::from_str(&stdout).unwrap();
    let chains = chains.as_array().unwrap();
    assert_eq!(
        chains.iter().map(|chain| chain["chain"].as_str().unwrap()).collect::<Vec<_>>(),
        ["admin", "node-0", "rights.admin"]
    );
    for chain in chains {
        assert!(chain["whole"] == true && chain["broken"].is_null(), "{chain}");
        assert!(chain["rows"].as_u64() > Some(0) && chain["rows"] == chain["last"], "{chain}");
        assert_eq!(chain["hash"].as_str().unwrap().len(), 64);
    }
    server.signal(Signal::SIGTERM);
    server.end();
    scene.execute("UPDATE audit SET outcome = '12' WHERE chain = 'rights.admin' AND seq = 2");
    let (code, stdout, stderr) = scene.rims(&["audit", "verify"]);
    assert!(code == 1 && stderr.contains("chain rights.admin, row 2 was changed"), "{stderr}");
    assert!(stdout.contains("admin") && stdout.contains("no"), "{stdout}");
}

#[test]
fn a_schema_is_checked_without_touching_it() {
    let site = Site::new();
    let config = site.config();
    let check = || run(rims(&["migrate", "--check", "--config", config.to_str().unwrap()]), "");
    site.admin(&["master-key", "create"]);
    for _ in 0..2 {
        let (code, _, stderr) = check();
        assert!(code == 1 && stderr.contains("there is no schema: run `rims migrate`"), "{stderr}");
    }
    site.migrate();
    let (code, stdout, _) = check();
    assert!(code == 0 && stdout.contains("the schema is at version 1"), "{stdout}");
    let scene = Scene { site, keys: Default::default() };
    scene.execute("UPDATE _sqlx_migrations SET version = 2");
    let (code, stdout, _) = check();
    assert!(code == 0 && stdout.contains("version 2, the next one"), "{stdout}");
    scene.execute("UPDATE _sqlx_migrations SET version = 9");
    let (code, _, stderr) = check();
    assert!(code == 1 && stderr.contains("migration 9, which this version does not know"), "{stderr}");
}
