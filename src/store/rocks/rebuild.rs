//! Makes a new folder out of the log and the objects of another: everything else is arithmetic. So a new schema needs
//! no migrations, and a folder whose records are damaged is worth its log.

use super::codec::damaged;
use super::error::store_error;
use super::log::{LogItem, LogWalk, log_size, scan};
use super::open::{head_of, open_database, schema_of};
use super::schema::{Family, SCHEMA, SCHEMA_KEY, SCHEMA_MIN, handle};
use super::{Base, OpenError, Progress, RocksOptions, RocksStore, codec, prune};
use crate::engine::{Batch, Kept, ReplayError, replay, replay_genesis};
use crate::machine::key;
use crate::store::{Store, StoreError};
use remit_verifier::limits::{BATCH_OPERATIONS_MAX, EXPIRIES_PER_BATCH_MAX};
use remit_verifier::log::{Entry, Genesis};
use remit_verifier::types::{EntryIndex, LedgerId, StateIndex};
use std::convert::Infallible;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Entries of one batch at most.
const BATCH_ENTRIES_MAX: usize = EXPIRIES_PER_BATCH_MAX + BATCH_OPERATIONS_MAX + 1;

/// Why a folder was not rebuilt. The new one is then no ledger; remove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RebuildError {
    /// The old folder cannot be read, or the new one not be made.
    Open(OpenError),
    /// The first batch is not what the rules make.
    Genesis(ReplayError<Infallible>),
    /// A later batch is not what the rules make.
    Batch(ReplayError<StoreError>),
    /// From this entry on no commitment follows, or too late.
    Unclosed(EntryIndex),
    /// The base states another history of this leaf than the entries before it.
    Base(StateIndex),
}

impl RebuildError {
    /// The entry whose object is not kept, if that is why.
    pub const fn missing(&self) -> Option<EntryIndex> {
        match self {
            Self::Genesis(ReplayError::Missing(at)) | Self::Batch(ReplayError::Missing(at)) => Some(*at),
            _ => None,
        }
    }
}

impl fmt::Display for RebuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => error.fmt(f),
            Self::Genesis(error) => error.fmt(f),
            Self::Batch(error) => error.fmt(f),
            Self::Unclosed(at) => write!(f, "no commitment follows from entry {at} on"),
            Self::Base(leaf) => write!(f, "the snapshot has another history of leaf {leaf} than the entries"),
        }
    }
}

impl std::error::Error for RebuildError {}

impl<E: Into<OpenError>> From<E> for RebuildError {
    fn from(error: E) -> Self {
        Self::Open(error.into())
    }
}

/// Replays the log and the objects of the folder `from`, of this or an earlier schema, into the new folder `to`, and
/// compares every byte on the way. `from` is only read.
///
/// # Errors
///
/// [`RebuildError`].
pub fn rebuild(
    from: &Path,
    to: &Path,
    options: &RocksOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<RocksStore, RebuildError> {
    rebuild_from(from, to, None, options, progress)
}

/// The same from a base on, if there is one: what lies before is copied, and held to it.
///
/// # Errors
///
/// [`RebuildError`].
pub fn rebuild_from(
    from: &Path,
    to: &Path,
    base: Option<Base>,
    options: &RocksOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<RocksStore, RebuildError> {
    let old = open_database(from, options, true)?;
    let found = schema_of(&old)?;
    if !(SCHEMA_MIN..=SCHEMA).contains(&found) {
        return Err(OpenError::Schema { found, wanted: SCHEMA }.into());
    }
    let of = log_size(&old)?;
    let mut walk = LogWalk::new(&old)?;
    let mut new = RocksStore::begin(to, options)?;
    for pruned in old.pruned()? {
        let (key, value) = prune::row(&pruned)?;
        new.view.inner.db.put_cf(handle(&new.view.inner.db, Family::Meta), key, value)?;
    }
    let mut ledger = None;
    if let Some(base) = base {
        ledger = base.state.get(&key::HeadAt(0)).map(|head| head.ledger);
        new.found(&mut walk, base)?;
    }
    let mut items: Vec<LogItem> = Vec::new();
    while let Some(item) = walk.next()? {
        let closes = matches!(Entry::decode(&item.entry), Ok(Entry::Commitment(_)));
        items.push(item);
        if closes {
            ledger = Some(take(&mut new, ledger, &items)?);
            progress(Progress { done: new.head().size.0, of });
            items.clear();
        } else if items.len() >= BATCH_ENTRIES_MAX {
            break;
        }
    }
    if let Some(item) = items.first() {
        return Err(RebuildError::Unclosed(item.at));
    }
    new.finish()?;
    Ok(new)
}

/// Replays one batch and writes it; answers with the ledger's id.
fn take(new: &mut RocksStore, ledger: Option<LedgerId>, items: &[LogItem]) -> Result<LedgerId, RebuildError> {
    let kept: Vec<Kept<'_>> = items.iter().map(LogItem::as_kept).collect();
    let (ledger, batch): (LedgerId, Batch) = match ledger {
        Some(ledger) => {
            let batch = replay(new.view(), new.trees(), &ledger, &kept).map_err(RebuildError::Batch)?;
            (ledger, batch)
        }
        None => {
            let batch = replay_genesis(&kept).map_err(RebuildError::Genesis)?;
            (Genesis::ledger_id(kept.first().map_or(&[], |first| first.entry)), batch)
        }
    };
    // The inputs of the batch were the submissions of its entries, in order.
    let by_somebody = batch.entries.iter().zip(&kept).filter(|(made, _)| made.input.is_some());
    let objects: Vec<&[u8]> = by_somebody.filter_map(|(_, kept)| kept.object).collect();
    new.write(batch, &objects, &[], false)?;
    new.view.inner.pre_images.forget(u64::MAX);
    Ok(ledger)
}

/// The first record that two folders of this schema do not share, in words: what a ledger's records are compared with
/// those that [`rebuild`] makes of its log. Entries, objects and tiles are not looked at. Both folders are only read.
///
/// # Errors
///
/// [`OpenError`].
pub fn first_difference(
    one: &Path,
    other: &Path,
    options: &RocksOptions,
) -> Result<Option<Arc<str>>, OpenError> {
    let (one, other) = (open_database(one, options, true)?, open_database(other, options, true)?);
    head_of(&one)?;
    head_of(&other)?;
    for family in [Family::State, Family::Tokens, Family::Named, Family::Times, Family::Meta] {
        let (mut ours, mut theirs) = (scan(&one.db, family, None), scan(&other.db, family, None));
        ours.seek_to_first();
        theirs.seek_to_first();
        while ours.valid() || theirs.valid() {
            if ours.item() != theirs.item() {
                let keys = [ours.key(), theirs.key()];
                let first = keys.into_iter().flatten().min().unwrap_or_default();
                let key = codec::key_at(family, first).map(|key| damaged(&key));
                return Ok(Some(match key {
                    Some(StoreError::Damaged(what)) => what,
                    _ => format!("a record of the column family {}", family.name()).into(),
                }));
            }
            ours.next();
            theirs.next();
        }
        ours.status().map_err(|error| store_error(&error))?;
        theirs.status().map_err(|error| store_error(&error))?;
    }
    Ok(None)
}

impl LogItem {
    fn as_kept(&self) -> Kept<'_> {
        let (object, details) = (self.kept.object.as_deref(), self.kept.details.as_ref());
        Kept { entry: &self.entry, object, details }
    }
}

impl RocksStore {
    /// Makes the folder a ledger: only now has it a schema.
    fn finish(&self) -> Result<(), OpenError> {
        let db = &self.view.inner.db;
        db.put(SCHEMA_KEY, codec::encode_schema(SCHEMA))?;
        db.flush_wal(true).map_err(|error| store_error(&error))?;
        Ok(())
    }
}
