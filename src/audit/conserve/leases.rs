//! Leases, recounted: what was locked for a till, what its voucher took of it, and what came back.

use super::book::{Book, Capture};
use super::tokens::over;
use remit_verifier::code::Code;
use remit_verifier::object::{Approval, Lease as Terms, Voucher};
use remit_verifier::types::{LedgerId, ObjectId, Seconds};

/// Value locked for a payee's till.
pub(super) struct Lease {
    pub(super) token: ObjectId,
    pub(super) unit: ObjectId,
    payee: ObjectId,
    amount: i128,
    at: Seconds,
    settle_by: Seconds,
    pub(super) refund_until: Option<Seconds>,
    over: bool,
}

impl Book {
    pub(super) fn lease(&mut self, id: ObjectId, terms: &Terms, approvals: &[Approval]) {
        let (token, unit) = (terms.token, terms.unit);
        let amount = i128::from(terms.amount.0);
        self.require_entries(token);
        self.require_lease(id, terms);
        let request = terms.request_id(&LedgerId(self.standing.ledger.0));
        let keys = self.carried_out(request, token, approvals);
        self.require_approved(token, (terms.amount, &unit), &keys);
        self.debit(token, unit, |account| account.leased += amount);
        self.count(token, unit, amount, self.now.seconds(), Some(&keys));
        self.flow(unit).leased += amount.unsigned_abs();
        let (at, settle_by, refund_until) = (self.now.seconds(), terms.settle_by, terms.refund_until);
        let payee = terms.payee;
        self.leases
            .insert(id, Lease { token, unit, payee, amount, at, settle_by, refund_until, over: false });
    }

    /// What holds for every lease, be it opened or asked for.
    pub(super) fn require_lease(&mut self, id: ObjectId, terms: &Terms) {
        let (token, unit) = (terms.token, terms.unit);
        let asked = terms.request_nonce.is_some();
        self.require(self.standing.rules >= if asked { 3 } else { 2 }, Code::NotEnabled, id);
        self.note(self.standing.require_usable(token, self.now));
        let epoch = self.standing.tokens.get(&token).map(|known| known.epoch);
        self.require(epoch == Some(terms.epoch.0), Code::OldEpoch, token);
        let known = self.standing.parties.contains(&terms.payee);
        self.require(known, Code::UnknownParty, terms.payee);
        self.note(self.standing.require_thawed(terms.payee, Code::PartyFrozen));
        self.note(self.standing.require_unit(unit));
        self.require(terms.amount.0 > 0, Code::BadAmount, id);
        let expires = self.standing.tokens.get(&token).map(|known| known.expires);
        // Ten minutes are twice the most that two clocks may differ.
        let ordered = !over(terms.spend_until, self.now)
            && expires.is_some_and(|expires| terms.spend_until <= expires)
            && u128::from(terms.settle_by.0) >= u128::from(terms.spend_until.0) + 600;
        self.require(ordered, Code::BadTime, id);
        self.note(self.require_budgeted(token, unit));
        self.lease_limits(terms);
        if asked {
            self.require_free_uses(token, &unit);
        }
    }

    /// Every link that budgets the unit says how much a lease may be, and for how long.
    fn lease_limits(&mut self, terms: &Terms) {
        for above in self.standing.chain(terms.token) {
            let own = self.standing.tokens.get(&above).and_then(|known| known.own(&terms.unit));
            let Some(limits) = own.map(|budget| budget.leases) else { continue };
            let lasts = u128::from(terms.spend_until.0).saturating_sub(u128::from(self.now.0 / 1000));
            let (most, longest) = limits.map_or((0, 0), |of| (of.most.0, of.longest.0));
            self.require(limits.is_some(), Code::NoLeases, above);
            self.require(terms.amount.0 <= most, Code::AboveLeaseLimit, above);
            self.require(lasts <= u128::from(longest), Code::LeaseTooLong, above);
        }
    }

    pub(super) fn settle(&mut self, id: ObjectId, lease: ObjectId, voucher: &Voucher) {
        let taken = i128::from(voucher.claim.cumulative.0);
        self.require(voucher.claim.lease == lease, Code::WrongLease, lease);
        let Some((unit, payee)) = self.leases.get(&lease).map(|of| (of.unit, of.payee)) else {
            return self.require(false, Code::UnknownLease, lease);
        };
        let fits = voucher.claim.unit == unit && voucher.invocation.audience == payee;
        self.require(fits, Code::WrongLease, lease);
        self.finish_lease(lease, taken, false);
        self.flow(unit).settled += taken.unsigned_abs();
        self.captures.insert(id, Capture { reserve: lease, amount: taken, refunded: 0 });
    }

    /// The payee gave the lease back.
    pub(super) fn lease_close(&mut self, lease: ObjectId) {
        if let Some((unit, rest)) = self.finish_lease(lease, 0, false) {
            self.flow(unit).released += rest.unsigned_abs();
        }
    }

    /// The ledger gave the lease back, whose deadline had passed.
    pub(super) fn lease_expiry(&mut self, lease: ObjectId) {
        if let Some((unit, rest)) = self.finish_lease(lease, 0, true) {
            self.flow(unit).expired += rest.unsigned_abs();
        }
    }

    /// Ends a lease, of which `taken` is the payee's; gives its unit, and what came back.
    fn finish_lease(&mut self, lease: ObjectId, taken: i128, due: bool) -> Option<(ObjectId, i128)> {
        let now = self.now;
        let Some(held) = self.leases.get_mut(&lease) else {
            self.require(false, Code::UnknownLease, lease);
            return None;
        };
        let open = !held.over;
        held.over = true;
        let (token, unit, amount, at) = (held.token, held.unit, held.amount, held.at);
        let late = over(held.settle_by, now);
        // Until its deadline the lease is the payee's, from then on the holder's.
        self.require(open && late == due, Code::Settled, lease);
        self.require(taken <= amount, Code::AboveLeased, lease);
        self.post(token, unit, |account| {
            account.leased -= amount;
            account.captured += taken;
        });
        let rest = amount - taken;
        self.count(token, unit, -rest, at, None);
        if rest > 0 {
            self.pass_on(token, unit, rest);
        }
        Some((unit, rest))
    }
}
