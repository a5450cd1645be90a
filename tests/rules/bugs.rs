//! One test for each bug that was found in the rules, named after it.

use crate::draft::{signer, signers};
use crate::world::*;
use remit::client::{TokenSpec, budget, carved};
use remit::engine::Answer;
use remit_verifier::code::Code;
use remit_verifier::object::{Act, Budget, Reference};
use remit_verifier::sign::{Draft, DraftBody, submission};
use remit_verifier::types::{Amount, ObjectId, StateIndex};

/// Gross counters near 2^64 let a reserve through whose capture then overflowed: the payee was not paid.
#[test]
fn a_reserve_whose_capture_would_overflow() {
    let mut w = World::new();
    let root = w.root("alice", u64::MAX);
    let held = w.reserve(root, "alice", u64::MAX - 10).expect("with a friendly payee");
    let capture = w.capture(held, 1, u64::MAX - 10).expect("captured");
    w.refund(capture, u64::MAX - 10).expect("refunded");
    assert_eq!(w.committed(root), 0);
    w.refuses(Code::Overflow, |w| w.reserve(root, "alice", 11));
    let held = w.reserve(root, "alice", 10).expect("with an honest one");
    w.capture(held, 1, 10).expect("whom nothing keeps from capturing");
}

/// A carved child that states no bound on refunds had its own total, although a link above allowed less.
#[test]
fn a_carved_child_with_a_wider_default_bound_on_refunds() {
    let mut w = World::new();
    let cny = w.cny;
    let strict = Some(vec![Budget { refundable: Some(Amount(0)), ..budget(cny, Amount(100)) }]);
    let root = w.issue(&TokenSpec { budgets: strict, ..w.spec("alice") }).expect("issued");
    let own = |w: &World, own: Budget| w.inherit("alice", Some(vec![own]));
    let spec = own(&w, carved(cny, Amount(50)));
    w.refuses(Code::WiderThanParent, |w| w.delegate(root, "alice", &spec));
    // Nor through a shared child, whose own refunds still post on the root.
    let shared = w.delegate(root, "alice", &own(&w, budget(cny, Amount(50)))).expect("shared");
    w.refuses(Code::WiderThanParent, |w| w.delegate(shared, "alice", &spec));
    let bound = Budget { refundable: Some(Amount(0)), ..carved(cny, Amount(50)) };
    w.delegate(shared, "alice", &own(&w, bound)).expect("as strict as the root");
}

/// A token carved out of a shared child did not stop a transfer of the token whose value it had taken.
#[test]
fn a_carved_grandchild_under_a_shared_child_and_a_transfer() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let shared = w.delegate(root, "alice", &w.inherit("bob", None)).expect("shared");
    let spec = w.inherit("carol", Some(vec![carved(w.cny, Amount(40))]));
    let own = w.delegate(shared, "bob", &spec).expect("carved");
    let below = w.inherit("dave", Some(vec![carved(w.cny, Amount(10))]));
    let below = w.delegate(own, "carol", &below).expect("carved below");
    w.refuses(Code::CarvedChild, |w| w.transfer(root, "alice", "eve"));
    w.refuses(Code::CarvedChild, |w| w.transfer(shared, "bob", "eve"));
    w.refuses(Code::CarvedChild, |w| w.transfer(own, "carol", "eve"));
    w.revoke(own, 1, "issuer").expect("revoked");
    w.end(own, 1, "issuer").expect("ended");
    w.end(below, 1, "issuer").expect("ended");
    w.transfer(shared, "bob", "eve").expect("none is left");
    w.transfer(root, "alice", "eve").expect("none is left");
}

/// A frozen issuer, whose key may be in wrong hands, resumed tokens and proposed rekeys.
#[test]
fn a_frozen_issuer_resumes_and_rekeys() {
    let mut w = World::new();
    let (issuer, root) = (w.issuer, w.root("alice", 100));
    let suspend = w.suspend(root, 1, "issuer").expect("suspended");
    w.freeze(issuer).expect("frozen");
    w.refuses(Code::PartyFrozen, |w| w.resume(root, 1, "issuer", suspend));
    w.refuses(Code::PartyFrozen, |w| w.rekey(root, 1, "issuer", "eve"));
}

/// A rekey that ran became effective under a freeze, and on tokens that were over.
#[test]
fn a_rekey_becomes_effective_under_a_freeze() {
    let mut w = World::new();
    let (whole, root) = (w.whole(), w.root("alice", 100));
    w.rekey(root, 1, "issuer", "eve").expect("proposed");
    let freeze = w.operate(Act::Freeze { leaf: StateIndex(0), id: whole }).expect("frozen");
    w.advance(2 * DAY);
    w.tick();
    let lift = Act::Unfreeze { leaf: StateIndex(0), id: whole, freeze: Reference::Id(freeze) };
    w.operate(lift).expect("lifted");
    w.refuses(Code::WrongHolder, |w| w.reserve(root, "eve", 1));
    w.reserve(root, "alice", 1).expect("alice holds it");
}

impl World {
    /// Gives a party a second key, `NAME-2`.
    fn second_key(&mut self, name: &str) {
        let other = format!("{name}-2");
        let party = if name == "issuer" { self.issuer } else { self.hotel };
        let (generation, keys) = (self.generation(party), vec![public(name), public(&other)]);
        let act = Act::PartyKeys { party, generation, keys, compromised: Vec::new() };
        self.act(act, &[name, &other]).expect("a second key");
    }

    /// Requires that the payload of an applied draft is refused when others sign it.
    fn again(&mut self, draft: &Draft<'static>, others: &[&str]) {
        let other = Draft { signers: signers(others), ..draft.clone() };
        self.refuses(Code::Replayed, |w| w.apply(&[other]));
    }

    /// Applies a draft, then requires that the same payload by other signers is refused, and its repeat is answered.
    fn once(&mut self, draft: &Draft<'static>, others: &[&str]) -> ObjectId {
        let ready = self.ready(std::slice::from_ref(draft));
        let Answer::Applied(entry) = self.submit(&ready) else { panic!("not applied") };
        self.again(draft, others);
        assert_eq!(self.submit(&ready), Answer::Replayed(entry), "the same bytes get the same answer");
        ready.id
    }
}

/// A payee that tried a release or refund again with its other key gave back twice.
#[test]
fn a_refund_tried_again_with_the_partys_other_key() {
    let mut w = World::new();
    w.second_key("hotel");
    let root = w.root("alice", 100);
    let held = w.reserve(root, "alice", 50).expect("held");
    let release = Act::Release { reserve: Reference::Id(held), amount: Some(Amount(10)) };
    let release = w.draft(release, &["hotel"]);
    w.once(&release, &["hotel-2"]);
    assert_eq!(w.committed(root), 40);
    let capture = w.draft(w.capture_act(held, 1, 30), &["hotel-2"]);
    let capture = w.once(&capture, &["hotel"]);
    let refund = Act::Refund { capture: Reference::Id(capture), amount: Amount(10) };
    let refund = w.draft(refund, &["hotel"]);
    w.once(&refund, &["hotel-2"]);
    assert_eq!(w.counters(root).refunded, 10);
    // Another nonce makes another refund.
    w.refund(capture, 10).expect("meant twice");
    assert_eq!(w.counters(root).refunded, 20);
}

/// An issuer that tried again with its other key had issued two root tokens, suspended what it had resumed, and so on.
#[test]
fn an_issue_tried_again_with_the_issuers_other_key() {
    let mut w = World::new();
    w.second_key("issuer");
    let budgets = Some(vec![budget(w.cny, Amount(100))]);
    let issue = w.draft_root(&TokenSpec { budgets, ..w.spec("alice") }, "issuer");
    let root = w.once(&issue, &["issuer-2"]);
    let suspend = w.draft(Act::Suspend(w.target(root, 1)), &["issuer"]);
    let suspended = w.once(&suspend, &["issuer-2"]);
    w.resume(root, 1, "issuer", suspended).expect("lifted");
    w.again(&suspend, &["issuer-2"]);
    let cut = w.draft(Act::Cut(w.target(root, 1)), &["issuer"]);
    w.once(&cut, &["issuer-2"]);
    assert_eq!(w.generation(root).0, 1);
    let unit = w.draft(Act::Unit { name: "EUR".into(), decimals: 2 }, &["op-1", "op-2"]);
    w.once(&unit, &["op-3", "op-2"]);
}

/// A holder that was rekeyed and signed its delegation again with the new key had two children.
#[test]
fn a_delegation_signed_again_after_a_rekey() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let draft = w.draft_child(root, "alice", &w.inherit("bob", None));
    w.send(std::slice::from_ref(&draft)).expect("delegated");
    w.rekey(root, 2, "alice", "alice-2").expect("rekeyed");
    w.again(&draft, &["alice-2"]);
}

/// In one bundle, where ids are noted together, the same payload by two keys stood twice.
#[test]
fn one_payload_by_two_keys_in_a_bundle() {
    let mut w = World::new();
    w.second_key("hotel");
    let root = w.root("alice", 100);
    let held = w.reserve(root, "alice", 50).expect("held");
    let release = Act::Release { reserve: Reference::Id(held), amount: Some(Amount(10)) };
    let first = w.draft(release, &["hotel"]);
    let second = Draft { signers: vec![signer("hotel-2")], ..first.clone() };
    let bytes = submission(&w.client_ledger(), &[first, second]).expect("signed");
    w.refuses(Code::Replayed, |w| w.raw(&bytes));
    assert_eq!(w.committed(root), 50);
}

/// The same act of another kind is another operation, though its payload has the same bytes.
#[test]
fn one_payload_of_two_kinds_is_two_operations() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let cut = w.draft(Act::Cut(w.target(root, 1)), &["issuer"]);
    let DraftBody::Act(stamp, ..) = cut.body else { panic!("an act") };
    let body = DraftBody::Act(stamp, Act::Revoke(w.target(root, 1)), None);
    let revoke = Draft { body, ..cut.clone() };
    w.send(&[cut]).expect("cut");
    w.send(&[revoke]).expect("revoked");
}
