//! What one entry says to whoever looks for it: the lists that it stands on. By its object and details alone, for the
//! leaf of an id never changes; what a later step of a spend is of, is read out of the entry that began it.

use super::list::{List, name_rows};
use super::{FORMAT, IndexError};
use crate::ledger::{LedgerError, Snapshot};
use crate::store::StoredEntry;
use remit_verifier::log::{Common, Entry, Facts};
use remit_verifier::object::{Act, Body, Operation, Origin, Submission, Target};
use remit_verifier::state::LeafBody;
use remit_verifier::types::{EntryIndex, ObjectId, StateIndex};
use rocksdb::WriteBatch;
use std::collections::HashMap;

/// How far back a later step leads: a refund names a capture, which names a reservation, which may name a request.
const STEPS_MAX: usize = 4;

/// Where operations stand, by their ids.
pub(super) trait Places {
    /// The first entry with this id.
    fn place(&self, id: &ObjectId) -> Result<Option<EntryIndex>, IndexError>;
}

/// Entries as they are put on the lists they belong to, before they are written.
pub(super) struct Said<'a, P> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) places: &'a P,
    pub(super) write: WriteBatch,
    /// Ids that are not written yet.
    pub(super) fresh: HashMap<ObjectId, EntryIndex>,
}

/// An operation with what it did, and where.
struct Step<'o> {
    at: EntryIndex,
    operation: &'o Operation,
    facts: Facts,
}

impl<P: Places> Said<'_, P> {
    fn put(&mut self, list: List, number: u64) {
        self.write.put(list.row(number), [FORMAT]);
    }

    fn put_entry(&mut self, list: List, at: EntryIndex) {
        if let List::Id(id) = list {
            self.fresh.entry(id).or_insert(at);
        }
        self.put(list, at.0);
    }

    /// Puts an entry on its lists. One whose object is no longer kept is found by kind and id.
    pub(super) fn add(&mut self, at: EntryIndex, stored: &StoredEntry) -> Result<(), IndexError> {
        let Ok(Entry::Outcome(outcome)) = Entry::decode(&stored.entry) else { return Ok(()) };
        for list in [List::Operations, List::Kind(outcome.kind), List::Id(outcome.id)] {
            self.put_entry(list, at);
        }
        if outcome.kind.is_written_by_the_ledger() {
            return self.add_origin(at, &outcome.id, STEPS_MAX);
        }
        let Some((submission, facts)) = opened(at, stored)? else { return Ok(()) };
        let applied = outcome.refused.is_none();
        for (place, operation) in submission.operations.iter().enumerate() {
            let step = Step { at, operation, facts: facts.get(place).copied().unwrap_or_default() };
            for list in [List::Kind(operation.kind), List::Id(operation.id)] {
                self.put_entry(list, at);
            }
            if applied {
                self.add_lists(&step)?;
            }
            self.add_terms(at, &step, STEPS_MAX)?;
        }
        Ok(())
    }

    /// The lists of leaves that an applied operation adds to, and those that approvers and buyers read.
    fn add_lists(&mut self, step: &Step<'_>) -> Result<(), IndexError> {
        let (at, wrong) = (step.at, IndexError::Entry(step.at));
        let leaf = |said: &Self, id: &ObjectId| said.leaf(id)?.ok_or(wrong.clone());
        match &step.operation.body {
            Body::Token(token, _) => {
                let index = leaf(self, &step.operation.id)?;
                self.put(List::Held(*token.holder.bytes()), index.0);
                if let Some(parent) = self.snapshot.token_at(index)?.ancestors.last() {
                    self.put(List::Children(*parent), index.0);
                }
            }
            Body::Act(_, Act::Transfer { token, holder, .. }, _) => {
                let index = leaf(self, token)?;
                self.put(List::Held(*holder.bytes()), index.0);
            }
            // A rekey that is only proposed is listed as well; who asks sees by the leaf that it is not in force.
            Body::Act(_, Act::Rekey { target, holder }, _) => {
                let index = leaf(self, &target.token)?;
                self.put(List::Held(*holder.bytes()), index.0);
            }
            // Who bought a token holds it from then on.
            Body::Act(_, Act::Trade(trade), _) => {
                let buyer = step.operation.signers.first().ok_or(wrong.clone())?;
                let index = leaf(self, &trade.token)?;
                self.put(List::Held(*buyer.bytes()), index.0);
            }
            Body::Act(_, Act::Issuer { party }, _) => {
                let index = leaf(self, party)?;
                self.put(List::Issuers, index.0);
            }
            Body::Act(_, Act::Party { name, .. } | Act::Unit { name, .. }, _) => {
                let index = leaf(self, &step.operation.id)?;
                for row in name_rows(name, index) {
                    self.write.put(row, [FORMAT]);
                }
            }
            Body::Act(_, Act::Request(ask), _) => {
                let chain = self.snapshot.chain_at(leaf(self, &ask.token)?)?;
                for approver in
                    chain.iter().flat_map(|(_, link)| &link.token.approval).flat_map(|rule| &rule.approvers)
                {
                    self.put(List::Asked(*approver.bytes()), at.0);
                }
                for (request, _) in self.snapshot.requests_in(at)? {
                    self.put_entry(List::Id(ObjectId(request.0)), at);
                }
            }
            Body::Act(_, Act::Offer(offer), _) if offer.price.is_some() => self.put(List::Offers, at.0),
            _ => {}
        }
        Ok(())
    }

    /// What an operation is of and by: for its own entry, or for a later one that names it.
    fn add_terms(&mut self, to: EntryIndex, step: &Step<'_>, steps: usize) -> Result<(), IndexError> {
        for signer in &step.operation.signers {
            self.put(List::Agent(*signer.bytes()), to.0);
        }
        match &step.operation.body {
            Body::Token(token, _) => {
                self.put(List::Agent(*token.holder.bytes()), to.0);
                self.add_token(to, &step.operation.id, true)
            }
            Body::Reserve(invocation, links) => {
                // An offline link has no leaf: it stands for the logged token above it.
                let token = match links.first().map(|link| &link.token.origin) {
                    Some(Origin::Offline { parent, .. }) => parent,
                    _ => &invocation.token,
                };
                let unit = invocation.payment.as_ref().map(|payment| &payment.unit);
                self.add_spend(to, token, &invocation.audience, unit)
            }
            Body::Act(_, act, _) => self.add_act(to, step, act, steps),
        }
    }

    fn add_act(
        &mut self,
        to: EntryIndex,
        step: &Step<'_>,
        act: &Act,
        steps: usize,
    ) -> Result<(), IndexError> {
        let id = &step.operation.id;
        match act {
            Act::Party { .. } => self.add_leaf(to, id, List::Service),
            Act::PartyKeys { party, .. } | Act::Issuer { party } => {
                self.add_leaf(to, party, List::Service)?;
                self.add_leaf(to, party, List::Issuer)
            }
            Act::Unit { .. } => self.add_leaf(to, id, List::Unit),
            Act::Transfer { token, holder, .. } => {
                self.put(List::Agent(*holder.bytes()), to.0);
                self.add_token(to, token, false)
            }
            Act::Rekey { target, holder } => {
                self.put(List::Agent(*holder.bytes()), to.0);
                self.add_token(to, &target.token, false)
            }
            Act::Veto { token, .. } => self.add_token(to, token, false),
            Act::Suspend(target) | Act::Revoke(target) | Act::Cut(target) | Act::End(target) => {
                self.add_target(to, target)
            }
            Act::Resume { target, .. } => self.add_target(to, target),
            Act::Freeze { id, .. } | Act::Unfreeze { id, .. } => self.add_frozen(to, id),
            Act::Lease(lease) => self.add_spend(to, &lease.token, &lease.payee, Some(&lease.unit)),
            Act::Request(ask) => self.add_spend(to, &ask.token, &ask.payee, Some(&ask.unit)),
            Act::Approve { request } | Act::Withdraw { request, .. } => {
                self.add_origin(to, &ObjectId(request.0), steps)
            }
            Act::Offer(offer) => {
                if let Some(price) = &offer.price {
                    self.add_leaf(to, &price.payee, List::Service)?;
                    self.add_leaf(to, &price.unit, List::Unit)?;
                }
                self.add_token(to, &offer.token, false)
            }
            // Its payment is another member of the same bundle.
            Act::Trade(trade) => self.add_token(to, &trade.token, false),
            _ => match step.facts.subject {
                Some(subject) => self.add_origin(to, &subject, steps),
                None => Ok(()),
            },
        }
    }

    /// What a later step is of: out of the entry that began it.
    fn add_origin(&mut self, to: EntryIndex, id: &ObjectId, steps: usize) -> Result<(), IndexError> {
        let Some(steps) = steps.checked_sub(1) else { return Ok(()) };
        let at = match self.fresh.get(id) {
            Some(at) => Some(*at),
            None => self.places.place(id)?,
        };
        let Some(at) = at.filter(|at| *at < to) else { return Ok(()) };
        let stored = self.snapshot.entry(at)?;
        let Some((submission, facts)) = opened(at, &stored)? else { return Ok(()) };
        let alone = submission.operations.len() == 1;
        for (place, operation) in submission.operations.iter().enumerate() {
            let asked = match &operation.body {
                Body::Act(stamp, Act::Request(ask), _) => {
                    ask.request_id(&self.snapshot.ledger(), stamp.nonce).0 == id.0
                }
                _ => false,
            };
            if alone || asked || operation.id == *id {
                let facts = facts.get(place).copied().unwrap_or_default();
                self.add_terms(to, &Step { at, operation, facts }, steps)?;
            }
        }
        Ok(())
    }

    fn add_spend(
        &mut self,
        to: EntryIndex,
        token: &ObjectId,
        payee: &ObjectId,
        unit: Option<&ObjectId>,
    ) -> Result<(), IndexError> {
        self.add_leaf(to, payee, List::Service)?;
        if let Some(unit) = unit {
            self.add_leaf(to, unit, List::Unit)?;
        }
        self.add_token(to, token, false)
    }

    fn add_target(&mut self, to: EntryIndex, target: &Target) -> Result<(), IndexError> {
        self.add_token(to, &target.token, false)
    }

    /// A token, its issuer; where it is admitted, its parent and the units of its budgets.
    fn add_token(&mut self, to: EntryIndex, id: &ObjectId, admitted: bool) -> Result<(), IndexError> {
        let Some(leaf) = self.leaf(id)? else { return Ok(()) };
        let info = match self.snapshot.token_at(leaf) {
            // A spend may name what is no token; it was refused.
            Err(LedgerError::NoLeaf(_)) => return Ok(()),
            info => info?,
        };
        self.put(List::Token(leaf), to.0);
        self.put(List::Issuer(info.issuer), to.0);
        if admitted {
            if let Some(parent) = info.ancestors.last() {
                self.put(List::Token(*parent), to.0);
            }
            for (unit, _) in info.budgets.iter().flatten() {
                self.put(List::Unit(*unit), to.0);
            }
        }
        Ok(())
    }

    /// Whatever was frozen.
    fn add_frozen(&mut self, to: EntryIndex, id: &ObjectId) -> Result<(), IndexError> {
        let Some(leaf) = self.leaf(id)? else { return Ok(()) };
        match &self.snapshot.leaf(leaf)?.leaf.body {
            LeafBody::Ledger(_) => {}
            LeafBody::Unit(_) => self.put(List::Unit(leaf), to.0),
            LeafBody::Party(_) => {
                self.put(List::Service(leaf), to.0);
                self.put(List::Issuer(leaf), to.0);
            }
            LeafBody::Token(_) => self.add_token(to, id, false)?,
        }
        Ok(())
    }

    fn add_leaf(
        &mut self,
        to: EntryIndex,
        id: &ObjectId,
        list: impl Fn(StateIndex) -> List,
    ) -> Result<(), IndexError> {
        if let Some(leaf) = self.leaf(id)? {
            self.put(list(leaf), to.0);
        }
        Ok(())
    }

    fn leaf(&self, id: &ObjectId) -> Result<Option<StateIndex>, IndexError> {
        Ok(self.snapshot.index_of(id)?)
    }
}

/// What was submitted for an entry and what each operation did; `None` if it is no longer kept.
fn opened(at: EntryIndex, stored: &StoredEntry) -> Result<Option<(Submission, Vec<Facts>)>, IndexError> {
    let Some(object) = &stored.object else { return Ok(None) };
    let submission = Submission::decode(object).map_err(|_| IndexError::Entry(at))?;
    let common = stored.details.as_ref().map(|details| Common::decode(&details.common)).transpose();
    let facts = common.map_err(|_| IndexError::Entry(at))?.map(|common| common.facts);
    Ok(Some((submission, facts.unwrap_or_default())))
}
