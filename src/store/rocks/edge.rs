//! The log tree's right edge in memory: the nodes of the partial tile of every level. All others are in full tiles.

use crate::tree::tile::TILE_WIDTH;
use remit_verifier::hash::node_hash;
use remit_verifier::types::{Hash, TreeSize};

/// Tree levels from one tile level to the next.
pub(super) const TILE_LEVELS: u32 = TILE_WIDTH.trailing_zeros();
/// Bytes of a full tile.
pub(super) const TILE_BYTES: usize = TILE_WIDTH as usize * 32;

/// A tile that has become full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FullTile {
    pub(super) level: u8,
    pub(super) number: u64,
    pub(super) hashes: Vec<Hash>,
}

/// The complete nodes of partial tiles, level by level of the tree.
#[derive(Clone, Debug, Default)]
pub(super) struct Edge {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

impl Edge {
    /// Number of leaves.
    pub(super) fn size(&self) -> TreeSize {
        TreeSize(self.size)
    }

    /// Appends a leaf; tiles that become full by it leave the edge and go to `full`.
    pub(super) fn push(&mut self, leaf: Hash, full: &mut Vec<FullTile>) {
        self.size += 1;
        self.add(0, leaf, full);
    }

    /// Appends a node of a tile level, where all below it is in full tiles; for rebuilding the edge from the top.
    pub(super) fn push_above(&mut self, level: u8, node: Hash, full: &mut Vec<FullTile>) {
        self.size += 1 << (u32::from(level) * TILE_LEVELS);
        self.add(u32::from(level) * TILE_LEVELS, node, full);
    }

    fn add(&mut self, mut level: u32, mut node: Hash, full: &mut Vec<FullTile>) {
        loop {
            if self.levels.len() <= level as usize {
                self.levels.resize_with(level as usize + 1, Vec::new);
            }
            let row = &mut self.levels[level as usize];
            row.push(node);
            let [.., left, right] = row[..] else { return };
            if row.len() % 2 == 1 {
                return;
            }
            node = node_hash(&left, &right);
            level += 1;
            if level.is_multiple_of(TILE_LEVELS) {
                full.push(self.take_tile(level / TILE_LEVELS - 1));
            }
        }
    }

    /// Takes the full tile of this level off the edge.
    fn take_tile(&mut self, tile_level: u32) -> FullTile {
        let lowest = (tile_level * TILE_LEVELS) as usize;
        let rows = &mut self.levels[lowest..lowest + TILE_LEVELS as usize];
        let hashes = std::mem::take(&mut rows[0]);
        rows.iter_mut().for_each(Vec::clear);
        let number = (self.size >> (TILE_LEVELS * (tile_level + 1))) - 1;
        FullTile { level: tile_level as u8, number, hashes }
    }

    /// A complete node that lies in a partial tile.
    pub(super) fn node(&self, level: u32, index: u64) -> Option<Hash> {
        let above = TILE_LEVELS * (level / TILE_LEVELS + 1);
        let tiles = self.size.checked_shr(above).unwrap_or(0);
        let before = tiles << (above - level);
        let place = usize::try_from(index.checked_sub(before)?).ok()?;
        self.levels.get(level as usize)?.get(place).copied()
    }

    /// Roots of the largest complete subtrees, largest first.
    pub(super) fn peaks(&self) -> Option<Vec<Hash>> {
        let bits = (0..u64::BITS).rev().filter(|bit| self.size >> bit & 1 == 1);
        bits.map(|bit| self.node(bit, (self.size >> bit) - 1)).collect()
    }
}

/// Root of the nodes of one tile, a power of two of them.
pub(super) fn root_of(hashes: &[Hash]) -> Option<Hash> {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row.chunks(2).map(|pair| if let [l, r] = pair { node_hash(l, r) } else { pair[0] }).collect();
    }
    row.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{Frontier, Nodes, PagedTree};
    use remit_verifier::hash::leaf_hash;
    use std::collections::BTreeMap;

    #[test]
    fn edge_and_full_tiles_hold_every_complete_node() {
        let (mut edge, mut full) = (Edge::default(), Vec::new());
        let (mut frontier, mut tree) = (Frontier::new(), PagedTree::new());
        let mut tiles = BTreeMap::new();
        for number in 0..66_000u64 {
            let leaf = leaf_hash(&number.to_be_bytes());
            edge.push(leaf, &mut full);
            frontier.push(leaf);
            tree.push(leaf);
            for tile in full.drain(..) {
                assert_eq!(tile.hashes.len(), 256);
                assert!(tiles.insert((tile.level, tile.number), tile.hashes).is_none());
            }
        }
        assert_eq!(edge.size(), frontier.size());
        assert_eq!(edge.peaks().as_deref(), Some(frontier.peaks()));
        let size = 66_000u64;
        for level in 0..17 {
            for index in (0..size >> level).rev().step_by(17) {
                let node = edge.node(level, index).or_else(|| {
                    let start = index << (level % 8);
                    let tile: &Vec<Hash> = &tiles[&((level / 8) as u8, start / 256)];
                    root_of(&tile[start as usize % 256..][..1 << (level % 8)])
                });
                assert_eq!(node, tree.node(level, index), "{level} {index}");
            }
        }
    }
}
