//! Quotas of entries: what counts, what is stopped by them, and what never is (spec 19 §5).

use crate::world::*;
use remit::client::{TokenSpec, budget, carved};
use remit::machine::{Key, key as record};
use remit_verifier::code::Code;
use remit_verifier::limits::{REFUSALS_PER_SPAN_MAX, WINDOW_LENGTH_MAX, WINDOW_LENGTH_MIN};
use remit_verifier::log::{BoundKind, Entry, Link};
use remit_verifier::object::{Act, EntryQuota, Kind, Token};
use remit_verifier::types::{Amount, EntryIndex, Millis, ObjectId, Rules, Seconds};

const HOUR: Seconds = Seconds(3600);

impl World {
    /// A root of 1 000 CNY that counts entries, its own issue among them.
    fn counting(&mut self, most: u64) -> ObjectId {
        self.counting_for("alice", EntryQuota { most, length: HOUR }).expect("issued")
    }

    fn counting_for(&mut self, holder: &str, quota: EntryQuota) -> Result<ObjectId, Code> {
        let budgets = Some(vec![budget(self.cny, Amount(1_000))]);
        let spec = TokenSpec { budgets, entries: Some(quota), ..self.spec(holder) };
        self.issue(&spec)
    }

    /// How many entries a root has counted in its newest span.
    fn counted(&self, root: ObjectId) -> Option<u64> {
        let state = self.ledger.store().state();
        state.get(&record::EntriesOf(self.index(root))).map(|tally| tally.count)
    }
}

#[test]
fn the_border_is_a_number_and_a_millisecond() {
    let mut w = World::new();
    let start = w.now.seconds().start_of(HOUR);
    let root = w.counting(3);
    assert_eq!(w.counted(root), Some(1), "its own issue");
    w.reserve(root, "alice", 1).expect("the second");
    w.reserve(root, "alice", 1).expect("the third");
    w.refuses(Code::AboveEntries, |w| w.reserve(root, "alice", 1));
    w.now = Millis((start.0 + HOUR.0) * 1000 - 1);
    w.refuses(Code::AboveEntries, |w| w.reserve(root, "alice", 1));
    w.now = Millis((start.0 + HOUR.0) * 1000);
    w.reserve(root, "alice", 1).expect("a new span");
    assert_eq!(w.counted(root), Some(1));
    w.replays();
}

#[test]
fn a_refusal_by_the_quota_says_which_number_decided() {
    let mut w = World::new();
    let root = w.counting(2);
    let ready = w.drafted(root, "alice", 1_001);
    assert_eq!(w.refusal(&ready).code, Code::AboveTotal);
    assert_eq!(w.counted(root), Some(1), "a refusal is none of them");
    w.reserve(root, "alice", 1).expect("the second");
    let ready = w.drafted(root, "alice", 1);
    let refusal = w.refusal(&ready);
    assert_eq!((refusal.code, refusal.leaf), (Code::AboveEntries, Some(w.index(root))));
    let kept = w.ledger.store().entry(refusal.entry.expect("an entry")).expect("kept");
    let bound = Link::decode(&kept.details.expect("kept").links[0]).expect("a link").bound.expect("a number");
    assert_eq!((bound.what, bound.most, bound.used), (BoundKind::Entries, 2, 2));
    assert_eq!(w.counted(root), Some(2), "recorded within the quota of refusals");
    // It is the last that is asked: whatever else is wrong is said first.
    w.refuses(Code::AboveTotal, |w| w.reserve(root, "alice", 1_001));
    w.replays();
}

/// A sub-agent with nothing to spend was refused until its root could begin nothing more.
#[test]
fn refusals_use_up_no_entries_of_the_root() {
    let mut w = World::new();
    let root = w.counting(4);
    let budgets = Some(vec![budget(w.cny, Amount(1))]);
    let child = w.delegate(root, "alice", &w.inherit("eve", budgets)).expect("delegated");
    let all = REFUSALS_PER_SPAN_MAX;
    for _ in 0..all {
        let ready = w.drafted(child, "eve", 2);
        assert!(w.refusal(&ready).entry.is_some());
    }
    let ready = w.drafted(child, "eve", 2);
    assert_eq!(w.refusal(&ready).entry, None, "they have a bound of their own");
    assert_eq!(w.counted(root), Some(2), "its own issue, and the child's");
    w.reserve(root, "alice", 1).expect("the third");
    w.reserve(child, "eve", 1).expect("the fourth");
    w.refuses(Code::AboveEntries, |w| w.reserve(root, "alice", 1));
    w.replays();
}

#[test]
fn everything_below_the_root_counts_and_is_stopped() {
    let mut w = World::new();
    let root = w.counting(5);
    let other = w.counting_for("zoe", EntryQuota { most: 5, length: HOUR }).expect("issued");
    let spec = w.inherit("bob", Some(vec![carved(w.cny, Amount(100))]));
    let child = w.delegate(root, "alice", &spec).expect("delegated");
    let below = w.delegate(child, "bob", &w.inherit("carol", None)).expect("delegated");
    let held = w.reserve(below, "carol", 10).expect("the fourth");
    let link = w.link(below, below, "carol", &w.half_hour("dan"));
    let mut ask = w.ask(link.0, 10);
    ask.epoch = w.epoch(below);
    w.reserve_ask(&ask, "dan", vec![link.1.clone()]).expect("the fifth");
    // A sub-agent has used it up, for all of this root and for no other.
    w.refuses(Code::AboveEntries, |w| w.reserve(root, "alice", 1));
    w.refuses(Code::AboveEntries, |w| w.reserve_ask(&ask, "dan", vec![link.1]));
    w.reserve(other, "zoe", 1).expect("of another root");
    assert_eq!(w.counted(other), Some(2));
    w.capture(held, 1, 10).expect("what is begun goes on");
    w.replays();
}

#[test]
fn nothing_new_is_begun_and_everything_else_goes_on() {
    let mut w = World::new();
    let root = w.counting_for("alice", EntryQuota { most: 5, length: Seconds(30 * DAY) }).expect("issued");
    let spec = w.inherit("bob", Some(vec![carved(w.cny, Amount(100))]));
    let child = w.delegate(root, "alice", &spec).expect("delegated");
    let held = w.reserve(root, "alice", 30).expect("reserved");
    let other = w.reserve(child, "bob", 30).expect("reserved");
    let taken = w.capture(held, 1, 10).expect("captured");
    assert_eq!(w.counted(root), Some(5));
    w.refuses(Code::AboveEntries, |w| w.reserve(root, "alice", 1));
    w.refuses(Code::AboveEntries, |w| w.delegate(root, "alice", &w.inherit("carol", None)));
    w.refuses(Code::AboveEntries, |w| w.rekey(root, 2, "alice", "new alice"));
    // What was begun is brought to its end.
    w.capture(held, 2, 5).expect("captured");
    w.release(held, None).expect("released");
    w.refund(taken, 10).expect("refunded");
    w.release(other, None).expect("released");
    w.refuses(Code::AboveEntries, |w| w.transfer(child, "bob", "carol"));
    // Whoever is above stops it, and takes it back.
    let suspend = w.suspend(child, 2, "alice").expect("suspended");
    w.resume(child, 2, "alice", suspend).expect("resumed");
    w.cut(root, 2, "alice").expect("cut");
    w.rekey(root, 1, "issuer", "newer alice").expect("proposed from above");
    w.revoke(child, 2, "alice").expect("revoked");
    w.end(child, 2, "alice").expect("ended");
    let frozen = w.freeze(root).expect("frozen");
    w.unfreeze(root, frozen).expect("thawed");
    w.advance(2 * DAY);
    w.tick();
    assert_eq!(w.generation(root).0, 2, "cut, and rekeyed when the delay was over");
    assert_eq!(w.counted(root), Some(5 + 4 + 8 + 1), "not the refused reserve, and the rekey that was due");
    w.replays();
}

#[test]
fn leases_and_requests_are_begun_within_the_quota_too() {
    let mut w = World::new();
    let quota = Some(EntryQuota { most: 1, length: HOUR });
    let spec = TokenSpec { budgets: Some(vec![w.leasing()]), entries: quota, ..w.spec("alice") };
    let root = w.issue(&spec).expect("issued");
    w.refuses(Code::AboveEntries, |w| w.lease(root, "alice", 10));
    let requested = w.asking(root, 10);
    w.refuses(Code::AboveEntries, |w| w.act(Act::Request(requested.clone()), &["alice"]));
    w.refuses(Code::AboveEntries, |w| w.ask_for(&w.terms(root, 10), "alice"));
    w.advance(HOUR.0);
    w.lease(root, "alice", 10).expect("a new span");
    w.replays();
}

#[test]
fn a_bundle_counts_once_for_each_root() {
    let mut w = World::new();
    let (one, two) = (w.counting(2), w.counting(2));
    let drafts = [one, one, two].map(|root| w.draft_reserve(&w.ask(root, 1), "alice", Vec::new()));
    w.send(&drafts).expect("one entry");
    assert_eq!((w.counted(one), w.counted(two)), (Some(2), Some(2)));
    let drafts = [one, two].map(|root| w.draft_reserve(&w.ask(root, 1), "alice", Vec::new()));
    let ready = w.ready(&drafts);
    assert_eq!(w.refusal(&ready).code, Code::AboveEntries);
    w.replays();
}

#[test]
fn a_bundle_over_two_branches_of_a_root_counts_once() {
    let mut w = World::new();
    let root = w.counting(10);
    let branches = ["bob", "carol"].map(|holder| {
        let spec = w.inherit(holder, None);
        (w.delegate(root, "alice", &spec).expect("delegated"), holder)
    });
    let before = w.counted(root).expect("it counts");
    let drafts = branches.map(|(token, holder)| w.draft_reserve(&w.ask(token, 1), holder, Vec::new()));
    w.send(&drafts).expect("one entry");
    assert_eq!(w.counted(root), Some(before + 1));
    w.replays();
}

#[test]
fn what_the_ledger_writes_counts() {
    let mut w = World::new();
    let root = w.counting_for("alice", EntryQuota { most: 2, length: Seconds(30 * DAY) }).expect("issued");
    w.reserve(root, "alice", 1).expect("the second");
    w.advance(2 * DAY);
    w.tick();
    let kept = w.ledger.store().entry(w.last_entry()).expect("kept");
    assert!(matches!(Entry::decode(kept.entry), Ok(Entry::Outcome(outcome)) if outcome.kind == Kind::Expiry));
    assert_eq!(w.counted(root), Some(3));
    w.replays();
}

#[test]
fn without_the_claim_nothing_is_counted() {
    let mut w = World::new();
    let root = w.root("alice", 1_000);
    for _ in 0..20 {
        w.reserve(root, "alice", 1).expect("reserved");
    }
    let counts = w.ledger.store().state().iter().any(|(key, _)| matches!(key, Key::EntriesOf(_)));
    assert!(!counts);
    assert_eq!(w.last_entry(), EntryIndex(w.ledger.store().len() - 2));
}

#[test]
fn rules_version_2_counts_no_entries_until_the_operators_upgrade() {
    let mut w = World::of_rules("remit.example/two", Rules(2));
    let quota = EntryQuota { most: 2, length: HOUR };
    w.refuses(Code::NotEnabled, |w| w.counting_for("alice", quota));
    w.operate(Act::Upgrade { rules: Rules(3) }).expect("upgraded");
    w.counting_for("alice", quota).expect("issued");
    w.replays();
}

#[test]
fn a_quota_is_at_least_one_entry_and_within_the_bounds_of_spans() {
    let w = World::new();
    let spec = w.spec("alice");
    let token = |entries| Token {
        expires: spec.expires,
        not_before: None,
        nonce: remit_verifier::types::Nonce([7; 16]),
        holder: (&spec.holder).into(),
        valid_until: spec.expires,
        bundle: None,
        origin: remit_verifier::object::Origin::Root { issuer: w.issuer },
        permissions: None,
        delegation: None,
        transferable: None,
        max_staleness: None,
        sealed: Some(remit_verifier::types::Hash([1; 32])),
        budgets: None,
        approval: None,
        entries,
    };
    let decoded = |most, length| Token::decode(&token(Some(EntryQuota { most, length })).encode()).is_ok();
    assert!(decoded(1, WINDOW_LENGTH_MIN) && decoded(u64::MAX, WINDOW_LENGTH_MAX));
    assert!(!decoded(0, WINDOW_LENGTH_MIN));
    assert!(!decoded(1, Seconds(WINDOW_LENGTH_MIN.0 - 1)));
    assert!(!decoded(1, Seconds(WINDOW_LENGTH_MAX.0 + 1)));
    let parent = remit_verifier::object::Origin::Logged { parent: w.cny, epoch: Default::default() };
    let child = Token { origin: parent, ..token(Some(EntryQuota { most: 1, length: HOUR })) };
    assert!(Token::decode(&child.encode()).is_err(), "roots alone count");
    assert!(Token::decode(&Token { entries: None, ..child }.encode()).is_ok());
}
