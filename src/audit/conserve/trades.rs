//! Offers and trades, recounted: what was for sale at what price, what paid for it, and what was left of it.

use super::book::{Book, Capture};
use super::operations::resolve;
use super::tokens::over;
use remit_verifier::code::Code;
use remit_verifier::object::{Invocation, Offer as Terms, Operation, Price, Trade};
use remit_verifier::types::{KeyBytes, ObjectId, Seconds};

/// A week: no offer stands longer.
const LONGEST: u64 = 7 * 24 * 3600;

/// A token that is for sale.
pub(super) struct Offer {
    token: ObjectId,
    epoch: u64,
    seller: KeyBytes,
    price: Price,
}

/// Who is paid by a reserve, and what is bought with it, if anything.
pub(super) struct Purpose {
    payee: ObjectId,
    goods: Option<String>,
}

impl Purpose {
    pub(super) fn of(invocation: &Invocation) -> Self {
        let buys = invocation.action == "buy";
        let goods = buys.then(|| invocation.resource.as_str().to_string());
        Self { payee: invocation.audience, goods }
    }
}

impl Book {
    pub(super) fn offer(&mut self, id: ObjectId, terms: &Terms) {
        let token = terms.token;
        self.touch(token);
        self.require(self.standing.rules >= 3, Code::NotEnabled, id);
        let epoch = self.standing.tokens.get(&token).map(|known| known.epoch);
        self.require(epoch == Some(terms.epoch.0), Code::OldEpoch, token);
        // A token has one offer: the last.
        let stood = self.offered.remove(&token).and_then(|before| self.offers.remove(&before));
        let Some(price) = terms.price else {
            let stood = stood.is_some_and(|offer| offer.epoch == terms.epoch.0);
            return self.require(stood, Code::UnknownOffer, token);
        };
        self.require_entries(token);
        self.note(self.standing.require_usable(token, self.now));
        let seller = self.standing.tokens.get(&token).map(|known| known.holder).unwrap_or_default();
        self.require(!self.holds_above(token, &seller), Code::SellerUpstream, token);
        self.require(self.standing.parties.contains(&price.payee), Code::UnknownParty, price.payee);
        self.note(self.standing.require_thawed(price.payee, Code::PartyFrozen));
        self.note(self.standing.require_unit(price.unit));
        self.require(price.amount.0 > 0, Code::BadAmount, id);
        let latest = Seconds(self.now.seconds().0.saturating_add(LONGEST));
        self.require(!over(price.until, self.now) && price.until <= latest, Code::BadTime, id);
        self.offered.insert(token, id);
        self.offers.insert(id, Offer { token, epoch: terms.epoch.0, seller, price });
    }

    /// `before` are the members of the bundle before this one.
    pub(super) fn trade(&mut self, operation: &Operation, terms: &Trade, before: &[ObjectId]) {
        let id = operation.id;
        let (token, offer) = (terms.token, resolve(&terms.offer, before).unwrap_or_default());
        self.require(self.standing.rules >= 3, Code::NotEnabled, id);
        let Some(taken) = self.offers.remove(&offer).filter(|taken| taken.token == token) else {
            return self.require(false, Code::UnknownOffer, offer);
        };
        let holder = self.standing.tokens.get(&token).map(|known| known.holder);
        let stands = taken.epoch == terms.epoch.0
            && holder == Some(taken.seller)
            && !over(taken.price.until, self.now);
        self.require(stands, Code::OfferClosed, offer);
        let buyer = operation.signers.first().map(|key| *key.bytes()).unwrap_or_default();
        self.require(buyer != taken.seller, Code::WrongSigner, id);
        self.require(!self.holds_above(token, &taken.seller), Code::SellerUpstream, token);
        self.minimum(terms);
        match before.get(usize::from(terms.payment)) {
            Some(reserve) => self.pay(id, *reserve, token, &taken.price),
            None => self.require(false, Code::BadReference, id),
        }
        self.transfer(token, terms.epoch.0, buyer);
    }

    /// Whether the key holds a token above this one.
    fn holds_above(&self, token: ObjectId, key: &KeyBytes) -> bool {
        let above = self.standing.chain(token).into_iter().skip(1);
        above.filter_map(|id| self.standing.tokens.get(&id)).any(|known| known.holder == *key)
    }

    /// In each unit that the buyer names, so much is left on every total that his uses count on.
    fn minimum(&mut self, terms: &Trade) {
        for (unit, least) in &terms.minimum {
            self.note(self.require_budgeted(terms.token, *unit).map_err(|(_, id)| (Code::BelowMinimum, id)));
            for above in self.standing.funding(terms.token, unit) {
                let account = *self.account(above, *unit);
                let left = account.total.map(|total| i128::from(total.0) - account.committed());
                let enough = left.is_none_or(|left| left >= i128::from(least.0));
                self.require(enough, Code::BelowMinimum, above);
            }
        }
    }

    /// The whole price goes from the reserve to the payee.
    fn pay(&mut self, id: ObjectId, reserve: ObjectId, token: ObjectId, price: &Price) {
        let amount = i128::from(price.amount.0);
        let Some(held) = self.reservations.get_mut(&reserve) else {
            return self.require(false, Code::BadReference, reserve);
        };
        let (unit, from) = (held.unit, held.token);
        let whole = held.amount == amount && held.left() == amount && unit == price.unit;
        let purpose = &held.purpose;
        let for_it = purpose.payee == price.payee && purpose.goods == Some(format!("tokens/{token}"));
        held.captures += 1;
        held.captured += amount;
        self.require(whole && for_it, Code::WrongPayment, reserve);
        self.post(from, unit, |account| {
            account.reserved -= amount;
            account.captured += amount;
        });
        self.flow(unit).captured += amount.unsigned_abs();
        self.captures.insert(id, Capture { reserve, amount, refunded: 0 });
    }
}
