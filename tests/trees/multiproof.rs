//! The multiproof: what is proved verifies, and whatever is changed about it does not.

use crate::naive;
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use remit::tree::{PagedTree, prove};
use remit_verifier::merkle::{ProofError, root_from_multiproof, verify_inclusion, verify_multiproof};
use remit_verifier::types::{Hash, StateIndex, TreeSize};

type Leaf = (StateIndex, Hash);

fn tree(size: usize) -> PagedTree {
    let mut tree = PagedTree::new();
    tree.extend(naive::leaves(size));
    tree
}

fn leaves(indices: &[usize]) -> Vec<Leaf> {
    indices.iter().map(|index| (StateIndex(*index as u64), naive::leaf(*index as u64))).collect()
}

fn prove(tree: &PagedTree, leaves: &[Leaf]) -> Vec<Hash> {
    let indices: Vec<_> = leaves.iter().map(|(index, _)| *index).collect();
    prove::multiproof(tree, &indices).expect("rising indices inside the tree")
}

/// A size, and some of its indices in rising order.
fn chosen() -> impl Strategy<Value = (usize, Vec<usize>)> {
    prop_oneof![1usize..40, 250usize..262]
        .prop_flat_map(|size| (Just(size), subsequence((0..size).collect::<Vec<_>>(), 1..=size.min(9))))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_proved_verifies((size, indices) in chosen()) {
        let (tree, leaves) = (tree(size), leaves(&indices));
        let proof = prove(&tree, &leaves);
        prop_assert_eq!(root_from_multiproof(&leaves, tree.size(), &proof), Ok(tree.root()));
        prop_assert_eq!(tree.root(), naive::root(&naive::leaves(size)));
    }

    #[test]
    fn every_other_set_of_siblings_is_refused((size, indices) in chosen(), place: Index, bit in 0usize..256) {
        let (tree, leaves) = (tree(size), leaves(&indices));
        let proof = prove(&tree, &leaves);
        let verify = |proof: &[Hash]| verify_multiproof(&leaves, tree.size(), proof, &tree.root());
        let (given, needed) = (proof.len() + 1, proof.len());
        let mut extra = proof.clone();
        extra.insert(place.index(given), naive::leaf(5_000));
        prop_assert_eq!(verify(&extra), Err(ProofError::TooManyHashes { given, needed }));
        if !proof.is_empty() {
            let place = place.index(needed);
            let mut dropped = proof.clone();
            dropped.remove(place);
            prop_assert_eq!(verify(&dropped), Err(ProofError::TooFewHashes { given: needed - 1 }));
            let mut flipped = proof.clone();
            flipped[place].0[bit / 8] ^= 1 << (bit % 8);
            let refused = matches!(verify(&flipped), Err(ProofError::RootMismatch { .. }));
            prop_assert!(refused);
            if place > 0 {
                let mut swapped = proof.clone();
                swapped.swap(place - 1, place);
                prop_assert!(verify(&swapped).is_err());
            }
        }
    }

    #[test]
    fn every_other_leaf_is_refused((size, indices) in chosen(), place: Index, bit in 0usize..256) {
        let (tree, leaves) = (tree(size), leaves(&indices));
        let proof = prove(&tree, &leaves);
        let verify = |leaves: &[Leaf]| verify_multiproof(leaves, tree.size(), &proof, &tree.root());
        let place = place.index(leaves.len());
        let mut flipped = leaves.clone();
        flipped[place].1.0[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(verify(&flipped).is_err());
        let mut doubled = leaves.clone();
        doubled.insert(place, leaves[place]);
        let index = leaves[place].0.0;
        prop_assert_eq!(verify(&doubled), Err(ProofError::IndexOrder { previous: index, next: index }));
        let mut dropped = leaves.clone();
        dropped.remove(place);
        prop_assert!(verify(&dropped).is_err());
        if place > 0 {
            let mut unsorted = leaves.clone();
            unsorted.swap(place - 1, place);
            let refused = matches!(verify(&unsorted), Err(ProofError::IndexOrder { .. }));
            prop_assert!(refused);
        }
    }

    #[test]
    fn at_every_other_index_it_is_refused((size, indices) in chosen(), place: Index) {
        let (tree, leaves) = (tree(size), leaves(&indices));
        let proof = prove(&tree, &leaves);
        let place = place.index(leaves.len());
        for other in (0..size as u64 + 2).filter(|other| *other != leaves[place].0.0) {
            let mut moved = leaves.clone();
            moved[place].0 = StateIndex(other);
            let result = verify_multiproof(&moved, tree.size(), &proof, &tree.root());
            prop_assert!(result.is_err(), "at {}", other);
        }
    }

    /// The size is authenticated beside the root. With another size the proof leads elsewhere, unless the two
    /// trees have the same nodes around the proved leaves; then the leaves are at these indices in both.
    #[test]
    fn with_another_size_no_other_index_is_proved((size, indices) in chosen(), other in 1usize..300) {
        let (tree, leaves) = (tree(size), leaves(&indices));
        let proof = prove(&tree, &leaves);
        let root = tree.root();
        let same = verify_multiproof(&leaves, TreeSize(other as u64), &proof, &root).is_ok();
        prop_assert_eq!(same, shape(&indices, size) == shape(&indices, other));
    }

    #[test]
    fn one_leaf_is_an_inclusion_proof_from_the_other_side(size in 1usize..300, place: Index) {
        let (tree, index) = (tree(size), place.index(size));
        let leaves = leaves(&[index]);
        let mut path = prove::inclusion(&tree, leaves[0].0, tree.size()).expect("inside");
        let (at, leaf) = leaves[0];
        prop_assert_eq!(verify_inclusion(&leaf, at, tree.size(), &path, &tree.root()), Ok(()));
        let mut proof = prove(&tree, &leaves);
        path.sort();
        proof.sort();
        prop_assert_eq!(path, proof);
    }
}

/// The recursion of spec 07 §6 written as text: `s` a sibling, `l` a leaf, brackets around a pair.
/// `None` if an index is outside the tree.
fn shape(indices: &[usize], size: usize) -> Option<String> {
    indices.iter().all(|index| *index < size).then(|| draw(indices, 0, size))
}

fn draw(indices: &[usize], start: usize, size: usize) -> String {
    if !indices.iter().any(|index| (start..start + size).contains(index)) {
        return "s".into();
    }
    if size == 1 {
        return "l".into();
    }
    let half = size.next_power_of_two() / 2;
    format!("({}{})", draw(indices, start, half), draw(indices, start + half, size - half))
}

#[test]
fn the_example_of_the_specification() {
    use remit_verifier::hash::leaf_hash;
    let hashes: Vec<Hash> = (0..7u8).map(|byte| leaf_hash(&[byte])).collect();
    let mut tree = PagedTree::new();
    tree.extend(hashes.iter().copied());
    assert_eq!(tree.root().to_string(), "3560191803028444b232018ac047fdb561c09c23a7a6876c85e08b5e4d48e9f3");
    let proof = prove::multiproof(&tree, &[StateIndex(1), StateIndex(4)]).expect("inside");
    let texts: Vec<_> = proof.iter().map(Hash::to_string).collect();
    assert_eq!(
        texts,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "52c56b473e5246933e7852989cd9feba3b38f078742b93afff1e65ed46797825",
            "9f1afa4dc124cba73134e82ff50f17c8f7164257c79fed9a13f5943a6acb8e3d",
            "40d88127d4d31a3891f41598eeed41174e5bc89b1eb9bbd66a8cbfc09956a3fd",
        ]
    );
    let leaves = [(StateIndex(1), hashes[1]), (StateIndex(4), hashes[4])];
    assert_eq!(verify_multiproof(&leaves, TreeSize(7), &proof, &tree.root()), Ok(()));
}
