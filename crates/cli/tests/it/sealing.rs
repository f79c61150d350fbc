use crate::harness::{rims, run};

const KEY: &str = "1234b0842f2848c090a0835c6e7ac599";

fn with_key(arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut command = rims(arguments);
    command.env("RIMS_SECRET_KEY", KEY);
    run(command, input)
}

#[test]
fn what_is_sealed_can_be_opened() {
    let plaintext = r#"{"f_resident_name":"홍길동"}"#;
    let (code, sealed, stderr) = with_key(&["seal"], plaintext);
    assert_eq!(code, 0, "{stderr}");
    let (code, opened, stderr) = with_key(&["open"], &sealed);
    assert_eq!((code, opened.trim_end()), (0, plaintext), "{stderr}");
    let body: serde_json::Value = serde_json::from_str(&sealed).unwrap();
    let bare = body["encryptedData"].as_str().unwrap();
    assert_eq!(with_key(&["open"], bare).1.trim_end(), plaintext);
}

#[test]
fn keys_and_texts_may_come_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let (key, text) = (folder.path().join("key"), folder.path().join("text.json"));
    std::fs::write(&key, format!("{KEY}\n")).unwrap();
    std::fs::write(&text, "{}\n").unwrap();
    let (key, text) = (key.to_str().unwrap(), text.to_str().unwrap());
    let (code, sealed, stderr) = run(rims(&["seal", "--secret-key-file", key, text]), "");
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(with_key(&["open"], &sealed).1, "{}\n");
}

#[test]
fn what_cannot_be_sealed_or_opened_is_told() {
    for (arguments, input, hint) in [
        (["seal"], "[]", "one JSON object"),
        (["seal"], "{", "not JSON"),
        (["open"], "QUJD", "Secret Key"),
        (["open"], "***", "Base64"),
    ] {
        let (code, _, stderr) = with_key(&arguments, input);
        assert!(code == 2 && stderr.contains(hint), "{arguments:?} {input}: {stderr}");
    }
}
