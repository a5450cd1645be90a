//! Deletes what stands beside entries that a snapshot stands for (spec 24), and remembers it. Entries, touch lists and
//! tiles stay: all proofs do.
//!
//! What is to be deleted is written down first, so that nothing is ever missing without a reason. What a crash leaves
//! is deleted when it is done again.

use super::chunk::{KeptDraft, KeptItem, kept_items};
use super::codec::{self, damaged};
use super::error::store_error;
use super::log::scan;
use super::read::Inner;
use super::rows::PrunedRow;
use super::schema::{Family, PRUNED_KEY, handle};
use super::{OpenError, RocksReader, RocksStore};
use crate::machine::Key;
use crate::store::StoreError;
use remit_verifier::types::{EntryIndex, Hash, Millis, TreeSize};
use rocksdb::{BottommostLevelCompaction, CompactOptions, WriteBatch, WriteOptions};

/// Chunks that are deleted or rewritten by one write at most.
const CHUNKS_PER_WRITE: usize = 1_024;

/// What was deleted once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// The first entry that was not looked at.
    pub before: EntryIndex,
    /// Size of the snapshot that stands for the entries before.
    pub size: TreeSize,
    /// Its digest.
    pub digest: Hash,
    /// When.
    pub at: Millis,
    /// Whether all of it is deleted; if not, it is to be done again.
    pub whole: bool,
}

/// What pruning came to, or would come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PruneCount {
    /// Entries of which something was deleted.
    pub deleted: u64,
    /// Their objects and details, in bytes.
    pub bytes: u64,
    /// Entries of which what stands beside them is kept, because something live refers to it.
    pub kept: u64,
}

impl Inner {
    /// All that was pruned, in order.
    pub(super) fn pruned(&self) -> Result<Vec<Pruned>, StoreError> {
        let mut found = Vec::new();
        let mut rows = scan(&self.db, Family::Meta, None);
        rows.seek(PRUNED_KEY);
        while let Some((key, value)) = rows.item().filter(|(key, _)| key.starts_with(PRUNED_KEY)) {
            found.push(pruned(key, value).ok_or_else(|| StoreError::Damaged("what was pruned".into()))?);
            rows.next();
        }
        rows.status().map_err(|error| store_error(&error))?;
        Ok(found)
    }
}

/// What a row of `default` says was pruned.
pub(super) fn pruned(key: &[u8], value: &[u8]) -> Option<Pruned> {
    let before = key.strip_prefix(PRUNED_KEY)?.try_into().map(u64::from_be_bytes).ok()?;
    let PrunedRow { size, digest, at, whole } = codec::decode_pruned(value).ok()?;
    let (size, digest, at) = (TreeSize(size), Hash(digest), Millis(at));
    Some(Pruned { before: EntryIndex(before), size, digest, at, whole })
}

/// The key and the bytes of what was pruned.
pub(super) fn row(pruned: &Pruned) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
    let Pruned { before, size, digest, at, whole } = *pruned;
    let row = PrunedRow { size: size.0, digest: digest.0, at: at.0, whole };
    let value = codec::encode_pruned(&row).map_err(|_| damaged(&Key::HeadAt(0)))?;
    Ok(([PRUNED_KEY, &before.0.to_be_bytes()].concat(), value))
}

impl RocksReader {
    /// All that was pruned, in order.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn pruned(&self) -> Result<Vec<Pruned>, StoreError> {
        self.inner.pruned()
    }

    /// What [`RocksStore::prune`] would do.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn would_prune(
        &self,
        before: EntryIndex,
        keeps: &mut dyn FnMut(EntryIndex, &KeptItem) -> bool,
    ) -> Result<PruneCount, OpenError> {
        walk(&self.inner, before, keeps, &mut |_, _| Ok(()))
    }
}

impl RocksStore {
    /// Deletes what stands beside entries before `what.before`, but for what `keeps` says. When this returns, it is
    /// gone from the tables too.
    ///
    /// # Errors
    ///
    /// [`OpenError`]. What was deleted until then is, and the rest can be deleted by the same again.
    pub fn prune(
        &mut self,
        what: &Pruned,
        keeps: &mut dyn FnMut(EntryIndex, &KeptItem) -> bool,
    ) -> Result<PruneCount, OpenError> {
        let inner = self.view.inner.clone();
        note(&inner, &Pruned { whole: false, ..*what })?;
        let mut write = WriteBatch::default();
        let kept = handle(&inner.db, Family::Kept);
        let mut changed = |first: EntryIndex, chunk: Option<Vec<u8>>| {
            match chunk {
                Some(bytes) => write.put_cf(kept, first.0.to_be_bytes(), bytes),
                None => write.delete_cf(kept, first.0.to_be_bytes()),
            }
            if write.len() >= CHUNKS_PER_WRITE { commit(&inner, std::mem::take(&mut write)) } else { Ok(()) }
        };
        let count = walk(&inner, what.before, keeps, &mut changed)?;
        commit(&inner, write)?;
        self.handle().flush()?;
        let mut options = CompactOptions::default();
        options.set_bottommost_level_compaction(BottommostLevelCompaction::Force);
        inner.db.compact_range_cf_opt(kept, None::<&[u8]>, None::<&[u8]>, &options);
        note(&inner, &Pruned { whole: true, ..*what })?;
        Ok(count)
    }
}

/// Writes down what is, or is to be, pruned.
fn note(inner: &Inner, what: &Pruned) -> Result<(), OpenError> {
    let (key, value) = row(what)?;
    let mut write = WriteBatch::default();
    write.put_cf(handle(&inner.db, Family::Meta), key, value);
    commit(inner, write)
}

fn commit(inner: &Inner, write: WriteBatch) -> Result<(), OpenError> {
    let mut options = WriteOptions::default();
    options.set_sync(true);
    inner.db.write_opt(write, &options).map_err(|error| store_error(&error).into())
}

/// Gives every chunk that changes to `changed`: by its first entry, what is left of it, if anything.
fn walk(
    inner: &Inner,
    before: EntryIndex,
    keeps: &mut dyn FnMut(EntryIndex, &KeptItem) -> bool,
    changed: &mut dyn FnMut(EntryIndex, Option<Vec<u8>>) -> Result<(), OpenError>,
) -> Result<PruneCount, OpenError> {
    let mut count = PruneCount::default();
    let mut chunks = scan(&inner.db, Family::Kept, Some(&before.0.to_be_bytes()));
    chunks.seek_to_first();
    while let Some((key, value)) = chunks.item() {
        let first = key.try_into().map(u64::from_be_bytes).map(EntryIndex).ok();
        let items = first.and_then(|first| Some((first, kept_items(first, value)?)));
        let (first, items) =
            items.ok_or_else(|| StoreError::Damaged("what is kept beside entries".into()))?;
        let (mut left, mut deleted) = (KeptDraft::new(first), false);
        for (at, item) in &items {
            if *at < before && !keeps(*at, item) {
                deleted = true;
                count.deleted += 1;
                count.bytes += bytes_of(item);
                continue;
            }
            count.kept += u64::from(*at < before);
            let pushed = left.push(*at, item.object.as_deref(), item.details.as_ref());
            pushed.ok_or_else(|| StoreError::Damaged(format!("what is kept of entry {at}").into()))?;
        }
        if deleted {
            changed(first, left.into_bytes())?;
        }
        chunks.next();
    }
    chunks.status().map_err(|error| store_error(&error))?;
    Ok(count)
}

fn bytes_of(item: &KeptItem) -> u64 {
    let details = item.details.iter().flat_map(|details| details.links.iter().chain([&details.common]));
    item.object.iter().chain(details).map(|part| part.len() as u64).sum()
}
