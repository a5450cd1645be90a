//! Roots and proofs against `ct-merkle`, `rs_merkle` and the definition, at every size that could be special.

use crate::naive::{self, SIZES};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use remit::tree::{Nodes, PagedTree, prove};
use remit_verifier::hash::sha256;
use remit_verifier::merkle::{
    ProofError, Subtree, TreeHead, verify_consistency, verify_inclusion, verify_subtree_consistency,
};
use remit_verifier::types::{EntryIndex, Hash, StateIndex, TreeSize};
use rs_merkle::{Hasher, MerkleTree};

/// RFC 6962 inner nodes for `rs_merkle`; its leaves are given hashed.
#[derive(Clone)]
struct Rfc6962;

impl Hasher for Rfc6962 {
    type Hash = [u8; 32];

    fn hash(data: &[u8]) -> [u8; 32] {
        sha256(&[data]).0
    }

    fn concat_and_hash(left: &[u8; 32], right: Option<&[u8; 32]>) -> [u8; 32] {
        right.map_or(*left, |right| sha256(&[&[1], left, right]).0)
    }
}

fn hashes(bytes: &[u8]) -> Vec<Hash> {
    let (hashes, rest) = bytes.as_chunks();
    assert!(rest.is_empty());
    hashes.iter().copied().map(Hash).collect()
}

fn paged(leaves: &[Hash]) -> PagedTree {
    let mut tree = PagedTree::new();
    tree.extend(leaves.iter().copied());
    tree
}

fn head(leaves: &[Hash]) -> TreeHead {
    TreeHead { size: TreeSize(leaves.len() as u64), root: naive::root(leaves) }
}

#[test]
fn ct_merkle_agrees() {
    for size in SIZES {
        let mut theirs = MemoryBackedTree::<sha2::Sha256, [u8; 8]>::new();
        (0..size as u64).for_each(|number| theirs.push(number.to_be_bytes()));
        let ours = paged(&naive::leaves(size));
        assert_eq!(ours.root().0, <[u8; 32]>::from(*theirs.root().as_bytes()), "size {size}");
        for index in 0..size {
            let proof = prove::inclusion(&ours, EntryIndex(index as u64), ours.size()).expect("inside");
            assert_eq!(proof, hashes(theirs.prove_inclusion(index).as_bytes()), "leaf {index} of {size}");
        }
        for added in 1..size {
            let from = TreeSize((size - added) as u64);
            let proof = prove::consistency(&ours, from, ours.size()).expect("inside");
            assert_eq!(proof, hashes(theirs.prove_consistency(added).as_bytes()), "{from} to {size}");
        }
    }
}

#[test]
fn rs_merkle_agrees() {
    for size in SIZES {
        let leaves = naive::leaves(size);
        let raw: Vec<[u8; 32]> = leaves.iter().map(|leaf| leaf.0).collect();
        let theirs = MerkleTree::<Rfc6962>::from_leaves(&raw);
        let ours = paged(&leaves);
        assert_eq!(Some(ours.root().0), theirs.root(), "size {size}");
        // Both give the siblings of several leaves; the orders differ, so the sets are compared.
        let indices: Vec<usize> = (0..size).filter(|index| index % 7 == size % 5).collect();
        if !indices.is_empty() {
            let typed: Vec<_> = indices.iter().map(|index| StateIndex(*index as u64)).collect();
            let mut proof = prove::multiproof(&ours, &typed).expect("inside");
            let mut expected = hashes(&theirs.proof(&indices).to_bytes());
            proof.sort();
            expected.sort();
            assert_eq!(proof, expected, "size {size}");
        }
    }
}

#[test]
fn every_inclusion_and_consistency_proof_of_an_older_size_verifies() {
    let leaves = naive::leaves(40);
    let tree = paged(&leaves);
    for size in 1..=leaves.len() {
        let new = head(&leaves[..size]);
        assert_eq!(prove::root_at(&tree, new.size), Ok(new.root));
        for index in 0..size {
            let path = prove::inclusion(&tree, EntryIndex(index as u64), new.size).expect("inside");
            assert_eq!(path, naive::inclusion(index, &leaves[..size]));
            for other in 0..size {
                let result =
                    verify_inclusion(&leaves[index], EntryIndex(other as u64), new.size, &path, &new.root);
                assert_eq!(result.is_ok(), other == index, "leaf {index} at {other} of {size}");
            }
        }
        for from in 1..=size {
            let path = prove::consistency(&tree, TreeSize(from as u64), new.size).expect("inside");
            assert_eq!(path, naive::consistency(0, from, &leaves[..size], true), "{from} to {size}");
            assert_eq!(verify_consistency(&head(&leaves[..from]), &new, &path), Ok(()));
        }
    }
}

#[test]
fn every_subtree_is_consistent_with_its_tree_and_with_no_other() {
    let leaves = naive::leaves(20);
    for size in 1..=leaves.len() {
        let tree = head(&leaves[..size]);
        for (start, end) in (0..size).flat_map(|start| (start + 1..=size).map(move |end| (start, end))) {
            let subtree = Subtree::new(EntryIndex(start as u64), EntryIndex(end as u64));
            let aligned = start % (end - start).next_power_of_two() == 0;
            assert_eq!(subtree.is_ok(), aligned, "{start}..{end}");
            let Ok(subtree) = subtree else { continue };
            let path = naive::consistency(start, end, &leaves[..size], true);
            let hash = naive::root(&leaves[start..end]);
            assert_eq!(
                verify_subtree_consistency(&subtree, &hash, &tree, &path),
                Ok(()),
                "{start}..{end} of {size}"
            );
            for change in 0..path.len() {
                let mut wrong = path.clone();
                wrong[change].0[9] ^= 4;
                assert!(verify_subtree_consistency(&subtree, &hash, &tree, &wrong).is_err());
            }
            let other = naive::leaf(99);
            assert!(verify_subtree_consistency(&subtree, &other, &tree, &path).is_err());
        }
    }
}

#[test]
fn what_has_no_proof_is_refused_by_name() {
    use prove::ProveError::{Refused, SizeAhead};
    let tree = paged(&naive::leaves(5));
    let index = ProofError::IndexOutsideTree { index: 3, size: TreeSize(3) };
    assert_eq!(prove::inclusion(&tree, EntryIndex(3), TreeSize(3)), Err(Refused(index)));
    assert_eq!(prove::inclusion(&tree, EntryIndex(2), TreeSize(3)).map(|path| path.len()), Ok(1));
    let ahead = SizeAhead { asked: TreeSize(6), size: TreeSize(5) };
    assert_eq!(prove::inclusion(&tree, EntryIndex(0), TreeSize(6)), Err(ahead));
    assert_eq!(prove::consistency(&tree, TreeSize(1), TreeSize(6)), Err(ahead));
    assert_eq!(prove::root_at(&tree, TreeSize(6)), Err(ahead));
    let empty = Refused(ProofError::FromEmptyTree);
    assert_eq!(prove::consistency(&tree, TreeSize(0), TreeSize(5)), Err(empty));
    let reversed = Refused(ProofError::SizesReversed { old: TreeSize(4), new: TreeSize(3) });
    assert_eq!(prove::consistency(&tree, TreeSize(4), TreeSize(3)), Err(reversed));
    assert_eq!(prove::multiproof::<_, StateIndex>(&tree, &[]), Err(Refused(ProofError::NoLeaves)));
}

#[test]
fn a_node_is_the_root_of_its_leaves() {
    for size in SIZES {
        let leaves = naive::leaves(size);
        let tree = paged(&leaves);
        for level in 0..=64u32 {
            let width = 1usize.checked_shl(level).unwrap_or(usize::MAX);
            for index in 0..=size.div_ceil(width) {
                let start = index.saturating_mul(width);
                let range = start..start.saturating_add(width).min(size);
                let expected = leaves.get(range).filter(|leaves| !leaves.is_empty()).map(naive::root);
                assert_eq!(
                    tree.node(level, index as u64),
                    expected,
                    "node {index} of level {level} at {size}"
                );
            }
        }
    }
}
