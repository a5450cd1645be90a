//! Rules for what becomes of reserved value: capture, release, refund, expiry (spec 11 §4.17–§4.20).

use super::chain::Chain;
use super::funds::{self, Limits, Move};
use super::lease;
use super::refusal::{Rule, Stop};
use super::transaction::Transaction;
use super::view::{Capture, Reservation, StateView, key};
use super::windows;
use remit_verifier::code::Code;
use remit_verifier::key::PublicKey;
use remit_verifier::log::Facts;
use remit_verifier::object::Operation;
use remit_verifier::types::{Amount, ObjectId, StateIndex};

impl Reservation {
    /// What is still reserved.
    fn left(&self) -> Result<Amount, Code> {
        let gone = self.captured.0.checked_add(self.released.0).ok_or(Code::Overflow)?;
        self.amount.0.checked_sub(gone).map(Amount).ok_or(Code::Overflow)
    }
}

/// The reservation, open to this signer: he is the payee and `settle_by` has not passed.
fn open<V: StateView>(
    tx: &Transaction<'_, V>,
    id: &ObjectId,
    signers: &[PublicKey],
) -> Rule<Reservation, V::Error> {
    let reservation = tx.get(&key::ReservationOf(*id))?.ok_or(Code::UnknownReservation)?;
    require_payee(tx, reservation.payee, signers)?;
    // Time decides, not the expiry's entry: a capture is late even while that entry is not there yet.
    if reservation.settle_by.passed(tx.now) {
        return Err(Code::Settled.into());
    }
    Ok(reservation)
}

pub(super) fn require_payee<V: StateView>(
    tx: &Transaction<'_, V>,
    payee: StateIndex,
    signers: &[PublicKey],
) -> Rule<(), V::Error> {
    let record = tx.leaf(payee)?;
    let keys = record.leaf.party().map(|party| party.keys.as_slice()).unwrap_or_default();
    match signers {
        [signer] if keys.contains(signer.bytes()) => Ok(()),
        _ => Err(Stop::at(Code::NotThePayee, payee)),
    }
}

/// Posts a move on the reservation's token and on its offline links.
fn post<V: StateView>(
    tx: &mut Transaction<'_, V>,
    reservation: &Reservation,
    amount: Amount,
    what: Move,
) -> Rule<StateIndex, V::Error> {
    let chain = Chain::load_at(tx, reservation.token)?;
    let from = chain.links.len() - 1;
    let funding = funds::post(tx, &chain, reservation.unit, from, amount, what)?;
    let limits = |refundable| Limits { total: None, refundable };
    let links: Vec<_> = reservation.links.iter().map(|(id, bound)| (*id, limits(*bound))).collect();
    funds::post_on_links(tx, &links, reservation.unit, amount, what)?;
    if what == Move::Release {
        windows::give_back(tx, &chain, reservation.unit, amount, reservation.at)?;
    }
    if matches!(what, Move::Release | Move::Refund) {
        funds::pass_upward(tx, &chain, reservation.unit, from, amount)?;
    }
    Ok(funding)
}

/// Stores the reservation; nothing falls due any more once nothing is reserved.
fn store<V: StateView>(
    tx: &mut Transaction<'_, V>,
    id: ObjectId,
    reservation: Reservation,
) -> Rule<Amount, V::Error> {
    let left = reservation.left()?;
    if left == Amount(0) {
        tx.clear_due(reservation.settle_by, id);
    }
    tx.put(&key::ReservationOf(id), reservation);
    Ok(left)
}

pub(super) fn capture<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    reserve: ObjectId,
    number: u64,
    amount: Amount,
) -> Rule<(), V::Error> {
    let reservation = open(tx, &reserve, &operation.signers)?;
    if number != reservation.captures.checked_add(1).ok_or(Code::Overflow)? {
        return Err(Code::WrongNumber.into());
    }
    require_amount(amount, reservation.left()?, Code::AboveReserved)?;
    let facts = take(tx, operation.id, reserve, reservation, amount)?;
    tx.facts.push(facts);
    Ok(())
}

/// Takes `amount`, of which there is as much, of a reservation; the capture has the id `by`.
pub(super) fn take<V: StateView>(
    tx: &mut Transaction<'_, V>,
    by: ObjectId,
    reserve: ObjectId,
    mut reservation: Reservation,
    amount: Amount,
) -> Rule<Facts, V::Error> {
    let funding = post(tx, &reservation, amount, Move::Capture)?;
    let number = reservation.captures.checked_add(1).ok_or(Code::Overflow)?;
    reservation.captures = number;
    reservation.captured = Amount(reservation.captured.0.checked_add(amount.0).ok_or(Code::Overflow)?);
    let facts = facts(&reservation, reserve, amount, funding);
    let left = store(tx, reserve, reservation)?;
    let capture = Capture { reservation: reserve, amount, refunded: Amount(0) };
    tx.put(&key::CaptureOf(by), capture);
    Ok(Facts { number: Some(number), left: Some(left), ..facts })
}

pub(super) fn release<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    reserve: ObjectId,
    amount: Option<Amount>,
) -> Rule<(), V::Error> {
    let reservation = open(tx, &reserve, &operation.signers)?;
    let left = reservation.left()?;
    let amount = amount.unwrap_or(left);
    require_amount(amount, left, Code::AboveReserved)?;
    give_back(tx, reserve, reservation, amount)
}

/// `settle_by` has passed: what is still reserved comes back.
pub(super) fn expire<V: StateView>(tx: &mut Transaction<'_, V>, reserve: ObjectId) -> Rule<(), V::Error> {
    let reservation = tx.get(&key::ReservationOf(reserve))?.ok_or(Code::UnknownReservation)?;
    let left = reservation.left()?;
    give_back(tx, reserve, reservation, left)
}

fn give_back<V: StateView>(
    tx: &mut Transaction<'_, V>,
    reserve: ObjectId,
    mut reservation: Reservation,
    amount: Amount,
) -> Rule<(), V::Error> {
    let funding = post(tx, &reservation, amount, Move::Release)?;
    reservation.released = Amount(reservation.released.0.checked_add(amount.0).ok_or(Code::Overflow)?);
    let facts = facts(&reservation, reserve, amount, funding);
    let left = store(tx, reserve, reservation)?;
    tx.facts.push(Facts { left: Some(left), ..facts });
    Ok(())
}

pub(super) fn refund<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    id: ObjectId,
    amount: Amount,
) -> Rule<(), V::Error> {
    let mut capture = tx.get(&key::CaptureOf(id))?.ok_or(Code::UnknownCapture)?;
    let reservation = origin(tx, &capture)?;
    require_payee(tx, reservation.payee, &operation.signers)?;
    if reservation.refund_until.is_none_or(|until| until.passed(tx.now)) {
        return Err(Code::RefundClosed.into());
    }
    let kept = Amount(capture.amount.0.checked_sub(capture.refunded.0).ok_or(Code::Overflow)?);
    require_amount(amount, kept, Code::AboveCaptured)?;
    let funding = post(tx, &reservation, amount, Move::Refund)?;
    capture.refunded = Amount(capture.refunded.0.checked_add(amount.0).ok_or(Code::Overflow)?);
    tx.put(&key::CaptureOf(id), capture);
    let facts = facts(&reservation, id, amount, funding);
    tx.facts.push(facts);
    Ok(())
}

/// What was captured: a reservation, or a lease that was settled.
fn origin<V: StateView>(tx: &Transaction<'_, V>, capture: &Capture) -> Rule<Reservation, V::Error> {
    if let Some(reservation) = tx.get(&key::ReservationOf(capture.reservation))? {
        return Ok(reservation);
    }
    let lease = tx.get(&key::LeaseOf(capture.reservation))?.ok_or(Code::UnknownReservation)?;
    Ok(lease::as_reservation(&lease, capture.amount))
}

/// An amount that moves is at least 1 and at most what there is.
fn require_amount<E>(amount: Amount, most: Amount, above: Code) -> Rule<(), E> {
    if amount > most || most == Amount(0) {
        return Err(above.into());
    }
    if amount == Amount(0) { Err(Code::BadAmount.into()) } else { Ok(()) }
}

fn facts(reservation: &Reservation, subject: ObjectId, amount: Amount, funding: StateIndex) -> Facts {
    Facts {
        index: Some(reservation.token),
        subject: Some(subject),
        amount: Some(amount),
        unit: Some(reservation.unit),
        funding: Some(funding),
        ..Facts::default()
    }
}
