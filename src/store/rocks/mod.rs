//! The durable store: RocksDB, one synced write for each batch, everything checked when a folder is opened.
//!
//! The schema is in [`schema`]. What a later version must read of any folder is the log and what stands beside it
//! ([`chunk`]); all else is arithmetic, and [`rebuild`](rebuild()) does it again. The state's and the status tree are
//! stored nowhere: a leaf is the stored state record, and making the trees anew at open is the check of their roots.

mod base;
mod cache;
mod cached;
pub mod chunk;
pub mod codec;
mod commit;
mod edge;
mod error;
mod fsck;
pub mod leaf;
mod log;
mod open;
mod parts;
mod prune;
mod read;
mod rebuild;
mod rows;
pub mod schema;
mod view;

pub use base::Base;
pub use error::{Damage, OpenError};
pub use fsck::{FINDINGS_MAX, Finding, fsck};
pub use open::Progress;
pub use prune::{PruneCount, Pruned};
pub use read::RocksReader;
pub use rebuild::{RebuildError, first_difference, rebuild, rebuild_from};
pub use view::RocksView;

use super::{Durable, Read, Store, StoreError};
use crate::engine::{Batch, Trees};
use error::store_error;
use remit_verifier::log::Commitment;
use remit_verifier::merkle::TreeHead;
use remit_verifier::types::Hash;
use rocksdb::statistics::Ticker;
use std::path::Path;
use std::sync::Arc;

/// What an operator may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RocksOptions {
    /// Bytes of blocks, indexes and filters that are kept in memory.
    pub cache_bytes: usize,
    /// Bytes of memtables in all.
    pub memtable_bytes: usize,
    /// Leaf records that the writer keeps decoded: so many at least, twice as many at most.
    pub leaves_cached: usize,
    /// Tokens that the writer keeps decoded.
    pub tokens_cached: usize,
    /// Threads that check leaf records while a folder is opened, up to 16. Each waits for the disk about as long as it
    /// computes, so two for each processor keep both busy.
    pub threads: usize,
    /// Whether RocksDB counts what it does.
    pub statistics: bool,
}

impl Default for RocksOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 256 << 20,
            memtable_bytes: 128 << 20,
            leaves_cached: 32_768,
            tokens_cached: 16_384,
            threads: 2 * std::thread::available_parallelism().map_or(1, usize::from),
            statistics: false,
        }
    }
}

/// A ledger in a folder. It has one owner; readers get handles.
#[derive(Debug)]
pub struct RocksStore {
    view: RocksView,
    trees: Trees,
    commitment: Option<Commitment>,
    /// Running digest over the changes of records that are under no root.
    digest: Hash,
}

impl RocksStore {
    /// The log as of the last commit.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.trees.log.size(), root: self.trees.log.root() }
    }

    /// Running digest over every change of the records that are under no root: reservations, captures, ids. Two folders
    /// of one schema and one log have the same.
    pub fn digest(&self) -> Hash {
        self.digest
    }

    /// A handle for readers, and for what is done with the folder while it is open.
    pub fn handle(&self) -> RocksReader {
        RocksReader { inner: self.view.inner.clone() }
    }
}

impl Store for RocksStore {
    type View = RocksView;

    fn view(&self) -> &RocksView {
        &self.view
    }

    fn trees(&self) -> &Trees {
        &self.trees
    }

    fn commitment(&self) -> Option<Commitment> {
        self.commitment
    }

    fn commit(&mut self, batch: Batch, objects: &[&[u8]]) -> Result<Durable, StoreError> {
        self.write(batch, objects, &[], true)
    }

    fn reader(&self) -> Arc<dyn Read> {
        Arc::new(self.handle())
    }
}

impl RocksReader {
    /// Copies the ledger as of now into a new folder on the same file system: tables by hard links, so that it takes
    /// little time and at first no room.
    ///
    /// # Errors
    ///
    /// [`OpenError::NotEmpty`] if the folder is there already; `Full` and `Device`.
    pub fn backup(&self, to: &Path) -> Result<(), OpenError> {
        if to.exists() {
            return Err(OpenError::NotEmpty);
        }
        let checkpoint = rocksdb::checkpoint::Checkpoint::new(&self.inner.db)?;
        Ok(checkpoint.create_checkpoint(to)?)
    }

    /// How often RocksDB synced its write-ahead log; 0 without statistics.
    pub fn syncs(&self) -> u64 {
        self.inner.options.get_ticker_count(Ticker::WalFileSynced)
    }

    /// Bytes that RocksDB wrote to its write-ahead log; 0 without statistics.
    pub fn log_bytes(&self) -> u64 {
        self.inner.options.get_ticker_count(Ticker::WalFileBytes)
    }

    /// Number of records that were put or deleted since the folder was made.
    pub fn records_written(&self) -> u64 {
        self.inner.db.latest_sequence_number()
    }

    /// Writes all memtables into tables, so that the write-ahead log is no longer needed.
    ///
    /// # Errors
    ///
    /// `Full` or `Device`.
    pub fn flush(&self) -> Result<(), StoreError> {
        let all = schema::Family::ALL.map(|family| schema::handle(&self.inner.db, family));
        self.inner
            .db
            .flush_cfs_opt(&all, &rocksdb::FlushOptions::default())
            .map_err(|error| store_error(&error))
    }
}
