use std::borrow::Cow;

use aria::Aria256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cipher::block_padding::Pkcs7;
use cipher::common::InnerInit;
use cipher::{Array, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, Iv, KeyInit};
use encoding_rs::{EUC_KR, EncoderResult};

use crate::config::{Charset, CipherMode};

const BLOCK: usize = 16;
const KEY: usize = 32;

/// The encryption of a body: ARIA-256, PKCS#7, Base64. The key schedule is made once.
pub(crate) struct Seal {
    cipher: Aria256,
    mode: CipherMode,
    charset: Charset,
}

/// A body that does not open: not Base64, not whole blocks, or wrongly padded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotSealed;

impl Seal {
    /// The key is the secret's UTF-8 bytes, cut or filled with zeroes to 32.
    pub(crate) fn new(secret: &str, mode: CipherMode, charset: Charset) -> Self {
        let mut key = [0; KEY];
        for (to, from) in key.iter_mut().zip(secret.bytes()) {
            *to = from;
        }
        Self { cipher: Aria256::new(&Array(key)), mode, charset }
    }

    /// Encrypts `text` and appends it to `out` as Base64.
    pub(crate) fn seal(&self, text: String, out: &mut String) -> Result<(), NotSealed> {
        let mut bytes = self.charset_bytes(text);
        let length = bytes.len();
        bytes.resize((length / BLOCK + 1) * BLOCK, 0);
        let sealed = match self.mode {
            CipherMode::Ecb => {
                ecb::Encryptor::inner_init(&self.cipher).encrypt_padded::<Pkcs7>(&mut bytes, length)
            }
            CipherMode::Cbc => {
                cbc::Encryptor::inner_iv_init(&self.cipher, &Iv::<CbcEncryptor<'_>>::default())
                    .encrypt_padded::<Pkcs7>(&mut bytes, length)
            }
        };
        STANDARD.encode_string(sealed.map_err(|_| NotSealed)?, out);
        Ok(())
    }

    /// Decrypts Base64 text, line breaks in it allowed, to the plaintext's bytes.
    pub(crate) fn open(&self, text: &str) -> Result<Vec<u8>, NotSealed> {
        let mut bytes = if text.contains(['\r', '\n']) {
            STANDARD.decode(text.replace(['\r', '\n'], ""))
        } else {
            STANDARD.decode(text)
        }
        .map_err(|_| NotSealed)?;
        let plain = match self.mode {
            CipherMode::Ecb => ecb::Decryptor::inner_init(&self.cipher).decrypt_padded::<Pkcs7>(&mut bytes),
            CipherMode::Cbc => {
                cbc::Decryptor::inner_iv_init(&self.cipher, &Iv::<CbcDecryptor<'_>>::default())
                    .decrypt_padded::<Pkcs7>(&mut bytes)
            }
        };
        let length = plain.map_err(|_| NotSealed)?.len();
        bytes.truncate(length);
        Ok(bytes)
    }

    fn charset_bytes(&self, text: String) -> Vec<u8> {
        match self.charset {
            Charset::Utf8 => text.into_bytes(),
            Charset::EucKr if text.is_ascii() => text.into_bytes(),
            Charset::EucKr => encode_euc_kr(&text),
        }
    }
}

type CbcEncryptor<'a> = cbc::Encryptor<&'a Aria256>;
type CbcDecryptor<'a> = cbc::Decryptor<&'a Aria256>;

/// Characters outside the set become `?`, as in the Java clients this wire comes from.
fn encode_euc_kr(text: &str) -> Vec<u8> {
    let mut encoder = EUC_KR.new_encoder();
    let mut bytes = Vec::with_capacity(text.len() + BLOCK);
    let mut rest = text;
    loop {
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut bytes, true);
        rest = rest.get(read..).unwrap_or_default();
        match result {
            EncoderResult::InputEmpty => return bytes,
            EncoderResult::OutputFull => bytes.reserve(rest.len() + BLOCK),
            EncoderResult::Unmappable(_) => bytes.push(b'?'),
        }
    }
}

/// Text of either character set: UTF-8 where it is UTF-8, else EUC-KR; `None` if it is neither.
pub(crate) fn read_text(bytes: &[u8]) -> Option<Cow<'_, str>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(Cow::Borrowed(text)),
        Err(_) => EUC_KR.decode_without_bom_handling_and_without_replacement(bytes),
    }
}

#[cfg(test)]
mod tests {
    use cipher::{BlockCipherDecrypt, BlockCipherEncrypt};
    use proptest::prelude::*;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits = text.as_bytes().chunks(2);
        digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    fn seals() -> impl Iterator<Item = Seal> {
        [CipherMode::Ecb, CipherMode::Cbc].into_iter().flat_map(|mode| {
            [Charset::EucKr, Charset::Utf8].map(|charset| Seal::new("a secret", mode, charset))
        })
    }

    #[test]
    fn aria_256_is_that_of_rfc_5794_appendix_a() {
        let key = hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
        let cipher = Aria256::new_from_slice(&key).unwrap();
        let plain = hex("00112233445566778899aabbccddeeff");
        let mut block = Array::try_from(plain.as_slice()).unwrap();
        cipher.encrypt_block(&mut block);
        assert_eq!(block.as_slice(), hex("f92bd7c79fb72e2f2b8f80c1972d24fc"));
        cipher.decrypt_block(&mut block);
        assert_eq!(block.as_slice(), plain);
    }

    #[test]
    fn ecb_seals_equal_blocks_equally_and_cbc_does_not() {
        let text = "0123456789abcdef".repeat(2);
        let sealed = |mode| {
            let mut out = String::new();
            Seal::new("k", mode, Charset::Utf8).seal(text.clone(), &mut out).unwrap();
            STANDARD.decode(out).unwrap()
        };
        let (ecb, cbc) = (sealed(CipherMode::Ecb), sealed(CipherMode::Cbc));
        assert_eq!((ecb.len(), cbc.len()), (48, 48));
        assert_eq!(ecb[..16], ecb[16..32]);
        assert_eq!(cbc[..16], ecb[..16], "the IV is zero");
        assert_ne!(cbc[..16], cbc[16..32]);
    }

    #[test]
    fn long_secrets_are_cut_and_short_ones_filled() {
        let sealed = |secret: &str| {
            let mut out = String::new();
            Seal::new(secret, CipherMode::Ecb, Charset::Utf8).seal("x".into(), &mut out).unwrap();
            out
        };
        assert_eq!(sealed(&"a".repeat(32)), sealed(&"a".repeat(64)));
        assert_eq!(sealed("a"), sealed("a\0"));
    }

    #[test]
    fn euc_kr_is_what_java_sends() {
        assert_eq!(encode_euc_kr("홍길동"), hex("c8abb1e6b5bf"));
        assert_eq!(encode_euc_kr("홍🚗동🚗"), hex("c8ab3fb5bf3f"));
        assert_eq!(encode_euc_kr(&"홍".repeat(5000)).len(), 10_000);
        assert_eq!(read_text(&hex("c8abb1e6b5bf")).unwrap(), "홍길동");
        assert_eq!(read_text("홍길동".as_bytes()).unwrap(), "홍길동");
        assert_eq!(read_text(&[0xff, 0xff]), None);
    }

    #[test]
    fn line_breaks_in_base64_are_accepted() {
        let seal = Seal::new("k", CipherMode::Ecb, Charset::Utf8);
        let mut out = String::new();
        seal.seal("some text".into(), &mut out).unwrap();
        out.insert_str(5, "\r\n");
        assert_eq!(seal.open(&out), Ok(b"some text".to_vec()));
        assert_eq!(seal.open("####"), Err(NotSealed));
        assert_eq!(seal.open(""), Err(NotSealed));
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(text in "[ -~가-힣]{0,80}") {
            for seal in seals() {
                let mut out = String::from("kept");
                seal.seal(text.clone(), &mut out).unwrap();
                let opened = seal.open(out.strip_prefix("kept").unwrap()).unwrap();
                let read = match seal.charset {
                    Charset::Utf8 => String::from_utf8(opened).unwrap(),
                    Charset::EucKr => EUC_KR.decode(&opened).0.into_owned(),
                };
                prop_assert_eq!(&read, &text);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,64}", bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            for seal in seals() {
                drop(seal.open(&text));
                drop(seal.open(&STANDARD.encode(&bytes)));
            }
            drop(read_text(&bytes));
        }
    }
}
