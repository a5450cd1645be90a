//! Makes a folder, or opens one and checks it: leaf by leaf, root by root. A folder that is opened is whole as far as
//! its roots reach; that nothing acknowledged is missing is for the guard beside it to say.

use super::codec;
use super::edge::{Edge, TILE_LEVELS, root_of};
use super::error::{open_error, store_error};
use super::leaf::check_leaf;
use super::read::Inner;
use super::rows::TipRow;
use super::schema::{self, Family, SCHEMA, SCHEMA_KEY, TIP_KEY, handle};
use super::{Damage, OpenError, RocksOptions, RocksStore, RocksView};
use crate::engine::{Batch, StatusTree, Trees};
use crate::machine::{Head, StateKey, key};
use crate::tree::tile::TILE_WIDTH;
use crate::tree::{Frontier, PagedTree};
use remit_verifier::hash::leaf_hash;
use remit_verifier::log::{Commitment, Entry};
use remit_verifier::state::Status;
use remit_verifier::types::{EntryIndex, Hash, Seconds, StateIndex, TreeSize};
use rocksdb::{DB, LiveFile, ReadOptions};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, RwLock};

/// How far a long task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Records or entries that are done.
    pub done: u64,
    /// Of so many.
    pub of: u64,
}

/// Leaf records that one thread checks at a time.
const STRETCH: u64 = 16_384;
/// Stretches that a thread may be ahead.
const AHEAD: usize = 2;
/// Bytes that a scan reads ahead.
pub(super) const READAHEAD_BYTES: usize = 2 << 20;

/// Opens the database of a folder with all families that it has.
pub(super) fn open_database(dir: &Path, options: &RocksOptions, read_only: bool) -> Result<Inner, OpenError> {
    if !dir.join("CURRENT").exists() {
        return Err(OpenError::NoLedger);
    }
    let database = schema::database(options);
    let names = DB::list_cf(&database, dir).map_err(|error| open_error(&error))?;
    let families = schema::families(options, names.iter().map(String::as_str));
    let db = if read_only {
        DB::open_cf_descriptors_read_only(&database, dir, families, false)
    } else {
        DB::open_cf_descriptors(&database, dir, families)
    };
    let db = db.map_err(|error| open_error(&error))?;
    Ok(Inner::new(db, database, options))
}

/// The schema number of a folder.
pub(super) fn schema_of(inner: &Inner) -> Result<u32, OpenError> {
    let bytes = inner.get(Family::Meta, SCHEMA_KEY)?.ok_or(OpenError::NoLedger)?;
    codec::decode_schema(&bytes).map_err(|_| Damage::Record("the schema number".into()).into())
}

/// Head and tip of a folder of this schema.
pub(super) fn head_of(inner: &Inner) -> Result<(Head, TipRow), OpenError> {
    let found = schema_of(inner)?;
    if found != SCHEMA {
        return Err(OpenError::Schema { found, wanted: SCHEMA });
    }
    if let Some(missing) = Family::ALL.iter().find(|family| inner.db.cf_handle(family.name()).is_none()) {
        return Err(Damage::File(format!("the column family {} is missing", missing.name()).into()).into());
    }
    let head = inner.record(&key::HeadAt(0).key())?;
    let head = head.as_ref().and_then(key::HeadAt::unwrap).cloned().ok_or(Damage::NoHead)?;
    let tip = inner.get(Family::Meta, TIP_KEY)?.ok_or(Damage::NoHead)?;
    let tip = codec::decode_tip(&tip).map_err(|_| Damage::Record("the tip".into()))?;
    if tip.size != head.next_entry.0 {
        return Err(Damage::Record("the tip, which is not the head's".into()).into());
    }
    Ok((head, tip))
}

impl RocksStore {
    /// Makes a ledger of its first batch in a new or empty folder.
    ///
    /// # Errors
    ///
    /// `NotEmpty`, `Full`, `Device`.
    pub fn create(dir: &Path, first: Batch, options: &RocksOptions) -> Result<Self, OpenError> {
        let mut store = Self::begin(dir, options)?;
        store.write(first, &[], &[(SCHEMA_KEY, codec::encode_schema(SCHEMA))], true)?;
        Ok(store)
    }

    /// An empty database in a new or empty folder. It is no ledger before it has a schema.
    pub(super) fn begin(dir: &Path, options: &RocksOptions) -> Result<Self, OpenError> {
        let device = |error: std::io::Error| OpenError::Device(error.to_string().into());
        std::fs::create_dir_all(dir).map_err(device)?;
        if std::fs::read_dir(dir).map_err(device)?.next().is_some() {
            return Err(OpenError::NotEmpty);
        }
        let mut database = schema::database(options);
        database.create_if_missing(true);
        database.create_missing_column_families(true);
        let families = schema::families(options, Family::ALL.map(Family::name));
        let db = DB::open_cf_descriptors(&database, dir, families).map_err(|error| open_error(&error))?;
        let inner = Arc::new(Inner::new(db, database, options));
        let view = RocksView::new(inner, None, Seconds(u64::MAX));
        Ok(Self { view, trees: Trees::default(), commitment: None, digest: Hash::default() })
    }

    /// Opens a folder and checks it, which takes some seconds for ten million tokens. `progress` hears of leaf records.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; `Damaged` says what first.
    pub fn open(
        dir: &Path,
        options: &RocksOptions,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, OpenError> {
        let mut inner = open_database(dir, options, false)?;
        tables(&inner, dir)?;
        let (head, tip) = head_of(&inner)?;
        let edge = edge_of(&inner, tip.size)?;
        let log = frontier(&edge, tip.root())?;
        inner.edge = RwLock::new(Arc::new(edge));
        let commitment = last_commitment(&inner, &head)?;
        let inner = Arc::new(inner);
        let (state, status) = leaves(&inner, head.next_leaf.0, options.threads, progress)?;
        if state.root() != commitment.state_root {
            let (computed, committed) = (state.root(), commitment.state_root);
            return Err(Damage::StateRoot { computed, committed }.into());
        }
        if status.root() != commitment.status_root {
            let (computed, committed) = (status.root(), commitment.status_root);
            return Err(Damage::StatusRoot { computed, committed }.into());
        }
        let view = RocksView::new(inner, Some(head), Seconds(tip.due_floor));
        let trees = Trees { log, state, status };
        Ok(Self { view, trees, commitment: Some(commitment), digest: Hash(tip.digest) })
    }
}

/// Every table is there as a whole. RocksDB looks at one when it reads it first, and of records that are under no root
/// nothing is read here.
fn tables(inner: &Inner, dir: &Path) -> Result<(), OpenError> {
    let live = || inner.db.live_files().map_err(|error| open_error(&error));
    let is_whole = |file: &LiveFile| {
        let found = std::fs::metadata(dir.join(file.name.trim_start_matches('/')));
        found.is_ok_and(|found| found.len() == file.size as u64)
    };
    let lacking: Vec<LiveFile> = live()?.into_iter().filter(|file| !is_whole(file)).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    // A compaction may have replaced it meanwhile; then it is no longer one of them.
    let live = live()?;
    match lacking.iter().find(|file| live.iter().any(|other| other.name == file.name)) {
        Some(file) => {
            Err(Damage::File(format!("the table {} is not there as a whole", file.name).into()).into())
        }
        None => Ok(()),
    }
}

/// Makes the right edge anew: of each level, the roots of the full tiles below that are in no full tile of their own.
pub(super) fn edge_of(inner: &Inner, size: u64) -> Result<Edge, OpenError> {
    let (mut edge, mut full) = (Edge::default(), Vec::new());
    let width = u64::from(TILE_WIDTH);
    let levels = size.checked_ilog2().map_or(0, |bits| bits / TILE_LEVELS);
    for level in (1..=levels).rev() {
        let nodes = size >> (TILE_LEVELS * level);
        let below = u8::try_from(level - 1).unwrap_or(u8::MAX);
        for number in nodes / width * width..nodes {
            let missing = Damage::Tile { level: below, number };
            let tile = inner.tile(below, number)?.ok_or_else(|| missing.clone())?;
            edge.push_above(below + 1, root_of(&tile).ok_or(missing)?, &mut full);
        }
    }
    let first = EntryIndex(size / width * width);
    for (at, hash) in (first.0..).map(EntryIndex).zip(leaf_hashes(inner, first, size)?) {
        edge.push(hash, &mut full);
        if !full.is_empty() {
            return Err(Damage::Entry(at).into());
        }
    }
    Ok(edge)
}

/// Hashes of the entries from `first` to `size`.
fn leaf_hashes(inner: &Inner, first: EntryIndex, size: u64) -> Result<Vec<Hash>, OpenError> {
    let entries = inner.entries_below(first, size)?;
    Ok(entries.iter().map(|entry| leaf_hash(entry)).collect())
}

/// The frontier of an edge, whose root must be the one that is kept.
pub(super) fn frontier(edge: &Edge, kept: Hash) -> Result<Frontier, OpenError> {
    let size = edge.size();
    let frontier = edge.peaks().and_then(|peaks| Frontier::from_peaks(size, peaks));
    let frontier = frontier.ok_or(Damage::Entry(EntryIndex(size.0)))?;
    let computed = frontier.root();
    if computed != kept {
        return Err(Damage::LogRoot { size, computed, kept }.into());
    }
    Ok(frontier)
}

/// The last entry, which must be the commitment that the head stands on.
fn last_commitment(inner: &Inner, head: &Head) -> Result<Commitment, OpenError> {
    let last = EntryIndex(head.next_entry.0.saturating_sub(1));
    let entries = inner.entries(last, 1)?;
    let entry = entries.first().ok_or(Damage::Entry(last))?;
    match Entry::decode(entry) {
        Ok(Entry::Commitment(commitment))
            if commitment.time == head.time && commitment.state_size == TreeSize(head.next_leaf.0) =>
        {
            Ok(commitment)
        }
        _ => Err(Damage::Commitment(last).into()),
    }
}

/// What one thread found in a stretch of leaf records.
type Stretch = Result<Vec<(Hash, Status)>, OpenError>;

/// The state and the status tree, made of the leaf records; several threads check them, this one hashes the trees.
pub(super) fn leaves(
    inner: &Arc<Inner>,
    size: u64,
    threads: usize,
    progress: &mut dyn FnMut(Progress),
) -> Result<(PagedTree, StatusTree), OpenError> {
    let threads = threads.clamp(1, 16);
    let (mut state, mut status) = (PagedTree::new(), StatusTree::default());
    std::thread::scope(|scope| {
        let lanes: Vec<Receiver<Stretch>> = (0..threads)
            .map(|lane| {
                let (sender, receiver) = sync_channel(AHEAD);
                scope.spawn(move || check_lane(inner, size, (lane, threads), &sender));
                receiver
            })
            .collect();
        for number in 0..size.div_ceil(STRETCH) {
            let lane = &lanes[(number % threads as u64) as usize];
            let first = number * STRETCH;
            let stretch = lane.recv().map_err(|_| Damage::LeafMissing(StateIndex(first)))??;
            let indexes = (first..).map(StateIndex);
            status.set(indexes.zip(&stretch).map(|(index, (_, status))| (index, *status)));
            state.extend(stretch.into_iter().map(|(hash, _)| hash));
            progress(Progress { done: state.size().0, of: size });
        }
        Ok::<_, OpenError>(())
    })?;
    beyond(inner, size)?;
    Ok((state, status))
}

fn check_lane(inner: &Inner, size: u64, (lane, lanes): (usize, usize), to: &SyncSender<Stretch>) {
    for first in (lane as u64 * STRETCH..size).step_by(lanes * STRETCH as usize) {
        let stretch = check_stretch(inner, first, size.min(first + STRETCH));
        let failed = stretch.is_err();
        if to.send(stretch).is_err() || failed {
            return;
        }
    }
}

/// Checks the leaf records from `first` to `end`, all of which there must be.
fn check_stretch(inner: &Inner, first: u64, end: u64) -> Stretch {
    let mut options = ReadOptions::default();
    options.fill_cache(false);
    options.set_readahead_size(READAHEAD_BYTES);
    options.set_iterate_upper_bound(end.to_be_bytes());
    let mut iterator = inner.db.raw_iterator_cf_opt(handle(&inner.db, Family::State), options);
    iterator.seek(first.to_be_bytes());
    let mut found = Vec::with_capacity((end - first) as usize);
    for index in (first..end).map(StateIndex) {
        let Some((key, value)) = iterator.item().filter(|(key, _)| *key == index.0.to_be_bytes()) else {
            iterator.status().map_err(|error| store_error(&error))?;
            return Err(Damage::LeafMissing(index).into());
        };
        debug_assert_eq!(key.len(), 8);
        found.push(check_leaf(index, value)?);
        iterator.next();
    }
    iterator.status().map_err(|error| store_error(&error))?;
    Ok(found)
}

/// No leaf stands at or above the size.
fn beyond(inner: &Inner, size: u64) -> Result<(), OpenError> {
    let mut iterator = inner.db.raw_iterator_cf(handle(&inner.db, Family::State));
    iterator.seek(size.to_be_bytes());
    let found = iterator.key().map(|key| key.first_chunk().map_or(size, |key| u64::from_be_bytes(*key)));
    iterator.status().map_err(|error| store_error(&error))?;
    found.map_or(Ok(()), |index| Err(Damage::LeafBeyond(StateIndex(index)).into()))
}
