//! Entries that stand on all of several lists, the newest first: each list is asked for its greatest entry at or below
//! the least that another one has, until all agree. What is common is found without reading what is not.

use super::list::{number_of, of_number};
use super::{Index, IndexError, List};
use crate::ledger::{LedgerError, Snapshot};
use remit_verifier::log::Entry;
use remit_verifier::types::{EntryIndex, Millis};
use std::ops::Range;

/// How often lists are asked for one answer, so that lists with nothing in common are not read to their ends at once.
const SEEKS_MAX: usize = 20_000;

/// Entries that were looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The entries, the newest first.
    pub entries: Vec<EntryIndex>,
    /// To go on, look below this entry; `None` if there is nothing more. There may be more although nothing was found.
    pub next: Option<EntryIndex>,
}

impl Index {
    /// Entries within `range` that stand on all of these lists, the newest first, at most `limit`; without a list,
    /// every operation.
    ///
    /// # Errors
    ///
    /// [`IndexError::Device`].
    pub fn search(&self, lists: &[List], range: Range<u64>, limit: usize) -> Result<Found, IndexError> {
        self.search_within(lists, range, limit, SEEKS_MAX)
    }

    fn search_within(
        &self,
        lists: &[List],
        range: Range<u64>,
        limit: usize,
        mut seeks: usize,
    ) -> Result<Found, IndexError> {
        let lists = if lists.is_empty() { &[List::Operations] } else { lists };
        let prefixes: Vec<Vec<u8>> = lists.iter().map(List::prefix).collect();
        let mut rows: Vec<_> = prefixes.iter().map(|_| self.db.raw_iterator()).collect();
        let (mut entries, mut end) = (Vec::new(), range.end);
        while let Some(mut least) = end.checked_sub(1).filter(|last| *last >= range.start) {
            if entries.len() == limit || seeks < lists.len() {
                return Ok(Found { entries, next: Some(EntryIndex(end)) });
            }
            let mut agreed = true;
            for (prefix, rows) in prefixes.iter().zip(&mut rows) {
                seeks -= 1;
                rows.seek_for_prev(of_number(prefix, least));
                rows.status()?;
                let Some(row) = rows.key().filter(|row| row.starts_with(prefix)) else {
                    return Ok(Found { entries, next: None });
                };
                let number = number_of(row);
                agreed &= number == least;
                least = number;
            }
            // The first list may not have what the last one has: it is asked again, from there.
            if agreed || (lists.len() == 1 && least >= range.start) {
                entries.push(EntryIndex(least));
                end = least;
            } else {
                end = least.saturating_add(1);
            }
        }
        Ok(Found { entries, next: None })
    }
}

/// The first entry that is not before this time, or the size of the log: time never falls from one to the next.
///
/// # Errors
///
/// [`LedgerError::Damaged`], [`LedgerError::Store`].
pub fn time_bound(snapshot: &Snapshot, time: Millis) -> Result<EntryIndex, LedgerError> {
    let (mut from, mut to) = (0, snapshot.size().0);
    while from < to {
        let at = EntryIndex(from + (to - from) / 2);
        let entry = Entry::decode(&snapshot.entry_bytes(at)?).map_err(|_| LedgerError::Damaged(at))?;
        if entry.time() < time { from = at.0 + 1 } else { to = at.0 }
    }
    Ok(EntryIndex(from))
}
