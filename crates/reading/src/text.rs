use std::borrow::Cow;

use rims_protocol::values::is_control_or_format;
use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

use crate::Refused;

/// A text as it is compared: in Unicode NFKC, without characters that are not seen, with one space where there is white
/// space and none around it.
///
/// ```
/// assert_eq!(rims_reading::plain("\u{feff}１종\u{a0} 보통\u{200b} "), "1종 보통");
/// ```
pub fn plain(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let composed: String = text.nfkd().filter(|character| !is_unseen(*character)).nfc().collect();
    let mut plain = String::with_capacity(composed.len());
    for word in composed.split_whitespace() {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(word);
    }
    Cow::Owned(plain)
}

/// Most cells: ASCII and syllables, which is seen without the tables of Unicode.
fn is_plain(text: &str) -> bool {
    let is_known = |character: char| matches!(character, ' '..='~' | '가'..='힣');
    text.chars().all(is_known) && !text.starts_with(' ') && !text.ends_with(' ') && !text.contains("  ")
}

/// Whether a character takes no room where it is shown, and is no white space: U+200B, U+FEFF, the fillers of Hangul,
/// variation selectors.
pub(crate) fn is_unseen(character: char) -> bool {
    if matches!(character, ' '..='~' | '가'..='힣') {
        return false;
    }
    let takes_no_room = matches!(
        character,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}'
    );
    takes_no_room || (is_control_or_format(character) && !character.is_whitespace())
}

/// Whether a character is written for a hyphen: dashes of all kinds, the minus sign, and what Korean and Japanese
/// keyboards have beside it.
pub(crate) fn is_dash(character: char) -> bool {
    if character.is_ascii() {
        return character == '-';
    }
    character.general_category() == GeneralCategory::DashPunctuation
        || matches!(
            character,
            '\u{2043}'
                | '\u{2212}'
                | '\u{30fc}'
                | '\u{ff70}'
                | '\u{3161}'
                | '\u{1173}'
                | '\u{2500}'
                | '\u{2501}'
        )
}

/// A text that a spreadsheet was kept from calculating with, without what kept it: `'12`, `="12"`, `"12"`.
pub(crate) fn unquoted(text: &str) -> &str {
    let text = text.strip_prefix('\'').unwrap_or(text);
    let inner = text.strip_prefix("=\"").or_else(|| text.strip_prefix('"'));
    inner.and_then(|inner| inner.strip_suffix('"')).unwrap_or(text).trim()
}

/// Refuses a character that is not seen, or that an earlier program put where it lost one: names and plates have none.
pub(crate) fn seen(text: &str) -> Result<(), Refused> {
    let is_wrong = |character: &char| {
        is_unseen(*character) || *character == char::REPLACEMENT_CHARACTER || is_control_or_format(*character)
    };
    match text.chars().find(is_wrong) {
        None => Ok(()),
        Some(char::REPLACEMENT_CHARACTER) => Err(Refused::Lost),
        Some(character) => Err(Refused::Unseen(character)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_plain_stays(text in "\\PC{0,20}|[ \u{a0}\u{200b}\u{feff}\u{3164}가-힣\u{1100}-\u{1175}０-９A-z]{0,20}") {
            let once = plain(&text).into_owned();
            prop_assert_eq!(plain(&once), once.as_str());
        }
    }

    #[test]
    fn quotation_marks_of_spreadsheets_are_taken_off() {
        for text in ["12", "'12", "\"12\"", "=\"12\"", "'\"12\""] {
            assert_eq!(unquoted(text), "12");
        }
        assert_eq!(unquoted("=\"12"), "=\"12");
    }

    #[test]
    fn dashes_of_all_kinds() {
        for dash in ['-', '‐', '‑', '‒', '–', '—', '―', '−', '－', 'ー', 'ㅡ', '﹣', '─']
        {
            assert!(is_dash(dash), "{dash:?}");
        }
        assert!(!is_dash('~') && !is_dash('_') && !is_dash('1'));
    }
}
