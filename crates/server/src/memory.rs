//! What is in the process's memory stays there: licence numbers and keys must not end in a file, or in another program
//! of the same user.

use rlimit::Resource;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

/// Writes no core dump, and lets no other process of the same user read this one's memory. Where the system refuses, the
/// server says so and goes on: it is no worse than without.
pub fn keep_private() {
    if let Err(error) = Resource::CORE.set(0, 0) {
        tracing::warn!(%error, "a crash may write personal data to a core dump: set LimitCORE=0");
    }
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "other processes of this user may read this one's memory");
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::dumpable_behavior;

    use super::*;

    #[test]
    fn no_dump_and_no_reader() {
        keep_private();
        assert_eq!(Resource::CORE.get().unwrap(), (0, 0));
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}
