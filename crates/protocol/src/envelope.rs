//! The encrypted request body (§3.1, §3.2): AES-256-ECB, PKCS#7, Base64, under `encryptedData`.
//!
//! ECB is what the specification asks for; confidentiality in transit rests on TLS.

use std::borrow::Cow;
use std::fmt;

use aes::{Aes256Dec, Aes256Enc};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cipher::block_padding::Pkcs7;
use cipher::common::InnerInit;
use cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyInit};
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::ApiError;
use crate::json::{Members, Skipped};
use crate::messages::RequestTable;

/// A Secret Key (§3.2.2), ready to seal and open. The text itself is not kept.
#[derive(Clone)]
pub struct SecretKey {
    sealer: Aes256Enc,
    opener: Aes256Dec,
}

/// Why a sealed text could not be opened. It says which step failed and nothing of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not standard Base64 with padding.
    #[error("the text is not standard Base64 with padding")]
    Base64,
    /// Not a whole number of blocks, or the padding is wrong: most often another key.
    #[error("the ciphertext does not decrypt under this Secret Key")]
    Cipher,
}

impl SecretKey {
    /// The key of a Secret Key text: its UTF-8 bytes, truncated or zero-padded to 32, as the specification's
    /// own sample does with `Arrays.copyOf` (§6).
    pub fn new(secret: &str) -> Self {
        let mut bytes = Zeroizing::new([0u8; 32]);
        let length = secret.len().min(32);
        bytes[..length].copy_from_slice(&secret.as_bytes()[..length]);
        let key = cipher::Key::<Aes256Enc>::from(*bytes);
        Self { sealer: Aes256Enc::new(&key), opener: Aes256Dec::new(&key) }
    }

    /// Encrypts and encodes: the value of `encryptedData`.
    pub fn seal(&self, plaintext: &[u8]) -> String {
        STANDARD.encode(self.encrypted(plaintext))
    }

    /// Encrypts and encodes: the body of a request.
    pub fn seal_body(&self, plaintext: &[u8]) -> String {
        let encrypted = self.encrypted(plaintext);
        let mut body = String::with_capacity(encrypted.len() * 4 / 3 + 32);
        // Base64 needs no escapes in JSON.
        body.push_str(r#"{"encryptedData":""#);
        STANDARD.encode_string(encrypted, &mut body);
        body.push_str(r#""}"#);
        body
    }

    fn encrypted(&self, plaintext: &[u8]) -> Vec<u8> {
        ecb::Encryptor::inner_init(&self.sealer).encrypt_padded_vec::<Pkcs7>(plaintext)
    }

    /// Decodes and decrypts. Line breaks within the Base64 are accepted, nothing else is.
    pub fn open(&self, sealed: &str) -> Result<Vec<u8>, OpenError> {
        let mut bytes =
            STANDARD.decode(without_line_breaks(sealed).as_ref()).map_err(|_| OpenError::Base64)?;
        let cipher = ecb::Decryptor::inner_init(&self.opener);
        let length = cipher.decrypt_padded::<Pkcs7>(&mut bytes).map_err(|_| OpenError::Cipher)?.len();
        bytes.truncate(length);
        Ok(bytes)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

fn without_line_breaks(text: &str) -> Cow<'_, str> {
    if text.contains(['\r', '\n']) { Cow::Owned(text.replace(['\r', '\n'], "")) } else { Cow::Borrowed(text) }
}

/// Takes `encryptedData` out of a request body (§3.1); -180 unless the body is a JSON object that has it as a
/// string. Other members are ignored; of duplicates the last wins.
pub fn encrypted_data(body: &[u8]) -> Result<Cow<'_, str>, ApiError> {
    let body: Body<'_> = serde_json::from_slice(body).map_err(|_| ApiError::InvalidEncryptedData)?;
    body.encrypted_data.ok_or(ApiError::InvalidEncryptedData)
}

/// What of a request's body is read.
struct Body<'a> {
    encrypted_data: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The text of a member, or that it is none. What it is instead takes no memory.
struct OneText;

impl<'de> DeserializeSeed<'de> for OneText {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OneText {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        Skipped::of_items(items).map(|()| None)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        Skipped::of_members(members).map(|()| None)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Body<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OneBody)
    }
}

struct OneBody;

impl<'de> Visitor<'de> for OneBody {
    type Value = Body<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Body<'de>, A::Error> {
        let mut encrypted_data = None;
        while let Some(Name(name)) = members.next_key()? {
            if name != "encryptedData" {
                members.next_value::<Skipped>()?;
                continue;
            }
            encrypted_data = members.next_value_seed(OneText)?;
        }
        Ok(Body { encrypted_data })
    }
}

/// Opens `encryptedData` into the members that the interface's table has; -190 unless it decrypts to one JSON object in
/// UTF-8.
pub fn open_request(key: &SecretKey, sealed: &str, table: &RequestTable) -> Result<Members, ApiError> {
    let plaintext = Zeroizing::new(key.open(sealed).map_err(|_| ApiError::Decryption)?);
    let text = std::str::from_utf8(&plaintext).map_err(|_| ApiError::Decryption)?;
    Members::of_table(text, table).ok_or(ApiError::Decryption)
}

/// Wraps a sealed text as a request body.
pub fn request_body(sealed: &str) -> Value {
    serde_json::json!({ "encryptedData": sealed })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Sector;
    use crate::interface::Family;
    use crate::json::Json;

    const TABLE: RequestTable = RequestTable::of(Family::Result(Sector::General));

    /// The Secret Key of the specification's sample (§6).
    const SAMPLE_KEY: &str = "1234b0842f2848c090a0835c6e7ac599";

    #[test]
    fn published_vectors_hold() {
        let vectors: Value = serde_json::from_str(include_str!("../../../docs/crypto-vectors.json")).unwrap();
        let vectors = vectors["vectors"].as_array().unwrap();
        assert!(vectors.len() >= 6);
        for vector in vectors {
            let text = |name: &str| vector[name].as_str().unwrap().to_owned();
            let key = SecretKey::new(&text("secret_key"));
            assert_eq!(key.seal(text("plaintext").as_bytes()), text("encryptedData"), "{}", text("name"));
            assert_eq!(key.open(&text("encryptedData")).unwrap(), text("plaintext").as_bytes());
        }
    }

    #[test]
    fn keys_are_truncated_and_zero_padded() {
        let sealed = SecretKey::new("short").seal(b"{}");
        assert_eq!(SecretKey::new("short\0\0").open(&sealed).unwrap(), b"{}");
        let long = format!("{SAMPLE_KEY}and more");
        assert_eq!(SecretKey::new(&long).open(&SecretKey::new(SAMPLE_KEY).seal(b"{}")).unwrap(), b"{}");
        // A key cut within a character is still 32 bytes.
        let korean = "가".repeat(11);
        assert_eq!(SecretKey::new(&korean).open(&SecretKey::new(&korean).seal(b"{}")).unwrap(), b"{}");
    }

    #[test]
    fn line_breaks_are_accepted_and_nothing_else() {
        let key = SecretKey::new(SAMPLE_KEY);
        let sealed = key.seal(b"0123456789abcdef0123456789abcdef");
        let wrapped = format!("\r\n{}\r\n{}\n", &sealed[..10], &sealed[10..]);
        assert_eq!(key.open(&wrapped).unwrap(), b"0123456789abcdef0123456789abcdef");
        for bad in [
            format!(" {sealed}"),
            format!("{sealed} "),
            sealed.replace('=', ""),
            format!("{}\t{}", &sealed[..4], &sealed[4..]),
            sealed.replace(['+', '/'], "-"),
        ] {
            if bad != sealed {
                assert_eq!(key.open(&bad), Err(OpenError::Base64), "{bad:?}");
            }
        }
    }

    #[test]
    fn wrong_ciphertexts_are_refused() {
        let key = SecretKey::new(SAMPLE_KEY);
        assert_eq!(key.open(""), Err(OpenError::Cipher));
        assert_eq!(key.open("QUJD"), Err(OpenError::Cipher));
        let other = SecretKey::new("another key").seal(b"{\"a\":1}");
        assert_eq!(key.open(&other), Err(OpenError::Cipher));
    }

    #[test]
    fn the_body_must_be_an_object_with_a_string() {
        for body in
            ["", "null", "[]", "\"x\"", "{}", r#"{"encryptedData":1}"#, r#"{"encryptedData":null}"#, "{"]
        {
            assert_eq!(encrypted_data(body.as_bytes()), Err(ApiError::InvalidEncryptedData), "{body}");
        }
        assert_eq!(encrypted_data(&[0xff, 0xfe]), Err(ApiError::InvalidEncryptedData));
        let deep = "[".repeat(200) + &"]".repeat(200);
        for beside in [&b"\"\xb1\xe6\""[..], b"1e999", br#""\ud800""#, deep.as_bytes(), b"tru"] {
            let body = [br#"{"encryptedData":"a","x":"#, beside, b"}"].concat();
            assert_eq!(encrypted_data(&body), Err(ApiError::InvalidEncryptedData), "{}", body.escape_ascii());
        }
        let doubled = r#"{"x":[1],"encryptedData":"a","encryptedData":"b"}"#;
        assert_eq!(encrypted_data(doubled.as_bytes()).unwrap(), "b");
        assert_eq!(encrypted_data(request_body("c").to_string().as_bytes()).unwrap(), "c");
    }

    #[test]
    fn the_plaintext_must_be_one_object() {
        let key = SecretKey::new(SAMPLE_KEY);
        for plaintext in ["", "[]", "1", "{} {}", "{\"a\":", "\u{feff}{}"] {
            let sealed = key.seal(plaintext.as_bytes());
            assert_eq!(open_request(&key, &sealed, &TABLE), Err(ApiError::Decryption), "{plaintext:?}");
        }
        let euc_kr = key.seal(b"{\"f_resident_name\":\"\xc8\xab\xb1\xe6\xb5\xbf\"}");
        assert_eq!(open_request(&key, &euc_kr, &TABLE), Err(ApiError::Decryption));
        assert_eq!(open_request(&key, "not sealed", &TABLE), Err(ApiError::Decryption));
        let members = open_request(&key, &key.seal(br#"{"vrfc_no":"1","vrfc_no":"2"}"#), &TABLE).unwrap();
        assert_eq!(members.get("vrfc_no").and_then(Json::as_text), Some("2"));
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", SecretKey::new(SAMPLE_KEY)), "SecretKey(…)");
    }

    proptest! {
        #[test]
        fn seal_then_open_is_the_identity(secret in "\\PC{0,40}", plaintext: Vec<u8>) {
            let key = SecretKey::new(&secret);
            prop_assert_eq!(key.open(&key.seal(&plaintext)).unwrap(), plaintext);
        }

        #[test]
        fn a_body_is_what_is_sealed(plaintext: Vec<u8>) {
            let key = SecretKey::new(SAMPLE_KEY);
            let body = key.seal_body(&plaintext);
            prop_assert_eq!(encrypted_data(body.as_bytes()).unwrap(), key.seal(&plaintext));
        }

        #[test]
        fn no_input_makes_it_panic(sealed in "\\PC{0,200}", body: Vec<u8>) {
            let key = SecretKey::new(SAMPLE_KEY);
            let _ = open_request(&key, &sealed, &TABLE);
            if let Ok(inner) = encrypted_data(&body) {
                let _ = open_request(&key, &inner, &TABLE);
            }
            let _ = key.open(&STANDARD.encode(&body));
        }
    }
}
