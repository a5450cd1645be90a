//! Histories: the entries that made a leaf what it is, complete because they fold to what the leaf says (spec 06 §5).

use super::limits::HISTORY_ENTRIES_MAX;
use super::{LedgerError, Snapshot};
use remit_verifier::hash::leaf_hash;
use remit_verifier::state::history;
use remit_verifier::types::{EntryIndex, Hash, ObjectId, StateIndex};
use std::collections::BTreeMap;

/// All entries that created or rewrote a leaf. That there is one means that it folds to the leaf's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The leaf.
    pub leaf: StateIndex,
    /// What its entries fold to.
    pub folded: Hash,
    /// The entries in order, with their bytes.
    pub entries: Vec<(EntryIndex, Vec<u8>)>,
}

/// Everything that a token's validity ever rested on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The histories of leaf 0, of the issuer, and of the chain, the root first.
    pub histories: Vec<History>,
}

impl Validity {
    /// The entries of all histories in order, each once.
    pub fn entries(&self) -> BTreeMap<EntryIndex, &[u8]> {
        let all = self.histories.iter().flat_map(|history| &history.entries);
        all.map(|(at, entry)| (*at, entry.as_slice())).collect()
    }
}

impl Snapshot {
    /// The history of a leaf up to the version.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NoLeaf`]; [`LedgerError::HistoryTooLong`]; [`LedgerError::DamagedLeaf`] if the entries do not
    /// fold to what the leaf says; [`LedgerError::Store`].
    pub fn history(&self, leaf: StateIndex) -> Result<History, LedgerError> {
        self.history_within(leaf, HISTORY_ENTRIES_MAX)
    }

    /// The entries that created and rewrote a leaf, in order; `None` if they are more than `most`.
    ///
    /// # Errors
    ///
    /// [`LedgerError::DamagedLeaf`] for a leaf that nothing created; [`LedgerError::Store`].
    pub fn written_at(&self, leaf: StateIndex, most: usize) -> Result<Option<Vec<EntryIndex>>, LedgerError> {
        let (mut entries, mut before) = (Vec::new(), EntryIndex(self.size().0));
        while let Some(event) = self.read.event_before(leaf, before)? {
            // What does not go downwards would never end.
            if event >= before {
                return Err(LedgerError::DamagedLeaf(leaf));
            }
            if entries.len() == most {
                return Ok(None);
            }
            entries.push(event);
            before = event;
        }
        entries.reverse();
        if entries.is_empty() { Err(LedgerError::DamagedLeaf(leaf)) } else { Ok(Some(entries)) }
    }

    /// As [`Self::history`], of so many entries at most.
    ///
    /// # Errors
    ///
    /// As [`Self::history`].
    pub fn history_within(&self, leaf: StateIndex, entries_max: usize) -> Result<History, LedgerError> {
        let expected = self.leaf(leaf)?.leaf.history;
        let mut entries = Vec::new();
        let mut before = EntryIndex(self.size().0);
        while let Some(event) = self.read.event_before(leaf, before)? {
            // What does not go downwards would never end.
            if event >= before {
                return Err(LedgerError::DamagedLeaf(leaf));
            }
            if entries.len() == entries_max {
                return Err(LedgerError::HistoryTooLong(leaf));
            }
            entries.push((event, self.entry(event)?.entry));
            before = event;
        }
        entries.reverse();
        let fold = |folded, (at, entry): &(EntryIndex, Vec<u8>)| history(&folded, *at, &leaf_hash(entry));
        let folded = entries.iter().fold(Hash::default(), fold);
        let whole = folded == expected;
        whole.then_some(History { leaf, folded, entries }).ok_or(LedgerError::DamagedLeaf(leaf))
    }

    /// Everything that the validity of a token ever rested on: the histories of leaf 0, its issuer and its chain.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unknown`]; as [`Self::history`].
    pub fn validity(&self, token: &ObjectId) -> Result<Validity, LedgerError> {
        let info = self.token(token)?;
        let above = [StateIndex(0), info.issuer].into_iter().chain(info.ancestors.iter().copied());
        let leaves = above.chain([self.known(token)?]);
        Ok(Validity { histories: leaves.map(|leaf| self.history(leaf)).collect::<Result<_, _>>()? })
    }
}
