//! Makes the tiles of a log as its leaves come (spec 07 §8): each full tile once, the partial ones at the end.

use super::tile::{LEVELS_MAX, TILE_LEVELS, TILE_WIDTH, Tile, TileKind};
use remit_verifier::hash::{EMPTY_ROOT, node_hash};
use remit_verifier::types::{Hash, TreeSize};

/// The last row of each tile level that is not full yet, of a log that grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tiling {
    size: u64,
    rows: Vec<Vec<Hash>>,
}

impl Tiling {
    /// The log without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// A log of `size` entries, a multiple of [`TILE_WIDTH`], by its partial tiles: `row` gives the hashes of a partial
    /// tile. `None` for another size, or where a row is not there or has another width. The caller compares the root
    /// with one that it trusts.
    pub fn from_partial<E>(
        size: TreeSize,
        mut row: impl FnMut(Tile) -> Result<Option<Vec<Hash>>, E>,
    ) -> Result<Option<Self>, E> {
        if !size.0.is_multiple_of(u64::from(TILE_WIDTH)) {
            return Ok(None);
        }
        let mut rows = Vec::new();
        for level in 0..LEVELS_MAX {
            let complete = size.0.checked_shr(TILE_LEVELS * u32::from(level)).unwrap_or(0);
            if complete == 0 {
                break;
            }
            let (index, width) = (complete / u64::from(TILE_WIDTH), complete % u64::from(TILE_WIDTH));
            let tile = Tile { kind: TileKind::Level(level), index, width: width as u16 };
            let hashes = if width == 0 { Some(Vec::new()) } else { row(tile)? };
            match hashes.filter(|hashes| hashes.len() as u64 == width) {
                Some(hashes) => rows.push(hashes),
                None => return Ok(None),
            }
        }
        Ok(Some(Self { size: size.0, rows }))
    }

    /// Number of entries.
    pub fn size(&self) -> TreeSize {
        TreeSize(self.size)
    }

    /// Appends a leaf by its hash. Every tile that it fills goes to `full`, with its bytes.
    ///
    /// # Errors
    ///
    /// What `full` answers; the leaf is then half appended, and this is of no more use.
    pub fn push<E>(
        &mut self,
        leaf: Hash,
        mut full: impl FnMut(Tile, Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.size += 1;
        let mut node = leaf;
        for level in 0..LEVELS_MAX {
            let place = usize::from(level);
            if self.rows.len() == place {
                self.rows.push(Vec::new());
            }
            self.rows[place].push(node);
            if self.rows[place].len() < usize::from(TILE_WIDTH) {
                break;
            }
            let row = std::mem::take(&mut self.rows[place]);
            let index = above(self.size, level).saturating_sub(1);
            full(Tile { kind: TileKind::Level(level), index, width: TILE_WIDTH }, bytes(&row))?;
            node = complete_root(&row);
        }
        Ok(())
    }

    /// The partial tiles that there are now, with their bytes, level by level.
    pub fn partial(&self) -> impl Iterator<Item = (Tile, Vec<u8>)> {
        self.rows.iter().zip(0u8..).filter(|(row, _)| !row.is_empty()).map(|(row, level)| {
            let index = above(self.size, level);
            (Tile { kind: TileKind::Level(level), index, width: row.len() as u16 }, bytes(row))
        })
    }

    /// Root of the tree, put together from the rows.
    pub fn root(&self) -> Hash {
        let mut root = None;
        for row in &self.rows {
            // The largest complete subtrees of a row, from its end: one for each bit of its width.
            let mut end = row.len();
            while end > 0 {
                let width = 1 << end.trailing_zeros();
                let peak = complete_root(&row[end - width..end]);
                root = Some(root.map_or(peak, |right| node_hash(&peak, &right)));
                end -= width;
            }
        }
        root.unwrap_or(EMPTY_ROOT)
    }
}

/// Full tiles of a level.
fn above(size: u64, level: u8) -> u64 {
    size.checked_shr(TILE_LEVELS * (u32::from(level) + 1)).unwrap_or(0)
}

fn bytes(row: &[Hash]) -> Vec<u8> {
    row.iter().flat_map(|hash| hash.0).collect()
}

/// Root over a power of two of hashes.
pub(super) fn complete_root(row: &[Hash]) -> Hash {
    match row {
        [] => EMPTY_ROOT,
        [one] => *one,
        more => {
            let (left, right) = more.split_at(more.len() / 2);
            node_hash(&complete_root(left), &complete_root(right))
        }
    }
}

/// The node (`level`, `index`), complete, out of the tile that holds what is below it; `None` beyond the tile.
///
/// `hashes` are those of the tile that [`tile_of`] names.
pub fn node_in(level: u32, index: u64, hashes: &[Hash]) -> Option<Hash> {
    let wide = 1u64 << (level % TILE_LEVELS);
    let first = (index * wide % u64::from(TILE_WIDTH)) as usize;
    hashes.get(first..first + wide as usize).map(complete_root)
}

/// The tile out of which [`node_in`] computes a node of a tree of `size` leaves; `None` if it is not complete.
pub fn tile_of(level: u32, index: u64, size: TreeSize) -> Option<Tile> {
    let (tile_level, wide) = (level / TILE_LEVELS, 1u64 << (level % TILE_LEVELS));
    let end = index.checked_add(1)?.checked_mul(wide)?;
    let complete = size.0.checked_shr(TILE_LEVELS * tile_level).unwrap_or(0);
    if end > complete {
        return None;
    }
    let index = (end - 1) / u64::from(TILE_WIDTH);
    let width = (complete - index * u64::from(TILE_WIDTH)).min(u64::from(TILE_WIDTH)) as u16;
    Some(Tile { kind: TileKind::Level(u8::try_from(tile_level).ok()?), index, width })
}
