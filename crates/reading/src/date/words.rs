use jiff::civil::Weekday;

use crate::text::is_dash;

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word<'a> {
    /// Digits, as they stand.
    Number(&'a str),
    /// Letters, in lower case.
    Letters(&'a str),
    /// Anything else; every dash is `-`.
    Mark(char),
}

/// The pieces of a text; white space only parts them.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let (mut words, mut rest) = (Vec::new(), text.trim_start());
    while let Some(first) = rest.chars().next() {
        let kind = |character: char| match character {
            '0'..='9' => 0,
            dash if is_dash(dash) => 2,
            letter if letter.is_alphabetic() => 1,
            _ => 2,
        };
        let end = match kind(first) {
            2 => first.len_utf8(),
            letters => rest.find(|character| kind(character) != letters).unwrap_or(rest.len()),
        };
        words.push(match kind(first) {
            0 => Word::Number(&rest[..end]),
            1 => Word::Letters(&rest[..end]),
            _ => Word::Mark(if is_dash(first) { '-' } else { first }),
        });
        rest = rest[end..].trim_start();
    }
    words
}

/// The month of an English name, from 1.
pub(super) fn month(name: &str) -> Option<u32> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let is_named = |month: &&str| *month == name || (name.len() == 3 && month.starts_with(name));
    let place = NAMES.into_iter().position(|month| is_named(&month)).or((name == "sept").then_some(8))?;
    u32::try_from(place + 1).ok()
}

/// The day of the week of a Korean or English name.
pub(super) fn weekday(name: &str) -> Option<Weekday> {
    const NAMES: [(&str, &str, Weekday); 7] = [
        ("월", "monday", Weekday::Monday),
        ("화", "tuesday", Weekday::Tuesday),
        ("수", "wednesday", Weekday::Wednesday),
        ("목", "thursday", Weekday::Thursday),
        ("금", "friday", Weekday::Friday),
        ("토", "saturday", Weekday::Saturday),
        ("일", "sunday", Weekday::Sunday),
    ];
    let korean = name.strip_suffix("요일").unwrap_or(name);
    let found = NAMES.iter().find(|(first, english, _)| {
        korean == *first
            || name == *english
            || (name.is_ascii() && (3..=5).contains(&name.len()) && english.starts_with(name))
    });
    found.map(|(_, _, weekday)| *weekday)
}
