//! What happens to a scene afterwards, told as an update to whoever follows. A [`Newer`] is plain data; a test changes
//! one thing in it and builds it.

use crate::scene::*;
use crate::trees;
use remit_verifier::feed::{StatusUpdate, encode_changes};
use remit_verifier::limits::{STATUS_CHUNK_BYTES, STATUS_CHUNK_INDEXES};
use remit_verifier::log::{Commitment, Entry};
use remit_verifier::state::{Leaf, Status, status_leaf};
use remit_verifier::types::*;

/// A later state, before it is built.
pub(crate) struct Newer {
    /// Changes the state; leaves may be added.
    pub(crate) state: Change<Vec<Leaf>>,
    /// Changes the log after the new commitment is appended.
    pub(crate) log: Change<Vec<Vec<u8>>>,
    pub(crate) committed: Millis,
    pub(crate) cosigned: Vec<(u8, Seconds)>,
    pub(crate) log_key: u8,
    pub(crate) origin: &'static str,
    /// Changes the update before it is encoded.
    pub(crate) parts: Change<Told>,
    pub(crate) bytes: fn(&mut Vec<u8>),
}

/// The parts of an update, owned.
#[derive(Clone)]
pub(crate) struct Told {
    pub(crate) ledger: LedgerId,
    pub(crate) since: u64,
    pub(crate) consistency: Vec<Hash>,
    pub(crate) note: String,
    pub(crate) commitment: Vec<u8>,
    pub(crate) path: Vec<Hash>,
    pub(crate) leaf: Vec<u8>,
    pub(crate) leaf_path: Vec<Hash>,
    pub(crate) whole: bool,
    pub(crate) changes: Vec<u8>,
}

/// An update with all that it is of.
pub(crate) struct Later {
    pub(crate) update: Vec<u8>,
    pub(crate) state: Vec<Leaf>,
    pub(crate) log: Vec<Vec<u8>>,
}

impl Newer {
    /// Two seconds after the scene's commitment, and nothing has changed.
    pub(crate) fn new() -> Self {
        Self {
            state: Box::new(|_| {}),
            log: Box::new(|_| {}),
            committed: Millis(NOW_MS.0 - 1_000),
            cosigned: Vec::new(),
            log_key: LOG_KEY,
            origin: ORIGIN,
            parts: Box::new(|_| {}),
            bytes: |_| {},
        }
    }

    /// As an update since nothing.
    pub(crate) fn whole(&self, state: &[Leaf], log: &[Vec<u8>]) -> Later {
        self.build(state, log, 0)
    }

    /// As an update since this state and log.
    pub(crate) fn since(&self, before: &Later) -> Later {
        self.build(&before.state, &before.log, before.log.len())
    }

    fn build(&self, before: &[Leaf], log: &[Vec<u8>], since: usize) -> Later {
        let (mut state, mut log) = (before.to_vec(), log.to_vec());
        (self.state)(&mut state);
        let leaves: Vec<Vec<u8>> = state.iter().map(Leaf::encode).collect();
        let commitment = Entry::Commitment(Commitment {
            time: self.committed,
            state_size: TreeSize(leaves.len() as u64),
            state_root: trees::root(&leaves),
            status_root: status_root(&state),
        });
        log.extend([b"what happened".to_vec(), commitment.encode()]);
        (self.log)(&mut log);
        let old = |index: usize| before.get(index).filter(|_| since > 0).map_or(Status::Live, Status::of);
        let new = state.iter().enumerate().map(|(index, leaf)| (index, Status::of(leaf)));
        let changes = new.filter(|(index, status)| old(*index) != *status);
        let mut told = Told {
            ledger: LEDGER,
            since: since as u64,
            consistency: if since == 0 { Vec::new() } else { trees::consistency(&log, since) },
            note: checkpoint(self.log_key, self.origin, &log, &self.cosigned),
            commitment: log.last().unwrap().clone(),
            path: trees::path(&log, log.len() - 1),
            leaf: leaves[0].clone(),
            leaf_path: trees::path(&leaves, 0),
            whole: since == 0,
            changes: encode_changes(changes.map(|(index, status)| (StateIndex(index as u64), status))),
        };
        (self.parts)(&mut told);
        let mut update = told.encode();
        (self.bytes)(&mut update);
        Later { update, state, log }
    }
}

impl Told {
    pub(crate) fn encode(&self) -> Vec<u8> {
        StatusUpdate {
            ledger: self.ledger,
            since: TreeSize(self.since),
            consistency: self.consistency.clone(),
            note: self.note.as_bytes(),
            commitment: &self.commitment,
            commitment_path: self.path.clone(),
            leaf: &self.leaf,
            leaf_path: self.leaf_path.clone(),
            whole: self.whole,
            changes: &self.changes,
        }
        .encode()
    }
}

/// The root of the status tree, from the page.
fn status_root(state: &[Leaf]) -> Hash {
    let chunks = state.chunks(STATUS_CHUNK_INDEXES as usize).enumerate().map(|(number, leaves)| {
        let mut chunk = [0; STATUS_CHUNK_BYTES];
        for leaf in leaves {
            Status::of(leaf).write(&mut chunk, leaf.index);
        }
        status_leaf(number as u64, &chunk)
    });
    trees::root(&chunks.collect::<Vec<_>>())
}

/// Appends tokens that nobody shows, until the state has this many leaves.
pub(crate) fn grow(state: &mut Vec<Leaf>, leaves: u64) {
    let one = state.last().unwrap().clone();
    for index in state.len() as u64..leaves {
        state.push(Leaf { index: StateIndex(index), ..one.clone() });
    }
}
