//! How value comes back: ends of chains of carved tokens in every order, expiries and their order in a batch
//! (spec 11 §5.4, §6).

use crate::world::*;
use remit::client::{TokenSpec, budget, carved};
use remit_verifier::code::Code;
use remit_verifier::limits::*;
use remit_verifier::log::Entry;
use remit_verifier::object::Kind;
use remit_verifier::types::{Amount, EntryIndex, ObjectId, Seconds};

const HOUR: u64 = 3600;

fn carve(w: &mut World, parent: ObjectId, by: &str, to: &str, amount: u64, life: u64) -> ObjectId {
    let spec = w.inherit(to, Some(vec![carved(w.cny, Amount(amount))]));
    w.delegate(parent, by, &TokenSpec { expires: w.seconds(life), ..spec }).expect("carved")
}

/// A root of 1000, and three carved tokens below each other of 600, 400 and 200.
fn chain(w: &mut World) -> [ObjectId; 4] {
    let root = w.root("alice", 1000);
    let one = carve(w, root, "alice", "bob", 600, 4 * DAY);
    let two = carve(w, one, "bob", "carol", 400, 4 * DAY);
    let three = carve(w, two, "carol", "dave", 200, 4 * DAY);
    [root, one, two, three]
}

fn children(w: &World, token: ObjectId) -> u64 {
    w.ledger.leaf(&token).expect("a leaf").leaf.token().expect("a token").carved_children
}

#[test]
fn value_returns_through_three_carved_tokens_in_every_order() {
    let orders = [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]];
    for order in orders {
        let mut w = World::new();
        let tokens = chain(&mut w);
        let [root, one, ..] = tokens;
        assert_eq!(tokens.map(|token| w.committed(token)), [600, 400, 200, 0]);
        // Held and captured at each of the three.
        let mut settle = Vec::new();
        for (token, by) in [(1, "bob"), (2, "carol"), (3, "dave")] {
            let held = w.reserve(tokens[token], by, 60).expect("held");
            let capture = w.capture(held, 1, 30).expect("captured");
            settle.push((held, capture));
        }
        w.revoke(one, 2, "alice").expect("all three are over");
        for token in order {
            w.end(tokens[token], 1, "issuer").expect("ended");
            assert_eq!(free_and_out(&w, &tokens), 1000, "nothing is lost or made: {order:?}");
        }
        // 30 captured and 30 held at each are still out.
        assert_eq!(w.committed(root), 180);
        for (n, (held, capture)) in settle.into_iter().enumerate() {
            w.release(held, Some(10)).expect("released");
            w.refund(capture, 5).expect("refunded");
            assert_eq!(w.committed(root), 180 - 15 * (n as u64 + 1), "it passed all the way up: {order:?}");
            w.capture(held, 2, 20).expect("the rest is the payee's");
        }
        assert_eq!(w.committed(root), 135);
        assert_eq!(tokens.map(|token| children(&w, token)), [0; 4]);
        w.reserve(root, "alice", 865).expect("all that is left can be spent");
        w.refuses(Code::AboveTotal, |w| w.reserve(root, "alice", 1));
        w.replays();
    }
}

/// What the tokens of the chain have free, and what payees hold or took of it.
fn free_and_out(w: &World, tokens: &[ObjectId; 4]) -> u64 {
    let totals = [1000, 600, 400, 200];
    let one = |(token, total): (&ObjectId, u64)| {
        let counters = w.counters(*token);
        total - w.committed(*token) + counters.reserved + counters.captured - counters.refunded
    };
    tokens.iter().zip(totals).map(one).sum()
}

#[test]
fn a_revoked_middle_token_keeps_what_it_has_until_it_ends() {
    let mut w = World::new();
    let tokens = chain(&mut w);
    let [root, one, two, three] = tokens;
    let held = w.reserve(three, "dave", 50).expect("held");
    w.revoke(two, 2, "alice").expect("revoked");
    w.end(three, 2, "alice").expect("the lowest ends");
    assert_eq!(tokens.map(|token| w.committed(token)), [600, 400, 50, 200]);
    w.release(held, None).expect("released");
    assert_eq!(tokens.map(|token| w.committed(token)), [600, 400, 0, 200], "it stops at the revoked one");
    w.end(two, 2, "alice").expect("the middle ends");
    assert_eq!(tokens.map(|token| w.committed(token)), [600, 0, 400, 200], "and goes on to the live one");
    w.reserve(one, "bob", 600).expect("which spends it");
    w.refuses(Code::AboveTotal, |w| w.reserve(root, "alice", 401));
}

#[test]
fn a_carve_from_a_shared_child_returns_through_it() {
    let mut w = World::new();
    let root = w.root("alice", 1000);
    let cap = w.inherit("bob", Some(vec![budget(w.cny, Amount(500))]));
    let shared = w.delegate(root, "alice", &cap).expect("shared");
    let own = carve(&mut w, shared, "bob", "carol", 300, 6 * DAY);
    // A shared grandchild below the carved one is not counted twice above it.
    let below = w.delegate(own, "carol", &w.inherit("dave", None)).expect("shared below");
    let held = w.reserve(below, "dave", 100).expect("held");
    assert_eq!([root, shared, own, below].map(|t| w.committed(t)), [300, 300, 100, 100]);
    let capture = w.capture(held, 1, 100).expect("captured");
    w.revoke(shared, 2, "alice").expect("revoked");
    w.end(shared, 2, "alice").expect("the shared one ends first");
    w.end(own, 3, "bob").expect("then the carved one");
    assert_eq!([root, shared, own, below].map(|t| w.committed(t)), [100, 100, 300, 100]);
    w.end(below, 1, "issuer").expect("then the lowest");
    w.refund(capture, 40).expect("refunded");
    assert_eq!([root, shared, own, below].map(|t| w.committed(t)), [60, 60, 300, 60]);
    w.replays();
}

#[test]
fn carved_budgets_in_two_units_return_each_to_its_owner() {
    let mut w = World::new();
    let (cny, usd) = (w.cny, w.usd);
    let both = Some(vec![budget(cny, Amount(100)), budget(usd, Amount(50))]);
    let root = w.issue(&TokenSpec { budgets: both, ..w.spec("alice") }).expect("issued");
    // In CNY the middle token has its own value, in USD it shares the root's.
    let mixed = w.inherit("bob", Some(vec![carved(cny, Amount(60)), budget(usd, Amount(40))]));
    let middle = w.delegate(root, "alice", &mixed).expect("mixed");
    let low = w.inherit("carol", Some(vec![carved(cny, Amount(20)), carved(usd, Amount(30))]));
    let low = w.delegate(middle, "bob", &low).expect("carved in both");
    let dollars = |w: &World, token: ObjectId| {
        let unit = w.index(usd);
        let record = w.ledger.leaf(&token).expect("a leaf");
        let counters = record.private.as_ref().expect("private").values.counters(unit);
        counters.committed().expect("an amount").0
    };
    assert_eq!([root, middle, low].map(|t| w.committed(t)), [60, 20, 0]);
    assert_eq!([root, middle, low].map(|t| dollars(&w, t)), [30, 30, 0]);
    let mut ask = w.ask(low, 7);
    ask.payment.as_mut().expect("a payment").unit = usd;
    let held = w.reserve_ask(&ask, "carol", Vec::new()).expect("held");
    w.revoke(low, 3, "bob").expect("revoked");
    w.end(low, 3, "bob").expect("ended");
    assert_eq!([root, middle, low].map(|t| w.committed(t)), [60, 0, 20]);
    assert_eq!([root, middle, low].map(|t| dollars(&w, t)), [7, 7, 30]);
    w.revoke(middle, 2, "alice").expect("revoked");
    w.end(middle, 2, "alice").expect("ended");
    w.release(held, None).expect("released");
    assert_eq!([root, middle, low].map(|t| (w.committed(t), dollars(&w, t))), [(0, 0), (60, 0), (20, 30)]);
    w.transfer(root, "alice", "dave").expect("nothing is out");
    w.replays();
}

#[test]
fn a_whole_chain_that_expires_at_once_returns_all() {
    let mut w = World::new();
    let tokens = chain(&mut w);
    let held = w.reserve(tokens[3], "dave", 10);
    let held = held.expect("held");
    w.capture(held, 1, 4).expect("captured");
    w.advance(4 * DAY);
    w.tick();
    // The reservation and the three tokens fell due, the tokens in order of their ids, whatever that is.
    assert_eq!(w.committed(tokens[0]), 4);
    assert_eq!(tokens.map(|token| children(&w, token)), [0; 4]);
    w.refuses(Code::Ended, |w| w.reserve(tokens[1], "bob", 1));
    w.refuses(Code::AlreadySo, |w| w.end(tokens[1], 1, "issuer"));
    w.replays();
}

#[test]
fn an_ended_token_does_not_lapse_again() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let child = carve(&mut w, root, "alice", "bob", 40, HOUR);
    w.revoke(child, 2, "alice").expect("revoked");
    w.end(child, 2, "alice").expect("ended");
    let size = w.ledger.store().len();
    w.advance(2 * HOUR);
    w.tick();
    assert_eq!(w.ledger.store().len(), size + 1, "a commitment and no lapse");
    assert_eq!(w.committed(root), 0);
}

/// Kind and id of the entries from `first` on, commitments left out.
fn written(w: &World, first: u64) -> Vec<(Kind, ObjectId)> {
    let entries = (first..w.ledger.store().len()).filter_map(|at| w.ledger.store().entry(EntryIndex(at)));
    let outcomes = entries.filter_map(|kept| match Entry::decode(kept.entry) {
        Ok(Entry::Outcome(outcome)) => Some((outcome.kind, outcome.id)),
        _ => None,
    });
    outcomes.collect()
}

#[test]
fn what_falls_due_is_written_by_deadline_and_id() {
    let mut w = World::new();
    let root = w.root("alice", 1000);
    let child = w.delegate(root, "alice", &w.inherit("bob", None)).expect("shared");
    let mut expected: Vec<(Seconds, ObjectId, Kind)> = Vec::new();
    for ahead in [HOUR + 1, HOUR, HOUR] {
        let id = carve(&mut w, root, "alice", "bob", 10, ahead);
        expected.push((w.seconds(ahead), id, Kind::Lapse));
    }
    for ahead in [HOUR, HOUR + 1, HOUR - 1, HOUR] {
        let mut ask = w.ask(root, 10);
        ask.payment.as_mut().expect("a payment").settle_by = w.seconds(ahead);
        let id = w.reserve_ask(&ask, "alice", Vec::new()).expect("held");
        expected.push((w.seconds(ahead), id, Kind::Expiry));
    }
    let rekey = w.rekey(child, 2, "alice", "bob-2").expect("proposed");
    expected.push((w.seconds(REKEY_DELAY.0 + 1), rekey, Kind::Rekeyed));
    let first = w.ledger.store().len();
    w.advance(HOUR - 2);
    w.tick();
    assert_eq!(written(&w, first), [], "nothing is due yet");
    w.advance(2 * DAY);
    let ready = w.draft_reserve(&w.ask(root, 1), "alice", Vec::new());
    let ready = w.ready(&[ready]);
    w.raw(&ready.bytes).expect("after all that");
    expected.sort();
    let mut expected: Vec<_> = expected.into_iter().map(|(_, id, kind)| (kind, id)).collect();
    expected.push((Kind::Reserve, ready.id));
    assert_eq!(written(&w, first), expected);
    w.replays();
}

#[test]
fn a_batch_opens_with_as_many_expiries_as_fit_and_time_decides_meanwhile() {
    let mut w = World::new();
    let root = w.root("alice", 10_000);
    let asks = EXPIRIES_PER_BATCH_MAX + 3;
    let mut ids = Vec::new();
    for part in [BATCH_OPERATIONS_MAX, asks - BATCH_OPERATIONS_MAX] {
        let ready: Vec<_> = (0..part)
            .map(|_| {
                let draft = w.draft_reserve(&w.ask(root, 1), "alice", Vec::new());
                w.ready(&[draft])
            })
            .collect();
        let bytes: Vec<&[u8]> = ready.iter().map(|ready| ready.bytes.as_slice()).collect();
        let now = w.now;
        let answers = w.ledger.submit(&bytes, now).expect("submits");
        assert!(answers.iter().all(|answer| matches!(answer, remit::engine::Answer::Applied(_))));
        ids.extend(ready.iter().map(|ready| ready.id));
    }
    ids.sort();
    w.advance(DAY);
    let first = w.ledger.store().len();
    // The last by id is not written yet when this is decided, and is over all the same.
    let draft = w.draft(w.capture_act(ids[asks - 1], 1, 1), &["hotel"]);
    let late = w.ready(&[draft]);
    assert_eq!(w.raw(&late.bytes), Err(Code::Settled));
    let entries = written(&w, first);
    assert_eq!(entries.len(), EXPIRIES_PER_BATCH_MAX);
    assert_eq!(w.committed(root), 3);
    w.tick();
    let all: Vec<_> = ids.into_iter().map(|id| (Kind::Expiry, id)).collect();
    assert_eq!(written(&w, first), all);
    assert_eq!(w.committed(root), 0);
}

#[test]
fn a_settled_reservation_writes_no_expiry() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let one = w.reserve(root, "alice", 10).expect("held");
    let two = w.reserve(root, "alice", 20).expect("held");
    w.capture(one, 1, 10).expect("all of it");
    w.release(two, None).expect("all of it");
    let first = w.ledger.store().len();
    w.advance(2 * DAY);
    w.tick();
    assert_eq!(written(&w, first), []);
    assert_eq!(w.committed(root), 10);
}
