//! The beginning of a folder that is made anew out of a snapshot (spec 24): entries and what is kept beside them as
//! they lie in the old folder, held to the snapshot; and its records.

use super::chunk::{KeptDraft, LogChunkDraft};
use super::codec::{self, damaged};
use super::edge::{Edge, FullTile};
use super::error::store_error;
use super::log::{LogItem, LogWalk};
use super::open::frontier;
use super::read::{Inner, chunk_key, tile_key};
use super::rebuild::RebuildError;
use super::rows::TipRow;
use super::schema::{FORMAT, Family, TIP_KEY, handle};
use super::{Damage, OpenError, RocksStore, RocksView};
use crate::engine::Trees;
use crate::machine::{Key, MemoryState, StateKey as _, key};
use crate::store::StoreError;
use remit_verifier::hash::leaf_hash;
use remit_verifier::log::Commitment;
use remit_verifier::state::history;
use remit_verifier::types::{EntryIndex, Hash, Seconds, StateIndex};
use rocksdb::WriteBatch;
use std::sync::{Arc, PoisonError};

/// Entries that are copied by one write.
const ENTRIES_PER_WRITE: u64 = 4_096;

/// The state at a commitment, and the digest of its snapshot.
#[derive(Debug)]
pub struct Base {
    /// Every record.
    pub state: MemoryState,
    /// The trees.
    pub trees: Trees,
    /// The commitment.
    pub commitment: Commitment,
    /// The digest of the snapshot, in the place of the running digest over changes that nobody made.
    pub digest: Hash,
}

/// What the old folder says of leaves, folded as the entries go by: history and newest event of each.
type Folded = Vec<(Hash, EntryIndex)>;

impl RocksStore {
    /// Copies what the base stands for out of an old folder, and takes over its records. The folder must be empty.
    pub(super) fn found(&mut self, walk: &mut LogWalk<'_>, base: Base) -> Result<(), RebuildError> {
        let inner = self.view.inner.clone();
        let head =
            base.state.get(&key::HeadAt(0)).filter(|head| head.next_entry.0 == base.trees.log.size().0);
        let head = head.cloned().ok_or(RebuildError::Base(StateIndex(0)))?;
        let (edge, folded) = copy(&inner, walk, base.trees.log.size().0)?;
        frontier(&edge, base.trees.log.root())?;
        records(&inner, &base, &folded)?;
        let due = base
            .state
            .iter()
            .filter_map(|(key, _)| if let Key::DueAt(at, _) = key { Some(at) } else { None });
        let floor = due.min().unwrap_or(Seconds(u64::MAX));
        let (size, root) = (base.trees.log.size().0, base.trees.log.root().0);
        let tip = TipRow { size, root, digest: base.digest.0, due_floor: floor.0 };
        let tip = codec::encode_tip(&tip).map_err(|_| damaged(&Key::HeadAt(0)))?;
        inner.db.put_cf(handle(&inner.db, Family::Meta), TIP_KEY, tip)?;
        *inner.edge.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(edge);
        self.view = RocksView::new(inner, Some(head), floor);
        (self.trees, self.commitment, self.digest) = (base.trees, Some(base.commitment), base.digest);
        Ok(())
    }
}

/// Copies the first entries with all that lies beside them.
fn copy(inner: &Inner, walk: &mut LogWalk<'_>, size: u64) -> Result<(Edge, Folded), RebuildError> {
    let (mut edge, mut full, mut folded) = (Edge::default(), Vec::new(), Folded::new());
    let mut write = WriteBatch::default();
    let (mut log, mut kept) = (LogChunkDraft::new(EntryIndex(0)), KeptDraft::new(EntryIndex(0)));
    while edge.size().0 < size {
        let next = EntryIndex(edge.size().0);
        let item = walk.next()?.ok_or(OpenError::Damaged(Damage::Entry(next)))?;
        let hash = leaf_hash(&item.entry);
        fold(&mut folded, &item, &hash)?;
        if log.is_full() {
            put_log(inner, &mut write, std::mem::replace(&mut log, LogChunkDraft::new(item.at)));
        }
        if kept.is_full() {
            put_kept(inner, &mut write, std::mem::replace(&mut kept, KeptDraft::new(item.at)));
        }
        let long =
            || StoreError::Damaged(format!("entry {next} or what stands beside it is too long").into());
        log.push(&item.entry, &item.touches).ok_or_else(long)?;
        kept.push(item.at, item.kept.object.as_deref(), item.kept.details.as_ref()).ok_or_else(long)?;
        edge.push(hash, &mut full);
        for FullTile { level, number, hashes } in full.drain(..) {
            let mut value = vec![FORMAT];
            hashes.iter().for_each(|hash| value.extend_from_slice(&hash.0));
            write.put_cf(handle(&inner.db, Family::Log), tile_key(level, number), value);
        }
        if edge.size().0.is_multiple_of(ENTRIES_PER_WRITE) {
            inner.db.write(std::mem::take(&mut write)).map_err(|error| store_error(&error))?;
        }
    }
    put_log(inner, &mut write, log);
    put_kept(inner, &mut write, kept);
    inner.db.write(write).map_err(|error| store_error(&error))?;
    Ok((edge, folded))
}

/// Folds an entry into the histories of the leaves that it rewrote, which must have been where it says.
fn fold(folded: &mut Folded, item: &LogItem, hash: &Hash) -> Result<(), RebuildError> {
    for (leaf, previous) in &item.touches {
        let wrong = || RebuildError::Base(*leaf);
        let place = usize::try_from(leaf.0).map_err(|_| wrong())?;
        let next = folded.len();
        match (folded.get_mut(place), previous) {
            (Some((before, newest)), Some(previous)) if *newest == *previous => {
                (*before, *newest) = (history(before, item.at, hash), item.at);
            }
            (None, None) if place == next => {
                folded.push((history(&Hash::default(), item.at, hash), item.at));
            }
            _ => return Err(wrong()),
        }
    }
    Ok(())
}

/// All records of the base; the histories of its leaves are those of the entries.
fn records(inner: &Inner, base: &Base, folded: &Folded) -> Result<(), RebuildError> {
    let mut write = WriteBatch::default();
    for (key, record) in base.state.iter() {
        let mut newest = EntryIndex(0);
        if let (Key::LeafAt(index), Some(record)) = (&key, key::LeafAt::unwrap(record)) {
            let place = usize::try_from(index.0).ok().and_then(|place| folded.get(place));
            newest = match place {
                Some((history, newest)) if *history == record.leaf.history => *newest,
                _ => return Err(RebuildError::Base(*index)),
            };
        }
        let (family, place) = codec::place(&key);
        let value = codec::encode(record, newest).map_err(|_| damaged(&key))?;
        write.put_cf(handle(&inner.db, family), place, value);
        if write.len() as u64 >= ENTRIES_PER_WRITE {
            inner.db.write(std::mem::take(&mut write)).map_err(|error| store_error(&error))?;
        }
    }
    if folded.len() as u64 != base.commitment.state_size.0 {
        return Err(RebuildError::Base(StateIndex(folded.len() as u64)));
    }
    inner.db.write(write).map_err(|error| store_error(&error))?;
    Ok(())
}

fn put_log(inner: &Inner, write: &mut WriteBatch, chunk: LogChunkDraft) {
    let key = chunk_key(chunk.first);
    if let Some(bytes) = chunk.into_bytes() {
        write.put_cf(handle(&inner.db, Family::Log), key, bytes);
    }
}

fn put_kept(inner: &Inner, write: &mut WriteBatch, chunk: KeptDraft) {
    let key = chunk.first.0.to_be_bytes();
    if let Some(bytes) = chunk.into_bytes() {
        write.put_cf(handle(&inner.db, Family::Kept), key, bytes);
    }
}
