//! A persistent RFC 6962 tree in memory (spec 07 §7): the state tree.
//!
//! A clone is a frozen version and costs one reference count. A version shares every page that has not
//! changed since; a page that nobody shares is changed in place. A page of leaves keeps its 16 hashes and no
//! node between them, which are recomputed when needed; the pages above keep theirs. A leaf costs about 39
//! bytes in all.

use super::prove::{Nodes, span};
use remit_verifier::hash::{EMPTY_ROOT, node_hash};
use remit_verifier::merkle::{LeafIndex, TREE_SIZE_MAX};
use remit_verifier::types::{Hash, TreeSize};
use std::fmt;
use std::sync::Arc;

/// Slots of a page.
const WIDTH: usize = 16;
/// Tree levels in a page.
const LEVELS: u32 = WIDTH.trailing_zeros();
/// Leaves that [`PagedTree::extend`] applies at once: enough to hash each page once.
const EXTEND_LEAVES: usize = 4096;

/// Nodes between the slots of a page and its root: 8, then 4, then 2.
const BETWEEN: usize = WIDTH - 2;
/// Where the nodes that lie 1, 2 and 3 levels above the slots begin among these.
const BETWEEN_START: [usize; LEVELS as usize] = [0, 0, 8, 12];

/// At height 0, up to 16 leaf hashes; above, the roots of the pages below.
#[derive(Clone, Default)]
struct Page {
    slots: [Hash; WIDTH],
    /// Boxed, and `None` at height 0, because nearly all pages are of leaves.
    inner: Option<Box<Inner>>,
}

/// What a page above height 0 has besides.
#[derive(Clone, Default)]
struct Inner {
    /// One for every filled slot.
    children: [Option<Arc<Page>>; WIDTH],
    between: [Hash; BETWEEN],
}

/// A tree whose leaves can be replaced and appended; see the module.
#[derive(Clone, Default)]
pub struct PagedTree {
    size: u64,
    /// Of the top page; a page of height 0 holds leaves.
    height: u32,
    top: Arc<Page>,
    root: Option<Hash>,
}

/// Why a batch was refused; the tree is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplyError {
    /// The indices do not rise strictly.
    Order {
        /// An index of the batch.
        previous: u64,
        /// The one after it.
        next: u64,
    },
    /// An appended index leaves a gap.
    Gap {
        /// The first index that is still free.
        free: u64,
        /// The index of the batch.
        index: u64,
    },
    /// The tree would have more leaves than [`TREE_SIZE_MAX`].
    SizeTooLarge,
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order { previous, next } => write!(f, "leaf {next} follows leaf {previous}"),
            Self::Gap { free, index } => write!(f, "leaf {index} appended where {free} is free"),
            Self::SizeTooLarge => write!(f, "more than {TREE_SIZE_MAX} leaves"),
        }
    }
}

impl std::error::Error for ApplyError {}

impl PagedTree {
    /// The tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of leaves.
    pub fn size(&self) -> TreeSize {
        TreeSize(self.size)
    }

    /// Bytes of the pages of this version alone, without what an allocator adds: 35.7 for a leaf.
    pub fn bytes(&self) -> u64 {
        let page = size_of::<Page>() + 2 * size_of::<usize>();
        let pages = |height: u32| self.size.div_ceil(1 << (LEVELS * (height + 1)));
        (0..=self.height)
            .map(|height| {
                let inner = if height == 0 { 0 } else { size_of::<Inner>() };
                pages(height) * (page + inner) as u64
            })
            .sum()
    }

    /// Root of the tree, already computed.
    pub fn root(&self) -> Hash {
        self.root.unwrap_or(EMPTY_ROOT)
    }

    /// The leaf hash at `index`, or `None` outside the tree.
    pub fn get<I: LeafIndex>(&self, index: I) -> Option<Hash> {
        let index = index.position();
        (index < self.size).then(|| self.page(0, index).slots[slot(index, 0)])
    }

    /// Appends one leaf. Many at once are far cheaper with [`Self::apply`] or [`Self::extend`].
    pub fn push(&mut self, leaf: Hash) {
        self.extend([leaf]);
    }

    /// Appends leaves, hashing each page about once.
    ///
    /// # Panics
    ///
    /// Above [`TREE_SIZE_MAX`] leaves, which no memory holds.
    pub fn extend(&mut self, leaves: impl IntoIterator<Item = Hash>) {
        let mut leaves = leaves.into_iter();
        loop {
            let batch: Vec<_> =
                (self.size..).map(Position).zip(leaves.by_ref().take(EXTEND_LEAVES)).collect();
            if batch.is_empty() {
                return;
            }
            self.apply(&batch).expect("consecutive indices from the size on");
        }
    }

    /// Replaces and appends leaves, all or none, and answers with the new root.
    ///
    /// Indices rise strictly; those from the size on are appended without a gap. Every page that holds a
    /// changed leaf is hashed once.
    ///
    /// # Errors
    ///
    /// `Order`, `Gap` or `SizeTooLarge`; the tree is then unchanged.
    pub fn apply<I: LeafIndex>(&mut self, changes: &[(I, Hash)]) -> Result<Hash, ApplyError> {
        let size = self.size_after(changes)?;
        if changes.is_empty() {
            return Ok(self.root());
        }
        while capacity(self.height) < u128::from(size) {
            self.grow();
        }
        self.size = size;
        let root = update(&mut self.top, self.height, size, changes);
        self.root = Some(root);
        Ok(root)
    }

    /// The size once `changes` are applied.
    fn size_after<I: LeafIndex>(&self, changes: &[(I, Hash)]) -> Result<u64, ApplyError> {
        let mut size = self.size;
        let mut previous = None;
        for next in changes.iter().map(|(index, _)| index.position()) {
            if let Some(previous) = previous.filter(|previous| *previous >= next) {
                return Err(ApplyError::Order { previous, next });
            }
            if next > size {
                return Err(ApplyError::Gap { free: size, index: next });
            }
            if next >= TREE_SIZE_MAX.0 {
                return Err(ApplyError::SizeTooLarge);
            }
            size = size.max(next + 1);
            previous = Some(next);
        }
        Ok(size)
    }

    /// Puts a page on top of a full one.
    fn grow(&mut self) {
        let below = std::mem::take(&mut self.top);
        let mut page = Page::default();
        page.slots[0] = self.root();
        page.inner.get_or_insert_default().children[0] = Some(below);
        self.top = Arc::new(page);
        self.height += 1;
    }

    /// The page at `height` that covers leaf `index`, which is inside the tree.
    fn page(&self, height: u32, index: u64) -> &Page {
        let mut page = &self.top;
        for above in (height + 1..=self.height).rev() {
            page = page.child(slot(index, above)).expect("a page for every leaf inside the tree");
        }
        page
    }
}

impl Nodes for PagedTree {
    fn size(&self) -> TreeSize {
        TreeSize(self.size)
    }

    fn node(&self, level: u32, index: u64) -> Option<Hash> {
        let (start, _) = span(level, index, self.size)?;
        let height = level / LEVELS;
        if height > self.height {
            return self.root;
        }
        let page = self.page(height, start);
        let (first, above) = (slot(start, height), level % LEVELS);
        Some(match &page.inner {
            _ if above == 0 => page.slots[first],
            Some(inner) => inner.between[BETWEEN_START[above as usize] + (first >> above)],
            None => {
                let end = filled(self.size, start, height).min(first + (1 << above));
                let slots = &page.slots[first..end];
                let mut part = [Hash::default(); WIDTH];
                part[..slots.len()].copy_from_slice(slots);
                rehash(&part, slots.len(), u16::MAX, &mut [Hash::default(); BETWEEN])
            }
        })
    }
}

impl fmt::Debug for PagedTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PagedTree")
            .field("size", &self.size)
            .field("root", &self.root())
            .finish_non_exhaustive()
    }
}

/// A position that [`PagedTree::extend`] numbers itself.
#[derive(Clone, Copy)]
struct Position(u64);

impl LeafIndex for Position {
    fn position(self) -> u64 {
        self.0
    }
}

/// Leaves that a page of this height covers.
fn capacity(height: u32) -> u128 {
    1 << (LEVELS * (height + 1))
}

/// The slot that covers leaf `index` in its page of this height.
fn slot(index: u64, height: u32) -> usize {
    (index >> (LEVELS * height)) as usize % WIDTH
}

/// Slots in use, in a tree of `size` leaves, of the page of this height that covers leaf `index`.
fn filled(size: u64, index: u64, height: u32) -> usize {
    let slots = ((size - 1) >> (LEVELS * height)) + 1;
    let before = (index >> (LEVELS * height)) / WIDTH as u64 * WIDTH as u64;
    (slots - before).min(WIDTH as u64) as usize
}

impl Page {
    fn child(&self, slot: usize) -> Option<&Arc<Page>> {
        self.inner.as_ref()?.children[slot].as_ref()
    }
}

/// Applies `changes`, not empty and all inside this page, and answers with the root of the subtree that it
/// covers.
fn update<I: LeafIndex>(page: &mut Arc<Page>, height: u32, size: u64, changes: &[(I, Hash)]) -> Hash {
    let page = Arc::make_mut(page);
    let filled = filled(size, changes[0].0.position(), height);
    if height == 0 {
        for (index, leaf) in changes {
            page.slots[slot(index.position(), 0)] = *leaf;
        }
        return rehash(&page.slots, filled, u16::MAX, &mut [Hash::default(); BETWEEN]);
    }
    let inner = page.inner.get_or_insert_default();
    let mut changed = 0;
    let mut rest = changes;
    while let Some((index, _)) = rest.first() {
        let at = slot(index.position(), height);
        let inside = rest.partition_point(|(index, _)| slot(index.position(), height) <= at);
        let (below, after) = rest.split_at(inside);
        page.slots[at] = update(inner.children[at].get_or_insert_default(), height - 1, size, below);
        changed |= 1 << at;
        rest = after;
    }
    rehash(&page.slots, filled, changed, &mut inner.between)
}

/// RFC 6962 root over the first `filled` slots: pairs, level by level; an odd last one rises as it is.
/// Of `between`, only what lies above the slots in the bit set `changed` is computed, and the root.
fn rehash(slots: &[Hash; WIDTH], filled: usize, mut changed: u16, between: &mut [Hash; BETWEEN]) -> Hash {
    let mut below: &[Hash] = &slots[..filled];
    let mut rest: &mut [Hash] = between;
    for level in 1..LEVELS {
        let (row, above) = rest.split_at_mut(WIDTH >> level);
        let width = below.len().div_ceil(2);
        let mut risen = 0;
        for (pair, node) in row[..width].iter_mut().enumerate() {
            if changed >> (2 * pair) & 0b11 != 0 {
                *node = join(&below[2 * pair..]);
                risen |= 1 << pair;
            }
        }
        (below, rest, changed) = (&row[..width], above, risen);
    }
    join(below)
}

/// The node above the first two of `nodes`, or the only one.
fn join(nodes: &[Hash]) -> Hash {
    match nodes {
        [left, right, ..] => node_hash(left, right),
        _ => nodes[0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_size_is_reached_and_not_passed() {
        let tree = PagedTree { size: TREE_SIZE_MAX.0 - 1, ..PagedTree::new() };
        let leaf = |index| (Position(index), Hash::default());
        assert_eq!(tree.size_after(&[leaf(TREE_SIZE_MAX.0 - 1)]), Ok(TREE_SIZE_MAX.0));
        let beyond = [leaf(TREE_SIZE_MAX.0 - 1), leaf(TREE_SIZE_MAX.0)];
        assert_eq!(tree.size_after(&beyond), Err(ApplyError::SizeTooLarge));
    }

    #[test]
    fn a_version_shares_what_has_not_changed() {
        let mut tree = PagedTree::new();
        tree.extend((0..300).map(|number: u64| remit_verifier::hash::leaf_hash(&number.to_be_bytes())));
        let old = tree.clone();
        assert!(Arc::ptr_eq(&old.top, &tree.top));
        tree.apply(&[(Position(299), Hash::default())]).expect("inside");
        let child = |tree: &PagedTree, slot| tree.top.child(slot).map(Arc::as_ptr);
        assert!(child(&tree, 0).is_some());
        assert_eq!(child(&old, 0), child(&tree, 0));
        assert_ne!(child(&old, 1), child(&tree, 1));
        // Nobody shares the changed page now, so it stays where it is.
        let before = child(&tree, 1);
        tree.apply(&[(Position(298), Hash::default())]).expect("inside");
        assert_eq!(before, child(&tree, 1));
    }
}
