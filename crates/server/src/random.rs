//! The one source of randomness: the operating system's.

use uuid::Uuid;

/// The operating system gave no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system's random source failed")]
pub struct NoRandomness;

/// Fills `bytes` from the operating system.
#[expect(clippy::disallowed_methods, reason = "this is the one place that asks for randomness")]
pub fn fill(bytes: &mut [u8]) -> Result<(), NoRandomness> {
    getrandom::fill(bytes).map_err(|_| NoRandomness)
}

/// A version 4 UUID (122 random bits): a token (§4.1.1.2).
pub fn uuid() -> Result<Uuid, NoRandomness> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

/// 32 hexadecimal characters (128 bits): an auth key or a Secret Key.
pub fn key() -> Result<String, NoRandomness> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    Ok(Uuid::from_bytes(bytes).simple().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_version_4_and_keys_32_characters() {
        let (first, second) = (uuid().unwrap(), uuid().unwrap());
        assert_eq!((first.get_version_num(), first == second), (4, false));
        let key = key().unwrap();
        assert!(key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
