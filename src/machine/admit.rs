//! Admission: what every operation must pass before its own rule, and what an applied entry leaves (spec 11 §1–§2).

use super::delta::Delta;
use super::refusal::{Refusal, Rule, Stop};
use super::transaction::{Finished, Transaction};
use super::view::{Due, Head, LeafRecord, Request, StateView, key};
use super::{approval, control, holder, issue, lease, quota, registry, reserve, settle, trade};
use remit_verifier::code::Code;
use remit_verifier::limits::{APPROVAL_VALIDITY_MAX, INVOCATION_VALIDITY_MAX, OBJECT_VALIDITY_MAX};
use remit_verifier::log::{Details, Genesis};
use remit_verifier::object::{Act, Body, Kind, Operation, Reference, Sealed, Submission, Verified};
use remit_verifier::state::{LeafBody, LedgerLeaf};
use remit_verifier::types::{EntryIndex, LedgerId, Millis, Nonce, ObjectId, RequestId, Seconds, StateIndex};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What an operation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is applied; the engine writes its entry.
    Applied(Applied),
    /// It is not applied, and nothing of value is changed. A refusal that is an entry of its own has one to be
    /// written; the engine writes it as it writes applied ones.
    Refused(Refusal, Option<Applied>),
    /// The same operation was applied by this entry before.
    Duplicate(EntryIndex),
}

/// An applied operation: all that its entry and the store need, but for the histories of the leaves, which depend on
/// the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Kind of the entry.
    pub kind: Kind,
    /// Id of the entry.
    pub id: ObjectId,
    /// Why it was refused, if the entry is a refusal.
    pub refused: Option<Code>,
    /// What it did.
    pub details: Details,
    /// Every change of the state.
    pub delta: Delta,
    /// The leaves that it rewrote or created.
    pub touched: BTreeSet<StateIndex>,
}

/// Decides one submission at ledger time `now` for the entry at `entry`.
///
/// # Errors
///
/// The view's own, when the state could not be read; a no is [`Outcome::Refused`].
pub fn admit<V: StateView>(
    view: &V,
    submission: &Verified,
    now: Millis,
    entry: EntryIndex,
) -> Result<Outcome, V::Error> {
    match run(view, submission, now, entry) {
        Err(Stop::Refused(no)) => match quota::record(view, submission, &no, now, entry) {
            Ok((refusal, recorded)) => Ok(Outcome::Refused(refusal, recorded)),
            Err(stop) => outcome(Err(stop)),
        },
        result => outcome(result),
    }
}

/// Decides what falls due, as [`StateView::due`] gives it.
///
/// # Errors
///
/// As [`admit`].
pub fn expire<V: StateView>(
    view: &V,
    id: ObjectId,
    due: Due,
    now: Millis,
    entry: EntryIndex,
) -> Result<Outcome, V::Error> {
    outcome(run_due(view, id, due, now, entry).map(Ok))
}

fn outcome<E>(result: Rule<Result<Applied, EntryIndex>, E>) -> Result<Outcome, E> {
    match result {
        Ok(Ok(applied)) => Ok(Outcome::Applied(applied)),
        Ok(Err(entry)) => Ok(Outcome::Duplicate(entry)),
        Err(Stop::Refused(no)) => Ok(Outcome::Refused(no.refusal, None)),
        Err(Stop::View(error)) => Err(error),
    }
}

fn run<V: StateView>(
    view: &V,
    submission: &Verified,
    now: Millis,
    entry: EntryIndex,
) -> Rule<Result<Applied, EntryIndex>, V::Error> {
    let mut tx = Transaction::begin(view, now, entry)?;
    if submission.ledger != tx.head().ledger {
        return Err(Code::WrongLedger.into());
    }
    // The id comes before the time, so that a late repeat gets the first answer.
    let named = ids(submission);
    for (valid_until, id) in &named {
        if let Some(before) = tx.get(&key::Seen(*valid_until, *id))? {
            let same = *id == submission.id && *valid_until == valid_until_of(submission);
            return if same { Ok(Err(before)) } else { Err(Code::Replayed.into()) };
        }
    }
    for (valid_until, id) in named {
        tx.put(&key::Seen(valid_until, id), entry);
    }
    for (member, operation) in submission.operations.iter().enumerate() {
        let before = submission.operations.get(..member).unwrap_or_default();
        let applied = require_window(&tx, operation).and_then(|()| apply(&mut tx, before, operation));
        applied.map_err(|stop| stop.of_member(member))?;
        tx.done.push(operation.id);
    }
    if let Some((member, code)) = tx.deferred {
        return Err(Stop::from(code).of_member(member));
    }
    let nonce = submission.operations.first().map(Operation::nonce).unwrap_or_default();
    Ok(Ok(applied(submission.kind(), submission.id, nonce, entry, tx.finish()?)))
}

fn applied(kind: Kind, id: ObjectId, nonce: Nonce, entry: EntryIndex, finished: Finished) -> Applied {
    let Finished { delta, touched, facts, links } = finished;
    let details = Details::new(kind, &id, &nonce, entry, &facts, &links);
    Applied { kind, id, refused: None, details, delta, touched }
}

/// Every id that must be new: of the entry, of each member, of each signed object, and of each payload, which counts
/// once whichever of a party's keys sign it. The entry's comes first.
fn ids(submission: &Submission) -> Vec<(Seconds, ObjectId)> {
    let mut ids = vec![(valid_until_of(submission), submission.id)];
    for operation in &submission.operations {
        ids.push((operation.valid_until(), operation.id));
        ids.extend(operation.ids.iter().chain(&operation.payload).map(|id| (operation.valid_until(), *id)));
    }
    // Mostly they are one id, named three times.
    let mut new = Vec::with_capacity(ids.len());
    for id in ids {
        if !new.contains(&id) {
            new.push(id);
        }
    }
    new
}

/// The end of the whole submission's window: the first of its members'.
fn valid_until_of(submission: &Submission) -> Seconds {
    submission.operations.iter().map(Operation::valid_until).min().unwrap_or_default()
}

fn require_window<V: StateView>(tx: &Transaction<'_, V>, operation: &Operation) -> Rule<(), V::Error> {
    let valid_until = operation.valid_until();
    if valid_until.passed(tx.now) {
        return Err(Code::TooLate.into());
    }
    let longest = match operation.kind {
        Kind::Reserve => INVOCATION_VALIDITY_MAX,
        Kind::Request | Kind::Approve => APPROVAL_VALIDITY_MAX,
        _ => OBJECT_VALIDITY_MAX,
    };
    if valid_until.0 > tx.now.seconds().0.saturating_add(longest.0) {
        return Err(Code::TooEarly.into());
    }
    Ok(())
}

/// `before` are the members of the bundle that are done.
fn apply<V: StateView>(
    tx: &mut Transaction<'_, V>,
    before: &[Operation],
    operation: &Operation,
) -> Rule<(), V::Error> {
    match &operation.body {
        Body::Token(token, sealed) if operation.kind == Kind::Issue => {
            issue::issue(tx, operation, token, sealed)
        }
        Body::Token(token, sealed) => issue::delegate(tx, operation, token, sealed),
        Body::Reserve(invocation, links) => reserve::reserve(tx, operation, invocation, links),
        Body::Act(_, act, sealed) => apply_act(tx, before, operation, act, sealed.as_ref()),
    }
}

fn apply_act<V: StateView>(
    tx: &mut Transaction<'_, V>,
    before: &[Operation],
    operation: &Operation,
    act: &Act,
    sealed: Option<&Sealed>,
) -> Rule<(), V::Error> {
    match act {
        Act::Party { name, keys } => registry::party(tx, operation, name, keys),
        Act::PartyKeys { party, generation, keys, compromised } => {
            registry::party_keys(tx, operation, party, *generation, keys, compromised)
        }
        Act::Unit { name, decimals } => registry::unit(tx, operation, name, *decimals),
        Act::Issuer { party } => registry::issuer(tx, operation, party),
        Act::Transfer { token, epoch, holder, .. } => {
            holder::transfer(tx, operation, token, *epoch, holder, sealed.ok_or(Code::SealedMismatch)?)
        }
        Act::Rekey { target, holder } => holder::rekey(tx, operation, target, holder),
        Act::Veto { token, rekey } => {
            let rekey = resolve(tx, rekey)?;
            holder::veto(tx, operation, token, rekey)
        }
        Act::Suspend(target) => control::suspend(tx, operation, target),
        Act::Resume { target, suspend } => {
            let suspend = resolve(tx, suspend)?;
            control::resume(tx, operation, target, suspend)
        }
        Act::Revoke(target) => control::revoke(tx, operation, target),
        Act::Cut(target) => control::cut(tx, operation, target),
        Act::End(target) => control::end(tx, operation, target),
        Act::Capture { reserve, number, amount } => {
            let reserve = resolve(tx, reserve)?;
            settle::capture(tx, operation, reserve, *number, *amount)
        }
        Act::Release { reserve, amount } => {
            let reserve = resolve(tx, reserve)?;
            settle::release(tx, operation, reserve, *amount)
        }
        Act::Refund { capture, amount } => {
            let capture = resolve(tx, capture)?;
            settle::refund(tx, operation, capture, *amount)
        }
        Act::Lease(terms) => lease::open(tx, operation, terms),
        Act::LeaseClose { lease } => {
            let lease = resolve(tx, lease)?;
            lease::close(tx, operation, lease)
        }
        Act::Settle { lease, voucher } => {
            let lease = resolve(tx, lease)?;
            lease::settle(tx, operation, lease, voucher)
        }
        Act::Freeze { leaf, id } => control::freeze(tx, operation, *leaf, id),
        Act::Request(ask) => approval::request(tx, operation, ask),
        Act::Approve { request } => approval::approve(tx, operation, *request),
        Act::Withdraw { request, position } => approval::withdraw(tx, operation, *request, *position),
        Act::Offer(terms) => trade::offer(tx, operation, terms),
        Act::Trade(terms) => trade::trade(tx, before, operation, terms, sealed.ok_or(Code::SealedMismatch)?),
        Act::Upgrade { rules } => registry::upgrade(tx, operation, *rules),
        Act::Unfreeze { leaf, id, freeze } => {
            let freeze = resolve(tx, freeze)?;
            control::unfreeze(tx, operation, *leaf, id, freeze)
        }
    }
}

/// An operation is named by its id; inside a bundle, an earlier member by its place, and never by its id.
pub(super) fn resolve<V: StateView>(
    tx: &Transaction<'_, V>,
    reference: &Reference,
) -> Rule<ObjectId, V::Error> {
    match reference {
        Reference::Id(id) if tx.done.contains(id) => Err(Code::BadReference.into()),
        Reference::Id(id) => Ok(*id),
        Reference::Member(place) => Ok(*tx.done.get(usize::from(*place)).ok_or(Code::BadReference)?),
    }
}

fn run_due<V: StateView>(
    view: &V,
    id: ObjectId,
    due: Due,
    now: Millis,
    entry: EntryIndex,
) -> Rule<Applied, V::Error> {
    let mut tx = Transaction::begin(view, now, entry)?;
    let (kind, nonce) = match due {
        Due::Reservation => {
            let reservation = tx.get(&key::ReservationOf(id))?.ok_or(Code::UnknownReservation)?;
            settle::expire(&mut tx, id)?;
            (Kind::Expiry, reservation.nonce)
        }
        Due::Token(index) => {
            let info = tx.get(&key::TokenOf(index))?.ok_or(Code::UnknownToken)?;
            control::lapse(&mut tx, index)?;
            (Kind::Lapse, info.token.nonce)
        }
        Due::Request => {
            let request = RequestId(id.0);
            let Some(Request::Waiting(waiting)) = tx.get(&key::RequestOf(request))? else {
                return Err(Code::UnknownRequest.into());
            };
            approval::expire(&mut tx, request)?;
            (Kind::Expiry, waiting.nonce)
        }
        Due::Lease => {
            let lease = tx.get(&key::LeaseOf(id))?.ok_or(Code::UnknownLease)?;
            lease::expire(&mut tx, id)?;
            (Kind::Expiry, lease.nonce)
        }
        Due::Rekey => {
            let pending = tx.get(&key::RekeyOf(id))?.ok_or(Code::UnknownRekey)?;
            holder::rekeyed(&mut tx, id)?;
            (Kind::Rekeyed, pending.nonce)
        }
    };
    Ok(applied(kind, id, nonce, entry, tx.finish()?))
}

/// The state after the genesis entry: leaf 0 and the head.
pub fn genesis(genesis: &Genesis, ledger: LedgerId) -> (Delta, BTreeSet<StateIndex>) {
    use super::view::StateKey;
    let body = LedgerLeaf {
        operators: genesis.operators.iter().map(|key| *key.bytes()).collect(),
        threshold: genesis.threshold,
        rules: genesis.rules,
    };
    let leaf = registry::new_leaf(StateIndex(0), ObjectId(ledger.0), LeafBody::Ledger(body));
    let head = Head {
        ledger,
        log_key: *genesis.log_key.bytes(),
        next_entry: EntryIndex(1),
        next_leaf: StateIndex(1),
        time: genesis.time,
    };
    let mut delta = Delta::default();
    let record = Arc::new(LeafRecord { leaf, private: None });
    delta.set(key::HeadAt(0).key(), Some(key::HeadAt::wrap(head)));
    delta.set(key::LeafAt(StateIndex(0)).key(), Some(key::LeafAt::wrap(record)));
    (delta, BTreeSet::from([StateIndex(0)]))
}
