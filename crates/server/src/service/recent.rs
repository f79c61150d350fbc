//! What was read from the database, for at most a second: a change of an account, a key or a delegation takes
//! effect on every node within that time.

use std::hash::Hash;
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;

/// How long a reading may be used.
const MAX_AGE: Duration = Duration::from_secs(1);

/// A bounded cache of recent readings.
pub(super) struct Recent<K, V> {
    readings: Cache<K, (Instant, V)>,
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { readings: Cache::new(capacity) }
    }

    /// The reading, if it is recent, else a new one. A failed reading is not kept.
    pub(super) async fn get<E>(&self, key: K, read: impl AsyncFnOnce(&K) -> Result<V, E>) -> Result<V, E> {
        if let Some((at, value)) = self.readings.get(&key)
            && at.elapsed() < MAX_AGE
        {
            return Ok(value);
        }
        let at = Instant::now();
        let value = read(&key).await?;
        self.readings.insert(key, (at, value.clone()));
        Ok(value)
    }

    pub(super) fn forget(&self) {
        self.readings.clear();
    }
}

impl<K, V> std::fmt::Debug for Recent<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recent(…)")
    }
}
