//! Heartbeats, and clocks that go wrong; no test sleeps.

use crate::house::{HEARTBEAT, House, LONG, START, Time, checked_head, new_store, start, until};
use remit::engine::Answer;
use remit::ledger::queue_limits::JUMP_DEFAULT;
use remit::ledger::{Service, Settings, StartError, State, SubmitError, Wait};
use remit::store::SharedMemory;
use remit_verifier::code::Code;
use remit_verifier::types::{Millis, TreeSize};
use std::sync::mpsc::channel;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

fn next_size(house: &House) -> TreeSize {
    TreeSize(house.head().size.0 + 1)
}

#[test]
fn an_idle_ledger_commits_to_its_state_again() {
    let house = House::new();
    let root = house.service.snapshot().version().commitment.state_root;
    for _ in 0..3 {
        let next = next_size(&house);
        house.time.advance(HEARTBEAT.0);
        house.service.wake();
        let snapshot = house.service.wait_for(next, LONG);
        assert_eq!(snapshot.size(), next, "one entry: the commitment");
        assert_eq!(snapshot.version().time(), house.time.now());
        assert_eq!(snapshot.version().commitment.state_root, root);
    }
    house.replays();
}

#[test]
fn a_heartbeat_comes_when_it_is_due_and_not_before() {
    let mut house = House::new();
    let ready = house.reserve(1);
    let entry = house.apply(&ready);
    let size = house.head().size;
    house.time.advance(HEARTBEAT.0 - 1);
    // The writer has taken this work after it saw the clock, and it changes nothing: so no heartbeat was due.
    assert_eq!(house.submit(&ready).expect("decided").answer, Answer::Replayed(entry));
    assert_eq!(house.head().size, size);
    // Work that changes nothing does not put the heartbeat off either.
    house.time.advance(1);
    let again = house.submit(&ready).expect("decided");
    assert_eq!(again.answer, Answer::Replayed(entry));
    assert_eq!(again.version.expect("published").head.size, TreeSize(size.0 + 1));
    house.replays();
}

#[test]
fn a_clock_that_was_set_back_does_not_stop_the_heart() {
    let time = Time::at(START);
    let house = House::with(Settings { heartbeat: Millis(20), ..time.settings() }, time);
    house.time.set(Millis(START.0 - JUMP_DEFAULT.0));
    // It is in no hurry; but it comes, though by the clock there is an hour to go.
    let next = next_size(&house);
    let version = house.service.wait_for(next, LONG).version().clone();
    assert!(version.head.size >= next);
    assert_eq!(version.time(), START);
}

#[test]
fn a_heartbeat_can_be_asked_for() {
    let house = House::new();
    let next = next_size(&house);
    house.service.beat();
    assert_eq!(house.service.wait_for(next, LONG).size(), next);
}

#[test]
fn what_falls_due_is_written_by_the_heartbeat() {
    let mut house = House::new();
    let ready = house.reserve(7);
    house.apply(&ready);
    let settle_by = house.service.snapshot().reservation(&ready.id).expect("made").settle_by;
    // A day of heartbeats in steps that the clock may take.
    while house.time.now() < settle_by.millis() {
        let next = next_size(&house);
        house.time.advance(JUMP_DEFAULT.0);
        house.service.wake();
        assert!(house.service.wait_for(next, LONG).size() >= next);
    }
    let made = house.service.snapshot().reservation(&ready.id).expect("made");
    assert_eq!(made.released, made.amount);
    house.replays();
}

#[test]
fn a_clock_behind_the_last_entry_is_refused_at_start() {
    let house = House::new();
    let last = house.time.now();
    house.service.shutdown();
    let kept = house.store.kept();
    let open = |now: Millis| {
        let store = SharedMemory::open(kept.clone()).expect("whole");
        start(&store, Time::at(now).settings())
    };
    let now = Millis(last.0 - 1);
    let error = open(now).expect_err("refused");
    assert_eq!(error, StartError::ClockBehind { now, last });
    assert!(error.remedy().is_some());
    assert!(open(last).is_ok());
}

#[test]
fn a_clock_far_ahead_is_refused_at_start_until_somebody_says_so() {
    let store = new_store();
    let open = |settings: Settings| start(&SharedMemory::open(store.kept()).expect("whole"), settings);
    let at_bound = Time::at(Millis(START.0 + JUMP_DEFAULT.0));
    assert!(open(at_bound.settings()).is_ok());
    let now = Millis(at_bound.now().0 + 1);
    let error = open(Time::at(now).settings()).expect_err("refused");
    assert_eq!(error, StartError::ClockAhead { now, last: START, bound: JUMP_DEFAULT });
    assert!(error.remedy().is_some());
    let service = open(Settings { allow_jump: true, ..Time::at(now).settings() }).expect("allowed");
    // It has published anew before it is ready.
    assert_eq!(service.snapshot().version().time(), now);
    assert_eq!(checked_head(&service).size, TreeSize(3));
}

#[test]
fn a_start_publishes_anew_once_the_last_commitment_is_as_old_as_a_heartbeat() {
    let store = new_store();
    let open = |now: u64| {
        let store = SharedMemory::open(store.kept()).expect("whole");
        start(&store, Time::at(Millis(START.0 + now)).settings()).expect("starts")
    };
    assert_eq!(checked_head(&open(HEARTBEAT.0 - 1)).size, TreeSize(2));
    assert_eq!(checked_head(&open(HEARTBEAT.0)).size, TreeSize(3));
}

#[test]
fn a_leap_allowed_at_start_is_no_leave_for_another() {
    let time = Time::at(Millis(START.0 + JUMP_DEFAULT.0 + 1));
    let house = House::with(Settings { allow_jump: true, ..time.settings() }, time);
    house.time.advance(JUMP_DEFAULT.0 + 1);
    house.service.wake();
    until(|| house.service.sizes().state != State::Running);
    assert_eq!(house.service.sizes().state, State::ClockAhead);
}

#[test]
fn a_clock_that_leaps_stops_writing_until_it_is_right_or_allowed() {
    let mut house = House::new();
    let (before, right) = (house.head(), house.time.now());
    let ready = house.reserve(1);
    house.time.advance(JUMP_DEFAULT.0 + 1);
    assert_eq!(house.submit(&ready).expect_err("refused"), SubmitError::ClockAhead);
    assert_eq!(house.service.sizes().state, State::ClockAhead);
    assert_eq!(house.service.permit(1).expect_err("refused"), SubmitError::ClockAhead);
    assert_eq!(house.head(), before);
    // It was a leap; the clock is right again, and the ledger notices with the next heartbeat.
    house.time.set(right);
    house.service.beat();
    assert!(house.service.wait_for(TreeSize(before.size.0 + 1), LONG).size() > before.size);
    until(|| house.service.sizes().state == State::Running);
    assert!(matches!(house.submit(&ready).expect("decided").answer, Answer::Applied(_)));
    // Time did pass, and somebody says so.
    let size = house.head().size;
    house.time.advance(JUMP_DEFAULT.0 + 1);
    let late = house.reserve(2);
    assert_eq!(house.submit(&late).expect_err("refused"), SubmitError::ClockAhead);
    house.service.allow_jump();
    assert_eq!(house.service.wait_for(TreeSize(size.0 + 1), LONG).version().time(), house.time.now());
    until(|| house.service.sizes().state == State::Running);
    assert!(matches!(house.submit(&late).expect("decided").answer, Answer::Applied(_)));
    // What is older than its window is refused by the rules, not by the clock.
    let old = house.submit(&ready).expect("decided").answer;
    assert!(matches!(old, Answer::Replayed(_)), "{old:?}");
    house.replays();
}

#[test]
fn a_clock_set_back_stops_the_time_and_not_the_ledger() {
    let mut house = House::new();
    let (last, size) = (house.time.now(), house.head().size);
    house.time.set(Millis(last.0 - 30_000));
    let ready = house.reserve(1);
    let answers = house.service.submit_wait(vec![ready.bytes], Wait::Published).expect("decided");
    let version = answers[0].version.clone().expect("published");
    assert!(matches!(answers[0].answer, Answer::Applied(_)), "{:?}", answers[0].answer);
    assert_eq!((version.time(), version.head.size.0), (last, size.0 + 2));
    let stale = house.reserve(1);
    house.time.set(Millis(last.0 + 600_000));
    let refused = house.submit(&stale).expect("decided").answer;
    let Answer::Refused(refusal) = refused else { panic!("{refused:?}") };
    assert_eq!(refusal.code, Code::TooLate);
    house.replays();
}

/// Regression: the writer read the clock while it held the queue, so that a slow clock kept everybody out.
#[test]
fn a_slow_clock_keeps_nobody_out_of_the_queue() {
    let (time, asked) = (Time::at(START), Arc::new(OnceLock::<Service>::new()));
    let (sender, answered) = channel();
    let (now, queue) = (time.clone(), asked.clone());
    let clock = Arc::new(move || {
        if let Some(service) = queue.get() {
            // What takes the queue in another thread must not have to wait until this has answered.
            let (service, sender) = (service.clone(), sender.clone());
            let (done, waiting) = channel();
            std::thread::spawn(move || drop((service.sizes(), done.send(()))));
            let _ = sender.send(waiting.recv_timeout(Duration::from_secs(20)).is_ok());
        }
        now.now()
    });
    let service = start(&new_store(), Settings::new(clock)).expect("starts");
    asked.set(service.clone()).expect("once");
    service.wake();
    for _ in 0..3 {
        assert!(answered.recv_timeout(Duration::from_secs(60)).expect("the writer asks for the time"));
        service.wake();
    }
    service.shutdown();
}
