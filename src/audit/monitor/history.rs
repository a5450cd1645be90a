//! The one history that a monitor has seen: the newest checkpoint, and the hash of every entry that was shown under it.

use super::event::{Branch, Divergence};
use crate::tree::prove::{consistency, root_at};
use crate::tree::{Frontier, Nodes as _, PagedTree};
use remit_verifier::c2sp::{Checkpoint, SignedNote};
use remit_verifier::merkle::TreeHead;
use remit_verifier::types::{EntryIndex, Hash, TreeSize};
use std::collections::BTreeSet;

/// A checkpoint with the note that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signed {
    pub(super) head: TreeHead,
    pub(super) note: String,
}

/// What a monitor knows of a log from before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remembered {
    /// The newest note that it accepted.
    pub newest: Option<String>,
    /// The hashes of the first entries under it, as many as were shown.
    pub leaves: Vec<Hash>,
    /// The keys of what was said already.
    pub said: Vec<String>,
    /// Sources that did not answer when they were asked last.
    pub away: BTreeSet<String>,
}

/// The history of a log.
#[derive(Clone, Default)]
pub(super) struct History {
    pub(super) newest: Option<Signed>,
    leaves: PagedTree,
}

/// Size and root out of a note, whoever signed it.
pub(super) fn head_of(note: &str) -> Option<TreeHead> {
    let parsed = SignedNote::parse(note.as_bytes()).ok()?;
    let checkpoint = Checkpoint::parse(parsed.text()).ok()?;
    Some(TreeHead { size: checkpoint.size(), root: checkpoint.root() })
}

impl History {
    /// What was remembered; nothing if the hashes are not those under the note.
    pub(super) fn of(remembered: &Remembered) -> Option<Self> {
        let mut leaves = PagedTree::new();
        leaves.extend(remembered.leaves.iter().copied());
        let newest = match &remembered.newest {
            None if remembered.leaves.is_empty() => None,
            None => return None,
            Some(note) => Some(Signed { head: head_of(note)?, note: note.clone() }),
        };
        let history = Self { newest, leaves };
        let whole =
            history.newest.as_ref().is_none_or(|newest| match history.size().cmp(&newest.head.size) {
                std::cmp::Ordering::Less => true,
                std::cmp::Ordering::Equal => history.leaves.root() == newest.head.root,
                std::cmp::Ordering::Greater => false,
            });
        whole.then_some(history)
    }

    /// How many entries were shown.
    pub(super) fn size(&self) -> TreeSize {
        self.leaves.size()
    }

    /// The hash of an entry that was shown.
    pub(super) fn leaf(&self, at: EntryIndex) -> Option<Hash> {
        self.leaves.get(at)
    }

    /// The next entry that was shown.
    pub(super) fn push(&mut self, leaf: Hash) {
        self.leaves.push(leaf);
    }

    /// The head of the first entries that were shown.
    pub(super) fn prefix(&self, size: TreeSize) -> Option<TreeHead> {
        root_at(&self.leaves, size).ok().map(|root| TreeHead { size, root })
    }

    /// The right edge of the first entries that were shown.
    pub(super) fn frontier(&self, size: TreeSize) -> Option<Frontier> {
        if size > self.size() {
            return None;
        }
        let (mut peaks, mut start) = (Vec::new(), 0_u64);
        for level in (0..u64::BITS).rev().filter(|level| size.0 >> level & 1 == 1) {
            peaks.push(self.leaves.node(level, start >> level)?);
            start += 1 << level;
        }
        Frontier::from_peaks(size, peaks)
    }

    /// The proof that another checkpoint has another entry at `at`, which `leaf` is the hash of and `path` leads from.
    /// Nothing if it cannot be shown what the newest one has there.
    pub(super) fn divergence(&self, at: EntryIndex, other: Branch) -> Option<Divergence> {
        let newest = self.newest.as_ref()?;
        let next = TreeSize(at.0.checked_add(1)?);
        let path = consistency(&self.leaves, next, newest.head.size).ok()?;
        let peaks = self.frontier(TreeSize(at.0))?.peaks().to_vec();
        let own = Branch { note: newest.note.clone(), leaf: self.leaf(at)?, path };
        Some(Divergence { entry: at, peaks, branches: [own, other] })
    }
}
