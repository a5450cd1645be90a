//! Leases: who may open one and how large, what it holds, and how it ends: settled, closed, or by its deadline.

use crate::world::*;
use remit::client::{TokenSpec, budget, carved};
use remit_verifier::code::Code;
use remit_verifier::limits::{BATCH_OPERATIONS_MAX, EXPIRIES_PER_BATCH_MAX, LEASE_SETTLE_MIN};
use remit_verifier::log::{Common, Facts};
use remit_verifier::object::{Act, Budget, Lease, LeaseLimits, Path, Period, Reference, Voucher, Window};
use remit_verifier::sign::{Draft, DraftBody, LocalSigner};
use remit_verifier::till::{Wallet, Wanted};
use remit_verifier::types::{Amount, Millis, Nonce, ObjectId, Rules, Seconds, TillId};

pub const HOUR: u64 = 3600;
pub const TILL: TillId = TillId([0x71; 32]);

/// A booking at the hotel that costs so much.
pub fn wanted(now: Millis, amount: u64, nonce: u8) -> Wanted {
    Wanted {
        amount: Amount(amount),
        action: "book".into(),
        resource: Path::parse("rooms/12").expect("path"),
        arguments: Vec::new(),
        request: None,
        nonce: Nonce([nonce; 16]),
        valid_until: Seconds(now.seconds().0 + 60),
    }
}

pub fn limits(most: u64, longest: u64) -> Option<LeaseLimits> {
    Some(LeaseLimits { most: Amount(most), longest: Seconds(longest) })
}

impl World {
    /// A root budget of 1 000 CNY with leases of 500 for a day.
    pub fn leasing(&self) -> Budget {
        Budget { leases: limits(500, DAY), ..budget(self.cny, Amount(1_000)) }
    }

    pub fn root_with(&mut self, budget: Budget, holder: &str) -> ObjectId {
        let spec = TokenSpec { budgets: Some(vec![budget]), ..self.spec(holder) };
        self.issue(&spec).expect("issued")
    }

    /// Spent from for an hour at the hotel's first till, settled within two.
    pub fn terms(&self, token: ObjectId, amount: u64) -> Lease {
        let now = self.now.seconds().0;
        Lease {
            token,
            epoch: self.epoch(token),
            payee: self.hotel,
            till: TILL,
            amount: Amount(amount),
            unit: self.cny,
            spend_until: Seconds(now + HOUR),
            settle_by: Seconds(now + 2 * HOUR),
            refund_until: Some(Seconds(now + 5 * DAY)),
            request_nonce: None,
        }
    }

    pub fn lease(&mut self, token: ObjectId, holder: &str, amount: u64) -> Result<ObjectId, Code> {
        let terms = self.terms(token, amount);
        self.act(Act::Lease(terms), &[holder])
    }

    pub fn wallet(&self, lease: ObjectId) -> Wallet {
        let proof = self.ledger.lease_proof(&lease).expect("proved");
        Wallet::new(self.ledger.id(), &proof).expect("a lease")
    }

    /// Vouchers for these amounts, one after the other.
    pub fn vouchers(&self, lease: ObjectId, holder: &str, amounts: &[u64]) -> Vec<Vec<u8>> {
        let (mut wallet, mut all) = (self.wallet(lease), Vec::new());
        for (nonce, amount) in (1..).zip(amounts) {
            let wanted = wanted(self.now, *amount, nonce);
            let (next, voucher) = wallet.sign(&key(holder), &wanted, self.now).expect("signed");
            wallet = next;
            all.push(voucher);
        }
        all
    }

    pub fn settle(&mut self, lease: ObjectId, voucher: &[u8]) -> Result<ObjectId, Code> {
        self.settle_by(lease, voucher, "hotel")
    }

    pub fn settle_by(&mut self, lease: ObjectId, voucher: &[u8], by: &str) -> Result<ObjectId, Code> {
        let voucher = Box::new(Voucher::decode(voucher).expect("a voucher"));
        self.act(Act::Settle { lease: Reference::Id(lease), voucher }, &[by])
    }

    pub fn close(&mut self, lease: ObjectId) -> Result<ObjectId, Code> {
        self.act(Act::LeaseClose { lease: Reference::Id(lease) }, &["hotel"])
    }

    pub fn leased(&self, token: ObjectId) -> u64 {
        self.counters(token).leased
    }

    /// The facts of the last entry but the commitment.
    pub fn facts(&self) -> Facts {
        let kept = self.ledger.snapshot().entry(self.last_entry()).expect("an entry");
        let common = kept.details.expect("details").common;
        Common::decode(&common).expect("a common part").facts[0]
    }
}

#[test]
fn a_lease_is_opened_spent_settled_and_refunded() {
    let mut w = World::new();
    let root = w.root_with(Budget { per_use: Some(Amount(120)), ..w.leasing() }, "alice");
    let lease = w.lease(root, "alice", 300).expect("more than one use may be");
    assert_eq!(w.facts().per_use, Some(Amount(120)), "the payee is told");
    assert_eq!((w.leased(root), w.committed(root)), (300, 300));
    let vouchers = w.vouchers(lease, "alice", &[100, 120, 30]);
    let settled = w.settle(lease, &vouchers[2]).expect("settled");
    let last = Voucher::decode(&vouchers[2]).expect("a voucher");
    let facts = w.facts();
    assert_eq!((facts.subject, facts.amount), (Some(lease), Some(Amount(250))));
    assert_eq!((facts.number, facts.left, facts.root), (Some(3), Some(Amount(0)), Some(last.claim.root)));
    assert_eq!((w.leased(root), w.counters(root).captured, w.committed(root)), (0, 250, 250));
    w.refund(settled, 40).expect("refunded");
    w.refuses(Code::AboveCaptured, |w| w.refund(settled, 211));
    assert_eq!(w.committed(root), 210);
    w.advance(5 * DAY);
    w.refuses(Code::RefundClosed, |w| w.refund(settled, 1));
    w.replays();
}

#[test]
fn what_is_leased_is_spent_by_nobody_else() {
    let mut w = World::new();
    let root = w.root_with(w.leasing(), "alice");
    w.lease(root, "alice", 500).expect("leased");
    w.refuses(Code::ValueOpen, |w| w.transfer(root, "alice", "bob"));
    w.reserve(root, "alice", 400).expect("of the other half");
    w.refuses(Code::AboveTotal, |w| w.reserve(root, "alice", 101));
    w.refuses(Code::AboveTotal, |w| w.lease(root, "alice", 101));
    let counters = w.counters(root);
    assert_eq!((counters.reserved, counters.leased), (400, 500), "what a revocation does not reach");
    w.replays();
}

#[test]
fn revoke_after_opening_does_not_stop_settle() {
    let mut w = World::new();
    let root = w.root_with(w.leasing(), "alice");
    let (first, second) = (w.lease(root, "alice", 200).expect("first"), w.lease(root, "alice", 200));
    let second = second.expect("second");
    let vouchers = w.vouchers(first, "alice", &[150]);
    w.act(Act::Revoke(w.target(root, 1)), &["issuer"]).expect("revoked");
    w.refuses(Code::Revoked, |w| w.lease(root, "alice", 1));
    assert_eq!(w.leased(root), 400, "exposure is what was reserved and leased");
    let hotel = w.hotel;
    w.freeze(hotel).expect("the payee too");
    w.settle(first, &vouchers[0]).expect("settled");
    w.close(second).expect("closed");
    assert_eq!((w.leased(root), w.committed(root)), (0, 150));
    w.replays();
}

#[test]
fn every_link_that_budgets_the_unit_must_allow_the_lease() {
    let mut w = World::new();
    let cny = w.cny;
    let plain = w.root("alice", 1_000);
    w.refuses(Code::NoLeases, |w| w.lease(plain, "alice", 1));
    let root = w.root_with(w.leasing(), "alice");
    w.refuses(Code::AboveLeaseLimit, |w| w.lease(root, "alice", 501));
    let own = w.inherit("bob", Some(vec![budget(cny, Amount(900))]));
    let silent = w.delegate(root, "alice", &own).expect("delegated");
    w.refuses(Code::NoLeases, |w| w.lease(silent, "bob", 1));
    let heir = w.inherit("bob", None);
    let heir = w.delegate(root, "alice", &heir).expect("delegated");
    w.lease(heir, "bob", 500).expect("it inherits");
    let wide = Budget { leases: limits(900, 30 * DAY), ..carved(cny, Amount(400)) };
    let spec = w.inherit("carol", Some(vec![wide]));
    let wide = w.delegate(root, "alice", &spec).expect("limits on leases are not compared");
    w.refuses(Code::AboveLeaseLimit, |w| w.lease(wide, "carol", 501));
    let mut terms = w.terms(wide, 100);
    (terms.spend_until, terms.settle_by) = (w.seconds(DAY + 1), w.seconds(3 * DAY));
    w.refuses(Code::LeaseTooLong, |w| w.act(Act::Lease(terms), &["carol"]));
    terms.spend_until = w.seconds(DAY);
    w.act(Act::Lease(terms), &["carol"]).expect("to the bound");
    let usd = w.usd;
    terms.unit = usd;
    w.refuses(Code::UnitNotBudgeted, |w| w.act(Act::Lease(terms), &["carol"]));
    w.replays();
}

#[test]
fn a_lease_is_of_a_live_token_by_its_holder_for_a_party_that_is_not_frozen() {
    let mut w = World::new();
    let root = w.root_with(w.leasing(), "alice");
    w.refuses(Code::WrongSigner, |w| w.lease(root, "bob", 1));
    w.refuses(Code::BadAmount, |w| w.lease(root, "alice", 0));
    w.refuses(Code::UnknownToken, |w| w.lease(ObjectId([1; 32]), "alice", 1));
    let other = |w: &mut World, change: fn(&mut Lease)| {
        let mut terms = w.terms(root, 1);
        change(&mut terms);
        w.act(Act::Lease(terms), &["alice"])
    };
    w.refuses(Code::UnknownParty, |w| other(w, |terms| terms.payee = ObjectId([1; 32])));
    w.refuses(Code::UnknownUnit, |w| other(w, |terms| terms.unit = ObjectId([1; 32])));
    w.refuses(Code::OldEpoch, |w| other(w, |terms| terms.epoch.0 = 1));
    let hotel = w.hotel;
    let freeze = w.freeze(hotel).expect("frozen");
    w.refuses(Code::PartyFrozen, |w| w.lease(root, "alice", 1));
    w.unfreeze(hotel, freeze).expect("thawed");
    let cny = w.cny;
    let freeze = w.freeze(cny).expect("frozen");
    w.refuses(Code::UnitFrozen, |w| w.lease(root, "alice", 1));
    w.unfreeze(cny, freeze).expect("thawed");
    w.act(Act::Suspend(w.target(root, 1)), &["issuer"]).expect("suspended");
    w.refuses(Code::Suspended, |w| w.lease(root, "alice", 1));
    w.replays();
}

#[test]
fn deadlines_leave_room_for_two_clocks() {
    let mut w = World::new();
    let root = w.root_with(Budget { leases: limits(500, 60 * DAY), ..w.leasing() }, "alice");
    let (now, expires) = (w.now.seconds().0, w.now.seconds().0 + 7 * DAY);
    let try_with = |w: &mut World, spend: u64, settle: u64, refund: Option<u64>| {
        let mut terms = w.terms(root, 1);
        (terms.spend_until, terms.settle_by) = (Seconds(spend), Seconds(settle));
        terms.refund_until = refund.map(Seconds);
        w.act(Act::Lease(terms), &["alice"])
    };
    for (spend, settle, refund) in [
        (now, now + HOUR, None),
        (now + 60, now + 60 + LEASE_SETTLE_MIN.0 - 1, None),
        (expires + 1, expires + 601, None),
        (now + 60, now + 30 * DAY + 1, None),
        (now + 60, now + HOUR, Some(now + HOUR - 1)),
        (now + 60, now + HOUR, Some(now + 400 * DAY + 1)),
    ] {
        w.refuses(Code::BadTime, |w| try_with(w, spend, settle, refund));
    }
    for (spend, settle, refund) in [
        (now + 1, now + 1 + LEASE_SETTLE_MIN.0, Some(now + 601)),
        (expires, expires + 600, None),
        (now + 60, now + 30 * DAY, Some(now + 400 * DAY)),
    ] {
        try_with(&mut w, spend, settle, refund).expect("at the bound");
    }
    w.replays();
}

#[test]
fn settling_twice_is_refused() {
    let mut w = World::new();
    let root = w.root_with(w.leasing(), "alice");
    let lease = w.lease(root, "alice", 300).expect("leased");
    let vouchers = w.vouchers(lease, "alice", &[100, 50]);
    w.settle(lease, &vouchers[0]).expect("with the first");
    w.refuses(Code::Settled, |w| w.settle(lease, &vouchers[1]));
    w.refuses(Code::Settled, |w| w.close(lease));
    w.refuses(Code::UnknownLease, |w| w.close(ObjectId([9; 32])));
    w.refuses(Code::UnknownReservation, |w| w.capture(lease, 1, 1));
    assert_eq!(w.committed(root), 100, "who settles too early has lost the rest");
    w.replays();
}

#[test]
fn late_settle_is_refused_and_everything_comes_back() {
    let mut w = World::new();
    let root = w.root_with(w.leasing(), "alice");
    let lease = w.lease(root, "alice", 300).expect("leased");
    let vouchers = w.vouchers(lease, "alice", &[100]);
    w.advance(2 * HOUR - 1);
    assert_eq!(w.leased(root), 300);
    w.advance(1);
    w.refuses(Code::Settled, |w| w.settle(lease, &vouchers[0]));
    assert_eq!((w.leased(root), w.committed(root)), (0, 0));
    w.refuses(Code::Settled, |w| w.settle(lease, &vouchers[0]));
    w.replays();
}

/// The voucher's own minute is for the till; what it took may be settled to the last second.
#[test]
fn a_voucher_is_settled_long_after_its_own_window() {
    let mut w = World::new();
    let root = w.root_with(w.leasing(), "alice");
    let lease = w.lease(root, "alice", 300).expect("leased");
    let vouchers = w.vouchers(lease, "alice", &[100]);
    w.advance(2 * HOUR - 1);
    w.settle(lease, &vouchers[0]).expect("at the last second");
    assert_eq!(w.committed(root), 100);
    w.replays();
}

#[test]
fn only_the_payee_settles_with_a_voucher_of_this_lease_by_its_holder() {
    let mut w = World::new();
    let root = w.root_with(w.leasing(), "alice");
    let lease = w.lease(root, "alice", 300).expect("leased");
    let other = w.lease(root, "alice", 300).expect("leased");
    let good = w.vouchers(lease, "alice", &[100]).remove(0);
    w.refuses(Code::NotThePayee, |w| w.settle_by(lease, &good, "airline"));
    w.refuses(Code::NotThePayee, |w| w.settle_by(lease, &good, "alice"));
    w.refuses(Code::WrongLease, |w| w.settle(other, &good));
    let invocation = Voucher::decode(&good).expect("a voucher").invocation;
    let forged = w.client.invoke(&invocation, &key("bob")).expect("signed").1;
    w.refuses(Code::WrongHolder, |w| w.settle(lease, &forged));
    let spoilt = |change: &dyn Fn(&mut remit_verifier::object::Invocation)| {
        let mut invocation = Voucher::decode(&good).expect("a voucher").invocation;
        change(&mut invocation);
        w.client.invoke(&invocation, &key("alice")).expect("signed").1
    };
    let claims = |change: fn(&mut remit_verifier::object::Claim)| {
        spoilt(&|invocation| change(invocation.claim.as_mut().expect("a claim")))
    };
    let above = claims(|claim| claim.cumulative = Amount(301));
    let all = claims(|claim| claim.cumulative = Amount(300));
    let unit = claims(|claim| claim.unit = ObjectId([1; 32]));
    let elsewhere = spoilt(&|invocation| invocation.audience = ObjectId([1; 32]));
    w.refuses(Code::AboveLeased, |w| w.settle(lease, &above));
    w.refuses(Code::WrongLease, |w| w.settle(lease, &unit));
    w.refuses(Code::WrongLease, |w| w.settle(lease, &elsewhere));
    w.settle(lease, &all).expect("the holder signed for all of it");
    assert_eq!((w.committed(root), w.leased(root)), (600, 300));
    w.replays();
}

/// Whoever sends a settlement with a voucher that was not signed so learns it before anything is looked up.
#[test]
fn the_voucher_inside_a_settlement_is_verified_with_the_other_signatures() {
    let mut w = World::new();
    let root = w.root_with(w.leasing(), "alice");
    let lease = w.lease(root, "alice", 300).expect("leased");
    let mut voucher = w.vouchers(lease, "alice", &[100]).remove(0);
    *voucher.last_mut().expect("bytes") ^= 1;
    w.refuses(Code::BadSignature, |w| w.settle(lease, &voucher));
    w.replays();
}

#[test]
fn a_voucher_is_no_reserve() {
    let mut w = World::new();
    let root = w.root_with(w.leasing(), "alice");
    let lease = w.lease(root, "alice", 300).expect("leased");
    let voucher = w.vouchers(lease, "alice", &[100]).remove(0);
    let invocation = Voucher::decode(&voucher).expect("a voucher").invocation;
    let signer: &'static LocalSigner = Box::leak(Box::new(key("alice")));
    let draft = Draft { body: DraftBody::Reserve(invocation, Vec::new(), Vec::new()), signers: vec![signer] };
    w.refuses(Code::MisplacedVoucher, |w| w.apply(&[draft]).map(|ready| ready.id));
    w.replays();
}

#[test]
fn a_lease_counts_in_windows_and_gives_back_to_the_span_of_its_opening() {
    let mut w = World::new();
    let period = Period::Fixed { length: Seconds(DAY), anchor: Seconds(0) };
    let windows = vec![Window { period, most: Amount(400) }];
    let root = w.root_with(Budget { windows, ..w.leasing() }, "alice");
    let child = w.inherit("bob", None);
    let child = w.delegate(root, "alice", &child).expect("delegated");
    let lease = w.lease(child, "bob", 300).expect("leased");
    w.refuses(Code::AboveWindow, |w| w.reserve(root, "alice", 101));
    w.refuses(Code::AboveWindow, |w| w.lease(root, "alice", 101));
    let voucher = w.vouchers(lease, "bob", &[120]).remove(0);
    w.settle(lease, &voucher).expect("settled");
    w.refuses(Code::AboveWindow, |w| w.reserve(root, "alice", 281));
    w.reserve(root, "alice", 280).expect("the unused is back in the day");
    w.advance(DAY);
    let lease = w.lease(root, "alice", 100).expect("the next day");
    w.close(lease).expect("closed");
    w.lease(root, "alice", 400).expect("all of it is back");
    w.replays();
}

#[test]
fn unused_value_of_an_ended_carved_child_goes_to_its_parent() {
    let mut w = World::new();
    let root = w.root_with(w.leasing(), "alice");
    let own = Budget { leases: limits(500, DAY), ..carved(w.cny, Amount(600)) };
    let spec = w.inherit("bob", Some(vec![own]));
    let child = w.delegate(root, "alice", &spec).expect("carved");
    let lease = w.lease(child, "bob", 500).expect("leased");
    let closed = w.lease(child, "bob", 100).expect("leased");
    let voucher = w.vouchers(lease, "bob", &[200]).remove(0);
    w.act(Act::Revoke(w.target(child, 2)), &["alice"]).expect("revoked");
    w.act(Act::End(w.target(child, 2)), &["alice"]).expect("ended");
    assert_eq!(w.committed(root), 600, "all of it is leased");
    let settled = w.settle(lease, &voucher).expect("settled");
    assert_eq!(w.committed(root), 300, "300 passed on");
    w.close(closed).expect("closed");
    assert_eq!(w.committed(root), 200);
    w.refund(settled, 50).expect("refunded");
    assert_eq!(w.committed(root), 150, "refunds pass on too");
    w.replays();
}

#[test]
fn rules_version_1_has_no_leases() {
    let mut w = World::of_rules("remit.example/no-leases", Rules::FIRST);
    let plain = w.root("alice", 1_000);
    let spec = TokenSpec { budgets: Some(vec![w.leasing()]), ..w.spec("alice") };
    w.refuses(Code::NotEnabled, |w| w.issue(&spec));
    w.refuses(Code::NotEnabled, |w| w.lease(plain, "alice", 1));
    w.refuses(Code::NotEnabled, |w| w.close(plain));
    w.operate(Act::Upgrade { rules: Rules::NEWEST }).expect("upgraded");
    let root = w.issue(&spec).expect("issued");
    w.lease(root, "alice", 500).expect("leased");
    w.replays();
}

/// Time decides, not the entry of the expiry: more leases fall due at once than one batch opens with.
#[test]
fn a_lease_is_over_at_its_deadline_although_its_expiry_is_not_written_yet() {
    let mut w = World::new();
    let root = w.root_with(Budget { leases: limits(1, DAY), ..w.leasing() }, "alice");
    let (terms, mut ids) = (w.terms(root, 1), Vec::new());
    let count = EXPIRIES_PER_BATCH_MAX + 2;
    for part in [BATCH_OPERATIONS_MAX, count - BATCH_OPERATIONS_MAX] {
        let ready: Vec<_> = (0..part)
            .map(|_| {
                let draft = w.draft(Act::Lease(terms), &["alice"]);
                w.ready(&[draft])
            })
            .collect();
        let bytes: Vec<&[u8]> = ready.iter().map(|ready| ready.bytes.as_slice()).collect();
        let now = w.now;
        w.ledger.submit(&bytes, now).expect("submits");
        ids.extend(ready.iter().map(|ready| ready.id));
    }
    ids.sort();
    assert_eq!(w.leased(root), count as u64);
    let last = ids[count - 1];
    let voucher = w.vouchers(last, "alice", &[1]).remove(0);
    w.advance(2 * HOUR);
    assert_eq!(w.settle(last, &voucher), Err(Code::Settled));
    assert_eq!(w.leased(root), 2, "two are not written yet");
    w.tick();
    assert_eq!(w.leased(root), 0);
    w.replays();
}
