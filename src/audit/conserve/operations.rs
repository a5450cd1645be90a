//! What each operation does to the sums of a recount, and what had to hold for it.

use super::book::{Book, Capture, Reservation};
use super::tokens::{Known, No, over};
use super::trades::Purpose;
use remit_verifier::code::Code;
use remit_verifier::object::{
    Act, Approval, Body, Budget, Invocation, Link, Operation, Origin, Payment, Reference, Sealed, Share,
    Target, Token,
};
use remit_verifier::types::{Amount, KeyBytes, LedgerId, ObjectId, RequestId};
use std::collections::BTreeSet;

/// The operation that a reference means; `before` are the members of the bundle before this one.
pub(super) fn resolve(reference: &Reference, before: &[ObjectId]) -> Option<ObjectId> {
    match reference {
        Reference::Id(id) => Some(*id),
        Reference::Member(place) => before.get(usize::from(*place)).copied(),
    }
}

impl Book {
    pub(super) fn operation(&mut self, operation: &Operation, before: &[ObjectId]) {
        let id = operation.id;
        let fresh = self.applied.insert(id);
        self.require(fresh, Code::Replayed, id);
        match &operation.body {
            Body::Token(token, sealed) => self.admit(id, token, sealed),
            Body::Reserve(invocation, links) => {
                self.reserve(id, invocation, links, &operation.approvals);
            }
            Body::Act(_, act, _) => {
                self.touch_named(act);
                self.act(operation, act, before);
            }
        }
    }

    fn act(&mut self, operation: &Operation, act: &Act, before: &[ObjectId]) {
        let id = operation.id;
        match act {
            Act::Party { .. } => {
                self.standing.parties.insert(id);
            }
            Act::Unit { .. } => {
                self.standing.units.insert(id);
            }
            Act::Issuer { party } => {
                self.standing.issuers.insert(*party);
            }
            Act::PartyKeys { .. } => {}
            Act::Transfer { token, epoch, holder, .. } => self.transfer(*token, epoch.0, *holder.bytes()),
            Act::Rekey { target, holder } => self.rekey(id, target, *holder.bytes()),
            Act::Veto { rekey, .. } => {
                let rekey = resolve(rekey, before).unwrap_or_default();
                self.standing.rekeys.remove(&rekey);
            }
            Act::Suspend(target) => {
                self.standing.suspensions.insert(id, target.token);
                self.standing.stopped.insert(target.token, self.entry);
            }
            Act::Resume { target, suspend } => {
                let lifted = resolve(suspend, before).and_then(|id| self.standing.suspensions.remove(&id));
                self.require(lifted == Some(target.token), Code::NotInForce, target.token);
            }
            Act::Revoke(target) => self.with(target.token, |known| known.revoked = true),
            Act::Cut(target) => self.with(target.token, |known| known.generation += 1),
            Act::End(target) => {
                let spent = self.standing.is_spent(target.token, self.now);
                self.require(spent, Code::StillUsable, target.token);
                self.close(target.token);
            }
            Act::Capture { reserve, number, amount } => {
                self.capture(id, resolve(reserve, before).unwrap_or_default(), *number, *amount);
            }
            Act::Release { reserve, amount } => {
                self.release(resolve(reserve, before).unwrap_or_default(), *amount);
            }
            Act::Refund { capture, amount } => {
                self.refund(resolve(capture, before).unwrap_or_default(), *amount);
            }
            Act::Request(of) => self.request(&LedgerId(self.standing.ledger.0), operation.nonce(), of),
            Act::Approve { request } => {
                let by = operation.signers.first().map(|key| *key.bytes()).unwrap_or_default();
                self.approve(*request, by);
            }
            Act::Withdraw { request, .. } => self.drop_request(*request),
            Act::Lease(terms) => self.lease(id, terms, &operation.approvals),
            Act::LeaseClose { lease } => self.lease_close(resolve(lease, before).unwrap_or_default()),
            Act::Settle { lease, voucher } => {
                self.settle(id, resolve(lease, before).unwrap_or_default(), voucher);
            }
            Act::Offer(terms) => self.offer(id, terms),
            Act::Trade(terms) => self.trade(operation, terms, before),
            Act::Upgrade { rules } => self.upgrade(rules.0),
            Act::Freeze { id: frozen, .. } => {
                self.standing.stopped.insert(*frozen, self.entry);
                let before = self.standing.freezes.insert(*frozen, id);
                self.require(before.is_none(), Code::AlreadySo, *frozen);
            }
            Act::Unfreeze { id: frozen, freeze, .. } => {
                let lifted = self.standing.freezes.remove(frozen);
                self.require(lifted == resolve(freeze, before), Code::NotInForce, *frozen);
            }
        }
    }

    fn upgrade(&mut self, rules: u64) {
        self.require(rules > self.standing.rules, Code::AlreadySo, self.standing.ledger);
        self.standing.rules = rules;
    }

    fn with(&mut self, token: ObjectId, change: impl FnOnce(&mut Known)) {
        self.touch(token);
        match self.standing.tokens.get_mut(&token) {
            Some(known) => change(known),
            None => self.require(false, Code::UnknownToken, token),
        }
    }

    /// A root or logged child is admitted; what is carved for it leaves its parent.
    fn admit(&mut self, id: ObjectId, token: &Token, sealed: &Sealed) {
        let known = Known::new(token, sealed.budgets.clone());
        let stated = sealed.budgets.iter().flatten();
        let shares = |budget: &Budget| known.parent.is_some() && budget.share == Share::Shared;
        let funded = |budget: &Budget| shares(budget) || budget.total.is_some();
        self.require(stated.clone().all(funded), Code::BadAmount, id);
        let counts = token.entries.is_some();
        self.require(!counts || self.standing.rules >= 3, Code::NotEnabled, id);
        for budget in stated {
            let later = !budget.windows.is_empty() || budget.cumulative.is_some() || budget.leases.is_some();
            self.note(self.require_known(id, later || token.approval.is_some()));
            self.note(self.standing.require_unit(budget.unit));
        }
        match token.origin {
            Origin::Root { issuer } => self.note(self.standing.require_issuer(issuer)),
            Origin::Logged { parent, .. } | Origin::Offline { parent, .. } => {
                self.note(self.standing.require_usable(parent, self.now));
                let wider = known.stated().find(|budget| self.standing.is_wider(parent, budget));
                self.require(wider.is_none(), Code::WiderThanParent, id);
                self.require_entries(parent);
                for (unit, total) in known.carved() {
                    self.note(self.require_budgeted(parent, unit));
                    self.debit(parent, unit, |account| account.carved += total);
                    self.flow(unit).carved += total.unsigned_abs();
                }
            }
        }
        self.standing.tokens.insert(id, known);
        self.touch(id);
        self.note(self.standing.require_usable(id, self.now).or_else(not_begun));
    }

    /// Requires that the token, or the nearest one above that lists budgets, lists this unit, and so all above.
    pub(super) fn require_budgeted(&self, token: ObjectId, unit: ObjectId) -> Result<(), No> {
        for id in self.standing.chain(token) {
            let known = self.standing.tokens.get(&id).ok_or((Code::UnknownToken, id))?;
            if known.own(&unit).is_none() && (known.lists_budgets() || known.parent.is_none()) {
                return Err((Code::UnitNotBudgeted, id));
            }
        }
        Ok(())
    }

    pub(super) fn transfer(&mut self, token: ObjectId, epoch: u64, holder: KeyBytes) {
        self.require_entries(token);
        self.note(self.standing.require_usable(token, self.now));
        let open = self.open_on(token) != 0;
        self.require(!open, Code::ValueOpen, token);
        self.require(!self.standing.funds_a_carved(token), Code::CarvedChild, token);
        let now = self.standing.tokens.get(&token).map(|known| known.epoch);
        self.require(now == Some(epoch), Code::OldEpoch, token);
        self.with(token, |known| {
            known.epoch += 1;
            known.holder = holder;
        });
    }

    /// A rekey by the holder is effective at once, one from upstream when the ledger writes so.
    fn rekey(&mut self, id: ObjectId, target: &Target, holder: KeyBytes) {
        if usize::from(target.position.0) == self.standing.chain(target.token).len() + 1 {
            self.require_entries(target.token);
            self.with(target.token, |known| known.rekey(holder));
        } else {
            self.touch(target.token);
            self.standing.rekeys.insert(id, (target.token, holder));
        }
    }

    /// The ledger made a rekey effective; for a token that is over or frozen by now it is void.
    pub(super) fn rekeyed(&mut self, id: ObjectId) {
        match self.standing.rekeys.remove(&id) {
            Some((token, _)) if self.standing.is_frozen_or_over(token) => self.touch(token),
            Some((token, holder)) => self.with(token, |known| known.rekey(holder)),
            None => self.require(false, Code::UnknownRekey, id),
        }
    }

    fn reserve(&mut self, id: ObjectId, invocation: &Invocation, links: &[Link], approvals: &[Approval]) {
        for link in links {
            let budgets = link.token.budgets.clone();
            self.standing.tokens.entry(link.id).or_insert_with(|| Known::new(&link.token, budgets));
        }
        let token = invocation.token;
        self.note(self.standing.require_usable(token, self.now));
        self.require_entries(token);
        let epoch = self.standing.anchor(Some(token)).map(|anchor| anchor.epoch);
        self.require(epoch == Some(invocation.epoch.0), Code::OldEpoch, token);
        let known = self.standing.parties.contains(&invocation.audience);
        self.require(known, Code::UnknownParty, invocation.audience);
        self.note(self.standing.require_thawed(invocation.audience, Code::PartyFrozen));
        let request = invocation.request_id(&LedgerId(self.standing.ledger.0));
        let keys = self.carried_out(request, token, approvals);
        match &invocation.payment {
            Some(payment) => {
                self.require_approved(token, (payment.amount, &payment.unit), &keys);
                self.hold(id, (token, Purpose::of(invocation)), payment, &keys);
            }
            None => self.require(false, Code::BadAmount, id),
        }
    }

    fn hold(
        &mut self,
        id: ObjectId,
        (token, purpose): (ObjectId, Purpose),
        payment: &Payment,
        keys: &BTreeSet<KeyBytes>,
    ) {
        let unit = payment.unit;
        let amount = i128::from(payment.amount.0);
        self.note(self.standing.require_unit(unit));
        self.require(amount > 0, Code::BadAmount, id);
        self.require(!over(payment.settle_by, self.now), Code::BadTime, id);
        self.require_use(token, unit, payment.amount);
        self.debit(token, unit, |account| account.reserved += amount);
        self.count(token, unit, amount, self.now.seconds(), Some(keys));
        self.flow(unit).reserved += amount.unsigned_abs();
        let reservation = Reservation {
            token,
            unit,
            amount,
            captured: 0,
            released: 0,
            captures: 0,
            at: self.now.seconds(),
            settle_by: payment.settle_by,
            refund_until: payment.refund_until,
            purpose,
        };
        self.reservations.insert(id, reservation);
    }

    /// Requires that every link budgets the unit, and allows one use of so much.
    pub(super) fn require_use(&mut self, token: ObjectId, unit: ObjectId, amount: Amount) {
        self.note(self.require_budgeted(token, unit));
        for above in self.standing.chain(token) {
            let own = self.standing.tokens.get(&above).and_then(|known| known.own(&unit));
            let most = own.and_then(|budget| budget.per_use);
            self.require(most.is_none_or(|most| amount <= most), Code::AbovePerUse, above);
        }
    }

    fn capture(&mut self, id: ObjectId, reserve: ObjectId, number: u64, amount: Amount) {
        let amount = i128::from(amount.0);
        let now = self.now;
        let Some(held) = self.reservations.get_mut(&reserve) else {
            return self.require(false, Code::UnknownReservation, reserve);
        };
        let (token, unit, left) = (held.token, held.unit, held.left());
        let late = over(held.settle_by, now);
        held.captures += 1;
        held.captured += amount;
        let next = held.captures == number;
        self.require(!late, Code::Settled, reserve);
        self.require(next, Code::WrongNumber, reserve);
        self.require((1..=left).contains(&amount), Code::AboveReserved, reserve);
        self.post(token, unit, |account| {
            account.reserved -= amount;
            account.captured += amount;
        });
        self.flow(unit).captured += amount.unsigned_abs();
        self.captures.insert(id, Capture { reserve, amount, refunded: 0 });
    }

    fn release(&mut self, reserve: ObjectId, amount: Option<Amount>) {
        let Some(held) = self.reservations.get(&reserve) else {
            return self.require(false, Code::UnknownReservation, reserve);
        };
        let (unit, left) = (held.unit, held.left());
        let late = over(held.settle_by, self.now);
        let amount = amount.map_or(left, |amount| i128::from(amount.0));
        self.require(!late, Code::Settled, reserve);
        self.require((1..=left).contains(&amount), Code::AboveReserved, reserve);
        self.give_back(reserve, amount);
        self.flow(unit).released += amount.unsigned_abs();
    }

    /// The ledger gave back what was held beyond its deadline.
    pub(super) fn expiry(&mut self, reserve: ObjectId) {
        if self.requests.contains_key(&RequestId(reserve.0)) {
            return self.request_expiry(RequestId(reserve.0));
        }
        if self.leases.contains_key(&reserve) {
            return self.lease_expiry(reserve);
        }
        let Some(held) = self.reservations.get(&reserve) else {
            return self.require(false, Code::UnknownReservation, reserve);
        };
        let (unit, left) = (held.unit, held.left());
        let due = over(held.settle_by, self.now);
        // Until its deadline the value is the payee's.
        self.require(due, Code::BadTime, reserve);
        self.require(left > 0, Code::AboveReserved, reserve);
        self.give_back(reserve, left);
        self.flow(unit).expired += left.unsigned_abs();
    }

    fn give_back(&mut self, reserve: ObjectId, amount: i128) {
        let Some(held) = self.reservations.get_mut(&reserve) else { return };
        held.released += amount;
        let (token, unit, at) = (held.token, held.unit, held.at);
        self.post(token, unit, |account| account.reserved -= amount);
        // In a span that is over nobody counts any more.
        self.count(token, unit, -amount, at, None);
        self.pass_on(token, unit, amount);
    }

    fn refund(&mut self, capture: ObjectId, amount: Amount) {
        let amount = i128::from(amount.0);
        let Some(taken) = self.captures.get_mut(&capture) else {
            return self.require(false, Code::UnknownCapture, capture);
        };
        let left = taken.amount - taken.refunded;
        taken.refunded += amount;
        let reserved = self.reservations.get(&taken.reserve).map(|of| (of.token, of.unit, of.refund_until));
        let leased = self.leases.get(&taken.reserve).map(|of| (of.token, of.unit, of.refund_until));
        let Some((token, unit, refund_until)) = reserved.or(leased) else {
            return self.require(false, Code::UnknownReservation, capture);
        };
        let closed = refund_until.is_none_or(|until| over(until, self.now));
        self.require(!closed, Code::RefundClosed, capture);
        self.require((1..=left).contains(&amount), Code::AboveCaptured, capture);
        self.post(token, unit, |account| account.refunded += amount);
        self.flow(unit).refunded += amount.unsigned_abs();
        self.pass_on(token, unit, amount);
    }

    /// The ledger ended a carved token that had expired.
    pub(super) fn lapse(&mut self, token: ObjectId) {
        let expired = self.standing.tokens.get(&token).is_some_and(|known| over(known.expires, self.now));
        self.require(expired, Code::StillUsable, token);
        self.close(token);
    }
}

/// A token may be admitted before its life begins.
fn not_begun(no: No) -> Result<(), No> {
    if no.0 == Code::NotYetValid { Ok(()) } else { Err(no) }
}
