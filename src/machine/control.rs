//! Rules that stop a token or a leaf, and undo a stop: suspend, resume, revoke, cut, end, freeze (spec 11 §4.10–§4.15).

use super::chain::{self, Chain};
use super::funds::{self, Move};
use super::issue::carved;
use super::refusal::{Rule, Stop};
use super::registry::require_operators;
use super::transaction::Transaction;
use super::view::{LeafRecord, StateView, key};
use remit_verifier::code::Code;
use remit_verifier::log::Facts;
use remit_verifier::object::{Operation, Position, Target};
use remit_verifier::state::{Life, MASK_OPERATOR};
use remit_verifier::types::{Amount, ObjectId, StateIndex};

const OPERATOR: Position = Position(0);

const fn bit(position: Position) -> u16 {
    MASK_OPERATOR << position.0
}

/// Requires that the token is neither revoked nor ended.
fn require_alive<E>(record: &LeafRecord) -> Rule<(), E> {
    match record.leaf.life {
        Life::Live => Ok(()),
        Life::Revoked => Err(Stop::at(Code::Revoked, record.leaf.index)),
        Life::Ended => Err(Stop::at(Code::Ended, record.leaf.index)),
    }
}

/// The token that one signer at a position of its chain may act on: neither revoked nor ended.
fn alive_target<V: StateView>(
    tx: &Transaction<'_, V>,
    operation: &Operation,
    target: &Target,
    above_only: bool,
) -> Rule<StateIndex, V::Error> {
    let chain = chain::target(tx, target, above_only, &operation.signers)?;
    require_one_signer(operation)?;
    let last = chain.last()?;
    require_alive(&last.record)?;
    Ok(last.index)
}

/// Sets one bit of a leaf's mask and remembers what set it.
fn set_bit<V: StateView>(
    tx: &mut Transaction<'_, V>,
    index: StateIndex,
    position: Position,
    by: ObjectId,
) -> Rule<(), V::Error> {
    let mask = tx.change(index, |record| {
        if record.leaf.mask & bit(position) != 0 {
            return Err(Code::AlreadySo);
        }
        record.leaf.mask |= bit(position);
        Ok(record.leaf.mask)
    })?;
    tx.put(&key::SuspensionOf(index, position.0), by);
    // What waits for approval is cancelled by it, also if it is lifted again.
    let entry = tx.entry;
    tx.put(&key::StoppedAt(index), entry);
    tx.facts.push(Facts { index: Some(index), mask: Some(mask.into()), ..Facts::default() });
    Ok(())
}

/// Clears the bit that the operation `by` set; nothing else clears it.
fn clear_bit<V: StateView>(
    tx: &mut Transaction<'_, V>,
    index: StateIndex,
    position: Position,
    by: ObjectId,
) -> Rule<(), V::Error> {
    let mask = tx.change(index, |record| {
        record.leaf.mask &= !bit(position);
        Ok(record.leaf.mask)
    })?;
    tx.delete(&key::SuspensionOf(index, position.0));
    let facts = Facts { index: Some(index), subject: Some(by), mask: Some(mask.into()), ..Facts::default() };
    tx.facts.push(facts);
    Ok(())
}

pub(super) fn suspend<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    target: &Target,
) -> Rule<(), V::Error> {
    let index = alive_target(tx, operation, target, true)?;
    set_bit(tx, index, target.position, operation.id)
}

pub(super) fn resume<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    target: &Target,
    suspend: ObjectId,
) -> Rule<(), V::Error> {
    let chain = chain::target(tx, target, true, &operation.signers)?;
    require_one_signer(operation)?;
    chain.require_unfrozen(tx)?;
    let last = chain.last()?;
    require_alive(&last.record)?;
    let index = last.index;
    for place in 1..=chain.links.len() {
        let suspender = Position(u8::try_from(place).map_err(|_| Code::WrongPosition)?);
        if tx.get(&key::SuspensionOf(index, suspender.0))? == Some(suspend) {
            if target.position > suspender {
                return Err(Stop::at(Code::WrongPosition, index));
            }
            return clear_bit(tx, index, suspender, suspend);
        }
    }
    Err(Stop::at(Code::NotInForce, index))
}

pub(super) fn revoke<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    target: &Target,
) -> Rule<(), V::Error> {
    let index = alive_target(tx, operation, target, false)?;
    tx.change(index, |record| {
        record.leaf.life = Life::Revoked;
        Ok(())
    })?;
    tx.facts.push(Facts { index: Some(index), ..Facts::default() });
    Ok(())
}

pub(super) fn cut<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    target: &Target,
) -> Rule<(), V::Error> {
    let index = alive_target(tx, operation, target, false)?;
    let generation = tx.change(index, |record| {
        record.leaf.generation = record.leaf.generation.next().ok_or(Code::Overflow)?;
        Ok(record.leaf.generation)
    })?;
    tx.facts.push(Facts { index: Some(index), generation: Some(generation), ..Facts::default() });
    Ok(())
}

pub(super) fn end<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    target: &Target,
) -> Rule<(), V::Error> {
    let chain = chain::target(tx, target, false, &operation.signers)?;
    require_one_signer(operation)?;
    let last = chain.last()?;
    if last.record.leaf.life == Life::Ended {
        return Err(Stop::at(Code::AlreadySo, last.index));
    }
    if !chain.is_spent(tx.now) {
        return Err(Stop::at(Code::StillUsable, last.index));
    }
    close(tx, &chain)
}

/// A carved token has expired and nobody ended it: the ledger does.
pub(super) fn lapse<V: StateView>(tx: &mut Transaction<'_, V>, index: StateIndex) -> Rule<(), V::Error> {
    let chain = Chain::load_at(tx, index)?;
    close(tx, &chain)
}

/// Ends the chain's last token and passes what is left of its carved totals to its parent (spec 11 §5.4).
fn close<V: StateView>(tx: &mut Transaction<'_, V>, chain: &Chain) -> Rule<(), V::Error> {
    let last = chain.last()?;
    tx.change(last.index, |record| {
        record.leaf.life = Life::Ended;
        Ok(())
    })?;
    tx.facts.push(Facts { index: Some(last.index), ..Facts::default() });
    let totals: Vec<(StateIndex, Amount)> = carved(&last.info.budgets).collect();
    let Some(parent) = chain.links.len().checked_sub(2).filter(|_| !totals.is_empty()) else { return Ok(()) };
    tx.clear_due(last.info.token.expires, last.info.id);
    for (unit, total) in &totals {
        let unit = *unit;
        let record = tx.leaf(last.index)?;
        let private = record.private.as_ref().ok_or(Code::WrongLeaf)?;
        let committed = private.values.counters(unit).committed().ok_or(Code::Overflow)?;
        let left = Amount(total.0.checked_sub(committed.0).ok_or(Code::Overflow)?);
        if left > Amount(0) {
            funds::cede(tx, last.index, unit, left)?;
            funds::post(tx, chain, unit, parent, left, Move::Return)?;
            funds::pass_upward(tx, chain, unit, parent, left)?;
        }
    }
    funds::count_child(tx, chain, &totals, parent, |children| children.checked_sub(1))
}

pub(super) fn freeze<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    leaf: StateIndex,
    id: &ObjectId,
) -> Rule<(), V::Error> {
    require_operators(tx, &operation.signers)?;
    require_leaf(tx, leaf, id)?;
    set_bit(tx, leaf, OPERATOR, operation.id)
}

pub(super) fn unfreeze<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    leaf: StateIndex,
    id: &ObjectId,
    freeze: ObjectId,
) -> Rule<(), V::Error> {
    require_operators(tx, &operation.signers)?;
    require_leaf(tx, leaf, id)?;
    if tx.get(&key::SuspensionOf(leaf, OPERATOR.0))? != Some(freeze) {
        return Err(Stop::at(Code::NotInForce, leaf));
    }
    clear_bit(tx, leaf, OPERATOR, freeze)
}

fn require_leaf<V: StateView>(
    tx: &Transaction<'_, V>,
    leaf: StateIndex,
    id: &ObjectId,
) -> Rule<(), V::Error> {
    match tx.get(&key::LeafAt(leaf))? {
        Some(record) if record.leaf.id == *id => Ok(()),
        _ => Err(Stop::at(Code::WrongLeaf, leaf)),
    }
}

fn require_one_signer<E>(operation: &Operation) -> Rule<(), E> {
    if operation.signers.len() == 1 { Ok(()) } else { Err(Code::WrongSigner.into()) }
}
