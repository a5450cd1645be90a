//! The first items of a snapshot: its header, and one for each state leaf (spec 24 §2, §3).

use crate::machine::{LeafRecord, MemoryState, Private, TokenInfo, key};
use crate::tree::Frontier;
use remit_verifier::cbor::{DecodeError, Reader, Writer};
use remit_verifier::hash::leaf_hash;
use remit_verifier::label;
use remit_verifier::limits::{DEPTH_MAX, OBJECT_BYTES_MAX, PAYLOAD_BYTES_MAX, TREE_HEIGHT_MAX};
use remit_verifier::log::{Commitment, Entry, Genesis};
use remit_verifier::merkle::TreeHead;
use remit_verifier::object::{Budget, Origin, Token};
use remit_verifier::state::{Leaf, LeafBody, TokenLeaf, Values};
use remit_verifier::types::{EntryIndex, Hash, KeyBytes, LedgerId, ObjectId, StateIndex, TreeSize};
use std::sync::Arc;

type Read<T> = Result<T, DecodeError>;

/// What a snapshot says of the log that it stands in: how it began, and its last entry with all before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    genesis: Vec<u8>,
    before: Frontier,
    commitment: Vec<u8>,
}

impl Place {
    /// The place behind these entries, the first ones of a log; nothing of no entries.
    pub fn of<'e>(entries: impl IntoIterator<Item = &'e [u8]>) -> Option<Self> {
        Self::behind(None, &Frontier::new(), entries)
    }

    /// The place behind a batch of entries that goes on from `before`, where the log is `log`; nothing of no entries.
    pub(in crate::audit) fn behind<'e>(
        before: Option<&Self>,
        log: &Frontier,
        batch: impl IntoIterator<Item = &'e [u8]>,
    ) -> Option<Self> {
        let mut batch = batch.into_iter();
        let mut last = batch.next()?;
        let genesis = before.map_or(last, |before| &before.genesis).to_vec();
        let mut log = log.clone();
        for entry in batch {
            log.push(leaf_hash(last));
            last = entry;
        }
        Some(Self { genesis, before: log, commitment: last.to_vec() })
    }

    /// The ledger.
    pub fn ledger(&self) -> LedgerId {
        Genesis::ledger_id(&self.genesis)
    }

    /// How it began; nothing if that is no genesis.
    pub fn genesis(&self) -> Option<Genesis> {
        match Entry::decode(&self.genesis) {
            Ok(Entry::Genesis(genesis)) => Some(*genesis),
            _ => None,
        }
    }

    /// What the last entry commits to; nothing if it does not.
    pub fn commitment(&self) -> Option<Commitment> {
        match Entry::decode(&self.commitment) {
            Ok(Entry::Commitment(commitment)) => Some(commitment),
            _ => None,
        }
    }

    /// The right edge of the log up to its last entry.
    pub fn log(&self) -> Frontier {
        let mut log = self.before.clone();
        log.push(leaf_hash(&self.commitment));
        log
    }

    /// Size and root of the log up to there.
    pub fn head(&self) -> TreeHead {
        let log = self.log();
        TreeHead { size: log.size(), root: log.root() }
    }

    /// The header of a snapshot with so many side records.
    pub(super) fn encode(&self, records: u64) -> Vec<u8> {
        let mut w = Writer::labelled(label::SNAPSHOT, 6);
        w.bytes(&self.genesis).u64(self.before.size().0.saturating_add(1));
        w.list(self.before.peaks(), |w, peak| {
            w.bytes(&peak.0);
        });
        w.bytes(&self.commitment).u64(records);
        w.into_bytes()
    }

    /// Reads a header, and how many side records there are.
    pub(super) fn decode(r: &mut Reader<'_>) -> Read<(Self, u64)> {
        r.array_of(6)?;
        r.label(label::SNAPSHOT)?;
        let genesis = r.bytes(OBJECT_BYTES_MAX)?.to_vec();
        let before = r.u64()?.checked_sub(1).ok_or(DecodeError::Malformed)?;
        let peaks = r.list(TREE_HEIGHT_MAX, |r| r.array_bytes().map(Hash))?;
        let before = Frontier::from_peaks(TreeSize(before), peaks).ok_or(DecodeError::Malformed)?;
        let commitment = r.bytes(OBJECT_BYTES_MAX)?.to_vec();
        let records = r.u64()?;
        let place = Self { genesis, before, commitment };
        let whole = place.genesis().is_some() && place.commitment().is_some();
        // The genesis entry is not the last, so there is one before it.
        if !whole || place.before.size() < TreeSize(1) {
            return Err(DecodeError::Malformed);
        }
        Ok((place, records))
    }
}

/// The item of the leaf at `index`; nothing if there is none.
pub(super) fn encode_leaf(state: &MemoryState, index: StateIndex) -> Option<Vec<u8>> {
    let record = state.get(&key::LeafAt(index))?;
    let mut w = Writer::default();
    let Some(private) = &record.private else {
        w.array(1).bytes(&record.leaf.encode());
        return Some(w.into_bytes());
    };
    let info = state.get(&key::TokenOf(index))?;
    w.array(7).bytes(&record.leaf.encode()).bytes(&private.values.encode(&private.secret));
    w.bytes(&private.secret).u64(info.entry.0).bytes(&info.signer.0).bytes(&info.token.encode());
    match &info.budgets {
        Some(budgets) => {
            let budgets: Vec<Budget> = budgets.iter().map(|(_, budget)| budget.clone()).collect();
            Budget::write_all(&mut w, &budgets);
        }
        None => {
            w.null();
        }
    }
    Some(w.into_bytes())
}

/// Reads the item of the leaf at `index`: its record, and what it is if it is a token. `state` has all leaves before.
pub(super) fn decode_leaf(
    r: &mut Reader<'_>,
    state: &MemoryState,
    index: StateIndex,
) -> Read<(LeafRecord, Option<TokenInfo>)> {
    let length = r.array(7)?;
    let leaf = Leaf::decode(r.bytes(OBJECT_BYTES_MAX)?)?;
    if leaf.index != index {
        return Err(DecodeError::NotCanonical);
    }
    let LeafBody::Token(body) = leaf.body else {
        return if length == 1 {
            Ok((LeafRecord { leaf, private: None }, None))
        } else {
            Err(DecodeError::Malformed)
        };
    };
    if length != 7 {
        return Err(DecodeError::Malformed);
    }
    let opened = r.bytes(OBJECT_BYTES_MAX)?;
    let (values, _) = Values::decode(opened)?;
    let secret = r.array_bytes()?;
    if values.encode(&secret) != opened || values.digest(&secret) != body.values {
        return Err(DecodeError::Malformed);
    }
    let info = decode_token(r, state, &leaf.id, &body)?;
    Ok((LeafRecord { leaf, private: Some(Private { secret, values }) }, Some(info)))
}

fn decode_token(r: &mut Reader<'_>, state: &MemoryState, id: &ObjectId, leaf: &TokenLeaf) -> Read<TokenInfo> {
    let (entry, signer) = (EntryIndex(r.u64()?), KeyBytes(r.array_bytes()?));
    let payload = r.bytes(PAYLOAD_BYTES_MAX)?;
    // Its key was decoded when it was admitted, and the leaf commits to the payload.
    let token = Token::decode_unkeyed(payload)?;
    if TokenLeaf::authority_of(payload) != leaf.authority {
        return Err(DecodeError::Malformed);
    }
    let (issuer, ancestors) = above(state, &token.origin, leaf.parent).ok_or(DecodeError::Malformed)?;
    let budgets = if r.null()? { None } else { Some(Budget::read_all(r)?) };
    let budgets = budgets.map(|all| all.into_iter().map(|budget| placed(state, budget)).collect());
    let budgets: Option<Option<Vec<_>>> = budgets;
    let budgets = budgets.map(|all| all.ok_or(DecodeError::Malformed)).transpose()?;
    Ok(TokenInfo { id: *id, entry, signer, token, budgets, issuer, ancestors })
}

/// The leaves above a token whose parent's leaf this is, if its payload names that one.
fn above(state: &MemoryState, origin: &Origin, parent: StateIndex) -> Option<(StateIndex, Vec<StateIndex>)> {
    let leaf = &state.get(&key::LeafAt(parent))?.leaf;
    match origin {
        Origin::Root { issuer } if *issuer == leaf.id && leaf.party().is_some() => Some((parent, Vec::new())),
        Origin::Logged { parent: id, .. } if *id == leaf.id => {
            let info: &Arc<TokenInfo> = state.get(&key::TokenOf(parent))?;
            let ancestors: Vec<_> = info.ancestors.iter().copied().chain([parent]).collect();
            (ancestors.len() < DEPTH_MAX).then_some((info.issuer, ancestors))
        }
        _ => None,
    }
}

/// A budget with the leaf of its unit.
fn placed(state: &MemoryState, budget: Budget) -> Option<(StateIndex, Budget)> {
    let unit = *state.get(&key::IndexOf(budget.unit))?;
    state.get(&key::LeafAt(unit))?.leaf.unit()?;
    Some((unit, budget))
}
