//! The ways in which people encrypt a body wrongly, told from the ciphertext and the right key.

use aes::{Aes128, Aes256};
use cbc::cipher::{BlockModeDecrypt as _, KeyInit, KeyIvInit as _};
use ecb::cipher::block_padding::{NoPadding, Pkcs7};
use sha2::{Digest as _, Sha256};

/// What was done instead of what §3.2 says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// The text is no multiple of the cipher's blocks.
    NotWholeBlocks,
    /// AES-128: the key cut or padded to 16 bytes.
    Key16,
    /// The key's text was taken as hexadecimal.
    HexKey,
    /// The key was hashed.
    HashedKey,
    /// A short key was padded with spaces.
    SpacePadded,
    /// CBC with an initialisation vector of zeroes, of the key, or before the text.
    Cbc,
    /// The plaintext was padded with zeroes.
    ZeroPadding,
}

/// The mistake under which the text becomes JSON.
pub(crate) fn find(ciphertext: &[u8], secret: &str) -> Option<Mistake> {
    if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(16) {
        return Some(Mistake::NotWholeBlocks);
    }
    let key: [u8; 32] = fitted(secret.as_bytes(), 0);
    let tries: [(Mistake, Option<Vec<u8>>); 6] = [
        (Mistake::Key16, ecb128(ciphertext, &fitted(secret.as_bytes(), 0))),
        (Mistake::HexKey, with_hex_key(ciphertext, secret)),
        (Mistake::HashedKey, ecb256(ciphertext, &Sha256::digest(secret.as_bytes()).into())),
        (Mistake::SpacePadded, ecb256(ciphertext, &fitted(secret.as_bytes(), b' '))),
        (Mistake::Cbc, with_cbc(ciphertext, &key)),
        (Mistake::ZeroPadding, with_zeroes(ciphertext, &key)),
    ];
    tries
        .into_iter()
        .find(|(_, plaintext)| plaintext.as_deref().is_some_and(is_object))
        .map(|(mistake, _)| mistake)
}

fn is_object(plaintext: &[u8]) -> bool {
    matches!(serde_json::from_slice(plaintext), Ok(serde_json::Value::Object(_)))
}

fn fitted<const N: usize>(bytes: &[u8], filler: u8) -> [u8; N] {
    let mut key = [filler; N];
    let length = bytes.len().min(N);
    key[..length].copy_from_slice(&bytes[..length]);
    key
}

fn ecb256(ciphertext: &[u8], key: &[u8; 32]) -> Option<Vec<u8>> {
    ecb::Decryptor::<Aes256>::new(&(*key).into()).decrypt_padded_vec::<Pkcs7>(ciphertext).ok()
}

fn ecb128(ciphertext: &[u8], key: &[u8; 16]) -> Option<Vec<u8>> {
    ecb::Decryptor::<Aes128>::new(&(*key).into()).decrypt_padded_vec::<Pkcs7>(ciphertext).ok()
}

/// 32 hexadecimal digits are 16 bytes, 64 are 32.
fn with_hex_key(ciphertext: &[u8], secret: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes: Option<Vec<u8>> = secret
        .as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect();
    let bytes = bytes?;
    match bytes.len() {
        16 => ecb128(ciphertext, &fitted(&bytes, 0))
            .filter(|text| is_object(text))
            .or_else(|| ecb256(ciphertext, &fitted(&bytes, 0))),
        _ => ecb256(ciphertext, &fitted(&bytes, 0)),
    }
}

fn with_cbc(ciphertext: &[u8], key: &[u8; 32]) -> Option<Vec<u8>> {
    let decrypt = |vector: [u8; 16], text: &[u8]| {
        let decryptor = cbc::Decryptor::<Aes256>::new(&(*key).into(), &vector.into());
        decryptor.decrypt_padded_vec::<Pkcs7>(text).ok().filter(|plaintext| is_object(plaintext))
    };
    let (first, rest) = ciphertext.split_at(16);
    decrypt([0; 16], ciphertext)
        .or_else(|| decrypt(fitted(key, 0), ciphertext))
        .or_else(|| decrypt(fitted(first, 0), rest))
}

fn with_zeroes(ciphertext: &[u8], key: &[u8; 32]) -> Option<Vec<u8>> {
    let decryptor = ecb::Decryptor::<Aes256>::new(&(*key).into());
    let mut plaintext = decryptor.decrypt_padded_vec::<NoPadding>(ciphertext).ok()?;
    while plaintext.last() == Some(&0) {
        plaintext.pop();
    }
    Some(plaintext)
}

#[cfg(test)]
mod tests {
    use aes::cipher::{BlockModeEncrypt as _, KeyIvInit as _};

    use super::*;

    const SECRET: &str = "1234b0842f2848c090a0835c6e7ac599";
    const TEXT: &[u8] = br#"{"f_license_no":"221212121212"}"#;

    fn sealed256(key: &[u8; 32]) -> Vec<u8> {
        ecb::Encryptor::<Aes256>::new(&(*key).into()).encrypt_padded_vec::<Pkcs7>(TEXT)
    }

    #[test]
    fn every_mistake_is_found() {
        let key: [u8; 32] = fitted(SECRET.as_bytes(), 0);
        let key16: [u8; 16] = fitted(SECRET.as_bytes(), 0);
        let hex: Vec<u8> =
            (0..16).map(|place| u8::from_str_radix(&SECRET[2 * place..2 * place + 2], 16).unwrap()).collect();
        let hex16: [u8; 16] = fitted(&hex, 0);
        let encrypt128 =
            |key: [u8; 16]| ecb::Encryptor::<Aes128>::new(&key.into()).encrypt_padded_vec::<Pkcs7>(TEXT);
        let cbc = |vector: [u8; 16]| {
            cbc::Encryptor::<Aes256>::new(&key.into(), &vector.into()).encrypt_padded_vec::<Pkcs7>(TEXT)
        };
        let zeroes: Vec<u8> = TEXT.iter().copied().chain([0]).collect();
        let zeroes = ecb::Encryptor::<Aes256>::new(&key.into()).encrypt_padded_vec::<NoPadding>(&zeroes);
        for (ciphertext, mistake) in [
            (b"abc".to_vec(), Mistake::NotWholeBlocks),
            (encrypt128(key16), Mistake::Key16),
            (encrypt128(hex16), Mistake::HexKey),
            (sealed256(&fitted(&hex, 0)), Mistake::HexKey),
            (sealed256(&Sha256::digest(SECRET).into()), Mistake::HashedKey),
            (cbc([0; 16]), Mistake::Cbc),
            (cbc(key16), Mistake::Cbc),
            ([vec![7; 16], cbc([7; 16])].concat(), Mistake::Cbc),
            (zeroes, Mistake::ZeroPadding),
        ] {
            assert_eq!(find(&ciphertext, SECRET), Some(mistake));
        }
        assert_eq!(find(&sealed256(&fitted(b"short", b' ')), "short"), Some(Mistake::SpacePadded));
        assert_eq!(find(&sealed256(&[7; 32]), SECRET), None);
    }
}
