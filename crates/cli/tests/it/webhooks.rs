//! `rims admin webhook` and `rims admin rental`, on a database that a server may be using.

use std::path::PathBuf;

use rims_protocol::Sector;
use rims_protocol::values::{Period, Plate, RemoteNumber};
use rims_server::clock::Clock;
use rims_server::config::Config;
use rims_store::{MasterKeys, NewRental, Store, Write};

use crate::harness::{done, rims, run};

/// A migrated database with the company `acme`.
struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().display();
        let text = format!(
            "[database]\nurl = \"sqlite://{home}/rims.db\"\nmaster_key_file = \"{home}/master-key.toml\"\n\n\
             [koroad]\n\n[vehicles]\n"
        );
        std::fs::write(folder.path().join("rims.toml"), text).unwrap();
        let site = Self { folder };
        site.admin(&["master-key", "create"]);
        done(&["migrate", "--config", site.config().to_str().unwrap()]);
        site.admin(&["user", "create", "acme", "--brno", "1234567890", "--company", "에이크미"]);
        site
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("rims.toml")
    }

    fn command(&self, arguments: &[&str]) -> (i32, String, String) {
        let config = self.config();
        run(rims(&[&["admin", "--config", config.to_str().unwrap()], arguments].concat()), "")
    }

    fn admin(&self, arguments: &[&str]) -> String {
        let (code, stdout, stderr) = self.command(arguments);
        assert_eq!(code, 0, "{arguments:?}: {stderr}");
        stdout
    }

    /// Wrong input: exit code 2 and a line on standard error, which it gives.
    fn refused(&self, arguments: &[&str]) -> String {
        let (code, stdout, stderr) = self.command(arguments);
        assert!(code == 2 && stdout.is_empty() && stderr.starts_with("error: "), "{arguments:?}: {stderr}");
        stderr
    }

    /// Registers a webhook; gives its number and its secret.
    fn webhook(&self, url: &str) -> (String, String) {
        let printed = self.admin(&["webhook", "add", "acme", url]);
        assert!(printed.contains("shown once"), "{printed}");
        let mut columns = printed.lines().nth(1).unwrap().split_whitespace().map(str::to_owned);
        (columns.next().unwrap(), columns.next().unwrap())
    }

    /// Stores a rental that waits to be confirmed.
    fn pending_rental(&self, sequence: u32) -> String {
        let config = Config::load(&self.config()).unwrap();
        let number = RemoteNumber::new(Sector::Rental, 25, sequence).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let keys = MasterKeys::load(&config.database.master_key_file).unwrap();
            let options = rims_server::store_options(&config);
            let store = Store::attach(&options, &keys).await.unwrap();
            let company = store.account_by_user_id("acme").await.unwrap().unwrap().id;
            let (at, today) = (Clock::system().now(), Clock::system().today());
            let rental = NewRental {
                id: store.next_id(at),
                number,
                at,
                company,
                caller: company,
                period: Period::new(today, today).unwrap(),
                plate: Plate::parse("67라6767").unwrap(),
                confirmation: None,
            };
            store.commit(Write::Rental(rental)).await.unwrap();
            store.close().await;
        });
        number.to_string()
    }
}

#[test]
fn webhooks_are_registered_listed_and_disabled() {
    let site = Site::new();
    let (id, secret) = site.webhook("https://example.com/rims?token=a");
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
    let listed = site.admin(&["webhook", "list", "acme"]);
    assert!(listed.contains(&id) && listed.contains("enabled"), "{listed}");
    assert!(listed.contains("https://example.com/rims?token=a") && !listed.contains("whsec_"), "{listed}");
    assert_eq!(site.admin(&["webhook", "disable", "acme", &id]), format!("disabled webhook {id} of acme\n"));
    assert!(site.admin(&["webhook", "list", "acme"]).contains(" disabled 20"));
    assert!(site.refused(&["webhook", "disable", "acme", &id]).contains("is disabled"));
    assert!(site.refused(&["webhook", "replay", "acme", &id, "--failed"]).contains("is disabled"));
    assert!(site.refused(&["webhook", "list", "nobody"]).contains("no user nobody"));
    assert!(site.refused(&["webhook", "messages", "acme", "7"]).contains("acme has no webhook 7"));
}

#[test]
fn the_configured_reach_decides_about_addresses() {
    let site = Site::new();
    for (url, hint) in [
        ("http://example.com/", "not https"),
        ("https://127.0.0.1/", "not a public address"),
        ("example.com", "absolute http or https address"),
        ("https://u:p@example.com/", "user name or a password"),
    ] {
        let refused = site.refused(&["webhook", "add", "acme", url]);
        assert!(refused.contains(hint), "{refused}");
    }
    let config = site.config();
    let add = ["admin", "--config", config.to_str().unwrap(), "webhook", "add", "acme", "http://127.0.0.1/"];
    let mut anywhere = rims(&add);
    anywhere.env("RIMS_WEBHOOKS__REACH", "anywhere");
    assert_eq!(run(anywhere, "").0, 0);
    let mut unknown = rims(&add);
    unknown.env("RIMS_WEBHOOKS__REACH", "everywhere");
    let (code, _, stderr) = run(unknown, "");
    assert!(code == 2 && stderr.contains("webhooks.reach") && !stderr.contains("everywhere"), "{stderr}");
}

#[test]
fn rentals_are_decided_and_their_webhooks_told() {
    let site = Site::new();
    let (id, _) = site.webhook("https://example.com/rims");
    let number = site.pending_rental(1);
    let shown = site.admin(&["rental", "show", &number]);
    for expected in [number.as_str(), "acme", "에이크미", "1 pending", "67라6767"] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    assert_eq!(site.admin(&["rental", "confirm", &number]), format!("confirmed {number}\n"));
    assert!(site.refused(&["rental", "confirm", &number]).contains("2 (confirmed), not pending"));
    assert_eq!(site.admin(&["rental", "cancel", &number]), format!("cancelled {number}\n"));
    assert!(site.refused(&["rental", "cancel", &number]).contains("9 (cancelled) and stays so"));
    assert!(site.admin(&["rental", "show", &number]).contains("9 cancelled"));
    assert!(site.refused(&["rental", "show", "R25-000000009"]).contains("no rental R25-000000009"));

    let messages = site.admin(&["webhook", "messages", "acme", &id]);
    let lines: Vec<&str> = messages.lines().skip(1).collect();
    let [cancelled, confirmed] = lines.as_slice() else { panic!("{messages}") };
    assert!(cancelled.contains("rental.cancelled") && confirmed.contains("rental.confirmed"), "{messages}");
    assert!(confirmed.contains(" due 20"), "{messages}");
    let message = confirmed.split_whitespace().next().unwrap();
    assert_eq!(
        site.admin(&["webhook", "replay", "acme", &id, "--message", message]),
        format!("{message} is sent once more\n")
    );
    assert!(site.admin(&["webhook", "replay", "acme", &id, "--failed"]).contains("is sent once more"));
    assert!(site.refused(&["webhook", "replay", "acme", &id, "--message", "msg_7"]).contains("msg_7"));
}
