//! Requests for approval, recounted: what waits, who said yes, and whether enough did.

use super::book::Book;
use super::tokens::{No, over};
use remit_verifier::code::Code;
use remit_verifier::object::{Approval, ApprovalRule, Requested};
use remit_verifier::types::{Amount, EntryIndex, KeyBytes, LedgerId, Nonce, ObjectId, RequestId, Seconds};
use std::collections::BTreeSet;

/// A request, as long as it waits.
pub(super) struct Request {
    entry: EntryIndex,
    token: ObjectId,
    unit: ObjectId,
    payee: ObjectId,
    amount: i128,
    decide_by: Seconds,
    approved: BTreeSet<KeyBytes>,
}

impl Book {
    pub(super) fn request(&mut self, ledger: &LedgerId, nonce: Nonce, of: &Requested) {
        let (token, unit, amount) = (of.token, of.unit, i128::from(of.amount.0));
        let id = of.request_id(ledger, nonce);
        let subject = ObjectId(id.0);
        self.require_entries(token);
        self.require(!over(of.decide_by, self.now), Code::BadTime, subject);
        match of.to_lease(nonce) {
            Some(terms) => {
                self.require_lease(subject, &terms);
                // Nobody decides about what cannot be done any more.
                self.require(of.decide_by <= terms.spend_until, Code::BadTime, subject);
            }
            None => {
                self.note(self.standing.require_usable(token, self.now));
                self.note(self.standing.require_unit(unit));
                self.note(self.standing.require_thawed(of.payee, Code::PartyFrozen));
                let epoch = self.standing.tokens.get(&token).is_some_and(|known| known.epoch == of.epoch.0);
                self.require(epoch, Code::OldEpoch, token);
                self.require(self.standing.parties.contains(&of.payee), Code::UnknownParty, of.payee);
                self.require_use(token, unit, of.amount);
            }
        }
        let fresh = !self.requests.contains_key(&id) && !self.closed.contains(&id);
        self.require(fresh, Code::RequestClosed, subject);
        self.debit(token, unit, |account| account.pending += amount);
        self.flow(unit).requested += amount.unsigned_abs();
        let (entry, payee, decide_by) = (self.entry, of.payee, of.decide_by);
        let request = Request { entry, token, unit, payee, amount, decide_by, approved: BTreeSet::new() };
        self.requests.insert(id, request);
    }

    pub(super) fn approve(&mut self, id: RequestId, by: KeyBytes) {
        self.note(self.require_waiting(&id));
        let Some(request) = self.requests.get_mut(&id) else { return };
        let new = request.approved.insert(by);
        let token = request.token;
        self.touch(token);
        self.require(new, Code::AlreadySo, ObjectId(id.0));
        let asked = self.rules(token).iter().any(|(_, rule)| rule.names(&by));
        self.require(asked, Code::NotAnApprover, token);
    }

    /// What waited comes back: taken back, refused, or its time has run out.
    pub(super) fn drop_request(&mut self, id: RequestId) {
        let Some(Request { token, unit, amount, .. }) = self.requests.remove(&id) else {
            return self.require(false, Code::UnknownRequest, ObjectId(id.0));
        };
        self.closed.insert(id);
        self.post(token, unit, |account| account.pending -= amount);
        self.pass_on(token, unit, amount);
    }

    /// The ledger dropped a request; its time had run out.
    pub(super) fn request_expiry(&mut self, id: RequestId) {
        let due = self.requests.get(&id).is_some_and(|request| over(request.decide_by, self.now));
        self.require(due, Code::BadTime, ObjectId(id.0));
        self.drop_request(id);
    }

    /// Who said yes to what carries this request out, on the ledger and beside it; what waited for it does so no more.
    pub(super) fn carried_out(
        &mut self,
        request: Option<RequestId>,
        token: ObjectId,
        approvals: &[Approval],
    ) -> BTreeSet<KeyBytes> {
        let Some(id) = request else {
            self.require(approvals.is_empty(), Code::UnknownRequest, token);
            return BTreeSet::new();
        };
        let subject = ObjectId(id.0);
        self.require(!self.closed.contains(&id), Code::RequestClosed, subject);
        let mut keys = BTreeSet::new();
        if self.requests.contains_key(&id) {
            self.note(self.require_waiting(&id));
        }
        if let Some(request) = self.requests.remove(&id) {
            keys.extend(request.approved);
            let amount = request.amount;
            self.post(request.token, request.unit, |account| account.pending -= amount);
        }
        for approval in approvals {
            let fits = approval.request == id && !over(approval.stamp.valid_until, self.now);
            self.require(fits, Code::UnknownRequest, subject);
            keys.insert(*approval.signer.bytes());
        }
        self.closed.insert(id);
        keys
    }

    /// Requires that the rule of every link has enough of these keys, if the payment is subject to it.
    pub(super) fn require_approved(
        &mut self,
        token: ObjectId,
        payment: (Amount, &ObjectId),
        keys: &BTreeSet<KeyBytes>,
    ) {
        let unmet = |rule: &ApprovalRule| rule.applies(Some(payment)) && !enough(rule, keys);
        if let Some((id, _)) = self.rules(token).into_iter().find(|(_, rule)| unmet(rule)) {
            self.require(false, Code::ApprovalRequired, id);
        }
    }

    /// Requires that every link with a rule lets somebody pay a little without being asked.
    pub(super) fn require_free_uses(&mut self, token: ObjectId, unit: &ObjectId) {
        let asks_always = |rule: &ApprovalRule| rule.applies(Some((Amount(1), unit)));
        if let Some((id, _)) = self.rules(token).into_iter().find(|(_, rule)| asks_always(rule)) {
            self.require(false, Code::EveryUseAsks, id);
        }
    }

    fn rules(&self, token: ObjectId) -> Vec<(ObjectId, ApprovalRule)> {
        let rule = |id: ObjectId| {
            let known = self.standing.tokens.get(&id)?;
            known.approval.clone().map(|rule| (id, rule))
        };
        self.standing.chain(token).into_iter().filter_map(rule).collect()
    }

    /// Requires that it waits, its time has not run out, and nothing that it needs was stopped since.
    fn require_waiting(&self, id: &RequestId) -> Result<(), No> {
        let subject = ObjectId(id.0);
        let request = self.requests.get(id).ok_or((Code::UnknownRequest, subject))?;
        let issuer = self.standing.issuer_of(request.token);
        let fixed = [self.standing.ledger, request.unit, request.payee];
        let needed = fixed.into_iter().chain(issuer).chain(self.standing.chain(request.token));
        let stopped = |id: ObjectId| self.standing.stopped.get(&id).is_some_and(|at| *at >= request.entry);
        let over = over(request.decide_by, self.now);
        if over || needed.into_iter().any(stopped) { Err((Code::RequestClosed, subject)) } else { Ok(()) }
    }
}

/// Whether so many different approvers as the rule wants are among the keys.
pub(super) fn enough(rule: &ApprovalRule, keys: &BTreeSet<KeyBytes>) -> bool {
    rule.approvers.iter().filter(|key| keys.contains(key.bytes())).count() as u64 >= rule.k
}
