//! What can be configured, and what cannot.

use rims_upstream::{
    Charset, CipherMode, ConfigError, Koroad, KoroadConfig, PhotoCheck, PhotoConfig, Secret, VehicleConfig,
    VehicleRegistry,
};

use crate::support::Clock;

fn koroad(change: impl FnOnce(&mut KoroadConfig)) -> Result<(), ConfigError> {
    let mut config = KoroadConfig {
        base_url: "https://dlv.koroad.or.kr".into(),
        client_id: "id".into(),
        client_secret: Secret::new("secret"),
        pin_user: "user".into(),
        pin: Secret::new("0000"),
        ..KoroadConfig::default()
    };
    change(&mut config);
    Koroad::new(&config, "operations", Clock::new().now()).map(drop)
}

#[test]
fn settings_have_defaults_and_unknown_ones_are_refused() {
    let text = r#"{"base_url":"https://dlv.koroad.or.kr","cipher_mode":"cbc","charset":"utf-8",
        "limits":{"timeout_ms":700},"breaker":{"enabled":false}}"#;
    let config: KoroadConfig = serde_json::from_str(text).unwrap();
    assert_eq!((config.cipher_mode, config.charset), (CipherMode::Cbc, Charset::Utf8));
    assert_eq!((config.limits.timeout_ms, config.limits.connect_timeout_ms), (700, 2000));
    assert_eq!(serde_json::from_str::<KoroadConfig>("{}").unwrap(), KoroadConfig::default());
    for text in [
        r#"{"baseurl":""}"#,
        r#"{"limits":{"timeout":1}}"#,
        r#"{"cipher_mode":"gcm"}"#,
        r#"{"charset":"latin1"}"#,
        r#"{"breaker":{"on":true}}"#,
    ] {
        assert!(serde_json::from_str::<KoroadConfig>(text).is_err(), "{text}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let (client_secret, pin) = (Secret::new("hidden-one"), Secret::new("hidden-two"));
    let config = KoroadConfig { client_secret, pin, ..KoroadConfig::default() };
    let vehicles = VehicleConfig { key: Secret::new("hidden-three"), ..VehicleConfig::default() };
    let photo = PhotoConfig { key: Secret::new("hidden-four"), ..PhotoConfig::default() };
    let shown = format!("{config:?} {vehicles:?} {photo:?} {:#?}", config.client_secret);
    assert!(shown.contains("Secret(…)") && !shown.contains("hidden"), "{shown}");
}

#[test]
fn what_cannot_work_is_refused_at_the_start() {
    assert_eq!(koroad(|_| {}), Ok(()));
    for url in ["", "dlv.koroad.or.kr", "ftp://dlv.koroad.or.kr", "http://u:p@host", "http://host/?q"] {
        let refused = koroad(|config| config.base_url = url.into());
        assert_eq!(refused, Err(ConfigError::BaseUrl { system: "koroad" }), "{url}");
    }
    let missing = |setting| Err(ConfigError::Missing { system: "koroad", setting });
    assert_eq!(koroad(|config| config.client_id.clear()), missing("client_id"));
    assert_eq!(koroad(|config| config.client_secret = Secret::default()), missing("client_secret"));
    assert_eq!(koroad(|config| config.pin_user.clear()), missing("pin_user"));
    assert_eq!(koroad(|config| config.pin = Secret::default()), missing("pin"));
    let out_of_range = |setting| Err(ConfigError::OutOfRange { system: "koroad", setting });
    assert_eq!(koroad(|config| config.limits.chunk = 0), out_of_range("limits.chunk"));
    assert_eq!(koroad(|config| config.limits.timeout_ms = 0), out_of_range("limits.timeout_ms"));
    assert_eq!(koroad(|config| config.limits.single_slots = usize::MAX), out_of_range("limits.single_slots"));
    assert_eq!(koroad(|config| config.breaker.failure_rate = f32::NAN), out_of_range("breaker.failure_rate"));
    assert_eq!(koroad(|config| config.breaker.window = 0), out_of_range("breaker.window"));
}

#[test]
fn keys_are_needed_and_must_be_sendable() {
    let vehicles = |key: &str| {
        let config = VehicleConfig {
            base_url: "http://localhost".into(),
            key: Secret::new(key),
            ..VehicleConfig::default()
        };
        VehicleRegistry::new(&config, "operations").map(drop)
    };
    assert_eq!(vehicles("key"), Ok(()));
    assert_eq!(vehicles(""), Err(ConfigError::Missing { system: "vehicles", setting: "key" }));
    assert_eq!(vehicles("a\nb"), Err(ConfigError::Unsendable { system: "vehicles", setting: "key" }));
    let photo = PhotoConfig { base_url: "http://localhost".into(), ..PhotoConfig::default() };
    let missing = PhotoCheck::new(&photo, "operations").map(drop);
    assert_eq!(missing, Err(ConfigError::Missing { system: "photo", setting: "key" }));
}
