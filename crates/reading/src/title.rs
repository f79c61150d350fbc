//! The titles of columns.

use unicode_normalization::UnicodeNormalization as _;

use crate::day_title::{contradicts, day_title};
use crate::text::{is_dash, is_unseen};
use crate::words::{
    ANSWERS, COMPANIES, DOUBTFUL_PARTS, DOUBTFUL_WORDS, DOUBTS, LICENCES, NAMES, NUMBERS, OTHERS,
    PLAIN_WORDS, has,
};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Column {
    /// The licence number.
    Licence,
    /// The driver's name.
    Name,
    /// The licence class.
    Class,
    /// The first day.
    From,
    /// The last day.
    To,
    /// The plate, or a device's id.
    Vehicle,
    /// The general sector's kind of service.
    Type,
}

impl Column {
    /// All of them, as messages list them.
    pub const ALL: [Self; 7] =
        [Self::Licence, Self::Name, Self::Class, Self::From, Self::To, Self::Vehicle, Self::Type];

    /// What messages call it.
    pub const fn korean(self) -> &'static str {
        match self {
            Self::Licence => "면허번호",
            Self::Name => "이름",
            Self::Class => "면허종별",
            Self::From => "시작일",
            Self::To => "종료일",
            Self::Vehicle => "차량번호",
            Self::Type => "유형",
        }
    }
}

/// What a title means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// It is this column's.
    Column(Column),
    /// It has a word for a day, a vehicle, a class, a name or a licence, and is no column's: what stands under it may be
    /// meant.
    Doubtful,
    /// Something of the file's owner.
    Other,
}

/// A title as it is compared: in Unicode NFKC and lower case, without white space, dashes, `*`, `_` and punctuation,
/// and without what stands in brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title {
    /// Without what stands in brackets, if anything else does.
    outer: String,
    /// With it.
    whole: String,
    /// English words, which do not stand apart any more in the others.
    words: Vec<String>,
}

impl Title {
    /// Reads a title.
    pub fn new(text: &str) -> Self {
        let text: String = text.chars().filter(|character| !is_enclosed_number(*character)).collect();
        let text: String = text.nfkd().filter(|character| !is_unseen(*character)).nfc().collect();
        let (outer, inner) = bracketed(&text);
        let whole = folded(&format!("{outer}{inner}"));
        let outer = folded(&outer);
        let words = words(&text);
        if outer.is_empty() {
            Self { outer: whole.clone(), whole, words }
        } else {
            Self { outer, whole, words }
        }
    }

    /// Whether it is a title at all.
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty()
    }

    /// Whether it is the same title, however it is spelled.
    pub fn is_same(&self, other: &Self) -> bool {
        self.whole == other.whole
    }

    /// What it means.
    pub fn meaning(&self) -> Meaning {
        let Self { outer, whole, .. } = self;
        if let Some(column) = day_title(whole) {
            return Meaning::Column(column);
        }
        if let Some(column) = day_title(outer) {
            let is_doubtful = contradicts(column, &whole[outer.len().min(whole.len())..]);
            return if is_doubtful { Meaning::Doubtful } else { Meaning::Column(column) };
        }
        if let Some(column) = named(outer).or_else(|| named(whole)) {
            return Meaning::Column(column);
        }
        if self.is_others() || !self.is_doubtful() { Meaning::Other } else { Meaning::Doubtful }
    }

    fn is_others(&self) -> bool {
        let outer = self.outer.as_str();
        has(ANSWERS, outer) || has(COMPANIES, outer) || listed(OTHERS).any(|other| outer.ends_with(other))
    }

    fn is_doubtful(&self) -> bool {
        let Self { outer, whole, words } = self;
        let is_plain = listed(PLAIN_WORDS).any(|word| outer.ends_with(word));
        let korean = listed(DOUBTS).any(|part| whole.contains(part));
        // 이용일, 고객명, 임대차.
        let ends = !is_plain && ["일", "명", "기사", "임차인"].iter().any(|end| outer.ends_with(end));
        let english = words.iter().any(|word| {
            let word = word.as_str();
            has(DOUBTFUL_WORDS, word)
                || (!has(PLAIN_WORDS, word) && listed(DOUBTFUL_PARTS).any(|part| word.contains(part)))
        });
        korean || ends || english
    }
}

fn listed(words: &'static str) -> impl Iterator<Item = &'static str> {
    words.split_ascii_whitespace()
}

fn named(title: &str) -> Option<Column> {
    let found = NAMES.iter().find(|(_, names)| has(names, title)).map(|(column, _)| *column);
    let is_licence = || {
        let mut stems = listed(NUMBERS).filter_map(|number| title.strip_suffix(number));
        stems.any(|stem| has(LICENCES, stem))
    };
    found.or_else(|| is_licence().then_some(Column::Licence))
}

/// The text outside of brackets, and all that stands within them.
fn bracketed(text: &str) -> (String, String) {
    let (mut outer, mut inner, mut depth) = (String::new(), String::new(), 0_usize);
    for character in text.chars() {
        match character {
            '(' | '[' | '{' | '<' | '〈' | '《' | '「' | '『' | '【' | '〔' => depth += 1,
            ')' | ']' | '}' | '>' | '〉' | '》' | '」' | '』' | '】' | '〕' => {
                depth = depth.saturating_sub(1);
            }
            character if depth > 0 => inner.push(character),
            character => outer.push(character),
        }
    }
    (outer, inner)
}

fn folded(text: &str) -> String {
    let letters = text.chars().filter(|character| character.is_alphanumeric() && !is_dash(*character));
    let text: String = letters.flat_map(char::to_lowercase).collect();
    // "1. 면허번호", "면허번호 필수".
    let text = text.trim_start_matches(|character: char| character.is_ascii_digit());
    let endings = ["필수입력", "필수항목", "필수", "선택입력", "선택", "required", "optional"];
    endings.iter().find_map(|ending| text.strip_suffix(ending)).unwrap_or(text).to_owned()
}

/// ① to ⑳: the numbers of a form's fields.
fn is_enclosed_number(character: char) -> bool {
    matches!(character, '\u{2460}'..='\u{249b}' | '\u{2776}'..='\u{2793}')
}

/// English words in lower case, cut at everything else and at a capital letter behind a small one.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let mut was_small = false;
    for character in text.chars() {
        let is_cut = !character.is_ascii_alphabetic() || (was_small && character.is_ascii_uppercase());
        if is_cut && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if character.is_ascii_alphabetic() {
            word.push(character.to_ascii_lowercase());
        }
        was_small = character.is_ascii_lowercase();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn meaning(text: &str) -> Meaning {
        Title::new(text).meaning()
    }

    #[test]
    fn titles_in_both_languages_and_in_every_spelling() {
        for (column, titles) in [
            (
                Column::Licence,
                "면허번호|운전면허번호|운전면허 번호|면허 번호 *|면허번호(필수)|면허번호\n(12자리)|\
                    운전\n면허번호|[면허번호]|① 면허번호|1. 면허번호|면허번호 필수|면허증 번호|\
                    \u{feff}면허번호|면허\u{200b}번호|면허 No.|Licence Number|LICENSE_NUMBER|\
                    Driver's License No.|driving licence no|licenseNumber|Ｌｉｃｅｎｓｅ|f_license_no|\
                    \u{1106}\u{1167}\u{11ab}허번호",
            ),
            (
                Column::Name,
                "이름|성명|성 명|성명\u{a0}|운전자|운전자명|운전자 성명|기사명|Name|Driver Name|\
                    f_resident_name",
            ),
            (
                Column::Class,
                "면허종별|종별|면허종류|면허 종별(코드)|class|Licence Class|license_type|f_licn_con_code",
            ),
            (
                Column::From,
                "시작일|시작일(필수)|시작 일자|시작일(대여)|대여시작일|대여일|대여 일자|렌트 시작일|\
                    이용시작일|검증 시작일|운전자격 검증시작일|시작|시작일시|대여기간(시작)|계약기간 시작일|\
                    인수일|대여시작일(YYYY-MM-DD)|start|Start Date|startDate|from|from_date|Date from|\
                    pickup date|Pick-up Date|rental start date|f_from_date",
            ),
            (
                Column::To,
                "종료일|종료일(필수)|종료 일자|종료일(반납)|대여종료일|반납일|반납 예정일|대여일자(종료)|\
                    반납일시|종료|end|End Date|to|To Date|until|return date|drop-off date|rental end|f_to_date",
            ),
            (
                Column::Vehicle,
                "차량번호|차량 번호|차량|차량번호(필수)|자동차등록번호|차 번호|기기번호|Vehicle|Plate No.|\
                    Licence plate|car number|vhcl_reg_no",
            ),
            (Column::Type, "유형|api 유형|com_api_type"),
        ] {
            for title in titles.split('|') {
                assert_eq!(meaning(title), Meaning::Column(column), "{title:?}");
            }
        }
    }

    #[test]
    fn what_may_be_meant_is_doubtful() {
        let titles = "이용일|예약일|계약일|대여기간|기간|날짜|일자|출발일|만료일|면허만료일|이용 시작 시간|\
                    대여일(반납~대여)|반납|등록일|고객명|임차인|차종|차량모델|면허|면허 상태|운전자 등급|Date|\
                    Rental Date|Start time|Valid from|Expiry date|dateRange|rentaldate|vehicle type|\
                    class of vehicle|customer name|license state|Return|due|car model";
        for title in titles.split('|') {
            assert_eq!(meaning(title), Meaning::Doubtful, "{title:?}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_the_owners() {
        let titles = "비고|예약번호|대여번호|No.|연번|순번|메모|전화번호|운전자 연락처|휴대폰|이메일|회사명|부서명|생년월일|\
                    Birth date|Memo|updated|Total|vendor|운전자격|결과코드|결과|차량확인코드|조회한 시작일|\
                    eligible|status text|vehicle code|asked from|asked to|asked vehicle|조회한 차량번호|소속|\
                    지점|금액";
        for title in titles.split('|') {
            assert_eq!(meaning(title), Meaning::Other, "{title:?}");
        }
    }

    proptest! {
        /// Spaces, marks and brackets tell no two titles apart.
        #[test]
        fn decoration_changes_nothing(
            place in 0..16_usize,
            mark in "[ *_\u{a0}\u{200b}\u{feff}\n-]{0,3}",
            bracket in proptest::sample::select(vec!["", "(필수)", "[*]", "（예: 1）"]),
        ) {
            let titles = ["면허번호", "운전면허번호", "성명", "이름", "면허종별", "종별", "시작일", "대여시작일", "종료일", "반납일", "차량번호", "license number", "start date", "end date", "vehicle", "class"];
            let title = titles[place];
            let end = title.char_indices().nth(2).map_or(title.len(), |(end, _)| end);
            let decorated = format!("{mark}{}{mark}{}{mark}{bracket}", &title[..end], &title[end..]);
            prop_assert_eq!(meaning(&decorated), meaning(title), "{}", decorated);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,30}") {
            _ = meaning(&text);
        }
    }
}
