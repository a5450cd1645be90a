//! Leases in `rules.json`, and sealed claims whose limits on leases are broken.

use super::broken::{Broken, change};
use super::item::Item;
use super::script::{Expected, Script};
use super::things::{DAY, OTHER, path, signer};
use remit::client::{TokenSpec, budget};
use remit_verifier::code::Code::{self, *};
use remit_verifier::object::{Act, Budget, Claim, Invocation, Lease, LeaseLimits, Reference, Voucher};
use remit_verifier::till::{Wallet, Wanted};
use remit_verifier::types::*;

pub(super) const TILL: TillId = TillId([0x71; 32]);
const HOUR: u64 = 3_600;
const YES: Expected = Ok(());

/// 1 000 CNY, 120 in one use, leases of 500 for a day.
pub(super) fn leasing(s: &Script) -> Budget {
    let leases = Some(LeaseLimits { most: Amount(500), longest: Seconds(DAY) });
    Budget { leases, per_use: Some(Amount(120)), ..budget(s.cny, Amount(1_000)) }
}

/// An hour at the hotel's first till, and an hour to settle.
pub(super) fn terms(s: &Script, token: ObjectId, amount: u64) -> Lease {
    let now = s.now.seconds().0;
    Lease {
        token,
        epoch: s.epoch(token),
        payee: s.hotel,
        till: TILL,
        amount: Amount(amount),
        unit: s.cny,
        spend_until: Seconds(now + HOUR),
        settle_by: Seconds(now + 2 * HOUR),
        refund_until: Some(Seconds(now + 5 * DAY)),
        request_nonce: None,
    }
}

pub(super) fn wanted(now: Millis, amount: u64, nonce: u8) -> Wanted {
    Wanted {
        amount: Amount(amount),
        action: "book".into(),
        resource: path("rooms/12"),
        arguments: Vec::new(),
        request: None,
        nonce: Nonce([nonce; 16]),
        valid_until: Seconds(now.seconds().0 + 60),
    }
}

/// Under rules version 1 there are none.
pub(super) fn of_later_rules(s: &mut Script, token: ObjectId) {
    let lease = terms(s, token, 1);
    s.act("A lease, of later rules.", Act::Lease(lease), &["alice"], Err(NotEnabled));
    let close = Act::LeaseClose { lease: Reference::Id(OTHER) };
    s.act("A close, of later rules.", close, &["hotel"], Err(NotEnabled));
}

/// Vouchers for these amounts, signed by the holder.
fn vouchers(s: &Script, lease: ObjectId, by: &str, amounts: &[u64]) -> Vec<Vec<u8>> {
    let proof = s.ledger.lease_proof(&lease).expect("proved");
    let mut wallet = Wallet::new(s.ledger.id(), &proof).expect("a lease");
    let mut all = Vec::new();
    for (nonce, amount) in (1..).zip(amounts) {
        let (next, voucher) =
            wallet.sign(&signer(by), &wanted(s.now, *amount, nonce), s.now).expect("signed");
        wallet = next;
        all.push(voucher);
    }
    all
}

impl Script {
    fn lease(&mut self, about: &str, by: &str, terms: Lease, expected: Expected) -> ObjectId {
        self.act(about, Act::Lease(terms), &[by], expected)
    }

    fn settle(
        &mut self,
        about: &str,
        lease: ObjectId,
        voucher: &[u8],
        by: &str,
        expected: Expected,
    ) -> ObjectId {
        let voucher = Box::new(Voucher::decode(voucher).expect("a voucher"));
        self.act(about, Act::Settle { lease: Reference::Id(lease), voucher }, &[by], expected)
    }

    fn close_lease(&mut self, about: &str, lease: ObjectId, expected: Expected) {
        self.act(about, Act::LeaseClose { lease: Reference::Id(lease) }, &["hotel"], expected);
    }
}

/// Opening, settling, closing and running out.
pub(super) fn scenes(s: &mut Script) {
    let plain = s.root("alice", 1_000);
    let t = terms(s, plain, 1);
    s.lease("A budget that states no limits on leases.", "alice", t, Err(NoLeases));
    let spec = TokenSpec { budgets: Some(vec![leasing(s)]), ..s.root_spec("alice", 1_000) };
    let root = s.issue("A root with leases of 500 for a day.", &spec, YES);
    let t = terms(s, root, 501);
    s.lease("A lease of 501.", "alice", t, Err(AboveLeaseLimit));
    let spend_until = Seconds(s.now.seconds().0 + DAY + 10);
    let settle_by = Seconds(spend_until.0 + HOUR);
    let t = Lease { spend_until, settle_by, ..terms(s, root, 1) };
    s.lease("A lease of a day and ten seconds.", "alice", t, Err(LeaseTooLong));
    let t = terms(s, root, 1);
    let t = Lease { settle_by: Seconds(t.spend_until.0 + 599), ..t };
    s.lease("Less than ten minutes to settle.", "alice", t, Err(BadTime));
    let t = terms(s, root, 300);
    s.lease("A lease by somebody else.", "bob", t, Err(WrongSigner));
    let lease = s.lease("A lease of 300, more than one use may be.", "alice", t, YES);
    let t = terms(s, root, 400);
    let second = s.lease("A lease of 400.", "alice", t, YES);
    s.reserve("What is leased is spent by nobody else.", root, "alice", 120, Ok(()));
    let t = terms(s, root, 181);
    s.lease("More than what is left.", "alice", t, Err(AboveTotal));
    s.transfer("A transfer while value is leased.", root, "alice", "bob", Err(ValueOpen));
    settling(s, root, lease, second);
}

fn settling(s: &mut Script, root: ObjectId, lease: ObjectId, second: ObjectId) {
    let all = vouchers(s, lease, "alice", &[100, 50]);
    let first = Voucher::decode(&all[0]).expect("a voucher").invocation;
    let forged = [s.client.invoke(&first, &signer("bob")).expect("signed").1];
    s.settle("A lease that nobody opened.", OTHER, &all[0], "hotel", Err(UnknownLease));
    s.settle("A settlement by another party.", lease, &all[0], "airline", Err(NotThePayee));
    s.settle("A voucher of another lease.", second, &all[0], "hotel", Err(WrongLease));
    s.settle("A voucher by another holder.", lease, &forged[0], "hotel", Err(WrongHolder));
    let above = |invocation: Invocation| {
        let claim = invocation.claim.expect("a claim");
        Invocation { claim: Some(Claim { cumulative: Amount(301), ..claim }), ..invocation }
    };
    let invocation = Voucher::decode(&all[0]).expect("a voucher").invocation;
    let above = s.client.invoke(&above(invocation.clone()), &signer("alice")).expect("signs").1;
    s.settle("More than was leased.", lease, &above, "hotel", Err(AboveLeased));
    let keys = s.keys(&["alice"]);
    let draft = s.client.reserve(invocation, Vec::new(), &keys[0]);
    s.submit("A voucher as a reserve.", &[draft], Err(MisplacedVoucher));
    s.act("The issuer revokes the root.", Act::Revoke(s.target(root, 1)), &["company"], YES);
    let t = terms(s, root, 1);
    s.lease("No new lease of a revoked token.", "alice", t, Err(Revoked));
    let settled = s.settle("Settled with the second of two vouchers.", lease, &all[1], "hotel", YES);
    s.settle("Settled twice.", lease, &all[1], "hotel", Err(Settled));
    s.refund("A refund of what was settled.", settled, 150, YES);
    s.refund("More than was settled.", settled, 1, Err(AboveCaptured));
    s.close_lease("The other lease is given back.", second, YES);
    s.close_lease("Given back twice.", second, Err(Settled));
    let spec = TokenSpec { budgets: Some(vec![leasing(s)]), ..s.root_spec("carol", 1_000) };
    let root = s.issue("Another root with leases.", &spec, YES);
    let t = terms(s, root, 500);
    let late = s.lease("A lease that nobody settles.", "carol", t, YES);
    let voucher = vouchers(s, late, "carol", &[100]);
    s.wait(2 * HOUR);
    s.settle("A settlement that is late.", late, &voucher[0], "hotel", Err(Settled));
}

/// The limits on leases of the first budget are added or replaced.
pub(super) fn of_sealed_claims(good: &[u8]) -> Vec<Broken> {
    let with = |name, about, code: Code, value: Item| {
        change(good, name, about, code, |item| {
            let budget = &mut item.items()[2].field(1).items()[0];
            budget.remove(7);
            budget.add(7, value.clone());
        })
    };
    let numbers = |all: &[u64]| Item::Array(all.iter().map(|value| Item::Unsigned(*value)).collect());
    vec![
        with("leases-one", "Limits on leases without a time.", Malformed, numbers(&[1])),
        with("leases-three", "Limits on leases with a third number.", Malformed, numbers(&[1, 2, 3])),
        with("leases-number", "A number as limits on leases.", Malformed, Item::Unsigned(1)),
    ]
}

/// A lease that was asked for, broken in one way each.
pub(super) fn of_asked(good: &[u8]) -> Vec<Broken> {
    let nonce = |name, about, value: Item| {
        change(good, name, about, Malformed, |item| *item.field(36) = value.clone())
    };
    vec![
        nonce("nonce-15", "A request nonce of 15 bytes.", Item::Bytes(vec![1; 15])),
        nonce("nonce-id", "A request id where its nonce belongs.", Item::Bytes(vec![1; 32])),
        nonce("nonce-null", "No nonce, which is left out instead.", Item::Simple(22)),
    ]
}

/// Vouchers that are broken in one way each.
pub(super) fn of_vouchers(good: &[u8]) -> Vec<Broken> {
    let field = |name, about, key, value: Item| {
        change(good, name, about, Malformed, |item| {
            item.remove(key);
            item.add(key, value.clone());
        })
    };
    let claim = |name, about, place: usize, value: Item| {
        change(good, name, about, Malformed, |item| item.field(15).items()[place] = value.clone())
    };
    let value = |amount| Item::Array(vec![Item::Unsigned(amount), Item::Bytes(vec![1; 32])]);
    vec![
        field("voucher-in-a-bundle", "A voucher with a bundle digest.", 3, Item::Bytes(vec![1; 32])),
        field("voucher-request", "A voucher that carries out a request.", 12, Item::Bytes(vec![1; 16])),
        field("voucher-settle-by", "A voucher with a deadline of its own.", 13, Item::Unsigned(1)),
        field("voucher-refund-until", "A voucher with a deadline of its own.", 14, Item::Unsigned(1)),
        field("voucher-of-nothing", "A voucher of 0.", 10, value(0)),
        claim("voucher-number-0", "Numbers begin with 1.", 1, Item::Unsigned(0)),
        claim("voucher-sum", "A sum below the use's own amount.", 2, Item::Unsigned(1)),
        claim("voucher-short-root", "A root of 31 bytes.", 3, Item::Bytes(vec![1; 31])),
    ]
}
