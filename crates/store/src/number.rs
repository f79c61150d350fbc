//! Rental and verification numbers: unique across nodes, never reused (§4.2.6, docs/spec-decisions.md).
//!
//! A node takes a block of numbers from the counter of their letter and year, durably, before it hands one out.
//! A crash loses the rest of a block, which leaves a gap; no number is ever handed out twice.

use std::collections::HashMap;
use std::ops::Range;

use rims_protocol::Sector;
use rims_protocol::values::RemoteNumber;
use tokio::sync::Mutex;

use crate::codec::Code;
use crate::committer::{Failure, changed, one};
use crate::db::{Link, on_backend};
use crate::error::{StoreError, report};
use crate::prepared::{Command, Prepared};
use crate::sql::statements;
use crate::store::Store;

/// How many numbers a node takes at once.
const BLOCK: i64 = 100;
/// How often a block is tried for while other nodes are faster.
const ATTEMPTS: usize = 100;

statements! { STATEMENTS:
    NEXT = "SELECT next FROM number_counter WHERE sector = $1 AND year = $2";
    START = "
        INSERT INTO number_counter (sector, year, next) VALUES ($1, $2, $3)
        ON CONFLICT (sector, year) DO NOTHING";
    ADVANCE = "UPDATE number_counter SET next = $3 WHERE sector = $1 AND year = $2 AND next = $4";
    TAKE = "INSERT INTO number (number, kind, company_id, id) VALUES ($1, $2, $3, $4)";
    OWNER = "SELECT company_id, id FROM number WHERE number = $1 AND kind = $2";
    FORGET = "DELETE FROM number WHERE number = $1";
}

/// What a number stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Rental,
    Reservation,
    Remote,
}

impl Code for Kind {
    const COLUMN: &'static str = "number.kind";
    const TABLE: &'static [(Self, i16)] = &[(Self::Rental, 1), (Self::Reservation, 2), (Self::Remote, 3)];
}

/// A number as it is stored: letter, year and sequence in decimal places of their own.
pub(crate) fn encode(number: RemoteNumber) -> i64 {
    let (sector, year) = (i64::from(number.sector().encode()), i64::from(number.year()));
    (sector * 100 + year) * 1_000_000_000 + i64::from(number.sequence())
}

/// The number of [`encode`].
pub(crate) fn decode(number: i64, column: &'static str) -> Result<RemoteNumber, StoreError> {
    let damaged = StoreError::Corrupt(column);
    let head = number / 1_000_000_000;
    let sector = Sector::decode(i16::try_from(head / 100).unwrap_or_default())?;
    let (Ok(year), Ok(sequence)) = (u8::try_from(head % 100), u32::try_from(number % 1_000_000_000)) else {
        return Err(damaged);
    };
    RemoteNumber::new(sector, year, sequence).ok_or(damaged)
}

/// Whether it is the number of a rental, which is stored with the rental.
pub(crate) fn is_rental(number: i64) -> bool {
    decode(number, "number").is_ok_and(|number| number.sector() == Sector::Rental)
}

/// The next block of a letter and year, if it still begins where it was seen to.
pub(crate) struct Advance {
    sector: i16,
    year: i16,
    seen: i64,
}

impl Advance {
    /// Refused if another node was faster.
    pub(crate) async fn run(&self, link: &mut Link) -> Result<(), Failure> {
        let next = self.seen + BLOCK;
        let moved = if self.seen == 1 {
            changed!(link, START, self.sector, self.year, next)
        } else {
            changed!(link, ADVANCE, self.sector, self.year, next, self.seen)
        };
        one(moved, "block of numbers")
    }
}

/// The rest of the blocks that this node has taken.
#[derive(Default)]
pub(crate) struct Blocks {
    left: Mutex<HashMap<(Sector, u8), Range<i64>>>,
}

impl Blocks {
    pub(crate) async fn forget(&self) {
        self.left.lock().await.clear();
    }
}

impl Store {
    /// A number that nothing else has or will have, of a sector's letter and a two-digit year in Asia/Seoul.
    pub async fn next_number(&self, sector: Sector, year: u8) -> Result<RemoteNumber, StoreError> {
        let mut left = self.inner.numbers.left.lock().await;
        let block = left.entry((sector, year)).or_default();
        if block.is_empty() {
            *block = self.take_block(sector, year).await?;
        }
        let sequence = block.next().and_then(|next| u32::try_from(next).ok());
        // A billion numbers of a letter and year are used up.
        sequence.and_then(|next| RemoteNumber::new(sector, year, next)).ok_or(StoreError::Full)
    }

    async fn take_block(&self, sector: Sector, year: u8) -> Result<Range<i64>, StoreError> {
        let (sector, year) = (sector.encode(), i16::from(year));
        for _ in 0..ATTEMPTS {
            let next: Result<Option<i64>, _> = on_backend!(&self.inner.db, pool => {
                sqlx::query_scalar(NEXT).bind(sector).bind(year).fetch_optional(pool).await
            });
            let seen = next.map_err(|error| report(&error))?.unwrap_or(1);
            let advance = Command::TakeNumbers(Advance { sector, year, seen });
            match self.enqueue(Prepared { commands: vec![advance], ..Prepared::default() }).await {
                Ok(()) => return Ok(seen..seen + BLOCK),
                Err(StoreError::Missing(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Unavailable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for text in ["R26-000000001", "P99-999999999", "V00-000000002", "D01-123456789", "C30-000000100"] {
            let number = RemoteNumber::parse(text).unwrap();
            assert_eq!(decode(encode(number), "x"), Ok(number));
        }
        assert_eq!(encode(RemoteNumber::parse("R26-000000001").unwrap()), 126_000_000_001);
        for damaged in [0, 1, 126_000_000_000, 926_000_000_001, i64::MAX, -1] {
            assert!(decode(damaged, "x").is_err(), "{damaged}");
        }
    }
}
