//! What a monitor has an eye on: issuers, holders, tokens, and what an issuer ordered.

use super::event::EventCode;
use crate::engine::{Batch, StoredEntry};
use crate::machine::{LeafRecord, MemoryState, StateKey as _, key};
use remit_verifier::hash::sha256;
use remit_verifier::log::Entry;
use remit_verifier::object::{Body, Kind, Origin, Submission};
use remit_verifier::state::LeafBody;
use remit_verifier::types::{EntryIndex, Hash, KeyBytes, LedgerId, ObjectId};
use std::collections::{BTreeSet, HashSet};

/// Whose doings are told.
#[derive(Clone, Debug, Default)]
pub struct Interests {
    /// Issuers, by their party ids.
    pub issuers: Vec<ObjectId>,
    /// Issuers, by a key of theirs.
    pub issuer_keys: Vec<KeyBytes>,
    /// Holders, by their keys.
    pub holders: Vec<KeyBytes>,
    /// Tokens, by their ids.
    pub tokens: Vec<ObjectId>,
    /// Ids of the root tokens that the issuers ordered: what is not among them is unexpected. Without such a list
    /// every root token of theirs is told.
    pub ordered: Option<HashSet<ObjectId>>,
}

/// Something of interest: what, and of which party or token.
pub(super) type Notice = (EventCode, EntryIndex, ObjectId);

impl Interests {
    /// What was told of a log before was told for interests with this digest: for others it is to be told anew. Of what
    /// was ordered it counts only that somebody says what was.
    pub(super) fn digest(&self) -> Hash {
        let mut parts = Vec::new();
        let ids = |ids: &[ObjectId]| ids.iter().map(|id| id.0).collect::<BTreeSet<_>>();
        let keys = |keys: &[KeyBytes]| keys.iter().map(|key| key.0).collect::<BTreeSet<_>>();
        for all in [ids(&self.issuers), keys(&self.issuer_keys), keys(&self.holders), ids(&self.tokens)] {
            parts.extend_from_slice(&(all.len() as u64).to_be_bytes());
            parts.extend(all.into_iter().flatten());
        }
        sha256(&[&parts, &[u8::from(self.ordered.is_some())]])
    }

    /// Root tokens that an entry admitted for an issuer of interest. The object alone says so: it is the one that the
    /// entry names, signed by the issuer, and needs no state.
    ///
    /// # Errors
    ///
    /// Why it cannot be known what the entry issued: the object is withheld, another one, or not validly signed.
    pub(super) fn issued(
        &self,
        item: &StoredEntry,
        at: EntryIndex,
        ledger: &LedgerId,
    ) -> Result<Vec<Notice>, EventCode> {
        let nothing = Ok(Vec::new());
        if self.issuers.is_empty() && self.issuer_keys.is_empty() {
            return nothing;
        }
        let Ok(Entry::Outcome(outcome)) = Entry::decode(&item.entry) else { return nothing };
        if outcome.refused.is_some() {
            return nothing;
        }
        let unknown = |code| match outcome.kind {
            Kind::Issue | Kind::Bundle => Err(code),
            _ => Ok(Vec::new()),
        };
        let Some(object) = item.object.as_deref() else { return unknown(EventCode::Withheld) };
        let submission = match Submission::decode(object) {
            Ok(submission) if submission.id == outcome.id => submission,
            _ => return unknown(EventCode::OtherObject),
        };
        let of_interest = submission.operations.iter().filter(|operation| {
            let Body::Token(token, _) = &operation.body else { return false };
            let Origin::Root { issuer } = token.origin else { return false };
            let by_key = operation.signers.iter().any(|signer| self.issuer_keys.contains(signer.bytes()));
            operation.kind == Kind::Issue && (self.issuers.contains(&issuer) || by_key)
        });
        let told = of_interest.filter_map(|operation| match &self.ordered {
            None => Some((EventCode::Issued, at, operation.id)),
            Some(ordered) if ordered.contains(&operation.id) || ordered.contains(&submission.id) => None,
            Some(_) => Some((EventCode::NotOrdered, at, operation.id)),
        });
        let told: Vec<Notice> = told.collect();
        if !told.is_empty() && submission.verify(ledger).is_err() {
            return Err(EventCode::BadSignature);
        }
        Ok(told)
    }

    /// Leaves of interest that a batch rewrote, entry by entry; `before` is the state without it.
    pub(super) fn touched(&self, before: &MemoryState, batch: &Batch) -> Vec<Notice> {
        let mut told = Vec::new();
        for (entry, at) in batch.entries.iter().zip(batch.first.0..) {
            for leaf in &entry.touched {
                let place = key::LeafAt(*leaf);
                let old = before.get(&place).map(AsRef::as_ref);
                let new = batch.delta.get(&place.key()).flatten().and_then(key::LeafAt::unwrap);
                let both = [old, new.map(AsRef::as_ref)];
                let codes = [
                    (EventCode::IssuerChanged, Self::is_issuer as fn(&Self, &LeafRecord) -> bool),
                    (EventCode::HolderTouched, Self::is_held),
                    (EventCode::TokenTouched, Self::is_token),
                ];
                for (code, of_interest) in codes {
                    let found = both.iter().flatten().find(|record| of_interest(self, record));
                    told.extend(found.map(|record| (code, EntryIndex(at), record.leaf.id)));
                }
            }
        }
        told
    }

    fn is_issuer(&self, record: &LeafRecord) -> bool {
        let LeafBody::Party(party) = &record.leaf.body else { return false };
        self.issuers.contains(&record.leaf.id) || party.keys.iter().any(|key| self.issuer_keys.contains(key))
    }

    fn is_held(&self, record: &LeafRecord) -> bool {
        record.leaf.token().is_some_and(|token| self.holders.contains(&token.holder))
    }

    fn is_token(&self, record: &LeafRecord) -> bool {
        record.leaf.token().is_some() && self.tokens.contains(&record.leaf.id)
    }
}
