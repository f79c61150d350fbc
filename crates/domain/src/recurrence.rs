//! When a reservation is verified again (§4.2.4, table 5.10).

use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, ToSpan, Unit};
use rims_protocol::codes::Recurrence;

use crate::backoff;
use crate::calendar::{moment, today};

const RUN_HOUR: i8 = 6;

/// The first date of the recurrence that is not before `from` and is after `after`; none at the end of time. It
/// may lie behind the reservation's end: `next_vrfc_ymd` is not clipped (§4.2.9.5).
pub fn next_date(recurrence: Recurrence, from: Date, after: Date) -> Option<Date> {
    let earliest = from.max(after.tomorrow().ok()?);
    match recurrence {
        Recurrence::Weekly => {
            let days = earliest.weekday().until(Weekday::Monday);
            earliest.checked_add(days.days()).ok()
        }
        Recurrence::FifteenDays => {
            let elapsed = from.until((Unit::Day, earliest)).ok()?.get_days();
            from.checked_add((elapsed + 14).div_euclid(15).saturating_mul(15).days()).ok()
        }
        Recurrence::Monthly if earliest.day() == 1 => Some(earliest),
        Recurrence::Monthly => earliest.first_of_month().checked_add(1.month()).ok(),
    }
}

/// When a date's verification runs: 06:00 in Asia/Seoul.
pub fn run_time(date: Date) -> Timestamp {
    moment(date.at(RUN_HOUR, 0, 0, 0))
}

/// A verification that is to run now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The next date once it has run. It is after today, so that one run makes up for all the dates that were
    /// missed.
    pub following: Option<Date>,
}

/// Whether the verification of the stored date `next` is to run: its time has come, and it and today lie within
/// the reservation, because nothing runs after the end.
pub fn latest_due(recurrence: Recurrence, from: Date, to: Date, next: Date, now: Timestamp) -> Option<Due> {
    let today = today(now);
    let is_due = next <= to && today <= to && run_time(next) <= now;
    is_due.then(|| Due { following: next_date(recurrence, from, today) })
}

/// When a run that failed `failures` times upstream is tried again ([`backoff::RESERVATION`]); `None` when that is another
/// day in Asia/Seoul, so that it is given up until the next date.
pub fn retry_at(failures: u32, now: Timestamp) -> Option<Timestamp> {
    let wait = backoff::RESERVATION.after(failures)?;
    now.checked_add(wait).ok().filter(|retry| today(*retry) == today(now))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Every date of the recurrence up to `to`.
    fn dates(recurrence: Recurrence, from: Date, to: Date) -> Vec<Date> {
        let first = next_date(recurrence, from, from.yesterday().unwrap());
        std::iter::successors(first, |date| next_date(recurrence, from, *date))
            .take_while(|date| *date <= to)
            .collect()
    }

    #[test]
    fn mondays_of_two_years() {
        let mondays = dates(Recurrence::Weekly, date(2027, 1, 1), date(2028, 12, 31));
        assert_eq!((mondays[0], mondays.len()), (date(2027, 1, 4), 104));
        assert_eq!(mondays[51..54], [date(2027, 12, 27), date(2028, 1, 3), date(2028, 1, 10)]);
        assert_eq!(mondays[60..62], [date(2028, 2, 28), date(2028, 3, 6)]);
        assert_eq!(mondays.last(), Some(&date(2028, 12, 25)));
        assert!(mondays.iter().all(|date| date.weekday() == Weekday::Monday));
    }

    #[test]
    fn every_fifteen_days_of_two_years() {
        let start = date(2027, 1, 31);
        let days = dates(Recurrence::FifteenDays, start, date(2028, 12, 31));
        assert_eq!(days[..4], [start, date(2027, 2, 15), date(2027, 3, 2), date(2027, 3, 17)]);
        assert_eq!(days[22..24], [date(2027, 12, 27), date(2028, 1, 11)]);
        assert_eq!(days[26..28], [date(2028, 2, 25), date(2028, 3, 11)]);
        assert_eq!((days.last(), days.len()), (Some(&date(2028, 12, 21)), 47));
        let leap_day = date(2028, 2, 29);
        assert_eq!(next_date(Recurrence::FifteenDays, leap_day, leap_day), Some(date(2028, 3, 15)));
    }

    #[test]
    fn the_first_of_every_month_of_two_years() {
        let firsts = dates(Recurrence::Monthly, date(2027, 1, 31), date(2028, 12, 31));
        let mut expected: Vec<Date> = (2..=12).map(|month| date(2027, month, 1)).collect();
        expected.extend((1..=12).map(|month| date(2028, month, 1)));
        assert_eq!(firsts, expected);
        assert_eq!(
            next_date(Recurrence::Monthly, date(2028, 1, 1), date(2028, 2, 28)),
            Some(date(2028, 3, 1))
        );
        assert_eq!(
            next_date(Recurrence::Monthly, date(2028, 1, 1), date(2028, 2, 29)),
            Some(date(2028, 3, 1))
        );
    }

    #[test]
    fn the_sample_of_4_2_9_5() {
        let from = date(2025, 9, 22);
        let next = |after| next_date(Recurrence::FifteenDays, from, after);
        assert_eq!(next(from), Some(date(2025, 10, 7)));
        assert_eq!(next(date(2025, 10, 7)), Some(date(2025, 10, 22)), "after the end of 11 October");
    }

    #[test]
    fn a_reservation_in_the_future_begins_with_its_start() {
        let today = date(2027, 3, 3);
        for (recurrence, from, expected) in [
            (Recurrence::Weekly, date(2027, 3, 15), date(2027, 3, 15)),
            (Recurrence::Weekly, date(2027, 3, 16), date(2027, 3, 22)),
            (Recurrence::FifteenDays, date(2027, 3, 16), date(2027, 3, 16)),
            (Recurrence::Monthly, date(2027, 4, 1), date(2027, 4, 1)),
            (Recurrence::Monthly, date(2027, 4, 2), date(2027, 5, 1)),
        ] {
            assert_eq!(next_date(recurrence, from, today), Some(expected));
        }
    }

    #[test]
    fn there_is_an_end_of_time() {
        for recurrence in Recurrence::ALL {
            assert_eq!(next_date(*recurrence, date(9999, 12, 1), Date::MAX), None);
            assert_eq!(next_date(*recurrence, date(9999, 12, 20), date(9999, 12, 30)), None);
        }
        assert_eq!(next_date(Recurrence::Monthly, date(9999, 1, 1), date(9999, 12, 1)), None);
    }

    #[test]
    fn runs_are_at_six_in_seoul() {
        assert_eq!(run_time(date(2028, 2, 29)), at("2028-02-29T06:00:00+09:00"));
        assert_eq!(run_time(date(2028, 1, 1)), at("2027-12-31T21:00:00Z"));
    }

    /// Mondays from 4 January to 28 February 2027.
    fn due(next: Date, now: &str) -> Option<Due> {
        latest_due(Recurrence::Weekly, date(2027, 1, 4), date(2027, 2, 28), next, at(now))
    }

    #[test]
    fn a_run_is_due_from_six_on() {
        let next = date(2027, 1, 11);
        assert_eq!(due(next, "2027-01-11T05:59:59+09:00"), None);
        let following = Some(Due { following: Some(date(2027, 1, 18)) });
        assert_eq!(due(next, "2027-01-11T06:00:00+09:00"), following);
        assert_eq!(due(next, "2027-01-17T23:59:59+09:00"), following);
    }

    #[test]
    fn missed_runs_are_made_up_once() {
        let next = date(2027, 1, 11);
        for now in ["2027-02-01T06:00:00+09:00", "2027-02-01T00:00:00+09:00", "2027-02-07T12:00:00+09:00"] {
            let following = Due { following: Some(date(2027, 2, 8)) };
            assert_eq!(due(next, now), Some(following), "{now}");
            assert_eq!(due(date(2027, 2, 8), now), None, "{now}");
        }
    }

    #[test]
    fn nothing_runs_after_the_end() {
        let last = date(2027, 2, 22);
        let following = Some(Due { following: Some(date(2027, 3, 1)) });
        assert_eq!(due(last, "2027-02-28T23:59:59+09:00"), following);
        assert_eq!(due(last, "2027-03-01T00:00:00+09:00"), None);
        assert_eq!(due(date(2027, 3, 1), "2027-03-01T06:00:00+09:00"), None);
    }

    #[test]
    fn retries_wait_longer_and_longer_within_the_day() {
        let now = at("2027-01-11T06:00:00+09:00");
        for (failures, minutes) in
            [(0, 5), (1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (6, 60), (u32::MAX, 60)]
        {
            assert_eq!(retry_at(failures, now), Some(now + SignedDuration::from_mins(minutes)), "{failures}");
        }
        let late = at("2027-01-11T23:00:00+09:00");
        assert_eq!(retry_at(5, late), None, "midnight is the next day");
        assert_eq!(retry_at(4, late), Some(at("2027-01-11T23:40:00+09:00")));
        assert_eq!(retry_at(1, at("2027-01-11T23:55:00+09:00")), None);
        assert_eq!(retry_at(1, Timestamp::MAX), None);
    }

    fn any_date() -> impl Strategy<Value = Date> {
        (0i32..731).prop_map(|days| date(2027, 1, 1) + days.days())
    }

    fn belongs(recurrence: Recurrence, from: Date, day: Date) -> bool {
        match recurrence {
            Recurrence::Weekly => day.weekday() == Weekday::Monday,
            Recurrence::FifteenDays => day.duration_since(from).as_hours() % (15 * 24) == 0,
            Recurrence::Monthly => day.day() == 1,
        }
    }

    proptest! {
        #[test]
        fn the_next_date_is_the_first_one(index in 0usize..3, from in any_date(), after in any_date()) {
            let recurrence = Recurrence::ALL[index];
            let next = next_date(recurrence, from, after).unwrap();
            let first = from.max(after.tomorrow().unwrap())
                .series(1.day())
                .find(|day| belongs(recurrence, from, *day));
            prop_assert_eq!(Some(next), first);
        }

        #[test]
        fn the_following_date_is_not_due_on_the_same_day(
            index in 0usize..3,
            from in any_date(),
            length in 0i32..400,
            missed in 0i64..400 * 24,
        ) {
            let recurrence = Recurrence::ALL[index];
            let to = from + length.days();
            let next = next_date(recurrence, from, from).unwrap();
            let now = run_time(next) + SignedDuration::from_hours(missed);
            match latest_due(recurrence, from, to, next, now) {
                Some(Due { following }) => {
                    prop_assert!(next <= to && today(now) <= to);
                    prop_assert!(following.unwrap() > today(now));
                    prop_assert_eq!(latest_due(recurrence, from, to, following.unwrap(), now), None);
                }
                None => prop_assert!(today(now) > to),
            }
        }

        #[test]
        fn retries_stay_within_their_day(failures: u32, seconds in 0i64..2 * 365 * 86_400) {
            let now = at("2027-01-01T00:00:00+09:00") + SignedDuration::from_secs(seconds);
            if let Some(retry) = retry_at(failures, now) {
                prop_assert!(retry > now && today(retry) == today(now));
            }
        }
    }
}
