//! Refusals that are entries, and how many entries a root lets be written for its tokens (spec 19).

use super::admit::Applied;
use super::chain::Chain;
use super::refusal::{No, Refusal, Rule, Stop};
use super::transaction::Transaction;
use super::view::{Refused, StateView, Tally, key};
use remit_verifier::code::Code;
use remit_verifier::limits::{REFUSAL_SPAN, REFUSALS_PER_SPAN_MAX};
use remit_verifier::log::{Bound, BoundKind, Details, Facts, LinkPart};
use remit_verifier::object::{Kind, Submission};
use remit_verifier::state::UnitValues;
use remit_verifier::types::{EntryIndex, Millis, ObjectId, Rules, Seconds, StateIndex};

/// The rules version that records refusals and counts entries.
pub(super) const SINCE: Rules = Rules(3);

impl Tally {
    /// How many were counted in the span that starts at `start`.
    const fn in_span(self, start: Seconds) -> u64 {
        if self.start.0 == start.0 { self.count } else { 0 }
    }

    /// One more in the span that starts at `start`.
    fn and_one(self, start: Seconds) -> Result<Self, Code> {
        let count = self.in_span(start).checked_add(1).ok_or(Code::Overflow)?;
        Ok(Self { start, count })
    }
}

/// The refusal, and the entry of a refused spend, if it gets one. The same bytes refused for the same reason have the
/// entry that they had before, and for another one none.
pub(super) fn record<V: StateView>(
    view: &V,
    submission: &Submission,
    no: &No,
    now: Millis,
    entry: EntryIndex,
) -> Rule<(Refusal, Option<Applied>), V::Error> {
    let refusal = no.refusal;
    let (Some(spend), [operation]) = (no.spend, submission.operations.as_slice()) else {
        return Ok((refusal, None));
    };
    let mut tx = Transaction::begin(view, now, entry)?;
    if !tx.has_rules(SINCE)? {
        return Ok((refusal, None));
    }
    let place = key::RefusedOf(submission.id);
    // One signature is one entry at most, whoever submits it and whatever is beside it.
    if let Some(before) = tx.get(&place)? {
        let entry = (before.code == refusal.code).then_some(before.entry);
        return Ok((Refusal { entry, ..refusal }, None));
    }
    let chain = Chain::load_at(&tx, spend.token)?;
    let root = chain.root()?.index;
    let start = now.seconds().start_of(REFUSAL_SPAN);
    let tally = tx.get(&key::RefusalsOf(root))?.unwrap_or_default();
    if tally.in_span(start) >= REFUSALS_PER_SPAN_MAX {
        return Ok((refusal, None));
    }
    tx.put(&key::RefusalsOf(root), tally.and_one(start)?);
    tx.put(&place, Refused { entry, code: refusal.code });
    let unit = match spend.unit {
        Some(unit) => unit_leaf(&tx, unit)?,
        None => None,
    };
    let links: Vec<_> = deciding_link(&chain, no, unit).into_iter().collect();
    let facts = Facts {
        index: Some(spend.token),
        amount: spend.amount,
        unit,
        decided: refusal.leaf,
        ..Facts::default()
    };
    let id = submission.id;
    let details = Details::new(Kind::Refusal, &id, &operation.nonce(), entry, &[facts], &links);
    let finished = tx.finish()?;
    let applied = Applied {
        kind: Kind::Refusal,
        id,
        refused: Some(refusal.code),
        details,
        delta: finished.delta,
        touched: finished.touched,
    };
    Ok((Refusal { entry: Some(entry), ..refusal }, Some(applied)))
}

/// The leaf of the unit, if it is one.
fn unit_leaf<V: StateView>(tx: &Transaction<'_, V>, id: ObjectId) -> Rule<Option<StateIndex>, V::Error> {
    let Some(index) = tx.get(&key::IndexOf(id))? else { return Ok(None) };
    Ok(tx.leaf(index)?.leaf.unit().map(|_| index))
}

/// The part of the token that decided, with its counters in the unit as they stand.
fn deciding_link(chain: &Chain, no: &No, unit: Option<StateIndex>) -> Option<LinkPart> {
    let link = chain.links.iter().find(|link| Some(link.index) == no.refusal.leaf)?;
    let private = link.record.private.as_ref()?;
    let values = |unit| {
        let none = UnitValues { unit, ..UnitValues::default() };
        private.values.in_unit(unit).cloned().unwrap_or(none)
    };
    Some(LinkPart {
        token: link.index,
        secret: private.secret,
        values: unit.map(values).into_iter().collect(),
        bound: no.bound,
    })
}

/// Requires that the root lets something new be begun: it is the last that every rule asks which does so.
pub(super) fn require_entries<V: StateView>(tx: &Transaction<'_, V>, chain: &Chain) -> Rule<(), V::Error> {
    let root = chain.root()?;
    let Some(quota) = root.info.token.entries else { return Ok(()) };
    let tally = tx.get(&key::EntriesOf(root.index))?.unwrap_or_default();
    let used = tally.in_span(quota.start(tx.now.seconds()));
    if used < quota.most {
        return Ok(());
    }
    let bound = Bound::new(BoundKind::Entries, quota.most, used);
    Err(Stop::at_bound(Code::AboveEntries, root.index, Some(bound)))
}

/// Counts this entry for each root that counts and of whose tokens the entry touches one. A refusal touches none: it
/// has a bound of its own, and who has nothing to spend uses up nobody's entries.
pub(super) fn count_entry<V: StateView>(
    tx: &mut Transaction<'_, V>,
    tokens: &[StateIndex],
) -> Rule<(), V::Error> {
    let mut seen: Vec<StateIndex> = Vec::new();
    // Children stand behind their parents, so that a chain is looked at once, from its lowest token.
    for token in tokens.iter().rev() {
        if seen.contains(token) {
            continue;
        }
        let info = tx.get(&key::TokenOf(*token))?.ok_or(Code::UnknownToken)?;
        let root = info.ancestors.first().copied().unwrap_or(*token);
        let counted = seen.contains(&root);
        seen.extend(info.ancestors.iter().chain([token]));
        if counted {
            continue;
        }
        let root_info =
            if root == *token { info } else { tx.get(&key::TokenOf(root))?.ok_or(Code::UnknownToken)? };
        if let Some(quota) = root_info.token.entries {
            let tally = tx.get(&key::EntriesOf(root))?.unwrap_or_default();
            tx.put(&key::EntriesOf(root), tally.and_one(quota.start(tx.now.seconds()))?);
        }
    }
    Ok(())
}
