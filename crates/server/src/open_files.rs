//! The process's limit of open files, connections among them.

/// As many as the system allows: the usual soft limit is 1,024, at which a server would accept nobody and look well.
pub fn raise_limit() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(files) => tracing::info!(files, "the most open files"),
        Err(error) => tracing::warn!(%error, "the limit of open files stays as it is"),
    }
}

/// Of the limit so many are kept for the database, the national systems and the log, and an eighth where that is more.
const RESERVE: u64 = 128;
/// Where the limit is unlimited.
const MANY: u64 = 1_000_000;

/// Connections of the listener for health and metrics.
pub(crate) const OPS: usize = 32;

/// How many connections the API may have so that the database and the national systems can still be reached.
pub(crate) fn most_connections() -> usize {
    let limit = rlimit::Resource::NOFILE.get().map_or(1_024, |(soft, _)| soft.min(MANY));
    usize::try_from(beside_the_reserve(limit)).unwrap_or(usize::MAX)
}

fn beside_the_reserve(limit: u64) -> u64 {
    limit.saturating_sub((limit / 8).max(RESERVE) + OPS as u64).max(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_keeps_its_files() {
        for (limit, connections) in [(65_536, 57_312), (1_024, 864), (300, 140), (100, 16)] {
            assert_eq!(beside_the_reserve(limit), connections, "{limit}");
        }
    }
}
