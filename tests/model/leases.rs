//! Leases and how they end, on the ledger and on the model.

use crate::drive::{Drive, HOLDERS, holder};
use crate::naive::Lease;
use remit::client::Ask;
use remit_verifier::object::{Act, Claim, Invocation, Lease as Terms, Path, Reference, Voucher};
use remit_verifier::types::{Amount, Epoch, Hash, ObjectId, Seconds, TillId};

impl Drive {
    pub fn lease(&mut self, token: usize, bits: usize, amount: u64) {
        // Mostly one that may be leased from.
        let (amount, lasts) = (amount % 300, 200 + amount % 150);
        let able = (0..self.tokens.len()).rev().find(|token| self.model.may_lease(*token, amount, lasts));
        let token = if bits.is_multiple_of(2) { able.unwrap_or(token) } else { token };
        let by = self.model.tokens[token].holder + usize::from(bits % 16 == 15);
        let terms = self.terms(token, amount, lasts);
        let id = self.act(Act::Lease(terms), &[holder(by)]);
        let holds = by % HOLDERS == self.model.tokens[token].holder;
        let expected = holds && self.model.may_lease(token, amount, lasts);
        self.note_quota(token, |model| holds && model.may_lease(token, amount, lasts));
        self.recorded_as("lease", token, holds, id.is_none());
        if self.agree("lease", expected, id.is_some()) {
            let settle_by = self.model.now + lasts + 600;
            self.keep_lease(id.unwrap(), token, amount, settle_by);
        }
    }

    pub fn terms(&self, token: usize, amount: u64, lasts: u64) -> Terms {
        let now = self.model.now;
        Terms {
            token: self.tokens[token],
            epoch: Epoch(self.model.tokens[token].epoch),
            payee: self.shop,
            till: TillId([7; 32]),
            amount: Amount(amount),
            unit: self.unit,
            spend_until: Seconds(now + lasts),
            settle_by: Seconds(now + lasts + 600),
            refund_until: Some(Seconds(now + 100_000)),
            request_nonce: None,
        }
    }

    pub fn keep_lease(&mut self, id: ObjectId, token: usize, amount: u64, settle_by: u64) {
        self.leases.push(id);
        self.settled.push(None);
        let at = self.model.now;
        self.model.leases.push(Lease { token, amount, at, settle_by, taken: None, refunded: 0 });
        self.model.entry(&[token]);
    }

    /// One of the last leases.
    fn pick_lease(&self, which: usize) -> Option<usize> {
        let count = self.leases.len();
        (count > 0).then(|| count - 1 - which % count.min(4))
    }

    pub fn settle(&mut self, which: usize, bits: usize, amount: u64) {
        let Some(place) = self.pick_lease(which) else { return };
        let (taken, lease) = (Amount(1 + amount % 250), self.leases[place]);
        let of = self.model.leases[place].clone();
        let claim = Claim {
            amount: taken,
            unit: self.unit,
            lease,
            number: 1,
            cumulative: taken,
            root: Hash([1; 32]),
        };
        let ask = Ask {
            token: self.tokens[of.token],
            epoch: Epoch(0),
            audience: self.shop,
            action: "a".into(),
            resource: Path::parse("x").unwrap(),
            arguments: Vec::new(),
            payment: None,
            request: None,
        };
        let invocation = self.client.invocation(self.now(), &ask).unwrap();
        let invocation = Invocation { claim: Some(claim), ..invocation };
        // Whoever held the token when the lease was opened; nobody can transfer it meanwhile.
        let forged = bits % 16 == 15;
        let by = self.model.tokens[of.token].holder + usize::from(forged);
        let voucher = self.client.invoke(&invocation, &holder(by)).unwrap().1;
        let voucher = Box::new(Voucher::decode(&voucher).unwrap());
        let id = self.act(Act::Settle { lease: Reference::Id(lease), voucher }, &[self.key("shop")]);
        let expected = self.model.lease_open(place) && !forged && taken.0 <= of.amount;
        if self.agree("settle", expected, id.is_some()) {
            self.settled[place] = id;
            self.model.leases[place].taken = Some(taken.0);
            self.model.entry(&[of.token]);
        }
    }

    pub fn close(&mut self, which: usize, bits: usize) {
        let Some(place) = self.pick_lease(which) else { return };
        let by = if bits % 8 == 7 { self.key("issuer") } else { self.key("shop") };
        let id = self.act(Act::LeaseClose { lease: Reference::Id(self.leases[place]) }, &[by]);
        let expected = self.model.lease_open(place) && bits % 8 != 7;
        if self.agree("close", expected, id.is_some()) {
            self.model.leases[place].taken = Some(0);
            self.model.entry(&[self.model.leases[place].token]);
        }
    }

    pub fn refund_lease(&mut self, which: usize, amount: u64) {
        let all: Vec<_> = (0..self.leases.len()).filter(|place| self.settled[*place].is_some()).collect();
        let Some(place) = which.checked_rem(all.len()).map(|at| all[at]) else { return };
        let amount = amount % 120;
        let capture = Reference::Id(self.settled[place].unwrap());
        let done = self.act(Act::Refund { capture, amount: Amount(amount) }, &[self.key("shop")]);
        let expected = self.model.may_refund_lease(place, amount);
        if self.agree("refund of a lease", expected, done.is_some()) {
            self.model.leases[place].refunded += amount;
            self.model.entry(&[self.model.leases[place].token]);
        }
    }
}
