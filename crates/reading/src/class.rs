use rims_protocol::codes::LicenceClass;

use crate::text::is_dash;
use crate::{Refused, plain};

use LicenceClass::{
    Class1Large, Class1Regular, Class1Small, Class2Moped, Class2Regular, Class2Small, LargeTrailer,
    SmallTrailer, Wrecker,
};

/// What people write beside table 5.4, folded: without spaces, dashes, `제`, `면허` and brackets, `일종` as `1종`. The
/// specification's own typing errors are among them.
const NAMES: [(LicenceClass, &[&str]); 9] = [
    (Class1Large, &["1종대형", "1대형", "1대", "class1large", "type1large"]),
    (
        Class1Regular,
        &["1종보통", "1보통", "1보", "class1regular", "class1ordinary", "type1ordinary", "type1regular"],
    ),
    (Class1Small, &["1종소형", "1소형", "class1small", "type1small"]),
    (
        LargeTrailer,
        &[
            "대형견인차",
            "대형견인",
            "대형건인차",
            "1종대형견인차",
            "1종대형견인",
            "특수대형견인차",
            "특수대형견인",
            "1종특수대형견인차",
            "1종특수대형견인",
            "largetrailer",
        ],
    ),
    (
        Wrecker,
        &["구난차", "구난", "1종구난차", "특수구난차", "특수구난", "1종특수구난차", "1종특수구난", "wrecker"],
    ),
    (
        SmallTrailer,
        &[
            "소형견인차",
            "소형견인",
            "소형건인차",
            "1종소형견인차",
            "1종소형견인",
            "특수소형견인차",
            "특수소형견인",
            "1종특수소형견인차",
            "1종특수소형견인",
            "smalltrailer",
        ],
    ),
    (
        Class2Regular,
        &["2종보통", "2보통", "2보", "class2regular", "class2ordinary", "type2ordinary", "type2regular"],
    ),
    (Class2Small, &["2종소형", "2소형", "2소", "class2small", "type2small"]),
    (
        Class2Moped,
        &[
            "2종원동기장치자전거",
            "원동기장치자전거",
            "2종원동기",
            "원동기",
            "2종원자",
            "원자",
            "2종원동기장치",
            "class2motorisedbicycle",
            "class2motorizedbicycle",
            "moped",
        ],
    ),
];

/// What stands for several classes.
const HALVES: [&str; 11] =
    ["1종", "2종", "보통", "소형", "대형", "특수", "1종특수", "견인", "견인차", "트레일러", "1"];

/// What a card adds that is no class of its own: the kind of gear.
const REMARKS: [&str; 10] =
    ["자동", "수동", "자동변속기", "수동변속기", "오토", "스틱", "auto", "automatic", "manual", "a"];

/// A licence class (table 5.4): its code, its name, or what people call it, also with the kind of gear (`1종보통(자동)`)
/// or with code and name together (`12: 1종보통`).
pub fn class(text: &str) -> Result<LicenceClass, Refused> {
    if let Some(class) = LicenceClass::from_code(text).or_else(|| named(text)) {
        return Ok(class);
    }
    let text = plain(text).to_lowercase();
    let text = crate::text::unquoted(&text);
    if text.is_empty() {
        return Err(Refused::Empty);
    }
    if crate::date(text).is_ok() && text.contains(is_dash) {
        return Err(Refused::ClassIsDate);
    }
    let (outer, inner) = bracketed(text)?;
    let mut class = one(&outer);
    for part in inner {
        if REMARKS.contains(&folded(&part).as_str()) {
            continue;
        }
        class = match (class, one(&part)) {
            (Ok(first), Ok(second)) if first != second => return Err(Refused::Classes),
            (Ok(first), Ok(_)) => Ok(first),
            (Err(Refused::Empty), second) => second,
            (Err(Refused::HalfAClass), _) => one(&format!("{outer}{part}")),
            (_, Err(refused)) | (Err(refused), Ok(_)) => return Err(refused),
        };
    }
    class
}

fn named(name: &str) -> Option<LicenceClass> {
    NAMES.iter().find(|(_, names)| names.contains(&name)).map(|(class, _)| *class)
}

/// The text outside of brackets, and the texts within them.
fn bracketed(text: &str) -> Result<(String, Vec<String>), Refused> {
    let (mut outer, mut inner): (String, Vec<String>) = (String::new(), Vec::new());
    let mut is_open = false;
    for character in text.chars() {
        match character {
            '(' | '[' | '{' | '<' | '〈' | '《' | '「' if !is_open => {
                is_open = true;
                inner.push(String::new());
            }
            ')' | ']' | '}' | '>' | '〉' | '》' | '」' if is_open => is_open = false,
            '(' | '[' | '{' | ')' | ']' | '}' => return Err(Refused::Class),
            character if is_open => inner.last_mut().map_or((), |text| text.push(character)),
            character => outer.push(character),
        }
    }
    if is_open { Err(Refused::Class) } else { Ok((outer, inner)) }
}

/// One class without brackets: a name, a code, or a code and the name of the same class.
fn one(text: &str) -> Result<LicenceClass, Refused> {
    let text = text.trim();
    let whole = text.strip_suffix(".0").unwrap_or(text);
    if let Some(class) = LicenceClass::from_code(whole) {
        return Ok(class);
    }
    let plain = folded(text);
    if plain.is_empty() {
        return Err(Refused::Empty);
    }
    if let Some(class) = named(&plain) {
        return Ok(class);
    }
    if HALVES.contains(&plain.as_str()) {
        return Err(Refused::HalfAClass);
    }
    let remark =
        REMARKS.iter().filter(|remark| remark.len() > 1).find_map(|remark| plain.strip_suffix(remark));
    if let Some(class) = remark.and_then(named) {
        return Ok(class);
    }
    coded(&plain, text)
}

/// A code with a name before or behind it, or several classes.
fn coded(plain: &str, text: &str) -> Result<LicenceClass, Refused> {
    let code = |text: &str| LicenceClass::ALL.iter().copied().find(|class| class.code() == text);
    let before = plain.get(..2).and_then(code).map(|class| (class, &plain[2..]));
    let behind = plain
        .len()
        .checked_sub(2)
        .and_then(|place| plain.get(place..).and_then(code).map(|class| (class, &plain[..place])));
    let ((Some((class, rest)), _) | (None, Some((class, rest)))) = (before, behind) else {
        let parts = text.split([',', '/', '+', '·', ';', '&', '|', '\n']).map(|part| named(&folded(part)));
        return Err(if parts.flatten().count() > 1 { Refused::Classes } else { Refused::Class });
    };
    match named(rest) {
        Some(other) if other == class => Ok(class),
        Some(_) => Err(Refused::Classes),
        None if code(rest).is_some() => Err(Refused::Classes),
        None => Err(Refused::Class),
    }
}

/// As names are compared.
fn folded(text: &str) -> String {
    let is_left_out = |character: char| {
        character.is_whitespace() || is_dash(character) || matches!(character, '.' | '_' | ':' | '*' | '\'')
    };
    let text: String = text.chars().filter(|character| !is_left_out(*character)).collect();
    let text = text.replace("일종", "1종").replace("이종", "2종");
    let text = text.replace("운전면허", "").replace("면허증", "").replace("면허", "");
    text.strip_prefix('제').map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_class_has_many_spellings() {
        for (code, texts) in [
            (
                "12",
                &[
                    "12",
                    "１２",
                    "12.0",
                    "'12",
                    "1종보통",
                    "제1종 보통",
                    "１종보통",
                    "1종 보통 면허",
                    "제1종보통운전면허",
                    "1종-보통",
                    "1종보통(자동)",
                    "1종보통 [수동]",
                    "1종보통자동",
                    "1종보통(12)",
                    "12(1종보통)",
                    "12: 1종보통",
                    "12 1종보통",
                    "1보통",
                    "일종보통",
                    "1\u{110c}\u{1169}\u{11bc}보통",
                    "1종\u{200b}보통",
                    "1종\n보통",
                    "Class 1 regular",
                ][..],
            ),
            ("11", &["1종대형", "제1종 대형"]),
            (
                "14",
                &[
                    "1종특수 [대형견인]",
                    "대형견인차",
                    "대형 견인",
                    "1종 특수(대형견인차)",
                    "1종특수 대형견인차",
                    "대형건인차",
                ],
            ),
            ("15", &["구난차", "1종 특수 구난차"]),
            ("16", &["소형견인차", "소형견인"]),
            ("32", &["2종보통", "제2종 보통", "2종보통(A)", "2종 보통(자동)"]),
            ("33", &["2종소형"]),
            ("38", &["원동기", "원동기장치자전거", "2종 원동기장치자전거", "2종원자", "원동기면허"]),
        ] {
            for text in texts {
                assert_eq!(class(text).map(LicenceClass::code), Ok(code), "{text:?}");
            }
        }
    }

    #[test]
    fn causes_are_told() {
        for (text, refused) in [
            ("", Refused::Empty),
            ("99", Refused::Class),
            ("면허", Refused::Empty),
            ("보통", Refused::HalfAClass),
            ("1종", Refused::HalfAClass),
            ("소형", Refused::HalfAClass),
            ("12(2종보통)", Refused::Classes),
            ("1종보통, 2종소형", Refused::Classes),
            ("1종보통/2종소형", Refused::Classes),
            ("1종보통(2종소형)", Refused::Classes),
            ("1종보통(취소)", Refused::Class),
            ("1종보통(", Refused::Class),
            ("1232", Refused::Classes),
            ("1900-01-12", Refused::ClassIsDate),
        ] {
            assert_eq!(class(text), Err(refused), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_class_is_read_by_its_code_and_name(place in 0..LicenceClass::ALL.len(), space in "[ \u{a0}\u{200b}-]{0,3}") {
            let expected = LicenceClass::ALL[place];
            let name = expected.korean();
            let end = name.char_indices().nth(2).map_or(name.len(), |(place, _)| place);
            let text = format!("{space}{}{space}{}{space}", &name[..end], &name[end..]);
            prop_assert_eq!(class(&text), Ok(expected));
            prop_assert_eq!(class(expected.code()), Ok(expected));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,16}|[12종보통소형대견인차() ]{0,12}") {
            _ = class(&text);
        }
    }
}
