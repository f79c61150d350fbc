//! What was read from the database, for a short time: a change of an account, a key or a delegation takes effect on every
//! node within that time, and earlier where PostgreSQL tells of it.

use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;

/// A bounded cache of recent readings.
pub(super) struct Recent<K, V> {
    readings: Cache<K, (Instant, V)>,
    max_age: Duration,
    /// Counts how often everything was forgotten: what was read before that is not kept after it.
    forgotten: AtomicU64,
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    pub(super) fn new(capacity: usize, max_age: Duration) -> Self {
        Self { readings: Cache::new(capacity), max_age, forgotten: AtomicU64::new(0) }
    }

    /// The reading, if it is recent, else a new one. A failed reading is not kept.
    pub(super) async fn get<E>(&self, key: K, read: impl AsyncFnOnce(&K) -> Result<V, E>) -> Result<V, E> {
        if let Some((at, value)) = self.readings.get(&key)
            && at.elapsed() < self.max_age
        {
            return Ok(value);
        }
        let (at, forgotten) = (Instant::now(), self.forgotten.load(Ordering::Acquire));
        let value = read(&key).await?;
        if self.forgotten.load(Ordering::Acquire) == forgotten {
            self.readings.insert(key, (at, value.clone()));
        }
        Ok(value)
    }

    pub(super) fn forget(&self) {
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        self.readings.clear();
    }
}

impl<K, V> std::fmt::Debug for Recent<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recent(…)")
    }
}
