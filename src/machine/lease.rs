//! Rules for leases: opening, settling, closing, expiry (spec 16 §3 and §7).

use super::approval;
use super::chain::{Chain, require_signers};
use super::funds::{self, Move, budget_of};
use super::issue::live_unit;
use super::quota;
use super::refusal::{Rule, Spend, Stop};
use super::reserve::payee_of;
use super::settle::require_payee;
use super::transaction::Transaction;
use super::view::{Capture, Due, Lease, Reservation, StateView, key};
use super::windows;
use remit_verifier::code::Code;
use remit_verifier::limits::{LEASE_SETTLE_MIN, REFUND_MAX, SETTLE_MAX};
use remit_verifier::log::{Bound, BoundKind, Facts};
use remit_verifier::object::{Lease as Terms, Operation, Voucher};
use remit_verifier::types::{Amount, Millis, ObjectId, Rules, Seconds, StateIndex};

/// The rules that have leases.
const SINCE: Rules = Rules(2);
/// The rules in which one can be asked for.
pub(super) const ASKED_SINCE: Rules = Rules(3);

pub(super) fn open<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    terms: &Terms,
) -> Rule<(), V::Error> {
    tx.require_rules(if terms.request_nonce.is_some() { ASKED_SINCE } else { SINCE })?;
    let chain = Chain::load(tx, &terms.token)?;
    chain.require_live(tx)?;
    chain.require_epoch(terms.epoch)?;
    let last = chain.last()?;
    let holder = last.state()?.holder;
    require_signers(&operation.signers, &[&holder])?;
    let spend = Spend { token: last.index, amount: Some(terms.amount), unit: Some(terms.unit) };
    lock(tx, operation, terms, &chain).map_err(|stop| stop.of_holder(spend))
}

/// The rest of an opening, once its signer is known to hold the token.
fn lock<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    terms: &Terms,
    chain: &Chain,
) -> Rule<(), V::Error> {
    let last = chain.last()?;
    let holder = last.state()?.holder;
    let Within { payee, unit, per_use } = require_within(tx, chain, terms)?;
    let request = terms.request_id(&tx.head().ledger);
    // Without a request no rule applies to the whole, and so none to any use of it.
    let unapproved = if request.is_some() { approval::least_threshold(chain, &terms.unit)? } else { None };
    let given = approval::given(tx, chain, request, &[], &operation.approvals)?;
    given.require(chain, &[], terms.amount, &terms.unit)?;
    let from = chain.links.len() - 1;
    // What waited for approval is held already.
    let what = if given.waiting.is_some() { Move::ActivateLease } else { Move::Lease };
    let funding = funds::post(tx, chain, unit, from, terms.amount, what)?;
    windows::count(tx, chain, unit, terms.amount, |link| given.meets(link))?;
    quota::require_entries(tx, chain)?;
    given.close(tx);
    let lease = Lease {
        entry: tx.entry,
        token: last.index,
        unit,
        payee,
        payee_id: terms.payee,
        unit_id: terms.unit,
        holder,
        amount: terms.amount,
        at: tx.now.seconds(),
        settle_by: terms.settle_by,
        refund_until: terms.refund_until,
        nonce: operation.nonce(),
        over: false,
    };
    tx.put(&key::LeaseOf(operation.id), lease);
    tx.set_due(terms.settle_by, operation.id, Due::Lease);
    let (index, amount) = (Some(last.index), Some(terms.amount));
    let facts = Facts { index, amount, unit: Some(unit), per_use, unapproved, ..Facts::default() };
    tx.facts.push(Facts { funding: Some(funding), deadline: Some(terms.settle_by), ..facts });
    Ok(())
}

/// What a lease is within, be it opened or asked for.
pub(super) struct Within {
    pub(super) payee: StateIndex,
    pub(super) unit: StateIndex,
    /// The least that one use may be.
    per_use: Option<Amount>,
}

/// Requires that payee, unit, amount and deadlines are ones of a lease, and that every link lets it be.
pub(super) fn require_within<V: StateView>(
    tx: &Transaction<'_, V>,
    chain: &Chain,
    terms: &Terms,
) -> Rule<Within, V::Error> {
    let payee = payee_of(tx, &terms.payee)?;
    if terms.amount == Amount(0) {
        return Err(Code::BadAmount.into());
    }
    let unit = live_unit(tx, &terms.unit)?;
    require_deadlines(tx.now, terms, chain.last()?.info.token.expires)?;
    let per_use = require_leases(chain, unit, terms, tx.now.seconds())?;
    Ok(Within { payee, unit, per_use })
}

/// The deadlines follow each other with room for two clocks that are off, and none outlives what bounds it.
fn require_deadlines<E>(now: Millis, terms: &Terms, expires: Seconds) -> Rule<(), E> {
    let now = now.seconds().0;
    let (spend, settle) = (terms.spend_until.0, terms.settle_by.0);
    let refund = terms.refund_until.map_or(settle, |until| until.0);
    let good = spend > now
        && terms.spend_until <= expires
        && settle >= spend.saturating_add(LEASE_SETTLE_MIN.0)
        && settle <= now.saturating_add(SETTLE_MAX.0)
        && refund >= settle
        && refund <= now.saturating_add(REFUND_MAX.0);
    if good { Ok(()) } else { Err(Code::BadTime.into()) }
}

/// Requires that every link, from the root down, budgets the unit and lets such a lease be; gives the least that one
/// use may be.
fn require_leases<E>(
    chain: &Chain,
    unit: StateIndex,
    terms: &Terms,
    now: Seconds,
) -> Rule<Option<Amount>, E> {
    let mut per_use: Option<Amount> = None;
    for (place, link) in chain.links.iter().enumerate() {
        let Some(budget) = budget_of(link, unit) else {
            // Absent in a child inherits; absent in a root is nothing; a list that lacks the unit is a no.
            if place > 0 && link.info.budgets.is_none() {
                continue;
            }
            return Err(Stop::at(Code::UnitNotBudgeted, link.index));
        };
        let limits = budget.leases.ok_or(Code::NoLeases).map_err(|code| Stop::at(code, link.index))?;
        if terms.amount > limits.most {
            let bound = Bound::new(BoundKind::Lease, limits.most.0, 0);
            return Err(Stop::at_bound(Code::AboveLeaseLimit, link.index, Some(bound)));
        }
        if terms.spend_until.0 > now.0.saturating_add(limits.longest.0) {
            let bound = Bound::new(BoundKind::LeaseLength, limits.longest.0, 0);
            return Err(Stop::at_bound(Code::LeaseTooLong, link.index, Some(bound)));
        }
        per_use = per_use.into_iter().chain(budget.per_use).min();
    }
    Ok(per_use)
}

/// The lease, if the payee signed and may still settle or close it.
fn held<V: StateView>(
    tx: &Transaction<'_, V>,
    id: &ObjectId,
    operation: &Operation,
) -> Rule<Lease, V::Error> {
    tx.require_rules(SINCE)?;
    let lease = tx.get(&key::LeaseOf(*id))?.ok_or(Code::UnknownLease)?;
    require_payee(tx, lease.payee, &operation.signers)?;
    if lease.over || lease.settle_by.passed(tx.now) {
        return Err(Code::Settled.into());
    }
    Ok(lease)
}

pub(super) fn settle<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    id: ObjectId,
    voucher: &Voucher,
) -> Rule<(), V::Error> {
    let lease = held(tx, &id, operation)?;
    let claim = &voucher.claim;
    let of_it =
        claim.lease == id && claim.unit == lease.unit_id && voucher.invocation.audience == lease.payee_id;
    if !of_it {
        return Err(Code::WrongLease.into());
    }
    if *voucher.signer.bytes() != lease.holder {
        return Err(Code::WrongHolder.into());
    }
    let unused = lease.amount.0.checked_sub(claim.cumulative.0).ok_or(Code::AboveLeased)?;
    let facts = Facts { number: Some(claim.number), root: Some(claim.root), ..Facts::default() };
    close_with(tx, id, lease, claim.cumulative, Amount(unused), facts)?;
    let capture = Capture { reservation: id, amount: claim.cumulative, refunded: Amount(0) };
    tx.put(&key::CaptureOf(operation.id), capture);
    Ok(())
}

pub(super) fn close<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    id: ObjectId,
) -> Rule<(), V::Error> {
    let lease = held(tx, &id, operation)?;
    let amount = lease.amount;
    close_with(tx, id, lease, Amount(0), amount, Facts::default())
}

/// `settle_by` has passed: everything that was leased comes back.
pub(super) fn expire<V: StateView>(tx: &mut Transaction<'_, V>, id: ObjectId) -> Rule<(), V::Error> {
    let lease = tx.get(&key::LeaseOf(id))?.ok_or(Code::UnknownLease)?;
    let amount = lease.amount;
    close_with(tx, id, lease, Amount(0), amount, Facts::default())
}

/// Ends a lease: `taken` of it is the payee's, and the rest comes back to the total, to the windows of its opening, and
/// past every ended carved token above.
fn close_with<V: StateView>(
    tx: &mut Transaction<'_, V>,
    id: ObjectId,
    mut lease: Lease,
    taken: Amount,
    rest: Amount,
    facts: Facts,
) -> Rule<(), V::Error> {
    let chain = Chain::load_at(tx, lease.token)?;
    let from = chain.links.len() - 1;
    let mut funding = None;
    if taken != Amount(0) {
        funding = Some(funds::post(tx, &chain, lease.unit, from, taken, Move::Settle)?);
    }
    if rest != Amount(0) {
        funding = Some(funds::post(tx, &chain, lease.unit, from, rest, Move::Unlease)?);
        windows::give_back(tx, &chain, lease.unit, rest, lease.at)?;
        funds::pass_upward(tx, &chain, lease.unit, from, rest)?;
    }
    tx.clear_due(lease.settle_by, id);
    lease.over = true;
    let moved = if taken == Amount(0) { rest } else { taken };
    tx.facts.push(Facts {
        index: Some(lease.token),
        subject: Some(id),
        amount: Some(moved),
        unit: Some(lease.unit),
        funding,
        left: Some(Amount(0)),
        ..facts
    });
    tx.put(&key::LeaseOf(id), lease);
    Ok(())
}

/// A settled lease as what refunds know: a reservation that was captured as a whole.
pub(super) fn as_reservation(lease: &Lease, taken: Amount) -> Reservation {
    Reservation {
        entry: lease.entry,
        token: lease.token,
        links: Vec::new(),
        unit: lease.unit,
        payee: lease.payee,
        amount: taken,
        captured: taken,
        released: Amount(0),
        captures: 1,
        at: lease.at,
        settle_by: lease.settle_by,
        refund_until: lease.refund_until,
        nonce: lease.nonce,
    }
}
