use rims_protocol::values::LicenceNumber;

use crate::text::{is_dash, unquoted};
use crate::{Refused, plain, region};

/// How many digits a licence number has (§4.2.1.4).
const DIGITS: usize = 12;

/// How the digits are grouped on a card: `11-12-345678-90`, or `서울 12-345678-90`.
const GROUPS: [&[usize]; 2] = [&[2, 2, 6, 2], &[2, 6, 2]];

/// A licence number as people write it: 12 digits in any width, with dashes of all kinds or spaces between them, grouped
/// as on a card by points or strokes, behind the name of a region, as a spreadsheet's number (`221212121212.0`) or text
/// (`="221212121212"`).
pub fn licence_number(text: &str) -> Result<LicenceNumber, Refused> {
    if let Ok(number) = LicenceNumber::parse_wire(text) {
        return Ok(number);
    }
    let text = plain(text);
    let text = unquoted(&text);
    if text.is_empty() {
        return Err(Refused::Empty);
    }
    let number = match number(text)? {
        Some(digits) => digits,
        None => card(text)?,
    };
    LicenceNumber::parse_wire(&number).map_err(|_| Refused::Digits { found: number.len(), expected: DIGITS })
}

/// The digits of a number as programs write it: `221212121212.0`, or `2.21212121212E+11` with all of its digits.
fn number(text: &str) -> Result<Option<String>, Refused> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((mantissa, exponent)) = text.split_once(['e', 'E']) {
        let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
        let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
        if !is_digits(whole) || !is_digits(exponent) || !(fraction.is_empty() || is_digits(fraction)) {
            return Ok(None);
        }
        // A spreadsheet shows six digits so; only a number with all of its digits is the whole one.
        let is_whole = whole.len() == 1 && fraction.len() == DIGITS - 1 && exponent.parse() == Ok(DIGITS - 1);
        return if is_whole { Ok(Some(format!("{whole}{fraction}"))) } else { Err(Refused::Shortened) };
    }
    let whole =
        text.split_once('.').filter(|(_, fraction)| is_digits(fraction) && !fraction.contains(|c| c != '0'));
    Ok(whole
        .filter(|(whole, _)| is_digits(whole) && whole.len() == DIGITS)
        .map(|(whole, _)| whole.to_owned()))
}

/// The digits of what is printed on a card.
fn card(text: &str) -> Result<String, Refused> {
    let letters = |character: char| character.is_alphabetic() && !is_dash(character);
    let text = text.trim_start_matches(['(', '[']);
    let end = text.find(|character| !letters(character)).unwrap_or(text.len());
    let (named, rest) = text.split_at(end);
    let rest = if named.is_empty() { rest } else { rest.trim_start_matches([')', ']']) };
    let code = if named.is_empty() { None } else { Some(region(named)?) };
    let (digits, groups, is_pointed) = groups(rest)?;
    if is_pointed && !GROUPS.contains(&groups.as_slice()) {
        return Err(Refused::Groups);
    }
    match code {
        None => Ok(digits),
        Some(code) if digits.len() == DIGITS && digits.starts_with(code) => Ok(digits),
        Some(_) if digits.len() == DIGITS => Err(Refused::OtherRegion),
        Some(code) if digits.len() == DIGITS - code.len() => Ok(format!("{code}{digits}")),
        Some(code) => Err(Refused::Digits { found: digits.len(), expected: DIGITS - code.len() }),
    }
}

/// The digits, how many stand together, and whether something else than dashes and spaces separates them.
fn groups(text: &str) -> Result<(String, Vec<usize>, bool), Refused> {
    let (mut digits, mut groups, mut is_pointed) = (String::with_capacity(DIGITS), Vec::new(), false);
    let mut is_within = false;
    for character in text.chars() {
        if character.is_ascii_digit() {
            digits.push(character);
            if !is_within {
                groups.push(0);
            }
            if let Some(group) = groups.last_mut() {
                *group += 1;
            }
            is_within = true;
            continue;
        }
        is_within = false;
        match character {
            '.' | '/' | ',' | '_' | '·' | '•' | ':' => is_pointed = true,
            ' ' => {}
            dash if is_dash(dash) => {}
            other => return Err(Refused::Character(other)),
        }
    }
    Ok((digits, groups, is_pointed))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_number_has_many_spellings() {
        for text in [
            "221212121212",
            "22-12-121212-12",
            "２２-１２-１２１２１２-１２",
            "22－12－121212－12",
            "22—12―121212–12",
            "22ㅡ12ㅡ121212ㅡ12",
            "22-12-121212-12\u{200b}",
            "\u{feff}22-12-121212-12",
            "22\u{a0}12\u{3000}121212 12",
            "22.12.121212.12",
            "22/12/121212/12",
            "22·12·121212·12",
            "대구 12-121212-12",
            "대구12-121212-12",
            "대구 22-12-121212-12",
            "(대구) 12-121212-12",
            "대구광역시 12-121212-12",
            "대구.12.121212.12",
            "Daegu 12-121212-12",
            "'221212121212",
            "=\"221212121212\"",
            "221212121212.0",
            "221212121212.00",
            "2.21212121212E+11",
            "2.21212121212e11",
            " 221212121212\n",
        ] {
            assert_eq!(
                licence_number(text).map(|number| number.as_str().to_owned()),
                Ok("221212121212".to_owned()),
                "{text:?}"
            );
        }
        assert_eq!(licence_number("경기북부 12-345678-90").unwrap().as_str(), "281234567890");
    }

    #[test]
    fn causes_are_told() {
        for (text, refused) in [
            ("", Refused::Empty),
            (" \u{200b}", Refused::Empty),
            ("22121212121", Refused::Digits { found: 11, expected: 12 }),
            ("2212121212123", Refused::Digits { found: 13, expected: 12 }),
            ("서울 12-345678-9", Refused::Digits { found: 9, expected: 10 }),
            ("2.21212E+11", Refused::Shortened),
            ("2.2121212121E+11", Refused::Shortened),
            ("2.21212121212E+10", Refused::Shortened),
            ("22-12-121212-1O", Refused::Character('O')),
            ("22-12-121212-12*", Refused::Character('*')),
            ("서울", Refused::Digits { found: 0, expected: 10 }),
            ("서 12-345678-90", Refused::Region),
            ("서울 22-12-121212-12", Refused::OtherRegion),
            ("221212.121212", Refused::Groups),
            ("221212121212.5", Refused::Groups),
            ("9999-12-31", Refused::Digits { found: 8, expected: 12 }),
        ] {
            assert_eq!(licence_number(text), Err(refused), "{text:?}");
            assert!(!refused.korean().is_empty() && !refused.english().is_empty());
        }
    }

    proptest! {
        /// However its digits are separated and wide, it is the same number.
        #[test]
        fn no_two_spellings_are_told_apart(
            digits in "[0-9]{12}",
            dashes in proptest::collection::vec(proptest::sample::select(vec!["", "-", " ", "–", "－", "\u{a0}", "\u{200b}", "ㅡ"]), 12),
            is_wide in any::<bool>(),
        ) {
            let wide = |digit: char| char::from_u32(u32::from(digit) + 0xfee0).unwrap();
            let mut text = String::new();
            for (digit, dash) in digits.chars().zip(&dashes) {
                text.push(if is_wide { wide(digit) } else { digit });
                text.push_str(dash);
            }
            let number = licence_number(&text).unwrap();
            prop_assert_eq!(number.as_str(), digits.as_str());
        }

        /// What is read has the digits of the text and no others: a region's name stands for two.
        #[test]
        fn no_digit_is_dropped(text in "[0-9가-힣.E+ -]{0,20}") {
            if let Ok(number) = licence_number(&text) {
                let written: String = text.chars().filter(char::is_ascii_digit).collect();
                prop_assert!(number.as_str().ends_with(&written) || text.contains(['.', 'E']), "{}", text);
            }
        }
    }
}
