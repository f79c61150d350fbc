//! The process's limit of open files, connections among them.

/// As many as the system allows: the usual soft limit is 1,024, at which a server would accept nobody and look well.
pub fn raise_limit() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(files) => tracing::info!(files, "the most open files"),
        Err(error) => tracing::warn!(%error, "the limit of open files stays as it is"),
    }
}
