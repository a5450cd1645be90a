//! What lies where: column families, the first byte of their keys, and the options of RocksDB.
//!
//! | family | keys | values | order of writes |
//! | --- | --- | --- | --- |
//! | `default` | names | schema, head, tip; what was pruned | once a batch |
//! | `log` | `e` first entry; `t` level, number | chunks of entries with touch lists; full tiles | at the end |
//! | `kept` | first entry | chunks of objects and details | at the end |
//! | `state` | state index | leaf, values, secret, newest event | anywhere |
//! | `tokens` | state index | what a token is | at the end |
//! | `named` | kind, id or name | ids, units, reservations, captures, leases, requests, offers, links… | anywhere |
//! | `times` | kind, seconds, id | `seen`, `due` | near the end |
//!
//! Numbers in keys are big-endian. Every value begins with a format byte.

use super::RocksOptions;
use rocksdb::statistics::StatsLevel;
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DB, DBCompressionType, DBRecoveryMode,
    DataBlockIndexType, Options,
};

/// The schema that this version writes; a folder of another one is rebuilt from its log.
pub const SCHEMA: u32 = 2;
/// The oldest schema whose log and objects are read by `rebuild`; families `log` and `kept` are the same since.
pub const SCHEMA_MIN: u32 = 0;

/// First byte of every value.
pub const FORMAT: u8 = 1;

/// Key of the schema number, in `default`.
pub const SCHEMA_KEY: &[u8] = b"schema";
/// Key of the tip, in `default`.
pub(super) const TIP_KEY: &[u8] = b"tip";
/// How keys of what was pruned begin, in `default`; the first entry that was not follows.
pub(super) const PRUNED_KEY: &[u8] = b"pruned";
/// Kind of a chunk's key, in `log`.
pub(super) const ENTRIES: u8 = b'e';
/// Kind of a tile's key, in `log`.
pub(super) const TILES: u8 = b't';

/// A column family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Schema, head, tip.
    Meta,
    /// Entries and tiles.
    Log,
    /// Objects and details.
    Kept,
    /// State leaves.
    State,
    /// What tokens are.
    Tokens,
    /// Records by id or name.
    Named,
    /// Records by time.
    Times,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Meta, Self::Log, Self::Kept, Self::State, Self::Tokens, Self::Named, Self::Times];

    /// Its name in RocksDB.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Meta => "default",
            Self::Log => "log",
            Self::Kept => "kept",
            Self::State => "state",
            Self::Tokens => "tokens",
            Self::Named => "named",
            Self::Times => "times",
        }
    }
}

/// Bloom bits of a key: one needless read in a hundred.
const BLOOM_BITS: f64 = 10.0;
/// Part of a memtable's size that its filter takes: some 25 bits of a key.
const MEMTABLE_FILTER_RATIO: f64 = 0.02;
/// Above so many bytes of write-ahead log, memtables are written out, so that reopening reads no more than that.
const WAL_BYTES_MAX: u64 = 256 << 20;
/// How many tables are open at once at most.
const OPEN_FILES_MAX: i32 = 512;

/// Options of the whole database. Kept as long as it is open, because statistics are read through them.
pub(super) fn database(options: &RocksOptions) -> Options {
    let mut db = Options::default();
    db.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    db.set_track_and_verify_wals_in_manifest(true);
    db.set_paranoid_checks(true);
    db.set_compression_type(DBCompressionType::None);
    db.set_db_write_buffer_size(options.memtable_bytes);
    db.set_max_total_wal_size(WAL_BYTES_MAX);
    db.set_max_open_files(OPEN_FILES_MAX);
    db.set_max_background_jobs(2);
    // There is one writer.
    db.set_allow_concurrent_memtable_write(false);
    db.set_bytes_per_sync(1 << 20);
    db.set_keep_log_file_num(4);
    if options.statistics {
        db.enable_statistics();
        // Counters alone: timing every call costs the writer some percent.
        db.set_statistics_level(StatsLevel::ExceptHistogramOrTimers);
    }
    db
}

/// The families with their options; all share one cache.
pub(super) fn families<'n>(
    options: &RocksOptions,
    names: impl IntoIterator<Item = &'n str>,
) -> Vec<ColumnFamilyDescriptor> {
    // Readers in all threads share it without a lock.
    let cache = Cache::new_hyper_clock_cache(options.cache_bytes, 0);
    names
        .into_iter()
        .map(|name| {
            let known = Family::ALL.into_iter().find(|family| family.name() == name);
            ColumnFamilyDescriptor::new(name, family(known, options, &cache))
        })
        .collect()
}

fn family(family: Option<Family>, options: &RocksOptions, cache: &Cache) -> Options {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(cache);
    blocks.set_cache_index_and_filter_blocks(true);
    blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
    blocks.set_format_version(5);
    let mut cf = Options::default();
    cf.set_compression_type(DBCompressionType::None);
    cf.set_level_compaction_dynamic_level_bytes(true);
    cf.set_write_buffer_size(options.memtable_bytes / 4);
    match family {
        // Keys that are mostly looked up in vain need the filter at every level.
        Some(Family::Named | Family::Times) => {
            blocks.set_bloom_filter(BLOOM_BITS, false);
            look_up(&mut blocks, &mut cf);
        }
        // Keys that are always there need it only above the last.
        Some(Family::State | Family::Tokens) => {
            blocks.set_bloom_filter(BLOOM_BITS, false);
            cf.set_optimize_filters_for_hits(true);
            look_up(&mut blocks, &mut cf);
        }
        _ => {}
    }
    cf.set_block_based_table_factory(&blocks);
    cf
}

/// Keys are looked up one by one. Most are not among those written last, and in a block a table finds them.
fn look_up(blocks: &mut BlockBasedOptions, cf: &mut Options) {
    blocks.set_data_block_index_type(DataBlockIndexType::BinaryAndHash);
    cf.set_memtable_whole_key_filtering(true);
    cf.set_memtable_prefix_bloom_ratio(MEMTABLE_FILTER_RATIO);
}

/// The handle of a family, which is open as long as the database.
pub(super) fn handle(db: &DB, family: Family) -> &rocksdb::ColumnFamily {
    db.cf_handle(family.name()).expect("opened with every family")
}
