//! `batch --resume`: whoever is killed in the middle, nobody is asked about twice and nobody is missed.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::{Serving, rims, run, s01, stored_licences};

const DRIVERS: usize = 6_000;
const SIZE: usize = 100;

struct Scene {
    folder: tempfile::TempDir,
    /// Where the sandbox listens each time.
    api: String,
}

/// A port that is still free when a server comes back to it: below those that connections take for themselves.
fn free_port() -> u16 {
    let first = 10_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (first..30_000).find(is_free).unwrap()
}

impl Scene {
    fn new() -> Self {
        let port = free_port();
        let scene = Self { folder: tempfile::tempdir().unwrap(), api: format!("127.0.0.1:{port}") };
        let rows = (0..DRIVERS).map(|place| format!("홍길동,11{place:08}{},12,67라6767\n", code(place)));
        let text: String = std::iter::once("이름,면허번호,종별,차량번호\n".to_owned()).chain(rows).collect();
        std::fs::write(scene.path("drivers.csv"), text).unwrap();
        scene
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn serve(&self) -> Serving {
        let (any, data) = ("127.0.0.1:0", self.path("data"));
        let data = data.to_str().unwrap();
        let server =
            Serving::start(&["sandbox", "--api", &self.api, "--web", any, "--ops", any, "--data", data]);
        // So slow that nobody is done before the kill.
        let faults = format!("{}/sandbox/faults", server.address("ops"));
        let http = reqwest::blocking::Client::new();
        assert_eq!(http.put(faults).body(r#"{"latency_ms":25}"#).send().unwrap().status(), 200);
        server
    }

    fn batch(&self, more: &[&str]) -> Command {
        let (auth_key, secret_key) = s01();
        let size = SIZE.to_string();
        let batch = ["batch", "drivers.csv", "--size", &size, "--parallel", "2"];
        let mut command = rims(&[&batch[..], more].concat());
        command
            .current_dir(self.folder.path())
            .env("RIMS_URL", format!("http://{}", self.api))
            .env("RIMS_AUTH_KEY", auth_key)
            .env("RIMS_SECRET_KEY", secret_key);
        command
    }

    fn begin(&self, more: &[&str]) -> Child {
        self.batch(more).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Waits until the journal has so many batches.
    fn wait_for(&self, batches: usize) {
        while answered(&self.path("drivers.csv.rims-journal")) < batches {
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// Everybody is answered, and was asked about once.
    fn check(&self, server: Serving) {
        let result = std::fs::read_to_string(self.path("drivers.result.csv")).unwrap();
        assert_eq!(result.lines().count(), DRIVERS + 1);
        for (place, line) in result.lines().skip(1).enumerate() {
            let (number, answer) = (format!("11{place:08}{}", code(place)), format!(",{},", code(place)));
            assert!(line.contains(&number) && line.contains(&answer), "driver {place}: {line}");
        }
        assert!(!self.path("drivers.csv.rims-journal").exists());
        server.signal(Signal::SIGTERM);
        server.end();
        assert_eq!(stored_licences(&self.path("data")).len(), DRIVERS, "nobody is missed");
    }
}

/// What the register answers about the driver at this place.
fn code(place: usize) -> &'static str {
    ["00", "12", "24", "00", "01"][place % 5]
}

fn answered(journal: &Path) -> usize {
    std::fs::read_to_string(journal).map_or(0, |text| text.lines().count().saturating_sub(1))
}

#[test]
fn the_server_is_killed_in_the_middle() {
    let scene = Scene::new();
    let mut server = scene.serve();
    let mut child = scene.begin(&["--retries", "1"]);
    for batches in [5, 20] {
        scene.wait_for(batches);
        server.signal(Signal::SIGKILL);
        server.end();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("--resume") && stderr.contains("of 6000 drivers are answered"), "{stderr}");
        server = scene.serve();
        child = scene.begin(&["--resume", "--retries", "1"]);
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    scene.check(server);
}

#[test]
fn the_command_is_killed_or_interrupted_in_the_middle() {
    let scene = Scene::new();
    let server = scene.serve();
    let mut child = scene.begin(&[]);
    scene.wait_for(5);
    let (code, _, stderr) = run(scene.batch(&["--resume"]), "");
    assert!(code == 2 && stderr.contains("another rims batch"), "{stderr}");
    child.kill().unwrap();
    child.wait().unwrap();
    let child = scene.begin(&["--resume"]);
    scene.wait_for(20);
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && stderr.contains("interrupted"), "{stderr}");
    let (code, stdout, stderr) = run(scene.batch(&["--resume"]), "");
    assert_eq!(code, 3, "{stderr}");
    let told = stdout.lines().find(|line| line.starts_with("asked now")).unwrap();
    assert!(!told.ends_with(" 6000"), "{stdout}");
    scene.check(server);
}

#[test]
fn a_short_absence_is_not_even_noticed() {
    let scene = Scene::new();
    let server = scene.serve();
    let child = scene.begin(&["--retries", "20"]);
    scene.wait_for(3);
    server.signal(Signal::SIGKILL);
    server.end();
    let server = scene.serve();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    scene.check(server);
}

#[test]
fn the_journal_knows_nobody_and_belongs_to_its_run() {
    let scene = Scene::new();
    let server = scene.serve();
    let mut child = scene.begin(&[]);
    scene.wait_for(3);
    child.kill().unwrap();
    child.wait().unwrap();
    let journal = scene.path("drivers.csv.rims-journal");
    let text = std::fs::read_to_string(&journal).unwrap();
    let (auth_key, secret_key) = s01();
    for personal in ["11000000", "홍길동", "67라6767", &auth_key, &secret_key] {
        assert!(!text.contains(personal), "{personal}: {text}");
    }
    assert_eq!(std::fs::metadata(&journal).unwrap().permissions().mode() & 0o777, 0o600);
    // Another credential is another company or environment.
    let credentials: serde_json::Value =
        serde_json::from_str(&crate::harness::done(&["sandbox", "credentials", "--json"])).unwrap();
    let mut other = scene.batch(&["--resume"]);
    other
        .env("RIMS_AUTH_KEY", credentials[0]["development"]["auth_key"].as_str().unwrap())
        .env("RIMS_SECRET_KEY", credentials[0]["development"]["secret_key"].as_str().unwrap());
    let (code, _, stderr) = run(other, "");
    assert!(code == 2 && stderr.contains("--restart"), "{stderr}");
    // What is there can be had without asking about anybody else.
    let (code, stdout, stderr) = run(scene.batch(&["--resume", "--partial"]), "");
    let told = stdout.lines().find(|line| line.starts_with("asked now")).unwrap();
    assert!(code == 1 && told.ends_with(" 0"), "not everybody is answered: {stdout}{stderr}");
    let unanswered = stdout.lines().find(|line| line.starts_with("unanswered")).unwrap();
    assert!(!unanswered.ends_with(" 0") && stdout.contains("rows unanswered: "), "{stdout}");
    assert!(journal.exists(), "the rest can still be asked about");
    let partial = std::fs::read_to_string(scene.path("drivers.result.csv")).unwrap();
    assert!(partial.lines().count() == DRIVERS + 1 && partial.lines().last().unwrap().ends_with(",,,,"));
    let (code, _, stderr) = run(scene.batch(&["--resume", "--overwrite"]), "");
    assert_eq!(code, 3, "{stderr}");
    scene.check(server);
}

#[test]
fn a_file_that_changes_meanwhile_gets_no_answers() {
    let scene = Scene::new();
    let _server = scene.serve();
    let original = std::fs::read_to_string(scene.path("drivers.csv")).unwrap();
    let child = scene.begin(&[]);
    scene.wait_for(3);
    let mut lines: Vec<&str> = original.lines().collect();
    let moved = lines.remove(1);
    lines.push(moved);
    std::fs::write(scene.path("changed.csv"), lines.join("\n") + "\n").unwrap();
    std::fs::rename(scene.path("changed.csv"), scene.path("drivers.csv")).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && stderr.contains("changed"), "{stderr}");
    assert!(!scene.path("drivers.result.csv").exists());
    std::fs::write(scene.path("drivers.csv"), original).unwrap();
    let (code, stdout, stderr) = run(scene.batch(&["--resume"]), "");
    assert!(code == 3 && stdout.contains("drivers.result.csv"), "{stdout}{stderr}");
}
