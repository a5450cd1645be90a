//! Requests for approval and what becomes of them, on the ledger and on the model.

use crate::drive::{Drive, HOLDERS, holder};
use crate::naive::{Model, Request, Reservation};
use remit::client::Ask;
use remit_verifier::object::{Act, Invocation, Path, Payment, Position};
use remit_verifier::types::{Amount, Epoch, Nonce, RequestId, Seconds};

/// What the ledger knows a request by.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    nonce: Nonce,
    id: RequestId,
}

impl Model {
    /// Whether some link asks somebody before so much is spent.
    pub fn asks(&self, token: usize, amount: u64) -> bool {
        self.upward(token).iter().any(|t| self.tokens[*t].asks_above.is_some_and(|most| amount > most))
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
        self.recorded_as("request", token, holds, !done);
        if self.agree("request", holds && fits && decide_by > now, done) {
            let (open, approved, cancelled) = (true, false, false);
            let request = Request { token, epoch, amount, decide_by, open, approved, cancelled };
            self.model.requests.push(request);
            self.requests.push(Named { nonce, id });
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
        }
    }

    /// Spends what was asked for, or another amount.
    pub fn carry_out(&mut self, which: usize, bits: usize) {
        let Some(place) = self.pick_request(which, bits) else { return };
        let (of, named) = (self.model.requests[place].clone(), self.requests[place]);
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
        }
    }
}
