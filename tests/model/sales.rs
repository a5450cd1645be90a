//! Offers and purchases, on the ledger and on the model.

use crate::drive::{Drive, HOLDERS, holder, option};
use crate::naive::{Capture, Model, Offer, Reservation};
use remit::client::{Ask, Purchase};
use remit_verifier::object::{Act, BUY, Offer as Terms, Payment, Price, Reference, goods};
use remit_verifier::types::{Amount, Epoch, ObjectId, Seconds};

/// Place of the action `buy` among those of the model.
const BUYS: u8 = 3;

impl Model {
    /// Whether the holder may sell: he holds nothing above.
    fn may_sell(&self, token: usize) -> bool {
        let above = self.upward(token).split_off(1);
        above.iter().all(|above| self.tokens[*above].holder != self.tokens[token].holder)
    }

    fn may_offer(&self, token: usize) -> bool {
        let transferable = self.upward(token).iter().find_map(|t| self.tokens[*t].transferable);
        self.live(token) && self.has_room(token) && transferable == Some(true) && self.may_sell(token)
    }

    /// The offer of a token that was neither taken nor withdrawn.
    fn offered(&mut self, token: usize) -> Option<&mut Offer> {
        self.offers.iter_mut().find(|offer| offer.open && offer.token == token)
    }

    /// Whether the offer can be taken by this holder; what pays is reserved already.
    fn may_buy(&self, offer: usize, buyer: usize, least: u64) -> bool {
        let of = &self.offers[offer];
        let token = &self.tokens[of.token];
        let totals = self.path(of.token).into_iter().filter_map(|t| {
            let total = self.tokens[t].total?;
            Some(total - self.net(t))
        });
        of.open
            && of.until > self.now
            && of.epoch == token.epoch
            && of.seller == token.holder
            && of.seller != buyer
            && self.may_sell(of.token)
            && self.may_transfer(of.token)
            && totals.min().is_none_or(|left| left >= least)
    }
}

impl Drive {
    /// Offers a token, or takes that back.
    pub fn offer(&mut self, token: usize, bits: usize, amount: u64) {
        let able = (0..self.tokens.len()).rev().find(|token| self.model.may_offer(*token));
        let token = if bits & 2 == 0 { able.unwrap_or(token) } else { token };
        let by = self.model.tokens[token].holder + usize::from(bits % 16 == 15);
        let holds = by % HOLDERS == self.model.tokens[token].holder;
        let (epoch, price) = (self.model.tokens[token].epoch, 1 + amount % 200);
        // Mostly for some minutes, now and then for none.
        let until = self.model.now + amount % 16 * 60;
        let withdraws = bits % 8 == 1;
        let asked = Price { amount: Amount(price), payee: self.shop, unit: self.unit, until: Seconds(until) };
        let (id, asked) = (self.tokens[token], option(usize::from(!withdraws), asked));
        let act = Act::Offer(Terms { token: id, epoch: Epoch(epoch), price: asked });
        let done = self.act(act, &[holder(by)]);
        if withdraws {
            let stands = self.model.offered(token).is_some_and(|offer| offer.epoch == epoch);
            if self.agree("take back", holds && stands, done.is_some()) {
                self.model.offered(token).unwrap().open = false;
                self.model.entry(&[token]);
            }
            return;
        }
        let expected = holds && until > self.model.now && self.model.may_offer(token);
        if self.agree("offer", expected, done.is_some()) {
            if let Some(before) = self.model.offered(token) {
                before.open = false;
            }
            let seller = by % HOLDERS;
            self.model.offers.push(Offer { token, epoch, seller, amount: price, until, open: true });
            self.offers.push(done.unwrap());
            self.model.entry(&[token]);
        }
    }

    /// Takes one of the last offers, and pays with a token of whoever takes it.
    pub fn buy(&mut self, which: usize, bits: usize, amount: u64) {
        let Some(place) = which.checked_rem(self.offers.len().min(4)) else { return };
        let least = amount % 300;
        // Mostly one that can be taken, by somebody who can pay.
        let able = (0..self.offers.len()).rev().find_map(|offer| {
            let price = self.model.offers[offer].amount;
            let pays = |purse: &usize| {
                let buyer = self.model.tokens[*purse].holder;
                self.model.may_reserve(*purse, price, BUYS) && self.model.may_buy(offer, buyer, least)
            };
            (0..self.tokens.len()).rev().find(pays).map(|purse| (offer, purse))
        });
        let other = (self.offers.len() - 1 - place, bits % self.tokens.len());
        let (place, purse) = if bits & 1 == 0 { able.unwrap_or(other) } else { other };
        let of = self.model.offers[place].clone();
        let price = of.amount + u64::from(bits % 16 == 6);
        let buyer = self.model.tokens[purse].holder;
        let (drafts_ids, done) = self.take(place, (purse, price), least);
        let mut after = self.model.clone();
        let pays = after.may_reserve(purse, price, BUYS);
        let (at, settle_by) = (self.model.now, self.model.now + 500);
        let mut payment =
            Reservation { token: purse, amount: price, at, captures: Vec::new(), released: 0, settle_by };
        after.reservations.push(payment.clone());
        let expected = pays && price == of.amount && after.may_buy(place, buyer, least);
        if self.agree("buy", expected, done) {
            payment.captures.push(Capture { amount: price, refunded: 0 });
            self.model.reservations.push(payment);
            let token = &mut self.model.tokens[of.token];
            (token.holder, token.epoch) = (buyer, token.epoch + 1);
            self.model.offers[place].open = false;
            self.reservations.push(drafts_ids[0]);
            self.captures.push(vec![drafts_ids[1]]);
            self.model.entry(&[purse, of.token]);
        }
    }

    /// The bundle of reserve and trade: the ids of both, and whether it was applied.
    fn take(&mut self, offer: usize, (purse, price): (usize, u64), least: u64) -> (Vec<ObjectId>, bool) {
        let token = self.model.offers[offer].token;
        let now = self.model.now;
        let ask = Ask {
            token: self.tokens[purse],
            epoch: Epoch(self.model.tokens[purse].epoch),
            audience: self.shop,
            action: BUY.into(),
            resource: goods(&self.tokens[token]).unwrap(),
            arguments: Vec::new(),
            payment: Some(Payment {
                amount: Amount(price),
                unit: self.unit,
                settle_by: Seconds(now + 500),
                refund_until: Some(Seconds(now + 100_000)),
            }),
            request: None,
        };
        let purchase = Purchase {
            token: self.tokens[token],
            epoch: Epoch(self.model.tokens[token].epoch),
            offer: Reference::Id(self.offers[offer]),
            minimum: option(usize::from(least > 0), (self.unit, Amount(least))).into_iter().collect(),
            payment: 0,
        };
        let buyer = holder(self.model.tokens[purse].holder);
        let invocation = self.client.invocation(self.now(), &ask).unwrap();
        let pays = self.client.reserve(invocation, Vec::new(), &buyer);
        let takes = self.client.trade(self.now(), &purchase, &buyer).unwrap();
        let drafts = [pays, takes];
        let ids = self.client.ready(&drafts).unwrap().ids;
        let done = self.submit(&drafts).is_some();
        (ids, done)
    }
}
