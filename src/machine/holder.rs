//! Rules for who holds a token: transfer, rekey, veto, and a rekey becoming effective (spec 11 §4.7–§4.9).

use super::chain::{self, Chain, require_signers};
use super::quota;
use super::refusal::{Rule, Stop};
use super::transaction::Transaction;
use super::view::{Due, PendingRekey, StateView, key};
use remit_verifier::code::Code;
use remit_verifier::key::PublicKey;
use remit_verifier::limits::REKEY_DELAY;
use remit_verifier::log::Facts;
use remit_verifier::object::{Operation, Sealed, Target};
use remit_verifier::state::{LeafBody, Life};
use remit_verifier::types::{Epoch, KeyBytes, ObjectId, Seconds, StateIndex};

pub(super) fn transfer<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    token: &ObjectId,
    epoch: Epoch,
    holder: &PublicKey,
    sealed: &Sealed,
) -> Rule<(), V::Error> {
    let chain = Chain::load(tx, token)?;
    chain.require_live(tx)?;
    chain.require_epoch(epoch)?;
    let last = chain.last()?;
    let state = *last.state()?;
    require_signers(&operation.signers, &[&state.holder, holder.bytes()])?;
    require_transferable(&chain)?;
    quota::require_entries(tx, &chain)?;
    let facts = hand_over(tx, &chain, *holder.bytes(), sealed)?;
    tx.facts.push(facts);
    Ok(())
}

/// Requires that the token may go to another holder, and that nothing hangs on the present one.
pub(super) fn require_transferable<E>(chain: &Chain) -> Rule<(), E> {
    let last = chain.last()?;
    if !chain.authority()?.transferable() {
        return Err(Stop::at(Code::NotTransferable, last.index));
    }
    let private = last.record.private.as_ref().ok_or(Code::WrongLeaf)?;
    let open = private.values.units.iter().map(|values| &values.counters);
    if open.into_iter().any(|c| c.reserved != 0 || c.pending != 0 || c.leased != 0) {
        return Err(Stop::at(Code::ValueOpen, last.index));
    }
    if last.state()?.carved_children != 0 {
        return Err(Stop::at(Code::CarvedChild, last.index));
    }
    Ok(())
}

/// Gives the token to another holder, whose secret salts its values from now on; what it was is in the old epoch.
pub(super) fn hand_over<V: StateView>(
    tx: &mut Transaction<'_, V>,
    chain: &Chain,
    holder: KeyBytes,
    sealed: &Sealed,
) -> Rule<Facts, V::Error> {
    let last = chain.last()?;
    let private = last.record.private.as_ref().ok_or(Code::WrongLeaf)?;
    if let Some(rekey) = private.values.rekey {
        drop_rekey(tx, rekey)?;
    }
    let now = tx.now;
    let epoch = tx.change(last.index, |record| {
        let private = record.private.as_mut().ok_or(Code::WrongLeaf)?;
        private.secret = sealed.secret;
        record.leaf.epoch = record.leaf.epoch.next().ok_or(Code::Overflow)?;
        if let LeafBody::Token(token) = &mut record.leaf.body {
            token.holder = holder;
            token.holder_since = now;
        }
        Ok(record.leaf.epoch)
    })?;
    let index = Some(last.index);
    Ok(Facts { index, epoch: Some(epoch), since: Some(now), ..Facts::default() })
}

pub(super) fn rekey<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    target: &Target,
    holder: &PublicKey,
) -> Rule<(), V::Error> {
    let chain = chain::target(tx, target, false, &operation.signers)?;
    let last = chain.last()?;
    require_rekeyable(tx, &chain)?;
    match operation.signers.as_slice() {
        [_, new] if new == holder => {}
        _ => return Err(Code::WrongSigner.into()),
    }
    if usize::from(target.position.0) == chain.holder_position() {
        // Somebody above takes a token back that way, which the one who has it must not be able to hinder.
        quota::require_entries(tx, &chain)?;
        let facts = change_holder(tx, last.index, *holder.bytes())?;
        tx.facts.push(facts);
        return Ok(());
    }
    let private = last.record.private.as_ref().ok_or(Code::WrongLeaf)?;
    if private.values.rekey.is_some() {
        return Err(Stop::at(Code::AlreadySo, last.index));
    }
    let effective = Seconds(tx.now.seconds().0.saturating_add(REKEY_DELAY.0).saturating_add(1));
    let pending = PendingRekey {
        token: last.index,
        epoch: target.epoch,
        holder: *holder.bytes(),
        effective,
        nonce: operation.nonce(),
    };
    set_pending(tx, last.index, Some(operation.id))?;
    tx.put(&key::RekeyOf(operation.id), pending);
    tx.set_due(effective, operation.id, Due::Rekey);
    tx.facts.push(Facts { index: Some(last.index), deadline: Some(effective), ..Facts::default() });
    Ok(())
}

/// A rekey recovers a token, so a suspension does not hinder it; a freeze does, and nothing brings back what is over.
fn require_rekeyable<V: StateView>(tx: &Transaction<'_, V>, chain: &Chain) -> Rule<(), V::Error> {
    let last = chain.last()?;
    match last.record.leaf.life {
        Life::Revoked => Err(Stop::at(Code::Revoked, last.index)),
        Life::Ended => Err(Stop::at(Code::Ended, last.index)),
        Life::Live => chain.require_unfrozen(tx),
    }
}

fn change_holder<V: StateView>(
    tx: &mut Transaction<'_, V>,
    index: StateIndex,
    holder: KeyBytes,
) -> Rule<Facts, V::Error> {
    let generation = tx.change(index, |record| {
        record.leaf.generation = record.leaf.generation.next().ok_or(Code::Overflow)?;
        if let LeafBody::Token(token) = &mut record.leaf.body {
            token.holder = holder;
        }
        Ok(record.leaf.generation)
    })?;
    Ok(Facts { index: Some(index), generation: Some(generation), ..Facts::default() })
}

fn set_pending<V: StateView>(
    tx: &mut Transaction<'_, V>,
    index: StateIndex,
    rekey: Option<ObjectId>,
) -> Rule<(), V::Error> {
    tx.change(index, |record| {
        record.private.as_mut().ok_or(Code::WrongLeaf)?.values.rekey = rekey;
        Ok(())
    })
}

/// Takes a pending rekey away, with its deadline.
fn drop_rekey<V: StateView>(tx: &mut Transaction<'_, V>, id: ObjectId) -> Rule<PendingRekey, V::Error> {
    let pending = tx.get(&key::RekeyOf(id))?.ok_or(Code::UnknownRekey)?;
    tx.delete(&key::RekeyOf(id));
    tx.clear_due(pending.effective, id);
    set_pending(tx, pending.token, None)?;
    Ok(pending)
}

pub(super) fn veto<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    token: &ObjectId,
    rekey: ObjectId,
) -> Rule<(), V::Error> {
    let chain = Chain::load(tx, token)?;
    let last = chain.last()?;
    require_signers(&operation.signers, &[&last.state()?.holder])?;
    let pending = tx.get(&key::RekeyOf(rekey))?.filter(|pending| pending.token == last.index);
    if pending.is_none() {
        return Err(Stop::at(Code::UnknownRekey, last.index));
    }
    drop_rekey(tx, rekey)?;
    tx.facts.push(Facts { index: Some(last.index), subject: Some(rekey), ..Facts::default() });
    Ok(())
}

/// The delay of a proposed rekey has passed without a veto. What is frozen or over by now it does not change: then
/// the proposal is void.
pub(super) fn rekeyed<V: StateView>(tx: &mut Transaction<'_, V>, id: ObjectId) -> Rule<(), V::Error> {
    let pending = drop_rekey(tx, id)?;
    let chain = Chain::load_at(tx, pending.token)?;
    let facts = match require_rekeyable(tx, &chain) {
        Ok(()) => change_holder(tx, pending.token, pending.holder)?,
        Err(Stop::Refused(_)) => Facts { index: Some(pending.token), ..Facts::default() },
        Err(view) => return Err(view),
    };
    tx.facts.push(facts);
    Ok(())
}
