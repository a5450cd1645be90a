//! Approvals: asked for on the ledger or brought along, k of n, above a threshold or a sum in a span; what waits.

use crate::world::*;
use remit::client::{TokenSpec, budget, carved};
use remit_verifier::code::Code;
use remit_verifier::label;
use remit_verifier::limits::APPROVAL_VALIDITY_MAX;
use remit_verifier::object::{
    Act, ApprovalRule, Budget, Invocation, Path, Period, Position, Purpose, Reference, Requested, Stamp,
    Window,
};
use remit_verifier::sign::sign_object;
use remit_verifier::types::{Amount, Nonce, ObjectId, RequestId, Rules, Seconds, StateIndex};

/// `k` of these people, for payments above `threshold` of a unit.
pub fn rule(k: u64, approvers: &[&str], unit: ObjectId, threshold: u64) -> ApprovalRule {
    let mut approvers: Vec<_> = approvers.iter().map(|name| (&public(name)).into()).collect();
    approvers.sort_by_key(|key: &remit_verifier::key::EncodedKey| *key.bytes());
    ApprovalRule { k, approvers, thresholds: Some(vec![(unit, Amount(threshold))]) }
}

impl World {
    /// A root of 1 000 CNY that needs one of Ann and Ben above 100.
    fn guarded(&mut self) -> ObjectId {
        let approval = Some(rule(1, &["ann", "ben"], self.cny, 100));
        let budgets = Some(vec![budget(self.cny, Amount(1_000))]);
        let spec = TokenSpec { approval, budgets, ..self.spec("alice") };
        self.issue(&spec).expect("issued")
    }

    pub fn asking(&self, token: ObjectId, amount: u64) -> Requested {
        let decide_by = Seconds(self.now.seconds().0 + 2 * DAY);
        self.ask(token, amount).requested(decide_by).expect("a payment")
    }

    /// Asks on the ledger: the nonce and the name of the request.
    pub fn request(&mut self, requested: Requested, by: &str) -> Result<(Nonce, RequestId), Code> {
        let key = key(by);
        let act = Act::Request(requested.clone());
        let draft = self.client.act(self.now, act, &[&key]).expect("draft");
        let nonce = draft.body.stamp().expect("an act").nonce;
        self.apply(&[draft])?;
        Ok((nonce, requested.request_id(&self.ledger.id(), nonce)))
    }

    pub fn approve(&mut self, request: RequestId, by: &str) -> Result<ObjectId, Code> {
        self.act(Act::Approve { request }, &[by])
    }

    /// The invocation that carries out the request with this nonce.
    pub fn invocation(&mut self, token: ObjectId, amount: u64, nonce: Option<Nonce>) -> Invocation {
        let invocation = self.client.invocation(self.now, &self.ask(token, amount)).expect("draft");
        Invocation { request_nonce: nonce, ..invocation }
    }

    fn carry_out(
        &mut self,
        token: ObjectId,
        amount: u64,
        nonce: Nonce,
        approvals: Vec<Vec<u8>>,
    ) -> Result<ObjectId, Code> {
        let invocation = self.invocation(token, amount, Some(nonce));
        let signer = key("alice");
        let draft = self.client.reserve_approved(invocation, approvals, &signer);
        self.apply(&[draft]).map(|ready| ready.id)
    }

    /// An approval that travels: signed for `request`, good until `seconds` from now.
    pub fn yes(&self, request: RequestId, by: &str, seconds: u64) -> Vec<u8> {
        let valid_until = Seconds(self.now.seconds().0 + seconds);
        let stamp = Stamp { nonce: Nonce([by.len() as u8; 16]), valid_until, bundle: None };
        let payload = Act::Approve { request }.encode(&stamp);
        sign_object(&key(by), label::APPROVE, &self.ledger.id(), &payload).expect("signed").1
    }

    /// Name of the request that an invocation with this nonce carries out.
    fn name(&mut self, token: ObjectId, amount: u64, nonce: Nonce) -> RequestId {
        let ledger = self.ledger.id();
        self.invocation(token, amount, Some(nonce)).request_id(&ledger).expect("it names one")
    }
}

const NONCE: Nonce = Nonce([7; 16]);

#[test]
fn above_the_threshold_an_approver_must_say_yes() {
    let mut w = World::new();
    let root = w.guarded();
    w.reserve(root, "alice", 100).expect("at the threshold nobody is asked");
    w.refuses(Code::ApprovalRequired, |w| w.reserve(root, "alice", 101));
    let (nonce, request) = w.request(w.asking(root, 101), "alice").expect("asked");
    assert_eq!((w.counters(root).pending, w.committed(root)), (101, 201), "it waits, and is held");
    w.refuses(Code::ApprovalRequired, |w| w.carry_out(root, 101, nonce, Vec::new()));
    w.refuses(Code::NotAnApprover, |w| w.approve(request, "carol"));
    w.approve(request, "ben").expect("yes");
    w.refuses(Code::AlreadySo, |w| w.approve(request, "ben"));
    w.refuses(Code::ApprovalRequired, |w| w.carry_out(root, 102, nonce, Vec::new()));
    let reserve = w.carry_out(root, 101, nonce, Vec::new()).expect("carried out");
    assert_eq!((w.counters(root).pending, w.counters(root).reserved), (0, 201));
    w.refuses(Code::RequestClosed, |w| w.carry_out(root, 101, nonce, Vec::new()));
    w.refuses(Code::RequestClosed, |w| w.approve(request, "ann"));
    w.capture(reserve, 1, 101).expect("captured");
    w.replays();
}

#[test]
fn approvals_that_travel_count_like_those_on_the_ledger() {
    let mut w = World::new();
    let approval = Some(rule(2, &["ann", "ben", "cai"], w.cny, 100));
    let budgets = Some(vec![budget(w.cny, Amount(1_000))]);
    let root = w.issue(&TokenSpec { approval, budgets, ..w.spec("alice") }).expect("issued");
    let request = w.name(root, 500, NONCE);
    let other = w.name(root, 501, NONCE);
    let [ann, ben] = ["ann", "ben"].map(|name| w.yes(request, name, DAY));
    let one = vec![ann.clone()];
    w.refuses(Code::ApprovalRequired, |w| w.carry_out(root, 500, NONCE, one));
    let twice = vec![ann.clone(), ann.clone()];
    w.refuses(Code::ApprovalRequired, |w| w.carry_out(root, 500, NONCE, twice));
    let wrong = vec![ann.clone(), w.yes(other, "ben", DAY)];
    w.refuses(Code::UnknownRequest, |w| w.carry_out(root, 500, NONCE, wrong));
    let stranger = vec![ann.clone(), w.yes(request, "mallory", DAY)];
    w.refuses(Code::NotAnApprover, |w| w.carry_out(root, 500, NONCE, stranger));
    let mut forged = ben.clone();
    *forged.last_mut().expect("bytes") ^= 1;
    let forged = vec![ann.clone(), forged];
    w.refuses(Code::BadSignature, |w| w.carry_out(root, 500, NONCE, forged));
    w.carry_out(root, 500, NONCE, vec![ann.clone(), ben.clone()]).expect("two of three");
    // What was approved once is not approved again, whatever the nonce of the invocation.
    w.refuses(Code::RequestClosed, |w| w.carry_out(root, 500, NONCE, vec![ann, ben]));
    w.replays();
}

#[test]
fn approvals_have_a_window_of_a_week() {
    let mut w = World::new();
    let root = w.guarded();
    let request = w.name(root, 500, NONCE);
    let week = APPROVAL_VALIDITY_MAX.0;
    let [long, good] = [week + 1, week].map(|seconds| vec![w.yes(request, "ann", seconds)]);
    w.refuses(Code::TooEarly, |w| w.carry_out(root, 500, NONCE, long));
    let late = vec![w.yes(request, "ann", 60)];
    w.advance(60);
    w.refuses(Code::TooLate, |w| w.carry_out(root, 500, NONCE, late));
    w.carry_out(root, 500, NONCE, good).expect("good for a week");
    let mut asking = w.asking(root, 1);
    asking.decide_by = Seconds(w.now.seconds().0 + week + 1);
    w.refuses(Code::BadTime, |w| w.request(asking.clone(), "alice"));
    asking.decide_by = w.now.seconds();
    w.refuses(Code::BadTime, |w| w.request(asking.clone(), "alice"));
    asking.decide_by = Seconds(w.now.seconds().0 + week);
    w.request(asking, "alice").expect("a week");
}

#[test]
fn an_invocation_without_a_nonce_brings_no_approvals() {
    let mut w = World::new();
    let root = w.guarded();
    let request = w.name(root, 500, NONCE);
    let approvals = vec![w.yes(request, "ann", DAY)];
    w.refuses(Code::UnknownRequest, |w| {
        let invocation = w.invocation(root, 500, None);
        let signer = key("alice");
        let draft = w.client.reserve_approved(invocation, approvals, &signer);
        w.apply(&[draft])
    });
}

#[test]
fn every_link_asks_its_own_approvers() {
    let mut w = World::new();
    let root = w.guarded();
    let spec = w.inherit("bob", None);
    let spec = TokenSpec { approval: Some(rule(1, &["dora"], w.cny, 10)), ..spec };
    let child = w.delegate(root, "alice", &spec).expect("delegated");
    w.reserve(child, "bob", 10).expect("below both");
    w.refuses(Code::ApprovalRequired, |w| w.reserve(child, "bob", 11));
    let (nonce, request) = w.request(w.asking(child, 200), "bob").expect("asked");
    w.approve(request, "dora").expect("the child's");
    let carry = |w: &mut World| {
        let invocation = w.invocation(child, 200, Some(nonce));
        let signer = key("bob");
        let draft = w.client.reserve_approved(invocation, Vec::new(), &signer);
        w.apply(&[draft])
    };
    w.refuses(Code::ApprovalRequired, carry);
    w.approve(request, "ann").expect("the root's");
    carry(&mut w).expect("both");
    w.replays();
}

#[test]
fn without_thresholds_every_use_is_approved_and_other_units_are_above() {
    let mut w = World::new();
    let (cny, usd) = (w.cny, w.usd);
    let always = ApprovalRule { thresholds: None, ..rule(1, &["ann"], cny, 0) };
    let budgets = Some(vec![budget(cny, Amount(100)), budget(usd, Amount(100))]);
    let spec = TokenSpec { approval: Some(always), budgets: budgets.clone(), ..w.spec("alice") };
    let strict = w.issue(&spec).expect("issued");
    w.refuses(Code::ApprovalRequired, |w| w.reserve(strict, "alice", 1));
    let spec = TokenSpec { approval: Some(rule(1, &["ann"], usd, 100)), budgets, ..w.spec("alice") };
    let other = w.issue(&spec).expect("issued");
    w.refuses(Code::ApprovalRequired, |w| w.reserve(other, "alice", 1));
}

#[test]
fn a_sum_in_a_window_needs_approval_though_each_part_does_not() {
    let mut w = World::new();
    let day = Period::Fixed { length: Seconds(DAY), anchor: Seconds(0) };
    let cumulative = Some(Window { period: day, most: Amount(150) });
    let budgets = Some(vec![Budget { cumulative, ..budget(w.cny, Amount(1_000)) }]);
    let nobody = TokenSpec { budgets: budgets.clone(), ..w.spec("alice") };
    w.refuses(Code::NoApprovers, |w| w.issue(&nobody));
    let approval = Some(rule(1, &["ann"], w.cny, 100));
    let root = w.issue(&TokenSpec { approval, budgets, ..w.spec("alice") }).expect("issued");
    w.reserve(root, "alice", 90).expect("90");
    w.reserve(root, "alice", 60).expect("150");
    w.refuses(Code::ApprovalRequired, |w| w.reserve(root, "alice", 1));
    let request = w.name(root, 1, NONCE);
    let approvals = vec![w.yes(request, "ann", DAY)];
    w.carry_out(root, 1, NONCE, approvals).expect("approved");
    w.advance(DAY);
    w.reserve(root, "alice", 100).expect("a new day");
    w.replays();
}

#[test]
fn what_waits_comes_back_when_it_is_taken_back_refused_or_forgotten() {
    let mut w = World::new();
    let root = w.guarded();
    let requests: Vec<_> = (0..3).map(|_| w.request(w.asking(root, 300), "alice").expect("asked")).collect();
    assert_eq!(w.committed(root), 900);
    w.refuses(Code::AboveTotal, |w| w.request(w.asking(root, 101), "alice"));
    w.refuses(Code::ApprovalRequired, |w| w.reserve(root, "alice", 101));
    let withdraw = |w: &mut World, request, position: Option<u8>, by| {
        w.act(Act::Withdraw { request, position: position.map(Position) }, &[by])
    };
    let [(nonce, first), (_, second), (_, third)] = requests[..] else { panic!("three") };
    w.refuses(Code::WrongSigner, |w| withdraw(w, first, Some(2), "mallory"));
    w.refuses(Code::WrongPosition, |w| withdraw(w, first, Some(3), "alice"));
    w.refuses(Code::NotAnApprover, |w| withdraw(w, first, None, "alice"));
    withdraw(&mut w, first, Some(2), "alice").expect("the holder takes it back");
    assert_eq!(w.committed(root), 600);
    w.approve(second, "ben").expect("one says yes");
    withdraw(&mut w, second, None, "ann").expect("the other one refuses");
    assert_eq!(w.committed(root), 300);
    // An approval from elsewhere does not bring back what was taken back.
    let late = vec![w.yes(first, "ann", DAY)];
    w.refuses(Code::RequestClosed, |w| w.carry_out(root, 300, nonce, late));
    w.refuses(Code::RequestClosed, |w| withdraw(w, first, Some(1), "issuer"));
    w.refuses(Code::UnknownRequest, |w| w.approve(RequestId([1; 32]), "ann"));
    w.advance(2 * DAY);
    w.refuses(Code::RequestClosed, |w| w.approve(third, "ann"));
    w.tick();
    assert_eq!((w.committed(root), w.counters(root).pending), (0, 0));
    w.replays();
}

#[test]
fn a_stop_cancels_what_waits_also_if_it_is_lifted() {
    for stop in ["suspend", "freeze the token", "freeze the ledger", "freeze the payee", "freeze the unit"] {
        let mut w = World::new();
        let root = w.guarded();
        let (nonce, request) = w.request(w.asking(root, 300), "alice").expect("asked");
        w.approve(request, "ann").expect("yes");
        if stop == "suspend" {
            let target = w.target(root, 1);
            let suspend = w.act(Act::Suspend(target), &["issuer"]).expect("suspended");
            w.act(Act::Resume { target, suspend: Reference::Id(suspend) }, &["issuer"]).expect("resumed");
        } else {
            let id = match stop {
                "freeze the token" => root,
                "freeze the payee" => w.hotel,
                "freeze the unit" => w.cny,
                _ => ObjectId(w.ledger.id().0),
            };
            let ledger = stop == "freeze the ledger";
            let leaf = if ledger { StateIndex(0) } else { w.ledger.leaf(&id).expect("a leaf").leaf.index };
            let freeze = w.operate(Act::Freeze { leaf, id }).expect("frozen");
            w.operate(Act::Unfreeze { leaf, id, freeze: Reference::Id(freeze) }).expect("thawed");
        }
        w.refuses(Code::RequestClosed, |w| w.carry_out(root, 300, nonce, Vec::new()));
        w.refuses(Code::RequestClosed, |w| w.approve(request, "ben"));
        assert_eq!(w.counters(root).pending, 300, "{stop}: it comes back by an entry of its own");
        w.act(Act::Withdraw { request, position: Some(Position(2)) }, &["alice"]).expect("taken back");
        assert_eq!(w.committed(root), 0);
        w.replays();
    }
}

#[test]
fn what_waits_holds_up_a_transfer_and_passes_an_ended_child() {
    let mut w = World::new();
    let root = w.guarded();
    let spec = w.inherit("alice", Some(vec![carved(w.cny, Amount(500))]));
    let child = w.delegate(root, "alice", &spec).expect("carved");
    let (_, request) = w.request(w.asking(child, 200), "alice").expect("asked");
    let epoch = w.epoch(child);
    let (alice, bob) = (key("alice"), key("bob"));
    w.refuses(Code::ValueOpen, |w| {
        let draft = w.client.transfer(w.now, child, epoch, (&alice, &bob)).expect("draft");
        w.apply(&[draft])
    });
    w.act(Act::Revoke(w.target(child, 2)), &["alice"]).expect("revoked");
    w.act(Act::End(w.target(child, 2)), &["alice"]).expect("ended");
    assert_eq!(w.committed(root), 200, "300 came back");
    w.act(Act::Withdraw { request, position: Some(Position(1)) }, &["issuer"]).expect("taken back");
    assert_eq!(w.committed(root), 0);
    w.replays();
}

#[test]
fn requests_obey_what_reserves_obey() {
    let mut w = World::new();
    let root = w.guarded();
    let good = w.asking(root, 200);
    w.refuses(Code::WrongHolder, |w| w.request(good.clone(), "bob"));
    w.refuses(Code::ActionNotAllowed, |w| {
        let purpose = Purpose::Use {
            action: "sell".into(),
            resource: Path::parse("rooms/12").expect("path"),
            arguments: Vec::new(),
        };
        w.request(Requested { purpose, ..good.clone() }, "alice")
    });
    w.refuses(Code::UnknownParty, |w| w.request(Requested { payee: w.cny, ..good.clone() }, "alice"));
    w.refuses(Code::UnitNotBudgeted, |w| w.request(Requested { unit: w.usd, ..good.clone() }, "alice"));
    w.refuses(Code::AboveTotal, |w| w.request(Requested { amount: Amount(1_001), ..good.clone() }, "alice"));
    w.refuses(Code::OldEpoch, |w| {
        w.request(Requested { epoch: remit_verifier::types::Epoch(1), ..good.clone() }, "alice")
    });
    w.act(Act::Revoke(w.target(root, 1)), &["issuer"]).expect("revoked");
    w.refuses(Code::Revoked, |w| w.request(good.clone(), "alice"));
}

#[test]
fn rules_version_1_has_no_approvals() {
    let mut w = World::of_rules("remit.example/old", Rules::FIRST);
    let approval = Some(rule(1, &["ann"], w.cny, 100));
    let spec = TokenSpec { approval, budgets: Some(vec![budget(w.cny, Amount(9))]), ..w.spec("alice") };
    w.refuses(Code::NotEnabled, |w| w.issue(&spec));
    let root = w.root("alice", 1_000);
    w.refuses(Code::NotEnabled, |w| w.request(w.asking(root, 1), "alice"));
    w.refuses(Code::NotEnabled, |w| w.approve(RequestId([1; 32]), "ann"));
    w.refuses(Code::NotEnabled, |w| {
        w.act(Act::Withdraw { request: RequestId([1; 32]), position: None }, &["ann"])
    });
    w.refuses(Code::NotEnabled, |w| w.carry_out(root, 1, NONCE, Vec::new()));
}

/// A lease is spent out of everybody's sight: what needs approval as a whole, or in a sum, is not opened.
#[test]
fn a_lease_does_not_go_around_approvers() {
    let mut w = World::new();
    let guarded = |w: &mut World, approval, cumulative| {
        let budgets = Some(vec![Budget { cumulative, ..w.leasing() }]);
        w.issue(&TokenSpec { approval: Some(approval), budgets, ..w.spec("alice") }).expect("issued")
    };
    let above = rule(1, &["ann"], w.cny, 100);
    let root = guarded(&mut w, above.clone(), None);
    w.refuses(Code::ApprovalRequired, |w| w.lease(root, "alice", 101));
    w.lease(root, "alice", 100).expect("no voucher in it can be above");
    let always = guarded(&mut w, ApprovalRule { thresholds: None, ..above.clone() }, None);
    w.refuses(Code::ApprovalRequired, |w| w.lease(always, "alice", 1));
    let day = Period::Fixed { length: Seconds(DAY), anchor: Seconds(0) };
    let sum = guarded(&mut w, above, Some(Window { period: day, most: Amount(150) }));
    w.lease(sum, "alice", 100).expect("100");
    w.refuses(Code::ApprovalRequired, |w| w.lease(sum, "alice", 51));
    w.lease(sum, "alice", 50).expect("150");
    w.replays();
}
