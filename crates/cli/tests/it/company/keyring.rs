//! `login --keys keyring`, with a real keyring in a D-Bus session of its own.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::Company;
use crate::harness::run;

/// Starts a keyring, logs in with keys from standard input, and uses the profile.
const SCRIPT: &str = r#"
printf 'a password' | gnome-keyring-daemon --unlock --components=secrets >/dev/null
printf '%s\n%s\n' "$AUTH" "$SECRET" | "$RIMS" login --url "$URL" --keys keyring || exit 1
"$RIMS" doctor || exit 2
"#;

#[test]
fn keys_are_kept_by_the_operating_system() {
    let company = Company::start();
    let home = company.path("home");
    std::fs::create_dir_all(&home).unwrap();
    std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = Command::new("dbus-run-session");
    command
        .args(["--", "sh", "-c", SCRIPT])
        .env("HOME", &home)
        .env("XDG_RUNTIME_DIR", &home)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_CONFIG_HOME", company.path("config"))
        .env("LC_ALL", "C")
        .env("RIMS", env!("CARGO_BIN_EXE_rims"))
        .env("URL", company.sandbox.address("api"))
        .env("AUTH", &company.keys.0)
        .env("SECRET", &company.keys.1);
    for variable in ["RIMS_URL", "RIMS_AUTH_KEY", "RIMS_SECRET_KEY"] {
        command.env_remove(variable);
    }
    let (code, stdout, stderr) = run(command, "");
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stdout.contains("the server decrypted it"), "{stdout}");
    let profiles = std::fs::read_to_string(company.path("config/rims/profiles.toml")).unwrap();
    assert!(profiles.contains("keys = \"keyring\"") && !profiles.contains(&company.keys.0), "{profiles}");
    assert_eq!(std::fs::read_dir(company.path("config/rims")).unwrap().count(), 1, "no key is in a file");
}

#[test]
fn without_a_keyring_another_way_is_named() {
    let company = Company::start();
    let url = company.sandbox.address("api");
    let mut command = company.command(&["login", "--url", &url, "--keys", "keyring"]);
    command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent").env("XDG_RUNTIME_DIR", "/nonexistent");
    let typed = format!("{}\n{}\n", company.keys.0, company.keys.1);
    let (code, _, stderr) = run(command, &typed);
    assert!(code == 1 && stderr.contains("--keys file"), "{stderr}");
    assert!(!company.path("config").exists(), "nothing is stored");
}
