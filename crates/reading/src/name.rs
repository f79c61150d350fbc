use rims_protocol::values::PersonName;
use unicode_normalization::UnicodeNormalization as _;

use crate::Refused;
use crate::text::seen;

/// A person's name: in Unicode NFKC, without outer white space and with one space where there is white space within. A
/// character that is not seen is refused by its number: nobody knows what it stands for (docs/spec-decisions.md,
/// Validation).
pub fn name(text: &str) -> Result<PersonName, Refused> {
    let is_common = |character: char| matches!(character, '가'..='힣' | 'A'..='Z' | 'a'..='z');
    if text.chars().all(is_common) {
        return parsed(text);
    }
    let text = text.trim();
    seen(text)?;
    let text: String = text.nfkc().collect();
    seen(&text)?;
    let words: Vec<&str> = text.split_whitespace().collect();
    parsed(&words.join(" "))
}

fn parsed(text: &str) -> Result<PersonName, Refused> {
    if text.is_empty() {
        return Err(Refused::Empty);
    }
    PersonName::parse(text).map_err(|_| Refused::Long { most: 40 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_name_has_one_spelling() {
        for text in [
            "남궁 민수",
            "남궁\u{a0}민수 ",
            "남궁  민수",
            "\u{3000}남궁\u{3000}민수",
            "\u{1102}\u{1161}\u{11b7}궁 민수",
        ] {
            assert_eq!(name(text).unwrap().as_str(), "남궁 민수", "{text:?}");
        }
        assert_eq!(name("ＪＯＨＮ　ＳＭＩＴＨ").unwrap().as_str(), "JOHN SMITH");
    }

    #[test]
    fn what_is_not_seen_is_named() {
        for (text, refused) in [
            ("", Refused::Empty),
            ("\u{a0}", Refused::Empty),
            ("홍\u{200b}길동", Refused::Unseen('\u{200b}')),
            ("\u{feff}홍길동", Refused::Unseen('\u{feff}')),
            ("홍길동\u{200e}", Refused::Unseen('\u{200e}')),
            ("홍\n길동", Refused::Unseen('\n')),
            ("홍\u{3164}길동", Refused::Unseen('\u{3164}')),
            ("홍\u{fffd}동", Refused::Lost),
            (&"가".repeat(41), Refused::Long { most: 40 }),
        ] {
            assert_eq!(name(text), Err(refused), "{text:?}");
        }
        assert!(Refused::Unseen('\u{200b}').korean().contains("U+200B"));
    }

    proptest! {
        #[test]
        fn what_was_read_is_read_the_same(text in "\\PC{0,45}") {
            if let Ok(read) = name(&text) {
                prop_assert_eq!(name(read.as_str()), Ok(read));
            }
        }
    }
}
