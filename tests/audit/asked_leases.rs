//! The recount of leases that approvers are asked for finds what a ledger that broke their rules would show.

use crate::conserve::Forger;
use crate::story::{lease_terms, requested_lease, waiting_lease};
use crate::world::*;
use remit::client::{TokenSpec, budget};
use remit_verifier::code::Code;
use remit_verifier::object::{Act, ApprovalRule, Budget, Lease, LeaseLimits, Requested};
use remit_verifier::types::{Amount, Nonce, ObjectId, RequestId, Rules, Seconds, TillId};

/// A lease of 60 of alice's 100 waits for Ann; she said yes if `approved`.
fn waiting(approved: bool) -> (Forger, Lease, RequestId) {
    let mut w = World::new();
    let (lease, request) = waiting_lease(&mut w);
    if approved {
        w.act(Act::Approve { request }, &["ann"]).expect("approved");
    }
    (Forger::of(w), lease, request)
}

impl Forger {
    fn open(&mut self, lease: Lease, approvals: Vec<Vec<u8>>) -> ObjectId {
        let (alice, now) = (key("alice"), self.w.now);
        let draft = self.w.client.lease_approved(now, lease, approvals, &alice).expect("drafted");
        self.write(&[draft])
    }

    fn ask(&mut self, requested: Requested) {
        self.act(Act::Request(requested), &["alice"]);
    }
}

#[test]
fn a_lease_is_opened_by_its_own_approvers_once() {
    let (mut forger, lease, _) = waiting(true);
    forger.open(lease, Vec::new());
    assert_eq!(forger.found(), []);
    let account = forger.report().accounts[0];
    assert_eq!((account.pending, account.leased), (0, 60));
    forger.open(lease, Vec::new());
    assert_eq!(forger.found(), [Code::RequestClosed, Code::ApprovalRequired, Code::AboveTotal]);

    let (mut forger, lease, request) = waiting(false);
    forger.open(lease, Vec::new());
    assert_eq!(forger.found(), [Code::ApprovalRequired]);
    let (mut forger, lease, _) = waiting(true);
    forger.open(Lease { till: TillId([2; 32]), amount: Amount(40), ..lease }, Vec::new());
    assert_eq!(forger.found(), [Code::ApprovalRequired], "another till is another request");
    let (mut forger, lease, _) = waiting(false);
    let until = Seconds(forger.w.now.seconds().0 + 60);
    let [good, other] = [request, RequestId([1; 32])]
        .map(|request| forger.w.client.approval(request, until, &key("ann")).expect("signed").1);
    forger.open(lease, vec![good.clone()]);
    assert_eq!(forger.found(), []);
    let (mut forger, lease, _) = waiting(true);
    forger.open(lease, vec![other]);
    assert_eq!(forger.found(), [Code::UnknownRequest]);
    let (mut forger, lease, _) = waiting(false);
    forger.open(Lease { request_nonce: None, amount: Amount(40), ..lease }, vec![good]);
    assert_eq!(forger.found(), [Code::UnknownRequest, Code::ApprovalRequired]);
    let (mut forger, lease, _) = waiting(true);
    forger.w.advance(3_600);
    forger.open(lease, Vec::new());
    assert_eq!(forger.found(), [Code::BadTime, Code::RequestClosed], "a second too late");
}

#[test]
fn a_lease_is_asked_for_within_what_it_must_be_opened_in() {
    let asks = |change: &dyn Fn(&mut Lease, &mut Seconds)| {
        let (mut forger, lease, _) = waiting(false);
        let mut terms = Lease { amount: Amount(40), ..lease };
        let mut decide_by = terms.spend_until;
        change(&mut terms, &mut decide_by);
        forger.ask(requested_lease(&terms, decide_by));
        forger.found()
    };
    assert_eq!(asks(&|_, _| {}), []);
    assert_eq!(asks(&|terms, _| terms.amount = Amount(41)), [Code::AboveTotal]);
    assert_eq!(asks(&|terms, _| terms.amount = Amount(61)), [Code::AboveLeaseLimit, Code::AboveTotal]);
    assert_eq!(asks(&|terms, _| terms.spend_until.0 += 10), [Code::LeaseTooLong]);
    assert_eq!(asks(&|terms, _| terms.settle_by.0 = terms.spend_until.0 + 599), [Code::BadTime]);
    assert_eq!(asks(&|_, decide_by| decide_by.0 += 1), [Code::BadTime]);
    assert_eq!(asks(&|terms, _| terms.payee = ObjectId([9; 32])), [Code::UnknownParty]);
}

#[test]
fn where_every_use_asks_and_under_earlier_rules_there_is_none() {
    let root = |w: &mut World| {
        let leases = Some(LeaseLimits { most: Amount(60), longest: Seconds(3_600) });
        let budgets = Some(vec![Budget { leases, ..budget(w.cny, Amount(100)) }]);
        let approvers = vec![(&public("ann")).into()];
        let approval = Some(ApprovalRule { k: 1, approvers, thresholds: None });
        w.issue(&TokenSpec { approval, budgets, ..w.spec("alice") }).expect("issued")
    };
    let mut w = World::new();
    let token = root(&mut w);
    let terms = lease_terms(&w, token, 40);
    let mut forger = Forger::of(w);
    forger.ask(requested_lease(&terms, terms.spend_until));
    assert_eq!(forger.found(), [Code::EveryUseAsks]);

    let mut w = World::of_rules("remit.example/second", Rules(2));
    let leases = Some(LeaseLimits { most: Amount(60), longest: Seconds(3_600) });
    let budgets = Some(vec![Budget { leases, ..budget(w.cny, Amount(100)) }]);
    let token = w.issue(&TokenSpec { budgets, ..w.spec("alice") }).expect("issued");
    let terms = lease_terms(&w, token, 40);
    let mut forger = Forger::of(w);
    forger.open(Lease { request_nonce: Some(Nonce([1; 16])), ..terms }, Vec::new());
    assert_eq!(forger.found(), [Code::NotEnabled]);
}
