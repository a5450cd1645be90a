//! What a recount knows of tokens, parties and units: whether a new claim may be made on a token at all.

use remit_verifier::code::Code;
use remit_verifier::object::{ApprovalRule, Budget, EntryQuota, Origin, Share, Token};
use remit_verifier::types::{EntryIndex, KeyBytes, Millis, ObjectId, Seconds};
use std::collections::{BTreeMap, BTreeSet};

/// A token or offline link.
pub(super) struct Known {
    pub(super) parent: Option<ObjectId>,
    /// The issuer, in a root.
    issuer: Option<ObjectId>,
    origin: Origin,
    /// Its own budgets; `None` inherits.
    budgets: Option<Vec<Budget>>,
    /// Whose approval its uses need.
    pub(super) approval: Option<ApprovalRule>,
    /// Who holds it now.
    pub(super) holder: KeyBytes,
    /// In a root, how many entries it counts up to.
    pub(super) entries: Option<EntryQuota>,
    pub(super) expires: Seconds,
    not_before: Option<Seconds>,
    pub(super) epoch: u64,
    pub(super) generation: u64,
    pub(super) revoked: bool,
    pub(super) ended: bool,
}

impl Known {
    pub(super) fn new(token: &Token, budgets: Option<Vec<Budget>>) -> Self {
        let issuer = match token.origin {
            Origin::Root { issuer } => Some(issuer),
            _ => None,
        };
        Self {
            parent: token.parent(),
            issuer,
            origin: token.origin,
            budgets,
            approval: token.approval.clone(),
            holder: *token.holder.bytes(),
            entries: token.entries,
            expires: token.expires,
            not_before: token.not_before,
            epoch: 0,
            generation: 0,
            revoked: false,
            ended: false,
        }
    }

    /// Another key holds it from now on.
    pub(super) fn rekey(&mut self, holder: KeyBytes) {
        self.generation += 1;
        self.holder = holder;
    }

    pub(super) fn own(&self, unit: &ObjectId) -> Option<&Budget> {
        self.budgets.as_ref()?.iter().find(|budget| budget.unit == *unit)
    }

    /// Whether it states budgets of its own.
    pub(super) fn lists_budgets(&self) -> bool {
        self.budgets.is_some()
    }

    /// The budgets that it states itself.
    pub(super) fn stated(&self) -> impl Iterator<Item = &Budget> {
        self.budgets.iter().flatten()
    }

    /// The units carved for this token, with their totals.
    pub(super) fn carved(&self) -> Vec<(ObjectId, i128)> {
        let all = self.budgets.iter().flatten().filter(|budget| budget.share == Share::Carved);
        all.map(|budget| (budget.unit, budget.total.map_or(0, |total| i128::from(total.0)))).collect()
    }
}

/// Everything that can be stopped, and what stops it.
#[derive(Default)]
pub(super) struct Standing {
    pub(super) ledger: ObjectId,
    /// The rules in force.
    pub(super) rules: u64,
    pub(super) tokens: BTreeMap<ObjectId, Known>,
    pub(super) parties: BTreeSet<ObjectId>,
    pub(super) issuers: BTreeSet<ObjectId>,
    pub(super) units: BTreeSet<ObjectId>,
    /// Suspensions in force: the operation, and the token.
    pub(super) suspensions: BTreeMap<ObjectId, ObjectId>,
    /// The last entry that suspended or froze something.
    pub(super) stopped: BTreeMap<ObjectId, EntryIndex>,
    /// Freezes in force: what is frozen, and the operation.
    pub(super) freezes: BTreeMap<ObjectId, ObjectId>,
    /// Rekeys proposed from upstream: the operation, the token, and the new key.
    pub(super) rekeys: BTreeMap<ObjectId, (ObjectId, KeyBytes)>,
}

/// A no, and of what.
pub(super) type No = (Code, ObjectId);

/// Whether a deadline has passed: it has at its very second.
pub(super) fn over(deadline: Seconds, now: Millis) -> bool {
    u128::from(now.0) >= u128::from(deadline.0) * 1000
}

impl Standing {
    /// The token and all above it, the token first.
    pub(super) fn chain(&self, token: ObjectId) -> Vec<ObjectId> {
        let mut chain = Vec::new();
        let mut next = Some(token);
        while let Some(id) = next.filter(|id| !chain.contains(id)) {
            chain.push(id);
            next = self.tokens.get(&id).and_then(|known| known.parent);
        }
        chain
    }

    /// Whether a budget below `parent` states more than a token above it does. What comes back to a carved budget
    /// counts on nothing above, so that its bound on refunds counts here also where it is not stated.
    pub(super) fn is_wider(&self, parent: ObjectId, budget: &Budget) -> bool {
        let chain = self.chain(parent);
        let above = || chain.iter().filter_map(|id| self.tokens.get(id)?.own(&budget.unit));
        let refundable = |of: &Budget| of.refundable.or(of.total);
        let refunds = if budget.share == Share::Carved { refundable(budget) } else { budget.refundable };
        budget.total.is_some_and(|own| above().filter_map(|of| of.total).any(|most| own > most))
            || budget.per_use.is_some_and(|own| above().filter_map(|of| of.per_use).any(|most| own > most))
            || refunds.is_some_and(|own| above().filter_map(refundable).any(|most| own > most))
    }

    /// The issuer of the token's root.
    pub(super) fn issuer_of(&self, token: ObjectId) -> Option<ObjectId> {
        let root = self.chain(token).pop()?;
        self.tokens.get(&root)?.issuer
    }

    /// The tokens on whose totals a payment with `token` counts: itself and those above, up to the first whose value
    /// was carved out for it, or to the root.
    pub(super) fn funding(&self, token: ObjectId, unit: &ObjectId) -> Vec<ObjectId> {
        let carved = |id: &ObjectId| {
            let own = self.tokens.get(id).and_then(|known| known.own(unit));
            own.is_some_and(|budget| budget.share == Share::Carved)
        };
        let mut path = Vec::new();
        for id in self.chain(token) {
            path.push(id);
            if carved(&id) {
                break;
            }
        }
        path
    }

    pub(super) fn require_thawed(&self, what: ObjectId, code: Code) -> Result<(), No> {
        if self.freezes.contains_key(&what) { Err((code, what)) } else { Ok(()) }
    }

    pub(super) fn require_unit(&self, unit: ObjectId) -> Result<(), No> {
        if !self.units.contains(&unit) {
            return Err((Code::UnknownUnit, unit));
        }
        self.require_thawed(unit, Code::UnitFrozen)
    }

    pub(super) fn require_issuer(&self, issuer: ObjectId) -> Result<(), No> {
        self.require_thawed(self.ledger, Code::LedgerFrozen)?;
        if !self.issuers.contains(&issuer) {
            return Err((Code::NotAnIssuer, issuer));
        }
        self.require_thawed(issuer, Code::PartyFrozen)
    }

    /// Requires that new claims may be made on the token: it and all above are in force.
    pub(super) fn require_usable(&self, token: ObjectId, now: Millis) -> Result<(), No> {
        for id in self.chain(token) {
            let known = self.tokens.get(&id).ok_or((Code::UnknownToken, id))?;
            let begun = known.not_before.is_none_or(|start| over(start, now));
            let stops = [
                (known.revoked, Code::Revoked),
                (known.ended, Code::Ended),
                (self.freezes.contains_key(&id), Code::Frozen),
                (self.suspensions.values().any(|of| *of == id), Code::Suspended),
                (over(known.expires, now), Code::Expired),
                (!begun, Code::NotYetValid),
            ];
            if let Some((_, code)) = stops.into_iter().find(|(stopped, _)| *stopped) {
                return Err((code, id));
            }
            self.require_current(id, known)?;
            if let Some(issuer) = known.issuer {
                self.require_issuer(issuer)?;
            }
        }
        Ok(())
    }

    /// Requires that the epoch and generation which a token names of the logged token above are still those.
    fn require_current(&self, id: ObjectId, known: &Known) -> Result<(), No> {
        let (epoch, generation) = match known.origin {
            Origin::Root { .. } => return Ok(()),
            Origin::Logged { epoch, .. } => (epoch, None),
            Origin::Offline { epoch, generation, .. } => (epoch, Some(generation)),
        };
        let above = self.anchor(known.parent).ok_or((Code::UnknownToken, id))?;
        if above.epoch != epoch.0 {
            return Err((Code::OldEpoch, id));
        }
        if generation.is_some_and(|generation| generation.0 != above.generation) {
            return Err((Code::OldGeneration, id));
        }
        Ok(())
    }

    /// The nearest logged token at or above `id`.
    pub(super) fn anchor(&self, id: Option<ObjectId>) -> Option<&Known> {
        let chain = self.chain(id?);
        let mut known = chain.iter().filter_map(|id| self.tokens.get(id));
        known.find(|known| !matches!(known.origin, Origin::Offline { .. }))
    }

    /// Whether value of this token was carved out for another, however far below, that has not ended.
    pub(super) fn funds_a_carved(&self, token: ObjectId) -> bool {
        let alive = self.tokens.values().filter(|known| !known.ended);
        alive.filter_map(|known| known.parent.map(|parent| (parent, known.carved()))).any(
            |(parent, carved)| carved.iter().any(|(unit, _)| self.funding(parent, unit).contains(&token)),
        )
    }

    /// Whether the token is over, or the operators froze it or something above.
    pub(super) fn is_frozen_or_over(&self, token: ObjectId) -> bool {
        let over = self.tokens.get(&token).is_none_or(|known| known.revoked || known.ended);
        let chain = self.chain(token);
        let issuer = chain.last().and_then(|root| self.tokens.get(root)).and_then(|known| known.issuer);
        let mut above = chain.iter().copied().chain(issuer).chain([self.ledger]);
        over || above.any(|id| self.freezes.contains_key(&id))
    }

    /// Whether nothing new can ever be done with the token.
    pub(super) fn is_spent(&self, token: ObjectId, now: Millis) -> bool {
        self.chain(token).iter().filter_map(|id| self.tokens.get(id).map(|known| (id, known))).any(
            |(id, known)| {
                known.revoked
                    || known.ended
                    || over(known.expires, now)
                    || self.require_current(*id, known).is_err()
            },
        )
    }
}
