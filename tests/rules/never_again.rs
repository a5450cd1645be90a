//! Bugs that others had with budgets and mandates, each by the name under which it is known, and what holds it here.

use crate::world::*;
use remit::client::{TokenSpec, budget, carved};
use remit::engine::Answer;
use remit_verifier::code::Code;
use remit_verifier::object::{Act, Budget, Invocation, Payment, Period, Position, Reference, Target, Window};
use remit_verifier::sign::Draft;
use remit_verifier::types::{Amount, ObjectId, Seconds};

/// A root of 100 for alice.
fn hundred() -> (World, ObjectId) {
    let mut w = World::new();
    let root = w.root("alice", 100);
    (w, root)
}

/// Two who look at the same balance before either has spent.
#[test]
fn check_then_act_race() {
    let (mut w, root) = hundred();
    let signer = key("alice");
    let ready: Vec<_> = (0..2)
        .map(|_| {
            let invocation = w.client.invocation(w.now, &w.ask(root, 60)).expect("a draft");
            w.client.ready(&[w.client.reserve(invocation, Vec::new(), &signer)]).expect("signed")
        })
        .collect();
    let both: Vec<&[u8]> = ready.iter().map(|one| one.bytes.as_slice()).collect();
    let answers = w.ledger.submit(&both, w.now).expect("in one batch");
    assert!(matches!(answers[0], Answer::Applied(_)), "{answers:?}");
    assert!(!matches!(answers[1], Answer::Applied(_)), "{answers:?}");
    assert_eq!(w.committed(root), 60);
}

/// What is held, waits or is leased is spoken for, though nobody was paid.
#[test]
fn holds_not_counted() {
    let mut w = World::new();
    let root = w.root_with(w.leasing(), "alice");
    w.reserve(root, "alice", 600).expect("held");
    w.lease(root, "alice", 300).expect("leased");
    assert_eq!(w.counters(root).captured, 0, "nobody was paid");
    assert_eq!(w.reserve(root, "alice", 101), Err(Code::AboveTotal));
    w.reserve(root, "alice", 100).expect("what is left");
}

/// A cap in one currency is no cap in another, and no leave to spend there.
#[test]
fn currency_mismatch_skips_the_cap() {
    let mut w = World::new();
    let (cny, usd) = (w.cny, w.usd);
    let both = vec![budget(cny, Amount(100)), budget(usd, Amount(5))];
    let both = w.issue(&TokenSpec { budgets: Some(both), ..w.spec("alice") }).expect("issued");
    let only = w.root("bob", 100);
    let ask = |w: &World, token, amount| {
        let payment = Payment { unit: usd, ..w.payment(amount) };
        remit::client::Ask { payment: Some(payment), ..w.ask(token, amount) }
    };
    let asked = ask(&w, only, 1);
    assert_eq!(w.reserve_ask(&asked, "bob", Vec::new()), Err(Code::UnitNotBudgeted));
    let asked = ask(&w, both, 6);
    assert_eq!(w.reserve_ask(&asked, "alice", Vec::new()), Err(Code::AboveTotal), "CNY lend nothing to USD");
    let asked = ask(&w, both, 5);
    w.reserve_ask(&asked, "alice", Vec::new()).expect("its own cap");
    assert_eq!(w.committed(both), 0, "and CNY are untouched");
}

/// A hold whose payee never comes back is not held for ever, whatever became of the token.
#[test]
fn orphan_holds() {
    let (mut w, root) = hundred();
    let child = w.inherit("bob", Some(vec![carved(w.cny, Amount(40))]));
    let child = w.delegate(root, "alice", &child).expect("carved");
    w.reserve(child, "bob", 40).expect("held");
    w.reserve(root, "alice", 60).expect("held");
    let target = w.target(child, 2);
    w.act(Act::Revoke(target), &["alice"]).expect("revoked");
    w.act(Act::End(target), &["alice"]).expect("ended");
    assert_eq!(w.committed(root), 100);
    w.advance(DAY);
    w.tick();
    assert_eq!(w.committed(root), 0, "all came back, through the ended child too");
    w.replays();
}

/// A capture or refund that is sent again, or made again with a new nonce, counts once.
#[test]
fn double_commit_and_double_refund() {
    let (mut w, root) = hundred();
    let reserve = w.reserve(root, "alice", 50).expect("held");
    let capture = w.capture(reserve, 1, 50).expect("captured");
    assert!(w.capture(reserve, 1, 50).is_err(), "the number is used");
    assert_eq!(w.capture(reserve, 2, 1), Err(Code::AboveReserved));
    w.refund(capture, 50).expect("refunded");
    assert_eq!(w.refund(capture, 1), Err(Code::AboveCaptured));
    assert_eq!((w.counters(root).captured, w.counters(root).refunded, w.committed(root)), (50, 50, 0));
}

/// No sum wraps: what does not fit is refused, and what fits can be captured.
#[test]
fn overflow_wrap() {
    let mut w = World::new();
    let root = w.root("alice", u64::MAX);
    w.reserve(root, "alice", u64::MAX).expect("all there is");
    assert!(matches!(w.reserve(root, "alice", 1), Err(Code::Overflow | Code::AboveTotal)));
    assert_eq!(w.committed(root), u64::MAX);
}

/// What a use costs is what its holder signed: never nothing, and counted at every step.
#[test]
fn cost_hard_coded_0_on_the_hot_path() {
    let (mut w, root) = hundred();
    let nothing = Payment { amount: Amount(0), ..w.payment(1) };
    let invocation = w.client.invocation(w.now, &w.ask(root, 1)).expect("a draft");
    let signer = key("alice");
    let free = Invocation { payment: Some(nothing), ..invocation.clone() };
    assert!(w.client.ready(&[w.client.reserve(free, Vec::new(), &signer)]).is_err(), "it does not decode");
    let none = Invocation { payment: None, ..invocation };
    let unpaid: Draft<'_> = w.client.reserve(none, Vec::new(), &signer);
    assert_eq!(w.apply(&[unpaid]).map(drop), Err(Code::BadAmount));
    for (amount, held) in [(1, 1), (7, 8), (30, 38)] {
        w.reserve(root, "alice", amount).expect("held");
        assert_eq!(w.counters(root).reserved, held);
    }
}

/// A capture that comes late is refused by name, and the value is the holder's again: it is never just dropped.
#[test]
fn late_commit_dropped() {
    let (mut w, root) = hundred();
    let reserve = w.reserve(root, "alice", 100).expect("held");
    w.now = remit_verifier::types::Millis(w.now.0 + DAY * 1000 - 1);
    w.capture(reserve, 1, 40).expect("in its last millisecond");
    w.now = remit_verifier::types::Millis(w.now.0 + 1);
    assert_eq!(w.capture(reserve, 2, 60), Err(Code::Settled), "said, not dropped");
    w.tick();
    let counters = w.counters(root);
    assert_eq!((counters.captured, counters.reserved, w.committed(root)), (40, 0, 40));
}

/// AP2 346: an accepted mandate is consumed, and the same bytes do not pay twice.
#[test]
fn a_byte_identical_replay_pays_twice() {
    let (mut w, root) = hundred();
    let signer = key("alice");
    let invocation = w.client.invocation(w.now, &w.ask(root, 30)).expect("a draft");
    let ready = w.client.ready(&[w.client.reserve(invocation, Vec::new(), &signer)]).expect("signed");
    let Answer::Applied(entry) = w.submit(&ready) else { panic!("applied") };
    for _ in 0..3 {
        assert_eq!(w.submit(&ready), Answer::Replayed(entry));
    }
    assert_eq!(w.committed(root), 30);
}

/// AP2 207: two merchants who each see a total of nothing.
#[test]
fn sixty_and_sixty_on_a_hundred_at_two_merchants() {
    let (mut w, root) = hundred();
    w.reserve(root, "alice", 60).expect("at the hotel");
    let airline = remit::client::Ask { audience: w.airline, ..w.ask(root, 60) };
    assert_eq!(w.reserve_ask(&airline, "alice", Vec::new()), Err(Code::AboveTotal));
    let airline = remit::client::Ask { audience: w.airline, ..w.ask(root, 40) };
    w.reserve_ask(&airline, "alice", Vec::new()).expect("what is left");
}

/// AP2 339: bound of one use and total are the same minor units, in a unit of any decimals.
#[test]
fn minor_units_mixed_with_major_units() {
    for (name, decimals) in [("JPY", 0), ("KWD", 3), ("USDC", 6)] {
        let mut w = World::new();
        let unit = w.operate(Act::Unit { name: name.into(), decimals }).expect("a unit");
        let limited = Budget { per_use: Some(Amount(2_999)), ..budget(unit, Amount(2_999)) };
        let root = TokenSpec { budgets: Some(vec![limited]), ..w.spec("alice") };
        let root = w.issue(&root).expect("issued");
        let mut ask = |amount: u64| {
            let payment = Payment { unit, ..w.payment(amount) };
            let ask = remit::client::Ask { payment: Some(payment), ..w.ask(root, amount) };
            w.reserve_ask(&ask, "alice", Vec::new())
        };
        assert_eq!(ask(3_000), Err(Code::AbovePerUse), "{name}");
        ask(2_999).expect("the bound, to the last minor unit");
        assert_eq!(ask(1), Err(Code::AboveTotal), "{name}");
    }
}

/// AP2 297: how much in a span is looked at, and a day is a UTC day.
#[test]
fn a_frequency_that_is_never_evaluated() {
    let mut w = World::new();
    let day = Window { period: Period::Fixed { length: Seconds(DAY), anchor: Seconds(0) }, most: Amount(50) };
    let root = w.root_with(Budget { windows: vec![day], ..budget(w.cny, Amount(1_000)) }, "alice");
    w.reserve(root, "alice", 50).expect("today");
    assert_eq!(w.reserve(root, "alice", 1), Err(Code::AboveWindow));
    let today = w.now.seconds().0;
    w.advance(DAY - today % DAY - 1);
    assert_eq!(w.reserve(root, "alice", 1), Err(Code::AboveWindow), "in its last second");
    w.advance(1);
    w.reserve(root, "alice", 50).expect("tomorrow in UTC");
}

/// AP2 313, 319, 326: whom a request is for is looked at on every hop. (Of a verdict: `verdict::refusals`.)
#[test]
fn an_audience_that_is_ignored_on_some_hop() {
    let (mut w, root) = hundred();
    let nobody = remit::client::Ask { audience: ObjectId([7; 32]), ..w.ask(root, 10) };
    assert_eq!(w.reserve_ask(&nobody, "alice", Vec::new()), Err(Code::UnknownParty));
    let reserve = w.reserve(root, "alice", 10).expect("for the hotel");
    let capture = Act::Capture { reserve: Reference::Id(reserve), number: 1, amount: Amount(10) };
    assert_eq!(w.act(capture, &["airline"]), Err(Code::NotThePayee));
    let release = Act::Release { reserve: Reference::Id(reserve), amount: None };
    assert_eq!(w.act(release, &["airline"]), Err(Code::NotThePayee));
    let taken = w.capture(reserve, 1, 10).expect("the hotel's");
    let refund = Act::Refund { capture: Reference::Id(taken), amount: Amount(1) };
    assert_eq!(w.act(refund, &["airline"]), Err(Code::NotThePayee));
}

/// Paying and refunding in a circle makes no more value than the bound on refunds.
#[test]
fn refund_cycling() {
    let (mut w, root) = hundred();
    let circle = |w: &mut World| -> Result<(), Code> {
        let reserve = w.reserve(root, "alice", 100)?;
        let capture = w.capture(reserve, 1, 100)?;
        w.refund(capture, 100).map(drop)
    };
    circle(&mut w).expect("the total once over");
    assert_eq!(circle(&mut w), Err(Code::AboveRefundable));
}

/// Who was suspended does not lift it, at no position.
#[test]
fn self_resume() {
    let (mut w, root) = hundred();
    let child = w.delegate(root, "alice", &w.inherit("bob", None)).expect("delegated");
    let target = w.target(child, 2);
    let suspend = w.act(Act::Suspend(target), &["alice"]).expect("suspended");
    for (position, signer) in [(1, "bob"), (2, "bob"), (3, "bob")] {
        let target = Target { position: Position(position), ..target };
        let resume = Act::Resume { target, suspend: Reference::Id(suspend) };
        assert!(w.act(resume, &[signer]).is_err(), "position {position}");
    }
    assert_eq!(w.reserve(child, "bob", 1), Err(Code::Suspended));
    // Nor does somebody below whoever suspended it, for a friend.
    let above = Target { position: Position(1), ..target };
    let suspend = w.act(Act::Suspend(above), &["issuer"]).expect("suspended by the issuer too");
    let resume = Act::Resume { target, suspend: Reference::Id(suspend) };
    assert_eq!(w.act(resume, &["alice"]), Err(Code::WrongPosition));
}

/// Carving for oneself steps around no window above. (Below the window too: `windows`.)
#[test]
fn self_carve_around_a_window() {
    let mut w = World::new();
    let day = Window { period: Period::Fixed { length: Seconds(DAY), anchor: Seconds(0) }, most: Amount(50) };
    let root = w.root_with(Budget { windows: vec![day], ..budget(w.cny, Amount(1_000)) }, "alice");
    let own = w.inherit("alice", Some(vec![carved(w.cny, Amount(500))]));
    let own = w.delegate(root, "alice", &own).expect("carved for itself");
    w.reserve(own, "alice", 50).expect("within the window");
    assert_eq!(w.reserve(own, "alice", 1), Err(Code::AboveWindow));
    assert_eq!(w.reserve(root, "alice", 1), Err(Code::AboveWindow));
}

/// One child that takes all it can leaves its sibling what was carved for that, and what its own cap leaves.
#[test]
fn starvation_by_one_child() {
    let (mut w, root) = hundred();
    let greedy = w.inherit("bob", Some(vec![budget(w.cny, Amount(50))]));
    let greedy = w.delegate(root, "alice", &greedy).expect("shared, with a cap");
    let safe = w.inherit("carol", Some(vec![carved(w.cny, Amount(30))]));
    let safe = w.delegate(root, "alice", &safe).expect("carved");
    // Not until it is refused: where nothing refused, that would be for ever.
    let taken = (0..60).filter(|_| w.reserve(greedy, "bob", 1).is_ok()).count();
    assert_eq!(taken, 50);
    assert_eq!(w.counters(greedy).reserved, 50, "its cap and no more");
    w.reserve(safe, "carol", 30).expect("nobody else could take it");
    w.reserve(root, "alice", 20).expect("what is left of the root");
}

/// Time decides, not whether the expiry is written yet.
#[test]
fn late_capture() {
    let (mut w, root) = hundred();
    let reserve = w.reserve(root, "alice", 10).expect("held");
    w.advance(DAY);
    let capture = Act::Capture { reserve: Reference::Id(reserve), number: 1, amount: Amount(10) };
    assert_eq!(w.act(capture, &["hotel"]), Err(Code::Settled));
}

/// Two machines of one shop take the same bytes: the ledger holds the money once, and pays one of them.
#[test]
fn two_replicas_of_one_shop() {
    let (mut w, root) = hundred();
    let signer = key("alice");
    let invocation = w.client.invocation(w.now, &w.ask(root, 40)).expect("a draft");
    let ready = w.client.ready(&[w.client.reserve(invocation, Vec::new(), &signer)]).expect("signed");
    let first = w.submit(&ready);
    assert!(matches!(first, Answer::Applied(_)));
    assert!(matches!(w.submit(&ready), Answer::Replayed(_)), "the second machine is told so");
    w.capture(ready.id, 1, 40).expect("the first machine");
    assert_eq!(w.capture(ready.id, 1, 40), Err(Code::WrongNumber), "the second one, with a nonce of its own");
    assert_eq!((w.counters(root).captured, w.committed(root)), (40, 40));
}
