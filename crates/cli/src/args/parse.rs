//! What stands on the command line, as values.

use jiff::ToSpan as _;
use jiff::civil::Date;
use reqwest::Url;
use rims_client::Sector;
use rims_client::codes::{ApiType, LicenceClass, OneWay, Recurrence, SearchType};
use rims_client::values::{BusinessNumber, IdempotencyKey, Malformed, Plate, RemoteNumber, UserId};
use rims_domain::{Environment, OperatorName};
use rims_protocol::Interface;
use rims_reading::Refused;
use rims_server::webhook::EventKind;

use crate::language::pick;

/// A day: a date, or so many days from today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Day {
    Date(Date),
    FromToday(i32),
}

impl Day {
    /// The date, seen from today.
    pub(crate) fn on(self, today: Date) -> Date {
        match self {
            Self::Date(date) => date,
            Self::FromToday(days) => today.saturating_add(days.days()),
        }
    }
}

pub(crate) fn day(text: &str) -> Result<Day, String> {
    match text {
        "today" | "오늘" => return Ok(Day::FromToday(0)),
        "tomorrow" | "내일" => return Ok(Day::FromToday(1)),
        _ => {}
    }
    if text.starts_with(['+', '-'])
        && let Ok(days) = text.parse::<i32>()
        && days.unsigned_abs() < 100_000
    {
        return Ok(Day::FromToday(days));
    }
    date(text).map(Day::Date)
}

/// A day, in any spelling that can mean one only.
pub(crate) fn date(text: &str) -> Result<Date, String> {
    rims_reading::date(text).map_err(|why| match why {
        Refused::Date | Refused::Empty => "yyyymmdd, yyyy-mm-dd, today or +DAYS is expected".to_owned(),
        why => cause(why),
    })
}

/// The code, or what people call it.
pub(crate) fn class(text: &str) -> Result<LicenceClass, String> {
    rims_reading::class(text).map_err(cause)
}

/// Why a text is not read, in the user's language.
pub(crate) fn cause(why: Refused) -> String {
    pick(why.korean(), why.english())
}

pub(crate) fn sector(text: &str) -> Result<Sector, String> {
    let sector = match text.trim() {
        "렌트카" => Some(Sector::Rental),
        "delivery" | "배달" => Some(Sector::Delivery),
        "scooter" => Some(Sector::PersonalMobility),
        "chauffeur" | "대리운전" => Some(Sector::Chauffeur),
        "general" | "범용" => Some(Sector::General),
        name => Sector::from_name(name),
    };
    sector.ok_or_else(|| "rental, dapi, pm, sub or cmm is expected".to_owned())
}

pub(crate) fn recurrence(text: &str) -> Result<Recurrence, String> {
    let recurrence = match text {
        "weekly" => Some(Recurrence::Weekly),
        "15days" => Some(Recurrence::FifteenDays),
        "monthly" => Some(Recurrence::Monthly),
        code => Recurrence::from_code(code),
    };
    recurrence.ok_or_else(|| "weekly, 15days or monthly is expected".to_owned())
}

pub(crate) fn api_type(text: &str) -> Result<ApiType, String> {
    ApiType::from_code(text).ok_or_else(|| "a code of `rims codes api-types` is expected".to_owned())
}

pub(crate) fn one_way(text: &str) -> Result<OneWay, String> {
    let is_one_way = rims_reading::yes_no(text).map_err(cause)?;
    Ok(if is_one_way { OneWay::Yes } else { OneWay::No })
}

pub(crate) fn search(text: &str) -> Result<SearchType, String> {
    SearchType::from_code(text).ok_or_else(|| "a code of `rims codes search` is expected".to_owned())
}

pub(crate) fn plate(text: &str) -> Result<Plate, String> {
    Plate::parse(text).map_err(told)
}

pub(crate) fn idempotency_key(text: &str) -> Result<IdempotencyKey, String> {
    IdempotencyKey::parse(text).map_err(|_| "1 to 255 visible ASCII characters are expected".to_owned())
}

pub(crate) fn user_id(text: &str) -> Result<UserId, String> {
    UserId::parse(text)
        .map_err(|_| "a user id has 1 to 32 characters, is not blank and has no control character".to_owned())
}

pub(crate) fn business_number(text: &str) -> Result<BusinessNumber, String> {
    BusinessNumber::parse(&text.replace('-', "")).map_err(|_| "a business number has 10 digits".to_owned())
}

pub(crate) fn number(text: &str) -> Result<RemoteNumber, String> {
    RemoteNumber::parse(text).ok_or_else(|| "a number such as R25-000000843".to_owned())
}

pub(crate) fn score(text: &str) -> Result<f64, String> {
    let score = text.parse().ok().filter(|score| (0.0..=100.0).contains(score));
    score.ok_or_else(|| "a number from 0 to 100 is expected".to_owned())
}

pub(crate) fn path(text: &str) -> Result<String, String> {
    match Interface::by_path(text) {
        Some(interface) => Ok(interface.path.to_owned()),
        None => Err("the path of an interface is expected, such as /licenseVerification".to_owned()),
    }
}

pub(crate) fn http_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.ok_or_else(|| "an http:// or https:// address is expected".to_owned())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address without a user and password is expected".to_owned());
    }
    Ok(url)
}

/// What stands before a path.
pub(crate) fn base_url(text: &str) -> Result<Url, String> {
    let url = http_url(text)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("an address without ? and # is expected".to_owned());
    }
    Ok(url)
}

fn told(rule: Malformed) -> String {
    rule.0.to_owned()
}

pub(crate) fn operator(text: &str) -> Result<OperatorName, String> {
    let most = OperatorName::MAX;
    OperatorName::parse(text)
        .ok_or_else(|| format!("a name is 1 to {most} characters without control characters"))
}

pub(crate) fn environment(text: &str) -> Result<Environment, String> {
    Environment::from_name(text).ok_or_else(|| "development or operations".to_owned())
}

pub(crate) fn event_kind(text: &str) -> Result<EventKind, String> {
    EventKind::from_name(text)
        .ok_or_else(|| format!("one of {}", EventKind::ALL.map(EventKind::name).join(", ")))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date as ymd;

    use super::*;

    #[test]
    fn days_as_people_write_them() {
        let today = ymd(2025, 10, 23);
        for (text, expected) in [
            ("20251101", ymd(2025, 11, 1)),
            ("2025-11-01", ymd(2025, 11, 1)),
            ("2025.11.1", ymd(2025, 11, 1)),
            ("2025. 11. 1", ymd(2025, 11, 1)),
            ("2025/11/01", ymd(2025, 11, 1)),
            ("2025-11-01 00:00:00", ymd(2025, 11, 1)),
            ("today", today),
            ("내일", ymd(2025, 10, 24)),
            ("+90", ymd(2026, 1, 21)),
            ("-1", ymd(2025, 10, 22)),
        ] {
            assert_eq!(day(text).map(|day| day.on(today)), Ok(expected), "{text}");
        }
        for text in ["", "-2147483648", "11/01/2025", "2025-13-01", "+", "20251", "+9999999"] {
            assert!(day(text).is_err(), "{text}");
        }
    }

    #[test]
    fn classes_by_code_or_name() {
        for text in ["12", "1종보통", "1종 보통"] {
            assert_eq!(class(text), Ok(LicenceClass::Class1Regular));
        }
        assert!(class("1").is_err() && class("보통").is_err());
    }
}
