use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac as _;
use jiff::Timestamp;

use super::{SigningSecrets, WebhookSecret};

const MAX_ID: usize = 64;
const PREFIX: &str = "msg_";

/// `webhook-id`: one event at one endpoint, the same at each attempt, so that a receiver can tell repetitions.
///
/// It has no full stop: what is signed is joined by them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MessageId(String);

impl MessageId {
    /// 1–64 ASCII letters, digits, `_` and `-`, else `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let valid = (1..=MAX_ID).contains(&text.len()) && text.bytes().all(allowed);
        valid.then(|| Self(text.to_owned()))
    }

    /// The one of a stored message.
    pub fn of_message(id: i64) -> Self {
        Self(format!("{PREFIX}{id}"))
    }

    /// The stored message it is of, if it has that form.
    pub fn message(&self) -> Option<i64> {
        self.0.strip_prefix(PREFIX)?.parse().ok()
    }

    /// As it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One attempt to deliver an event.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The same at each attempt.
    pub id: &'a MessageId,
    /// When this attempt is made; receivers refuse what is too old.
    pub sent_at: Timestamp,
    /// The event as JSON, the same at each attempt.
    pub body: &'a str,
}

impl Message<'_> {
    /// `webhook-signature`: a signature under each secret, with a space between them.
    pub fn signatures(&self, secrets: &SigningSecrets) -> String {
        let current = self.sign(&secrets.current);
        match &secrets.previous {
            None => current,
            Some(previous) => format!("{current} {}", self.sign(previous)),
        }
    }

    /// `v1,` and the Base64 of HMAC-SHA-256 over `id.seconds.body`.
    fn sign(&self, secret: &WebhookSecret) -> String {
        let mut hmac = secret.hmac();
        hmac.update(format!("{}.{}.", self.id, self.sent_at.as_second()).as_bytes());
        hmac.update(self.body.as_bytes());
        format!("v1,{}", STANDARD.encode(hmac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use standardwebhooks::Webhook;

    use super::*;

    fn secret(key: &[u8]) -> WebhookSecret {
        WebhookSecret::parse(&format!("whsec_{}", STANDARD.encode(key))).unwrap()
    }

    fn alone(current: WebhookSecret) -> SigningSecrets {
        SigningSecrets { current, previous: None }
    }

    #[test]
    fn published_vectors_hold() {
        for (text, id, seconds, body, signature) in [
            (
                "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
                "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
                1_649_367_553,
                r#"{"email":"test@example.com","username":"test_user"}"#,
                "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
            ),
            (
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                r#"{"test": 2432232314}"#,
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
            // docs/webhooks.md
            (
                "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
                "msg_794218305974960129",
                1_767_193_200,
                r#"{"data":{"rent_no":"R25-000000843","user_id":"s01"},"timestamp":"2026-01-01T00:00:00.007+09:00","type":"rental.confirmed"}"#,
                "v1,+pRtPqs54Std1lqrqtYBh6CR6f8fC1zV5pBwyC8Pupk=",
            ),
        ] {
            let id = MessageId::parse(id).unwrap();
            let sent_at = Timestamp::from_second(seconds).unwrap();
            let secrets = alone(WebhookSecret::parse(text).unwrap());
            assert_eq!(Message { id: &id, sent_at, body }.signatures(&secrets), signature);
        }
    }

    #[test]
    fn both_secrets_sign_after_a_change() {
        let id = MessageId::parse("1").unwrap();
        let message = Message { id: &id, sent_at: Timestamp::UNIX_EPOCH, body: "{}" };
        let (new, old) = (secret(&[1; 24]), secret(&[2; 24]));
        let each = [&new, &old].map(|secret| message.signatures(&alone(secret.clone())));
        assert_ne!(each[0], each[1]);
        let both = SigningSecrets { current: new, previous: Some(old) };
        assert_eq!(message.signatures(&both), each.join(" "));
    }

    #[test]
    fn ids_are_short_and_without_full_stops() {
        let longest = "a".repeat(64);
        for text in ["msg_1", "A-9", longest.as_str()] {
            assert_eq!(MessageId::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "a.b", "a b", "a\r\nb", "한", &"a".repeat(65)] {
            assert_eq!(MessageId::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn stored_messages_are_found_by_their_ids() {
        for id in [1, 123_456_789, i64::MAX] {
            let text = MessageId::of_message(id).to_string();
            assert_eq!(
                (text.as_str(), MessageId::parse(&text).unwrap().message()),
                (&*format!("msg_{id}"), Some(id))
            );
        }
        for text in ["1", "msg_", "msg_x", "msg_9223372036854775808"] {
            assert_eq!(MessageId::parse(text).unwrap().message(), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_published_library_signs_the_same(
            key in prop::collection::vec(any::<u8>(), 24..=64),
            id in "[0-9A-Za-z_-]{1,64}",
            seconds in 0i64..=4_102_444_800,
            nanoseconds in 0i32..1_000_000_000,
            body in "\\PC{0,300}",
        ) {
            let secret = secret(&key);
            let independent = Webhook::new(&secret.expose()).unwrap().sign(&id, seconds, body.as_bytes());
            let id = MessageId::parse(&id).unwrap();
            let sent_at = Timestamp::new(seconds, nanoseconds).unwrap();
            let ours = Message { id: &id, sent_at, body: &body }.signatures(&alone(secret));
            prop_assert_eq!(ours, independent.unwrap());
        }
    }
}
