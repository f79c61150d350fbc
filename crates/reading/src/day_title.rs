//! Whether a title is that of a first or a last day: it must be made of these words alone.

use crate::Column;

/// What a word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Start,
    End,
    /// A day of renting: the first one, where nothing else says which.
    Rental,
    /// That it is a day.
    Day,
    /// What the days are for.
    Purpose,
    /// A span of days: not one of them.
    Span,
}

use Role::{Day, End, Purpose, Rental, Span, Start};

const WORDS: [(&str, Role); 69] = [
    ("시작", Start),
    ("개시", Start),
    ("인수", Start),
    ("픽업", Start),
    ("부터", Start),
    ("start", Start),
    ("starts", Start),
    ("starting", Start),
    ("from", Start),
    ("begin", Start),
    ("begins", Start),
    ("pickup", Start),
    ("종료", End),
    ("반납", End),
    ("반환", End),
    ("까지", End),
    ("end", End),
    ("ends", End),
    ("ending", End),
    ("to", End),
    ("until", End),
    ("till", End),
    ("return", End),
    ("dropoff", End),
    ("대여", Rental),
    ("렌트", Rental),
    ("렌탈", Rental),
    ("임차", Rental),
    ("일자", Day),
    ("일시", Day),
    ("날짜", Day),
    ("년월일", Day),
    ("연월일", Day),
    ("일", Day),
    ("date", Day),
    ("datetime", Day),
    ("day", Day),
    ("on", Day),
    ("at", Day),
    ("ymd", Day),
    ("이용", Purpose),
    ("사용", Purpose),
    ("계약", Purpose),
    ("예약", Purpose),
    ("운행", Purpose),
    ("운전", Purpose),
    ("운전자격", Purpose),
    ("자격", Purpose),
    ("검증", Purpose),
    ("확인", Purpose),
    ("조회", Purpose),
    ("배차", Purpose),
    ("근무", Purpose),
    ("차량", Purpose),
    ("희망", Purpose),
    ("예정", Purpose),
    ("of", Purpose),
    ("the", Purpose),
    ("rental", Purpose),
    ("rent", Purpose),
    ("hire", Purpose),
    ("lease", Purpose),
    ("contract", Purpose),
    ("booking", Purpose),
    ("reservation", Purpose),
    ("verification", Purpose),
    ("check", Purpose),
    ("기간", Span),
    ("period", Span),
];

/// A title of more characters is a sentence.
const LONGEST: usize = 40;

/// The column of a title in lower case and without spaces, if it is one of days.
pub(crate) fn day_title(title: &str) -> Option<Column> {
    if title.chars().count() > LONGEST {
        return None;
    }
    // As the interfaces call them, and words that are no days alone.
    match title {
        "ffromdate" => return Some(Column::From),
        "ftodate" => return Some(Column::To),
        "반납" | "반환" | "인수" | "픽업" | "return" | "dropoff" | "pickup" | "today" => return None,
        _ => {}
    }
    let mut roles = Vec::new();
    split(title, &mut roles).then_some(())?;
    let count = |role| roles.iter().filter(|found| **found == role).count();
    match (count(Start), count(End)) {
        _ if count(Rental) > 1 => None,
        (1, 0) => Some(Column::From),
        (0, 1) => Some(Column::To),
        (0, 0) if roles == [Rental, Day] => Some(Column::From),
        _ => None,
    }
}

/// Cuts a title into words, the longest first.
fn split(title: &str, roles: &mut Vec<Role>) -> bool {
    if title.is_empty() {
        return true;
    }
    let mut found: Vec<&(&str, Role)> = WORDS.iter().filter(|(word, _)| title.starts_with(word)).collect();
    found.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
    for (word, role) in found {
        roles.push(*role);
        if roles.len() <= 6 && split(&title[word.len()..], roles) {
            return true;
        }
        roles.pop();
    }
    false
}

/// Whether a title says the opposite of a column: `대여일(반납)`.
pub(crate) fn contradicts(column: Column, title: &str) -> bool {
    let says =
        |role| WORDS.iter().any(|(word, found)| *found == role && word.len() > 2 && title.contains(word));
    match column {
        Column::From => says(End),
        Column::To => says(Start),
        _ => false,
    }
}
