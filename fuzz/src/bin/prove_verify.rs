//! Prover against verifier (spec 07): every proof that is made is accepted, and no proof with one change is.
#![no_main]
use remit::tree::{PagedTree, prove};
use remit_fuzz::Choices;
use remit_verifier::hash::sha256;
use remit_verifier::merkle::{TreeHead, verify_consistency, verify_inclusion, verify_multiproof};
use remit_verifier::types::{EntryIndex, Hash, StateIndex, TreeSize};

/// Changes a list of hashes in one of the ways there are; gives the same list if there is nothing to change.
fn spoil(c: &mut Choices<'_>, path: &mut Vec<Hash>) {
    let len = path.len();
    match (c.byte() % 5, len) {
        (0, _) => path.insert(c.below(len + 1), Hash([c.byte(); 32])),
        (_, 0) => {}
        (1, _) => drop(path.remove(c.below(len)).0),
        (2, _) => path.swap(c.below(len), c.below(len)),
        (3, _) => path.rotate_left(c.below(len)),
        _ => flip(c, &mut path[c.0.len() % len]),
    }
}

fn flip(c: &mut Choices<'_>, hash: &mut Hash) {
    hash.0[c.below(32)] ^= 1 << (c.byte() % 8);
}

fn inclusion(c: &mut Choices<'_>, tree: &PagedTree, leaves: &[Hash]) {
    let (size, root) = (tree.size(), tree.root());
    let index = c.below(leaves.len());
    let path = prove::inclusion(tree, EntryIndex(index as u64), size).expect("a leaf");
    let verify = |leaf: &Hash, index, path: &[Hash], root: &Hash| {
        verify_inclusion(leaf, EntryIndex(index), size, path, root).is_ok()
    };
    assert!(verify(&leaves[index], index as u64, &path, &root));
    let (mut leaf, mut at, mut changed, mut other) = (leaves[index], index as u64, path.clone(), root);
    match c.byte() % 4 {
        0 => flip(c, &mut leaf),
        1 => at = c.below(leaves.len() + 9) as u64,
        2 => flip(c, &mut other),
        _ => spoil(c, &mut changed),
    }
    let same = (leaf, at, &changed, other) == (leaves[index], index as u64, &path, root);
    assert_eq!(verify(&leaf, at, &changed, &other), same, "an inclusion with one change");
}

fn consistency(c: &mut Choices<'_>, tree: &PagedTree, leaves: &[Hash]) {
    let from = TreeSize(c.below(leaves.len()) as u64 + 1);
    let old = TreeHead { size: from, root: prove::root_at(tree, from).expect("a size") };
    let new = TreeHead { size: tree.size(), root: tree.root() };
    let path = prove::consistency(tree, old.size, new.size).expect("sizes");
    assert!(verify_consistency(&old, &new, &path).is_ok());
    let (mut a, mut b, mut changed) = (old, new, path.clone());
    match c.byte() % 3 {
        0 => flip(c, &mut a.root),
        1 => flip(c, &mut b.root),
        _ => spoil(c, &mut changed),
    }
    let same = (a, b, &changed) == (old, new, &path);
    assert_eq!(verify_consistency(&a, &b, &changed).is_ok(), same, "a consistency with one change");
}

fn multiproof(c: &mut Choices<'_>, tree: &PagedTree, leaves: &[Hash]) {
    let mut indexes: Vec<_> = (0..=c.byte() % 12).map(|_| StateIndex(c.below(leaves.len()) as u64)).collect();
    indexes.sort_unstable();
    indexes.dedup();
    let siblings = prove::multiproof(tree, &indexes).expect("leaves");
    let shown: Vec<_> = indexes.iter().map(|index| (*index, leaves[index.0 as usize])).collect();
    let verify = |shown: &[(StateIndex, Hash)], siblings: &[Hash]| {
        verify_multiproof(shown, tree.size(), siblings, &tree.root()).is_ok()
    };
    assert!(verify(&shown, &siblings));
    let (mut other, mut changed) = (shown.clone(), siblings.clone());
    let place = c.below(other.len());
    match c.byte() % 6 {
        0 => flip(c, &mut other[place].1),
        1 => other[place].0 = StateIndex(c.below(leaves.len() + 9) as u64),
        2 => other.swap(place, 0),
        3 => drop(other.remove(place).0),
        4 => other.insert(place, other[place]),
        _ => spoil(c, &mut changed),
    }
    let same = (&other, &changed) == (&shown, &siblings);
    assert_eq!(verify(&other, &changed), same, "a multiproof with one change");
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut c = Choices(bytes);
    let leaves: Vec<Hash> = (0..=c.below(300)).map(|n| sha256(&[&n.to_be_bytes()])).collect();
    let mut tree = PagedTree::new();
    tree.extend(leaves.iter().copied());
    while c.any() {
        match c.byte() % 3 {
            0 => inclusion(&mut c, &tree, &leaves),
            1 => consistency(&mut c, &tree, &leaves),
            _ => multiproof(&mut c, &tree, &leaves),
        }
    }
});
