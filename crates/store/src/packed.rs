//! Long values as they are stored: compressed (LZ4) before they are sealed. A thousand answers say much the same, and
//! what is sealed no database compresses.

use std::borrow::Cow;

use lz4_flex::block::{compress_prepend_size, decompress, uncompressed_size};

use crate::error::StoreError;

/// A shorter value gains nothing.
const LONG: usize = 1024;
/// Stands before what is compressed. Other values are JSON, which never begins with it.
const MARK: u8 = 0;

/// A value as it is sealed.
pub(crate) fn packed(value: &[u8]) -> Cow<'_, [u8]> {
    if value.len() < LONG && value.first() != Some(&MARK) {
        return Cow::Borrowed(value);
    }
    let compressed = compress_prepend_size(value);
    Cow::Owned([&[MARK], compressed.as_slice()].concat())
}

/// The value of what was sealed; `column` is what is damaged if it is none.
pub(crate) fn unpacked(stored: &[u8], column: &'static str) -> Result<Vec<u8>, StoreError> {
    let Some((&MARK, compressed)) = stored.split_first() else { return Ok(stored.to_vec()) };
    let value =
        uncompressed_size(compressed).and_then(|(length, block)| Ok((decompress(block, length)?, length)));
    match value {
        Ok((value, length)) if value.len() == length => Ok(value),
        _ => Err(StoreError::Corrupt(column)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_answers_take_a_third_and_one_is_stored_as_it_is() {
        let driver =
            |place: u32| format!(r#"{{"f_rtn_code":"00","f_license_no":"1*{}*1*"}}"#, place * 7919 % 100_000);
        let answers = format!("[{}]", (0..1000).map(driver).collect::<Vec<_>>().join(","));
        let stored = packed(answers.as_bytes());
        assert!(stored.len() * 3 < answers.len(), "{} of {}", stored.len(), answers.len());
        let one = driver(1);
        assert_eq!(packed(one.as_bytes()), one.as_bytes());
    }

    #[test]
    fn long_values_of_before_are_read_as_they_are() {
        let answers = format!("[{}]", vec!["{}"; LONG].join(","));
        assert_eq!(unpacked(answers.as_bytes(), "column").unwrap(), answers.as_bytes());
    }

    #[test]
    fn what_is_cut_off_is_damaged() {
        let stored = packed(&[b'x'; LONG]).into_owned();
        for length in 1..stored.len() {
            assert_eq!(unpacked(&stored[..length], "column"), Err(StoreError::Corrupt("column")), "{length}");
        }
    }

    #[test]
    fn what_is_packed_comes_back_whatever_it_begins_with_and_however_long_it_is() {
        for length in (0..20).chain(LONG - 2..LONG + 2).chain([100_000]) {
            for first in [MARK, b'{'] {
                let value: Vec<u8> = [first].into_iter().chain((1..=250).cycle()).take(length).collect();
                assert_eq!(unpacked(&packed(&value), "column").unwrap(), value, "{length} from {first}");
            }
        }
    }
}
