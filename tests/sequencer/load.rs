//! Many at once: batches, a full queue, repeats, readers of old versions, an orderly end.

use crate::gate::{Answered, Gate, gated, send, send_reserve};
use crate::house::{House, LONG, Time, checked_head, decide, head_of, reserve, start, until};
use remit::client::{Client, Randomness};
use remit::engine::Answer;
use remit::ledger::queue_limits::{BATCH_BYTES_MAX, RETRY_AFTER};
use remit::ledger::queue_limits::{
    CALL_BYTES_MAX, CALL_OPERATIONS_MAX, QUEUE_BYTES_MAX, QUEUE_OPERATIONS_MAX,
};
use remit::ledger::{State, SubmitError, Submitted, Wait};
use remit::store::SharedMemory;
use remit_verifier::code::Code;
use remit_verifier::limits::BATCH_OPERATIONS_MAX;
use remit_verifier::log::Entry;
use remit_verifier::object::Path;
use remit_verifier::types::EntryIndex;
use remit_verifier::verify::Decision;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn answers(received: &Answered) -> Vec<Submitted> {
    received.recv_timeout(LONG).expect("answered").expect("decided")
}

fn applied(submitted: &Submitted) -> EntryIndex {
    match submitted.answer {
        Answer::Applied(entry) => entry,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_many_threads_submit_at_once_is_in_the_log() {
    const EACH: u64 = 25;
    let house = House::new();
    let before = house.service.counts();
    let thread = |number: u64| {
        let (service, now) = (house.service.clone(), house.time.now());
        let (token, whom) = (house.token, (house.payee, house.unit));
        move || {
            let mut client = Client::new(service.id(), Randomness::Seeded(1_000_000 * (number + 1)));
            let wait = if number.is_multiple_of(2) { Wait::Durable } else { Wait::Published };
            let submit = |amount| {
                let ready = reserve(&mut client, now, token, whom, amount);
                let submitted = service.submit_wait(vec![ready.bytes], wait).expect("decided").remove(0);
                let entry = applied(&submitted);
                assert_eq!(submitted.id, Some(ready.id));
                assert_eq!(submitted.version.is_some(), wait == Wait::Published);
                if let Some(version) = &submitted.version {
                    assert!(entry.0 < head_of(&service, &version.note).size.0, "under the checkpoint");
                }
                (entry, ready.id)
            };
            (1..=EACH).map(submit).collect::<Vec<_>>()
        }
    };
    let threads: Vec<_> = (0..8).map(|number| std::thread::spawn(thread(number))).collect();
    let all: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect();
    assert_eq!(all.iter().map(|(entry, _)| entry).collect::<BTreeSet<_>>().len(), all.len());
    house.service.shutdown();
    for (at, id) in all {
        let entry = house.service.snapshot().entry(at).expect("kept").entry;
        assert!(matches!(Entry::decode(&entry), Ok(Entry::Outcome(outcome)) if outcome.id == id));
    }
    let counts = house.service.counts();
    assert_eq!(counts.applied - before.applied, 8 * EACH);
    assert_eq!(counts.entries - before.entries, 8 * EACH + counts.batches - before.batches);
    house.replays();
}

#[test]
fn what_queues_during_a_commit_becomes_one_batch() {
    let (mut house, gate) = gated(Time::settings);
    let before = house.service.counts();
    gate.close();
    let first = send_reserve(&mut house, 1, Wait::Published);
    gate.wait_for_commit();
    let more: Vec<_> = (2..40).map(|amount| send_reserve(&mut house, amount, Wait::Published)).collect();
    assert_eq!(house.service.sizes().queued.operations, 39);
    gate.open();
    let first = answers(&first).remove(0);
    let versions: Vec<_> =
        more.iter().map(|more| answers(more).remove(0).version.expect("published")).collect();
    assert_eq!(house.service.counts().batches - before.batches, 2);
    assert!(versions.iter().all(|version| Arc::ptr_eq(version, &versions[0])));
    assert_eq!(versions[0].head.size.0, first.version.expect("published").head.size.0 + 39);
    house.service.shutdown();
    assert_eq!(house.service.sizes().queued.operations, 0);
    house.replays();
}

#[test]
fn two_equal_submissions_in_one_batch_are_applied_once() {
    let (mut house, gate) = gated(Time::settings);
    gate.close();
    let other = send_reserve(&mut house, 1, Wait::Durable);
    gate.wait_for_commit();
    let bytes = house.reserve(2).bytes;
    let twice: Vec<_> =
        (0..2).map(|_| send(&house.service, vec![bytes.clone()], Wait::Published).expect("queued")).collect();
    gate.open();
    applied(&answers(&other)[0]);
    let entry = applied(&answers(&twice[0])[0]);
    assert_eq!(answers(&twice[1])[0].answer, Answer::Replayed(entry));
    house.replays();
}

#[test]
fn a_call_is_answered_in_its_own_order() {
    let mut house = House::new();
    let (good, more) = (house.reserve(5), house.reserve(6));
    let mut forged = house.reserve(7).bytes;
    *forged.last_mut().expect("bytes") ^= 1;
    let wrong = house.act(remit_verifier::object::Act::Issuer { party: house.payee }, "holder");
    let call =
        vec![vec![0xff], good.bytes.clone(), wrong.bytes.clone(), good.bytes.clone(), more.bytes.clone()];
    let answers = house.service.submit_wait(call, Wait::Published).expect("decided");
    let code = |submitted: &Submitted| match submitted.answer {
        Answer::Refused(refusal) => Some(refusal.code),
        _ => None,
    };
    assert_eq!((answers[0].id, code(&answers[0])), (None, Some(Code::Malformed)));
    let entry = applied(&answers[1]);
    assert_eq!(answers[2].id, Some(wrong.id));
    assert!(code(&answers[2]).is_some());
    assert_eq!(answers[3].answer, Answer::Replayed(entry));
    assert_eq!(applied(&answers[4]), EntryIndex(entry.0 + 1));
    // What is refused at sight never reaches the writer, and is answered all the same.
    let size = house.head().size;
    let refused = house.service.submit_wait(vec![vec![], forged], Wait::Published).expect("decided");
    assert!(refused.iter().all(|submitted| code(submitted).is_some() && submitted.version.is_some()));
    assert_eq!(house.head().size, size);
}

#[test]
fn what_changes_nothing_writes_nothing() {
    let mut house = House::new();
    let ready = house.reserve(5);
    let entry = house.apply(&ready);
    let (size, batches) = (house.head().size, house.service.counts().batches);
    let again = house.submit(&ready).expect("decided");
    assert_eq!(again.answer, Answer::Replayed(entry));
    assert!(entry.0 < again.version.expect("published").head.size.0);
    let wrong = house.act(remit_verifier::object::Act::Issuer { party: house.payee }, "holder");
    assert!(matches!(house.submit(&wrong).expect("decided").answer, Answer::Refused(_)));
    assert_eq!((house.head().size, house.service.counts().batches), (size, batches));
}

#[test]
fn a_full_queue_says_when_to_come_again_and_loses_nothing() {
    let (mut house, gate) = gated(Time::settings);
    gate.close();
    let first = send_reserve(&mut house, 1, Wait::Published);
    gate.wait_for_commit();
    // One place is that of the submission before the gate.
    let mut places: Vec<_> =
        (1..QUEUE_OPERATIONS_MAX).map(|_| house.service.permit(0).expect("room")).collect();
    let busy = house.service.permit(0).expect_err("full");
    let SubmitError::Busy { retry_after } = busy else { panic!("{busy:?}") };
    assert!((RETRY_AFTER.0..=RETRY_AFTER.1).contains(&retry_after));
    // With two places, a call of three is refused as a whole, one of two is taken.
    places.truncate(places.len() - 2);
    let three: Vec<_> = (2..5).map(|amount| house.reserve(amount).bytes).collect();
    let refused = send(&house.service, three.clone(), Wait::Published).map(drop);
    assert!(matches!(refused, Err(SubmitError::Busy { .. })));
    assert_eq!(house.service.sizes().queued.operations, QUEUE_OPERATIONS_MAX - 2);
    let two = send(&house.service, three[..2].to_vec(), Wait::Published).expect("room for two");
    assert!(house.service.permit(0).is_err());
    gate.open();
    applied(&answers(&first)[0]);
    assert!(answers(&two).iter().all(|submitted| matches!(submitted.answer, Answer::Applied(_))));
    drop(places);
    let three = house.service.submit_wait(three, Wait::Published).expect("room again");
    assert!(matches!(three[0].answer, Answer::Replayed(_)));
    assert!(matches!(three[2].answer, Answer::Applied(_)));
    house.service.shutdown();
    assert_eq!(house.service.sizes().queued, Default::default());
    house.replays();
}

#[test]
fn the_queue_is_bounded_in_bytes_and_so_is_a_call() {
    let house = House::new();
    let service = &house.service;
    assert_eq!(service.permit(CALL_BYTES_MAX + 1).expect_err("too large"), SubmitError::TooLarge);
    let count = QUEUE_BYTES_MAX / CALL_BYTES_MAX;
    let places: Vec<_> = (0..count).map(|_| service.permit(CALL_BYTES_MAX).expect("room")).collect();
    assert_eq!(service.sizes().queued.bytes, QUEUE_BYTES_MAX);
    assert!(service.permit(0).is_ok(), "a place without bytes");
    assert!(matches!(service.permit(1), Err(SubmitError::Busy { .. })));
    drop(places);
    let call = |count| service.submit_wait(vec![Vec::new(); count], Wait::Published);
    assert_eq!(call(CALL_OPERATIONS_MAX).expect("all refused").len(), CALL_OPERATIONS_MAX);
    assert_eq!(call(CALL_OPERATIONS_MAX + 1).expect_err("too many"), SubmitError::TooMany);
    // A permit for less than is brought does not help.
    let permit = service.permit(0).expect("room");
    let large = vec![vec![0; CALL_BYTES_MAX / 2], vec![0; CALL_BYTES_MAX / 2 + 1]];
    assert_eq!(service.submit(permit, large, Wait::Durable, |_| ()), Err(SubmitError::TooLarge));
    assert_eq!(service.sizes().queued, Default::default());
}

#[test]
fn a_client_who_did_not_hear_the_answer_asks_again() {
    let mut house = House::new();
    let ready = house.reserve(5);
    drop(send(&house.service, vec![ready.bytes.clone()], Wait::Published).expect("queued"));
    let Answer::Replayed(entry) = house.submit(&ready).expect("decided").answer else {
        panic!("applied twice")
    };
    assert_eq!(house.submit(&ready).expect("decided").answer, Answer::Replayed(entry));
    house.replays();
}

#[test]
fn readers_of_an_old_version_prove_under_it() {
    let mut house = House::new();
    let (token, unit) = (house.token, house.unit);
    let held = house.service.snapshot();
    let shown = held.presentation(&token, &[], Some(&unit)).expect("proved");
    assert_eq!(decide(&house, &shown), Decision::Permitted);
    for amount in 1..=20 {
        let ready = house.reserve(amount);
        house.apply(&ready);
        let again = held.presentation(&token, &[], Some(&unit)).expect("proved");
        assert_eq!(again, shown, "the version never changes");
        let newest = house.service.snapshot().presentation(&token, &[], Some(&unit)).expect("proved");
        assert_ne!(newest, shown);
        assert_eq!(decide(&house, &newest), Decision::Permitted);
    }
    assert!(house.store.pre_images().len() >= 20, "each batch overwrote the token");
    drop(held);
    let ready = house.reserve(21);
    house.apply(&ready);
    // The answer to `apply` held the version before this one for a moment longer.
    let ready = house.reserve(22);
    house.apply(&ready);
    assert!(house.store.pre_images().len() <= 2, "{}", house.store.pre_images().len());
}

#[test]
fn readers_prove_while_batches_overwrite_what_they_read() {
    let mut house = House::new();
    let stop = Arc::new(AtomicBool::new(false));
    let ready: Vec<_> = (1..=60).map(|amount| house.reserve(amount)).collect();
    let house = &house;
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let stop = stop.clone();
                scope.spawn(move || {
                    let mut read = 0;
                    while !stop.load(Ordering::SeqCst) || read == 0 {
                        let snapshot = house.service.snapshot();
                        let shown = snapshot.presentation(&house.token, &[], Some(&house.unit));
                        assert_eq!(decide(house, &shown.expect("proved")), Decision::Permitted);
                        read += 1;
                    }
                    read
                })
            })
            .collect();
        for ready in &ready {
            house.apply(ready);
        }
        stop.store(true, Ordering::SeqCst);
        assert!(readers.into_iter().all(|reader| reader.join().expect("no panic") > 0));
    });
    house.replays();
}

#[test]
fn shutting_down_finishes_what_is_queued_and_takes_nothing_more() {
    let (mut house, gate) = gated(Time::settings);
    gate.close();
    let queued: Vec<_> = (1..=20).map(|amount| send_reserve(&mut house, amount, Wait::Published)).collect();
    gate.wait_for_commit();
    let ends = house.service.clone();
    let ends = std::thread::spawn(move || ends.shutdown());
    until(|| house.service.sizes().state == State::Draining);
    assert_eq!(house.service.permit(1).expect_err("closed"), SubmitError::Draining);
    gate.open();
    ends.join().expect("no panic");
    for queued in &queued {
        applied(&answers(queued)[0]);
    }
    assert_eq!(house.service.sizes().state, State::Stopped(None));
    assert_eq!(house.service.permit(1).expect_err("closed"), SubmitError::Stopped(None));
    house.replays();
    // What was published is still proved, and a new service goes on from it.
    let head = checked_head(&house.service);
    assert!(house.service.snapshot().proof(EntryIndex(1)).is_ok());
    let store = SharedMemory::open(house.store.kept()).expect("whole");
    let service = start(&store, house.time.settings()).expect("starts");
    assert_eq!(checked_head(&service), head);
}

#[test]
fn the_last_clone_takes_the_ledger_with_it() {
    let mut house = House::new();
    let ready = house.reserve(1);
    let answered = send(&house.service, vec![ready.bytes], Wait::Published).expect("queued");
    let House { service, store, .. } = house;
    drop(service);
    let submitted = answers(&answered).remove(0);
    assert_eq!(store.kept().len(), submitted.version.expect("published").head.size.0);
    let store = SharedMemory::open(store.kept()).expect("whole");
    assert!(start(&store, Time::at(crate::house::START).settings()).is_ok());
}

/// Number of batches that these calls become when they queue behind another.
fn batches(house: &mut House, gate: &Gate, calls: Vec<Vec<Vec<u8>>>) -> u64 {
    gate.close();
    let first = send_reserve(house, 1, Wait::Published);
    gate.wait_for_commit();
    let send = |call| send(&house.service, call, Wait::Published).expect("queued");
    let calls: Vec<_> = calls.into_iter().map(send).collect();
    let before = house.service.counts().batches;
    gate.open();
    for answered in calls.iter().chain([&first]) {
        assert!(answers(answered).iter().all(|submitted| matches!(submitted.answer, Answer::Applied(_))));
    }
    house.service.counts().batches - before - 1
}

#[test]
fn a_batch_takes_so_many_operations_and_no_more() {
    let (mut house, gate) = gated(Time::settings);
    let mut calls = |count| (0..count).map(|_| vec![house.reserve(1).bytes]).collect::<Vec<_>>();
    let (fits, more) = (calls(BATCH_OPERATIONS_MAX), calls(BATCH_OPERATIONS_MAX + 1));
    assert_eq!(batches(&mut house, &gate, fits), 1);
    assert_eq!(batches(&mut house, &gate, more), 2);
    house.replays();
}

#[test]
fn a_batch_takes_so_many_bytes_and_no_more_unless_one_call_brings_them() {
    let (mut house, gate) = gated(Time::settings);
    let resource = |at| Path::parse(&format!("{at:0>64}/{at:0>64}/{at:0>64}")).expect("path");
    let mut call = |count: usize| {
        let large = |_| house.token("holder", 1, (0..24).map(resource).collect()).bytes;
        (0..count).map(large).collect::<Vec<_>>()
    };
    let each = call(1)[0].len();
    let most = BATCH_BYTES_MAX / each;
    assert!((64..400).contains(&most), "{each} bytes each");
    let half = most / 2;
    let calls = [
        (vec![call(half), call(most - half)], 1),
        (vec![call(half), call(most + 1 - half)], 2),
        (vec![call(most + 1)], 1),
    ];
    for (calls, expected) in calls {
        assert_eq!(batches(&mut house, &gate, calls), expected);
    }
    house.replays();
}
