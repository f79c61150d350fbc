//! The commands of companies, against a sandbox process.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::harness::{Serving, rims, run, s01};

mod batch;
mod batch_columns;
mod batch_files;
mod batch_resumed;
mod batch_sheets;
mod doctor;
mod faults;
mod keyring;
mod login;
mod remote;
mod shell;
mod single;
mod why;

/// A sandbox, and a company whose keys are in the environment.
pub(crate) struct Company {
    pub(crate) sandbox: Serving,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) keys: (String, String),
}

impl Company {
    pub(crate) fn start() -> Self {
        Self { sandbox: Serving::sandbox(None), folder: tempfile::tempdir().unwrap(), keys: s01() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command with address and keys in the environment, in the company's folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = rims(arguments);
        command
            .current_dir(self.folder.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("RIMS_URL", self.sandbox.address("api"))
            .env("RIMS_AUTH_KEY", &self.keys.0)
            .env("RIMS_SECRET_KEY", &self.keys.1);
        command
    }

    /// Runs it; gives exit code, standard output and standard error.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        run(self.command(arguments), "")
    }

    /// Runs it; it must end with this code.
    pub(crate) fn ends(&self, code: i32, arguments: &[&str]) -> (String, String) {
        let (ended, stdout, stderr) = self.run(arguments);
        assert_eq!(ended, code, "{arguments:?}: {stdout}{stderr}");
        (stdout, stderr)
    }

    /// Runs it with `--output json`; it must end with this code.
    pub(crate) fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let (stdout, _) = self.ends(code, &[arguments, &["--output", "json"]].concat());
        serde_json::from_str(&stdout).unwrap()
    }

    /// A call of the sandbox's control plane.
    pub(crate) fn control(&self, method: reqwest::Method, path: &str, body: &str) {
        let url = format!("{}{path}", self.sandbox.address("ops"));
        let response =
            reqwest::blocking::Client::new().request(method, url).body(body.to_owned()).send().unwrap();
        assert!(response.status().is_success(), "{}", response.text().unwrap());
    }
}

/// The options of the specification's own driver.
pub(crate) const DRIVER: [&str; 8] =
    ["--licence", "22-12-121212-12", "--name", "홍길동", "--class", "12", "--vehicle", "67라6767"];

/// A driver with another licence number.
pub(crate) fn with_licence<'a>(command: &[&'a str], licence: &'a str) -> Vec<&'a str> {
    let mut arguments = [command, &DRIVER[..]].concat();
    let place = command.len() + 1;
    arguments[place] = licence;
    arguments
}
