use jiff::ToSpan;
use jiff::civil::Date;
use rims_protocol::codes::{KnownProcessing, LicenceStatus};
use rims_protocol::values::{Period, parse_compact};

/// One licence as it is asked for.
pub(super) struct Asked<'a> {
    pub(super) licence_number: &'a str,
    pub(super) name: &'a str,
    pub(super) class: &'a str,
    pub(super) from: &'a str,
    pub(super) to: &'a str,
}

/// What the register says of it.
pub(super) struct Said {
    pub(super) status: LicenceStatus,
    pub(super) temporary: bool,
}

/// A fault that a licence number stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberFault {
    /// The whole call is refused with this code.
    Refused(KnownProcessing),
    /// The connection ends without an answer.
    Disconnect,
    /// Nonsense with status 200.
    Garbage,
    /// No answer.
    Hang,
}

struct Record {
    licence_number: &'static str,
    holder: &'static str,
    class: &'static str,
    state: State,
}

enum State {
    Valid,
    Temporary,
    /// From today + 10 to today + 20 days.
    Suspended,
    /// From today + 10 days.
    Revoked,
}

const RECORDS: &[Record] = &[
    Record { licence_number: "221212121212", holder: "홍길동", class: "12", state: State::Valid },
    Record { licence_number: "123456789123", holder: "김하늘", class: "32", state: State::Temporary },
    Record { licence_number: "111111111101", holder: "이정지", class: "12", state: State::Suspended },
    Record { licence_number: "111111111102", holder: "박취소", class: "12", state: State::Revoked },
];

/// The register's answer on the day `today`. Exact records first; others by their last two digits.
pub(super) fn look_up(asked: &Asked<'_>, today: Date) -> Said {
    match RECORDS.iter().find(|record| record.licence_number == asked.licence_number) {
        Some(record) => {
            let temporary = matches!(record.state, State::Temporary);
            Said { status: record_status(record, asked, today), temporary }
        }
        None => Said { status: by_last_digits(asked.licence_number), temporary: false },
    }
}

fn by_last_digits(licence_number: &str) -> LicenceStatus {
    let last = licence_number.len().checked_sub(2).and_then(|start| licence_number.get(start..));
    last.and_then(LicenceStatus::from_code).unwrap_or(LicenceStatus::NotFound)
}

/// The name is compared before the class.
fn record_status(record: &Record, asked: &Asked<'_>, today: Date) -> LicenceStatus {
    if asked.name != record.holder {
        return LicenceStatus::NameMismatch;
    }
    if asked.class != record.class {
        return LicenceStatus::ClassMismatch;
    }
    let Some(period) = period(asked) else { return LicenceStatus::PeriodMissing };
    let in_days = |days: i64| today.saturating_add(days.days());
    match record.state {
        State::Suspended if period.overlaps(in_days(10), in_days(20)) => LicenceStatus::SuspendedInPeriod,
        State::Revoked if period.overlaps(in_days(10), Date::MAX) => LicenceStatus::RevokedInPeriod,
        State::Valid | State::Temporary | State::Suspended | State::Revoked => LicenceStatus::Valid,
    }
}

fn period(asked: &Asked<'_>) -> Option<Period> {
    Period::new(parse_compact(asked.from).ok()?, parse_compact(asked.to).ok()?).ok()
}

/// The fault of a number `99CC…`: a code of table 5.3 other than 0, or 90, 91, 92.
pub(super) fn number_fault(licence_number: &str) -> Option<NumberFault> {
    let code = licence_number.strip_prefix("99")?.get(..2)?;
    match code {
        "90" => Some(NumberFault::Disconnect),
        "91" => Some(NumberFault::Garbage),
        "92" => Some(NumberFault::Hang),
        _ => {
            let known = KnownProcessing::from_code(code.parse::<u16>().ok()?)?;
            (known != KnownProcessing::Done).then_some(NumberFault::Refused(known))
        }
    }
}
