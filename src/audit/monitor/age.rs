//! How old what a source shows is: by the time of the commitment that it ends in.

use remit_verifier::log::Entry;
use remit_verifier::types::{EntryIndex, Millis, TreeSize};

/// When the commitments of the one history were made, and since when its newest checkpoint is known.
#[derive(Default)]
pub(super) struct Ages {
    closed: Vec<(TreeSize, Millis)>,
    newest: Option<Millis>,
}

impl Ages {
    /// Takes an entry that was vouched for; whether it is the last of its batch.
    pub(super) fn entry(&mut self, at: EntryIndex, entry: &[u8]) -> bool {
        let Ok(Entry::Commitment(commitment)) = Entry::decode(entry) else { return false };
        let size = TreeSize(at.0.saturating_add(1));
        // What is shown again is known.
        if self.closed.last().is_none_or(|(last, _)| *last < size) {
            self.closed.push((size, commitment.time));
        }
        true
    }

    /// Somebody is asked. A checkpoint that is remembered is known since the first time.
    pub(super) fn begin(&mut self, now: Millis) {
        self.newest.get_or_insert(now);
    }

    /// A newer checkpoint was shown.
    pub(super) fn grown(&mut self, now: Millis) {
        self.newest = Some(now);
    }

    /// Time of the state after so many entries: before the first of them there is none. What is not known, and lags
    /// behind the newest checkpoint, is as old as that one is at least.
    pub(super) fn of(&self, shown: TreeSize, newest: TreeSize) -> Option<Millis> {
        if shown.0 == 0 {
            return Some(Millis(0));
        }
        match self.closed.binary_search_by_key(&shown, |(size, _)| *size) {
            Ok(place) => self.closed.get(place).map(|(_, time)| *time),
            Err(_) => self.newest.filter(|_| shown < newest),
        }
    }
}
