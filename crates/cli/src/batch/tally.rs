//! What is counted while the answers are written.

use jiff::civil::Date;
use rims_client::codes::{Code, LicenceStatus, VehicleIdentity};

use super::columns::Asked;
use super::journal::Told;
use super::results::is_eligible;
use super::rows::Row;

/// How many rows are named.
pub(super) const NAMED: usize = 10;

/// Rows of one kind: how many, and the numbers of the first.
#[derive(Clone, Debug, Default)]
pub(super) struct Named {
    pub(super) count: usize,
    pub(super) first: Vec<usize>,
}

impl Named {
    fn add(&mut self, row: usize) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(row);
        }
    }
}

/// What a run found.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) rows: usize,
    pub(super) eligible: usize,
    /// By code, in the order in which they came first.
    pub(super) codes: Vec<(Code<LicenceStatus>, usize)>,
    /// The first rows that are not eligible, with their codes.
    pub(super) ineligible: Vec<(usize, Code<LicenceStatus>)>,
    pub(super) unanswered: Named,
    /// Vehicles that are not the company's (code 2).
    pub(super) unregistered: Named,
    /// The first and the last day of all that were asked.
    pub(super) days: Option<(Date, Date)>,
    /// Rows for today because they and the options have no day.
    pub(super) today: usize,
    /// Rows that the spreadsheet does not show.
    pub(super) hidden: usize,
}

impl Tally {
    /// Counts a row.
    pub(super) fn add(&mut self, row: &Row<'_>, answer: Option<&Told>, asked: &Asked<'_>) {
        self.rows += 1;
        self.hidden += usize::from(row.is_hidden);
        let Some(told) = answer else {
            self.unanswered.add(row.number);
            return;
        };
        self.today += usize::from(asked.is_today);
        let (from, to) = self.days.unwrap_or((asked.from, asked.to));
        self.days = Some((from.min(asked.from), to.max(asked.to)));
        match self.codes.iter_mut().find(|(code, _)| *code == told.status) {
            Some((_, count)) => *count += 1,
            None => self.codes.push((told.status.clone(), 1)),
        }
        if is_eligible(told) {
            self.eligible += 1;
        } else if self.ineligible.len() < NAMED {
            self.ineligible.push((row.number, told.status.clone()));
        }
        let vehicle = told.vehicle.as_ref().and_then(Code::known);
        if vehicle.is_some_and(|vehicle| vehicle != VehicleIdentity::Confirmed) {
            self.unregistered.add(row.number);
        }
    }

    /// How many drivers were answered.
    pub(super) fn answered(&self) -> usize {
        self.rows - self.unanswered.count
    }
}
