use compact_str::CompactString;
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

use super::Malformed;

/// Whether a character controls how text is shown instead of being shown: Unicode Cc and Cf (NUL, U+200B, U+202E) and
/// the separators of lines and paragraphs, U+2028 and U+2029.
pub fn is_control_or_format(character: char) -> bool {
    match character {
        ' '..='~' | '가'..='힣' => false,
        other => matches!(
            other.general_category(),
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
        ),
    }
}

/// A syllable of Hangul in one character: most names and plates are of these and of ASCII, which is seen without the tables
/// of Unicode.
pub(crate) fn is_syllable(character: char) -> bool {
    ('가'..='힣').contains(&character)
}

/// Refuses control and format characters: no identifier and no name has one, PostgreSQL stores no NUL, and they forge
/// lines and hide or reorder text wherever it is shown.
pub(crate) fn without_controls(text: &str) -> Result<&str, Malformed> {
    if text.chars().any(is_control_or_format) {
        Err(Malformed("제어 문자와 서식 문자를 쓸 수 없습니다"))
    } else {
        Ok(text)
    }
}

/// The text in Unicode NFC: a syllable of Hangul is one character, however the sender's system composes it.
pub(crate) fn composed(text: &str) -> CompactString {
    if text.chars().all(|character| character.is_ascii() || is_syllable(character)) {
        return text.into();
    }
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text.into(),
        IsNormalized::No | IsNormalized::Maybe => text.nfc().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_shown_is_refused() {
        for character in ['\0', '\n', '\u{1b}', '\u{7f}', '\u{85}', '\u{ad}', '\u{200b}', '\u{200e}'] {
            assert!(is_control_or_format(character), "{character:?}");
        }
        for character in ['\u{2028}', '\u{2029}', '\u{202e}', '\u{2066}', '\u{feff}', '\u{e0001}'] {
            assert!(is_control_or_format(character), "{character:?}");
        }
        for character in [' ', '~', '가', '힣', 'é', '\u{a0}', '\u{3000}', '漢', '\u{1100}', '😀'] {
            assert!(!is_control_or_format(character), "{character:?}");
        }
    }

    #[test]
    fn texts_are_composed() {
        assert_eq!(composed("\u{1112}\u{1169}\u{11bc}길동"), "홍길동");
        assert_eq!(composed("e\u{301}"), "é");
        assert_eq!(composed("６７라 6767"), "６７라 6767", "NFC keeps the width");
    }
}
