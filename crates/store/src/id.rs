//! Time-ordered ids: `(ms since 2020-01-01T00:00:00Z) << 22 | node << 12 | sequence`.
//!
//! 41 bits of milliseconds last until 2089; 10 bits of node; 12 bits of sequence are 4,096 ids a millisecond.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// 2020-01-01T00:00:00Z.
const EPOCH_MS: i64 = 1_577_836_800_000;
const NODE_BITS: u32 = 10;
const SEQUENCE_BITS: u32 = 12;
/// An id shifted by this is its time bucket of 2^30 ms, 12.4 days; the index `rental_by_licence` says the same.
const BUCKET_SHIFT: u32 = 52;

/// Administrative commands beside a server make ids as this node.
pub(crate) const ADMIN_NODE: u16 = (1 << NODE_BITS) - 1;
/// The largest node number of a server.
pub const MAX_NODE: u16 = ADMIN_NODE - 1;

/// Hands out strictly increasing ids for one node, whatever the clock does.
#[derive(Debug)]
pub(crate) struct IdSource {
    node: i64,
    /// The last `ms << 12 | sequence` handed out.
    last: AtomicI64,
}

impl IdSource {
    /// Ids after everything this node wrote up to `floor`.
    pub(crate) fn new(node: u16, floor: Option<Timestamp>) -> Self {
        let last = floor.map_or(0, |floor| (ticks(floor) | ((1 << SEQUENCE_BITS) - 1)).max(0));
        Self { node: i64::from(node.min(ADMIN_NODE)), last: AtomicI64::new(last) }
    }

    /// The time of the last id, in milliseconds since 1970: none that was handed out is later.
    pub(crate) fn last_ms(&self) -> i64 {
        (self.last.load(Ordering::Relaxed) >> SEQUENCE_BITS) + EPOCH_MS
    }

    /// Starts over, after everything that had an id was destroyed.
    pub(crate) fn reset(&self) {
        self.last.store(0, Ordering::Relaxed);
    }

    /// The time buckets in which rows registered in `[since, until]` lie, oldest first. Where ids run ahead of the
    /// clock, rows lie as far ahead as the last id.
    pub(crate) fn buckets(&self, since: Timestamp, until: Timestamp) -> RangeInclusive<i64> {
        let bucket = |tick: i64| tick >> (BUCKET_SHIFT - NODE_BITS);
        bucket(ticks(since))..=bucket(ticks(until).max(self.last.load(Ordering::Relaxed)))
    }

    /// The next id; a clock that goes back, or more than 4,096 ids in a millisecond, borrow from the future.
    pub(crate) fn next(&self, now: Timestamp) -> i64 {
        let wanted = ticks(now);
        let following = |last: i64| wanted.max(last + 1);
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(following(last)));
        let tick = following(last.unwrap_or_else(|last| last));
        let sequence = tick & ((1 << SEQUENCE_BITS) - 1);
        ((tick >> SEQUENCE_BITS) << (NODE_BITS + SEQUENCE_BITS)) | (self.node << SEQUENCE_BITS) | sequence
    }
}

fn ticks(moment: Timestamp) -> i64 {
    (moment.as_millisecond() - EPOCH_MS).max(0) << SEQUENCE_BITS
}

/// The smallest id of a moment.
pub(crate) fn floor(moment: Timestamp) -> i64 {
    (moment.as_millisecond() - EPOCH_MS).max(0) << (NODE_BITS + SEQUENCE_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn ids_carry_time_node_and_sequence() {
        let source = IdSource::new(5, None);
        let now = at("2020-01-01T00:00:00.007Z");
        assert_eq!(source.next(now), (7 << 22) | (5 << 12));
        assert_eq!(source.next(now), (7 << 22) | (5 << 12) | 1);
    }

    #[test]
    fn ids_increase_when_the_clock_goes_back_and_when_a_millisecond_is_full() {
        let source = IdSource::new(0, None);
        let mut last = source.next(at("2026-01-01T00:00:00Z"));
        for _ in 0..10_000 {
            let id = source.next(at("2025-01-01T00:00:00Z"));
            assert!(id > last);
            last = id;
        }
    }

    #[test]
    fn a_restart_continues_after_the_last_write() {
        let floor = at("2026-01-01T00:00:00Z");
        let before = IdSource::new(3, None).next(floor);
        assert!(IdSource::new(3, Some(floor)).next(at("2025-06-01T00:00:00Z")) > before);
    }

    #[test]
    fn a_week_is_at_most_two_buckets() {
        for day in 0..40 {
            let since = at("2026-03-01T00:00:00Z") + jiff::SignedDuration::from_hours(24 * day);
            let source = IdSource::new(0, Some(since));
            let buckets = source.buckets(since, since + jiff::SignedDuration::from_hours(7 * 24));
            assert!(buckets.end() - buckets.start() <= 1);
        }
    }
}
