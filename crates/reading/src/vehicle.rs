use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization as _, is_nfc};

use crate::Refused;
use crate::text::seen;

/// A plate or a device's id as it is sent: in Unicode NFC without outer white space. Spellings of one plate are compared by
/// their key (`rims_protocol::values::PlateKey`), so that an answer shows what was written. A character that is not seen is
/// refused by its number.
pub fn vehicle(text: &str) -> Result<Cow<'_, str>, Refused> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refused::Empty);
    }
    seen(text)?;
    Ok(if is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plates_are_composed_and_trimmed() {
        assert_eq!(vehicle(" 67라 6767\u{a0}"), Ok(Cow::Borrowed("67라 6767")));
        assert_eq!(vehicle("67\u{1105}\u{1161}6767").unwrap(), "67라6767");
        assert_eq!(vehicle("67라\u{200b}6767"), Err(Refused::Unseen('\u{200b}')));
        assert_eq!(vehicle("67\u{fffd}6767"), Err(Refused::Lost));
        assert_eq!(vehicle("\u{3000}"), Err(Refused::Empty));
    }
}
