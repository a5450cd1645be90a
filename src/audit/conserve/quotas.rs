//! Refusals that are entries, and entries that roots count, recounted: that each may stand where it does.

use super::book::Book;
use super::tokens::Known;
use remit_verifier::code::Code;
use remit_verifier::object::{Act, Body, Operation};
use remit_verifier::types::{KeyBytes, ObjectId};
use std::collections::{BTreeMap, BTreeSet};

/// Seconds in which refusals are counted, and how many of one root's tokens may be entries in them.
const HOUR: u64 = 3_600;
const REFUSALS_AN_HOUR: u64 = 64;

/// What was counted in which span, by root.
type Counts = BTreeMap<ObjectId, (u64, u64)>;

/// Everything that is counted by its number.
#[derive(Default)]
pub(super) struct Quotas {
    refusals: Counts,
    entries: Counts,
    /// Roots of the tokens that this entry is about.
    roots: BTreeSet<ObjectId>,
    /// Spends that were refused.
    refused: BTreeSet<ObjectId>,
}

/// How many there are in this span.
fn counted(counts: &Counts, root: &ObjectId, span: u64) -> u64 {
    counts.get(root).filter(|(of, _)| *of == span).map_or(0, |(_, count)| *count)
}

impl Book {
    /// Notes that the entry is about the token.
    pub(super) fn touch(&mut self, token: ObjectId) {
        let root = self.standing.chain(token).pop().filter(|root| self.standing.tokens.contains_key(root));
        self.quotas.roots.extend(root);
    }

    /// Notes the token that an act is about which moves nothing.
    pub(super) fn touch_named(&mut self, act: &Act) {
        match act {
            Act::Veto { token, .. } => self.touch(*token),
            Act::Suspend(target) | Act::Resume { target, .. } => self.touch(target.token),
            Act::Freeze { id, .. } | Act::Unfreeze { id, .. } => self.touch(*id),
            _ => {}
        }
    }

    /// Which span of a root's entries it is, and how many may be in it.
    fn span(&self, root: &ObjectId) -> Option<(u64, u64)> {
        let quota = self.standing.tokens.get(root)?.entries?;
        Some((self.now.0 / 1000 / quota.length.0, quota.most))
    }

    /// Requires that the root of the token lets something new be begun.
    pub(super) fn require_entries(&mut self, token: ObjectId) {
        let Some(root) = self.standing.chain(token).pop() else { return };
        let Some((span, most)) = self.span(&root) else { return };
        let used = counted(&self.quotas.entries, &root, span);
        self.require(used < most, Code::AboveEntries, root);
    }

    /// The entry is done: it counts once for each root that it was about.
    pub(super) fn count_entry(&mut self) {
        for root in std::mem::take(&mut self.quotas.roots) {
            if let Some((span, _)) = self.span(&root) {
                let count = counted(&self.quotas.entries, &root, span) + 1;
                self.quotas.entries.insert(root, (span, count));
            }
        }
    }

    /// A refused spend: nothing moves, and who signed it held the token.
    pub(super) fn refusal(&mut self, operation: &Operation) {
        let id = operation.id;
        self.require(self.standing.rules >= 3, Code::NotEnabled, id);
        self.require(!self.applied.contains(&id), Code::Replayed, id);
        // One signature is one refusal, whatever the reasons are.
        let first = self.quotas.refused.insert(id);
        self.require(first, Code::Replayed, id);
        let (token, epoch) = match &operation.body {
            Body::Reserve(invocation, links) => {
                for link in links {
                    let budgets = link.token.budgets.clone();
                    let known = || Known::new(&link.token, budgets);
                    self.standing.tokens.entry(link.id).or_insert_with(known);
                }
                (invocation.token, invocation.epoch)
            }
            Body::Act(_, Act::Request(of), _) => (of.token, of.epoch),
            Body::Act(_, Act::Lease(of), _) => (of.token, of.epoch),
            _ => return self.require(false, Code::UnknownKind, id),
        };
        self.note(self.standing.require_usable(token, self.now));
        let now = self.standing.anchor(Some(token)).map(|anchor| anchor.epoch);
        self.require(now == Some(epoch.0), Code::OldEpoch, token);
        let signers: Vec<KeyBytes> = operation.signers.iter().map(|key| *key.bytes()).collect();
        let holder = self.standing.tokens.get(&token).map(|known| known.holder);
        self.require(holder.is_some_and(|holder| signers == [holder]), Code::WrongHolder, token);
        let Some(root) = self.standing.chain(token).pop() else { return };
        let hour = self.now.0 / 1000 / HOUR;
        let count = counted(&self.quotas.refusals, &root, hour) + 1;
        self.require(count <= REFUSALS_AN_HOUR, Code::AboveEntries, root);
        self.quotas.refusals.insert(root, (hour, count));
    }
}
