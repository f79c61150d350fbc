//! `rims serve`'s assembly: a configuration file, real keys, national systems on other ports.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rims_domain::account::Decision;
use rims_domain::{AccountKind, Environment};
use rims_protocol::values::{BusinessNumber, UserId};
use rims_server::clock::Clock;
use rims_server::config::{Config, DatabaseUrl};
use rims_server::service::administration::{Administration, KeyPair};
use rims_server::service::retention::Retention;
use rims_server::webhook::Reach;
use rims_server::{Server, simulated, store_options};
use rims_store::{MasterKeys, Store};
use rims_upstream::sim::Simulators;
use serde_json::{Value, json};

use crate::harness::{Client, ask_for_token, error_of, keys, loopback};

/// A configured server with an empty, migrated database and simulators in the place of the real systems.
pub(crate) struct Deployment {
    pub(crate) server: Server,
    pub(crate) config: Config,
    folder: tempfile::TempDir,
    pub(crate) upstream: Simulators,
}

impl Deployment {
    /// Starts one; `api` is what stands in `[api]` beside the address.
    pub(crate) async fn start(api: &str) -> Self {
        Self::start_with("", api).await
    }

    /// The same with more in `[database]`.
    pub(crate) async fn start_with(database: &str, api: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let upstream = simulated::start(loopback(), &Clock::system()).await.unwrap();
        let url = format!("sqlite://{}/rims.db", folder.path().display());
        let config = configure(&folder, &upstream, &format!("url = \"{url}\"\n{database}"), api);
        make_database(&config).await;
        let server = Server::start(&config).await.unwrap();
        Self { server, config, folder, upstream }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.server.api_address())
    }

    pub(crate) async fn stop(self) {
        self.server.stop().await;
        self.upstream.stop().await;
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// A configuration with the simulators in the place of the real systems; `database` has at least the `url`.
pub(crate) fn configure(
    folder: &tempfile::TempDir,
    upstream: &Simulators,
    database: &str,
    api: &str,
) -> Config {
    let path = folder.path().join("rims.toml");
    let text = format!(
        "[database]\nmaster_key_file = \"{home}/master-key.toml\"\n{database}\n\
         [api]\nlisten = \"127.0.0.1:0\"\n{api}\n\n[ops]\nlisten = \"127.0.0.1:0\"\n\n{settings}",
        home = folder.path().display(),
        settings = simulated::settings(upstream),
    );
    write_private(&path, &text);
    Config::load(&path).unwrap()
}

/// A file that only its owner can read, as one with secrets has to be.
pub(crate) fn write_private(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    set_mode(path, 0o600);
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Makes the master keys and the tables.
pub(crate) async fn make_database(config: &Config) {
    let mut counter = 0;
    let keys = MasterKeys::generate(&mut |bytes| {
        counter += 1;
        bytes.fill(counter);
    });
    keys.save_new(&config.database.master_key_file).unwrap();
    let store = attach(config).await;
    store.migrate().await.unwrap();
    store.close().await;
}

pub(crate) async fn attach(config: &Config) -> Store {
    let keys = MasterKeys::load(&config.database.master_key_file).unwrap();
    Store::attach(&store_options(config), &keys).await.unwrap()
}

/// A client of a new company `acme` with approved operations keys, made beside the running server.
pub(crate) async fn company(deployment: &Deployment) -> Client {
    let keys = company_keys(&deployment.config).await;
    Client::connect(&reqwest::Client::new(), &deployment.url(), &keys.auth_key, &keys.secret_key).await
}

/// Two clients of that company: with its development key, and with its operations key.
pub(crate) async fn both_keys(deployment: &Deployment) -> [Client; 2] {
    let http = reqwest::Client::new();
    let mut clients = Vec::new();
    for keys in all_keys(&deployment.config, "acme", "1234567890").await {
        clients.push(Client::connect(&http, &deployment.url(), &keys.auth_key, &keys.secret_key).await);
    }
    clients.try_into().ok().unwrap()
}

/// The approved operations keys of a new company `acme`.
pub(crate) async fn company_keys(config: &Config) -> KeyPair {
    all_keys(config, "acme", "1234567890").await.pop().unwrap()
}

/// A client of another company, with its operations key.
pub(crate) async fn other_company(deployment: &Deployment) -> Client {
    let keys = all_keys(&deployment.config, "other", "2345678901").await.pop().unwrap();
    Client::connect(&reqwest::Client::new(), &deployment.url(), &keys.auth_key, &keys.secret_key).await
}

/// The keys of a new company, the operations key last and approved.
async fn all_keys(config: &Config, user: &str, brno: &str) -> Vec<KeyPair> {
    let store = attach(config).await;
    let administration = Administration::new(store.clone(), Clock::system());
    let (user, brno) = (UserId::parse(user).unwrap(), BusinessNumber::parse(brno).unwrap());
    administration.create_user(&user, &brno, "에이크미렌트카", AccountKind::Operator).await.unwrap();
    administration.decide(&user, Decision::Approve).await.unwrap();
    let keys = administration.issue_keys(&user).await.unwrap();
    assert_eq!(keys[1].environment, Environment::Operations);
    administration.approve_operations_key(&user).await.unwrap();
    store.close().await;
    keys
}

pub(crate) fn driver() -> Value {
    let today = rims_protocol::values::format_compact(Clock::system().today());
    json!({
        "f_license_no": "221212121212", "f_resident_name": "홍길동", "f_licn_con_code": "12",
        "f_from_date": today, "f_to_date": today, "vhcl_reg_no": "67라6767",
    })
}

#[tokio::test]
async fn a_configured_server_verifies() {
    let deployment = Deployment::start("").await;
    let client = company(&deployment).await;
    let answer = client.call("/licenseVerification", &driver()).await;
    assert_eq!(
        (&answer["body"]["f_rtn_code"], &answer["body"]["vhcl_idnty_cd"]),
        (&json!("00"), &json!("1"))
    );
    assert_eq!(deployment.upstream.calls().checked_items, 1, "the configured system was asked");
    deployment.stop().await;
}

#[tokio::test]
async fn development_keys_never_reach_the_configured_systems() {
    let deployment = Deployment::start("").await;
    company(&deployment).await;
    let store = attach(&deployment.config).await;
    let administration = Administration::new(store.clone(), Clock::system());
    let user = UserId::parse("acme").unwrap();
    let pair = administration.rotate_key(&user, Environment::Development).await.unwrap();
    let http = reqwest::Client::new();
    let client = Client::connect(&http, &deployment.url(), &pair.auth_key, &pair.secret_key).await;
    assert_eq!(client.code("/licenseVerification", &driver()).await, "00");
    assert_eq!(deployment.upstream.calls().checked_items, 0);
    store.close().await;
    deployment.stop().await;
}

#[tokio::test]
async fn the_sandboxs_well_known_keys_are_refused_even_if_somebody_stored_them() {
    let deployment = Deployment::start("").await;
    company(&deployment).await;
    let (auth_key, secret_key) = keys("s01", Environment::Development);
    store_key(&deployment.config, &auth_key, &secret_key).await;
    let refused = ask_for_token(&reqwest::Client::new(), &deployment.url(), &auth_key).await;
    assert_eq!(error_of(&refused.json().await.unwrap()).0, -140);
    deployment.stop().await;
}

#[tokio::test]
async fn tokens_that_a_sandbox_issued_for_them_are_refused_too() {
    let deployment = Deployment::start("").await;
    company(&deployment).await;
    let http = reqwest::Client::new();
    let token = |number: u8| format!("00000000-0000-4000-8000-{number:012}");
    let (auth_key, secret_key) = keys("s01", Environment::Development);
    let of_the_sandbox = store_key(&deployment.config, &auth_key, &secret_key).await;
    let own = store_key(&deployment.config, &"a".repeat(32), &"b".repeat(32)).await;
    let store = attach(&deployment.config).await;
    for (number, credential) in [(1, of_the_sandbox), (2, own)] {
        let issued = Clock::system().now();
        let expires = rims_domain::token::expiry(issued);
        let hash = rims_store::TokenHash::of(&token(number));
        store.commit(rims_store::Write::Token { hash, credential, issued, expires }).await.unwrap();
    }
    store.close().await;
    let call = async |number| {
        let url = format!("{}/licenseVerification", deployment.url());
        http.post(url).bearer_auth(token(number)).body("{}").send().await.unwrap()
    };
    assert_eq!(call(1).await.status(), 401);
    let known = call(2).await;
    assert_eq!((known.status().as_u16(), error_of(&known.json().await.unwrap()).0), (200, -180));
    deployment.stop().await;
}

/// Stores a development key of `acme` as somebody with the database could.
async fn store_key(config: &Config, auth_key: &str, secret_key: &str) -> rims_domain::CredentialId {
    let store = attach(config).await;
    let account = store.account_by_user_id("acme").await.unwrap().unwrap();
    let id = rims_domain::CredentialId(store.next_id(Clock::system().now()));
    let credential = rims_domain::Credential {
        id,
        account: account.id,
        environment: Environment::Development,
        approved: false,
        revoked: false,
        allowed_ips: Vec::new(),
    };
    let audit = rims_store::NewAudit {
        at: Clock::system().now(),
        actor: rims_domain::Actor::System,
        address: None,
        environment: None,
        action: rims_domain::AuditAction::KeyIssue,
        company: Some(account.id),
        subject: rims_store::Subject::None,
        reference: id.0,
        outcome: "done".to_owned(),
    };
    let (auth_key, secret_key) = (auth_key.to_owned().into(), secret_key.to_owned().into());
    let new = rims_store::NewCredential { credential, auth_key, secret_key, audit };
    store.commit(rims_store::Write::IssueCredentials(vec![new])).await.unwrap();
    store.close().await;
    id
}

#[tokio::test]
async fn the_sandboxs_well_known_master_keys_are_refused() {
    let deployment = Deployment::start("").await;
    let mut config = deployment.config.clone();
    config.database.master_key_file = deployment.path("sandbox-key.toml");
    let mut keys = rims_server::sandbox::well_known_master_keys();
    keys.save_new(&config.database.master_key_file).unwrap();
    let refused = Server::start(&config).await.err().unwrap().to_string();
    assert!(refused.contains("sandbox-key.toml") && refused.contains("key of the sandbox"), "{refused}");
    // A version of one's own hides them no better: they still open what was written with them.
    keys.rotate(&mut |bytes| bytes.fill(99)).unwrap();
    keys.replace(&config.database.master_key_file).unwrap();
    let refused = Server::start(&config).await.err().unwrap().to_string();
    assert!(refused.contains("key of the sandbox"), "{refused}");
    deployment.stop().await;
}

#[tokio::test]
async fn a_second_server_on_one_sqlite_file_is_refused_with_the_reason() {
    let deployment = Deployment::start("").await;
    let refused = Server::start(&deployment.config).await.err().unwrap().to_string();
    assert!(refused.contains("rims.db"), "{refused}");
    let config = deployment.config.clone();
    let Deployment { server, folder, upstream, .. } = deployment;
    server.stop().await;
    let again = Server::start(&config).await.unwrap();
    again.stop().await;
    upstream.stop().await;
    drop(folder);
}

#[tokio::test]
async fn a_database_that_was_not_migrated_is_refused_with_what_to_do() {
    let deployment = Deployment::start("").await;
    let mut config = deployment.config.clone();
    config.database.url = DatabaseUrl(format!("sqlite://{}", deployment.path("empty.db").display()));
    let refused = Server::start(&config).await.err().unwrap().to_string();
    assert!(refused.contains("rims migrate"), "{refused}");
    deployment.stop().await;
}

#[tokio::test]
async fn another_master_key_file_is_refused() {
    let deployment = Deployment::start("").await;
    let mut config = deployment.config.clone();
    config.database.master_key_file = deployment.path("other-key.toml");
    MasterKeys::generate(&mut |bytes| bytes.fill(99)).save_new(&config.database.master_key_file).unwrap();
    let Deployment { server, folder, upstream, .. } = deployment;
    server.stop().await;
    let refused = Server::start(&config).await.err().unwrap().to_string();
    assert!(refused.contains("master key"), "{refused}");
    upstream.stop().await;
    drop(folder);
}

#[tokio::test]
async fn tls_from_pem_files() {
    let certificate = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (chain, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    std::fs::write(&chain, certificate.cert.pem()).unwrap();
    write_private(&key, &certificate.signing_key.serialize_pem());
    let tls = format!("tls = {{ certificate = \"{}\", key = \"{}\" }}", chain.display(), key.display());
    let deployment = Deployment::start(&tls).await;
    let root = reqwest::Certificate::from_pem(certificate.cert.pem().as_bytes()).unwrap();
    let http = reqwest::Client::builder().tls_certs_only([root]).build().unwrap();
    let url = format!("https://localhost:{}/", deployment.server.api_address().port());
    let answer: Value = http.post(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(error_of(&answer).0, -100);
    let plain = reqwest::Client::new().post(url.replace("https", "http")).send().await;
    assert!(plain.is_err());
    deployment.stop().await;
}

#[test]
fn configuration_errors_name_the_key_and_not_its_value() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rims.toml");
    let base = "[database]\nurl = \"sqlite:///x\"\nmaster_key_file = \"/x\"\n[vehicles]\nkey = \"k\"\n";
    for (text, expected) in [
        ("[koroad]\nclient_secert = \"hunter2\"\n", "client_secert"),
        ("[koroad]\nbase_url = 7\n", "base_url"),
        ("[koroad]\n[api]\nlisten = \"hunter2\"\n", "api.listen"),
        ("", "koroad"),
        ("[koroad]\n[api]\nrate_limit = { per_second = 0 }\n", "per_second"),
        ("[koroad]\n[api]\nheader_timeout_ms = 0\n", "api.header_timeout_ms"),
        ("[koroad]\n[api]\nrate_limit = { burst_bytes = 1000 }\n", "api.rate_limit.burst_bytes is less"),
        (
            "[koroad]\n[api]\nfailed_authentication = { allowed = 0 }\n",
            "api.failed_authentication.allowed is a number from 1 to 1000000",
        ),
        (
            "[koroad]\n[api]\nfailed_authentication = { longest_pause_ms = 999 }\n",
            "api.failed_authentication.longest_pause_ms is less than first_pause_ms",
        ),
    ] {
        write_private(&path, &format!("{base}{text}"));
        let error = Config::load(&path).unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
    }
    std::fs::write(&path, format!("{base}[koroad]\nclient_secret = \"hunter2\n")).unwrap();
    let error = Config::load(&path).unwrap_err().to_string();
    assert!(error.contains("line 7") && !error.contains("hunter2"), "{error}");
    let missing = Config::load(&folder.path().join("none.toml")).unwrap_err().to_string();
    assert!(missing.contains("none.toml"), "{missing}");
}

#[test]
fn numbers_out_of_range_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rims.toml");
    for (key, value) in
        [("queue", u64::MAX / 2), ("queue", 0), ("readers", 4_294_967_295), ("committers", 0), ("node", 1023)]
    {
        let text = format!(
            "[database]\nurl = \"sqlite:///x\"\nmaster_key_file = \"/x\"\n{key} = {value}\n[koroad]\n[vehicles]\n"
        );
        std::fs::write(&path, text).unwrap();
        let error = Config::load(&path).unwrap_err().to_string();
        assert!(error.contains(&format!("database.{key} is a number from")), "{error}");
    }
}

#[test]
fn settings_of_webhooks_traces_and_retention_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rims.toml");
    let load = |text: &str| {
        let base = "[database]\nurl = \"sqlite:///x\"\nmaster_key_file = \"/x\"\n[koroad]\n[vehicles]\n";
        std::fs::write(&path, format!("{base}{text}\n")).unwrap();
        Config::load(&path)
    };
    for (text, expected) in [
        ("[webhooks]\nreach = \"everywhere\"", "webhooks.reach: "),
        ("[webhooks]\nconnect_timeout_ms = 0", "webhooks.connect_timeout_ms is a number from 1 to 30000"),
        ("[webhooks]\ntotal_timeout_ms = 30001", "webhooks.total_timeout_ms is a number from 1 to 30000"),
        ("[webhooks]\ntimeout_ms = 1", "unknown key webhooks.timeout_ms"),
        ("[traces]\nsample_ratio = 1.5", "traces.sample_ratio is a number from 0 to 1"),
        (
            "[traces]\nendpoint = \"grpc://127.0.0.1:4317\"",
            "traces.endpoint is an address with http or https",
        ),
        (
            "[traces]\nendpoint = \"http://key@127.0.0.1:4318\"",
            "traces.endpoint is an address with http or https",
        ),
        ("[traces]\nendpoint = \"http://127.0.0.1:4318?key=1\"", "neither a user nor a query"),
        ("[traces]\nendpoint = \"127.0.0.1:4318\"", "traces.endpoint: "),
        ("[retention]\nverifications_days = 0", "retention.verifications_days is a number from 1 to 36500"),
        ("[retention]\naudit_days = 36501", "retention.audit_days is a number from 1 to 36500"),
        ("[retention]\nrentals_days = 0", "retention.rentals_days is a number from 1 to 36500"),
        ("[retention]\nwebhook_messages_days = 0", "retention.webhook_messages_days is a number from 1"),
        ("[retention]\ngraces_days = 0", "retention.graces_days is a number from 1 to 36500"),
        ("[retention]\ncredentials_days = 0", "retention.credentials_days is a number from 1 to 36500"),
        ("[retention]\naccounts_days = 0", "retention.accounts_days is a number from 1 to 36500"),
        ("[retention]\naccounts_days = 1094", "accounts_days is less than retention.rights_days"),
        ("[retention]\naudit_days = 1096", "accounts_days is less than retention.audit_days"),
        ("[retention]\ncredentials_days = 1096", "accounts_days is less than retention.credentials_days"),
        ("[retention]\naudit_days = 729", "retention.audit_days is at least 730"),
        ("[retention]\nrights_days = 1094", "retention.rights_days is at least 1095"),
        ("[retention]\nverifications_days = 731", "audit_days is less than retention.verifications_days"),
        ("[retentions]", "unknown key retentions"),
        ("[retention]\ndays = 1", "unknown key retention.days"),
    ] {
        let error = load(text).unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("everywhere"), "{error}");
    }
    let default = load("").unwrap();
    assert_eq!(default.webhooks.reach, Reach::PublicOnly);
    assert_eq!(Retention::from(default.retention), Retention::default());
    let set = "[webhooks]\nreach = \"anywhere\"\ntotal_timeout_ms = 1500\n[retention]\naudit_days = 731\n\
               rights_days = 1096\naccounts_days = 1097\ngraces_days = 8\ncredentials_days = 9\n";
    let set = load(set).unwrap();
    assert_eq!((set.webhooks.reach, set.webhooks.timeouts().total.as_millis()), (Reach::Anywhere, 1_500));
    let expected = Retention {
        audit_days: 731,
        rights_days: 1_096,
        accounts_days: 1_097,
        graces_days: 8,
        credentials_days: 9,
        ..Retention::default()
    };
    assert_eq!(Retention::from(set.retention), expected);
}

#[test]
fn debug_shows_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rims.toml");
    let text = "[database]\nurl = \"postgres://rims:hunter2@db/rims?sslmode=require\"\nmaster_key_file = \"/x\"\n\
                [koroad]\nclient_secret = \"hunter2\"\n[vehicles]\nkey = \"hunter2\"\n";
    write_private(&path, text);
    let shown = format!("{:?}", Config::load(&path).unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn the_documented_samples_are_valid() {
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/samples");
    let mut parsed = 0;
    for entry in std::fs::read_dir(samples).unwrap() {
        Config::load(&entry.unwrap().path()).unwrap();
        parsed += 1;
    }
    assert!(parsed >= 2);
}

#[tokio::test]
async fn a_full_disk_is_110_and_nothing_is_corrupted() {
    let deployment = Deployment::start_with("sqlite_max_pages = 80", "").await;
    let client = company(&deployment).await;
    let mut answered = 0;
    let refused = loop {
        let answer = client.call("/licenseVerification", &driver()).await;
        if answer["body"]["f_rtn_code"] == "00" {
            answered += 1;
        } else {
            break answer;
        }
    };
    assert_eq!(error_of(&refused).0, -110);
    assert!(answered > 0);
    let config = deployment.config.clone();
    let Deployment { server, folder, upstream, .. } = deployment;
    server.stop().await;
    // The file is intact, every answered verification is in it, and with space it goes on.
    let mut roomy = config.clone();
    roomy.database.sqlite_max_pages = None;
    let again = Server::start(&roomy).await.unwrap();
    let store = attach(&roomy).await;
    let account = store.account_by_user_id("acme").await.unwrap().unwrap();
    let stored = store.verifications_of(account.id, Environment::Operations, 100_000).await.unwrap();
    assert_eq!(stored.len(), answered);
    assert!(store.verify_audit().await.unwrap().is_intact());
    store.close().await;
    let client = client.at(&format!("http://{}", again.api_address()));
    assert_eq!(client.code("/licenseVerification", &driver()).await, "00");
    again.stop().await;
    upstream.stop().await;
    drop(folder);
}
