//! What is refused unless a setting says that it is meant so.

use rims_server::Server;
use rims_server::config::Config;
use rims_server::webhook::{NotAllowed, WebhookUrl};

use crate::production::{Deployment, set_mode, write_private};

/// What a file of these settings is refused for, if it is.
fn load(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rims.toml");
    let settings = with_sections(text, &["database", "koroad", "vehicles"]);
    let settings = settings.replace("[database]", "[database]\nmaster_key_file = \"/x\"");
    let url = if settings.contains("\nurl = ") { "" } else { "\nurl = \"sqlite:///x\"" };
    write_private(&path, &settings.replace("[database]", &format!("[database]{url}")));
    Config::load(&path).map_err(|error| error.to_string())
}

fn with_sections(text: &str, sections: &[&str]) -> String {
    let missing = sections.iter().filter(|section| !text.contains(&format!("[{section}]")));
    missing.fold(format!("{text}\n"), |text, section| format!("{text}[{section}]\n"))
}

#[test]
fn the_api_is_not_served_to_other_machines_without_tls() {
    for listen in ["0.0.0.0:8114", "10.0.0.5:8114", "[::]:8114", "203.0.113.1:443"] {
        let settings = format!("[api]\nlisten = \"{listen}\"\n");
        let refused = load(&settings).unwrap_err();
        assert!(refused.contains("api.listen") && refused.contains("api.plaintext"), "{refused}");
        load(&format!("{settings}plaintext = \"behind_proxy\"\n")).unwrap();
        load(&format!("{settings}tls = {{ certificate = \"c\", key = \"k\" }}\n")).unwrap();
    }
    for listen in ["127.0.0.1:8114", "127.1.2.3:0", "[::1]:8114", "[::ffff:127.0.0.1]:1"] {
        load(&format!("[api]\nlisten = \"{listen}\"\n")).unwrap();
    }
    assert!(load("[api]\nplaintext = \"yes\"\n").unwrap_err().contains("api.plaintext"));
}

#[test]
fn other_machines_are_not_reached_without_tls() {
    for (section, key, plain, private, name) in [
        ("koroad", "base_url", "http://koroad.example", "https://koroad.example", "koroad"),
        ("vehicles", "base_url", "http://10.0.0.7/api", "https://10.0.0.7/api", "vehicles"),
        ("traces", "endpoint", "http://collector:4318", "https://collector:4318", "traces"),
        ("database", "url", "postgres://u@db/rims", "postgres://u@db/rims?sslmode=verify-full", "database"),
        ("database", "replica_url", "postgres://u@db", "postgres://u@db?sslmode=require", "replica"),
    ] {
        let settings = |value: &str| format!("[{section}]\n{key} = \"{value}\"\n");
        let refused = load(&settings(plain)).unwrap_err();
        assert!(refused.contains(&format!("{section}.{key} reaches")), "{refused}");
        assert!(refused.contains(&format!("\"{name}\" to allow.plaintext_to")), "{refused}");
        assert!(!refused.contains(plain), "{refused}");
        load(&format!("{}[allow]\nplaintext_to = [\"{name}\"]\n", settings(plain))).unwrap();
        load(&settings(private)).unwrap();
    }
    for local in ["http://127.0.0.1:8117", "http://localhost:8117", "http://[::1]:8117"] {
        load(&format!("[koroad]\nbase_url = \"{local}\"\n")).unwrap();
    }
    for outside in ["http://localhost.example", "http://127.0.0.1.example", "http://[2001:db8::1]"] {
        load(&format!("[koroad]\nbase_url = \"{outside}\"\n")).unwrap_err();
    }
    assert!(load("[allow]\nplaintext_to = [\"everything\"]\n").unwrap_err().contains("allow.plaintext_to"));
}

#[tokio::test]
async fn webhooks_reach_neither_what_is_denied_nor_the_servers_own_systems() {
    let config = load(
        "[database]\nurl = \"postgres://u@1.1.1.1,db.example:6000/x?sslmode=require\"\n\
         replica_url = \"postgres://u@replica.example/x?sslmode=require\"\n\
         [koroad]\nbase_url = \"https://koroad.example/api\"\n[vehicles]\nbase_url = \"https://[2606:4700::1]:8443\"\n\
         [traces]\nendpoint = \"https://collector.example:4318\"\n\
         [webhooks]\ndenied_targets = [\".internal.example\", \"9.9.9.0/24\"]\nallowed_ports = [443, 8443]\n",
    );
    let targets = config.unwrap().webhook_targets();
    for (url, expected) in [
        ("https://koroad.example/", Err(NotAllowed::OwnSystem)),
        ("https://KOROAD.example:8443/", Err(NotAllowed::OwnSystem)),
        ("https://[2606:4700::1]/", Err(NotAllowed::OwnSystem)),
        ("https://collector.example/", Err(NotAllowed::OwnSystem)),
        ("https://1.1.1.1/", Err(NotAllowed::OwnSystem)),
        ("https://db.example/", Err(NotAllowed::OwnSystem)),
        ("https://replica.example/", Err(NotAllowed::OwnSystem)),
        ("https://vpn.internal.example/", Err(NotAllowed::Denied)),
        ("https://9.9.9.9/", Err(NotAllowed::Denied)),
        ("https://example.com:6000/", Err(NotAllowed::Port)),
        ("https://example.com:8443/", Ok(())),
        ("https://8.8.8.8/", Ok(())),
    ] {
        assert_eq!(targets.check(&WebhookUrl::parse(url).unwrap()).await, expected, "{url}");
    }
    for (text, expected) in [
        ("denied_targets = [\"https://hunter2.example/\"]", "webhooks.denied_targets"),
        ("allowed_ports = []", "webhooks.allowed_ports"),
        ("allowed_ports = [0]", "webhooks.allowed_ports"),
    ] {
        let refused = load(&format!("[webhooks]\n{text}\n")).unwrap_err();
        assert!(refused.contains(expected) && !refused.contains("hunter2"), "{refused}");
    }
}

#[test]
fn a_configuration_with_secrets_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rims.toml");
    let plain = "[koroad]\n[vehicles]\n[database]\nmaster_key_file = \"/x\"\nurl = \"sqlite:///x\"\n";
    let load = |text: &str, mode| {
        write_private(&path, text);
        set_mode(&path, mode);
        Config::load(&path).map(drop).map_err(|error| error.to_string())
    };
    load(plain, 0o644).unwrap();
    for (from, to, secret) in [
        ("[koroad]", "[koroad]\nclient_secret = \"hunter2\"", "koroad.client_secret"),
        ("[koroad]", "[koroad]\npin = \"hunter2\"", "koroad.pin"),
        ("[vehicles]", "[vehicles]\nkey = \"hunter2\"", "vehicles.key"),
        ("sqlite:///x", "postgres://u:hunter2@localhost/x", "database.url"),
        ("sqlite:///x", "postgres://localhost,localhost/x?password=hunter2", "database.url"),
    ] {
        let text = plain.replace(from, to);
        for mode in [0o604, 0o644, 0o660] {
            let refused = load(&text, mode).unwrap_err();
            assert!(refused.contains("rims.toml") && refused.contains(secret), "{mode:o}: {refused}");
            assert!(!refused.contains("hunter2"), "{refused}");
        }
        load(&text, 0o600).unwrap();
        load(&format!("{text}[allow]\nreadable_by_others = [\"configuration\"]\n"), 0o644).unwrap();
    }
}

#[tokio::test]
async fn the_key_of_tls_is_its_owners_alone() {
    let deployment = Deployment::start("").await;
    let certificate = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (chain, key) = (deployment.path("chain.pem"), deployment.path("key.pem"));
    std::fs::write(&chain, certificate.cert.pem()).unwrap();
    write_private(&key, &certificate.signing_key.serialize_pem());
    set_mode(&key, 0o644);
    let mut config = deployment.config.clone();
    config.api.tls = Some(rims_server::config::TlsConfig { certificate: chain, key: key.clone() });
    let refused = Server::start(&config).await.err().unwrap().to_string();
    assert!(refused.contains("key.pem") && refused.contains("\"tls_key\""), "{refused}");
    // The next thing that is looked at is the database, which the first server holds.
    config.allow.readable_by_others = vec![rims_server::config::PrivateFile::TlsKey];
    let next = Server::start(&config).await.err().unwrap().to_string();
    assert!(next.contains("served by another process"), "{next}");
    config.allow.readable_by_others.clear();
    set_mode(&key, 0o600);
    let next = Server::start(&config).await.err().unwrap().to_string();
    assert!(next.contains("served by another process"), "{next}");
    deployment.stop().await;
}
