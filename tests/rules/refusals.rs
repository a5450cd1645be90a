//! Refusals that are entries: which are, what they show and to whom, and that they move nothing (spec 19).

use crate::draft::*;
use crate::leases::limits;
use crate::world::*;
use remit::client::{Ask, Ready, TokenSpec, budget};
use remit::engine::Answer;
use remit::machine::{Refusal, key as record};
use remit_verifier::code::Code;
use remit_verifier::limits::{REFUSAL_SPAN, REFUSALS_PER_SPAN_MAX};
use remit_verifier::log::{Bound, BoundKind, Common, Details, Entry, Facts, Link, Outcome};
use remit_verifier::object::{Act, ApprovalRule, Budget, Invocation, Kind, Period, Reference, Window};
use remit_verifier::types::{
    Amount, EntryIndex, Hash, Millis, Nonce, ObjectId, RequestId, Rules, Seconds, StateIndex,
};

impl World {
    /// What a submission was refused with.
    pub fn refusal(&mut self, ready: &Ready) -> Refusal {
        match self.submit(ready) {
            Answer::Refused(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }

    /// A reserve, signed and not submitted.
    pub fn drafted(&mut self, token: ObjectId, by: &str, amount: u64) -> Ready {
        let ask = self.ask(token, amount);
        self.drafted_ask(&ask, by, Vec::new())
    }

    fn drafted_ask(&mut self, ask: &Ask, by: &str, links: Vec<Vec<u8>>) -> Ready {
        let draft = self.draft_reserve(ask, by, links);
        self.ready(&[draft])
    }

    fn drafted_act(&mut self, act: Act, by: &str) -> Ready {
        let draft = self.draft(act, &[by]);
        self.ready(&[draft])
    }

    /// The entry of a refusal, with its details.
    fn recorded(&self, refusal: &Refusal) -> (Outcome, Details) {
        let at = refusal.entry.expect("an entry");
        let kept = self.ledger.store().entry(at).expect("kept");
        let Ok(Entry::Outcome(outcome)) = Entry::decode(kept.entry) else { panic!("no outcome") };
        let details = kept.details.expect("kept").clone();
        assert_eq!(outcome.details, details.digest());
        (outcome, details)
    }

    /// The facts of a refusal and its one link part, if it has one.
    fn shown(&self, refusal: &Refusal) -> (Facts, Option<Link>) {
        let (_, details) = self.recorded(refusal);
        let facts = Common::decode(&details.common).expect("a common part").facts;
        let links: Vec<_> = details.links.iter().map(|part| Link::decode(part).expect("a link")).collect();
        assert!(links.len() <= 1 && facts.len() == 1);
        (facts[0], links.into_iter().next())
    }

    /// The number that decided, of the token at `leaf`.
    fn decided(&self, refusal: &Refusal) -> (StateIndex, Bound) {
        let (_, link) = self.shown(refusal);
        let link = link.expect("a link decided");
        assert_eq!(refusal.leaf, Some(link.token));
        (link.token, link.bound.expect("a number decided"))
    }

    fn len(&self) -> u64 {
        self.ledger.store().len()
    }
}

fn bound(what: BoundKind, most: u64, used: u64) -> Bound {
    Bound::new(what, most, used)
}

#[test]
fn a_refused_spend_by_the_holder_is_an_entry_that_moves_nothing() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    w.reserve(root, "alice", 70).expect("70 of 100");
    let (leaf, before, size) = (w.ledger.leaf(&root).expect("a leaf").clone(), w.snapshot(), w.len());
    let ready = w.drafted(root, "alice", 31);
    let refusal = w.refusal(&ready);
    let index = w.index(root);
    let expected =
        Refusal { leaf: Some(index), entry: Some(EntryIndex(size)), ..Refusal::of(Code::AboveTotal) };
    assert_eq!(refusal, expected);
    let (outcome, details) = w.recorded(&refusal);
    assert_eq!(
        (outcome.kind, outcome.id, outcome.refused),
        (Kind::Refusal, ready.id, Some(Code::AboveTotal))
    );
    assert_eq!(w.len(), size + 2, "the refusal and a commitment");
    assert!(*w.ledger.leaf(&root).expect("a leaf") == leaf, "not even its history");
    assert!(w.snapshot() == before);
    assert_eq!(w.ledger.entry_of(&ready.id), None, "its id is not used up");

    // What it says: the common part nothing of the limits, the part of the link that decided its numbers.
    let (facts, link) = w.shown(&refusal);
    let unit = w.index(w.cny);
    let (amount, decided) = (Some(Amount(31)), Some(index));
    assert_eq!(facts, Facts { index: Some(index), amount, unit: Some(unit), decided, ..Facts::default() });
    let link = link.expect("the root decided");
    assert_eq!((link.token, link.bound), (index, Some(bound(BoundKind::Total, 100, 70))));
    assert_eq!(link.values.iter().map(|values| values.counters.reserved).collect::<Vec<_>>(), [70]);
    assert_ne!(link.salt, Hash::default());
    assert_eq!(details.links.len(), 1);
    w.replays();
}

#[test]
fn the_common_part_is_the_same_whatever_the_limits_are() {
    let common = |total: u64, spent: u64| {
        let mut w = World::new();
        let root = w.root("alice", total);
        w.reserve(root, "alice", spent).expect("spent");
        let ready = w.drafted(root, "alice", 1_000);
        let refusal = w.refusal(&ready);
        let (_, details) = w.recorded(&refusal);
        let mut common = Common::decode(&details.common).expect("decodes");
        common.salt = Hash::default();
        common
    };
    assert_eq!(common(100, 70), common(900, 1));
}

#[test]
fn the_numbers_are_those_of_the_link_that_decided_and_of_no_other() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let spec = w.inherit("bob", Some(vec![budget(w.cny, Amount(90))]));
    let child = w.delegate(root, "alice", &spec).expect("delegated");
    w.reserve(root, "alice", 60).expect("60 of 100");
    // The child has 90 of its own; the root, which funds it, has 40 left.
    let ready = w.drafted(child, "bob", 41);
    let refusal = w.refusal(&ready);
    assert_eq!(w.decided(&refusal), (w.index(root), bound(BoundKind::Total, 100, 60)));
    assert_eq!(w.shown(&refusal).0.index, Some(w.index(child)), "the token that was to be spent from");
    let ready = w.drafted(child, "bob", 91);
    let refusal = w.refusal(&ready);
    assert_eq!(w.decided(&refusal).0, w.index(root), "posting begins at the funding token");
    w.replays();
}

#[test]
fn every_number_that_can_decide_is_shown() {
    let mut w = World::new();
    let hour =
        Window { period: Period::Fixed { length: Seconds(3600), anchor: Seconds(0) }, most: Amount(300) };
    let day =
        Window { period: Period::Fixed { length: Seconds(86_400), anchor: Seconds(0) }, most: Amount(400) };
    let sum = Window { period: Period::Month, most: Amount(350) };
    let approval = ApprovalRule {
        k: 1,
        approvers: vec![(&public("ann")).into()],
        thresholds: Some(vec![(w.cny, Amount(150))]),
    };
    let budget = Budget {
        per_use: Some(Amount(200)),
        windows: vec![hour, day],
        cumulative: Some(sum),
        leases: limits(120, 1_800),
        ..budget(w.cny, Amount(1_000))
    };
    let spec = TokenSpec { budgets: Some(vec![budget]), approval: Some(approval), ..w.spec("alice") };
    let root = w.issue(&spec).expect("issued");
    let index = w.index(root);
    let decided = |w: &mut World, ready: Ready, code: Code| {
        let refusal = w.refusal(&ready);
        assert_eq!(refusal.code, code);
        let (leaf, bound) = w.decided(&refusal);
        assert_eq!(leaf, index);
        bound
    };
    let ready = w.drafted(root, "alice", 201);
    assert_eq!(decided(&mut w, ready, Code::AbovePerUse), bound(BoundKind::PerUse, 200, 0));
    let ready = w.drafted(root, "alice", 151);
    assert_eq!(decided(&mut w, ready, Code::ApprovalRequired), bound(BoundKind::Unapproved, 150, 0));
    w.reserve(root, "alice", 150).expect("150 of 300");
    w.reserve(root, "alice", 100).expect("250 of 300");
    let ready = w.drafted(root, "alice", 51);
    assert_eq!(decided(&mut w, ready, Code::AboveWindow), bound(BoundKind::Window, 300, 250));
    w.advance(3_600);
    // The hour begins anew, and the sum of the month goes on.
    let ready = w.drafted(root, "alice", 101);
    assert_eq!(decided(&mut w, ready, Code::ApprovalRequired), bound(BoundKind::Cumulative, 350, 250));
    w.reserve(root, "alice", 100).expect("350 of 400");
    let ready = w.drafted(root, "alice", 51);
    let second = Bound { place: 1, ..bound(BoundKind::Window, 400, 350) };
    assert_eq!(decided(&mut w, ready, Code::AboveWindow), second);
    let terms = remit_verifier::object::Lease { spend_until: w.seconds(1_800), ..w.terms(root, 121) };
    let ready = w.drafted_act(Act::Lease(terms), "alice");
    assert_eq!(decided(&mut w, ready, Code::AboveLeaseLimit), bound(BoundKind::Lease, 120, 0));
    let terms = remit_verifier::object::Lease { spend_until: w.seconds(1_801), ..w.terms(root, 10) };
    let ready = w.drafted_act(Act::Lease(terms), "alice");
    assert_eq!(decided(&mut w, ready, Code::LeaseTooLong), bound(BoundKind::LeaseLength, 1_800, 0));
    w.replays();
}

#[test]
fn requests_and_leases_are_spends_too() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let ask = w.ask(root, 101);
    let requested = ask.requested(w.seconds(DAY)).expect("a payment");
    let ready = w.drafted_act(Act::Request(requested.clone()), "alice");
    let refusal = w.refusal(&ready);
    assert_eq!(w.decided(&refusal), (w.index(root), bound(BoundKind::Total, 100, 0)));
    let terms = w.terms(root, 50);
    let ready = w.drafted_act(Act::Lease(terms), "alice");
    let refusal = w.refusal(&ready);
    assert_eq!((refusal.code, refusal.leaf), (Code::NoLeases, Some(w.index(root))));
    let link = w.shown(&refusal).1.expect("the root decided");
    assert_eq!(link.bound, None, "and no number of it");
    // By somebody else they are nothing.
    for act in [Act::Request(requested), Act::Lease(terms)] {
        let ready = w.drafted_act(act, "bob");
        assert_eq!(w.refusal(&ready).entry, None);
    }
    w.replays();
}

#[test]
fn a_refusal_that_no_token_decided_has_no_link_part() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let frozen = w.freeze(w.hotel).expect("frozen");
    let ready = w.drafted(root, "alice", 1);
    let refusal = w.refusal(&ready);
    assert_eq!((refusal.code, refusal.leaf), (Code::PartyFrozen, Some(w.index(w.hotel))));
    let (facts, link) = w.shown(&refusal);
    assert_eq!((facts.decided, link), (Some(w.index(w.hotel)), None));
    w.unfreeze(w.hotel, frozen).expect("thawed");
    // A unit that is none has no leaf to name.
    let mut ask = w.ask(root, 1);
    ask.payment = ask.payment.map(|payment| remit_verifier::object::Payment { unit: w.hotel, ..payment });
    let ready = w.drafted_ask(&ask, "alice", Vec::new());
    let refusal = w.refusal(&ready);
    assert_eq!(refusal.code, Code::UnknownUnit);
    assert_eq!(w.shown(&refusal).0.unit, None);
    // Nor has one that pays nothing.
    let ask = Ask { payment: None, ..w.ask(root, 1) };
    let ready = w.drafted_ask(&ask, "alice", Vec::new());
    let refusal = w.refusal(&ready);
    assert_eq!((refusal.code, w.shown(&refusal).0.amount), (Code::BadAmount, None));
    w.replays();
}

#[test]
fn a_spend_through_offline_links_is_recorded_on_the_logged_token() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let spec = TokenSpec { budgets: Some(vec![budget(w.cny, Amount(50))]), ..w.half_hour("bob") };
    let (link, bytes) = w.link(root, root, "alice", &spec);
    let ask = Ask { epoch: w.epoch(root), ..w.ask(link, 51) };
    let ready = w.drafted_ask(&ask, "bob", vec![bytes.clone()]);
    let refusal = w.refusal(&ready);
    assert_eq!(refusal.code, Code::AboveTotal);
    let (facts, shown) = w.shown(&refusal);
    assert_eq!((facts.index, shown), (Some(w.index(root)), None), "the link's bound is open in the link");
    w.reserve(root, "alice", 60).expect("60 of 100");
    let ask = Ask { epoch: w.epoch(root), ..w.ask(link, 41) };
    let ready = w.drafted_ask(&ask, "bob", vec![bytes.clone()]);
    let refusal = w.refusal(&ready);
    assert_eq!(w.decided(&refusal), (w.index(root), bound(BoundKind::Total, 100, 60)));
    // By anybody but the last holder it is nothing.
    let ready = w.drafted_ask(&ask, "alice", vec![bytes]);
    assert_eq!(w.refusal(&ready).entry, None);
    w.replays();
}

#[test]
fn what_is_refused_before_the_holder_is_sure_leaves_nothing() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let size = w.len();
    let unlogged = |w: &mut World, ready: &Ready, code: Code| {
        let size = w.len();
        assert_eq!(w.refusal(ready), Refusal { leaf: w.refusal(ready).leaf, ..Refusal::of(code) });
        assert_eq!(w.len(), size + 2, "commitments alone");
    };
    let ready = w.drafted(root, "bob", 101);
    unlogged(&mut w, &ready, Code::WrongHolder);
    let ready = w.drafted(w.cny, "alice", 101);
    unlogged(&mut w, &ready, Code::UnknownToken);
    let mut ask = w.ask(root, 101);
    ask.epoch = remit_verifier::types::Epoch(1);
    let ready = w.drafted_ask(&ask, "alice", Vec::new());
    unlogged(&mut w, &ready, Code::OldEpoch);
    let draft = w.draft_reserve(&w.ask(root, 101), "alice", Vec::new());
    let ready = w.ready(&[until(draft, w.now.seconds())]);
    unlogged(&mut w, &ready, Code::TooLate);
    let suspend = w.suspend(root, 1, "issuer").expect("suspended");
    let ready = w.drafted(root, "alice", 101);
    unlogged(&mut w, &ready, Code::Suspended);
    w.resume(root, 1, "issuer", suspend).expect("resumed");
    let whole = w.whole();
    let frozen = w.freeze(whole).expect("frozen");
    let ready = w.drafted(root, "alice", 101);
    unlogged(&mut w, &ready, Code::LedgerFrozen);
    w.unfreeze(whole, frozen).expect("thawed");
    // Nor what is no spend, and no bundle.
    let act = w.capture_act(root, 1, 1);
    let ready = w.drafted_act(act, "hotel");
    unlogged(&mut w, &ready, Code::UnknownReservation);
    let two = [
        w.draft_reserve(&w.ask(root, 60), "alice", Vec::new()),
        w.draft_reserve(&w.ask(root, 60), "alice", Vec::new()),
    ];
    let ready = w.ready(&two);
    let refusal = w.refusal(&ready);
    assert_eq!((refusal.code, refusal.member, refusal.entry), (Code::AboveTotal, 1, None));
    w.revoke(root, 1, "issuer").expect("revoked");
    let ready = w.drafted(root, "alice", 101);
    unlogged(&mut w, &ready, Code::Revoked);
    assert!(w.len() > size);
    assert_eq!(w.ledger.store().state().get(&record::RefusalsOf(w.index(root))), None);
    w.replays();
}

#[test]
fn the_same_bytes_have_the_same_entry_until_they_are_admitted() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let held = w.reserve(root, "alice", 70).expect("70 of 100");
    let ready = w.drafted(root, "alice", 31);
    let refusal = w.refusal(&ready);
    let size = w.len();
    assert_eq!(w.refusal(&ready), refusal, "refused for the same reason");
    assert_eq!(w.len(), size + 1, "a commitment alone");
    // For another reason it has none: one signature is one entry, whoever sends it on.
    let frozen = w.freeze(w.hotel).expect("frozen");
    let other = w.refusal(&ready);
    assert_eq!((other.code, other.entry), (Code::PartyFrozen, None));
    w.unfreeze(w.hotel, frozen).expect("thawed");
    assert_eq!(w.refusal(&ready), refusal, "the first one is remembered");
    // And once nothing is in the way any more, it is done.
    w.release(held, None).expect("released");
    let Answer::Applied(entry) = w.submit(&ready) else { panic!("not applied") };
    assert_eq!(w.submit(&ready), Answer::Replayed(entry));
    assert_eq!(w.counters(root).reserved, 31);
    w.replays();
}

#[test]
fn a_refusal_is_bounded_by_the_window_of_its_bytes() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let ready = w.drafted(root, "alice", 101);
    let refusal = w.refusal(&ready);
    w.advance(61);
    let late = w.refusal(&ready);
    assert_eq!((late.code, late.entry), (Code::TooLate, None));
    assert_eq!(w.recorded(&refusal).0.id, ready.id, "its entry stands all the same");
}

#[test]
fn so_many_refusals_of_a_root_are_entries_in_an_hour_and_no_more() {
    let mut w = World::new();
    let start = w.now.seconds().start_of(REFUSAL_SPAN);
    let root = w.root("alice", 100);
    let spec = w.inherit("eve", None);
    let child = w.delegate(root, "alice", &spec).expect("delegated");
    let other = w.root("bob", 100);
    // A sub-agent that goes on asking burns what its own root has.
    for _ in 0..REFUSALS_PER_SPAN_MAX {
        let ready = w.drafted(child, "eve", 101);
        assert!(w.refusal(&ready).entry.is_some());
    }
    let over = w.drafted(root, "alice", 101);
    let refusal = w.refusal(&over);
    assert_eq!((refusal.code, refusal.entry), (Code::AboveTotal, None), "refused, and no entry");
    let size = w.len();
    w.refusal(&over);
    assert_eq!(w.len(), size + 1, "a commitment alone");
    let ready = w.drafted(other, "bob", 101);
    assert!(w.refusal(&ready).entry.is_some(), "another root has its own");
    // What is good is as good as ever.
    w.reserve(child, "eve", 1).expect("within the total");
    // The span ends with its last millisecond.
    w.now = Millis((start.0 + REFUSAL_SPAN.0) * 1000 - 1);
    let ready = w.drafted(child, "eve", 101);
    assert_eq!(w.refusal(&ready).entry, None);
    w.now = Millis((start.0 + REFUSAL_SPAN.0) * 1000);
    assert!(w.refusal(&ready).entry.is_some(), "and the next begins with the second after it");
    w.replays();
}

#[test]
fn a_refusal_has_the_quota_of_the_whole_chain_not_of_its_token() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let ready = w.drafted(root, "alice", 101);
    w.refusal(&ready);
    let tally = *w.ledger.store().state().get(&record::RefusalsOf(w.index(root))).expect("counted");
    assert_eq!((tally.start, tally.count), (w.now.seconds().start_of(REFUSAL_SPAN), 1));
    let spec = w.inherit("bob", None);
    let child = w.delegate(root, "alice", &spec).expect("delegated");
    let ready = w.drafted(child, "bob", 101);
    w.refusal(&ready);
    assert_eq!(w.ledger.store().state().get(&record::RefusalsOf(w.index(child))), None);
    assert_eq!(w.ledger.store().state().get(&record::RefusalsOf(w.index(root))).expect("counted").count, 2);
}

#[test]
fn several_refusals_in_one_batch_stand_in_their_order() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let ready: Vec<_> = [60, 60, 60, 40].map(|amount| w.drafted(root, "alice", amount)).into();
    let bytes: Vec<&[u8]> = ready.iter().map(|ready| ready.bytes.as_slice()).collect();
    let size = w.len();
    let answers = w.ledger.submit(&bytes, w.now).expect("submits");
    let entries: Vec<_> = answers
        .iter()
        .map(|answer| match answer {
            Answer::Applied(entry) => (true, *entry),
            Answer::Refused(refusal) => (false, refusal.entry.expect("an entry")),
            Answer::Replayed(_) => panic!("fresh"),
        })
        .collect();
    let at = |offset: u64| EntryIndex(size + offset);
    assert_eq!(entries, [(true, at(0)), (false, at(1)), (false, at(2)), (true, at(3))]);
    w.replays();
}

#[test]
fn rules_version_2_records_no_refusals_until_the_operators_upgrade() {
    let mut w = World::of_rules("remit.example/two", Rules(2));
    let root = w.root("alice", 100);
    let ready = w.drafted(root, "alice", 101);
    let size = w.len();
    assert_eq!(w.refusal(&ready).entry, None);
    assert_eq!(w.len(), size + 1);
    w.operate(Act::Upgrade { rules: Rules(3) }).expect("upgraded");
    assert!(w.refusal(&ready).entry.is_some());
    w.replays();
}

#[test]
fn a_refusal_is_no_capture_and_no_reservation() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let ready = w.drafted(root, "alice", 101);
    w.refusal(&ready);
    assert_eq!(w.ledger.reservation(&ready.id), None);
    let capture = Act::Capture { reserve: Reference::Id(ready.id), number: 1, amount: Amount(1) };
    w.refuses(Code::UnknownReservation, |w| w.act(capture, &["hotel"]));
}

/// Whoever passes a spend on can put approvals beside it; what they are worth is no refusal of the holder's.
#[test]
fn what_travels_beside_a_spend_writes_nothing_in_the_holders_name() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let ask = w.ask(root, 10);
    let invocation = w.client.invocation(w.now, &ask).expect("a draft");
    let until = Seconds(w.now.seconds().0 + DAY);
    let junk = w.client.approval(RequestId([7; 32]), until, &key("mallory")).expect("signed").1;
    let signer = key("alice");
    let draft = w.client.reserve_approved(invocation.clone(), vec![junk], &signer);
    let ready = w.ready(&[draft]);
    let refusal = w.refusal(&ready);
    assert_eq!((refusal.code, refusal.entry), (Code::UnknownRequest, None));
    let plain = w.client.reserve(invocation, Vec::new(), &signer);
    let plain = w.ready(&[plain]);
    assert!(matches!(w.submit(&plain), Answer::Applied(_)), "nothing was used up");
    // And of a spend that names a request: at most one entry, whatever is put beside it.
    let ask = w.ask(root, 1_000);
    let invocation = w.client.invocation(w.now, &ask).expect("a draft");
    let invocation = Invocation { request_nonce: Some(Nonce([3; 16])), ..invocation };
    let request = invocation.request_id(&w.ledger.id()).expect("it names one");
    let entries = |w: &World| w.ledger.store().state().get(&record::RefusalsOf(w.index(root))).copied();
    for (of, by) in [(request, "mallory"), (RequestId([7; 32]), "mallory")] {
        let junk = w.client.approval(of, until, &key(by)).expect("signed").1;
        let ready = w.client.reserve_approved(invocation.clone(), vec![junk], &signer);
        let ready = w.ready(&[ready]);
        assert_eq!(w.refusal(&ready).entry, None);
    }
    assert_eq!(entries(&w), None);
    let alone = w.client.reserve(invocation, Vec::new(), &signer);
    let alone = w.ready(&[alone]);
    assert!(w.refusal(&alone).entry.is_some(), "the holder's own: above the total");
    assert_eq!(entries(&w).map(|tally| tally.count), Some(1));
    w.replays();
}

/// The same bytes, refused and then applied: what was decided is that they were applied.
#[test]
fn a_request_that_was_refused_first_is_decided_by_what_applied_it() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let held = w.reserve(root, "alice", 70).expect("70 of 100");
    let requested = w.asking(root, 31);
    let ready = w.drafted_act(Act::Request(requested), "alice");
    let refusal = w.refusal(&ready);
    let decided = |w: &World| w.ledger.snapshot().decision(&ready.id).expect("decided");
    assert_eq!(decided(&w), (refusal.entry.expect("an entry"), Some(Code::AboveTotal)));
    w.release(held, None).expect("released");
    let Answer::Applied(entry) = w.submit(&ready) else { panic!("applied") };
    assert_eq!(decided(&w), (entry, None));
}
