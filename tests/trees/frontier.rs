//! The frontier against the definition.

use crate::naive;
use remit::tree::Frontier;
use remit_verifier::hash::EMPTY_ROOT;
use remit_verifier::types::TreeSize;

#[test]
fn a_frontier_has_the_root_of_every_size() {
    let leaves = naive::leaves(600);
    let mut frontier = Frontier::new();
    assert_eq!(frontier.root(), EMPTY_ROOT);
    for (index, leaf) in leaves.iter().enumerate() {
        frontier.push(*leaf);
        let size = index + 1;
        assert_eq!(frontier.size(), TreeSize(size as u64));
        assert_eq!(frontier.peaks().len(), size.count_ones() as usize);
        assert_eq!(frontier.root(), naive::root(&leaves[..size]), "size {size}");
        let again = Frontier::from_peaks(frontier.size(), frontier.peaks().to_vec());
        assert_eq!(again.as_ref(), Some(&frontier));
    }
    assert_eq!(Frontier::from_peaks(TreeSize(600), frontier.peaks()[1..].to_vec()), None);
}
