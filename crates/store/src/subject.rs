//! The one sealed column of a verification: licence number, name and device id together.
//!
//! `licence (12) ‖ length of the name in bytes (1) ‖ name ‖ device id`: nothing can be read two ways, and an
//! empty rest means no device, because a device id has at least one character.

use rims_protocol::values::{DeviceId, LicenceNumber, PersonName};
use zeroize::Zeroizing;

use crate::error::StoreError;

const LICENCE_LEN: usize = 12;
const DAMAGED: StoreError = StoreError::Corrupt("verification.subject");

pub(crate) struct SealedSubject {
    pub(crate) licence: LicenceNumber,
    pub(crate) name: PersonName,
    pub(crate) device: Option<DeviceId>,
}

/// The plaintext of the column.
pub(crate) fn encode(
    licence: &LicenceNumber,
    name: &PersonName,
    device: Option<&DeviceId>,
) -> Zeroizing<Vec<u8>> {
    let name = name.as_str().as_bytes();
    let device = device.map_or(&[][..], |device| device.as_str().as_bytes());
    let mut plain = Zeroizing::new(Vec::with_capacity(LICENCE_LEN + 1 + name.len() + device.len()));
    plain.extend_from_slice(licence.as_str().as_bytes());
    // A name has at most 40 characters of at most 4 bytes.
    plain.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    plain.extend_from_slice(name);
    plain.extend_from_slice(device);
    plain
}

/// Reads [`encode`]'s plaintext.
pub(crate) fn decode(plain: &[u8]) -> Result<SealedSubject, StoreError> {
    let text = |bytes| std::str::from_utf8(bytes).map_err(|_| DAMAGED);
    let (licence, rest) = plain.split_at_checked(LICENCE_LEN).ok_or(DAMAGED)?;
    let (length, rest) = rest.split_first().ok_or(DAMAGED)?;
    let (name, device) = rest.split_at_checked(usize::from(*length)).ok_or(DAMAGED)?;
    let device = match device {
        [] => None,
        bytes => Some(DeviceId::parse(text(bytes)?).map_err(|_| DAMAGED)?),
    };
    Ok(SealedSubject {
        licence: LicenceNumber::parse_wire(text(licence)?).map_err(|_| DAMAGED)?,
        name: PersonName::parse(text(name)?).map_err(|_| DAMAGED)?,
        device,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_come_back() {
        let licence = LicenceNumber::parse("221212121212").unwrap();
        let longest = "𠮷".repeat(40);
        for (name, device) in [("홍길동", None), (longest.as_str(), Some("PM000001")), ("a", Some("가"))]
        {
            let name = PersonName::parse(name).unwrap();
            let device = device.map(|device| DeviceId::parse(device).unwrap());
            let read = decode(&encode(&licence, &name, device.as_ref())).unwrap();
            assert_eq!((read.licence, read.name, read.device), (licence.clone(), name, device));
        }
    }

    #[test]
    fn anything_else_is_damage() {
        for plain in [&b""[..], b"221212121212", b"221212121212\x05abc", b"22121212121x\x01a"] {
            assert_eq!(decode(plain).err(), Some(DAMAGED));
        }
    }
}
