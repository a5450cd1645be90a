//! A scripted ledger that writes every kind of record, as batches to feed to stores.

use crate::world::{DAY, World};
use remit::client::{TokenSpec, budget, carved};
use remit::engine::Kept;
use remit::store::MemoryStore;
use remit_verifier::log::Entry;
use remit_verifier::object::{Act, Budget, EntryQuota, Reference, Share};
use remit_verifier::types::{Amount, Seconds};

/// Tells the story.
pub fn story() -> World {
    let mut w = World::new();
    let root = w.root("traveller", 100_000);
    let whole = w.inherit("agent", None);
    let child = w.delegate(root, "traveller", &whole).expect("delegated");
    let own = w.inherit("agent", Some(vec![carved(w.cny, Amount(5_000))]));
    let apart = w.delegate(child, "agent", &own).expect("carved");
    spend(&mut w, child);
    offline(&mut w, child);
    control(&mut w, root, child);
    keys(&mut w, child);
    bundle(&mut w, root);
    let entries = Some(EntryQuota { most: 1_000, length: Seconds(DAY) });
    let counting = TokenSpec { entries, ..w.spec("counted") };
    w.issue(&counting).expect("issued");
    assert!(w.reserve(root, "traveller", 100_001).is_err(), "a refusal is an entry");
    let lent = w.root("lender", 7_000);
    w.transfer(lent, "lender", "borrower").expect("transferred");
    w.revoke(apart, 2, "traveller").expect("revoked");
    w.end(apart, 2, "traveller").expect("ended");
    let short =
        TokenSpec { expires: w.seconds(900), ..w.inherit("late", Some(vec![carved(w.cny, Amount(1))])) };
    w.delegate(root, "traveller", &short).expect("carved");
    w.advance(1000);
    w.tick();
    w.advance(DAY);
    w.tick();
    w.advance(2 * DAY);
    w.tick();
    crate::everything::ask(&mut w);
    w
}

fn spend(w: &mut World, token: remit_verifier::types::ObjectId) {
    let first = w.reserve(token, "agent", 300).expect("reserved");
    let taken = w.capture(first, 1, 200).expect("captured");
    w.capture(first, 2, 50).expect("captured");
    w.release(first, Some(20)).expect("released");
    w.refund(taken, 120).expect("refunded");
    let second = w.reserve(token, "agent", 40).expect("reserved");
    w.release(second, None).expect("released");
    w.reserve(token, "agent", 77).expect("reserved, and left to expire");
    assert!(w.reserve(token, "agent", u64::MAX).is_err());
}

fn offline(w: &mut World, token: remit_verifier::types::ObjectId) {
    let total = Budget { total: Some(Amount(90)), share: Share::Shared, ..budget(w.cny, Amount(90)) };
    let spec = TokenSpec { budgets: Some(vec![total]), ..w.half_hour("scout") };
    let (link, object) = w.link(token, token, "agent", &spec);
    let mut ask = w.ask(token, 30);
    ask.token = link;
    w.reserve_ask(&ask, "scout", vec![object]).expect("reserved through a link");
}

fn control(w: &mut World, root: remit_verifier::types::ObjectId, child: remit_verifier::types::ObjectId) {
    let suspended = w.suspend(child, 2, "traveller").expect("suspended");
    w.resume(child, 2, "traveller", suspended).expect("resumed");
    w.suspend(child, 1, "issuer").expect("suspended, and left so for a while");
    let frozen = w.freeze(root).expect("frozen");
    w.unfreeze(root, frozen).expect("unfrozen");
    w.cut(root, 1, "issuer").expect("cut");
}

fn keys(w: &mut World, child: remit_verifier::types::ObjectId) {
    w.rekey(child, 3, "agent", "agent-2").ok();
    w.rekey(child, 2, "traveller", "agent-3").expect("proposed");
}

fn bundle(w: &mut World, root: remit_verifier::types::ObjectId) {
    let ask = w.ask(root, 60);
    let reserve = w.draft_reserve(&ask, "traveller", Vec::new());
    let capture = Act::Capture { reserve: Reference::Member(0), number: 1, amount: Amount(60) };
    let capture = w.draft(capture, &["hotel"]);
    w.apply(&[reserve, capture]).expect("both");
}

/// The batches of a log: the entries up to each commitment.
pub fn batches(log: &MemoryStore) -> Vec<Vec<Kept<'_>>> {
    let mut all = vec![Vec::new()];
    for kept in log.iter() {
        all.last_mut().expect("one").push(kept);
        if matches!(Entry::decode(kept.entry), Ok(Entry::Commitment(_))) {
            all.push(Vec::new());
        }
    }
    all.pop();
    all
}
