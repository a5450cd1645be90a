//! Rules for offers and trades: a token against a payment, all or nothing (spec 18).

use super::admit::resolve;
use super::chain::{Chain, require_signers};
use super::funds;
use super::holder;
use super::issue::live_unit;
use super::quota;
use super::refusal::{Rule, Stop};
use super::reserve::payee_of;
use super::settle;
use super::transaction::Transaction;
use super::view::{Offer, Reservation, Standing, StateView, key};
use remit_verifier::code::Code;
use remit_verifier::limits::OFFER_MAX;
use remit_verifier::log::Facts;
use remit_verifier::object::{BUY, Body, Offer as Offered, Operation, Price, Sealed, Trade as Terms, goods};
use remit_verifier::types::{Amount, KeyBytes, ObjectId, Rules, Seconds, StateIndex};

/// The rules version that has trade.
const TRADE: Rules = Rules(3);

pub(super) fn offer<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    terms: &Offered,
) -> Rule<(), V::Error> {
    match &terms.price {
        Some(price) => make(tx, operation, terms, price),
        None => withdraw(tx, operation, terms),
    }
}

fn chain_of<V: StateView>(tx: &Transaction<'_, V>, token: &ObjectId) -> Rule<Chain, V::Error> {
    tx.require_rules(TRADE)?;
    Chain::load(tx, token)
}

fn make<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    terms: &Offered,
    price: &Price,
) -> Rule<(), V::Error> {
    let chain = chain_of(tx, &terms.token)?;
    chain.require_live(tx)?;
    chain.require_epoch(terms.epoch)?;
    let last = chain.last()?;
    let seller = last.state()?.holder;
    require_signers(&operation.signers, &[&seller])?;
    require_not_upstream(&chain, &seller)?;
    if !chain.authority()?.transferable() {
        return Err(Stop::at(Code::NotTransferable, last.index));
    }
    let payee = payee_of(tx, &price.payee)?;
    let unit = live_unit(tx, &price.unit)?;
    let latest = Seconds(tx.now.seconds().0.saturating_add(OFFER_MAX.0));
    if price.until.passed(tx.now) || price.until > latest {
        return Err(Code::BadTime.into());
    }
    quota::require_entries(tx, &chain)?;
    if let Some(before) = tx.get(&key::OfferAt(last.index))? {
        close(tx, last.index, before);
    }
    let standing = Standing {
        entry: tx.entry,
        token: last.index,
        epoch: terms.epoch,
        seller,
        payee,
        unit,
        amount: price.amount,
        until: price.until,
    };
    tx.put(&key::OfferOf(operation.id), Offer::Standing(standing));
    tx.put(&key::OfferAt(last.index), operation.id);
    // The leaf's history shows that it was for sale, though nothing in it changes.
    tx.change(last.index, |_| Ok(()))?;
    let (index, subject, amount) = (Some(last.index), Some(price.payee), Some(price.amount));
    let facts = Facts { index, subject, amount, unit: Some(unit), ..Facts::default() };
    tx.facts.push(Facts { deadline: Some(price.until), ..facts });
    Ok(())
}

/// Takes back what stands, whatever has become of the token meanwhile.
fn withdraw<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    terms: &Offered,
) -> Rule<(), V::Error> {
    let chain = chain_of(tx, &terms.token)?;
    chain.require_epoch(terms.epoch)?;
    let last = chain.last()?;
    require_signers(&operation.signers, &[&last.state()?.holder])?;
    let id = tx.get(&key::OfferAt(last.index))?.ok_or(Code::UnknownOffer)?;
    match tx.get(&key::OfferOf(id))? {
        Some(Offer::Standing(standing)) if standing.epoch == terms.epoch => {}
        _ => return Err(Stop::at(Code::UnknownOffer, last.index)),
    }
    close(tx, last.index, id);
    tx.change(last.index, |_| Ok(()))?;
    tx.facts.push(Facts { index: Some(last.index), subject: Some(id), ..Facts::default() });
    Ok(())
}

fn close<V: StateView>(tx: &mut Transaction<'_, V>, token: StateIndex, offer: ObjectId) {
    tx.put(&key::OfferOf(offer), Offer::Closed);
    tx.delete(&key::OfferAt(token));
}

/// Whoever is upstream could revoke or suspend what he sold: neither a key of the issuer, be it retired, nor the holder
/// of a token above sells.
fn require_not_upstream<E>(chain: &Chain, seller: &KeyBytes) -> Rule<(), E> {
    let issuer = &chain.issuer.leaf;
    let party = issuer.party().ok_or(Code::WrongLeaf)?;
    if party.keys.contains(seller) || party.retired.iter().any(|(key, _)| key == seller) {
        return Err(Stop::at(Code::SellerUpstream, issuer.index));
    }
    let above = chain.links.split_last().map(|(_, above)| above).unwrap_or_default();
    for link in above {
        if link.state()?.holder == *seller {
            return Err(Stop::at(Code::SellerUpstream, link.index));
        }
    }
    Ok(())
}

/// `before` are the members of the bundle before this one, all of them applied.
pub(super) fn trade<V: StateView>(
    tx: &mut Transaction<'_, V>,
    before: &[Operation],
    operation: &Operation,
    terms: &Terms,
    sealed: &Sealed,
) -> Rule<(), V::Error> {
    let offer = resolve(tx, &terms.offer)?;
    let chain = chain_of(tx, &terms.token)?;
    chain.require_live(tx)?;
    chain.require_epoch(terms.epoch)?;
    let standing = standing(tx, &chain, offer)?;
    let buyer = match operation.signers.as_slice() {
        [signer] if *signer.bytes() != standing.seller => *signer.bytes(),
        _ => return Err(Code::WrongSigner.into()),
    };
    require_not_upstream(&chain, &standing.seller)?;
    // Before the payment is taken, so that a token is not paid for out of what hangs below it.
    holder::require_transferable(&chain)?;
    let (payment, reservation) = paid(tx, before, terms, &standing)?;
    for (unit, least) in &terms.minimum {
        let unit = tx.leaf_of(unit, Code::UnknownUnit)?;
        if unit.leaf.unit().is_none() {
            return Err(Code::UnknownUnit.into());
        }
        // Whoever learns this pays for it: another no of the bundle comes first, and no leaf is named.
        if funds::left(&chain, unit.leaf.index)? < *least {
            tx.deferred.get_or_insert((before.len(), Code::BelowMinimum));
        }
    }
    quota::require_entries(tx, &chain)?;
    let taken = settle::take(tx, operation.id, payment, reservation, standing.amount)?;
    let handed = holder::hand_over(tx, &chain, buyer, sealed)?;
    close(tx, standing.token, offer);
    let Facts { amount, unit, funding, .. } = taken;
    tx.facts.push(Facts { subject: Some(offer), amount, unit, funding, ..handed });
    Ok(())
}

/// The offer, if it is one of this token and can still be taken: its time has not run out, and who made it is the
/// holder in the same epoch.
fn standing<V: StateView>(
    tx: &Transaction<'_, V>,
    chain: &Chain,
    offer: ObjectId,
) -> Rule<Standing, V::Error> {
    let last = chain.last()?;
    match tx.get(&key::OfferOf(offer))? {
        Some(Offer::Standing(standing)) if standing.token != last.index => Err(Code::UnknownOffer.into()),
        None => Err(Code::UnknownOffer.into()),
        Some(Offer::Standing(standing))
            if standing.epoch == last.epoch()
                && standing.seller == last.state()?.holder
                && !standing.until.passed(tx.now) =>
        {
            Ok(standing)
        }
        Some(_) => Err(Stop::at(Code::OfferClosed, last.index)),
    }
}

/// The reserve of an earlier member that pays the price: all of it, to this payee, for this token, and nothing taken of
/// it yet.
fn paid<V: StateView>(
    tx: &Transaction<'_, V>,
    before: &[Operation],
    terms: &Terms,
    standing: &Standing,
) -> Rule<(ObjectId, Reservation), V::Error> {
    let payment = before.get(usize::from(terms.payment)).ok_or(Code::BadReference)?;
    let Body::Reserve(invocation, ..) = &payment.body else { return Err(Code::BadReference.into()) };
    let reservation = tx.get(&key::ReservationOf(payment.id))?.ok_or(Code::BadReference)?;
    let untouched = reservation.captured == Amount(0) && reservation.released == Amount(0);
    let of_it = invocation.action == BUY && Some(&invocation.resource) == goods(&terms.token).as_ref();
    let whole = reservation.payee == standing.payee
        && reservation.unit == standing.unit
        && reservation.amount == standing.amount;
    if untouched && of_it && whole { Ok((payment.id, reservation)) } else { Err(Code::WrongPayment.into()) }
}
