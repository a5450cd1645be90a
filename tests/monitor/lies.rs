//! Lies that the log's own key signed: each is caught, by its name and at its entry.

use crate::liar::{Liar, forget, recommit, set};
use crate::log::{Log, Row};
use crate::shown::*;
use crate::world::{DAY, World, key as signer};
use remit::audit::monitor::{EventCode, Fact};
use remit::client::{Ready, budget};
use remit::machine::{Due, StateKey as _, key};
use remit_verifier::code::Code;
use remit_verifier::limits::{BATCH_OPERATIONS_MAX, EXPIRIES_PER_BATCH_MAX};
use remit_verifier::log::{Entry, Outcome};
use remit_verifier::merkle::TreeHead;
use remit_verifier::object::{Act, Kind, Reference};
use remit_verifier::state::Life;
use remit_verifier::types::{Amount, EntryIndex, Hash, Millis, ObjectId, Seconds, TreeSize};
use std::sync::Arc;

/// A reserve by Alice at the hotel, signed.
fn spend(w: &mut World, token: ObjectId, amount: u64) -> Ready {
    let invocation = w.client.invocation(w.now, &w.ask(token, amount)).expect("drafted");
    let alice = signer("alice");
    w.client.ready(&[w.client.reserve(invocation, Vec::new(), &alice)]).expect("signed")
}

/// An act, signed.
fn act(w: &mut World, act: Act, by: &str) -> Ready {
    let by = signer(by);
    let draft = w.client.act(w.now, act, &[&by]).expect("drafted");
    w.client.ready(&[draft]).expect("signed")
}

fn capture(w: &mut World, reserve: ObjectId, amount: u64) -> Ready {
    let reserve = Reference::Id(reserve);
    act(w, Act::Capture { reserve, number: 1, amount: Amount(amount) }, "hotel")
}

/// The lying ledger goes on as if nothing had been.
fn later(liar: &mut Liar, now: Millis) {
    liar.write(&[], now);
}

#[test]
fn an_entry_dropped_leaves_a_state_that_nothing_made() {
    let (mut w, token) = with_a_token();
    let mut liar = Liar::after(&w);
    let spent = spend(&mut w, token, 60);
    let first = liar.lie(&[&spent], w.now, |_| {}, |rows| drop(rows.remove(0)));
    // The commitment has taken its place.
    let event = caught_once(&liar, w.now, EventCode::StateRoot, first.0);
    assert_ne!(event.stated, event.computed);
    // What is built on it has no ground either.
    let taken = capture(&mut w, spent.id, 60);
    let next = liar.write(&[&taken], w.now);
    let events = caught(&liar.log, w.now);
    let expected = [(EventCode::StateRoot, Some(first.0)), (EventCode::RefusedByRules, Some(next.0))];
    assert_eq!(said(&events), expected);
    assert!(matches!(&events[1].computed, Some(Fact::Refused(no)) if no.code == Code::UnknownReservation));
}

#[test]
fn an_entry_changed_is_not_what_the_rules_make() {
    let (mut w, token) = with_a_token();
    let mut liar = Liar::after(&w);
    let spent = spend(&mut w, token, 60);
    let first = liar.lie(
        &[&spent],
        w.now,
        |_| {},
        |rows| {
            let details = rows[0].details.as_mut().expect("details");
            *details.common.last_mut().expect("bytes") ^= 1;
            let digest = details.digest();
            change(&mut rows[0], |outcome| outcome.details = digest);
        },
    );
    later(&mut liar, w.now);
    let event = caught_once(&liar, w.now, EventCode::EntryDiffers, first.0);
    assert!(
        matches!((&event.stated, &event.computed), (Some(Fact::Entry(one)), Some(Fact::Entry(other)))
        if one != other),
        "{event}"
    );
}

fn change(row: &mut Row, change: impl FnOnce(&mut Outcome)) {
    let Ok(Entry::Outcome(mut outcome)) = Entry::decode(&row.entry) else { panic!("no outcome") };
    change(&mut outcome);
    row.entry = Entry::Outcome(outcome).encode();
}

#[test]
fn entries_reordered_are_not_where_they_were_made() {
    let (mut w, token) = with_a_token();
    let (one, two) = (spend(&mut w, token, 10), spend(&mut w, token, 20));
    let mut liar = Liar::after(&w);
    let first = liar.lie(&[&one, &two], w.now, |_| {}, |rows| rows.swap(0, 1));
    caught_once(&liar, w.now, EventCode::EntryDiffers, first.0);
    // One that needs the other.
    let mut liar = Liar::after(&w);
    let taken = capture(&mut w, one.id, 10);
    let first = liar.lie(&[&one, &taken], w.now, |_| {}, |rows| rows.swap(0, 1));
    let event = caught_once(&liar, w.now, EventCode::RefusedByRules, first.0);
    assert!(matches!(event.computed, Some(Fact::Refused(no)) if no.code == Code::UnknownReservation));
}

#[test]
fn a_state_root_that_is_false_for_one_commitment_only_is_caught_there_and_nowhere_else() {
    let (mut w, token) = with_a_token();
    let mut liar = Liar::after(&w);
    let spent = spend(&mut w, token, 60);
    let first =
        liar.lie(&[&spent], w.now, |_| {}, |rows| recommit(&mut rows[1], |it| it.state_root.0[0] ^= 1));
    later(&mut liar, w.now);
    let taken = capture(&mut w, spent.id, 60);
    liar.write(&[&taken], w.now);
    let (mut monitor, server) = (monitor(&liar.log), Server::of(&liar.log));
    let events = round(&mut monitor, &server, w.now);
    assert_eq!(said(&events), [(EventCode::StateRoot, Some(first.0 + 1))]);
    assert!(
        matches!((&events[0].stated, &events[0].computed), (Some(Fact::Root(one)), Some(Fact::Root(other)))
        if one != other)
    );
    // It goes on: what comes after the false root was computed too, and is right.
    let head = TreeHead { size: TreeSize(liar.size()), root: leaves(&liar.log).root() };
    assert_eq!(monitor.head(), head);
    assert_eq!(events[0].notes.len(), 1, "the note that was signed over it is kept");
    assert_eq!(events[0].batch.len(), 2);
}

#[test]
fn a_status_root_that_hides_a_revocation_is_caught() {
    let (mut w, token) = with_a_token();
    let mut liar = Liar::after(&w);
    let before = w.ledger.store().trees().status.root();
    let by_issuer = Act::Revoke(w.target(token, 1));
    let revoked = act(&mut w, by_issuer, "issuer");
    let first =
        liar.lie(&[&revoked], w.now, |_| {}, |rows| recommit(&mut rows[1], |it| it.status_root = before));
    let event = caught_once(&liar, w.now, EventCode::StatusRoot, first.0 + 1);
    assert_eq!(event.stated, Some(Fact::Root(before)));
}

#[test]
fn every_root_of_one_commitment_is_named() {
    let (w, _) = with_a_token();
    let mut liar = Liar::after(&w);
    let all = |rows: &mut Vec<Row>| {
        recommit(&mut rows[0], |it| {
            it.state_size.0 += 1;
            it.state_root.0[0] ^= 1;
            it.status_root.0[0] ^= 1;
        });
    };
    let first = liar.lie(&[], w.now, |_| {}, all);
    let events = caught(&liar.log, w.now);
    let at = Some(first.0);
    let codes = [EventCode::StateSize, EventCode::StateRoot, EventCode::StatusRoot].map(|code| (code, at));
    assert_eq!(said(&events), codes);
}

#[test]
fn a_budget_overspent_is_refused_by_the_rules() {
    let (mut w, token) = with_a_token();
    let mut liar = Liar::after(&w);
    let leaf = liar.leaf_of(token);
    let mut info = liar.record(&key::TokenOf(leaf)).expect("a token");
    let (_, stated) = &mut Arc::make_mut(&mut info).budgets.as_mut().expect("budgets")[0];
    *stated = budget(w.cny, Amount(1_000));
    let spent = spend(&mut w, token, 101);
    let first = liar.lie(&[&spent], w.now, |delta| set(delta, &key::TokenOf(leaf), info), |_| {});
    later(&mut liar, w.now);
    let event = caught_once(&liar, w.now, EventCode::RefusedByRules, first.0);
    assert!(matches!(event.computed, Some(Fact::Refused(no)) if no.code == Code::AboveTotal), "{event}");
    assert!(event.to_string().contains("above_total"), "{event}");
}

#[test]
fn a_token_used_after_its_revocation_is_refused_by_the_rules() {
    let (mut w, token) = with_a_token();
    w.act(Act::Revoke(w.target(token, 1)), &["issuer"]).expect("revoked");
    let mut liar = Liar::after(&w);
    let leaf = liar.leaf_of(token);
    let mut record = liar.record(&key::LeafAt(leaf)).expect("a leaf");
    Arc::make_mut(&mut record).leaf.life = Life::Live;
    let spent = spend(&mut w, token, 60);
    let first = liar.lie(&[&spent], w.now, |delta| set(delta, &key::LeafAt(leaf), record), |_| {});
    let event = caught_once(&liar, w.now, EventCode::RefusedByRules, first.0);
    assert!(matches!(event.computed, Some(Fact::Refused(no)) if no.code == Code::Revoked), "{event}");
}

#[test]
fn a_refusal_of_what_the_rules_apply_is_caught() {
    let (mut w, token) = with_a_token();
    let mut liar = Liar::after(&w);
    let leaf = liar.leaf_of(token);
    let mut info = liar.record(&key::TokenOf(leaf)).expect("a token");
    let (_, stated) = &mut Arc::make_mut(&mut info).budgets.as_mut().expect("budgets")[0];
    *stated = budget(w.cny, Amount(10));
    let spent = spend(&mut w, token, 60);
    let first = liar.lie(&[&spent], w.now, |delta| set(delta, &key::TokenOf(leaf), info), |_| {});
    caught_once(&liar, w.now, EventCode::NotRefused, first.0);
}

#[test]
fn a_refusal_that_the_rules_write_no_entry_for_is_caught() {
    let (mut w, token) = with_a_token();
    let reserve = w.reserve(token, "alice", 60).expect("reserved");
    let by_another = Act::Release { reserve: Reference::Id(reserve), amount: None };
    let other = act(&mut w, by_another, "airline");
    let mut liar = Liar::after(&w);
    let (time, object) = (w.now, Some(other.bytes.clone()));
    let refused = Some(Code::NotThePayee);
    let outcome = Outcome { time, kind: Kind::Refusal, id: other.id, refused, details: Hash::default() };
    let row = Row { entry: Entry::Outcome(outcome).encode(), object, details: None };
    let first = liar.lie(&[], w.now, |_| {}, |rows| rows.insert(0, row));
    caught_once(&liar, w.now, EventCode::NotRecorded, first.0);
}

#[test]
fn one_id_at_two_indices_is_caught_with_both() {
    let (mut w, token) = with_a_token();
    let spent = spend(&mut w, token, 30);
    let mut liar = Liar::after(&w);
    let once = liar.write(&[&spent], w.now);
    let seen: Vec<_> = liar.state.iter().map(|(key, _)| key).filter(is_seen).collect();
    let anew = |delta: &mut _| seen.into_iter().for_each(|key| forget(delta, key));
    let twice = liar.lie(&[&spent], w.now, anew, |_| {});
    let event = caught_once(&liar, w.now, EventCode::Twice, twice.0);
    assert_eq!(event.computed, Some(Fact::At(once)));
}

fn is_seen(key: &remit::machine::Key) -> bool {
    matches!(key, remit::machine::Key::Seen(..))
}

#[test]
fn time_turned_back_is_caught() {
    let (w, _) = with_a_token();
    let mut liar = Liar::after(&w);
    let mut head = liar.record(&key::HeadAt(0)).expect("a head");
    head.time = Millis(w.now.0 - 5_000);
    let first = liar.lie(&[], Millis(w.now.0 - 5_000), |delta| set(delta, &key::HeadAt(0), head), |_| {});
    let event = caught_once(&liar, w.now, EventCode::TimeBack, first.0);
    assert_eq!(event.stated, Some(Fact::Time(Millis(w.now.0 - 5_000))));
    assert_eq!(event.computed, Some(Fact::Time(w.now)));
}

#[test]
fn time_turned_back_inside_a_batch_is_caught() {
    let (mut w, token) = with_a_token();
    let mut liar = Liar::after(&w);
    let spent = spend(&mut w, token, 30);
    let first = liar.lie(&[&spent], w.now, |_| {}, |rows| recommit(&mut rows[1], |it| it.time.0 -= 1));
    caught_once(&liar, w.now, EventCode::TimeBack, first.0 + 1);
}

#[test]
fn time_turned_ahead_is_caught_at_the_skew_and_one_past_it() {
    let (w, _) = with_a_token();
    let mut liar = Liar::after(&w);
    let ahead = Millis(w.now.0 + SKEW.0);
    let good = liar.write(&[], ahead);
    assert_eq!(caught(&liar.log, w.now), []);
    let mut liar = Liar::after(&w);
    let first = liar.write(&[], Millis(ahead.0 + 1));
    assert_eq!(first, good);
    liar.write(&[], Millis(ahead.0 + 2));
    let event = caught_once(&liar, w.now, EventCode::TimeAhead, first.0);
    assert_eq!(event.computed, Some(Fact::Time(w.now)));
}

#[test]
fn a_commitment_missing_between_two_batches_is_caught() {
    let (mut w, token) = with_a_token();
    let (one, two) = (spend(&mut w, token, 10), spend(&mut w, token, 20));
    let mut liar = Liar::after(&w);
    let first = liar.lie(&[&one], w.now, |_| {}, |rows| drop(rows.pop()));
    let later = Millis(w.now.0 + 1_000);
    liar.write(&[&two], later);
    let event = caught_once(&liar, later, EventCode::CommitmentMissing, first.0 + 1);
    assert_eq!(event.computed, Some(Fact::Time(w.now)));
}

#[test]
fn a_checkpoint_over_a_batch_without_its_commitment_is_caught() {
    let (mut w, token) = with_a_token();
    let spent = spend(&mut w, token, 10);
    let mut liar = Liar::after(&w);
    let first = liar.lie(&[&spent], w.now, |_| {}, |rows| drop(rows.pop()));
    let event = caught_once(&liar, w.now, EventCode::CommitmentMissing, first.0 + 1);
    assert_eq!((event.stated, event.computed), (Some(Fact::Nothing), Some(Fact::At(first))));
}

/// A ledger with value that is due back in a day.
fn reserved() -> (World, ObjectId) {
    let (mut w, token) = with_a_token();
    let reserve = w.reserve(token, "alice", 60).expect("reserved");
    (w, reserve)
}

#[test]
fn an_expiry_before_its_time_is_caught() {
    let (w, reserve) = reserved();
    let mut liar = Liar::after(&w);
    let early = key::DueAt(Seconds(w.now.seconds().0 - 1), reserve);
    let first = liar.lie(&[], w.now, |delta| set(delta, &early, Due::Reservation), |_| {});
    let event = caught_once(&liar, w.now, EventCode::NotDue, first.0);
    let kind = |fact: &Option<Fact>| match fact {
        Some(Fact::Entry(bytes)) => Entry::decode(bytes).expect("an entry"),
        other => panic!("{other:?}"),
    };
    assert!(matches!(kind(&event.stated), Entry::Outcome(it) if it.kind == Kind::Expiry));
    assert!(matches!(kind(&event.computed), Entry::Commitment(_)));
}

#[test]
fn an_expiry_that_is_late_is_caught_where_it_was_due() {
    let (mut w, reserve) = reserved();
    let due = Seconds(w.now.seconds().0 + DAY);
    w.advance(DAY + 1);
    let mut liar = Liar::after(&w);
    let first = liar.lie(&[], w.now, |delta| forget(delta, key::DueAt(due, reserve).key()), |_| {});
    w.advance(1);
    liar.write(&[], w.now);
    let event = caught_once(&liar, w.now, EventCode::WasDue, first.0);
    assert!(event.to_string().contains(&format!("computed expiry {reserve}")), "{event}");
}

#[test]
fn what_is_no_entry_is_caught() {
    let (mut w, token) = with_a_token();
    let mut liar = Liar::after(&w);
    let spent = spend(&mut w, token, 10);
    let first = liar.lie(&[&spent], w.now, |_| {}, |rows| rows[0].entry[0] ^= 1);
    caught_once(&liar, w.now, EventCode::BadEntry, first.0);
    let mut liar = Liar::after(&w);
    let genesis = liar.log.0[0].clone();
    let first = liar.lie(&[], w.now, |_| {}, |rows| rows.insert(0, genesis));
    let events = caught(&liar.log, w.now);
    assert!(events.iter().any(|event| event.entry == Some(first)), "{events:?}");
}

#[test]
fn a_log_that_begins_with_something_else_is_caught() {
    let (w, _) = with_a_token();
    let mut log = Log::of(&w.ledger);
    log.0.remove(0);
    assert_eq!(said(&caught(&log, w.now)), [(EventCode::NoGenesis, Some(0))]);
}

#[test]
fn a_batch_as_long_as_it_may_be_is_read_and_one_longer_is_a_lie() {
    let (w, _) = with_a_token();
    let most = EXPIRIES_PER_BATCH_MAX + BATCH_OPERATIONS_MAX + 1;
    for (length, code) in [(most, EventCode::EntryDiffers), (most + 1, EventCode::BatchTooLong)] {
        let mut liar = Liar::after(&w);
        let first_of_all = liar.log.first(Kind::Party);
        let same = liar.log.0[first_of_all].clone();
        let first = liar.lie(
            &[],
            w.now,
            |_| {},
            |rows| {
                rows.splice(0..0, std::iter::repeat_n(same, length - 1));
            },
        );
        let events = caught(&liar.log, w.now);
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(events[0].code == EventCode::BatchTooLong, code == EventCode::BatchTooLong);
        assert_eq!(events[0].entry, Some(EntryIndex(first.0)));
    }
}

#[test]
fn after_a_lie_the_log_is_followed_on_though_no_rule_is_run() {
    let (mut w, token) = with_a_token();
    let mut liar = Liar::after(&w);
    let spent = spend(&mut w, token, 60);
    let first = liar.lie(&[&spent], w.now, |_| {}, |rows| rows[0].entry[0] ^= 1);
    let (mut monitor, server) = (monitor(&liar.log), Server::of(&liar.log));
    assert_eq!(said(&round(&mut monitor, &server, w.now)), [(EventCode::BadEntry, Some(first.0))]);
    later(&mut liar, w.now);
    server.show(&liar.log);
    assert_eq!(round(&mut monitor, &server, w.now), []);
    assert_eq!(monitor.progress().0, TreeSize(liar.size()));
    assert_eq!((monitor.head().size, monitor.is_halted()), (TreeSize(first.0), true));
    // Another history is noticed all the same.
    let mut other = liar.clone();
    let last = other.log.0.len() - 1;
    other.log.change_commitment(last, |it| it.state_root.0[0] ^= 1);
    server.show(&other.log);
    let events = round(&mut monitor, &server, w.now);
    assert_eq!(said(&events), [(EventCode::TwoHistories, Some(last as u64))]);
}
