//! The state tree against a plain list of leaves, with versions that must stay as they were.

use crate::naive;
use proptest::prelude::*;
use remit::tree::{ApplyError, PagedTree, prove};
use remit_verifier::hash::EMPTY_ROOT;
use remit_verifier::merkle::verify_inclusion;
use remit_verifier::types::{Hash, StateIndex, TreeSize};
use std::collections::BTreeMap;

fn check(tree: &PagedTree, leaves: &[Hash]) {
    let size = leaves.len() as u64;
    assert_eq!(tree.size(), TreeSize(size));
    assert_eq!(tree.root(), naive::root(leaves));
    assert_eq!(tree.get(StateIndex(size)), None);
    for (index, leaf) in leaves.iter().enumerate() {
        assert_eq!(tree.get(StateIndex(index as u64)), Some(*leaf));
    }
}

/// One batch: places (scaled to the size) that are replaced, number of leaves appended, whether the version
/// is kept.
type Step = (Vec<u16>, usize, bool);

/// Mostly small appends, sometimes across a page of height 1.
fn step() -> impl Strategy<Value = Step> {
    let appended = prop_oneof![4 => 0usize..20, 1 => 200usize..300];
    (prop::collection::vec(any::<u16>(), 0..24), appended, any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn batches_equal_a_recomputed_tree_and_leave_clones_alone(steps in prop::collection::vec(step(), 1..12)) {
        let (mut tree, mut leaves) = (PagedTree::new(), Vec::new());
        let mut kept: Vec<(PagedTree, Vec<Hash>)> = Vec::new();
        let mut number = 0;
        for (replaced, appended, keep) in steps {
            let size = leaves.len() as u64;
            let places = replaced.iter().filter(|_| size > 0).map(|place| (u64::from(*place) * size) >> 16);
            let mut changes = BTreeMap::new();
            for index in places.chain(size..size + appended as u64) {
                number += 1;
                changes.insert(index, naive::leaf(number));
            }
            leaves.resize((size as usize) + appended, Hash::default());
            changes.iter().for_each(|(index, leaf)| leaves[*index as usize] = *leaf);
            let changes: Vec<_> = changes.into_iter().map(|(at, leaf)| (StateIndex(at), leaf)).collect();
            prop_assert_eq!(tree.apply(&changes), Ok(naive::root(&leaves)));
            if keep {
                kept.push((tree.clone(), leaves.clone()));
            }
        }
        check(&tree, &leaves);
        kept.iter().for_each(|(tree, leaves)| check(tree, leaves));
    }
}

#[test]
fn pushed_one_by_one_equals_applied_at_once_across_every_page_boundary() {
    let leaves = naive::leaves(4_200);
    let mut pushed = PagedTree::new();
    check(&pushed, &[]);
    for (index, leaf) in leaves.iter().enumerate() {
        pushed.push(*leaf);
        if [15, 16, 17, 255, 256, 257, 4095, 4096, 4097].contains(&(index + 1)) {
            check(&pushed, &leaves[..=index]);
        }
    }
    let changes: Vec<_> = (0..).map(StateIndex).zip(leaves.iter().copied()).collect();
    let mut applied = PagedTree::new();
    assert_eq!(applied.apply(&changes), Ok(pushed.root()));
    check(&applied, &leaves);
}

#[test]
fn a_refused_batch_changes_nothing() {
    let leaves = naive::leaves(20);
    let mut tree = PagedTree::new();
    tree.extend(leaves.iter().copied());
    let new = naive::leaf(77);
    let at = |index| (StateIndex(index), new);
    assert_eq!(tree.apply(&[at(3), at(3)]), Err(ApplyError::Order { previous: 3, next: 3 }));
    assert_eq!(tree.apply(&[at(3), at(2)]), Err(ApplyError::Order { previous: 3, next: 2 }));
    assert_eq!(tree.apply(&[at(3), at(21)]), Err(ApplyError::Gap { free: 20, index: 21 }));
    assert_eq!(tree.apply(&[at(20), at(22)]), Err(ApplyError::Gap { free: 21, index: 22 }));
    assert_eq!(tree.apply::<StateIndex>(&[]), Ok(naive::root(&leaves)));
    check(&tree, &leaves);
    assert_eq!(PagedTree::new().apply::<StateIndex>(&[]), Ok(EMPTY_ROOT));
}

#[test]
fn a_version_proves_its_own_leaves() {
    let mut tree = PagedTree::new();
    tree.extend(naive::leaves(300));
    let old = tree.clone();
    tree.apply(&[(StateIndex(290), naive::leaf(1_000)), (StateIndex(300), naive::leaf(1_001))])
        .expect("in order");
    for version in [&old, &tree] {
        let leaf = version.get(StateIndex(290)).expect("inside");
        let path = prove::inclusion(version, StateIndex(290), version.size()).expect("inside");
        assert_eq!(verify_inclusion(&leaf, StateIndex(290), version.size(), &path, &version.root()), Ok(()));
    }
    assert_eq!(old.get(StateIndex(290)), Some(naive::leaf(290)));
    assert_eq!(tree.get(StateIndex(290)), Some(naive::leaf(1_000)));
}

#[test]
fn what_a_tree_holds_is_counted_by_its_pages() {
    let bytes = |leaves: u64| {
        let mut tree = PagedTree::new();
        tree.extend((0..leaves).map(|_| Hash::default()));
        tree.bytes()
    };
    // A page is 16 hashes, a pointer and two counts; one above the leaves has 14 hashes and 16 pointers more.
    let (page, inner) = (16 * 32 + 8 + 16, 14 * 32 + 16 * 8);
    assert_eq!([bytes(0), bytes(1), bytes(16)], [0, page, page]);
    assert_eq!(bytes(17), 3 * page + inner, "two pages of leaves, and one above them");
    assert_eq!(bytes(257), (17 + 2 + 1) * page + 3 * inner);
}
