//! What a device does wrong: nothing is signed over it, everybody hears of it, and what was acknowledged stays.

use crate::gate::{gated, send_reserve};
use crate::house::{House, LONG, START, Time, checked_head, start, until};
use remit::engine::Answer;
use remit::ledger::{Fatal, LedgerError, Mismatch, Settings, StartError, State, SubmitError, Wait};
use remit::store::{Fault, Read, SharedMemory, StoreError};
use remit_verifier::types::{EntryIndex, Millis, StateIndex, TreeSize};
use std::sync::Arc;
use std::sync::mpsc::channel;

/// Submits with a fault, and gives the reason for which the ledger stopped.
fn stops(house: &mut House, fault: Fault) -> Arc<Fatal> {
    let head = house.head();
    house.store.fail_next(fault);
    let ready = house.reserve(1);
    let error = house.submit(&ready).expect_err("not answered");
    let SubmitError::Stopped(Some(fatal)) = error else { panic!("{error:?}") };
    assert_eq!(house.service.sizes().state, State::Stopped(Some(fatal.clone())));
    assert_eq!(house.service.permit(1).expect_err("stopped"), SubmitError::Stopped(Some(fatal.clone())));
    // Nobody waits for a version that will not come.
    let (service, (sender, receiver)) = (house.service.clone(), channel());
    std::thread::spawn(move || sender.send(service.wait_for(TreeSize(u64::MAX), 100 * LONG).size()));
    assert_eq!(receiver.recv_timeout(LONG).expect("no version will come"), head.size);
    assert_eq!(house.head(), head, "nothing was signed");
    assert!(house.service.snapshot().presentation(&house.token, &[], Some(&house.unit)).is_ok());
    fatal
}

#[test]
fn a_failed_write_stops_the_ledger_and_loses_nothing() {
    let mut house = House::new();
    let head = house.head();
    let fatal = stops(&mut house, Fault::Write);
    assert_eq!(*fatal, Fatal::Commit(StoreError::Device("write".into())));
    let store = SharedMemory::open(house.store.kept()).expect("whole");
    let service = start(&store, house.time.settings()).expect("starts");
    assert_eq!(checked_head(&service), head);
}

#[test]
fn a_sync_that_failed_and_was_kept_is_told_to_who_repeats() {
    let mut house = House::new();
    let head = house.head();
    house.store.fail_next(Fault::SyncButKept);
    let ready = house.reserve(1);
    let error = house.submit(&ready).expect_err("the outcome is unknown");
    assert!(matches!(&error, SubmitError::Stopped(Some(fatal)) if matches!(**fatal, Fatal::Commit(_))));
    assert_eq!(house.head(), head);
    let store = SharedMemory::open(house.store.kept()).expect("whole");
    let service = start(&store, house.time.settings()).expect("starts");
    assert_eq!(checked_head(&service).size.0, head.size.0 + 2, "it was kept after all");
    let house = house.move_to(store, service);
    assert_eq!(house.submit(&ready).expect("decided").answer, Answer::Replayed(EntryIndex(head.size.0)));
    house.replays();
}

#[test]
fn a_full_device_makes_it_read_only_until_a_heartbeat_succeeds() {
    // Two heartbeats are less than a reservation may wait to be admitted.
    let (time, heartbeat) = (Time::at(START), Millis(20_000));
    let mut house = House::with(Settings { heartbeat, ..time.settings() }, time);
    let head = house.head();
    let (first, second) = (house.reserve(1), house.reserve(2));
    house.store.fail_next(Fault::Full);
    assert_eq!(house.submit(&first).expect_err("no room"), SubmitError::ReadOnly);
    assert_eq!(house.service.sizes().state, State::ReadOnly);
    assert_eq!(house.service.permit(1).expect_err("no room"), SubmitError::ReadOnly);
    assert_eq!((house.head(), house.store.kept().len()), (head, head.size.0), "nothing half done");
    assert!(house.service.snapshot().presentation(&house.token, &[], None).is_ok(), "it still proves");
    // The device is still full at the next heartbeat; the one after it finds room.
    house.store.fail_next(Fault::Full);
    house.time.advance(heartbeat.0);
    house.service.wake();
    until(|| !house.store.has_fault());
    assert_eq!(house.service.sizes().state, State::ReadOnly);
    house.time.advance(heartbeat.0);
    house.service.wake();
    assert_eq!(house.service.wait_for(TreeSize(head.size.0 + 1), LONG).size().0, head.size.0 + 1);
    until(|| house.service.sizes().state != State::ReadOnly);
    assert!(matches!(house.submit(&first).expect("room").answer, Answer::Applied(_)));
    assert!(matches!(house.submit(&second).expect("room").answer, Answer::Applied(_)));
    house.replays();
}

#[test]
fn nothing_is_signed_over_a_flipped_entry() {
    let mut house = House::new();
    let size = house.head().size;
    let fatal = stops(&mut house, Fault::FlipEntry);
    assert!(matches!(*fatal, Fatal::ReadBack(Mismatch::Log(_))), "{fatal:?}");
    let store = SharedMemory::open(house.store.kept()).expect("the state is whole");
    let error = start(&store, house.time.settings()).expect_err("refused");
    assert_eq!(error, StartError::Damaged(Mismatch::Entry(EntryIndex(size.0))));
    assert!(error.remedy().is_some());
}

#[test]
fn nothing_is_signed_over_a_flipped_leaf() {
    let mut house = House::new();
    let leaf = house.service.snapshot().known(&house.token).expect("known");
    let fatal = stops(&mut house, Fault::FlipLeaf);
    let Fatal::ReadBack(Mismatch::Leaf(at)) = *fatal else { panic!("{fatal:?}") };
    assert_eq!(at, leaf, "a reservation rewrites the token");
    let kept = house.store.kept();
    assert!(matches!(SharedMemory::open(kept.clone()), Err(StoreError::Damaged(_))));
    // A store that does not look would still not prove it.
    let store = SharedMemory::new(kept);
    let service = start(&store, house.time.settings()).expect("the log is whole");
    let snapshot = service.snapshot();
    assert_eq!(snapshot.leaf(leaf).expect_err("refused"), LedgerError::DamagedLeaf(leaf));
    assert_eq!(snapshot.history(leaf).expect_err("refused"), LedgerError::DamagedLeaf(leaf));
    let shown = snapshot.presentation(&house.token, &[], None);
    assert_eq!(shown.expect_err("refused"), LedgerError::DamagedLeaf(leaf));
    assert!(snapshot.leaf(StateIndex(0)).is_ok());
}

#[test]
fn an_answer_after_the_sync_stands_whatever_comes_then() {
    let mut house = House::new();
    let size = house.head().size;
    house.store.fail_next(Fault::FlipEntry);
    let ready = house.reserve(1);
    // It is answered before it is read back: what was synced is synced.
    let answers = house.service.submit_wait(vec![ready.bytes], Wait::Durable).expect("durable");
    assert_eq!(answers[0].answer, Answer::Applied(EntryIndex(size.0)));
    assert_eq!(house.service.wait_for(TreeSize(u64::MAX), LONG).size(), size, "and never signed");
    assert_eq!(house.service.sizes().durable.size.0, size.0 + 2);
    assert_eq!(Read::len(&house.store), size.0 + 2);
}

#[test]
fn a_reader_stands_above_a_fault_of_the_next_batch() {
    let mut house = House::new();
    let held = house.service.snapshot();
    let shown = held.presentation(&house.token, &[], None).expect("proved");
    stops(&mut house, Fault::FlipLeaf);
    assert_eq!(held.presentation(&house.token, &[], None).expect("from the pre-image"), shown);
}

#[test]
fn a_bug_in_an_answer_stops_the_ledger_and_leaves_nobody_waiting() {
    let (mut house, gate) = gated(Time::settings);
    gate.close();
    let first = house.reserve(1);
    let permit = house.service.permit(first.bytes.len()).expect("room");
    // As a panic, but without the words of the hook.
    let bug = |_| std::panic::resume_unwind(Box::new("a bug"));
    house.service.submit(permit, vec![first.bytes], Wait::Durable, bug).expect("queued");
    gate.wait_for_commit();
    let more: Vec<_> = (2..5).map(|amount| send_reserve(&mut house, amount, Wait::Published)).collect();
    gate.open();
    for more in more {
        assert!(matches!(more.recv_timeout(LONG).expect("told"), Err(SubmitError::Stopped(_))));
    }
    house.service.shutdown();
    assert_eq!(house.service.sizes().state, State::Stopped(Some(Arc::new(Fatal::Panic))));
    assert_eq!(house.service.sizes().queued, Default::default());
}
