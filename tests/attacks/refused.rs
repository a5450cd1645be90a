//! One wrong thing at a time, and the code that it gets.

use crate::world::*;
use remit::client::{TokenSpec, budget, carved};
use remit_verifier::code::Code;
use remit_verifier::limits::*;
use remit_verifier::object::{
    Act, Budget, Delegation, DelegationMode, Path, Permission, Position, Reference, Target,
};
use remit_verifier::types::{Amount, Epoch, Generation, ObjectId, Seconds};

const NOBODY: ObjectId = ObjectId([0xee; 32]);

#[test]
fn what_is_not_there() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let target = Target { token: NOBODY, epoch: Epoch(0), position: Position(1) };
    assert_eq!(w.act(Act::Revoke(target), &["issuer"]), Err(Code::UnknownToken));
    assert_eq!(w.operate(Act::Issuer { party: NOBODY }), Err(Code::UnknownParty));
    assert_eq!(w.operate(Act::Issuer { party: root }), Err(Code::UnknownParty), "a token is no party");
    assert_eq!(w.capture(NOBODY, 1, 1), Err(Code::UnknownReservation));
    assert_eq!(w.refund(NOBODY, 1), Err(Code::UnknownCapture));
    let veto = Act::Veto { token: root, rekey: Reference::Id(NOBODY) };
    assert_eq!(w.act(veto, &["alice"]), Err(Code::UnknownRekey));
    let member = Act::Capture { reserve: Reference::Member(0), number: 1, amount: Amount(1) };
    assert_eq!(w.act(member, &["hotel"]), Err(Code::BadReference), "outside a bundle");
    let spec = TokenSpec { budgets: Some(vec![budget(NOBODY, Amount(1))]), ..w.spec("alice") };
    assert_eq!(w.issue(&spec), Err(Code::UnknownUnit));
    let ask = remit::client::Ask { audience: NOBODY, ..w.ask(root, 1) };
    assert_eq!(w.reserve_ask(&ask, "alice", Vec::new()), Err(Code::UnknownParty));
}

#[test]
fn windows_at_their_bounds() {
    let mut w = World::new();
    let root = w.root("alice", 1000);
    let at = |w: &mut World, seconds: u64| {
        let mut invocation = w.client.invocation(w.now, &w.ask(root, 1)).expect("draft");
        invocation.valid_until = Seconds(w.now.seconds().0 + seconds);
        let alice = key("alice");
        let draft = w.client.reserve(invocation, Vec::new(), &alice);
        w.apply(&[draft]).map(drop)
    };
    assert_eq!(at(&mut w, INVOCATION_VALIDITY_MAX.0), Ok(()));
    assert_eq!(at(&mut w, INVOCATION_VALIDITY_MAX.0 + 1), Err(Code::TooEarly));
    assert_eq!(at(&mut w, 1), Ok(()));
    assert_eq!(at(&mut w, 0), Err(Code::TooLate));
    let act = |w: &mut World, name: &str, seconds: u64| {
        let (one, two) = (key("op-1"), key("op-2"));
        let act = Act::Unit { name: name.into(), decimals: 0 };
        let mut draft = w.client.act(w.now, act, &[&one, &two]).expect("draft");
        if let remit_verifier::sign::DraftBody::Act(stamp, ..) = &mut draft.body {
            stamp.valid_until = Seconds(w.now.seconds().0 + seconds);
        }
        w.apply(&[draft]).map(drop)
    };
    assert_eq!(act(&mut w, "A", OBJECT_VALIDITY_MAX.0), Ok(()));
    assert_eq!(act(&mut w, "B", OBJECT_VALIDITY_MAX.0 + 1), Err(Code::TooEarly));
    assert_eq!(act(&mut w, "A", 60), Err(Code::AlreadyRegistered), "a name once");
}

#[test]
fn lives_and_deadlines_at_their_bounds() {
    let mut w = World::new();
    let now = w.now.seconds().0;
    let lasting = |w: &World, seconds| TokenSpec { expires: Seconds(now + seconds), ..w.spec("alice") };
    assert_eq!(w.issue(&lasting(&w, TOKEN_LIFE_MAX.0)).map(drop), Ok(()));
    assert_eq!(w.issue(&lasting(&w, TOKEN_LIFE_MAX.0 + 1)), Err(Code::BadTime));
    assert_eq!(w.issue(&lasting(&w, 0)), Err(Code::BadTime));
    let empty = TokenSpec { not_before: Some(Seconds(now + 60)), ..lasting(&w, 60) };
    assert_eq!(w.issue(&empty), Err(Code::BadTime), "over when it begins");
    let later = TokenSpec {
        not_before: Some(Seconds(now + 60)),
        budgets: Some(vec![budget(w.cny, Amount(100))]),
        ..w.spec("alice")
    };
    let later = w.issue(&later).expect("issued");
    assert_eq!(w.reserve(later, "alice", 1), Err(Code::NotYetValid));
    let root = w.root("alice", 100);
    let due = |w: &mut World, settle: u64, refund: Option<u64>| {
        let mut ask = w.ask(root, 1);
        let payment = ask.payment.as_mut().expect("a payment");
        payment.settle_by = Seconds(now + settle);
        payment.refund_until = refund.map(|seconds| Seconds(now + seconds));
        w.reserve_ask(&ask, "alice", Vec::new()).map(drop)
    };
    assert_eq!(due(&mut w, SETTLE_MAX.0, None), Ok(()));
    assert_eq!(due(&mut w, SETTLE_MAX.0 + 1, None), Err(Code::BadTime));
    assert_eq!(due(&mut w, 0, None), Err(Code::BadTime));
    assert_eq!(due(&mut w, 60, Some(REFUND_MAX.0)), Ok(()));
    assert_eq!(due(&mut w, 60, Some(REFUND_MAX.0 + 1)), Err(Code::BadTime));
    assert_eq!(due(&mut w, 60, Some(59)), Err(Code::BadTime), "refunds would close first");
    w.advance(8 * DAY);
    assert_eq!(w.reserve(root, "alice", 1), Err(Code::Expired));
    w.act(Act::End(w.target(root, 2)), &["alice"]).expect("ended");
    assert_eq!(w.reserve(root, "alice", 1), Err(Code::Ended));
}

#[test]
fn what_the_permissions_leave_out() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let other = w.party("other");
    let ask = w.ask(root, 1);
    let mut asked = |change: fn(&mut remit::client::Ask, ObjectId)| {
        let mut ask = ask.clone();
        change(&mut ask, other);
        w.reserve_ask(&ask, "alice", Vec::new())
    };
    assert_eq!(asked(|ask, other| ask.audience = other), Err(Code::ServiceNotAllowed));
    assert_eq!(asked(|ask, _| ask.action = "steal".into()), Err(Code::ActionNotAllowed));
    assert_eq!(asked(|ask, _| ask.payment = None), Err(Code::BadAmount));
    let narrow = TokenSpec {
        permissions: Some(vec![Permission {
            resources: Some(vec![Path::parse("rooms/1").expect("path")]),
            ..Permission::default()
        }]),
        ..w.inherit("bob", None)
    };
    let child = w.delegate(root, "alice", &narrow).expect("child");
    let mut ask = w.ask(child, 1);
    ask.resource = Path::parse("rooms/12").expect("path");
    assert_eq!(w.reserve_ask(&ask, "bob", Vec::new()), Err(Code::ResourceNotAllowed), "whole segments");
    ask.resource = Path::parse("rooms/1/bed").expect("path");
    w.reserve_ask(&ask, "bob", Vec::new()).expect("below it");
}

#[test]
fn budgets_that_do_not_fit() {
    let mut w = World::new();
    let (cny, usd) = (w.cny, w.usd);
    let root_with = |w: &World, budgets| TokenSpec { budgets: Some(budgets), ..w.spec("alice") };
    assert_eq!(w.issue(&root_with(&w, vec![carved(cny, Amount(1))])), Err(Code::BadAmount));
    assert_eq!(w.issue(&root_with(&w, vec![budget(cny, Amount(0))])), Err(Code::BadAmount));
    let limitless = Budget { total: None, ..budget(cny, Amount(1)) };
    assert_eq!(w.issue(&root_with(&w, vec![limitless])), Err(Code::BadAmount));
    let root = w.root("alice", 100);
    let child = |budget| Some(vec![budget]);
    let delegate = |w: &mut World, budget| w.delegate(root, "alice", &w.inherit("bob", child(budget)));
    assert_eq!(delegate(&mut w, budget(usd, Amount(1))), Err(Code::UnitNotBudgeted));
    assert_eq!(delegate(&mut w, carved(cny, Amount(0))), Err(Code::BadAmount));
    assert_eq!(delegate(&mut w, carved(cny, Amount(101))), Err(Code::WiderThanParent));
    assert_eq!(delegate(&mut w, budget(cny, Amount(101))), Err(Code::WiderThanParent));
    let refundable = Some(Amount(101));
    let wide = Budget { refundable, total: None, ..budget(cny, Amount(0)) };
    assert_eq!(delegate(&mut w, wide), Err(Code::WiderThanParent));
    delegate(&mut w, carved(cny, Amount(100))).expect("all of it");
    let mut ask = w.ask(root, 1);
    ask.payment.as_mut().expect("a payment").unit = usd;
    assert_eq!(w.reserve_ask(&ask, "alice", Vec::new()), Err(Code::UnitNotBudgeted));
    let capture = w.reserve(root, "alice", 1);
    assert_eq!(capture, Err(Code::AboveTotal), "nothing is left");
}

#[test]
fn depth_and_delegation_at_their_bounds() {
    let mut w = World::new();
    let deep = |depth| Some(Delegation { mode: DelegationMode::Logged, depth });
    let spec = TokenSpec { delegation: deep(8), ..w.spec("h0") };
    assert_eq!(w.issue(&spec), Err(Code::TooDeep));
    let mut token = w.issue(&TokenSpec { delegation: deep(7), ..spec }).expect("issued");
    for depth in 1..DEPTH_MAX {
        let spec = w.inherit(&format!("h{depth}"), None);
        token = w.delegate(token, &format!("h{}", depth - 1), &spec).expect("down to the eighth");
    }
    let ninth = w.inherit("h8", None);
    assert_eq!(w.delegate(token, "h7", &ninth), Err(Code::TooDeep));
    let flat = w.issue(&TokenSpec { delegation: None, ..w.spec("alice") }).expect("issued");
    assert_eq!(w.delegate(flat, "alice", &w.inherit("bob", None)), Err(Code::NotDelegable));
    let fixed = w.issue(&TokenSpec { transferable: None, ..w.spec("alice") }).expect("issued");
    let (alice, bob) = (key("alice"), key("bob"));
    let draft = w.client.transfer(w.now, fixed, Epoch(0), (&alice, &bob)).expect("draft");
    assert_eq!(w.apply(&[draft]).map(drop), Err(Code::NotTransferable));
}

#[test]
fn parties_and_their_keys() {
    let mut w = World::new();
    let spec = w.spec("alice");
    let root = w.root("alice", 100);
    let (hotel, issuer) = (w.hotel, w.issuer);
    let draft = w.client.root(w.now, hotel, &spec, &key("hotel")).map(drop);
    assert!(draft.is_ok());
    let signer = key("hotel");
    let draft = w.client.root(w.now, hotel, &spec, &signer).expect("draft");
    assert_eq!(w.apply(&[draft]).map(drop), Err(Code::NotAnIssuer));
    let operator = Act::Party { name: "x".into(), keys: vec![public("op-1")] };
    assert_eq!(w.act(operator, &["op-1"]), Err(Code::PartyKeys), "one key, one role");
    let twice = Act::Party { name: "x".into(), keys: vec![public("x"), public("x")] };
    assert_eq!(w.act(twice, &["x", "x"]), Err(Code::PartyKeys));
    let change = |generation, keys: &[&str], compromised: &[&str]| Act::PartyKeys {
        party: issuer,
        generation: Generation(generation),
        keys: keys.iter().map(|name| public(name)).collect(),
        compromised: compromised.iter().map(|name| public(name)).collect(),
    };
    assert_eq!(w.act(change(1, &["i2"], &[]), &["issuer", "i2"]), Err(Code::OldGeneration));
    assert_eq!(w.act(change(0, &[], &[]), &["issuer"]), Err(Code::PartyKeys));
    assert_eq!(w.act(change(0, &["i2"], &[]), &["issuer"]), Err(Code::WrongSigner), "the new key signs too");
    w.act(change(0, &["i2"], &[]), &["issuer", "i2"]).expect("rotated");
    w.reserve(root, "alice", 1).expect("what was issued stays good");
    assert_eq!(w.issue(&spec), Err(Code::WrongSigner), "the old key issues nothing");
    assert_eq!(
        w.act(change(1, &["issuer"], &[]), &["i2", "issuer"]),
        Err(Code::PartyKeys),
        "retired for ever"
    );
    w.act(change(1, &["i2"], &["issuer"]), &["i2"]).expect("found out later");
    assert_eq!(w.reserve(root, "alice", 1), Err(Code::CompromisedKey));
    for number in 2..9 {
        let next = format!("i{}", number + 1);
        let act = change(number, &[&next], &[]);
        w.act(act, &[&format!("i{number}"), &next]).expect("eight retired keys fit");
    }
    w.act(change(9, &["i10"], &[]), &["i9", "i10"]).expect("a ninth key is dropped, and `i2` forgotten");
    assert_eq!(w.act(change(10, &["i10"], &["i2"]), &["i10"]), Err(Code::PartyKeys), "it is not there");
    assert_eq!(w.reserve(root, "alice", 1), Err(Code::CompromisedKey), "what is compromised stays so");
}

#[test]
fn an_offline_link_that_does_not_fit() {
    let mut w = World::new();
    let root = w.root("alice", 1000);
    let now = w.now.seconds().0;
    let at = (Epoch(0), Generation(0));
    let spec = |w: &World, seconds: u64| TokenSpec {
        budgets: Some(vec![Budget { per_use: Some(Amount(30)), ..budget(w.cny, Amount(50)) }]),
        ..TokenSpec::new(public("dave"), Seconds(now + seconds))
    };
    let spend = |w: &mut World, spec: &TokenSpec, amount| {
        let (link, bytes) = w.client.link(w.now, root, at, spec, &key("alice")).expect("link");
        let mut ask = w.ask(root, amount);
        ask.token = link;
        let first = w.reserve_ask(&ask, "dave", vec![bytes.clone()]);
        (first, ask, bytes)
    };
    let hour = OFFLINE_LINK_LIFE_MAX.0;
    let too_long = spec(&w, hour + 1);
    assert_eq!(spend(&mut w, &too_long, 1).0, Err(Code::BadTime));
    let good = spec(&w, hour);
    assert_eq!(spend(&mut w, &good, 31).0, Err(Code::AbovePerUse));
    let (first, mut ask, bytes) = spend(&mut w, &good, 30);
    first.expect("within its own budget");
    assert_eq!(w.reserve_ask(&ask, "dave", vec![bytes.clone()]), Err(Code::AboveTotal), "30 + 30 on its 50");
    let elsewhere = w.ask(root, 1);
    assert_eq!(w.reserve_ask(&elsewhere, "dave", vec![bytes.clone()]), Err(Code::WrongToken));
    ask.payment.as_mut().expect("a payment").unit = w.usd;
    assert_eq!(w.reserve_ask(&ask, "dave", vec![bytes]), Err(Code::UnitNotBudgeted));
}
