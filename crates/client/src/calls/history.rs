//! 업체별 대여이력 조회 (§4.2.8), 업체별 반복예약 결과 조회 (§4.2.9).

use std::collections::{HashSet, VecDeque};

use futures::stream::{self, Stream};
use jiff::civil::Date;
use rims_protocol::codes::HistoryKind;
use rims_protocol::interface::Family;
use serde::de::DeserializeOwned;

use super::{RentalCalls, SectorCalls};
use crate::answer::{HistoryPage, RentalRecord, ScheduleRecord};
use crate::error::{Error, Repeat};
use crate::request::HistoryQuery;

impl RentalCalls {
    /// Every rental that the query finds, newest first: walks all pages, a month at a time. It ends after an error.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctests/sandbox.rs"));
    /// # fn main() { against_sandbox(async |client, driver| {
    /// use futures::TryStreamExt as _;
    /// use jiff::civil::date;
    /// use rims_client::{HistoryQuery, RentalRecord};
    ///
    /// let query = HistoryQuery::builder().from(date(2025, 1, 1)).to(date(2025, 12, 31)).build();
    /// let rentals: Vec<RentalRecord> = client.rental().rentals(query).try_collect().await?;
    /// println!("{} rentals", rentals.len());
    /// # drop(driver);
    /// # Ok(()) }); }
    /// ```
    pub fn rentals(&self, query: HistoryQuery) -> impl Stream<Item = Result<RentalRecord, Error>> + use<> {
        walk(self.0.clone(), query, HistoryKind::Rentals)
    }

    /// The same of reservations.
    pub fn schedules(
        &self,
        query: HistoryQuery,
    ) -> impl Stream<Item = Result<ScheduleRecord, Error>> + use<> {
        walk(self.0.clone(), query, HistoryKind::Schedules)
    }
}

/// A row with the number that tells it from others.
trait Row: DeserializeOwned {
    fn number(&self) -> Option<&str>;
}

impl Row for RentalRecord {
    fn number(&self) -> Option<&str> {
        self.number.as_deref()
    }
}

impl Row for ScheduleRecord {
    fn number(&self) -> Option<&str> {
        self.number.as_deref()
    }
}

struct Walk<R> {
    calls: SectorCalls,
    query: HistoryQuery,
    history: HistoryKind,
    /// The months still to read, the next one first; `None` before the first.
    windows: Option<VecDeque<(Date, Date)>>,
    /// The next page of the present month.
    page: u32,
    /// How many rows of the present month came.
    received: u64,
    /// Numbers of the present month that were given already: a row that is added meanwhile pushes others to the next
    /// page.
    given: HashSet<String>,
    rows: VecDeque<R>,
}

fn walk<R: Row>(
    calls: SectorCalls,
    query: HistoryQuery,
    history: HistoryKind,
) -> impl Stream<Item = Result<R, Error>> {
    let walk = Walk {
        calls,
        query,
        history,
        windows: None,
        page: 1,
        received: 0,
        given: HashSet::new(),
        rows: VecDeque::new(),
    };
    stream::unfold(Some(walk), async |walk| {
        let mut walk = walk?;
        match walk.next().await {
            Ok(Some(row)) => Some((Ok(row), Some(walk))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
}

impl<R: Row> Walk<R> {
    async fn next(&mut self) -> Result<Option<R>, Error> {
        loop {
            if let Some(row) = self.rows.pop_front() {
                return Ok(Some(row));
            }
            if !self.fill().await? {
                return Ok(None);
            }
        }
    }

    /// Reads one more page; `false` when there is none.
    async fn fill(&mut self) -> Result<bool, Error> {
        if self.windows.is_none() {
            self.windows = Some(self.query.windows(self.history)?.into());
        }
        let Some(window) = self.windows.as_ref().and_then(|windows| windows.front().copied()) else {
            return Ok(false);
        };
        let request = self.query.page(self.history, window, self.page, self.calls.bizinfo());
        let family = match self.history {
            HistoryKind::Rentals => Family::RentalHistory,
            HistoryKind::Schedules => Family::ScheduleHistory,
        };
        let (page, _): (HistoryPage<R>, _) =
            self.calls.client.core.post(family, request.members(), Repeat::Safe, None).await?;
        // A server may give fewer rows than are asked for.
        self.received += page.rows.len() as u64;
        let is_last = self.received >= page.total || page.rows.is_empty();
        for row in page.rows {
            let is_new = row.number().is_none_or(|number| self.given.insert(number.to_owned()));
            if is_new {
                self.rows.push_back(row);
            }
        }
        if is_last {
            self.windows.as_mut().and_then(VecDeque::pop_front);
            self.page = 1;
            self.received = 0;
            self.given.clear();
        } else {
            self.page += 1;
        }
        Ok(true)
    }
}
