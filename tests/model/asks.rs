//! Requests for approval and what becomes of them, on the ledger and on the model.

use crate::drive::{Drive, HOLDERS, holder};
use crate::naive::{Model, Request, Reservation};
use remit::client::Ask;
use remit_verifier::object::{Act, Invocation, Lease, Path, Payment, Position, Purpose, Requested};
use remit_verifier::types::{Amount, Epoch, Nonce, RequestId, Seconds};

/// What the ledger knows a request by.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    nonce: Nonce,
    id: RequestId,
    /// The lease that carries it out, if it is no use.
    lease: Option<Lease>,
}

impl Model {
    /// Whether some link asks somebody before so much is spent.
    pub fn asks(&self, token: usize, amount: u64) -> bool {
        self.upward(token).iter().any(|t| self.tokens[*t].asks_above.is_some_and(|most| amount > most))
    }

    /// Whether some link asks somebody before anything is spent.
    pub fn asks_always(&self, token: usize) -> bool {
        self.upward(token).iter().any(|t| self.tokens[*t].asks_above == Some(0))
    }

    /// Whether it can still be carried out or approved.
    fn waits(&self, request: usize) -> bool {
        let of = &self.requests[request];
        of.open && !of.cancelled && of.decide_by > self.now
    }

    /// Something was suspended or frozen: what waits on it, or without a token everything, is cancelled.
    pub fn stop(&mut self, token: Option<usize>) {
        for place in 0..self.requests.len() {
            let chain = self.upward(self.requests[place].token);
            if token.is_none_or(|token| chain.contains(&token)) {
                self.requests[place].cancelled = true;
            }
        }
    }
}

impl Drive {
    fn asked(&self, token: usize, epoch: u64, amount: u64) -> Ask {
        Ask {
            token: self.tokens[token],
            epoch: Epoch(epoch),
            audience: self.shop,
            action: "a".into(),
            resource: Path::parse("x").unwrap(),
            arguments: Vec::new(),
            payment: Some(Payment {
                amount: Amount(amount),
                unit: self.unit,
                settle_by: Seconds(self.model.now + 500),
                refund_until: Some(Seconds(self.model.now + 100_000)),
            }),
            request: None,
        }
    }

    /// Asks for an amount, which waits.
    pub fn ask(&mut self, token: usize, bits: usize, amount: u64) {
        let amount = 1 + amount % 400;
        let able = |token: &usize| self.model.may_spend(*token, amount, 0) && self.model.asks(*token, amount);
        let able = (0..self.tokens.len()).rev().find(able);
        let token = if bits & 1 == 0 { able.unwrap_or(token) } else { token };
        let by = self.model.tokens[token].holder + usize::from(bits % 16 == 15);
        let (epoch, now) = (self.model.tokens[token].epoch, self.model.now);
        // Now and then for no time at all.
        let decide_by = now + amount % 8 * 40;
        let ask = self.asked(token, epoch, amount);
        let requested = ask.requested(Seconds(decide_by)).expect("a payment");
        let signer = holder(by);
        let draft = self.client.act(self.now(), Act::Request(requested.clone()), &[&signer]).unwrap();
        let nonce = draft.body.stamp().unwrap().nonce;
        let id = requested.request_id(&self.ledger.id(), nonce);
        let done = self.submit(&[draft]).is_some();
        let holds = by % HOLDERS == self.model.tokens[token].holder;
        // Windows count what is reserved, and not what waits.
        let fits = self.model.live(token) && self.model.allows(token, 0) && self.model.holds(token, amount);
        let fits = fits && self.model.has_room(token);
        self.recorded_as("request", token, holds, !done);
        if self.agree("request", holds && fits && decide_by > now, done) {
            let (open, approved, cancelled, lease) = (true, false, false, None);
            let request = Request { token, epoch, amount, decide_by, lease, open, approved, cancelled };
            self.model.requests.push(request);
            self.requests.push(Named { nonce, id, lease: None });
            self.model.entry(&[token]);
        }
    }

    /// Asks for a lease, whose amount waits.
    pub fn ask_lease(&mut self, token: usize, bits: usize, amount: u64) {
        let (amount, lasts) = (1 + amount % 300, 200 + amount % 150);
        let able = |token: &usize| {
            self.model.may_hold_lease(*token, amount, lasts) && self.model.asks(*token, amount)
        };
        let able = (0..self.tokens.len()).rev().find(able);
        let token = if bits & 1 == 0 { able.unwrap_or(token) } else { token };
        let by = self.model.tokens[token].holder + usize::from(bits % 16 == 15);
        // Now and then until nobody can spend from it any more.
        let decide_by = self.model.now + amount % 8 * 40;
        let terms = self.terms(token, amount, lasts);
        let purpose = Purpose::Lease(terms.terms());
        let Lease { token: id, epoch, payee, amount: leased, unit, .. } = terms;
        let decided = Seconds(decide_by);
        let requested =
            Requested { token: id, epoch, payee, purpose, amount: leased, unit, decide_by: decided };
        let signer = holder(by);
        let draft = self.client.act(self.now(), Act::Request(requested.clone()), &[&signer]).unwrap();
        let nonce = draft.body.stamp().unwrap().nonce;
        let id = requested.request_id(&self.ledger.id(), nonce);
        let done = self.submit(&[draft]).is_some();
        let holds = by % HOLDERS == self.model.tokens[token].holder;
        let fits = self.model.may_hold_lease(token, amount, lasts) && !self.model.asks_always(token);
        let in_time = decide_by > self.model.now && decide_by <= self.model.now + lasts;
        self.recorded_as("request for a lease", token, holds, !done);
        if self.agree("request for a lease", holds && fits && in_time, done) {
            let (open, approved, cancelled) = (true, false, false);
            let (epoch, lease) = (epoch.0, Some(self.model.now + lasts));
            let request = Request { token, epoch, amount, decide_by, lease, open, approved, cancelled };
            self.model.requests.push(request);
            let lease = Some(Lease { request_nonce: Some(nonce), ..terms });
            self.requests.push(Named { nonce, id, lease });
            self.model.entry(&[token]);
        }
    }

    /// One of the last requests; mostly one that waits.
    fn pick_request(&self, which: usize, bits: usize) -> Option<usize> {
        let waits = (0..self.requests.len()).rev().find(|place| self.model.waits(*place));
        let any = self.requests.len().checked_sub(1 + which.checked_rem(self.requests.len().min(4))?);
        if bits & 4 == 0 { waits.or(any) } else { any }
    }

    /// Ann says yes, or somebody who is not asked.
    pub fn approve(&mut self, which: usize, bits: usize) {
        let Some(place) = self.pick_request(which, bits) else { return };
        let stranger = bits % 8 == 3;
        let by = if stranger { self.key("issuer") } else { self.key("ann") };
        let done = self.act(Act::Approve { request: self.requests[place].id }, &[by]).is_some();
        let of = &self.model.requests[place];
        let named = self.model.upward(of.token).iter().any(|t| self.model.tokens[*t].asks_above.is_some());
        let expected =
            !stranger && named && !self.model.ledger_frozen && self.model.waits(place) && !of.approved;
        if self.agree("approve", expected, done) {
            self.model.requests[place].approved = true;
            self.model.entry(&[self.model.requests[place].token]);
        }
    }

    /// Spends what was asked for, or another amount.
    pub fn carry_out(&mut self, which: usize, bits: usize) {
        let Some(place) = self.pick_request(which, bits) else { return };
        let (of, named) = (self.model.requests[place].clone(), self.requests[place]);
        if let Some(lease) = named.lease {
            return self.open_asked(place, lease, bits);
        }
        let by = self.model.tokens[of.token].holder + usize::from(bits % 16 == 15);
        let ask = self.asked(of.token, of.epoch, of.amount);
        let invocation = self.client.invocation(self.now(), &ask).unwrap();
        let invocation = Invocation { request_nonce: Some(named.nonce), ..invocation };
        let signer = holder(by);
        let draft = self.client.reserve(invocation, Vec::new(), &signer);
        let id = self.submit(&[draft]);
        let current = self.model.tokens[of.token].epoch == of.epoch;
        let holds = by % HOLDERS == self.model.tokens[of.token].holder && current;
        let granted = self.model.waits(place) && (of.approved || !self.model.asks(of.token, of.amount));
        // What waited is taken out of the total already.
        let mut without = self.model.clone();
        without.requests[place].open = false;
        let expected = holds && granted && without.may_spend(of.token, of.amount, 0);
        self.recorded_as("carried out", of.token, holds, id.is_none());
        if self.agree("carry out", expected, id.is_some()) {
            self.model.requests[place].open = false;
            self.reservations.push(id.unwrap());
            self.captures.push(Vec::new());
            let (at, settle_by) = (self.model.now, self.model.now + 500);
            let (token, amount, captures, released) = (of.token, of.amount, Vec::new(), 0);
            self.model.reservations.push(Reservation { token, amount, at, captures, released, settle_by });
            self.model.entry(&[token]);
        }
    }

    /// Opens the lease that was asked for.
    fn open_asked(&mut self, place: usize, lease: Lease, bits: usize) {
        let of = self.model.requests[place].clone();
        let by = self.model.tokens[of.token].holder + usize::from(bits % 16 == 15);
        let signer = holder(by);
        let draft = self.client.lease_approved(self.now(), lease, Vec::new(), &signer).unwrap();
        let id = self.submit(&[draft]);
        let current = self.model.tokens[of.token].epoch == of.epoch;
        let holds = by % HOLDERS == self.model.tokens[of.token].holder;
        let granted = self.model.waits(place) && (of.approved || !self.model.asks(of.token, of.amount));
        let spend_until = of.lease.unwrap();
        let lasts = spend_until.saturating_sub(self.model.now);
        let mut without = self.model.clone();
        without.requests[place].open = false;
        let expected = holds && current && granted && without.may_open_asked(of.token, of.amount, lasts);
        self.recorded_as("lease that was asked for", of.token, holds && current, id.is_none());
        if self.agree("lease that was asked for", expected, id.is_some()) {
            self.model.requests[place].open = false;
            self.keep_lease(id.unwrap(), of.token, of.amount, spend_until + 600);
        }
    }

    /// Somebody on the chain takes it back, or tries to.
    pub fn take_back_request(&mut self, which: usize, bits: usize) {
        let Some(place) = self.pick_request(which, bits) else { return };
        let of = &self.model.requests[place];
        let depth = self.model.upward(of.token).len();
        let position = 1 + bits % (depth + 2).min(9);
        let (expected, signer) = (of.open && position <= depth + 1, self.at(of.token, position));
        let position = Some(Position(position as u8));
        let act = Act::Withdraw { request: self.requests[place].id, position };
        let done = self.act(act, &[signer]).is_some();
        if self.agree("withdraw", expected, done) {
            self.model.requests[place].open = false;
            self.model.entry(&[self.model.requests[place].token]);
        }
    }
}
