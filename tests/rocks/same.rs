//! The same batches lead to the same ledger in memory and in a folder, and the folder says the same after reopening.

use crate::pair::Pair;
use crate::story::{batches, story};
use remit::machine::Key;
use std::collections::BTreeSet;

#[test]
fn a_folder_says_what_memory_says_after_every_batch_and_after_reopening() {
    let world = story();
    let dir = tempfile::tempdir().expect("folder");
    let batches = batches(world.ledger.store());
    let mut pair = Pair::create(dir.path(), &batches[0]);
    for batch in &batches[1..] {
        pair.replay(batch);
        pair.compare();
        pair = pair.reopen(dir.path());
        pair.compare();
    }
    assert_eq!(pair.memory.state(), world.ledger.store().state());
    let kinds: BTreeSet<_> = batches.iter().flatten().filter_map(|kept| kept.object).collect();
    assert!(kinds.len() > 25, "a story worth telling");
}

/// What the story must touch for the test above to mean something.
#[test]
fn the_story_writes_every_kind_of_record() {
    let world = story();
    let dir = tempfile::tempdir().expect("folder");
    let batches = batches(world.ledger.store());
    let mut pair = Pair::create(dir.path(), &batches[0]);
    let mut kinds = BTreeSet::new();
    let mut deleted = 0;
    for batch in &batches[1..] {
        let before: BTreeSet<Key> = pair.memory.state().iter().map(|(key, _)| key.clone()).collect();
        pair.replay(batch);
        let after: BTreeSet<Key> = pair.memory.state().iter().map(|(key, _)| key.clone()).collect();
        deleted += before.difference(&after).count();
        kinds.extend(after.iter().map(|key| format!("{key:?}").split('(').next().unwrap_or("").to_owned()));
    }
    assert_eq!(kinds.len(), 17, "{kinds:?}");
    assert!(deleted > 3, "{deleted}");
}
