//! Roots and logged children: who creates them, and how wide they may be (spec 11 §4.5–§4.6).

use crate::draft::*;
use crate::world::*;
use remit::client::{TokenSpec, budget, carved};
use remit_verifier::code::Code;
use remit_verifier::limits::*;
use remit_verifier::object::{Budget, Delegation, DelegationMode, Path, Permission};
use remit_verifier::types::{Amount, Epoch, ObjectId, Seconds};

const NOBODY: ObjectId = ObjectId([9; 32]);

#[test]
fn a_root_is_signed_by_an_issuers_key() {
    let mut w = World::new();
    let spec = w.spec("alice");
    let (hotel, unit) = (w.hotel, w.cny);
    let by = |w: &mut World, issuer: ObjectId, names: &[&str]| {
        let mut draft = w.client.root(w.now, issuer, &spec, signer("issuer")).expect("draft");
        draft.signers = signers(names);
        w.send(&[draft])
    };
    let issuer = w.issuer;
    w.refuses(Code::UnknownParty, |w| by(w, NOBODY, &["issuer"]));
    w.refuses(Code::UnknownParty, |w| by(w, unit, &["issuer"]));
    w.refuses(Code::NotAnIssuer, |w| by(w, hotel, &["hotel"]));
    w.refuses(Code::WrongSigner, |w| by(w, issuer, &["hotel"]));
    w.refuses(Code::WrongSigner, |w| by(w, issuer, &["issuer", "issuer"]));
    by(&mut w, issuer, &["issuer"]).expect("issued");
}

#[test]
fn the_life_of_a_token_is_bounded() {
    let mut w = World::new();
    let at = |w: &World, expires: Seconds, not_before| TokenSpec { expires, not_before, ..w.spec("alice") };
    let (now, most) = (w.seconds(0), w.seconds(TOKEN_LIFE_MAX.0));
    let refused = [
        (now, None),
        (Seconds(0), None),
        (w.seconds(TOKEN_LIFE_MAX.0 + 1), None),
        (Seconds(u64::MAX), None),
        (w.seconds(60), Some(w.seconds(60))),
        (w.seconds(60), Some(w.seconds(61))),
    ];
    for (expires, not_before) in refused {
        let spec = at(&w, expires, not_before);
        w.refuses(Code::BadTime, |w| w.issue(&spec));
    }
    let spec = at(&w, w.seconds(1), None);
    w.issue(&spec).expect("a second");
    let spec = at(&w, w.seconds(60), Some(w.seconds(59)));
    w.issue(&spec).expect("a window");
    let root = w.issue(&at(&w, most, None)).expect("the longest life");
    for (expires, not_before) in refused {
        let spec = TokenSpec { expires, not_before, ..TokenSpec::new(public("bob"), expires) };
        w.refuses(Code::BadTime, |w| w.delegate(root, "alice", &spec));
    }
}

#[test]
fn a_root_states_its_own_totals_in_live_units() {
    let mut w = World::new();
    let (cny, hotel) = (w.cny, w.hotel);
    let with = |w: &World, budgets: Vec<Budget>| TokenSpec { budgets: Some(budgets), ..w.spec("alice") };
    let none = Budget { total: None, ..budget(cny, Amount(1)) };
    for bad in [carved(cny, Amount(1)), budget(cny, Amount(0)), none] {
        let spec = with(&w, vec![bad]);
        w.refuses(Code::BadAmount, |w| w.issue(&spec));
    }
    for unit in [NOBODY, hotel] {
        let spec = with(&w, vec![budget(unit, Amount(1))]);
        w.refuses(Code::UnknownUnit, |w| w.issue(&spec));
    }
    let spec = with(&w, vec![budget(cny, Amount(1)), budget(cny, Amount(2))]);
    let draft = w.draft_root(&spec, "issuer");
    w.refuses(Code::NotCanonical, |w| w.send(&[draft]));
    let spec = with(&w, vec![budget(cny, Amount(u64::MAX))]);
    w.issue(&spec).expect("the largest total");
}

#[test]
fn a_chain_has_eight_links_and_no_ninth() {
    let mut w = World::new();
    let deep = |depth: usize| Some(Delegation { mode: DelegationMode::Offline, depth: depth as u64 });
    let spec = TokenSpec { delegation: deep(DEPTH_MAX), ..w.spec("alice") };
    w.refuses(Code::TooDeep, |w| w.issue(&spec));
    let draft = w.draft_root(&TokenSpec { delegation: deep(DEPTH_MAX + 1), ..spec }, "issuer");
    w.refuses(Code::Malformed, |w| w.send(&[draft]));
    let mut last = w.root("alice", 100);
    for _ in 1..DEPTH_MAX {
        let spec = w.inherit("alice", None);
        last = w.delegate(last, "alice", &spec).expect("a link");
    }
    w.refuses(Code::TooDeep, |w| w.delegate(last, "alice", &w.inherit("bob", None)));
    let (link, bytes) = w.link(last, last, "alice", &w.half_hour("bob"));
    let ask = w.ask(link, 1);
    w.refuses(Code::TooDeep, |w| w.reserve_ask(&ask, "bob", vec![bytes]));
    w.reserve(last, "alice", 100).expect("the eighth spends");
}

#[test]
fn a_child_is_signed_by_the_parents_holder() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let spec = w.inherit("bob", None);
    let (hotel, cny) = (w.hotel, w.cny);
    w.refuses(Code::UnknownToken, |w| w.delegate(NOBODY, "alice", &spec));
    w.refuses(Code::UnknownToken, |w| w.delegate(hotel, "alice", &spec));
    w.refuses(Code::UnknownToken, |w| w.delegate(cny, "alice", &spec));
    w.refuses(Code::OldEpoch, |w| w.delegate_at(root, Epoch(1), "alice", &spec));
    w.refuses(Code::WrongSigner, |w| w.delegate(root, "issuer", &spec));
    w.refuses(Code::WrongSigner, |w| w.delegate(root, "bob", &spec));
    let mut draft = w.draft_child(root, "alice", &spec);
    draft.signers = signers(&["alice", "alice"]);
    w.refuses(Code::WrongSigner, |w| w.send(&[draft]));
    w.delegate(root, "alice", &spec).expect("by the holder");
}

#[test]
fn delegation_is_allowed_by_the_parent() {
    let mut w = World::new();
    let mode = |w: &World, mode, depth| {
        let delegation = Some(Delegation { mode, depth });
        TokenSpec { delegation, ..w.spec("alice") }
    };
    for spec in [
        TokenSpec { delegation: None, ..w.spec("alice") },
        mode(&w, DelegationMode::None, 3),
        mode(&w, DelegationMode::Logged, 0),
    ] {
        let root = w.issue(&spec).expect("issued");
        w.refuses(Code::NotDelegable, |w| w.delegate(root, "alice", &w.inherit("bob", None)));
    }
    let spec = mode(&w, DelegationMode::Logged, 1);
    let root = w.issue(&spec).expect("issued");
    let child = w.delegate(root, "alice", &w.inherit("bob", None)).expect("one link");
    w.refuses(Code::NotDelegable, |w| w.delegate(child, "bob", &w.inherit("carol", None)));
    // Logged delegation is no offline delegation.
    let (link, bytes) = w.link(root, root, "alice", &w.half_hour("bob"));
    let ask = w.ask(link, 1);
    w.refuses(Code::NotDelegable, |w| w.reserve_ask(&ask, "bob", vec![bytes]));
}

#[test]
fn a_child_is_no_wider_than_its_parent() {
    let mut w = World::new();
    let cny = w.cny;
    let permission = |w: &World| Permission {
        services: Some(vec![w.hotel]),
        actions: Some(vec!["book".into()]),
        resources: Some(vec![Path::parse("rooms").expect("path")]),
        conditions: Vec::new(),
    };
    let limited =
        Budget { per_use: Some(Amount(50)), refundable: Some(Amount(60)), ..budget(cny, Amount(100)) };
    let spec = TokenSpec {
        permissions: Some(vec![permission(&w)]),
        not_before: Some(w.seconds(0)),
        transferable: Some(false),
        max_staleness: Some(Seconds(60)),
        delegation: Some(Delegation { mode: DelegationMode::Logged, depth: 3 }),
        budgets: Some(vec![limited.clone()]),
        ..w.spec("alice")
    };
    let root = w.issue(&spec).expect("issued");
    let child = w.inherit("bob", None);
    let permits = |permission| TokenSpec { permissions: Some(vec![permission]), ..child.clone() };
    let delegates = |mode, depth| TokenSpec { delegation: Some(Delegation { mode, depth }), ..child.clone() };
    let spends = |limits: Budget| TokenSpec { budgets: Some(vec![limits]), ..child.clone() };
    let path = |text| Some(vec![Path::parse(text).expect("path")]);
    let wider = [
        TokenSpec { expires: Seconds(spec.expires.0 + 1), ..child.clone() },
        TokenSpec { not_before: Some(Seconds(w.now.seconds().0 - 1)), ..child.clone() },
        TokenSpec { transferable: Some(true), ..child.clone() },
        TokenSpec { max_staleness: Some(Seconds(61)), ..child.clone() },
        delegates(DelegationMode::Offline, 1),
        delegates(DelegationMode::Logged, 3),
        permits(Permission { services: Some(vec![w.hotel, w.airline]), ..permission(&w) }),
        permits(Permission { actions: Some(vec!["cancel".into()]), ..permission(&w) }),
        permits(Permission { resources: path(""), ..permission(&w) }),
        permits(Permission { resources: path("roomsandmore"), ..permission(&w) }),
        spends(budget(cny, Amount(101))),
        spends(carved(cny, Amount(101))),
        spends(Budget { per_use: Some(Amount(51)), ..budget(cny, Amount(100)) }),
        spends(Budget { refundable: Some(Amount(61)), ..budget(cny, Amount(100)) }),
        spends(carved(cny, Amount(61))),
    ];
    for spec in wider {
        w.refuses(Code::WiderThanParent, |w| w.delegate(root, "alice", &spec));
    }
    let narrow = [
        TokenSpec { expires: spec.expires, ..child.clone() },
        TokenSpec { max_staleness: Some(Seconds(60)), ..child.clone() },
        delegates(DelegationMode::Logged, 2),
        permits(permission(&w)),
        permits(Permission { resources: path("rooms/12"), ..Permission::default() }),
        spends(limited),
        spends(budget(cny, Amount(100))),
        spends(carved(cny, Amount(60))),
    ];
    for spec in narrow {
        w.delegate(root, "alice", &spec).expect("as wide, or narrower");
    }
}

#[test]
fn a_childs_budgets_are_among_its_parents() {
    let mut w = World::new();
    let (cny, usd) = (w.cny, w.usd);
    let root = w.root("alice", 100);
    let with = |w: &World, budgets| w.inherit("bob", Some(budgets));
    let usd_child = with(&w, vec![budget(usd, Amount(1))]);
    w.refuses(Code::UnitNotBudgeted, |w| w.delegate(root, "alice", &usd_child));
    let unknown = with(&w, vec![budget(NOBODY, Amount(1))]);
    w.refuses(Code::UnknownUnit, |w| w.delegate(root, "alice", &unknown));
    let none = Budget { total: None, ..carved(cny, Amount(1)) };
    for bad in [none, carved(cny, Amount(0))] {
        let spec = with(&w, vec![bad]);
        w.refuses(Code::BadAmount, |w| w.delegate(root, "alice", &spec));
    }
    let poor = w.issue(&w.spec("alice")).expect("without budgets");
    let spec = with(&w, vec![budget(cny, Amount(1))]);
    w.refuses(Code::UnitNotBudgeted, |w| w.delegate(poor, "alice", &spec));
    // A list without the unit closes it for everybody below.
    let closed = w.delegate(root, "alice", &with(&w, Vec::new())).expect("no money");
    w.refuses(Code::UnitNotBudgeted, |w| w.delegate(closed, "bob", &spec));
    let below = w.delegate(closed, "bob", &w.inherit("carol", None)).expect("inherits nothing");
    w.refuses(Code::UnitNotBudgeted, |w| w.reserve(below, "carol", 1));
}

#[test]
fn a_carve_takes_what_is_left_and_no_more() {
    let mut w = World::new();
    let cny = w.cny;
    let root = w.root("alice", 100);
    w.reserve(root, "alice", 40).expect("held");
    let spec = |w: &World, amount| w.inherit("bob", Some(vec![carved(cny, Amount(amount))]));
    let most = spec(&w, 61);
    w.refuses(Code::AboveTotal, |w| w.delegate(root, "alice", &most));
    w.delegate(root, "alice", &spec(&w, 60)).expect("the rest");
    let one = spec(&w, 1);
    w.refuses(Code::AboveTotal, |w| w.delegate(root, "alice", &one));
    w.refuses(Code::AboveTotal, |w| w.reserve(root, "alice", 1));
}

#[test]
fn narrowing_a_token_for_oneself_binds() {
    let mut w = World::new();
    let cny = w.cny;
    let root = w.root("alice", 100);
    let narrow = Budget { per_use: Some(Amount(10)), ..budget(cny, Amount(25)) };
    let own = w.delegate(root, "alice", &w.inherit("alice", Some(vec![narrow]))).expect("attenuated");
    w.refuses(Code::AbovePerUse, |w| w.reserve(own, "alice", 11));
    w.reserve(own, "alice", 10).expect("within");
    w.reserve(own, "alice", 10).expect("within");
    w.refuses(Code::AboveTotal, |w| w.reserve(own, "alice", 6));
    assert_eq!((w.committed(own), w.committed(root)), (20, 20));
}
