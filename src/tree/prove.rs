//! Builds the proofs that the verifier crate checks (spec 07 §3, §4, §6), over anything that knows its nodes.

use remit_verifier::hash::{EMPTY_ROOT, node_hash};
use remit_verifier::merkle::{LeafIndex, Node, ProofError, siblings};
use remit_verifier::types::{Hash, TreeSize};
use std::fmt;

/// A tree that can be asked for the hashes of its nodes.
pub trait Nodes {
    /// Number of leaves.
    fn size(&self) -> TreeSize;

    /// Hash of the RFC 6962 subtree over the leaves `index << level` up to and without
    /// `min((index + 1) << level, size)`, or `None` if it has no leaf.
    ///
    /// The functions of this module ask only for complete subtrees, so that a store which keeps no others
    /// (tiles) may answer `None` for the one that the right edge cuts.
    fn node(&self, level: u32, index: u64) -> Option<Hash>;
}

/// Why there is no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProveError {
    /// The indices or sizes that were asked for have no proof.
    Refused(ProofError),
    /// The tree has not yet this size.
    SizeAhead {
        /// Size that was asked for.
        asked: TreeSize,
        /// Size of the tree.
        size: TreeSize,
    },
    /// The tree lacks a node inside its size: a fault of the store.
    Missing(Node),
}

impl From<ProofError> for ProveError {
    fn from(error: ProofError) -> Self {
        Self::Refused(error)
    }
}

impl fmt::Display for ProveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::SizeAhead { asked, size } => write!(f, "size {asked} of a tree of {size} leaves"),
            Self::Missing(node) => write!(f, "node {} of level {} is missing", node.index, node.level),
        }
    }
}

impl std::error::Error for ProveError {}

/// Root that an append-only tree had at `size`.
///
/// # Errors
///
/// `SizeAhead`; `Missing` if the store lacks a node.
pub fn root_at<N: Nodes + ?Sized>(nodes: &N, size: TreeSize) -> Result<Hash, ProveError> {
    let version = Version::new(nodes, size)?;
    if size.0 == 0 { Ok(EMPTY_ROOT) } else { version.range(0, size.0) }
}

/// Inclusion proof of the leaf at `index` in the tree of `size` leaves, today's or an older one of an
/// append-only tree.
///
/// # Errors
///
/// `Refused` if `index` is not below `size`; `SizeAhead`; `Missing` if the store lacks a node.
pub fn inclusion<N: Nodes + ?Sized, I: LeafIndex>(
    nodes: &N,
    index: I,
    size: TreeSize,
) -> Result<Vec<Hash>, ProveError> {
    let version = Version::new(nodes, size)?;
    let mut at = index.position();
    if at >= size.0 {
        return Err(ProofError::IndexOutsideTree { index: at, size }.into());
    }
    let (mut last, mut level) = (size.0 - 1, 0);
    let mut path = Vec::new();
    while last > 0 {
        // The last node of a level has no sibling when its index is even.
        if at ^ 1 <= last {
            path.push(version.node(level, at ^ 1)?);
        }
        (at, last, level) = (at >> 1, last >> 1, level + 1);
    }
    Ok(path)
}

/// Consistency proof between two sizes of an append-only tree.
///
/// # Errors
///
/// `Refused` if `from` is 0 or above `to`; `SizeAhead` if `to` is above the tree's; `Missing` if the store
/// lacks a node.
pub fn consistency<N: Nodes + ?Sized>(
    nodes: &N,
    from: TreeSize,
    to: TreeSize,
) -> Result<Vec<Hash>, ProveError> {
    let version = Version::new(nodes, to)?;
    if from.0 == 0 {
        return Err(ProofError::FromEmptyTree.into());
    }
    if from > to {
        return Err(ProofError::SizesReversed { old: from, new: to }.into());
    }
    let (mut edge, mut last, mut level) = (from.0 - 1, to.0 - 1, 0);
    // Up to the last complete subtree of the older tree; the verifier knows it when it is the whole.
    while edge != 0 && (edge & 1 == 1 || edge == last) {
        (edge, last, level) = (edge >> 1, last >> 1, level + 1);
    }
    let mut path = Vec::new();
    if edge != 0 {
        path.push(version.node(level, edge)?);
    }
    while last > 0 {
        if edge ^ 1 <= last {
            path.push(version.node(level, edge ^ 1)?);
        }
        (edge, last, level) = (edge >> 1, last >> 1, level + 1);
    }
    Ok(path)
}

/// Multiproof of the leaves at `indices`, which rise strictly, in today's tree.
///
/// # Errors
///
/// `Refused` if the indices are none, out of order or outside the tree; `Missing` if the store lacks a node.
pub fn multiproof<N: Nodes + ?Sized, I: LeafIndex>(
    nodes: &N,
    indices: &[I],
) -> Result<Vec<Hash>, ProveError> {
    let version = Version::new(nodes, nodes.size())?;
    let mut proof = Vec::new();
    siblings(indices, version.size, |node| {
        proof.push(version.node(node.level, node.index)?);
        Ok::<_, ProveError>(())
    })?;
    Ok(proof)
}

/// Start and number of leaves of a node in a tree of `size` leaves; `None` if it has no leaf.
pub(super) fn span(level: u32, index: u64, size: u64) -> Option<(u64, u64)> {
    let wide = 1u64.checked_shl(level);
    let start = match wide {
        Some(width) => index.checked_mul(width)?,
        None if index == 0 => 0,
        None => return None,
    };
    let left = size.checked_sub(start).filter(|left| *left > 0)?;
    Some((start, wide.map_or(left, |width| width.min(left))))
}

/// A tree at a size that it has or had.
struct Version<'a, N: ?Sized> {
    nodes: &'a N,
    size: TreeSize,
}

impl<'a, N: Nodes + ?Sized> Version<'a, N> {
    fn new(nodes: &'a N, size: TreeSize) -> Result<Self, ProveError> {
        if size > nodes.size() {
            return Err(ProveError::SizeAhead { asked: size, size: nodes.size() });
        }
        Ok(Self { nodes, size })
    }

    /// Hash of a node of this version.
    fn node(&self, level: u32, index: u64) -> Result<Hash, ProveError> {
        let (start, leaves) =
            span(level, index, self.size.0).ok_or(ProveError::Missing(Node { level, index }))?;
        self.range(start, leaves)
    }

    /// Hash of the subtree over `leaves` leaves from `start`, put together from complete subtrees.
    fn range(&self, start: u64, leaves: u64) -> Result<Hash, ProveError> {
        let level = leaves.ilog2();
        let index = start >> level;
        let left = self.nodes.node(level, index).ok_or(ProveError::Missing(Node { level, index }))?;
        match leaves - (1 << level) {
            0 => Ok(left),
            rest => Ok(node_hash(&left, &self.range(start + (1 << level), rest)?)),
        }
    }
}
