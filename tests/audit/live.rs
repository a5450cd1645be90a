//! What something live refers to is kept, as long as it lives.

use crate::story::{everything, waiting_lease};
use crate::world::{DAY, World, public};
use remit::audit::Live;
use remit_verifier::object::{Act, Offer, Price, Reference};
use remit_verifier::types::{Amount, EntryIndex, Epoch, Millis, ObjectId, Seconds};

/// The entry that applied an operation.
fn entry(w: &World, id: &ObjectId) -> EntryIndex {
    w.ledger.store().entry_of(id).expect("applied")
}

/// Whether what stands beside the entry of an operation is kept.
fn kept(w: &World, id: &ObjectId) -> bool {
    needs(w, entry(w, id))
}

fn needs(w: &World, at: EntryIndex) -> bool {
    let kept = w.ledger.store().entry(at).expect("there");
    Live::of(w.ledger.store().state(), w.now).needs(at, kept.entry, kept.object)
}

#[test]
fn what_is_live_is_kept_and_what_is_over_is_not() {
    let mut w = World::new();
    let root = w.root("alice", 1_000);
    let spec = w.inherit("bob", None);
    let child = w.delegate(root, "alice", &spec).expect("delegated");
    let open = w.reserve(child, "bob", 40).expect("reserved");
    assert!(kept(&w, &root) && kept(&w, &child) && kept(&w, &open));
    let captured = w.capture(open, 1, 30).expect("captured");
    assert!(kept(&w, &open) && !kept(&w, &captured), "a capture has nothing that is looked for");
    w.release(open, None).expect("released");
    assert!(!kept(&w, &open), "nothing is left of it");
    // What suspends a token is named by what resumes it.
    let suspend = w.act(Act::Suspend(w.target(child, 2)), &["alice"]).expect("suspended");
    assert!(kept(&w, &suspend) && kept(&w, &child), "a token that is suspended lives");
    let resume = Act::Resume { target: w.target(child, 2), suspend: Reference::Id(suspend) };
    let resume = w.act(resume, &["alice"]).expect("resumed");
    assert!(!kept(&w, &suspend) && !kept(&w, &resume));
    // A parent that is over is shown with the child that is not.
    w.act(Act::Revoke(w.target(root, 1)), &["issuer"]).expect("revoked");
    assert!(kept(&w, &root) && kept(&w, &child));
    w.act(Act::Revoke(w.target(child, 2)), &["alice"]).expect("revoked");
    assert!(!kept(&w, &root) && !kept(&w, &child));
}

#[test]
fn a_token_is_kept_to_its_last_moment() {
    let mut w = World::new();
    let root = w.root("alice", 1_000);
    let expires = w.ledger.leaf(&root).expect("a leaf").leaf.token().expect("a token").expires;
    w.now = Millis(expires.0 * 1_000 - 1);
    let last = kept(&w, &root);
    w.now = Millis(expires.0 * 1_000);
    assert_eq!((last, kept(&w, &root)), (true, false), "a millisecond before its end, and at it");
    // What is open on it is its payee's until then.
    let mut w = World::new();
    let root = w.root("alice", 1_000);
    w.advance(7 * DAY - 10);
    let open = w.reserve(root, "alice", 40).expect("reserved");
    w.advance(100);
    assert!(kept(&w, &root) && kept(&w, &open), "the token has expired, and something is open");
}

#[test]
fn what_waits_is_kept_with_what_was_said_to_it() {
    let mut w = World::new();
    let (terms, request) = waiting_lease(&mut w);
    let asked = w.last_entry();
    let approve = w.act(Act::Approve { request }, &["ann"]).expect("approved");
    assert!(needs(&w, asked) && kept(&w, &approve));
    let alice = crate::world::key("alice");
    let draft = w.client.lease_approved(w.now, terms, Vec::new(), &alice).expect("drafted");
    let lease = w.apply(&[draft]).expect("opened").id;
    assert!(!needs(&w, asked) && !kept(&w, &approve), "it was carried out");
    assert!(kept(&w, &lease), "its proof is made of it");
    w.act(Act::LeaseClose { lease: Reference::Id(lease) }, &["hotel"]).expect("given back");
    assert!(!kept(&w, &lease));
}

#[test]
fn an_offer_and_a_rekey_are_kept_as_long_as_they_stand() {
    let mut w = World::new();
    let token = w.root("alice", 1_000);
    let until = Seconds(w.now.seconds().0 + 3_600);
    let price = Some(Price { amount: Amount(20), payee: w.hotel, unit: w.cny, until });
    let offer = |price| Act::Offer(Offer { token, epoch: Epoch(0), price });
    let standing = w.act(offer(price), &["alice"]).expect("offered");
    assert!(kept(&w, &standing));
    let withdrawn = w.act(offer(None), &["alice"]).expect("withdrawn");
    assert!(!kept(&w, &standing) && !kept(&w, &withdrawn));
    let rekey = Act::Rekey { target: w.target(token, 1), holder: public("alice-2") };
    let rekey = w.act(rekey, &["issuer", "alice-2"]).expect("proposed");
    assert!(kept(&w, &rekey));
    w.act(Act::Veto { token, rekey: Reference::Id(rekey) }, &["alice"]).expect("vetoed");
    w.act(Act::Revoke(w.target(token, 1)), &["issuer"]).expect("revoked");
    assert!(!kept(&w, &rekey));
}

#[test]
fn what_made_somebody_the_holder_is_kept_as_long_as_the_token_lives() {
    let mut w = World::new();
    let token = w.root("alice", 1_000);
    let (alice, bob) = (crate::world::key("alice"), crate::world::key("bob"));
    let transfer = w.client.transfer(w.now, token, Epoch(0), (&alice, &bob)).expect("drafted");
    let transfer = w.apply(&[transfer]).expect("transferred").id;
    let rekey = Act::Rekey { target: w.target(token, 2), holder: public("bob-2") };
    let rekey = w.act(rekey, &["bob", "bob-2"]).expect("by the holder");
    assert!(kept(&w, &transfer) && kept(&w, &rekey), "the token is found by its holder");
    w.act(Act::Revoke(w.target(token, 1)), &["issuer"]).expect("revoked");
    assert!(!kept(&w, &transfer) && !kept(&w, &rekey));
}

#[test]
fn who_is_who_is_never_forgotten() {
    let mut w = everything();
    w.advance(1_000 * DAY);
    let live = Live::of(w.ledger.store().state(), w.now);
    let mut kinds = std::collections::BTreeSet::new();
    for (at, kept) in (0..).map(EntryIndex).zip(w.ledger.store().iter()) {
        if live.needs(at, kept.entry, kept.object)
            && let Some(object) = kept.object
        {
            let submission = remit_verifier::object::Submission::decode(object).expect("decodes");
            kinds.insert(submission.kind().text());
        }
    }
    // Whatever is open was due long ago, and has not been written yet.
    let open = ["reserve", "lease", "issue", "delegate", "bundle", "offer", "request", "approve"];
    let named: Vec<&str> = kinds.into_iter().filter(|kind| !open.contains(kind)).collect();
    assert_eq!(named, ["issuer", "party", "party_keys", "unit", "upgrade"]);
}
