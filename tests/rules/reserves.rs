//! What a reserve must pass, and what the payee may do with it (spec 11 §4.16–§4.20).

use crate::draft::*;
use crate::world::*;
use remit::client::{Ask, TokenSpec, budget, carved};
use remit_verifier::code::Code;
use remit_verifier::limits::*;
use remit_verifier::object::{Act, Budget, Path, Payment, Permission, Reference};
use remit_verifier::types::{Amount, Epoch, ObjectId, Seconds};

const NOBODY: ObjectId = ObjectId([9; 32]);

fn path(text: &str) -> Path {
    Path::parse(text).expect("a path")
}

#[test]
fn a_reserve_is_refused_by_the_first_thing_that_is_wrong() {
    let mut w = World::new();
    let narrow = Permission {
        services: Some(vec![w.hotel]),
        actions: Some(vec!["book".into()]),
        resources: Some(vec![path("rooms")]),
        conditions: Vec::new(),
    };
    let budgets = Some(vec![Budget { per_use: Some(Amount(50)), ..budget(w.cny, Amount(100)) }]);
    let root = w.issue(&TokenSpec { permissions: Some(vec![narrow]), budgets, ..w.spec("alice") });
    let root = root.expect("issued");
    let good = w.ask(root, 50);
    let payment = w.payment(50);
    let with = |payment: Payment| Ask { payment: Some(payment), ..good.clone() };
    let (airline, usd, cny) = (w.airline, w.usd, w.cny);
    let cases: Vec<(Code, Ask)> = vec![
        (Code::UnknownToken, Ask { token: NOBODY, ..good.clone() }),
        (Code::UnknownToken, Ask { token: airline, ..good.clone() }),
        (Code::OldEpoch, Ask { epoch: Epoch(1), ..good.clone() }),
        (Code::UnknownParty, Ask { audience: NOBODY, ..good.clone() }),
        (Code::UnknownParty, Ask { audience: cny, ..good.clone() }),
        (Code::ServiceNotAllowed, Ask { audience: airline, ..good.clone() }),
        (Code::ActionNotAllowed, Ask { action: "cancel".into(), ..good.clone() }),
        (Code::ResourceNotAllowed, Ask { resource: path("roomservice"), ..good.clone() }),
        (Code::ResourceNotAllowed, Ask { resource: path(""), ..good.clone() }),
        (Code::BadAmount, Ask { payment: None, ..good.clone() }),
        (Code::UnknownUnit, with(Payment { unit: NOBODY, ..payment })),
        (Code::UnknownUnit, with(Payment { unit: airline, ..payment })),
        (Code::UnitNotBudgeted, with(Payment { unit: usd, ..payment })),
        (Code::AbovePerUse, with(Payment { amount: Amount(51), ..payment })),
        (Code::AbovePerUse, with(Payment { amount: Amount(u64::MAX), ..payment })),
    ];
    for (code, ask) in cases {
        w.refuses(code, |w| w.reserve_ask(&ask, "alice", Vec::new()));
    }
    w.refuses(Code::WrongHolder, |w| w.reserve_ask(&good, "bob", Vec::new()));
    w.refuses(Code::WrongHolder, |w| w.reserve_ask(&good, "issuer", Vec::new()));
    let mut twice = w.draft_reserve(&good, "alice", Vec::new());
    twice.signers = signers(&["alice", "alice"]);
    w.refuses(Code::WrongHolder, |w| w.send(&[twice]));
    let nothing = w.draft_reserve(&with(Payment { amount: Amount(0), ..payment }), "alice", Vec::new());
    w.refuses(Code::Malformed, |w| w.send(&[nothing]));
    w.reserve_ask(&good, "alice", Vec::new()).expect("the good one");
}

#[test]
fn deadlines_of_a_reserve_are_bounded() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let at = |w: &World, settle: u64, refund: Option<u64>| {
        let payment = w.payment(1);
        let refund_until = refund.map(|ahead| w.seconds(ahead));
        let payment = Payment { settle_by: w.seconds(settle), refund_until, ..payment };
        Ask { payment: Some(payment), ..w.ask(root, 1) }
    };
    let (settle, refund) = (SETTLE_MAX.0, REFUND_MAX.0);
    for (settle_by, refund_until) in
        [(0, None), (settle + 1, None), (60, Some(59)), (60, Some(0)), (settle, Some(refund + 1))]
    {
        let ask = at(&w, settle_by, refund_until);
        w.refuses(Code::BadTime, |w| w.reserve_ask(&ask, "alice", Vec::new()));
    }
    let mut far = at(&w, 1, None);
    far.payment.as_mut().expect("a payment").settle_by = Seconds(u64::MAX);
    w.refuses(Code::BadTime, |w| w.reserve_ask(&far, "alice", Vec::new()));
    for (settle_by, refund_until) in
        [(1, None), (settle, Some(settle)), (settle, Some(refund)), (60, Some(60))]
    {
        let ask = at(&w, settle_by, refund_until);
        w.reserve_ask(&ask, "alice", Vec::new()).expect("within");
    }
}

#[test]
fn a_token_spends_within_its_life() {
    let mut w = World::new();
    let cny = w.cny;
    let budgets = Some(vec![budget(cny, Amount(100))]);
    let (start, end) = (w.seconds(60), w.seconds(120));
    let spec = TokenSpec { not_before: Some(start), expires: end, budgets, ..w.spec("alice") };
    let root = w.issue(&spec).expect("issued");
    w.advance(59);
    w.refuses(Code::NotYetValid, |w| w.reserve(root, "alice", 1));
    w.refuses(Code::NotYetValid, |w| w.delegate(root, "alice", &TokenSpec::new(public("bob"), end)));
    w.advance(1);
    w.reserve(root, "alice", 1).expect("from the first second");
    w.delegate(root, "alice", &TokenSpec::new(public("bob"), end)).expect("likewise");
    w.advance(59);
    w.reserve(root, "alice", 1).expect("to the last");
    w.advance(1);
    w.refuses(Code::Expired, |w| w.reserve(root, "alice", 1));
    w.refuses(Code::Expired, |w| w.transfer(root, "alice", "bob"));
}

#[test]
fn a_carved_child_obeys_its_parents_limits_and_permissions() {
    let mut w = World::new();
    let cny = w.cny;
    let budgets = Some(vec![Budget { per_use: Some(Amount(50)), ..budget(cny, Amount(1000)) }]);
    let root = w.issue(&TokenSpec { budgets, ..w.spec("alice") }).expect("issued");
    let own = w.delegate(root, "alice", &w.inherit("alice", Some(vec![carved(cny, Amount(500))])));
    let own = own.expect("carved to herself");
    w.refuses(Code::AbovePerUse, |w| w.reserve(own, "alice", 51));
    w.refuses(Code::ActionNotAllowed, |w| {
        let ask = Ask { action: "steal".into(), ..w.ask(own, 1) };
        w.reserve_ask(&ask, "alice", Vec::new())
    });
    w.reserve(own, "alice", 50).expect("at the limit");
}

#[test]
fn a_total_is_kept_to_the_unit() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    w.refuses(Code::AboveTotal, |w| w.reserve(root, "alice", 101));
    let held = w.reserve(root, "alice", 100).expect("all of it");
    w.refuses(Code::AboveTotal, |w| w.reserve(root, "alice", 1));
    w.capture(held, 1, 100).expect("captured");
    w.refuses(Code::AboveTotal, |w| w.reserve(root, "alice", 1));
}

#[test]
fn amounts_at_the_end_of_the_numbers_do_not_wrap() {
    let mut w = World::new();
    let (cny, max) = (w.cny, u64::MAX);
    let root = w.root("alice", max);
    let uncapped = Budget { total: None, ..budget(cny, Amount(0)) };
    let shared = w.delegate(root, "alice", &w.inherit("bob", Some(vec![uncapped]))).expect("shared");
    w.refuses(Code::Overflow, |w| {
        let one = w.draft_reserve(&w.ask(shared, max), "bob", Vec::new());
        let two = w.draft_reserve(&w.ask(shared, 1), "bob", Vec::new());
        w.send(&[one, two])
    });
    let held = w.reserve(shared, "bob", max).expect("all of it");
    w.refuses(Code::Overflow, |w| w.reserve(root, "alice", 1));
    w.refuses(Code::Overflow, |w| w.reserve(root, "alice", max));
    let spec = w.inherit("carol", Some(vec![carved(cny, Amount(max))]));
    w.refuses(Code::Overflow, |w| w.delegate(root, "alice", &spec));
    w.release(held, Some(max)).expect("all of it");
    w.delegate(root, "alice", &spec).expect("all of it again");
    w.refuses(Code::Overflow, |w| w.reserve(root, "alice", 1));
}

#[test]
fn two_equal_captures_both_count() {
    let mut w = World::new();
    let root = w.root("alice", 300);
    let held = w.reserve(root, "alice", 300).expect("held");
    let first = w.capture_act(held, 1, 100);
    let first = w.draft(first, &["hotel"]);
    let first = w.ready(&[first]);
    w.raw(&first.bytes).expect("the first hundred");
    // The same bytes again are a retry, not a second hundred.
    assert!(matches!(w.submit(&first), remit::engine::Answer::Replayed(_)));
    assert_eq!(w.counters(root).captured, 100);
    for wrong in [0, 1, 3, u64::MAX] {
        w.refuses(Code::WrongNumber, |w| w.capture(held, wrong, 100));
    }
    w.capture(held, 2, 100).expect("the second hundred");
    w.capture(held, 3, 100).expect("the third");
    assert_eq!(w.counters(root).captured, 300);
    w.refuses(Code::AboveReserved, |w| w.capture(held, 4, 1));
}

#[test]
fn only_the_payee_settles() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let held = w.reserve(root, "alice", 60).expect("held");
    let capture = w.capture(held, 1, 20).expect("captured");
    let take = w.capture_act(held, 2, 1);
    let back = Act::Release { reserve: Reference::Id(held), amount: None };
    let refund = Act::Refund { capture: Reference::Id(capture), amount: Amount(1) };
    for act in [take, back, refund] {
        for names in [&["airline"][..], &["alice"], &["issuer"], &["hotel", "hotel"], &["hotel", "alice"]] {
            let draft = w.draft(act.clone(), names);
            w.refuses(Code::NotThePayee, |w| w.send(&[draft]));
        }
    }
}

#[test]
fn settling_is_refused_one_by_one() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let held = w.reserve(root, "alice", 60).expect("held");
    w.refuses(Code::UnknownReservation, |w| w.capture(NOBODY, 1, 1));
    w.refuses(Code::UnknownReservation, |w| w.capture(root, 1, 1));
    w.refuses(Code::UnknownReservation, |w| w.release(NOBODY, None));
    w.refuses(Code::UnknownCapture, |w| w.refund(NOBODY, 1));
    w.refuses(Code::UnknownCapture, |w| w.refund(held, 1));
    w.refuses(Code::AboveReserved, |w| w.capture(held, 1, 61));
    w.refuses(Code::AboveReserved, |w| w.capture(held, 1, u64::MAX));
    w.refuses(Code::AboveReserved, |w| w.release(held, Some(61)));
    w.refuses(Code::BadAmount, |w| w.capture(held, 1, 0));
    w.refuses(Code::BadAmount, |w| w.release(held, Some(0)));
    let capture = w.capture(held, 1, 60).expect("all of it");
    w.refuses(Code::AboveReserved, |w| w.capture(held, 2, 1));
    w.refuses(Code::AboveReserved, |w| w.release(held, None));
    w.refuses(Code::BadAmount, |w| w.refund(capture, 0));
    w.refuses(Code::AboveCaptured, |w| w.refund(capture, 61));
    w.refund(capture, 60).expect("all of it");
    w.refuses(Code::AboveCaptured, |w| w.refund(capture, 1));
    w.refuses(Code::AboveCaptured, |w| w.refund(capture, 0));
}

#[test]
fn capture_and_release_end_with_settle_by_and_refunds_with_refund_until() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let held = w.reserve(root, "alice", 60).expect("held");
    let without = {
        let payment = Payment { refund_until: None, ..w.payment(10) };
        let ask = Ask { payment: Some(payment), ..w.ask(root, 10) };
        w.reserve_ask(&ask, "alice", Vec::new()).expect("held")
    };
    let fixed = w.capture(without, 1, 10).expect("captured");
    w.refuses(Code::RefundClosed, |w| w.refund(fixed, 1));
    w.advance(DAY - 1);
    let capture = w.capture(held, 1, 50).expect("the last second");
    w.release(held, Some(1)).expect("the last second");
    w.advance(1);
    w.refuses(Code::Settled, |w| w.capture(held, 2, 1));
    w.refuses(Code::Settled, |w| w.release(held, None));
    assert_eq!(w.committed(root), 60, "the ledger wrote the expiry");
    w.advance(4 * DAY - 1);
    w.refund(capture, 1).expect("the last second");
    w.advance(1);
    w.refuses(Code::RefundClosed, |w| w.refund(capture, 1));
}

#[test]
fn refund_cycling_stops_at_the_bound() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let mut out = 0;
    let cycle = |w: &mut World, token, amount| {
        let held = w.reserve(token, "alice", amount)?;
        let capture = w.capture(held, 1, amount)?;
        w.refund(capture, amount)
    };
    cycle(&mut w, root, 100).expect("the total once over");
    out += 100;
    let held = w.reserve(root, "alice", 100).expect("restored once");
    let capture = w.capture(held, 1, 100).expect("captured");
    out += 100;
    w.refuses(Code::AboveRefundable, |w| w.refund(capture, 1));
    assert_eq!((out, w.counters(root).captured), (200, 200), "no more can ever leave");
    w.refuses(Code::AboveTotal, |w| w.reserve(root, "alice", 1));
    // A stated bound, met exactly and passed by one.
    let budgets = Some(vec![Budget { refundable: Some(Amount(30)), ..budget(w.cny, Amount(100)) }]);
    let root = w.issue(&TokenSpec { budgets, ..w.spec("alice") }).expect("issued");
    let held = w.reserve(root, "alice", 40).expect("held");
    let capture = w.capture(held, 1, 40).expect("captured");
    w.refuses(Code::AboveRefundable, |w| w.refund(capture, 31));
    w.refund(capture, 30).expect("at the bound");
    w.refuses(Code::AboveRefundable, |w| w.refund(capture, 1));
}

#[test]
fn a_shared_childs_refunds_are_bounded_by_all_that_they_post_on() {
    let mut w = World::new();
    let cny = w.cny;
    let budgets = Some(vec![Budget { refundable: Some(Amount(10)), ..budget(cny, Amount(100)) }]);
    let root = w.issue(&TokenSpec { budgets, ..w.spec("alice") }).expect("issued");
    let child = w.delegate(root, "alice", &w.inherit("bob", None)).expect("shared");
    let held = w.reserve(child, "bob", 20).expect("held");
    let capture = w.capture(held, 1, 20).expect("captured");
    w.refuses(Code::AboveRefundable, |w| w.refund(capture, 11));
    w.refund(capture, 10).expect("at the bound of the root");
}

#[test]
fn shared_children_draw_on_one_total() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let cap = Some(vec![budget(w.cny, Amount(70))]);
    let one = w.delegate(root, "alice", &w.inherit("bob", cap.clone())).expect("shared");
    let two = w.delegate(root, "alice", &w.inherit("carol", cap)).expect("shared");
    w.refuses(Code::AboveTotal, |w| w.reserve(one, "bob", 71));
    w.reserve(one, "bob", 70).expect("its cap");
    w.refuses(Code::AboveTotal, |w| w.reserve(two, "carol", 31));
    w.reserve(two, "carol", 30).expect("what the root has left");
    assert_eq!((w.committed(root), w.committed(one), w.committed(two)), (100, 70, 30));
}
