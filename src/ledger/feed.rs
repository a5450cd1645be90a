//! What whoever follows the ledger is told: the status of all leaves, as changes to what he was told before (spec 22).

use super::{LedgerError, Snapshot};
use crate::engine::StatusTree;
use crate::tree::prove;
use remit_verifier::feed::{StatusUpdate, encode_changes};
use remit_verifier::log::Entry;
use remit_verifier::types::{StateIndex, TreeSize};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Versions whose tables are remembered: whoever comes back within so many is told what changed since. Ten million
/// tokens have a table of 39 KiB of pointers to chunks, most of which all versions share.
const TOLD_MAX: usize = 256;

/// The tables that somebody was told of, the newest last.
#[derive(Debug, Default)]
pub(super) struct Feed(Mutex<VecDeque<(TreeSize, StatusTree)>>);

impl Feed {
    /// An update since the log had this size, to the snapshot's version.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Prove`] if the log has no such size, or the version none yet; [`LedgerError::DamagedLeaf`],
    /// [`LedgerError::Store`].
    pub(super) fn update(&self, snapshot: &Snapshot, since: TreeSize) -> Result<Vec<u8>, LedgerError> {
        let version = snapshot.version();
        let consistency = match since {
            TreeSize(0) => Vec::new(),
            since if since == snapshot.size() => Vec::new(),
            since => snapshot.consistency(since, snapshot.size())?,
        };
        let (_, leaf) = snapshot.checked_leaf(StateIndex(0))?;
        let state = &version.trees.state;
        let leaf_path = prove::inclusion(state, StateIndex(0), state.size()).map_err(LedgerError::Prove)?;
        let before = if since.0 == 0 { None } else { self.told(since) };
        let (whole, before) = (before.is_none(), before.unwrap_or_default());
        let changes = encode_changes(version.trees.status.changes_since(&before));
        self.tell(snapshot.size(), &version.trees.status);
        Ok(StatusUpdate {
            ledger: snapshot.ledger(),
            since,
            consistency,
            note: version.note.as_bytes(),
            commitment: &Entry::Commitment(version.commitment).encode(),
            commitment_path: version.commitment_path.clone(),
            leaf: &leaf,
            leaf_path,
            whole,
            changes: &changes,
        }
        .encode())
    }

    fn told(&self, size: TreeSize) -> Option<StatusTree> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.iter().find(|(known, _)| *known == size).map(|(_, tree)| tree.clone())
    }

    fn tell(&self, size: TreeSize, tree: &StatusTree) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.iter().any(|(known, _)| *known == size) {
            return;
        }
        if told.len() >= TOLD_MAX {
            told.pop_front();
        }
        told.push_back((size, tree.clone()));
    }
}
