use std::fmt;

/// Why a text is not read: the cause and the way out. It never has the text, only a character that cannot be seen in it or
/// does not belong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// There is no text.
    Empty,
    /// A character that nobody sees (U+200B) or that controls text, within a name or a plate.
    Unseen(char),
    /// U+FFFD: another program has lost a character.
    Lost,
    /// A character that a licence number does not have.
    Character(char),
    /// A licence number with so many digits.
    Digits {
        /// How many it has.
        found: usize,
        /// How many it must have.
        expected: usize,
    },
    /// A number that a spreadsheet has shortened, `2.21212E+11`: its last digits are lost.
    Shortened,
    /// A licence number with points, not grouped as on a card.
    Groups,
    /// No region of table 5.5.
    Region,
    /// The region's name and the first two digits of a licence number are of different regions.
    OtherRegion,
    /// No date, or more than one.
    Date,
    /// A date that could be of two months: `03/04/2026`.
    DayOrMonth,
    /// A year of two digits.
    ShortYear,
    /// A day that no calendar has.
    NoSuchDay,
    /// The day of the week is that of another date.
    Weekday,
    /// A spreadsheet's number of a day, in a cell that is not formatted as a date.
    Serial,
    /// A time zone that is no offset, `Z`, UTC, GMT, KST or Asia/Seoul.
    Zone,
    /// No class of table 5.4.
    Class,
    /// Half a class: `보통` is 12 or 32.
    HalfAClass,
    /// More than one class, or a code and the name of another class.
    Classes,
    /// A cell of a class that is formatted as a date.
    ClassIsDate,
    /// A text longer than the specification allows, in characters.
    Long {
        /// How many it may have.
        most: usize,
    },
    /// Neither yes nor no.
    YesNo,
}

impl Refused {
    /// The cause and the way out, in Korean.
    pub fn korean(self) -> String {
        match self {
            Self::Unseen(character) => {
                format!("보이지 않는 글자 {}가 있습니다. 지우고 다시 입력하십시오", code(character))
            }
            Self::Character(character) => {
                format!("면허번호에 쓸 수 없는 글자 '{}'({})가 있습니다", shown(character), code(character))
            }
            Self::Digits { found, expected } => {
                format!("숫자가 {found}자리입니다. {expected}자리여야 합니다")
            }
            Self::Long { most } => format!("{most}자까지 쓸 수 있습니다"),
            other => other.texts().0.to_owned(),
        }
    }

    /// The same in English.
    pub fn english(self) -> String {
        match self {
            Self::Unseen(character) => {
                format!(
                    "it has a character that cannot be seen, {}; delete it and type the text again",
                    code(character)
                )
            }
            Self::Character(character) => {
                let (shown, code) = (shown(character), code(character));
                format!("it has '{shown}' ({code}), which no licence number has")
            }
            Self::Digits { found, expected } => {
                format!("it has {found} digits where {expected} are expected")
            }
            Self::Long { most } => format!("it may have {most} characters"),
            other => other.texts().1.to_owned(),
        }
    }

    /// Korean and English of what has no details.
    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Lost => (
                "깨진 글자(U+FFFD)가 있습니다. 원래 파일에서 다시 저장하거나 다시 입력하십시오",
                "a character was lost in it (U+FFFD); save the original again, or type the text again",
            ),
            Self::Shortened => (
                "지수 표기(2.2E+11)라서 뒷자리가 사라졌습니다. 열의 서식을 '텍스트'로 바꾸고 번호를 다시 입력하십시오",
                "it is in scientific notation (2.2E+11) and has lost digits; format the column as text and enter the number again",
            ),
            Self::Groups => (
                "숫자의 묶음이 면허증과 다릅니다 (11-12-345678-90)",
                "its digits are not grouped as on a card (11-12-345678-90)",
            ),
            Self::Region => (
                "모르는 지역입니다 (`rims codes regions`). 숫자 12자리로 쓰십시오",
                "the region is unknown (`rims codes regions`); write the 12 digits",
            ),
            Self::OtherRegion => (
                "지역 이름과 앞 두 자리가 서로 다른 지역입니다",
                "the region's name and the first two digits are of different regions",
            ),
            Self::Date => (
                "날짜가 아닙니다 (yyyy-mm-dd, 2026년 12월 11일)",
                "not a date (yyyy-mm-dd, 2026년 12월 11일)",
            ),
            Self::DayOrMonth => (
                "일과 월을 구별할 수 없습니다 (03/04/2026 은 3월 4일이거나 4월 3일). yyyy-mm-dd 로 쓰십시오",
                "day and month cannot be told apart (03/04/2026 is 4 March or 3 April); write yyyy-mm-dd",
            ),
            Self::ShortYear => (
                "연도가 네 자리가 아니어서 연·월·일을 구별할 수 없습니다. yyyy-mm-dd 로 쓰십시오",
                "the year has no four digits, so that year, month and day cannot be told apart; write yyyy-mm-dd",
            ),
            Self::NoSuchDay => ("달력에 없는 날짜입니다", "no calendar has this day"),
            Self::Weekday => ("날짜와 요일이 맞지 않습니다", "the day of the week is that of another date"),
            Self::Serial => (
                "날짜 서식이 아닌 숫자입니다. 셀의 서식을 '날짜'로 바꾸거나 yyyy-mm-dd 로 쓰십시오",
                "a number without a date format; format the cell as a date, or write yyyy-mm-dd",
            ),
            Self::Zone => (
                "모르는 시간대입니다. +09:00 이나 Z 로 쓰거나 한국 날짜만 쓰십시오",
                "the time zone is unknown; write +09:00 or Z, or the date in Korea alone",
            ),
            Self::Class => (
                "면허종별이 아닙니다. 코드나 이름을 쓰십시오 (`rims codes classes`)",
                "not a licence class; write a code or name of `rims codes classes`",
            ),
            Self::HalfAClass => (
                "1종인지 2종인지, 또는 어느 종별인지 알 수 없습니다. 1종보통처럼 쓰십시오 (`rims codes classes`)",
                "it could be several classes; write it in full, such as 1종보통 (`rims codes classes`)",
            ),
            Self::Classes => {
                ("서로 다른 종별이 함께 있습니다. 하나만 쓰십시오", "it names different classes; write one")
            }
            Self::ClassIsDate => (
                "날짜 서식의 칸입니다. 셀의 서식을 '텍스트'로 바꾸고 다시 입력하십시오",
                "the cell is formatted as a date; format it as text and enter the class again",
            ),
            Self::YesNo => ("Y 또는 N 이어야 합니다", "Y or N is expected"),
            _ => ("값이 없습니다", "a value is missing"),
        }
    }
}

fn code(character: char) -> String {
    format!("U+{:04X}", u32::from(character))
}

/// A character that a terminal shows as itself.
fn shown(character: char) -> char {
    if crate::text::is_unseen(character) || character.is_control() { '?' } else { character }
}

/// In English.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english())
    }
}

impl std::error::Error for Refused {}
