//! The trees of a ledger of full size: updates of the state tree, and the tree part of a presentation.

use super::scene::{Scene, nodes_above, scatter};
use crate::harness::{Bench, Limit};
use remit::tree::{PagedTree, prove};
use remit_verifier::hash::leaf_hash;
use remit_verifier::types::{EntryIndex, Hash, StateIndex};
use std::hint::black_box;
use std::rc::Rc;

/// Sets of indexes that a row cycles through, so that no set stays in the processor's caches.
const SETS: u64 = 4_096;

/// Adds the rows.
pub fn rows(bench: &mut Bench, scene: &Scene) {
    for (name, leaves) in [("state tree 1000", 1_000), ("state tree 10000", 10_000)] {
        dense(bench, &scene.state, name, leaves);
    }
    let trees = Rc::new((scene.state.clone(), scene.log.clone()));
    prove_row(bench, &trees, "prove 1", scene.places(&scene.chain[..1]));
    prove_row(bench, &trees, "prove 3", scene.places(&scene.chain[..3]));
}

/// A batch that changes this many leaves in random places, on a version that is shared with nobody afterwards.
fn dense(bench: &mut Bench, tree: &PagedTree, name: &'static str, leaves: u64) {
    let size = tree.size().0;
    let leaves = bench.scale(leaves, leaves / 100);
    let sets: Vec<Vec<StateIndex>> = (0..bench.scale(16, 2))
        .map(|set| {
            let mut places: Vec<_> =
                (0..leaves).map(|leaf| StateIndex(scatter(set << 32 | leaf, size))).collect();
            places.sort_unstable();
            places.dedup();
            places
        })
        .collect();
    let nodes = sets.iter().map(|set| nodes_above(set, size)).sum::<usize>() as f64 / sets.len() as f64;
    let note = format!("{leaves} random leaves of {size}; limit {nodes:.0} hashes");
    let (mut tree, mut round) = (tree.clone(), 0_u64);
    let call = move || {
        round += 1;
        let hash = leaf_hash(&round.to_be_bytes());
        let set = &sets[round as usize % sets.len()];
        let changes: Vec<(StateIndex, Hash)> = set.iter().map(|place| (*place, hash)).collect();
        // As the engine does: a new version, which then takes the place of the one before.
        let mut next = tree.clone();
        next.apply(&changes).expect("inside the tree");
        tree = next;
    };
    bench.time(name, &note, Limit::beside(nodes, "H"), call);
}

/// Multiproof of a chain that stands elsewhere each time, and the path of the commitment.
fn prove_row(
    bench: &mut Bench,
    trees: &Rc<(PagedTree, PagedTree)>,
    name: &'static str,
    like: Vec<StateIndex>,
) {
    let (trees, size) = (trees.clone(), trees.0.size().0);
    let registered = like.iter().filter(|place| place.0 < 8).count();
    let depth = like.len() - registered;
    let sets: Vec<Vec<StateIndex>> = (0..SETS)
        .map(|set| {
            let mut places = like[..registered].to_vec();
            let far = (0..depth as u64).map(|link| StateIndex(8 + scatter(set << 8 | link, size - 8)));
            places.extend(far);
            places.sort_unstable();
            places.dedup();
            places
        })
        .collect();
    let note = format!("tree part of a presentation at depth {depth}, {size} leaves, random tokens");
    let mut round = 0;
    bench.time(name, &note, Limit::microseconds(50.0), move || {
        round += 1;
        let (state, log) = &*trees;
        black_box(prove::multiproof(state, &sets[round % sets.len()]).expect("a proof"));
        let last = EntryIndex(log.size().0 - 1);
        black_box(prove::inclusion(log, last, log.size()).expect("a proof"));
    });
}
