//! The rule that holds value for a payee (spec 11 §4.16).

use super::approval;
use super::chain::Chain;
use super::funds::{self, Limits, Move};
use super::issue::live_unit;
use super::quota;
use super::refusal::{Rule, Spend, Stop};
use super::transaction::Transaction;
use super::view::{Due, Reservation, StateView, key};
use super::windows;
use remit_verifier::code::Code;
use remit_verifier::limits::{DEPTH_MAX, OFFLINE_LINK_LIFE_MAX, REFUND_MAX, SETTLE_MAX};
use remit_verifier::log::Facts;
use remit_verifier::object::{Asked, Authority, Invocation, Link, Operation, Origin, Payment};
use remit_verifier::state::MASK_OPERATOR;
use remit_verifier::types::{Amount, KeyBytes, Millis, ObjectId, StateIndex};

pub(super) fn reserve<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    invocation: &Invocation,
    links: &[Link],
) -> Rule<(), V::Error> {
    // What spends out of a lease is settled by the payee.
    if invocation.claim.is_some() {
        return Err(Code::MisplacedVoucher.into());
    }
    let logged = match links.first() {
        Some(link) => link.token.parent().ok_or(Code::BrokenChain)?,
        None => invocation.token,
    };
    let chain = Chain::load(tx, &logged)?;
    chain.require_live(tx)?;
    let (holder, authority) = follow_links(tx.now, &chain, links)?;
    match operation.signers.as_slice() {
        [signer] if *signer.bytes() == holder => {}
        _ => return Err(Code::WrongHolder.into()),
    }
    if links.last().map_or(logged, |link| link.id) != invocation.token {
        return Err(Code::WrongToken.into());
    }
    chain.require_epoch(invocation.epoch)?;
    let payment = invocation.payment.as_ref();
    let spend = Spend {
        token: chain.last()?.index,
        amount: payment.map(|payment| payment.amount),
        unit: payment.map(|payment| payment.unit),
    };
    let from = Spender { chain: &chain, links, authority: &authority };
    spend_from(tx, operation, invocation, &from).map_err(|stop| stop.of_holder(spend))
}

/// Who spends: a chain and links whose last holder has signed, and what they allow together.
struct Spender<'c> {
    chain: &'c Chain,
    links: &'c [Link],
    authority: &'c Authority<'c>,
}

/// The rest of a reserve, once its signer is known to hold the token.
fn spend_from<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    invocation: &Invocation,
    spender: &Spender<'_>,
) -> Rule<(), V::Error> {
    let Spender { chain, links, authority } = *spender;
    let payee = payee_of(tx, &invocation.audience)?;
    authority.allows(&Asked {
        audience: &invocation.audience,
        action: &invocation.action,
        resource: &invocation.resource,
        arguments: None,
    })?;
    let payment = invocation.payment.ok_or(Code::BadAmount)?;
    let unit = live_unit(tx, &payment.unit)?;
    require_deadlines(tx.now, &payment)?;
    funds::require_use(chain, unit, payment.amount)?;
    authority.allows_payment(&payment)?;
    let request = invocation.request_id(&tx.head().ledger);
    let given = approval::given(tx, chain, request, links, &operation.approvals)?;
    given.require(chain, links, payment.amount, &payment.unit)?;
    let budgets = link_budgets(links, &payment);
    let from = chain.links.len() - 1;
    // What waited for approval is held already.
    let what = if given.waiting.is_some() { Move::Activate } else { Move::Reserve };
    let funding = funds::post(tx, chain, unit, from, payment.amount, what)?;
    windows::count(tx, chain, unit, payment.amount, |link| given.meets(link))?;
    funds::post_on_links(tx, &budgets, unit, payment.amount, Move::Reserve)?;
    quota::require_entries(tx, chain)?;
    given.close(tx);
    let own = budgets.iter().map(|(id, limits)| (*id, limits.refundable)).collect();
    hold(tx, operation, &payment, Held { token: chain.last()?.index, links: own, unit, payee });
    let facts = Facts {
        index: Some(chain.last()?.index),
        amount: Some(payment.amount),
        unit: Some(unit),
        ..Facts::default()
    };
    tx.facts.push(Facts { funding: Some(funding), deadline: Some(payment.settle_by), ..facts });
    Ok(())
}

/// The leaf of a party that may be paid.
pub(super) fn payee_of<V: StateView>(tx: &Transaction<'_, V>, id: &ObjectId) -> Rule<StateIndex, V::Error> {
    let record = tx.leaf_of(id, Code::UnknownParty)?;
    if record.leaf.party().is_none() {
        return Err(Code::UnknownParty.into());
    }
    let index = record.leaf.index;
    if record.leaf.mask & MASK_OPERATOR != 0 { Err(Stop::at(Code::PartyFrozen, index)) } else { Ok(index) }
}

/// Walks the offline links below the chain: their holder and effective claims, or the first reason for a no.
fn follow_links<'c, E>(
    now: Millis,
    chain: &'c Chain,
    links: &'c [Link],
) -> Rule<(KeyBytes, Authority<'c>), E> {
    let last = chain.last()?;
    let mut holder = last.state()?.holder;
    let mut authority = chain.authority()?;
    let mut parent = last.info.id;
    if chain.links.len() + links.len() > DEPTH_MAX {
        return Err(Code::TooDeep.into());
    }
    for link in links {
        let Origin::Offline { parent: named, epoch, generation } = link.token.origin else {
            return Err(Code::BrokenChain.into());
        };
        if named != parent {
            return Err(Code::BrokenChain.into());
        }
        if *link.signer.bytes() != holder {
            return Err(Code::WrongSigner.into());
        }
        if epoch != last.epoch() {
            return Err(Stop::at(Code::OldEpoch, last.index));
        }
        if generation != last.record.leaf.generation {
            return Err(Stop::at(Code::OldGeneration, last.index));
        }
        if link.token.expires.passed(now) {
            return Err(Code::Expired.into());
        }
        if link.token.expires.0 > now.seconds().0.saturating_add(OFFLINE_LINK_LIFE_MAX.0) {
            return Err(Code::BadTime.into());
        }
        if !link.token.begun(now) {
            return Err(Code::NotYetValid.into());
        }
        authority = authority.child(&link.token)?;
        holder = *link.token.holder.bytes();
        parent = link.id;
    }
    Ok((holder, authority))
}

/// `settle_by` lies ahead within its bound, and refunds do not close before it.
fn require_deadlines<E>(now: Millis, payment: &Payment) -> Rule<(), E> {
    let now = now.seconds().0;
    let settle = payment.settle_by.0;
    let refund = payment.refund_until.map_or(settle, |until| until.0);
    let good = settle > now
        && settle <= now.saturating_add(SETTLE_MAX.0)
        && refund >= settle
        && refund <= now.saturating_add(REFUND_MAX.0);
    if good { Ok(()) } else { Err(Code::BadTime.into()) }
}

/// The links' own budgets in the unit, to be counted.
fn link_budgets(links: &[Link], payment: &Payment) -> Vec<(ObjectId, Limits)> {
    let own = |link: &Link| {
        let mut budgets = link.token.budgets.iter().flatten();
        budgets.find(|budget| budget.unit == payment.unit).map(Limits::of)
    };
    links.iter().filter_map(|link| own(link).map(|limits| (link.id, limits))).collect()
}

/// Where the value of a reservation stands.
struct Held {
    token: StateIndex,
    links: Vec<(ObjectId, Option<Amount>)>,
    unit: StateIndex,
    payee: StateIndex,
}

fn hold<V: StateView>(tx: &mut Transaction<'_, V>, operation: &Operation, payment: &Payment, held: Held) {
    let reservation = Reservation {
        entry: tx.entry,
        token: held.token,
        links: held.links,
        unit: held.unit,
        payee: held.payee,
        amount: payment.amount,
        captured: Amount(0),
        released: Amount(0),
        captures: 0,
        at: tx.now.seconds(),
        settle_by: payment.settle_by,
        refund_until: payment.refund_until,
        nonce: operation.nonce(),
    };
    tx.put(&key::ReservationOf(operation.id), reservation);
    tx.set_due(payment.settle_by, operation.id, Due::Reservation);
}
