//! Tiles and entry bundles in the coordinates, paths and bytes of C2SP tlog-tiles (spec 07 §8).

use super::prove::Nodes;
use remit_verifier::limits::OBJECT_BYTES_MAX;
use remit_verifier::merkle::TREE_SIZE_MAX;
use remit_verifier::types::TreeSize;
use std::fmt;

/// Hashes of a full tile, and entries of a full bundle.
pub const TILE_WIDTH: u16 = 256;
/// Tree levels from one tile level to the next.
pub(super) const TILE_LEVELS: u32 = 8;
/// Tile levels of the largest tree.
pub(super) const LEVELS_MAX: u8 = TREE_SIZE_MAX.0.ilog2().div_ceil(TILE_LEVELS) as u8;

const _: () = assert!(OBJECT_BYTES_MAX == u16::MAX as usize);

/// What a path names beside index and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Hashes of the nodes whose tree level is 8 times this tile level.
    Level(u8),
    /// Log entries; the leaves of the tile of level 0 with the same index and width.
    Entries,
}

/// Coordinates of a tile or entry bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// Tile level, or entries.
    pub kind: TileKind,
    /// Position among those of its kind, from 0.
    pub index: u64,
    /// Hashes or entries in it, 1..=256; fewer than 256 make it partial.
    pub width: u16,
}

impl Tile {
    /// Reads a path as [`fmt::Display`] writes it; `None` for every other text, as for a second spelling of
    /// the same tile or one beyond the largest tree.
    pub fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("tile/")?;
        let (kind, rest) = rest.split_once('/')?;
        let kind = match kind {
            "entries" => TileKind::Entries,
            level => TileKind::Level(level.parse().ok().filter(|level| *level < LEVELS_MAX)?),
        };
        let (groups, width) = match rest.split_once(".p/") {
            Some((groups, width)) => {
                (groups, width.parse().ok().filter(|width| (1..TILE_WIDTH).contains(width))?)
            }
            None => (rest, TILE_WIDTH),
        };
        let index = groups.split('/').try_fold(0u64, |index, group| {
            let digits: u64 = group.trim_start_matches('x').parse().ok()?;
            index.checked_mul(1000)?.checked_add(digits)
        })?;
        let tile = Self { kind, index, width };
        // One spelling each: what is not written back alike is refused.
        (index <= last_index(kind) && tile.to_string() == path).then_some(tile)
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Level(level) => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
        }
        let groups = self.index.checked_ilog(1000).unwrap_or(0);
        for group in (1..=groups).rev() {
            write!(f, "x{:03}/", self.index / 1000u64.pow(group) % 1000)?;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if self.width < TILE_WIDTH { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

/// Index of the tile that holds, or would, the last node of the largest tree.
fn last_index(kind: TileKind) -> u64 {
    let level = if let TileKind::Level(level) = kind { level } else { 0 };
    TREE_SIZE_MAX.0.checked_shr(TILE_LEVELS * (u32::from(level) + 1)).unwrap_or(0)
}

/// The tiles of one level of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelTiles {
    /// Number of full tiles.
    pub full: u64,
    /// Width of the partial tile after them, 0 if there is none.
    pub partial: u16,
}

/// The tiles of a level for a tree of `size` leaves; entry bundles are as the tiles of level 0.
pub fn level_tiles(size: TreeSize, level: u8) -> LevelTiles {
    let hashes = size.0.checked_shr(TILE_LEVELS * u32::from(level)).unwrap_or(0);
    let width = u64::from(TILE_WIDTH);
    LevelTiles { full: hashes / width, partial: (hashes % width) as u16 }
}

/// Tiles of every level that a tree has at `size` and had not, in this width, at `from`, level by level.
/// From 0 these are all its tiles.
pub fn tiles_between(from: TreeSize, size: TreeSize) -> impl Iterator<Item = Tile> {
    (0..LEVELS_MAX).flat_map(move |level| {
        let (old, new) = (level_tiles(from, level), level_tiles(size, level));
        let kind = TileKind::Level(level);
        let full = (old.full..new.full).map(move |index| Tile { kind, index, width: TILE_WIDTH });
        let partial =
            (new.partial > 0 && new != old).then_some(Tile { kind, index: new.full, width: new.partial });
        full.chain(partial)
    })
}

/// Bytes of a tile of hashes: 32 a node. `None` for entries, and if the tree lacks one of its nodes.
pub fn tile_bytes<N: Nodes + ?Sized>(nodes: &N, tile: Tile) -> Option<Vec<u8>> {
    let TileKind::Level(level) = tile.kind else { return None };
    let first = tile.index.checked_mul(u64::from(TILE_WIDTH))?;
    // A hash of a tile is of a complete subtree; what the right edge cuts is in no tile.
    let complete = nodes.size().0.checked_shr(TILE_LEVELS * u32::from(level)).unwrap_or(0);
    let end = first.checked_add(u64::from(tile.width)).filter(|end| *end <= complete)?;
    let mut bytes = Vec::with_capacity(usize::from(tile.width) * 32);
    for index in first..end {
        bytes.extend_from_slice(&nodes.node(TILE_LEVELS * u32::from(level), index)?.0);
    }
    Some(bytes)
}

/// An entry is longer than an entry bundle can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryTooLong {
    /// Bytes of the entry.
    pub bytes: usize,
}

impl fmt::Display for EntryTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry of {} bytes, of {OBJECT_BYTES_MAX} at most", self.bytes)
    }
}

impl std::error::Error for EntryTooLong {}

/// Appends an entry to the bytes of a bundle: its length in two bytes, big-endian, and the entry.
///
/// # Errors
///
/// [`EntryTooLong`] above 65 535 bytes; the bundle is then unchanged.
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), EntryTooLong> {
    let length = u16::try_from(entry.len()).map_err(|_| EntryTooLong { bytes: entry.len() })?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// A bundle that does not hold exactly the entries that its tile names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BundleError {
    /// The bytes end inside an entry or before the last one.
    Truncated {
        /// Whole entries before the end.
        entries: usize,
    },
    /// Bytes are left over behind the last entry.
    Trailing {
        /// Number of these bytes.
        bytes: usize,
    },
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { entries } => write!(f, "bundle ends after {entries} entries"),
            Self::Trailing { bytes } => write!(f, "{bytes} bytes behind the last entry"),
        }
    }
}

impl std::error::Error for BundleError {}

/// The entries of a bundle of this `width`.
///
/// # Errors
///
/// `Truncated` and `Trailing` if the bytes are not exactly `width` entries.
pub fn bundle_entries(mut bundle: &[u8], width: u16) -> Result<Vec<&[u8]>, BundleError> {
    let mut entries = Vec::with_capacity(usize::from(width));
    for _ in 0..width {
        let truncated = BundleError::Truncated { entries: entries.len() };
        let (length, rest) = bundle.split_first_chunk().ok_or(truncated)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, rest) = rest.split_at_checked(length).ok_or(truncated)?;
        entries.push(entry);
        bundle = rest;
    }
    if bundle.is_empty() { Ok(entries) } else { Err(BundleError::Trailing { bytes: bundle.len() }) }
}
