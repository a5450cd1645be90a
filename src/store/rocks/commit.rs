//! One batch in one synced write: records, entries, what is kept beside them, full tiles, head and tip.

use super::RocksStore;
use super::chunk::{KeptDraft, LogChunkDraft};
use super::codec::{self, damaged};
use super::edge::{Edge, FullTile};
use super::error::store_error;
use super::read::{chunk_key, tile_key};
use super::rows::TipRow;
use super::schema::{FORMAT, Family, TIP_KEY, handle};
use crate::engine::Batch;
use crate::machine::{Key, LeafRecord};
use crate::store::{Durable, StoreError};
use remit_verifier::hash::sha256;
use remit_verifier::types::{EntryIndex, Hash, StateIndex};
use rocksdb::{WriteBatch, WriteOptions};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError};

/// Bytes that a write has room for at first, for each entry.
const WRITE_BYTES: usize = 1536;

/// The newest event of each leaf that a batch rewrote.
type Newest = BTreeMap<StateIndex, EntryIndex>;

/// Longest entry, object or part of details was exceeded: the engine never makes one.
fn too_long(at: EntryIndex) -> StoreError {
    StoreError::Damaged(format!("entry {at} or what stands beside it is too long").into())
}

impl RocksStore {
    /// Writes a batch and takes it over. `marks` are further records of `default` that are written with it.
    pub(super) fn write(
        &mut self,
        batch: Batch,
        objects: &[&[u8]],
        marks: &[(&[u8], Vec<u8>)],
        sync: bool,
    ) -> Result<Durable, StoreError> {
        let inner = self.view.inner.clone();
        inner.pre_images.keep(batch.first.0, self.overwritten(&batch)?);
        // What one operation writes, many times: growing would copy it.
        let mut write = WriteBatch::with_capacity_bytes(WRITE_BYTES * batch.entries.len());
        let newest = self.put_entries(&mut write, &batch)?;
        put_kept(&mut write, self, &batch, objects)?;
        let digest = self.put_records(&mut write, &batch, &newest)?;
        let edge = self.put_tiles(&mut write, &batch);
        let due_floor = self.due_floor_with(&batch);
        let (size, root) = (batch.head.size.0, batch.head.root.0);
        let tip = TipRow { size, root, digest: digest.0, due_floor };
        let tip = codec::encode_tip(&tip).map_err(|_| damaged(&Key::HeadAt(0)))?;
        let meta = handle(&inner.db, Family::Meta);
        write.put_cf(meta, TIP_KEY, tip);
        for (key, value) in marks {
            write.put_cf(meta, key, value);
        }
        let mut options = WriteOptions::default();
        options.set_sync(sync);
        inner.db.write_opt(write, &options).map_err(|error| store_error(&error))?;
        // Durable from here on; nothing below fails.
        let event = |key: &Key| if let Key::LeafAt(index) = key { newest.get(index).copied() } else { None };
        inner.cached().commit(batch.delta.iter().map(|(key, record)| (key, record, event(key))));
        *inner.edge.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(edge);
        self.digest = digest;
        self.trees = batch.trees;
        self.commitment = Some(batch.commitment);
        Ok(Durable { head: batch.head })
    }

    /// The records that `batch` overwrites, by leaf hash.
    fn overwritten(&self, batch: &Batch) -> Result<HashMap<Hash, Arc<LeafRecord>>, StoreError> {
        let mut records = HashMap::with_capacity(batch.leaves.len());
        for (index, _) in &batch.leaves {
            let Some(hash) = self.trees.state.get(*index) else { continue };
            let (record, _) = self.view.leaf(*index)?.ok_or_else(|| damaged(&Key::LeafAt(*index)))?;
            records.insert(hash, record);
        }
        Ok(records)
    }

    /// Entries with their touches; answers with the newest event of every leaf touched.
    fn put_entries(&self, write: &mut WriteBatch, batch: &Batch) -> Result<Newest, StoreError> {
        let log = handle(&self.view.inner.db, Family::Log);
        let mut newest = Newest::new();
        let mut chunk = LogChunkDraft::new(batch.first);
        for (at, entry) in (batch.first.0..).map(EntryIndex).zip(&batch.entries) {
            if chunk.is_full() {
                let full = std::mem::replace(&mut chunk, LogChunkDraft::new(at));
                put_chunk(write, log, full);
            }
            let mut touched = Vec::with_capacity(entry.touched.len());
            for leaf in &entry.touched {
                let before = match newest.insert(*leaf, at) {
                    Some(before) => Some(before),
                    None if self.trees.state.get(*leaf).is_none() => None,
                    None => self.view.leaf(*leaf)?.map(|(_, event)| event),
                };
                touched.push((*leaf, before));
            }
            chunk.push(&entry.bytes, &touched).ok_or_else(|| too_long(at))?;
        }
        put_chunk(write, log, chunk);
        Ok(newest)
    }

    /// Every change of a record; answers with the digest after them. Leaves are under the state root and are left out
    /// of it, and so is the head, which the tip repeats.
    fn put_records(
        &self,
        write: &mut WriteBatch,
        batch: &Batch,
        newest: &Newest,
    ) -> Result<Hash, StoreError> {
        let db = &self.view.inner.db;
        let mut changes = self.digest.0.to_vec();
        for (key, record) in batch.delta.iter() {
            let (family, place) = codec::place(key);
            let Some(record) = record else {
                side_record(&mut changes, key, &place, &[]);
                write.delete_cf(handle(db, family), place);
                continue;
            };
            let event = match key {
                Key::LeafAt(index) => match newest.get(index) {
                    Some(event) => *event,
                    None => self.view.leaf(*index)?.map(|(_, event)| event).unwrap_or_default(),
                },
                _ => EntryIndex(0),
            };
            let value = codec::encode(record, event).map_err(|_| damaged(key))?;
            side_record(&mut changes, key, &place, &value);
            write.put_cf(handle(db, family), place, value);
        }
        Ok(sha256(&[&changes]))
    }

    /// Tiles that the batch makes full; answers with the edge after it.
    fn put_tiles(&self, write: &mut WriteBatch, batch: &Batch) -> Edge {
        let db = &self.view.inner.db;
        let mut edge = (*self.view.inner.edge()).clone();
        let mut full = Vec::new();
        batch.entries.iter().for_each(|entry| edge.push(entry.leaf_hash, &mut full));
        for FullTile { level, number, hashes } in full {
            let mut value = Vec::with_capacity(1 + 32 * hashes.len());
            value.push(FORMAT);
            hashes.iter().for_each(|hash| value.extend_from_slice(&hash.0));
            write.put_cf(handle(db, Family::Log), tile_key(level, number), value);
        }
        edge
    }

    /// The lower bound of deadlines once the batch is written.
    fn due_floor_with(&self, batch: &Batch) -> u64 {
        let new = batch.delta.iter().filter_map(|(key, record)| match key {
            Key::DueAt(deadline, _) => record.map(|_| *deadline),
            _ => None,
        });
        new.fold(self.view.due_floor(), Ord::min).0
    }
}

fn put_chunk(write: &mut WriteBatch, log: &rocksdb::ColumnFamily, chunk: LogChunkDraft) {
    let key = chunk_key(chunk.first);
    if let Some(bytes) = chunk.into_bytes() {
        write.put_cf(log, key, bytes);
    }
}

fn side_record(changes: &mut Vec<u8>, key: &Key, place: &[u8], value: &[u8]) {
    if !matches!(key, Key::LeafAt(_) | Key::HeadAt(_)) {
        for part in [place, value] {
            changes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            changes.extend_from_slice(part);
        }
    }
}

/// Objects and details of the batch's entries.
fn put_kept(
    write: &mut WriteBatch,
    store: &RocksStore,
    batch: &Batch,
    objects: &[&[u8]],
) -> Result<(), StoreError> {
    let kept = handle(&store.view.inner.db, Family::Kept);
    let mut chunk = KeptDraft::new(batch.first);
    let mut put = |chunk: KeptDraft| {
        let key = chunk.first.0.to_be_bytes();
        if let Some(bytes) = chunk.into_bytes() {
            write.put_cf(kept, key, bytes);
        }
    };
    for (at, entry) in (batch.first.0..).map(EntryIndex).zip(&batch.entries) {
        if chunk.is_full() {
            put(std::mem::replace(&mut chunk, KeptDraft::new(at)));
        }
        let object = entry.input.and_then(|input| objects.get(input)).copied();
        chunk.push(at, object, entry.details.as_ref()).ok_or_else(|| too_long(at))?;
    }
    put(chunk);
    Ok(())
}
