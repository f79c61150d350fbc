use std::fmt;
use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit};
use sha2::Sha256;
use zeroize::Zeroizing;

const PREFIX: &str = "whsec_";
/// Bytes that a secret may have.
const LENGTH: RangeInclusive<usize> = 24..=64;
/// Bytes of the secrets made here.
const NEW_LENGTH: usize = 32;
/// The block of SHA-256. A shorter HMAC key is the same as one filled up with zeroes.
const BLOCK: usize = 64;

/// What an endpoint's deliveries are signed with. Never shown by `Debug`; its memory is cleared when it is dropped.
#[derive(Clone)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

/// A text that is not a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is `whsec_` and the Base64 of 24 to 64 bytes")]
pub struct MalformedSecret;

impl WebhookSecret {
    /// A new one of 32 bytes that `fill` takes from a source of randomness fit for keys.
    pub fn generate<E>(fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut key = Zeroizing::new(vec![0; NEW_LENGTH]);
        fill(&mut key)?;
        Ok(Self(key))
    }

    /// Reads `whsec_…`.
    pub fn parse(text: &str) -> Result<Self, MalformedSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(MalformedSecret)?;
        let key = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| MalformedSecret)?);
        if LENGTH.contains(&key.len()) { Ok(Self(key)) } else { Err(MalformedSecret) }
    }

    /// `whsec_…`: only for its owner, and for where it is stored.
    pub fn expose(&self) -> Zeroizing<String> {
        let encoded = Zeroizing::new(STANDARD.encode(&*self.0));
        Zeroizing::new(format!("{PREFIX}{}", *encoded))
    }

    pub(super) fn hmac(&self) -> Hmac<Sha256> {
        let mut block = Zeroizing::new([0; BLOCK]);
        for (to, from) in block.iter_mut().zip(self.0.iter()) {
            *to = *from;
        }
        <Hmac<Sha256> as KeyInit>::new((&*block).into())
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

/// An endpoint's secrets. After a change both sign for a while, so that its owner can change over in peace.
#[derive(Clone, Debug)]
pub struct SigningSecrets {
    /// The one that counts.
    pub current: WebhookSecret,
    /// The one before, while it still signs.
    pub previous: Option<WebhookSecret>,
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;
    use crate::random::{self, NoRandomness};

    fn of(length: usize) -> String {
        format!("whsec_{}", STANDARD.encode(vec![7; length]))
    }

    #[test]
    fn new_ones_are_what_the_source_gave() {
        let sevens = |bytes: &mut [u8]| {
            bytes.fill(7);
            Ok::<(), Infallible>(())
        };
        let Ok(secret) = WebhookSecret::generate(sevens);
        assert_eq!(*secret.expose(), of(32));
        assert_eq!(WebhookSecret::generate(|_| Err(NoRandomness)).unwrap_err(), NoRandomness);
        let two = [random::fill; 2].map(|fill| WebhookSecret::generate(fill).unwrap().expose());
        assert_ne!(two[0], two[1]);
    }

    #[test]
    fn lengths_are_24_to_64_bytes() {
        for length in [24, 32, 63, 64] {
            assert_eq!(*WebhookSecret::parse(&of(length)).unwrap().expose(), of(length));
        }
        for length in [0, 1, 23, 65, 128] {
            assert_eq!(WebhookSecret::parse(&of(length)).unwrap_err(), MalformedSecret, "{length}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let good = of(32);
        for bad in [
            String::new(),
            "whsec_".to_owned(),
            good.replace("whsec_", ""),
            good.replace("whsec_", "whsk_"),
            good.replace("whsec_", "WHSEC_"),
            good.replace('=', ""),
            format!(" {good}"),
            format!("{good}\n"),
            good.replace("Bwc", "B-_"),
        ] {
            assert_eq!(WebhookSecret::parse(&bad).unwrap_err(), MalformedSecret, "{bad:?}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        let current = WebhookSecret::parse(&of(24)).unwrap();
        let secrets = SigningSecrets { previous: Some(current.clone()), current };
        let expected = "SigningSecrets { current: WebhookSecret(…), previous: Some(WebhookSecret(…)) }";
        assert_eq!(format!("{secrets:?}"), expected);
    }

    proptest! {
        #[test]
        fn written_secrets_come_back(key in prop::collection::vec(any::<u8>(), LENGTH)) {
            let text = format!("whsec_{}", STANDARD.encode(key));
            prop_assert_eq!(&*WebhookSecret::parse(&text).unwrap().expose(), &text);
        }

        #[test]
        fn no_text_makes_it_panic(text in "(whsec_)?\\PC{0,100}") {
            if let Ok(secret) = WebhookSecret::parse(&text) {
                prop_assert_eq!(&*secret.expose(), &text);
            }
        }
    }
}
