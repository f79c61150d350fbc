use std::fmt;

use compact_str::CompactString;
use serde::{Serialize, Serializer};
use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

use super::{Malformed, composed, is_syllable, without_controls};

/// The plate that stands for "not decided yet" (§3.3).
pub const TEMPORARY_PLATE: &str = "99임9999";

/// A vehicle registration number: at most 16 characters (§4.2.1.4), as sent, in Unicode NFC. One vehicle's number has
/// several spellings: compare by [`Plate::key`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plate(CompactString);

impl Plate {
    /// 1–16 characters that are more than white space and hyphens, none of them a control or format character.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let plate = Self(composed(text));
        match plate.0.chars().count() {
            1..=16 if !plate.key().as_str().is_empty() => {
                without_controls(&plate.0)?;
                Ok(plate)
            }
            _ => Err(Malformed("1자 이상 16자 이하여야 합니다")),
        }
    }

    /// The same, but in no spelling `99임9999`, where the vehicle must be decided (§4.2.3.4).
    pub fn parse_decided(text: &str) -> Result<Self, Malformed> {
        let plate = Self::parse(text)?;
        if plate.is_temporary() {
            Err(Malformed("임시차량번호는 쓸 수 없습니다"))
        } else {
            Ok(plate)
        }
    }

    /// As sent, in NFC.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What all spellings of this number have in common.
    pub fn key(&self) -> PlateKey {
        if self.0.chars().all(|character| character.is_ascii_alphanumeric() || is_syllable(character)) {
            return PlateKey(self.0.clone());
        }
        PlateKey(self.0.nfkd().filter(|character| !is_left_out(*character)).nfc().collect())
    }

    /// Whether it is `99임9999`, however spelled.
    pub fn is_temporary(&self) -> bool {
        self.key().as_str() == TEMPORARY_PLATE
    }
}

/// A plate as it is compared: in Unicode NFKC, without white space and hyphens, so that `67라 6767` and `６７라-６７６７`
/// are `67라6767`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlateKey(CompactString);

impl PlateKey {
    /// The text to store, to compare and to ask the registry for.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a key has not: white space, hyphens in all their forms, and characters that take no room (the fillers of
/// Hangul, the grapheme joiner, variation selectors).
fn is_left_out(character: char) -> bool {
    let hyphen = character.general_category() == GeneralCategory::DashPunctuation
        || matches!(character, '\u{2043}' | '\u{2212}');
    let takes_no_room = matches!(character, '\u{115f}' | '\u{1160}' | '\u{34f}' | '\u{fe00}'..='\u{fe0f}');
    character.is_whitespace() || hyphen || takes_no_room
}

impl Serialize for Plate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// What identifies a scooter to its company: at most 200 characters (§4.4.1.4).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DeviceId(CompactString);

impl DeviceId {
    /// 1–200 characters, none of them a control or format character.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        match text.chars().count() {
            1..=200 => without_controls(text).map(|text| Self(text.into())),
            _ => Err(Malformed("1자 이상 200자 이하여야 합니다")),
        }
    }

    /// As sent. Encrypted at rest: never log it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceId(…)")
    }
}

/// `vhcl_reg_no`, read by the sector's rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vehicle {
    /// No vehicle was given.
    None,
    /// A registered vehicle, or the temporary plate.
    Plate(Plate),
    /// A personal mobility device.
    Device(DeviceId),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plates() {
        assert!(Plate::parse(TEMPORARY_PLATE).unwrap().is_temporary());
        let plate = Plate::parse("67라6767").unwrap();
        assert_eq!((plate.as_str(), plate.is_temporary()), ("67라6767", false));
        assert!(Plate::parse(&"가".repeat(16)).is_ok());
        assert!(Plate::parse(&"가".repeat(17)).is_err() && Plate::parse("").is_err());
        for text in [" ", "\u{3000}", "-", "– -", "\u{3164}"] {
            assert!(Plate::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn spellings_of_one_plate_have_one_key() {
        let key = |text: &str| Plate::parse(text).unwrap().key();
        for text in [
            "67라 6767",
            " 67 라\u{a0}6767\u{3000}",
            "67-라-6767",
            "67라‐6767",
            "67라–6767",
            "67라−6767",
            "６７라６７６７",
            "６７라－６７６７",
            "67\u{1105}\u{1161}6767",
            "67\u{1105} \u{1161}6767",
            "67\u{3139}\u{314f}6767",
            "67라\u{3164}6767",
        ] {
            assert_eq!(key(text).as_str(), "67라6767", "{text:?}");
        }
        assert_ne!(key("67라6767"), key("67라6768"));
        assert_ne!(key("67라6767"), key("67나6767"));
    }

    proptest! {
        /// What is seen without the tables of Unicode is what they say.
        #[test]
        fn a_plain_plate_is_its_own_key(text in "[0-9A-Za-z가-힣]{1,16}") {
            let by_the_tables: String = text.nfkd().filter(|character| !is_left_out(*character)).nfc().collect();
            let plate = Plate::parse(&text).unwrap();
            let key = plate.key();
            prop_assert_eq!((plate.as_str(), key.as_str()), (text.as_str(), by_the_tables.as_str()));
        }
    }

    #[test]
    fn a_plate_is_shown_as_sent_and_composed() {
        assert_eq!(Plate::parse(" ６７라-6767").unwrap().as_str(), " ６７라-6767");
        assert_eq!(Plate::parse("67\u{1105}\u{1161} 6767").unwrap().as_str(), "67라 6767");
        assert!(Plate::parse(&"\u{1105}\u{1161}".repeat(16)).is_ok());
        assert!(Plate::parse(&"\u{1105}\u{1161}".repeat(17)).is_err());
    }

    #[test]
    fn the_temporary_plate_is_refused_in_every_spelling() {
        for text in ["99임 9999", "９９임９９９９", "99-임-9999", "99\u{110b}\u{1175}\u{11b7}9999"] {
            assert!(Plate::parse(text).unwrap().is_temporary(), "{text:?}");
            assert!(Plate::parse_decided(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_decided_plate_is_not_the_temporary_one() {
        assert_eq!(Plate::parse_decided("67라6767"), Plate::parse("67라6767"));
        assert_eq!(Plate::parse_decided(TEMPORARY_PLATE), Err(Malformed("임시차량번호는 쓸 수 없습니다")));
        assert_eq!(Plate::parse_decided(""), Plate::parse(""));
    }

    #[test]
    fn devices() {
        let device = DeviceId::parse("PM000001").unwrap();
        assert_eq!((device.as_str(), format!("{device:?}").as_str()), ("PM000001", "DeviceId(…)"));
        assert!(DeviceId::parse(&"가".repeat(200)).is_ok());
        assert!(DeviceId::parse(&"가".repeat(201)).is_err() && DeviceId::parse("").is_err());
    }

    #[test]
    fn control_and_format_characters_are_refused() {
        let refused = Malformed("제어 문자와 서식 문자를 쓸 수 없습니다");
        for text in [
            "\0",
            "67라6767\0",
            "67라\n6767",
            "\t67라6767",
            "67라6767\u{7f}",
            "67\u{9b}라6767",
            "67라\u{200b}6767",
            "\u{202e}67라6767",
        ] {
            assert_eq!(Plate::parse(text), Err(refused), "{text:?}");
            assert_eq!(DeviceId::parse(text), Err(refused), "{text:?}");
        }
    }
}
