//! What a snapshot answers: everything as of its size, every proof under its checkpoint, nothing beyond.

use crate::house::{House, START, genesis, head_of, key, trust};
use remit::ledger::{Ledger, LedgerError, Snapshot, Wait, limits};
use remit::tree::ProveError;
use remit::tree::tile::{Tile, TileKind, bundle_entries, tiles_between};
use remit_verifier::c2sp::TlogProof;
use remit_verifier::hash::leaf_hash;
use remit_verifier::merkle::{verify_consistency, verify_inclusion};
use remit_verifier::state::history;
use remit_verifier::types::{EntryIndex, Hash, Millis, ObjectId, StateIndex, TreeSize};

/// A house with more than one tile of entries.
fn grown() -> House {
    let mut house = House::new();
    for _ in 0..3 {
        let call: Vec<_> = (0..100).map(|_| house.reserve(1).bytes).collect();
        let answers = house.service.submit_wait(call, Wait::Published).expect("decided");
        assert_eq!(answers.len(), 100);
    }
    house
}

#[test]
fn nothing_beyond_the_version_is_known() {
    let mut house = House::new();
    let old = house.service.snapshot();
    let token = house.issue("later", 5);
    let ready = house.reserve(1);
    let entry = house.apply(&ready);
    let new = house.service.snapshot();
    assert!(new.index_of(&token).expect("read").is_some());
    assert_eq!(old.index_of(&token).expect("read"), None);
    assert_eq!(old.token(&token).expect_err("unknown"), LedgerError::Unknown(token));
    assert_eq!(old.presentation(&token, &[], None).expect_err("unknown"), LedgerError::Unknown(token));
    let index = new.known(&token).expect("known");
    assert_eq!(old.leaf(index).expect_err("unknown"), LedgerError::NoLeaf(index));
    assert_eq!(old.token_at(index).expect_err("unknown"), LedgerError::NoLeaf(index));
    assert_eq!(new.reservation(&ready.id).expect("made").entry, entry);
    assert_eq!(old.reservation(&ready.id).expect_err("unknown"), LedgerError::Unknown(ready.id));
    let end = EntryIndex(old.size().0);
    assert!(old.entry(EntryIndex(end.0 - 1)).is_ok() && new.entry(end).is_ok());
    assert_eq!(old.entry(end).expect_err("unknown"), LedgerError::NoEntry(end));
    assert_eq!(old.evidence(end).expect_err("unknown"), LedgerError::NoEntry(end));
    assert!(matches!(old.proof(end), Err(LedgerError::Prove(ProveError::Refused(_)))));
    let ahead = LedgerError::Prove(ProveError::SizeAhead { asked: TreeSize(end.0 + 1), size: old.size() });
    assert_eq!(old.consistency(TreeSize(1), TreeSize(end.0 + 1)).expect_err("ahead"), ahead);
    assert_eq!(old.entries(EntryIndex(0), usize::MAX).expect("read").len() as u64, end.0);
    assert!(old.entries(end, 5).expect("read").is_empty());
    // What is no token is not taken for one.
    assert_eq!(new.token(&house.payee).expect_err("no token"), LedgerError::Unknown(house.payee));
    assert_eq!(new.token_at(StateIndex(0)).expect_err("no token"), LedgerError::NoLeaf(StateIndex(0)));
    let none = ObjectId([9; 32]);
    assert_eq!(new.capture(&none).expect_err("unknown"), LedgerError::Unknown(none));
    assert_eq!(new.unit_named("CNY").expect("read"), new.index_of(&house.unit).expect("read"));
}

#[test]
fn a_capture_and_what_it_is_of_are_found() {
    let mut house = House::new();
    let ready = house.reserve(9);
    house.apply(&ready);
    let reserve = remit_verifier::object::Reference::Id(ready.id);
    let amount = remit_verifier::types::Amount(4);
    let capture = house.act(remit_verifier::object::Act::Capture { reserve, number: 1, amount }, "payee");
    house.apply(&capture);
    let found = house.service.snapshot().capture(&capture.id).expect("made");
    assert_eq!((found.reservation, found.amount), (ready.id, amount));
}

#[test]
fn every_entry_is_proved_under_the_checkpoint() {
    let house = grown();
    let snapshot = house.service.snapshot();
    let head = head_of(&house.service, &snapshot.version().note);
    for (at, stored) in snapshot.entries(EntryIndex(0), 400).expect("read").iter().enumerate() {
        let at = EntryIndex(at as u64);
        let text = snapshot.proof(at).expect("proved");
        let proof = TlogProof::parse(text.as_bytes()).expect("a proof");
        let leaf = leaf_hash(&stored.entry);
        assert_eq!(verify_inclusion(&leaf, at, head.size, proof.hashes(), &head.root), Ok(()));
    }
    let path = snapshot.version().commitment_path.clone();
    let last = EntryIndex(head.size.0 - 1);
    let entry = snapshot.entry(last).expect("kept").entry;
    assert_eq!(verify_inclusion(&leaf_hash(&entry), last, head.size, &path, &head.root), Ok(()));
    let trust = trust(&house.service);
    assert!(trust.accept(snapshot.version().note.as_bytes(), house.time.now(), Millis(0)).is_ok());
}

#[test]
fn two_versions_are_consistent() {
    let mut house = House::new();
    let old = house.service.snapshot();
    for amount in 1..=5 {
        let ready = house.reserve(amount);
        house.apply(&ready);
    }
    let new = house.service.snapshot();
    let proof = new.consistency(old.size(), new.size()).expect("proved");
    let (before, after) = (old.version().head, new.version().head);
    assert_eq!(verify_consistency(&before, &after, &proof), Ok(()));
}

/// All tiles of a version lead to its root.
fn check_tiles(snapshot: &Snapshot) {
    let size = snapshot.size();
    for tile in tiles_between(TreeSize(0), size) {
        let bytes = snapshot.tile(tile).expect("read").expect("there");
        assert_eq!(bytes.len(), usize::from(tile.width) * 32);
        if tile.kind != TileKind::Level(0) {
            continue;
        }
        let bundle = Tile { kind: TileKind::Entries, ..tile };
        let bundle = snapshot.tile(bundle).expect("read").expect("there");
        for (entry, hash) in
            bundle_entries(&bundle, tile.width).expect("a bundle").iter().zip(bytes.chunks(32))
        {
            assert_eq!(leaf_hash(entry).0, hash);
        }
    }
}

#[test]
fn tiles_are_those_of_the_version_full_and_partial() {
    let mut house = grown();
    let snapshot = house.service.snapshot();
    let size = snapshot.size().0;
    assert!(size > 256 && size < 512);
    check_tiles(&snapshot);
    let partial = (size % 256) as u16;
    let ready = house.reserve(1);
    house.apply(&ready);
    check_tiles(&house.service.snapshot());
    for kind in [TileKind::Level(0), TileKind::Entries] {
        let tile = |index, width| snapshot.tile(Tile { kind, index, width }).expect("read");
        assert!(tile(0, 256).is_some() && tile(0, 255).is_some() && tile(1, partial).is_some());
        // The log has grown by now, but not this version of it.
        for (index, width) in [(1, partial + 1), (1, 256), (2, 1), (u64::MAX, 1), (1, 0), (0, 257)] {
            assert_eq!(tile(index, width), None, "{kind:?} {index} {width}");
        }
        assert!(
            house
                .service
                .snapshot()
                .tile(Tile { kind, index: 1, width: partial + 1 })
                .expect("read")
                .is_some()
        );
    }
    let tile =
        |level, width| snapshot.tile(Tile { kind: TileKind::Level(level), index: 0, width }).expect("read");
    assert!(tile(1, 1).is_some());
    assert!(tile(1, 2).is_none() && tile(2, 1).is_none() && tile(7, 1).is_none());
}

#[test]
fn a_history_is_complete_and_folds_to_the_leaf() {
    let mut house = House::new();
    let old = house.service.snapshot();
    let before = old.history(old.known(&house.token).expect("known")).expect("whole");
    let mut made = vec![before.entries[0].0];
    for amount in 1..=4 {
        let ready = house.reserve(amount);
        made.push(house.apply(&ready));
    }
    let snapshot = house.service.snapshot();
    let leaf = snapshot.known(&house.token).expect("known");
    let whole = snapshot.history(leaf).expect("whole");
    assert_eq!(whole.entries.iter().map(|(at, _)| *at).collect::<Vec<_>>(), made);
    assert_eq!(whole.folded, snapshot.leaf(leaf).expect("there").leaf.history);
    let fold =
        whole.entries.iter().fold(Hash::default(), |h, (at, entry)| history(&h, *at, &leaf_hash(entry)));
    assert_eq!(fold, whole.folded);
    // The old version has its own history still.
    assert_eq!(old.history(leaf).expect("whole"), before);
    for index in 0..snapshot.version().trees.state.size().0 {
        assert!(!snapshot.history(StateIndex(index)).expect("whole").entries.is_empty());
    }
    assert_eq!(snapshot.history_within(leaf, made.len()).expect("within"), whole);
    let short = snapshot.history_within(leaf, made.len() - 1);
    assert_eq!(short.expect_err("too long"), LedgerError::HistoryTooLong(leaf));
}

#[test]
fn validity_is_what_the_chain_the_issuer_and_the_ledger_went_through() {
    let mut house = House::new();
    let ready = house.reserve(1);
    let reserved = house.apply(&ready);
    let snapshot = house.service.snapshot();
    let validity = snapshot.validity(&house.token).expect("whole");
    let leaves: Vec<_> = validity.histories.iter().map(|history| history.leaf).collect();
    let index = |id| snapshot.known(id).expect("known");
    assert_eq!(leaves, [StateIndex(0), index(&house.issuer), index(&house.token)]);
    let entries = validity.entries();
    let whole: usize = validity.histories.iter().map(|history| history.entries.len()).sum();
    assert!(entries.contains_key(&EntryIndex(0)) && entries.contains_key(&reserved));
    assert!(entries.len() <= whole && entries.keys().is_sorted());
}

#[test]
fn one_call_reads_so_many_entries_and_no_more() {
    let mut house = House::new();
    while house.head().size.0 <= limits::ENTRIES_PER_READ_MAX as u64 + 1 {
        let call: Vec<_> = (0..256).map(|_| house.reserve(1).bytes).collect();
        house.service.submit_wait(call, Wait::Published).expect("decided");
    }
    let snapshot = house.service.snapshot();
    let read = |from, limit| snapshot.entries(EntryIndex(from), limit).expect("read");
    for limit in [limits::ENTRIES_PER_READ_MAX, limits::ENTRIES_PER_READ_MAX + 1] {
        assert_eq!(read(0, limit).len(), limits::ENTRIES_PER_READ_MAX);
    }
    let rest = read(limits::ENTRIES_PER_READ_MAX as u64, usize::MAX);
    assert_eq!((rest.len() + limits::ENTRIES_PER_READ_MAX) as u64, snapshot.size().0);
    assert_eq!(read(7, 1), [snapshot.entry(EntryIndex(7)).expect("kept")]);
}

#[test]
fn a_snapshot_of_a_ledger_in_memory_stays_as_it_is() {
    let mut ledger = Ledger::begin(&genesis(), Box::new(key("log"))).expect("begins");
    let old = ledger.snapshot();
    let proof = old.proof(EntryIndex(0)).expect("proved");
    ledger.submit(&[], START).expect("ticks");
    assert_eq!((old.size(), ledger.snapshot().size()), (TreeSize(2), TreeSize(3)));
    assert_eq!(old.proof(EntryIndex(0)).expect("proved"), proof);
    assert_eq!(old.entry(EntryIndex(2)).expect_err("unknown"), LedgerError::NoEntry(EntryIndex(2)));
    assert!(old.leaf(StateIndex(0)).is_ok());
}
