//! A day as people and programs write it.

#[cfg(test)]
mod tests;
mod words;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{Offset, TimeZone};

use self::words::{Word, month, weekday, words};
use crate::text::unquoted;
use crate::{Refused, plain};

/// Korea's offset, without daylight saving time since 1988.
const KOREA: i32 = 9 * 3_600;

/// The day in Korea that a text means: `20261211`, `2026-12-11`, `2026. 12. 11.`, `2026년 12월 11일 (금)`, `11 Dec 2026`,
/// with or without a time. A time with a zone is an instant, and its day is that of Asia/Seoul: `2026-12-10T15:00:00Z` is
/// 11 December. A time without a zone does not count.
pub fn date(text: &str) -> Result<Date, Refused> {
    if let Some(date) = common(text) {
        return date;
    }
    let text = plain(text).to_lowercase();
    let text = unquoted(&text);
    if text.is_empty() {
        return Err(Refused::Empty);
    }
    // A number of a program: `20261211.0`.
    if let Some(read) = text.strip_suffix(".0").filter(|whole| whole.len() == 8).and_then(common) {
        return read;
    }
    Words { words: words(text), place: 0 }.whole()
}

/// `20261211` and `2026-12-11`: nearly all cells.
fn common(text: &str) -> Option<Result<Date, Refused>> {
    let digits: [u8; 8] = match text.len() {
        8 => text.as_bytes().try_into().ok()?,
        10 => {
            let bytes: &[u8; 10] = text.as_bytes().try_into().ok()?;
            if bytes[4] != b'-' || bytes[7] != b'-' {
                return None;
            }
            std::array::from_fn(|place| bytes[place + usize::from(place >= 4) + usize::from(place >= 6)])
        }
        _ => return None,
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |digits: &[u8]| digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
    Some(day(number(&digits[..4]), number(&digits[4..6]), number(&digits[6..])))
}

fn day(year: u32, month: u32, day: u32) -> Result<Date, Refused> {
    let date = || {
        let year = i16::try_from(year).ok().filter(|year| (1_000..=9_999).contains(year))?;
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    };
    date().ok_or(Refused::NoSuchDay)
}

struct Words<'a> {
    words: Vec<Word<'a>>,
    place: usize,
}

impl<'a> Words<'a> {
    fn whole(mut self) -> Result<Date, Refused> {
        let before = self.weekday();
        if before.is_some() {
            self.skip(&[',']);
        }
        let date = self.day()?;
        self.skip(&['.', ',']);
        let behind = self.weekday();
        self.skip(&[',']);
        if [before, behind].into_iter().flatten().any(|weekday| weekday != date.weekday()) {
            return Err(Refused::Weekday);
        }
        let Some(time) = self.time()? else {
            return if self.is_over() { Ok(date) } else { Err(Refused::Date) };
        };
        let offset = self.zone()?;
        if !self.is_over() {
            return Err(Refused::Date);
        }
        offset.map_or(Ok(date), |offset| in_korea(DateTime::from_parts(date, time), offset))
    }

    fn peek(&self, ahead: usize) -> Option<Word<'a>> {
        self.words.get(self.place + ahead).copied()
    }

    fn is_over(&self) -> bool {
        self.place >= self.words.len()
    }

    /// Takes one of these marks, if it is next.
    fn skip(&mut self, marks: &[char]) -> Option<char> {
        match self.peek(0) {
            Some(Word::Mark(mark)) if marks.contains(&mark) => {
                self.place += 1;
                Some(mark)
            }
            _ => None,
        }
    }

    /// Takes one of these words, if it is next.
    fn skip_letters(&mut self, letters: &[&str]) -> bool {
        let is_next = matches!(self.peek(0), Some(Word::Letters(next)) if letters.contains(&next));
        self.place += usize::from(is_next);
        is_next
    }

    fn number(&mut self) -> Option<&'a str> {
        let Some(Word::Number(number)) = self.peek(0) else { return None };
        self.place += 1;
        Some(number)
    }

    /// The day itself.
    fn day(&mut self) -> Result<Date, Refused> {
        match (self.peek(0), self.peek(1), self.peek(2)) {
            (Some(Word::Letters(name)), _, _) if month(name).is_some() => self.month_first(),
            (Some(Word::Number(_)), Some(Word::Letters(name)), _) if month(name).is_some() => {
                self.day_first()
            }
            (Some(Word::Number(_)), Some(Word::Mark('-' | '/' | '.' | ',')), Some(Word::Letters(name)))
                if month(name).is_some() =>
            {
                self.day_first()
            }
            _ => self.numbers(),
        }
    }

    /// `Dec 11, 2026`.
    fn month_first(&mut self) -> Result<Date, Refused> {
        let Some(Word::Letters(name)) = self.peek(0) else { return Err(Refused::Date) };
        self.place += 1;
        self.skip(&['.', '-', '/']);
        let day_of_month = self.number().ok_or(Refused::Date)?;
        self.skip_letters(&["st", "nd", "rd", "th"]);
        self.skip(&[',', '-', '/', '.']);
        self.named_month(day_of_month, name)
    }

    /// `11 Dec 2026`, or `2026-Dec-11`.
    fn day_first(&mut self) -> Result<Date, Refused> {
        let first = self.number().ok_or(Refused::Date)?;
        self.skip(&['-', '/', '.', ',']);
        let Some(Word::Letters(name)) = self.peek(0) else { return Err(Refused::Date) };
        self.place += 1;
        self.skip(&['-', '/', '.', ',']);
        if first.len() == 4 {
            let second = self.number().filter(|second| second.len() <= 2).ok_or(Refused::Date)?;
            return day(value(first)?, month(name).ok_or(Refused::Date)?, value(second)?);
        }
        self.named_month(first, name)
    }

    fn named_month(&mut self, day_of_month: &str, name: &str) -> Result<Date, Refused> {
        let year = self.number().ok_or(Refused::Date)?;
        match (day_of_month.len(), year.len()) {
            (1..=2, 4) => day(value(year)?, month(name).ok_or(Refused::Date)?, value(day_of_month)?),
            (1..=2, 2) => Err(Refused::ShortYear),
            _ => Err(Refused::Date),
        }
    }

    /// A day of numbers alone, or with 년, 월 and 일.
    fn numbers(&mut self) -> Result<Date, Refused> {
        let is_short = self.skip(&['\'', '’', '‘']).is_some();
        let first = self.number().ok_or(Refused::Date)?;
        match first.len() {
            8 if self.peek(0).is_none_or(|next| !matches!(next, Word::Number(_))) => {
                return day(value(&first[..4])?, value(&first[4..6])?, value(&first[6..])?);
            }
            6 if self.is_over() => return Err(Refused::ShortYear),
            5 if self.is_over() || self.is_fraction() => return Err(Refused::Serial),
            1 | 2 | 4 => {}
            _ => return Err(Refused::Date),
        }
        let named = self.skip_letters(&["년", "年"]);
        let marked = self.separator();
        let second = self.number().filter(|second| second.len() <= 2).ok_or(Refused::Date)?;
        self.skip_letters(&["월", "月"]);
        self.separator();
        let third = self.number().filter(|third| third.len() <= 4).ok_or(Refused::Date)?;
        self.skip_letters(&["일", "日"]);
        // A time needs no mark of its own behind a day of month, so that three numbers in a row are no day.
        if !named
            && marked.is_none()
            && !matches!(self.peek(0), None | Some(Word::Mark(_) | Word::Letters(_)))
        {
            return Err(Refused::Date);
        }
        match (first.len(), third.len()) {
            (4, 1..=2) => day(value(first)?, value(second)?, value(third)?),
            (1..=2, 4) if !is_short && !named => foreign(value(first)?, value(second)?, value(third)?),
            (2, 1..=2) => Err(Refused::ShortYear),
            _ => Err(Refused::Date),
        }
    }

    fn is_fraction(&self) -> bool {
        matches!((self.peek(0), self.peek(1)), (Some(Word::Mark('.')), Some(Word::Number(_))))
            && self.peek(2).is_none()
    }

    fn separator(&mut self) -> Option<char> {
        self.skip(&['-', '/', '.', ','])
    }

    /// A day of the week, in brackets or not, in Korean or English.
    fn weekday(&mut self) -> Option<Weekday> {
        let start = self.place;
        let is_open = self.skip(&['(', '[']).is_some();
        let named = match self.peek(0) {
            Some(Word::Letters(name)) => weekday(name),
            _ => None,
        };
        self.place += 1;
        let is_closed = !is_open || self.skip(&[')', ']']).is_some();
        if named.is_none() || !is_closed {
            self.place = start;
            return None;
        }
        named
    }

    /// A time, if one follows.
    fn time(&mut self) -> Result<Option<Time>, Refused> {
        let start = self.place;
        let is_marked = self.skip_letters(&["t"]);
        let mut half = self.half()?;
        let Some(first) = self.number() else {
            self.place = start;
            return if is_marked || half.is_some() { Err(Refused::Date) } else { Ok(None) };
        };
        let (mut hour, mut minute, mut second) = (first, "0", "0");
        if is_marked && matches!(first.len(), 4 | 6) {
            (hour, minute) = (&first[..2], &first[2..4]);
            second = first.get(4..).filter(|second| !second.is_empty()).unwrap_or("0");
        } else if self.skip(&[':']).is_some() {
            minute = self.number().ok_or(Refused::Date)?;
            if self.skip(&[':']).is_some() {
                second = self.number().ok_or(Refused::Date)?;
            }
        } else if self.skip_letters(&["시"]) {
            if let Some(number) = self.number() {
                minute = number;
                if !self.skip_letters(&["분"]) {
                    return Err(Refused::Date);
                }
            }
            if let Some(number) = self.number() {
                second = number;
                if !self.skip_letters(&["초"]) {
                    return Err(Refused::Date);
                }
            }
        } else if half.is_none() && !matches!(self.peek(0), Some(Word::Letters("am" | "pm" | "a" | "p"))) {
            return Err(Refused::Date);
        }
        if second != "0" && self.skip(&['.', ',']).is_some() {
            self.number().ok_or(Refused::Date)?;
        }
        if half.is_none() {
            half = self.half()?;
        }
        time(half, value(hour)?, value(minute)?, value(second)?).map(Some)
    }

    /// Whether it is after noon, if it says so.
    fn half(&mut self) -> Result<Option<bool>, Refused> {
        let Some(Word::Letters(name)) = self.peek(0) else { return Ok(None) };
        let is_late = match name {
            "오전" | "am" | "a" => false,
            "오후" | "pm" | "p" => true,
            _ => return Ok(None),
        };
        self.place += 1;
        if matches!(name, "a" | "p") {
            self.skip(&['.']);
            if !self.skip_letters(&["m"]) {
                return Err(Refused::Date);
            }
            self.skip(&['.']);
        }
        Ok(Some(is_late))
    }

    /// An offset in seconds, if there is one.
    fn zone(&mut self) -> Result<Option<i32>, Refused> {
        let is_open = self.skip(&['(']).is_some();
        let offset = match self.peek(0) {
            Some(Word::Letters("kst")) => {
                self.place += 1;
                Some(KOREA)
            }
            Some(Word::Letters("z" | "utc" | "gmt")) => {
                self.place += 1;
                Some(self.offset()?.unwrap_or(0))
            }
            Some(Word::Letters(_)) => return Err(Refused::Zone),
            _ => self.offset()?,
        };
        if is_open && self.skip(&[')']).is_none() {
            return Err(Refused::Date);
        }
        if self.skip(&['[']).is_some() {
            let is_korea = self.skip_letters(&["asia"])
                && self.skip(&['/']).is_some()
                && self.skip_letters(&["seoul"])
                && self.skip(&[']']).is_some();
            if !is_korea || offset.is_some_and(|offset| offset != KOREA) {
                return Err(Refused::Zone);
            }
            return Ok(Some(KOREA));
        }
        Ok(offset)
    }

    /// `+09:00`, `+0900` or `+9`.
    fn offset(&mut self) -> Result<Option<i32>, Refused> {
        let sign = match self.skip(&['+', '-']) {
            Some('+') => 1,
            Some(_) => -1,
            None => return Ok(None),
        };
        let number = self.number().ok_or(Refused::Zone)?;
        let (hours, minutes) = match number.len() {
            1 | 2 if self.skip(&[':']).is_some() => (number, self.number().ok_or(Refused::Zone)?),
            1 | 2 => (number, "0"),
            4 => number.split_at(2),
            _ => return Err(Refused::Zone),
        };
        let (hours, minutes) = (value(hours)?, value(minutes)?);
        let seconds = i32::try_from(hours * 3_600 + minutes * 60).map_err(|_| Refused::Zone)?;
        if hours > 14 || minutes > 59 { Err(Refused::Zone) } else { Ok(Some(sign * seconds)) }
    }
}

/// Day and month in an order that is not known.
fn foreign(first: u32, second: u32, year: u32) -> Result<Date, Refused> {
    match (first <= 12, second <= 12) {
        (true, true) if first != second => Err(Refused::DayOrMonth),
        (true, _) => day(year, first, second),
        (false, _) => day(year, second, first),
    }
}

fn time(half: Option<bool>, hour: u32, minute: u32, second: u32) -> Result<Time, Refused> {
    let hour = match half {
        Some(_) if hour > 12 => return Err(Refused::Date),
        Some(is_late) => hour % 12 + if is_late { 12 } else { 0 },
        None => hour,
    };
    let part = |number: u32| i8::try_from(number).map_err(|_| Refused::Date);
    // A leap second is in the same minute.
    Time::new(part(hour)?, part(minute)?, part(second.min(59))?, 0).map_err(|_| Refused::Date)
}

fn in_korea(moment: DateTime, offset: i32) -> Result<Date, Refused> {
    let zone = |seconds| Offset::from_seconds(seconds).map(TimeZone::fixed).map_err(|_| Refused::Zone);
    let instant = moment.to_zoned(zone(offset)?).map_err(|_| Refused::NoSuchDay)?;
    Ok(instant.with_time_zone(zone(KOREA)?).date())
}

fn value(digits: &str) -> Result<u32, Refused> {
    digits.parse().map_err(|_| Refused::Date)
}
