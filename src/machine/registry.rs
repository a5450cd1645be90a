//! Rules for parties, units and issuers, and for what the operators sign (spec 11 §4.1–§4.4).

use super::chain::require_signers;
use super::refusal::{Rule, Stop};
use super::transaction::Transaction;
use super::view::{StateView, key};
use remit_verifier::code::Code;
use remit_verifier::key::PublicKey;
use remit_verifier::limits::RETIRED_KEYS_MAX;
use remit_verifier::log::Facts;
use remit_verifier::object::Operation;
use remit_verifier::state::{Leaf, LeafBody, LedgerLeaf, Life, MASK_OPERATOR, PartyLeaf, Retired, UnitLeaf};
use remit_verifier::types::{Epoch, Generation, Hash, KeyBytes, ObjectId, Rules, StateIndex};

/// A new leaf at `index`: live, unsuspended, with no history yet.
pub(super) fn new_leaf(index: StateIndex, id: ObjectId, body: LeafBody) -> Leaf {
    let (epoch, generation) = (Epoch(0), Generation(0));
    Leaf { index, id, life: Life::Live, mask: 0, epoch, generation, history: Hash::default(), body }
}

fn ledger_leaf<V: StateView>(tx: &Transaction<'_, V>) -> Rule<LedgerLeaf, V::Error> {
    match &tx.leaf(StateIndex(0))?.leaf.body {
        LeafBody::Ledger(ledger) => Ok(ledger.clone()),
        _ => Err(Code::WrongLeaf.into()),
    }
}

/// Requires the signatures of at least the threshold of operators, each once.
pub(super) fn require_operators<V: StateView>(
    tx: &Transaction<'_, V>,
    signers: &[PublicKey],
) -> Rule<(), V::Error> {
    let ledger = ledger_leaf(tx)?;
    let known = signers.iter().all(|signer| ledger.operators.contains(signer.bytes()));
    if known && distinct(signers) && signers.len() as u64 >= ledger.threshold {
        Ok(())
    } else {
        Err(Code::NotTheOperators.into())
    }
}

fn distinct(keys: &[PublicKey]) -> bool {
    keys.iter().enumerate().all(|(place, key)| !keys[..place].contains(key))
}

/// Requires keys that a party may have: at least one, none twice, none with another role.
fn require_party_keys<V: StateView>(tx: &Transaction<'_, V>, keys: &[PublicKey]) -> Rule<(), V::Error> {
    let ledger = ledger_leaf(tx)?;
    let other_role =
        |key: &PublicKey| ledger.operators.contains(key.bytes()) || *key.bytes() == tx.head().log_key;
    if keys.is_empty() || !distinct(keys) || keys.iter().any(other_role) {
        return Err(Code::PartyKeys.into());
    }
    Ok(())
}

pub(super) fn party<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    name: &str,
    keys: &[PublicKey],
) -> Rule<(), V::Error> {
    tx.require_thawed()?;
    require_party_keys(tx, keys)?;
    let keys: Vec<KeyBytes> = keys.iter().map(|key| *key.bytes()).collect();
    require_signers(&operation.signers, &keys.iter().collect::<Vec<_>>())?;
    let body = PartyLeaf { name: name.into(), keys, retired: Vec::new(), issuer: false };
    let index = tx.create(|index| new_leaf(index, operation.id, LeafBody::Party(body)), None)?;
    tx.facts.push(Facts { index: Some(index), ..Facts::default() });
    Ok(())
}

pub(super) fn party_keys<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    party: &ObjectId,
    generation: Generation,
    keys: &[PublicKey],
    compromised: &[PublicKey],
) -> Rule<(), V::Error> {
    tx.require_thawed()?;
    let record = tx.leaf_of(party, Code::UnknownParty)?;
    let index = record.leaf.index;
    let present = record.leaf.party().ok_or(Code::UnknownParty)?;
    if record.leaf.mask & MASK_OPERATOR != 0 {
        return Err(Stop::at(Code::PartyFrozen, index));
    }
    if record.leaf.generation != generation {
        return Err(Stop::at(Code::OldGeneration, index));
    }
    require_party_keys(tx, keys)?;
    let changed = rotate(present, keys, compromised)?;
    let (first, added) = operation.signers.split_first().ok_or(Code::WrongSigner)?;
    let lost = compromised.iter().any(|key| key == first);
    if lost || !present.keys.contains(first.bytes()) {
        return Err(Code::WrongSigner.into());
    }
    let new: Vec<&KeyBytes> =
        keys.iter().map(PublicKey::bytes).filter(|key| !present.keys.contains(key)).collect();
    require_signers(added, &new)?;
    let generation = tx.change(index, |record| {
        record.leaf.generation = record.leaf.generation.next().ok_or(Code::Overflow)?;
        record.leaf.body = LeafBody::Party(changed);
        Ok(record.leaf.generation)
    })?;
    tx.facts.push(Facts { index: Some(index), generation: Some(generation), ..Facts::default() });
    Ok(())
}

/// The party's leaf with its keys replaced: those that leave are retired, those named compromised are so for ever.
///
/// A key can always be dropped: where there is no room, the oldest that was only rotated is forgotten.
fn rotate(present: &PartyLeaf, keys: &[PublicKey], compromised: &[PublicKey]) -> Result<PartyLeaf, Code> {
    let keys: Vec<KeyBytes> = keys.iter().map(|key| *key.bytes()).collect();
    let mut retired = present.retired.clone();
    if keys.iter().any(|key| retired.iter().any(|(old, _)| old == key)) {
        return Err(Code::PartyKeys);
    }
    for key in present.keys.iter().filter(|key| !keys.contains(key)) {
        retired.push((*key, Retired::Rotated));
    }
    for key in compromised {
        let entry = retired.iter_mut().find(|(old, _)| old == key.bytes()).ok_or(Code::PartyKeys)?;
        entry.1 = Retired::Compromised;
    }
    while retired.len() > RETIRED_KEYS_MAX {
        let oldest = retired.iter().position(|(_, why)| *why == Retired::Rotated).ok_or(Code::PartyKeys)?;
        retired.remove(oldest);
    }
    Ok(PartyLeaf { name: present.name.clone(), keys, retired, issuer: present.issuer })
}

pub(super) fn unit<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    name: &str,
    decimals: u64,
) -> Rule<(), V::Error> {
    tx.require_thawed()?;
    require_operators(tx, &operation.signers)?;
    let named = key::UnitNamed(name.into());
    if tx.get(&named)?.is_some() {
        return Err(Code::AlreadyRegistered.into());
    }
    let body = LeafBody::Unit(UnitLeaf { name: name.into(), decimals });
    let index = tx.create(|index| new_leaf(index, operation.id, body), None)?;
    tx.put(&named, index);
    tx.facts.push(Facts { index: Some(index), ..Facts::default() });
    Ok(())
}

/// The rules only ever become newer, whatever is in force; a freeze stops it like everything else that creates.
pub(super) fn upgrade<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    rules: Rules,
) -> Rule<(), V::Error> {
    tx.require_thawed()?;
    require_operators(tx, &operation.signers)?;
    let index = StateIndex(0);
    tx.change(index, |record| match &mut record.leaf.body {
        LeafBody::Ledger(ledger) if ledger.rules >= rules => Err(Code::AlreadySo),
        LeafBody::Ledger(ledger) => {
            ledger.rules = rules;
            Ok(())
        }
        _ => Err(Code::WrongLeaf),
    })?;
    tx.facts.push(Facts { index: Some(index), number: Some(rules.0), ..Facts::default() });
    Ok(())
}

pub(super) fn issuer<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    party: &ObjectId,
) -> Rule<(), V::Error> {
    tx.require_thawed()?;
    require_operators(tx, &operation.signers)?;
    let index = tx.leaf_of(party, Code::UnknownParty)?.leaf.index;
    tx.change(index, |record| match &mut record.leaf.body {
        LeafBody::Party(party) if party.issuer => Err(Code::AlreadySo),
        LeafBody::Party(party) => {
            party.issuer = true;
            Ok(())
        }
        _ => Err(Code::UnknownParty),
    })?;
    tx.facts.push(Facts { index: Some(index), ..Facts::default() });
    Ok(())
}
