//! The recount agrees with the ledger's own counters, and finds what a ledger that broke its rules would show.

use crate::log::{Log, Row};
use crate::story::{everything, lease_terms, second_voucher};
use crate::world::*;
use remit::audit::{Conservation, ConserveError, Tightest, VIOLATIONS_MAX, conserve};
use remit::client::{TokenSpec, budget, carved};
use remit_verifier::code::Code;
use remit_verifier::limits::REKEY_DELAY;
use remit_verifier::log::{Entry, Outcome};
use remit_verifier::object::{Act, Budget, Kind, LeaseLimits, Reference, Submission, Voucher};
use remit_verifier::sign::{Draft, Signer};
use remit_verifier::types::{Amount, EntryIndex, Epoch, Generation, Hash, ObjectId, Seconds, StateIndex};

#[test]
fn a_ledger_with_everything_conserves_and_its_counters_are_those_of_the_recount() {
    let w = everything();
    let report = conserve(Log::of(&w.ledger).recorded()).expect("recounts");
    assert!(report.ok, "{:?}", report.violations);
    assert!(report.accounts.len() >= 7);
    let mut compared = 0;
    for account in &report.accounts {
        let Some(record) = w.ledger.leaf(&account.token) else { continue };
        let unit = w.ledger.leaf(&account.unit).expect("a unit").leaf.index;
        let c = record.private.as_ref().expect("a token").values.counters(unit);
        let own = [account.captured, account.refunded, account.reserved, account.leased, account.carved];
        assert_eq!(
            own,
            [c.captured, c.refunded, c.reserved, c.leased, c.carved].map(i128::from),
            "{}",
            account.token
        );
        assert_eq!([account.returned, account.ceded], [c.returned, c.ceded].map(i128::from));
        compared += 1;
    }
    assert_eq!(compared + 1, report.accounts.len(), "all but the offline link");
}

#[test]
fn flows_are_gross_and_the_tightest_moment_is_named() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let reserve = w.reserve(root, "alice", 60).expect("reserved");
    let capture = w.capture(reserve, 1, 50).expect("captured");
    w.release(reserve, None).expect("released");
    w.refund(capture, 20).expect("refunded");
    w.reserve(root, "alice", 65).expect("reserved");
    let entry = w.last_entry();
    w.reserve(root, "alice", 4).expect("reserved");
    let after = w.last_entry();
    w.advance(DAY);
    w.tick();
    let report = conserve(Log::of(&w.ledger).recorded()).expect("recounts");
    let flows = report.flows[&w.cny];
    assert_eq!((flows.reserved, flows.captured, flows.released), (129, 50, 10));
    assert_eq!((flows.expired, flows.refunded, flows.carved, flows.returned), (69, 20, 0, 0));
    let tightest = Tightest { token: root, unit: w.cny, entry: after, left: 1 };
    assert_eq!(report.tightest, Some(tightest));
    assert!(entry < after && report.ok && report.checks >= 8);
    assert_eq!(report.entries, w.ledger.store().len());
}

/// An operator who writes what the rules would refuse.
pub struct Forger {
    pub w: World,
    log: Log,
}

impl Forger {
    pub fn of(w: World) -> Self {
        let log = Log::of(&w.ledger);
        Self { w, log }
    }

    pub fn write(&mut self, drafts: &[Draft<'_>]) -> ObjectId {
        let ready = self.w.client.ready(drafts).expect("signed");
        let kind = Submission::decode(&ready.bytes).expect("decodes").kind();
        self.append(kind, ready.id, Some(ready.bytes));
        ready.id
    }

    fn append(&mut self, kind: Kind, id: ObjectId, object: Option<Vec<u8>>) {
        let outcome = Outcome { time: self.w.now, kind, id, refused: None, details: Hash::default() };
        self.log.0.push(Row { entry: Entry::Outcome(outcome).encode(), object, details: None });
    }

    pub fn act(&mut self, act: Act, signers: &[&str]) -> ObjectId {
        let keys: Vec<_> = signers.iter().map(|name| key(name)).collect();
        let signers: Vec<&dyn Signer> = keys.iter().map(|key| key as &dyn Signer).collect();
        let draft = self.w.client.act(self.w.now, act, &signers).expect("drafted");
        self.write(&[draft])
    }

    pub fn reserve(&mut self, token: ObjectId, holder: &str, amount: u64) -> ObjectId {
        let ask = self.w.ask(token, amount);
        let invocation = self.w.client.invocation(self.w.now, &ask).expect("drafted");
        let key = key(holder);
        let draft = self.w.client.reserve(invocation, Vec::new(), &key);
        self.write(&[draft])
    }

    fn delegate(&mut self, parent: ObjectId, by: &str, spec: &TokenSpec) -> ObjectId {
        let key = key(by);
        let epoch = self.w.epoch(parent);
        let draft = self.w.client.child(self.w.now, parent, epoch, spec, &key).expect("drafted");
        self.write(&[draft])
    }

    fn capture(&mut self, reserve: ObjectId, number: u64, amount: u64) -> ObjectId {
        let reserve = Reference::Id(reserve);
        self.act(Act::Capture { reserve, number, amount: Amount(amount) }, &["hotel"])
    }

    fn refund(&mut self, capture: ObjectId, amount: u64) -> ObjectId {
        self.act(Act::Refund { capture: Reference::Id(capture), amount: Amount(amount) }, &["hotel"])
    }

    pub fn report(&self) -> Conservation {
        let report = conserve(self.log.recorded()).expect("recounts");
        assert_eq!(report.ok, report.violated == 0);
        report
    }

    /// The codes of all violations, which are all of the last entry written.
    pub fn found(&self) -> Vec<Code> {
        let report = self.report();
        let last = EntryIndex(self.log.0.len() as u64 - 1);
        assert!(report.violations.iter().all(|violation| violation.entry == last), "{:?}", report.violations);
        report.violations.iter().map(|violation| violation.code).collect()
    }
}

/// A world with a root of 100 for alice.
fn hundred() -> (World, ObjectId) {
    let mut w = World::new();
    let root = w.root("alice", 100);
    (w, root)
}

#[test]
fn no_token_gives_more_than_its_total() {
    let (mut w, root) = hundred();
    w.reserve(root, "alice", 60).expect("reserved");
    let mut forger = Forger::of(w);
    forger.reserve(root, "alice", 41);
    assert_eq!(forger.found(), [Code::AboveTotal]);
    assert_eq!(forger.report().tightest.map(|tightest| tightest.left), Some(-1));

    let (mut w, root) = hundred();
    let child = w.inherit("bob", Some(vec![budget(w.cny, Amount(30))]));
    let child = w.delegate(root, "alice", &child).expect("shared");
    let mut forger = Forger::of(w);
    forger.reserve(child, "bob", 31);
    assert_eq!(forger.found(), [Code::AboveTotal]);
    assert_eq!(forger.report().violations[0].subject, child);
}

#[test]
fn what_is_carved_is_funded_by_the_parent() {
    let (mut w, root) = hundred();
    w.reserve(root, "alice", 50).expect("reserved");
    let child = w.inherit("bob", Some(vec![carved(w.cny, Amount(51))]));
    let mut forger = Forger::of(w);
    forger.delegate(root, "alice", &child);
    assert_eq!(forger.found(), [Code::AboveTotal]);
    assert_eq!(forger.report().violations[0].subject, root);

    let (w, root) = hundred();
    let child = w.inherit("bob", Some(vec![Budget { total: None, ..carved(w.cny, Amount(0)) }]));
    let mut forger = Forger::of(w);
    forger.delegate(root, "alice", &child);
    assert_eq!(forger.found(), [Code::BadAmount]);
}

#[test]
fn one_use_is_bounded_by_every_ancestor() {
    let mut w = World::new();
    let limited = Budget { per_use: Some(Amount(10)), ..budget(w.cny, Amount(100)) };
    let spec = TokenSpec { budgets: Some(vec![limited]), ..w.spec("alice") };
    let root = w.issue(&spec).expect("issued");
    let child = w.inherit("bob", Some(vec![carved(w.cny, Amount(50))]));
    let child = w.delegate(root, "alice", &child).expect("carved");
    let mut forger = Forger::of(w);
    forger.reserve(child, "bob", 11);
    assert_eq!(forger.found(), [Code::AbovePerUse]);
    assert_eq!(forger.report().violations[0].subject, root);
}

#[test]
fn a_unit_that_a_link_does_not_budget_cannot_be_spent() {
    let (mut w, root) = hundred();
    let child = w.inherit("bob", Some(Vec::new()));
    let child = w.delegate(root, "alice", &child).expect("without a budget");
    let mut forger = Forger::of(w);
    forger.reserve(child, "bob", 1);
    assert_eq!(forger.found(), [Code::UnitNotBudgeted]);
    let (mut w, root) = hundred();
    w.cny = w.usd;
    let mut forger = Forger::of(w);
    forger.reserve(root, "alice", 1);
    assert_eq!(forger.found(), [Code::UnitNotBudgeted]);
}

/// A root of 100, a child of 50 that inherits it, and what stops the child.
fn stopped(stop: impl FnOnce(&mut World, ObjectId, ObjectId)) -> Vec<Code> {
    let (mut w, root) = hundred();
    let child = w.inherit("bob", Some(vec![budget(w.cny, Amount(50))]));
    let child = w.delegate(root, "alice", &child).expect("shared");
    w.reserve(child, "bob", 1).expect("nothing stops it yet");
    stop(&mut w, root, child);
    let epoch = w.epoch(child);
    let mut forger = Forger::of(w);
    assert_eq!(forger.w.epoch(child), epoch);
    forger.reserve(child, "bob", 1);
    forger.found()
}

fn freeze(w: &mut World, leaf: StateIndex, id: ObjectId) {
    w.operate(Act::Freeze { leaf, id }).expect("frozen");
}

fn index(w: &World, id: ObjectId) -> StateIndex {
    w.ledger.leaf(&id).expect("a leaf").leaf.index
}

#[test]
fn nothing_is_reserved_on_what_was_stopped() {
    let revoked = stopped(|w, root, _| {
        w.act(Act::Revoke(w.target(root, 1)), &["issuer"]).expect("revoked");
    });
    assert_eq!(revoked, [Code::Revoked]);
    let suspended = stopped(|w, root, _| {
        w.act(Act::Suspend(w.target(root, 1)), &["issuer"]).expect("suspended");
    });
    assert_eq!(suspended, [Code::Suspended]);
    let expired = stopped(|w, _, _| w.advance(6 * DAY));
    assert_eq!(expired, [Code::Expired]);
    let ended = stopped(|w, _, child| {
        w.act(Act::Revoke(w.target(child, 2)), &["alice"]).expect("revoked");
        w.act(Act::End(w.target(child, 2)), &["alice"]).expect("ended");
    });
    assert_eq!(ended, [Code::Revoked]);
    for (frozen, code) in [
        (2, Code::Frozen),
        (3, Code::UnitFrozen),
        (4, Code::PartyFrozen),
        (5, Code::PartyFrozen),
        (6, Code::LedgerFrozen),
    ] {
        let found = stopped(|w, root, _| {
            let ids = [root, root, root, w.cny, w.hotel, w.issuer, ObjectId(w.ledger.id().0)];
            let id = ids[frozen];
            let leaf = if frozen == 6 { StateIndex(0) } else { index(w, id) };
            freeze(w, leaf, id);
        });
        assert_eq!(found, [code]);
    }
}

#[test]
fn a_transfer_ends_what_was_delegated_before() {
    let (mut w, root) = hundred();
    let child = w.inherit("bob", None);
    let child = w.delegate(root, "alice", &child).expect("delegated");
    let (alice, carol) = (key("alice"), key("carol"));
    let transfer = w.client.transfer(w.now, root, Epoch(0), (&alice, &carol)).expect("drafted");
    w.apply(&[transfer]).expect("transferred");
    let mut forger = Forger::of(w);
    forger.reserve(child, "bob", 1);
    assert_eq!(forger.found(), [Code::OldEpoch]);

    // The old holder names the old epoch of the token itself.
    let (mut w, root) = hundred();
    let transfer = w.client.transfer(w.now, root, Epoch(0), (&alice, &carol)).expect("drafted");
    w.apply(&[transfer]).expect("transferred");
    let mut forger = Forger::of(w);
    let ask = remit::client::Ask { epoch: Epoch(0), ..forger.w.ask(root, 1) };
    let invocation = forger.w.client.invocation(forger.w.now, &ask).expect("drafted");
    let draft = forger.w.client.reserve(invocation, Vec::new(), &alice);
    forger.write(&[draft]);
    assert_eq!(forger.found(), [Code::OldEpoch]);
}

#[test]
fn a_transfer_carries_no_open_value() {
    let (alice, carol) = (key("alice"), key("carol"));
    let (mut w, root) = hundred();
    w.reserve(root, "alice", 1).expect("reserved");
    let mut forger = Forger::of(w);
    let now = forger.w.now;
    let transfer = forger.w.client.transfer(now, root, Epoch(0), (&alice, &carol)).expect("drafted");
    forger.write(&[transfer]);
    assert_eq!(forger.found(), [Code::ValueOpen]);

    // Also what was carved below a shared child counts on the root.
    let (mut w, root) = hundred();
    let shared = w.inherit("bob", Some(vec![budget(w.cny, Amount(50))]));
    let shared = w.delegate(root, "alice", &shared).expect("shared");
    let child = w.inherit("dave", Some(vec![carved(w.cny, Amount(5))]));
    w.delegate(shared, "bob", &child).expect("carved");
    let mut forger = Forger::of(w);
    let transfer = forger.w.client.transfer(now, root, Epoch(0), (&alice, &carol)).expect("drafted");
    forger.write(&[transfer]);
    assert_eq!(forger.found(), [Code::CarvedChild]);
}

#[test]
fn a_cut_ends_offline_links_and_their_budgets_count() {
    let link = |w: &mut World, root, most: u64| {
        let spec = TokenSpec {
            budgets: Some(vec![budget(w.cny, Amount(most))]),
            ..TokenSpec::new(public("link"), Seconds(w.now.seconds().0 + 600))
        };
        w.client.link(w.now, root, (Epoch(0), Generation(0)), &spec, &key("alice")).expect("signed")
    };
    let spend = |forger: &mut Forger, (id, bytes): (ObjectId, Vec<u8>), amount| {
        let ask = forger.w.ask(id, amount);
        let invocation = forger.w.client.invocation(forger.w.now, &ask).expect("drafted");
        let holder = key("link");
        let draft = forger.w.client.reserve(invocation, vec![bytes], &holder);
        forger.write(&[draft])
    };
    let (mut w, root) = hundred();
    let open = link(&mut w, root, 10);
    let mut forger = Forger::of(w);
    spend(&mut forger, open.clone(), 10);
    assert_eq!(forger.found(), []);
    spend(&mut forger, open, 1);
    assert_eq!(forger.found(), [Code::AboveTotal]);

    let (mut w, root) = hundred();
    let ended = link(&mut w, root, 10);
    w.act(Act::Cut(w.target(root, 2)), &["alice"]).expect("cut");
    let mut forger = Forger::of(w);
    spend(&mut forger, ended, 1);
    assert_eq!(forger.found(), [Code::OldGeneration]);
}

#[test]
fn a_rekey_that_a_freeze_made_void_ends_no_links() {
    let (mut w, root) = hundred();
    let act = Act::Rekey { target: w.target(root, 1), holder: public("thief") };
    w.act(act, &["issuer", "thief"]).expect("proposed");
    let freeze = w.operate(Act::Freeze { leaf: index(&w, root), id: root }).expect("frozen");
    w.advance(REKEY_DELAY.0 + 1);
    w.tick();
    let (leaf, freeze) = (index(&w, root), Reference::Id(freeze));
    w.operate(Act::Unfreeze { leaf, id: root, freeze }).expect("thawed");
    let spec = TokenSpec::new(public("link"), Seconds(w.now.seconds().0 + 600));
    let place = (Epoch(0), Generation(0));
    let (link, bytes) = w.client.link(w.now, root, place, &spec, &key("alice")).expect("signed");
    let ask = remit::client::Ask { epoch: Epoch(0), ..w.ask(link, 1) };
    w.reserve_ask(&ask, "link", vec![bytes]).expect("the link is as good as before");
    let log = Log::of(&w.ledger);
    log.first(Kind::Rekeyed);
    let report = conserve(log.recorded()).expect("recounts");
    assert!(report.ok, "{:?}", report.violations);
}

#[test]
fn a_payee_takes_no_more_than_is_held_for_him_and_not_too_late() {
    let held = || {
        let (mut w, root) = hundred();
        let reserve = w.reserve(root, "alice", 60).expect("reserved");
        w.capture(reserve, 1, 20).expect("captured");
        (Forger::of(w), reserve)
    };
    let (mut forger, reserve) = held();
    forger.capture(reserve, 2, 41);
    assert_eq!(forger.found(), [Code::AboveReserved, Code::Overflow]);
    let (mut forger, reserve) = held();
    forger.capture(reserve, 3, 1);
    assert_eq!(forger.found(), [Code::WrongNumber]);
    let (mut forger, reserve) = held();
    forger.w.advance(DAY);
    forger.capture(reserve, 2, 1);
    assert_eq!(forger.found(), [Code::Settled]);
    let (mut forger, _) = held();
    forger.capture(ObjectId([9; 32]), 1, 1);
    assert_eq!(forger.found(), [Code::UnknownReservation]);
    let (mut forger, reserve) = held();
    let release = Act::Release { reserve: Reference::Id(reserve), amount: Some(Amount(41)) };
    forger.act(release.clone(), &["hotel"]);
    assert_eq!(forger.found(), [Code::AboveReserved, Code::Overflow]);
    let (mut forger, _) = held();
    forger.w.advance(DAY);
    forger.act(release, &["hotel"]);
    assert!(forger.found().contains(&Code::Settled));
}

#[test]
fn refunds_give_back_what_was_taken_and_no_more() {
    let taken = |refundable: u64| {
        let mut w = World::new();
        let limits = Budget { refundable: Some(Amount(refundable)), ..budget(w.cny, Amount(100)) };
        let spec = TokenSpec { budgets: Some(vec![limits]), ..w.spec("alice") };
        let root = w.issue(&spec).expect("issued");
        let reserve = w.reserve(root, "alice", 60).expect("reserved");
        let capture = w.capture(reserve, 1, 50).expect("captured");
        w.refund(capture, 10).expect("refunded");
        (Forger::of(w), capture)
    };
    let (mut forger, capture) = taken(100);
    forger.refund(capture, 41);
    assert_eq!(forger.found(), [Code::AboveCaptured, Code::Overflow]);
    let (mut forger, capture) = taken(20);
    forger.refund(capture, 11);
    assert_eq!(forger.found(), [Code::AboveRefundable]);
    let (mut forger, capture) = taken(100);
    forger.w.advance(5 * DAY);
    forger.refund(capture, 1);
    assert_eq!(forger.found(), [Code::RefundClosed]);
    let (mut forger, _) = taken(100);
    forger.refund(ObjectId([9; 32]), 1);
    assert_eq!(forger.found(), [Code::UnknownCapture]);
}

#[test]
fn value_comes_back_only_when_its_time_is_over() {
    let (mut w, root) = hundred();
    let reserve = w.reserve(root, "alice", 60).expect("reserved");
    let mut forger = Forger::of(w);
    forger.append(Kind::Expiry, reserve, None);
    assert_eq!(forger.found(), [Code::BadTime]);
    forger.w.advance(DAY);
    forger.append(Kind::Expiry, reserve, None);
    assert_eq!(forger.report().violations[1].code, Code::AboveReserved, "it is gone already");

    let (mut w, root) = hundred();
    let child = w.inherit("bob", Some(vec![carved(w.cny, Amount(50))]));
    let child = w.delegate(root, "alice", &child).expect("carved");
    let target = w.target(child, 2);
    let log = Log::of(&w.ledger);
    let mut forger = Forger { w, log: log.clone() };
    forger.append(Kind::Lapse, child, None);
    assert_eq!(forger.found(), [Code::StillUsable]);
    forger.log = log;
    forger.act(Act::End(target), &["alice"]);
    assert_eq!(forger.found(), [Code::StillUsable]);
    forger.append(Kind::Lapse, child, None);
    assert_eq!(forger.report().violations[2].code, Code::AlreadySo);
    forger.append(Kind::Rekeyed, child, None);
    assert_eq!(forger.report().violations[3].code, Code::UnknownRekey);
}

#[test]
fn a_stop_is_lifted_only_by_what_names_it_and_nothing_counts_twice() {
    let (mut w, root) = hundred();
    let target = w.target(root, 1);
    w.act(Act::Suspend(target), &["issuer"]).expect("suspended");
    let mut forger = Forger::of(w);
    forger.act(Act::Resume { target, suspend: Reference::Id(ObjectId([9; 32])) }, &["issuer"]);
    assert_eq!(forger.found(), [Code::NotInForce]);

    let (mut w, root) = hundred();
    w.reserve(root, "alice", 10).expect("reserved");
    let mut forger = Forger::of(w);
    let again = forger.log.0[forger.log.first(Kind::Reserve)].clone();
    forger.log.0.push(again);
    assert_eq!(forger.found(), [Code::Replayed]);
}

/// A lease of 60 of alice's 100, and its second voucher, of 50 in all.
fn leased() -> (Forger, ObjectId, ObjectId, Voucher) {
    let mut w = World::new();
    let leases = Some(LeaseLimits { most: Amount(60), longest: Seconds(3_600) });
    let budgets = Some(vec![Budget { leases, ..budget(w.cny, Amount(100)) }]);
    let root = w.issue(&TokenSpec { budgets, ..w.spec("alice") }).expect("issued");
    let terms = lease_terms(&w, root, 60);
    let lease = w.act(Act::Lease(terms), &["alice"]).expect("leased");
    let voucher = second_voucher(&w, lease, "alice", 25);
    (Forger::of(w), root, lease, voucher)
}

#[test]
fn a_lease_is_within_what_every_link_allows() {
    let (mut forger, root, ..) = leased();
    let terms = lease_terms(&forger.w, root, 41);
    forger.act(Act::Lease(terms), &["alice"]);
    assert_eq!(forger.found(), [Code::AboveTotal]);
    let (forger, root, ..) = leased();
    let plain = lease_terms(&forger.w, root, 1);
    let with = |change: &dyn Fn(&mut remit_verifier::object::Lease)| {
        let (mut forger, ..) = leased();
        let mut terms = plain;
        change(&mut terms);
        forger.act(Act::Lease(terms), &["alice"]);
        forger.found()
    };
    assert_eq!(with(&|_| {}), []);
    assert_eq!(with(&|terms| terms.amount = Amount(61)), [Code::AboveLeaseLimit, Code::AboveTotal]);
    assert_eq!(with(&|terms| terms.amount = Amount(0)), [Code::BadAmount]);
    assert_eq!(with(&|terms| terms.epoch = Epoch(1)), [Code::OldEpoch]);
    assert_eq!(with(&|terms| terms.spend_until.0 += 10), [Code::LeaseTooLong]);
    assert_eq!(with(&|terms| terms.settle_by.0 = terms.spend_until.0 + 599), [Code::BadTime]);
    assert_eq!(with(&|terms| terms.payee = ObjectId([9; 32])), [Code::UnknownParty]);
    let (w, root) = hundred();
    let terms = lease_terms(&w, root, 1);
    let mut forger = Forger::of(w);
    forger.act(Act::Lease(terms), &["alice"]);
    let limits = [Code::NoLeases, Code::AboveLeaseLimit, Code::LeaseTooLong];
    assert_eq!(forger.found(), limits);
}

#[test]
fn a_lease_ends_once_and_gives_no_more_than_it_is() {
    let (mut forger, root, lease, voucher) = leased();
    let settle = Act::Settle { lease: Reference::Id(lease), voucher: Box::new(voucher.clone()) };
    let settled = forger.act(settle.clone(), &["hotel"]);
    assert_eq!(forger.found(), []);
    let flows = forger.report().flows[&forger.w.cny];
    assert_eq!((flows.leased, flows.settled, flows.captured, flows.released), (60, 50, 0, 0));
    let account = forger.report().accounts[0];
    assert_eq!((account.token, account.leased, account.captured), (root, 0, 50));
    forger.refund(settled, 51);
    assert_eq!(forger.found(), [Code::AboveCaptured, Code::Overflow]);
    let (mut forger, _, lease, _) = leased();
    forger.act(settle.clone(), &["hotel"]);
    forger.act(Act::LeaseClose { lease: Reference::Id(lease) }, &["hotel"]);
    assert_eq!(forger.found(), [Code::Settled, Code::Overflow]);
    let (mut forger, _, lease, _) = leased();
    forger.append(Kind::Expiry, lease, None);
    assert_eq!(forger.found(), [Code::Settled], "before its time");
    let (mut forger, ..) = leased();
    forger.w.advance(2 * 3_600);
    forger.act(settle, &["hotel"]);
    assert_eq!(forger.found(), [Code::Settled], "after its time");
    let (mut forger, ..) = leased();
    forger.act(Act::LeaseClose { lease: Reference::Id(ObjectId([9; 32])) }, &["hotel"]);
    assert_eq!(forger.found(), [Code::UnknownLease]);
    let (mut forger, _, lease, voucher) = leased();
    let mut invocation = voucher.invocation;
    invocation.claim.as_mut().expect("a claim").cumulative = Amount(61);
    let above = forger.w.client.invoke(&invocation, &key("alice")).expect("signed").1;
    let voucher = Box::new(Voucher::decode(&above).expect("a voucher"));
    forger.act(Act::Settle { lease: Reference::Id(lease), voucher }, &["hotel"]);
    assert_eq!(forger.found(), [Code::AboveLeased]);
}

#[test]
fn the_list_of_violations_is_bounded_and_their_number_is_not() {
    let (w, root) = hundred();
    let mut forger = Forger::of(w);
    for _ in 0..=VIOLATIONS_MAX {
        forger.reserve(root, "alice", 101);
    }
    let report = forger.report();
    assert_eq!((report.violations.len(), report.violated), (VIOLATIONS_MAX, VIOLATIONS_MAX as u64 + 1));
}

#[test]
fn what_cannot_be_read_is_no_pass() {
    let (mut w, root) = hundred();
    w.reserve(root, "alice", 10).expect("reserved");
    let good = Log::of(&w.ledger);
    let reserve = good.first(Kind::Reserve);
    let at = EntryIndex(reserve as u64);
    let error = |change: &dyn Fn(&mut Log)| {
        let mut log = good.clone();
        change(&mut log);
        conserve(log.recorded()).expect_err("it cannot be read")
    };
    assert_eq!(error(&|log| log.0[reserve].object = None), ConserveError::Missing(at));
    let other = good.0[good.first(Kind::Issue)].object.clone();
    assert_eq!(error(&|log| log.0[reserve].object = other.clone()), ConserveError::Other(at));
    let broken = ConserveError::Object(at, Code::Malformed);
    assert_eq!(error(&|log| log.0[reserve].object = Some(vec![0xf6])), broken);
    assert_eq!(error(&|log| log.0[reserve].entry.truncate(9)), ConserveError::Entry(at));
    assert_eq!(error(&|log| drop(log.0.remove(0))), ConserveError::Entry(EntryIndex(0)));
    let early = |log: &mut Log| log.change_outcome(reserve, |outcome| outcome.time.0 -= 1);
    assert_eq!(error(&early), ConserveError::Time(at));
}

#[test]
fn an_entry_of_the_far_future_does_not_hang_the_recount() {
    use remit_verifier::object::{Period, Window};
    let mut w = World::new();
    let window = Window { period: Period::Month, most: Amount(50) };
    let root = Budget { windows: vec![window], ..budget(w.cny, Amount(100)) };
    let spec = TokenSpec { budgets: Some(vec![root]), ..w.spec("alice") };
    let root = w.issue(&spec).expect("issued");
    let mut forger = Forger::of(w);
    forger.reserve(root, "alice", 1);
    let mut last = forger.log.0.pop().expect("an entry");
    let Entry::Outcome(outcome) = Entry::decode(&last.entry).expect("an entry") else { panic!("none") };
    last.entry =
        Entry::Outcome(Outcome { time: remit_verifier::types::Millis(u64::MAX), ..outcome }).encode();
    forger.log.0.push(last);
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || drop(send.send(forger.report())));
    let report = receive.recv_timeout(std::time::Duration::from_secs(20));
    assert!(report.is_ok(), "one entry keeps the recount busy for more than 20 s");
}
