//! Bounds on what one call reads.

use crate::tree::tile::TILE_WIDTH;

/// Entries that one call reads at most.
pub const ENTRIES_PER_READ_MAX: usize = 1_024;
/// Entries of one leaf's history that are put together in memory; who wants a longer one reads the log itself.
pub const HISTORY_ENTRIES_MAX: usize = 65_536;

const _: () =
    assert!(ENTRIES_PER_READ_MAX >= TILE_WIDTH as usize && HISTORY_ENTRIES_MAX > ENTRIES_PER_READ_MAX);
