//! Any bytes as a request's body, as `encryptedData`, and as its plaintext (§3.1, §3.2).
#![no_main]

use libfuzzer_sys::fuzz_target;
use rims_protocol::ApiError;
use rims_protocol::SecretKey;
use rims_protocol::envelope::{encrypted_data, open_request, request_body};
use rims_protocol::json::Members;
use rims_protocol::interface::INTERFACES;
use rims_protocol::messages::RequestTable;
use serde_json::Value;

fuzz_target!(|input: (&str, &[u8])| {
    let (secret, bytes) = input;
    let key = SecretKey::new(secret);
    from_outside(&key, bytes);
    from_a_client(&key, bytes);
});

/// What anybody may post is refused with one of two errors, or is a request.
fn from_outside(key: &SecretKey, bytes: &[u8]) {
    match encrypted_data(bytes) {
        Ok(sealed) => match open_request(key, &sealed, &RequestTable::of(INTERFACES[3].family)) {
            Ok(members) => assert!(members.held_bytes() <= 1 << 20, "{} bytes", members.held_bytes()),
            Err(ApiError::Decryption) => {}
            Err(other) => panic!("{other}"),
        },
        Err(error) => assert_eq!(error, ApiError::InvalidEncryptedData),
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(plaintext) = key.open(text)
    {
        assert_eq!(key.open(&key.seal(&plaintext)), Ok(plaintext));
    }
}

/// What is sealed opens, broken into lines or not, and is a request exactly if it is one JSON object.
fn from_a_client(key: &SecretKey, plaintext: &[u8]) {
    let sealed = key.seal(plaintext);
    assert_eq!(key.open(&sealed).as_deref(), Ok(plaintext));
    let wrapped = sealed.replace('A', "A\r\n");
    assert_eq!(key.open(&wrapped).as_deref(), Ok(plaintext));
    let body = request_body(&sealed).to_string();
    assert_eq!(encrypted_data(body.as_bytes()).as_deref(), Ok(sealed.as_str()));
    let is_object = serde_json::from_slice::<Value>(plaintext).is_ok_and(|value| value.is_object());
    assert_eq!(serde_json::from_slice::<Members>(plaintext).is_ok(), is_object);
    for interface in &INTERFACES {
        let opened = open_request(key, &sealed, &RequestTable::of(interface.family));
        assert_eq!(opened.is_ok(), is_object);
    }
}
