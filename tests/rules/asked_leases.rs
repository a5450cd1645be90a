//! Leases that approvers are asked for: the whole amount, for one till and until stated times, once.

use crate::approvals::rule;
use crate::leases::{HOUR, TILL, limits, wanted};
use crate::world::*;
use remit::client::{TokenSpec, budget};
use remit::engine::Answer;
use remit_verifier::code::Code;
use remit_verifier::limits::APPROVAL_VALIDITY_MAX;
use remit_verifier::object::{
    Act, ApprovalRule, Budget, Invocation, Lease, Period, Position, Purpose, Reference, Requested, Window,
};
use remit_verifier::till::{Wallet, WalletError};
use remit_verifier::types::{Amount, Nonce, ObjectId, RequestId, Rules, Seconds, TillId};

const NONCE: Nonce = Nonce([7; 16]);

impl World {
    /// A root of 1 000 CNY with leases of 500 for a day, that needs one of Ann and Ben above 100.
    pub fn guarded_leasing(&mut self) -> ObjectId {
        let approval = rule(1, &["ann", "ben"], self.cny, 100);
        self.leasing_root(approval, None)
    }

    fn leasing_root(&mut self, approval: ApprovalRule, cumulative: Option<Window>) -> ObjectId {
        let budgets = Some(vec![Budget { cumulative, ..self.leasing() }]);
        let spec = TokenSpec { approval: Some(approval), budgets, ..self.spec("alice") };
        self.issue(&spec).expect("issued")
    }

    /// What approvers of a lease are asked for, until half an hour from now.
    pub fn asking_for(&self, terms: &Lease) -> Requested {
        let Lease { token, epoch, payee, amount, unit, .. } = *terms;
        let decide_by = Seconds(self.now.seconds().0 + HOUR / 2);
        Requested { token, epoch, payee, purpose: Purpose::Lease(terms.terms()), amount, unit, decide_by }
    }

    /// Asks on the ledger: the lease that carries it out, and the name of the request.
    pub fn ask_for(&mut self, terms: &Lease, by: &str) -> Result<(Lease, RequestId), Code> {
        let (nonce, request) = self.request(self.asking_for(terms), by)?;
        Ok((Lease { request_nonce: Some(nonce), ..*terms }, request))
    }

    /// Opens a lease with approvals that travel.
    pub fn open_lease(&mut self, terms: Lease, approvals: Vec<Vec<u8>>) -> Result<ObjectId, Code> {
        let signer = key("alice");
        let draft = self.client.lease_approved(self.now, terms, approvals, &signer).expect("draft");
        self.apply(&[draft]).map(|ready| ready.id)
    }

    /// The terms of a lease of so much that names a request nobody made on the ledger, and that request's name.
    fn named_lease(&self, token: ObjectId, amount: u64) -> (Lease, RequestId) {
        let terms = Lease { request_nonce: Some(NONCE), ..self.terms(token, amount) };
        (terms, terms.request_id(&self.ledger.id()).expect("it names one"))
    }
}

#[test]
fn a_lease_above_the_threshold_is_asked_for_approved_and_opened_once() {
    let mut w = World::new();
    let root = w.guarded_leasing();
    w.refuses(Code::ApprovalRequired, |w| w.lease(root, "alice", 101));
    let (lease, request) = w.ask_for(&w.terms(root, 300), "alice").expect("asked");
    assert_eq!((w.counters(root).pending, w.committed(root)), (300, 300), "it waits, and is held");
    w.refuses(Code::ApprovalRequired, |w| w.open_lease(lease, Vec::new()));
    w.refuses(Code::NotAnApprover, |w| w.approve(request, "carol"));
    w.approve(request, "ben").expect("yes");
    w.refuses(Code::AlreadySo, |w| w.approve(request, "ben"));
    let id = w.open_lease(lease, Vec::new()).expect("opened");
    assert_eq!((w.counters(root).pending, w.leased(root), w.committed(root)), (0, 300, 300));
    assert_eq!(w.facts().unapproved, Some(Amount(100)), "the payee is told");
    w.refuses(Code::RequestClosed, |w| w.open_lease(lease, Vec::new()));
    w.refuses(Code::RequestClosed, |w| w.approve(request, "ann"));
    w.advance(HOUR / 2);
    w.tick();
    assert_eq!(w.leased(root), 300, "nothing falls due for the request any more");
    let vouchers = w.vouchers(id, "alice", &[100, 40]);
    w.settle(id, &vouchers[1]).expect("settled");
    assert_eq!((w.leased(root), w.counters(root).captured, w.committed(root)), (0, 140, 140));
    w.replays();
}

#[test]
fn approvals_that_travel_open_a_lease_too() {
    let mut w = World::new();
    let root = w.leasing_root(rule(2, &["ann", "ben", "cai"], w.cny, 100), None);
    let (lease, request) = w.named_lease(root, 300);
    let [ann, ben] = ["ann", "ben"].map(|name| w.yes(request, name, DAY));
    w.refuses(Code::ApprovalRequired, |w| w.open_lease(lease, vec![ann.clone()]));
    w.refuses(Code::ApprovalRequired, |w| w.open_lease(lease, vec![ann.clone(), ann.clone()]));
    let stranger = w.yes(request, "mallory", DAY);
    w.refuses(Code::NotAnApprover, |w| w.open_lease(lease, vec![ann.clone(), stranger]));
    let mut forged = ben.clone();
    *forged.last_mut().expect("bytes") ^= 1;
    w.refuses(Code::BadSignature, |w| w.open_lease(lease, vec![ann.clone(), forged]));
    let long = w.yes(request, "ben", APPROVAL_VALIDITY_MAX.0 + 1);
    w.refuses(Code::TooEarly, |w| w.open_lease(lease, vec![ann.clone(), long]));
    w.open_lease(lease, vec![ann.clone(), ben.clone()]).expect("two of three");
    w.refuses(Code::RequestClosed, |w| w.open_lease(lease, vec![ann, ben]));
    w.replays();
}

/// One says yes on the ledger, where the value waits, and one beside the lease.
#[test]
fn approvals_on_the_ledger_and_beside_the_lease_count_together() {
    let mut w = World::new();
    let root = w.leasing_root(rule(2, &["ann", "ben"], w.cny, 100), None);
    let (lease, request) = w.ask_for(&w.terms(root, 300), "alice").expect("asked");
    w.approve(request, "ann").expect("yes");
    let [again, ben] = ["ann", "ben"].map(|name| w.yes(request, name, DAY));
    w.refuses(Code::ApprovalRequired, |w| w.open_lease(lease, vec![again]));
    w.open_lease(lease, vec![ben]).expect("both");
    assert_eq!((w.counters(root).pending, w.leased(root)), (0, 300));
    w.replays();
}

#[test]
fn everything_that_is_asked_for_is_in_the_name_of_the_request() {
    let mut w = World::new();
    let root = w.guarded_leasing();
    let child = w.delegate(root, "alice", &w.inherit("alice", None)).expect("delegated");
    let (lease, request) = w.named_lease(root, 300);
    let yes = w.yes(request, "ann", DAY);
    let later = |by: Seconds| Seconds(by.0 + 1);
    let others = [
        Lease { token: child, ..lease },
        Lease { payee: w.airline, ..lease },
        Lease { till: TillId([0x72; 32]), ..lease },
        Lease { amount: Amount(299), ..lease },
        Lease { spend_until: Seconds(lease.spend_until.0 - 1), ..lease },
        Lease { spend_until: later(lease.spend_until), ..lease },
        Lease { settle_by: later(lease.settle_by), ..lease },
        Lease { refund_until: None, ..lease },
        Lease { refund_until: lease.refund_until.map(later), ..lease },
        Lease { request_nonce: Some(Nonce([8; 16])), ..lease },
        Lease { request_nonce: None, ..lease },
    ];
    for other in others {
        w.refuses(Code::UnknownRequest, |w| w.open_lease(other, vec![yes.clone()]));
    }
    w.open_lease(lease, vec![yes]).expect("what was approved");
}

/// Whatever else is the same, nonce and all, neither is the other.
#[test]
fn a_yes_to_a_purchase_opens_no_lease_and_a_yes_to_a_lease_pays_for_nothing() {
    let mut w = World::new();
    let root = w.guarded_leasing();
    let (lease, of_lease) = w.named_lease(root, 300);
    let of_use = w.invocation(root, 300, Some(NONCE));
    let request = of_use.request_id(&w.ledger.id()).expect("it names one");
    let [bought, leased] = [request, of_lease].map(|request| w.yes(request, "ann", DAY));
    w.refuses(Code::UnknownRequest, |w| w.open_lease(lease, vec![bought.clone()]));
    let carry = |w: &mut World, invocation: &Invocation, approval: &[u8]| {
        let signer = key("alice");
        let draft = w.client.reserve_approved(invocation.clone(), vec![approval.to_vec()], &signer);
        w.apply(&[draft]).map(|ready| ready.id)
    };
    w.refuses(Code::UnknownRequest, |w| carry(w, &of_use, &leased));
    // What waits on the ledger for one of them is not there for the other.
    let (waits, request) = w.ask_for(&w.terms(root, 400), "alice").expect("asked");
    w.approve(request, "ann").expect("yes");
    let of_use = w.invocation(root, 400, waits.request_nonce);
    w.refuses(Code::ApprovalRequired, |w| {
        let signer = key("alice");
        let draft = w.client.reserve_approved(of_use, Vec::new(), &signer);
        w.apply(&[draft])
    });
    let (nonce, request) = w.request(w.asking(root, 500), "alice").expect("asked");
    w.approve(request, "ann").expect("yes");
    let lease_of_it = Lease { request_nonce: Some(nonce), ..w.terms(root, 500) };
    w.refuses(Code::ApprovalRequired, |w| w.open_lease(lease_of_it, Vec::new()));
    w.open_lease(waits, Vec::new()).expect("the lease itself");
    w.replays();
}

#[test]
fn a_lease_is_asked_for_within_what_it_must_be_opened_in() {
    let mut w = World::new();
    let root = w.guarded_leasing();
    let good = w.terms(root, 300);
    w.refuses(Code::WrongHolder, |w| w.ask_for(&good, "bob"));
    w.refuses(Code::UnknownParty, |w| w.ask_for(&Lease { payee: w.cny, ..good }, "alice"));
    w.refuses(Code::UnitNotBudgeted, |w| w.ask_for(&Lease { unit: w.usd, ..good }, "alice"));
    w.refuses(Code::AboveLeaseLimit, |w| w.ask_for(&w.terms(root, 501), "alice"));
    let now = w.now.seconds().0;
    let until = |spend: u64| Lease {
        spend_until: Seconds(now + spend),
        settle_by: Seconds(now + spend + HOUR),
        ..good
    };
    w.refuses(Code::LeaseTooLong, |w| w.ask_for(&until(DAY + 1), "alice"));
    let day = Lease { amount: Amount(300), ..until(DAY) };
    w.ask_for(&day, "alice").expect("a day");
    w.refuses(Code::BadTime, |w| w.ask_for(&until(0), "alice"));
    let short = Lease { settle_by: Seconds(good.spend_until.0 + 599), ..good };
    w.refuses(Code::BadTime, |w| w.ask_for(&short, "alice"));
    w.ask_for(&w.terms(root, 500), "alice").expect("800 of 1 000 wait");
    w.refuses(Code::AboveTotal, |w| w.ask_for(&w.terms(root, 201), "alice"));
    w.act(Act::Revoke(w.target(root, 1)), &["issuer"]).expect("revoked");
    w.refuses(Code::Revoked, |w| w.ask_for(&good, "alice"));
}

#[test]
fn nobody_decides_longer_than_the_lease_is_spent_from() {
    let mut w = World::new();
    let root = w.guarded_leasing();
    let terms = w.terms(root, 300);
    let by = |w: &World, decide_by| Requested { decide_by, ..w.asking_for(&terms) };
    w.refuses(Code::BadTime, |w| w.request(by(w, w.now.seconds()), "alice"));
    w.refuses(Code::BadTime, |w| w.request(by(w, Seconds(terms.spend_until.0 + 1)), "alice"));
    let (nonce, request) = w.request(by(&w, terms.spend_until), "alice").expect("until it is over");
    w.approve(request, "ann").expect("yes");
    w.advance(HOUR - 1);
    let lease = Lease { request_nonce: Some(nonce), ..terms };
    w.open_lease(lease, Vec::new()).expect("a second before");
    w.replays();
}

#[test]
fn where_every_use_asks_there_is_no_lease_to_ask_for() {
    let mut w = World::new();
    let (cny, usd) = (w.cny, w.usd);
    let of = |threshold| rule(1, &["ann"], cny, threshold);
    let always = ApprovalRule { thresholds: None, ..of(0) };
    let other = rule(1, &["ann"], usd, 100);
    let payments = ApprovalRule { thresholds: Some(Vec::new()), ..of(0) };
    for approval in [always, other, payments, of(0)] {
        let root = w.leasing_root(approval, None);
        w.refuses(Code::EveryUseAsks, |w| w.ask_for(&w.terms(root, 300), "alice"));
        let (lease, request) = w.named_lease(root, 300);
        let yes = w.yes(request, "ann", DAY);
        w.refuses(Code::EveryUseAsks, |w| w.open_lease(lease, vec![yes]));
        w.refuses(Code::ApprovalRequired, |w| w.lease(root, "alice", 300));
    }
    let root = w.leasing_root(of(1), None);
    let (lease, request) = w.ask_for(&w.terms(root, 300), "alice").expect("one minor unit is free");
    w.approve(request, "ann").expect("yes");
    w.open_lease(lease, Vec::new()).expect("opened");
    assert_eq!(w.facts().unapproved, Some(Amount(1)));
    w.replays();
}

/// The payee is shown the least threshold of the chain, and neither wallet nor till goes above it.
#[test]
fn a_use_of_an_approved_lease_is_at_most_what_every_link_lets_pass() {
    let mut w = World::new();
    let root = w.guarded_leasing();
    let spec = TokenSpec { approval: Some(rule(1, &["dora"], w.cny, 60)), ..w.inherit("alice", None) };
    let child = w.delegate(root, "alice", &spec).expect("delegated");
    let (lease, request) = w.ask_for(&w.terms(child, 300), "alice").expect("asked");
    w.approve(request, "ann").expect("the root's");
    w.refuses(Code::ApprovalRequired, |w| w.open_lease(lease, Vec::new()));
    w.approve(request, "dora").expect("the child's");
    let id = w.open_lease(lease, Vec::new()).expect("both");
    assert_eq!((w.facts().unapproved, w.facts().per_use), (Some(Amount(60)), None));
    let proof = w.ledger.lease_proof(&id).expect("proved");
    let wallet = Wallet::new(w.ledger.id(), &proof).expect("a lease");
    let refused = wallet.sign(&key("alice"), &wanted(w.now, 61, 1), w.now).err();
    assert_eq!(refused, Some(WalletError::Refused(Code::AbovePerUse)));
    wallet.sign(&key("alice"), &wanted(w.now, 60, 1), w.now).expect("60");
    // A lease for which nobody was asked is below every threshold as a whole: nothing is shown.
    w.lease(child, "alice", 60).expect("60");
    assert_eq!(w.facts().unapproved, None);
}

#[test]
fn a_lease_that_waits_comes_back_when_it_is_taken_back_refused_or_forgotten() {
    let mut w = World::new();
    let root = w.guarded_leasing();
    let ask = |w: &mut World, amount| w.ask_for(&w.terms(root, amount), "alice").expect("asked");
    let [(lease, first), (_, second), (third, late)] = [300, 301, 302].map(|amount| ask(&mut w, amount));
    assert_eq!(w.committed(root), 903);
    let withdraw =
        |request, position: Option<u8>| Act::Withdraw { request, position: position.map(Position) };
    w.refuses(Code::WrongSigner, |w| w.act(withdraw(first, Some(2)), &["mallory"]));
    w.act(withdraw(first, Some(2)), &["alice"]).expect("the holder takes it back");
    w.act(withdraw(second, None), &["ann"]).expect("an approver refuses");
    assert_eq!((w.committed(root), w.counters(root).pending), (302, 302));
    let yes = vec![w.yes(first, "ann", DAY)];
    w.refuses(Code::RequestClosed, |w| w.open_lease(lease, yes));
    w.approve(late, "ann").expect("yes");
    w.advance(HOUR / 2);
    w.refuses(Code::RequestClosed, |w| w.open_lease(third, Vec::new()));
    w.tick();
    assert_eq!((w.committed(root), w.counters(root).pending), (0, 0));
    w.replays();
}

#[test]
fn a_stop_cancels_a_lease_that_waits_also_if_it_is_lifted() {
    let mut w = World::new();
    let root = w.guarded_leasing();
    let (lease, request) = w.ask_for(&w.terms(root, 300), "alice").expect("asked");
    w.approve(request, "ann").expect("yes");
    let suspend = w.act(Act::Suspend(w.target(root, 1)), &["issuer"]).expect("suspended");
    let target = w.target(root, 1);
    w.act(Act::Resume { target, suspend: Reference::Id(suspend) }, &["issuer"]).expect("resumed");
    w.refuses(Code::RequestClosed, |w| w.open_lease(lease, Vec::new()));
    assert_eq!(w.counters(root).pending, 300, "it comes back by an entry of its own");
    w.act(Act::Withdraw { request, position: Some(Position(2)) }, &["alice"]).expect("taken back");
    assert_eq!(w.committed(root), 0);
    w.replays();
}

#[test]
fn a_sum_in_a_window_counts_the_whole_lease_once() {
    let mut w = World::new();
    let day = Period::Fixed { length: Seconds(DAY), anchor: Seconds(0) };
    let cumulative = Some(Window { period: day, most: Amount(400) });
    let root = w.leasing_root(rule(1, &["ann"], w.cny, 300), cumulative);
    w.lease(root, "alice", 200).expect("200");
    let (lease, request) =
        w.ask_for(&w.terms(root, 250), "alice").expect("it is not counted before it is open");
    w.reserve(root, "alice", 100).expect("300");
    w.refuses(Code::ApprovalRequired, |w| w.open_lease(lease, Vec::new()));
    w.approve(request, "ann").expect("yes");
    let id = w.open_lease(lease, Vec::new()).expect("550, which Ann agreed to");
    w.refuses(Code::ApprovalRequired, |w| w.reserve(root, "alice", 1));
    // What its vouchers take is no second time in it, and what comes back leaves it: 400 are counted.
    let vouchers = w.vouchers(id, "alice", &[100]);
    w.settle(id, &vouchers[0]).expect("settled");
    w.refuses(Code::ApprovalRequired, |w| w.reserve(root, "alice", 1));
    w.advance(DAY);
    w.reserve(root, "alice", 300).expect("a new day");
    w.replays();
}

#[test]
fn leases_are_asked_for_from_rules_version_3_on() {
    let mut w = World::of_rules("remit.example/second", Rules(2));
    let root = w.guarded_leasing();
    w.refuses(Code::NotEnabled, |w| w.ask_for(&w.terms(root, 300), "alice"));
    let (lease, request) = w.named_lease(root, 300);
    let yes = w.yes(request, "ann", DAY);
    w.refuses(Code::NotEnabled, |w| w.open_lease(lease, vec![yes.clone()]));
    w.lease(root, "alice", 100).expect("as ever");
    assert_eq!(w.facts().unapproved, None);
    w.operate(Act::Upgrade { rules: Rules(3) }).expect("upgraded");
    w.open_lease(lease, vec![yes]).expect("opened");
    w.replays();
}

/// Whoever passes a lease on can put an approval beside it: that is no refusal of the holder's.
#[test]
fn an_approval_that_does_not_fit_makes_no_entry_of_the_refusal() {
    let mut w = World::new();
    let root = w.guarded_leasing();
    let entry = |w: &mut World, terms: Lease, approvals: Vec<Vec<u8>>| {
        let signer = key("alice");
        let draft = w.client.lease_approved(w.now, terms, approvals, &signer).expect("draft");
        let ready = w.client.ready(&[draft]).expect("signed");
        match w.submit(&ready) {
            Answer::Refused(refusal) => (refusal.code, refusal.entry.is_some()),
            other => panic!("{other:?}"),
        }
    };
    let (lease, request) = w.named_lease(root, 300);
    let (yes, other) = (w.yes(request, "ann", DAY), w.yes(RequestId([1; 32]), "ann", DAY));
    let bare = w.terms(root, 300);
    assert_eq!(entry(&mut w, bare, vec![yes]), (Code::UnknownRequest, false));
    assert_eq!(entry(&mut w, lease, vec![other]), (Code::UnknownRequest, false));
    let stranger = w.yes(request, "mallory", DAY);
    assert_eq!(entry(&mut w, lease, vec![stranger]), (Code::NotAnApprover, false));
    assert_eq!(entry(&mut w, lease, Vec::new()), (Code::ApprovalRequired, true));
    w.replays();
}

/// A lease that needs nobody may name a request all the same; it uses it up.
#[test]
fn a_request_is_used_up_though_nobody_had_to_be_asked() {
    let mut w = World::new();
    let budgets = Some(vec![Budget { leases: limits(500, DAY), ..budget(w.cny, Amount(1_000)) }]);
    let root = w.issue(&TokenSpec { budgets, ..w.spec("alice") }).expect("issued");
    let (lease, _) = w.ask_for(&w.terms(root, 300), "alice").expect("asked");
    assert_eq!(lease.till, TILL);
    w.open_lease(lease, Vec::new()).expect("opened");
    assert_eq!((w.counters(root).pending, w.leased(root), w.facts().unapproved), (0, 300, None));
    w.refuses(Code::RequestClosed, |w| w.open_lease(lease, Vec::new()));
    w.replays();
}
