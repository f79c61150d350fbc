//! Runs `rims` to its end, or as a server until the test ends.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rims_domain::Environment;
use rims_server::sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};

pub(crate) fn rims(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rims"));
    command.args(arguments).env("RIMS_LOG", "info").env("LC_ALL", "C").env("XDG_CONFIG_HOME", "/nonexistent");
    for variable in ["RIMS_CONFIG", "RIMS_URL", "RIMS_AUTH_KEY", "RIMS_SECRET_KEY"] {
        command.env_remove(variable);
    }
    command
}

/// Runs it with standard input; gives exit code, standard output and standard error.
pub(crate) fn run(mut command: Command, input: &str) -> (i32, String, String) {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

/// Runs it; it must succeed.
pub(crate) fn done(arguments: &[&str]) -> String {
    let (code, stdout, stderr) = run(rims(arguments), "");
    assert_eq!(code, 0, "{arguments:?}: {stderr}");
    stdout
}

/// A server process, killed when dropped.
pub(crate) struct Serving {
    child: Child,
    /// Everything it printed up to `ready`.
    pub(crate) greeting: String,
}

impl Serving {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_command(rims(arguments))
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn start_command(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut greeting = String::new();
        for line in BufReader::new(child.stdout.as_mut().unwrap()).lines() {
            let line = line.unwrap();
            greeting.push_str(&line);
            greeting.push('\n');
            if line == "ready" || line == "# ready" {
                return Self { child, greeting };
            }
        }
        let output = child.wait_with_output().unwrap();
        panic!("{command:?} ended: {}", String::from_utf8_lossy(&output.stderr));
    }

    pub(crate) fn sandbox(data: Option<&Path>) -> Self {
        let any = "127.0.0.1:0";
        let mut arguments = vec!["sandbox", "--api", any, "--web", any, "--ops", any];
        if let Some(data) = data {
            arguments.extend(["--data", data.to_str().unwrap()]);
        }
        Self::start(&arguments)
    }

    /// The address on the greeting's line that begins with `name`.
    pub(crate) fn address(&self, name: &str) -> String {
        let line = self.greeting.lines().find(|line| line.starts_with(name)).unwrap();
        let address = line.split_whitespace().last().unwrap();
        format!("http://{}", address.trim_start_matches("http://"))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// Waits for a line of its log that has a text.
    pub(crate) fn logged(&mut self, text: &str) -> String {
        let mut lines = BufReader::new(self.child.stderr.as_mut().unwrap()).lines();
        lines.find_map(|line| line.ok().filter(|line| line.contains(text))).unwrap()
    }

    /// Waits for its end: exit code (-1 if a signal ended it) and standard error.
    pub(crate) fn end(mut self) -> (i32, String) {
        let mut stderr = String::new();
        std::io::Read::read_to_string(&mut self.child.stderr.take().unwrap(), &mut stderr).unwrap();
        let status = self.child.wait().unwrap();
        (status.code().unwrap_or(-1), stderr)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Changes a SQLite database behind the program's back.
pub(crate) fn execute(database: &Path, text: &'static str) {
    let url = format!("sqlite://{}", database.display());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut link = SqliteConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(text).execute(&mut link).await.unwrap();
        link.close().await.unwrap();
    });
}

/// A token for the auth key, through `rims token`.
pub(crate) fn token(api: &str, auth_key: &str) -> String {
    let mut command = rims(&["token", "--url", api]);
    command.env("RIMS_AUTH_KEY", auth_key);
    let (code, stdout, stderr) = run(command, "");
    assert_eq!(code, 0, "{stderr}");
    stdout.trim().to_owned()
}

/// The auth key and the Secret Key of the sandbox's s01, operations.
pub(crate) fn s01() -> (String, String) {
    let credentials: Value = serde_json::from_str(&done(&["sandbox", "credentials", "--json"])).unwrap();
    let operations = &credentials[0]["operations"];
    let text = |name: &str| operations[name].as_str().unwrap().to_owned();
    (text("auth_key"), text("secret_key"))
}

/// A driver to verify from today on, sealed with the Secret Key.
pub(crate) fn sealed_driver(secret_key: &str, licence_number: &str) -> String {
    let today = rims_server::clock::Clock::system().today();
    let today = rims_protocol::values::format_compact(today);
    let plaintext = json!({
        "f_license_no": licence_number, "f_resident_name": "홍길동", "f_licn_con_code": "12",
        "f_from_date": today, "f_to_date": today, "vhcl_reg_no": "67라6767",
    });
    let key = rims_protocol::SecretKey::new(secret_key);
    rims_protocol::envelope::request_body(&key.seal(plaintext.to_string().as_bytes())).to_string()
}

/// A verification's answer.
pub(crate) fn verify(
    http: &reqwest::blocking::Client,
    api: &str,
    token: &str,
    body: String,
) -> reqwest::Result<Value> {
    http.post(format!("{api}/licenseVerification")).bearer_auth(token).body(body).send()?.json()
}

/// Starts on the data once more, with the audit trail checked, and reads whom s01's operations asked about.
pub(crate) fn stored_licences(folder: &Path) -> BTreeSet<String> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let options = SandboxOptions { data: Some(folder.to_owned()), ..SandboxOptions::on_free_ports() };
        let sandbox = Sandbox::start(&options).await.unwrap();
        let store = sandbox.services().store();
        assert!(store.verify_audit().await.unwrap().is_intact());
        let account = store.account_by_user_id("s01").await.unwrap().unwrap();
        let records = store.verifications_of(account.id, Environment::Operations, 1_000_000).await.unwrap();
        let licences: BTreeSet<String> =
            records.iter().map(|record| record.licence.as_str().to_owned()).collect();
        assert_eq!(licences.len(), records.len(), "nothing is recorded twice");
        sandbox.stop().await;
        licences
    })
}
