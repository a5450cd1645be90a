//! Open files: how many this process may have, and how many of them connections may take.

use crate::api::limits::CONNECTIONS_MAX;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a ledger itself opens at most: 512 tables of its database and 64 of its index, with room for their logs, for a
/// backup, for keys and the guard.
const OF_THE_LEDGER: u64 = 768;

/// Allows this process as many open files as it may allow itself, and says how many connections they are enough for.
///
/// A stranger who opens connections takes no file from the ledger: one that it cannot open stops it.
pub(super) fn for_connections() -> usize {
    let allowed = getrlimit(Resource::Nofile);
    // Where more is not to be had, there are fewer connections.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: allowed.maximum, ..allowed });
    enough_for(getrlimit(Resource::Nofile).current)
}

/// Connections that so many open files are enough for; `None` is no limit.
fn enough_for(files: Option<u64>) -> usize {
    let left = files.map(|files| files.saturating_sub(OF_THE_LEDGER));
    let left = left.and_then(|left| usize::try_from(left).ok());
    left.unwrap_or(CONNECTIONS_MAX).clamp(1, CONNECTIONS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_the_ledger_its_files() {
        assert_eq!(enough_for(Some(1_024)), 256);
        assert_eq!(enough_for(Some(65_536)), CONNECTIONS_MAX);
        assert_eq!(enough_for(None), CONNECTIONS_MAX);
        assert_eq!(enough_for(Some(100)), 1);
    }
}
