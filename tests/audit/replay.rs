//! A ledger replays, and every tampering is noticed for what it is.

use crate::log::Log;
use crate::story::everything;
use crate::world::*;
use remit::audit::{AuditError, replay};
use remit::engine::ReplayError;
use remit::machine::Refusal;
use remit_verifier::c2sp::Checkpoint;
use remit_verifier::code::Code;
use remit_verifier::limits::{BATCH_OPERATIONS_MAX, EXPIRIES_PER_BATCH_MAX};
use remit_verifier::log::{Commitment, Entry, Outcome};
use remit_verifier::merkle::TreeHead;
use remit_verifier::object::{Envelope, Kind};
use remit_verifier::types::{EntryIndex, Hash, Millis, ObjectId, TreeSize};

fn at(place: usize) -> EntryIndex {
    EntryIndex(place as u64)
}

/// What a replay says first.
fn fault(log: &Log) -> AuditError {
    replay(log.kept(), None).map(|_| ()).expect_err("tampered")
}

fn in_batch(log: &Log) -> ReplayError<std::convert::Infallible> {
    match fault(log) {
        AuditError::Batch(error) => error,
        other => panic!("{other}"),
    }
}

fn head(w: &World) -> TreeHead {
    let text = w.ledger.checkpoint().split("\n\n").next().expect("a note").to_owned() + "\n";
    let checkpoint = Checkpoint::parse(&text).expect("a checkpoint");
    TreeHead { size: checkpoint.size(), root: checkpoint.root() }
}

#[test]
fn a_ledger_with_everything_replays_to_its_checkpoint_and_state() {
    let w = everything();
    let log = Log::of(&w.ledger);
    // A trade stands in a bundle, behind what pays for it.
    for kind in Kind::ALL.iter().filter(|kind| **kind != Kind::Trade) {
        log.first(*kind);
    }
    let rebuilt = replay(log.kept(), Some(&head(&w))).expect("replays");
    let report = rebuilt.report;
    assert_eq!((report.ledger, report.entries), (w.ledger.id(), log.0.len() as u64));
    assert_eq!(report.log, head(&w));
    assert_eq!(report.state_root, w.ledger.store().trees().state.root());
    assert_eq!(report.status_root, w.ledger.store().trees().status.root());
    assert_eq!(
        report.batches,
        (0..log.0.len()).filter(|at| log.kind(*at) == Kind::Commitment).count() as u64
    );
    assert_eq!(report.details, report.entries - report.batches - 1);
    assert_eq!(report.time, w.now);
    assert!(rebuilt.state.iter().count() > 50);
    assert_eq!(&rebuilt.state, w.ledger.store().state(), "every record is rebuilt");
}

#[test]
fn what_stands_beside_the_log_may_be_missing_only_where_the_log_says_all() {
    let mut log = Log::of(&everything().ledger);
    log.0.iter_mut().for_each(|row| row.details = None);
    let report = replay(log.kept(), None).expect("the digests are compared all the same").report;
    assert_eq!(report.details, 0);
    let issue = log.first(Kind::Issue);
    log.0[issue].object = None;
    assert_eq!(in_batch(&log), ReplayError::Missing(at(issue)));
}

#[test]
fn no_byte_of_an_entry_can_be_another() {
    let good = Log::of(&everything().ledger);
    for place in [0, good.first(Kind::Refund), good.first(Kind::Commitment)] {
        for byte in 0..good.0[place].entry.len() {
            let mut log = good.clone();
            log.0[place].entry[byte] ^= 1;
            fault(&log);
        }
    }
}

#[test]
fn an_entry_or_object_that_was_changed_is_named() {
    let good = Log::of(&everything().ledger);
    let reserve = good.first(Kind::Reserve);

    let mut log = good.clone();
    log.0[reserve].entry[0] ^= 1;
    assert_eq!(fault(&log), AuditError::Batch(ReplayError::Entry(at(reserve))));

    let mut log = good.clone();
    log.change_outcome(reserve, |outcome| outcome.details.0[0] ^= 1);
    assert_eq!(in_batch(&log), ReplayError::Differs(at(reserve)));

    // The last byte is the end of a signature, or of the links after it.
    let mut log = good.clone();
    let object = log.0[reserve].object.as_mut().expect("an object");
    let last = object.len() - 3;
    object[last] ^= 1;
    assert_eq!(in_batch(&log), ReplayError::Object(at(reserve), Code::BadSignature));

    let mut log = good.clone();
    log.0[reserve].object.as_mut().expect("an object").push(0);
    assert_eq!(in_batch(&log), ReplayError::Object(at(reserve), Code::TrailingBytes));

    let mut log = good.clone();
    log.0[reserve].details.as_mut().expect("details").common.push(0);
    assert_eq!(in_batch(&log), ReplayError::Details(at(reserve)));

    let mut log = good;
    log.0[reserve].details.as_mut().expect("details").links[0][40] ^= 1;
    assert_eq!(in_batch(&log), ReplayError::Details(at(reserve)));
}

#[test]
fn an_entry_left_out_or_out_of_place_is_noticed() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let places = [w.ask(root, 10), w.ask(root, 20)].map(|ask| {
        let invocation = w.client.invocation(w.now, &ask).expect("drafted");
        w.client.ready(&[w.client.reserve(invocation, Vec::new(), &key("alice"))]).expect("signed").bytes
    });
    w.ledger.submit(&[&places[0], &places[1]], w.now).expect("submitted");
    let good = Log::of(&w.ledger);
    let (first, last) = (good.0.len() - 3, good.0.len() - 1);

    let mut log = good.clone();
    log.0.remove(first);
    assert_eq!(in_batch(&log), ReplayError::Differs(at(first)));

    let mut log = good.clone();
    log.0.remove(first + 1);
    assert_eq!(in_batch(&log), ReplayError::Commitment(at(first + 1)));

    let mut log = good.clone();
    log.0.swap(first, first + 1);
    assert_eq!(in_batch(&log), ReplayError::Differs(at(first)));

    let mut log = good.clone();
    log.0.truncate(last);
    assert_eq!(fault(&log), AuditError::Open(at(first)));

    let mut log = good.clone();
    log.0.swap(first, last);
    assert_eq!(in_batch(&log), ReplayError::Commitment(at(first)));

    let mut log = good;
    log.0.clear();
    assert_eq!(fault(&log), AuditError::Empty);
}

#[test]
fn what_is_due_is_written_exactly_when_it_is_due() {
    let good = Log::of(&everything().ledger);
    for kind in [Kind::Expiry, Kind::Lapse, Kind::Rekeyed] {
        let place = good.first(kind);
        let mut log = good.clone();
        let row = log.0.remove(place);
        assert_eq!(in_batch(&log), ReplayError::Due(at(place)), "{kind:?} is missing");

        let mut commitments = (0..place - 1).filter(|at| good.kind(*at) == Kind::Commitment);
        let batch_before = commitments.next_back().expect("genesis has one") + 1;
        let time = log.decoded(batch_before).time();
        log.0.insert(batch_before, row);
        log.change_outcome(batch_before, |outcome| outcome.time = time);
        assert_eq!(in_batch(&log), ReplayError::Due(at(batch_before)), "{kind:?} is early");
    }
}

#[test]
fn an_expiry_that_another_entry_pushes_aside_is_missed() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    w.reserve(root, "alice", 100).expect("reserved");
    w.advance(DAY);
    w.reserve(root, "alice", 100).expect("free again");
    let mut log = Log::of(&w.ledger);
    let expiry = log.first(Kind::Expiry);
    log.0.remove(expiry);
    assert_eq!(in_batch(&log), ReplayError::Due(at(expiry)));
}

#[test]
fn time_runs_forward_and_is_one_in_a_batch() {
    let good = Log::of(&everything().ledger);
    let reserve = good.first(Kind::Reserve);
    let mut log = good.clone();
    log.change_outcome(reserve, |outcome| outcome.time.0 += 1);
    assert_eq!(in_batch(&log), ReplayError::Time(at(reserve + 1)));

    let mut log = good;
    log.change_outcome(reserve, |outcome| outcome.time.0 -= 1);
    log.change_commitment(reserve + 1, |commitment| commitment.time.0 -= 1);
    assert_eq!(in_batch(&log), ReplayError::Time(at(reserve)));
}

#[test]
fn a_commitment_states_the_roots_that_the_rules_lead_to() {
    let good = Log::of(&everything().ledger);
    let last = good.0.len() - 1;
    let changes: [fn(&mut Commitment); 3] =
        [|c| c.state_root.0[0] ^= 1, |c| c.status_root.0[0] ^= 1, |c| c.state_size.0 += 1];
    for change in changes {
        for place in [1, last] {
            let mut log = good.clone();
            log.change_commitment(place, change);
            assert_eq!(in_batch(&log), ReplayError::Commitment(at(place)));
        }
    }
}

#[test]
fn nothing_is_applied_twice_and_nothing_that_the_rules_refuse() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    w.reserve(root, "alice", 60).expect("reserved");
    let good = Log::of(&w.ledger);
    let reserve = good.first(Kind::Reserve);

    let mut log = good.clone();
    let again = log.0[reserve].clone();
    log.0.insert(reserve + 1, again);
    assert_eq!(in_batch(&log), ReplayError::Twice(at(reserve + 1), at(reserve)));

    // The operator admits a second 60 on 100, and signs for it.
    let invocation = w.client.invocation(w.now, &w.ask(root, 60)).expect("drafted");
    let ready = w.client.ready(&[w.client.reserve(invocation, Vec::new(), &key("alice"))]).expect("signed");
    let mut log = good;
    let mut forged = log.0[reserve].clone();
    forged.object = Some(ready.bytes);
    log.0.insert(reserve + 1, forged);
    log.change_outcome(reserve + 1, |outcome| outcome.id = ready.id);
    let leaf = w.ledger.leaf(&root).map(|record| record.leaf.index);
    let entry = Some(at(reserve + 1));
    let refusal = Refusal { leaf, entry, ..Refusal::of(Code::AboveTotal) };
    assert_eq!(in_batch(&log), ReplayError::Refused(at(reserve + 1), refusal));
}

#[test]
fn a_submission_for_another_ledger_is_refused() {
    let (mut here, mut there) = (World::new(), World::named("remit.example/other"));
    here.root("alice", 100);
    there.root("alice", 100);
    let (mut log, other) = (Log::of(&here.ledger), Log::of(&there.ledger));
    let issue = log.first(Kind::Issue);
    log.0[issue].object = other.0[issue].object.clone();
    assert_eq!(in_batch(&log), ReplayError::Object(at(issue), Code::WrongLedger));
    log.0[issue].object = Some(Envelope::submission(&here.ledger.id(), &[]));
    assert_eq!(in_batch(&log), ReplayError::Object(at(issue), Code::Malformed));
}

#[test]
fn the_log_is_the_one_under_the_checkpoint() {
    let mut w = World::new();
    let before = head(&w);
    w.root("alice", 100);
    let after = head(&w);
    let log = Log::of(&w.ledger);
    for good in [&before, &after] {
        replay(log.kept(), Some(good)).expect("it may have grown");
    }
    let error =
        |checkpoint: TreeHead| replay(log.kept(), Some(&checkpoint)).map(|_| ()).expect_err("another");
    let forged = TreeHead { root: Hash([7; 32]), ..after };
    assert_eq!(error(forged), AuditError::Root(after.root));
    assert_eq!(error(TreeHead { root: Hash([7; 32]), ..before }), AuditError::Root(before.root));
    assert_eq!(error(TreeHead { size: TreeSize(after.size.0 + 1), ..after }), AuditError::Short(after.size));
    let between = TreeSize(after.size.0 - 1);
    assert_eq!(error(TreeHead { size: between, ..after }), AuditError::Between(between));

    // A whole batch left out at the end is a good log, and not the one that was signed.
    let mut shorter = log.clone();
    shorter.0.truncate(log.0.len() - 2);
    replay(shorter.kept(), None).expect("good in itself");
    let size = TreeSize(shorter.0.len() as u64);
    assert_eq!(replay(shorter.kept(), Some(&after)).map(|_| ()).expect_err("short"), AuditError::Short(size));
}

#[test]
fn a_batch_without_an_end_is_given_up() {
    let w = World::new();
    let mut log = Log::of(&w.ledger);
    let first = log.0.len();
    let entry = Outcome {
        time: Millis(0),
        kind: Kind::Expiry,
        id: ObjectId::default(),
        refused: None,
        details: Hash::default(),
    };
    let row = crate::log::Row { entry: Entry::Outcome(entry).encode(), object: None, details: None };
    let most = EXPIRIES_PER_BATCH_MAX + BATCH_OPERATIONS_MAX + 1;
    log.0.extend(std::iter::repeat_n(row.clone(), most));
    assert_eq!(fault(&log), AuditError::Open(at(first)));
    log.0.push(row);
    assert_eq!(fault(&log), AuditError::Long(at(first)));
}
