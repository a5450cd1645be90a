//! Rules for creating tokens: roots by issuers, children by holders (spec 11 §4.5–§4.6).

use super::approval::APPROVALS;
use super::chain::{Chain, require_signers};
use super::funds::{self, Move, budget_of};
use super::quota;
use super::refusal::{Rule, Stop};
use super::registry::new_leaf;
use super::transaction::Transaction;
use super::view::{Due, Private, StateView, TokenInfo, key};
use remit_verifier::code::Code;
use remit_verifier::limits::{DEPTH_MAX, TOKEN_LIFE_MAX};
use remit_verifier::log::Facts;
use remit_verifier::object::{Budget, Operation, Origin, Sealed, Share, Token};
use remit_verifier::state::{LeafBody, MASK_OPERATOR, TokenLeaf, Values};
use remit_verifier::types::{Amount, Hash, Millis, ObjectId, Rules, StateIndex};
use std::sync::Arc;

/// Sealed budgets with the leaves of their units.
type UnitBudgets = Option<Vec<(StateIndex, Budget)>>;

pub(super) fn issue<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    token: &Token,
    sealed: &Sealed,
) -> Rule<(), V::Error> {
    let Origin::Root { issuer } = token.origin else { return Err(Code::WrongLabel.into()) };
    tx.require_thawed()?;
    let record = tx.leaf_of(&issuer, Code::UnknownParty)?;
    let party = record.leaf.party().ok_or(Code::UnknownParty)?;
    if !party.issuer {
        return Err(Stop::at(Code::NotAnIssuer, record.leaf.index));
    }
    if record.leaf.mask & MASK_OPERATOR != 0 {
        return Err(Stop::at(Code::PartyFrozen, record.leaf.index));
    }
    match operation.signers.as_slice() {
        [signer] if party.keys.contains(signer.bytes()) => {}
        _ => return Err(Code::WrongSigner.into()),
    }
    require_life(tx.now, token)?;
    if token.delegation.is_some_and(|delegation| delegation.depth >= DEPTH_MAX as u64) {
        return Err(Code::TooDeep.into());
    }
    require_approvers(tx, token, sealed)?;
    if token.entries.is_some() {
        tx.require_rules(quota::SINCE)?;
    }
    let budgets = unit_budgets(tx, sealed)?;
    for (_, budget) in budgets.iter().flatten() {
        if budget.share == Share::Carved || budget.total.is_none_or(|total| total == Amount(0)) {
            return Err(Code::BadAmount.into());
        }
    }
    let parent = record.leaf.index;
    let admitted = Admitted { parent, issuer: parent, ancestors: Vec::new(), budgets };
    let index = create(tx, operation, token, sealed, admitted)?;
    tx.facts.push(Facts { index: Some(index), parent: Some(parent), ..Facts::default() });
    Ok(())
}

pub(super) fn delegate<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    token: &Token,
    sealed: &Sealed,
) -> Rule<(), V::Error> {
    let Origin::Logged { parent, epoch } = token.origin else { return Err(Code::WrongLabel.into()) };
    let chain = Chain::load(tx, &parent)?;
    chain.require_live(tx)?;
    chain.require_epoch(epoch)?;
    let last = chain.last()?;
    require_signers(&operation.signers, &[&last.state()?.holder])?;
    require_life(tx.now, token)?;
    if chain.links.len() >= DEPTH_MAX {
        return Err(Code::TooDeep.into());
    }
    chain.authority()?.child(token)?;
    require_approvers(tx, token, sealed)?;
    let budgets = unit_budgets(tx, sealed)?;
    for (unit, budget) in budgets.iter().flatten() {
        require_within(&chain, *unit, budget)?;
    }
    let parent = last.index;
    let mut ancestors = last.info.ancestors.clone();
    ancestors.push(parent);
    let carved: Vec<_> = carved(&budgets).collect();
    let admitted = Admitted { parent, issuer: last.info.issuer, ancestors, budgets };
    let index = create(tx, operation, token, sealed, admitted)?;
    carve(tx, &chain, operation, token, &carved, index)?;
    quota::require_entries(tx, &chain)?;
    tx.facts.push(Facts { index: Some(index), parent: Some(parent), ..Facts::default() });
    Ok(())
}

/// The carved budgets of a token: unit and total.
pub(super) fn carved(budgets: &UnitBudgets) -> impl Iterator<Item = (StateIndex, Amount)> {
    let all = budgets.iter().flatten();
    let carved = all.filter(|(_, budget)| budget.share == Share::Carved);
    carved.map(|(unit, budget)| (*unit, budget.total.unwrap_or_default()))
}

/// Moves the totals of carved budgets out of the parent, and has the child lapse when it expires.
fn carve<V: StateView>(
    tx: &mut Transaction<'_, V>,
    chain: &Chain,
    operation: &Operation,
    token: &Token,
    carved: &[(StateIndex, Amount)],
    child: StateIndex,
) -> Rule<(), V::Error> {
    if carved.is_empty() {
        return Ok(());
    }
    let from = chain.links.len() - 1;
    for (unit, total) in carved {
        funds::post(tx, chain, *unit, from, *total, Move::Carve)?;
    }
    funds::count_child(tx, chain, carved, from, |children| children.checked_add(1))?;
    tx.set_due(token.expires, operation.id, Due::Token(child));
    Ok(())
}

/// The life of a token is not empty, not over and within its bound.
fn require_life<E>(now: Millis, token: &Token) -> Rule<(), E> {
    let life = token.expires.0.saturating_sub(now.seconds().0);
    let empty = token.not_before.is_some_and(|start| start >= token.expires);
    if token.expires.passed(now) || life > TOKEN_LIFE_MAX.0 || empty {
        return Err(Code::BadTime.into());
    }
    Ok(())
}

/// Who is asked is known where a budget says when.
fn require_approvers<V: StateView>(
    tx: &Transaction<'_, V>,
    token: &Token,
    sealed: &Sealed,
) -> Rule<(), V::Error> {
    if token.approval.is_some() {
        return tx.require_rules(APPROVALS);
    }
    let cumulative = sealed.budgets.iter().flatten().any(|budget| budget.cumulative.is_some());
    if cumulative { Err(Code::NoApprovers.into()) } else { Ok(()) }
}

/// Finds the leaves of the units; each must be registered and not frozen.
fn unit_budgets<V: StateView>(tx: &Transaction<'_, V>, sealed: &Sealed) -> Rule<UnitBudgets, V::Error> {
    let Some(budgets) = &sealed.budgets else { return Ok(None) };
    let later = |budget: &Budget| {
        !budget.windows.is_empty() || budget.cumulative.is_some() || budget.leases.is_some()
    };
    if budgets.iter().any(later) {
        tx.require_rules(Rules(2))?;
    }
    let mut found = Vec::with_capacity(budgets.len());
    for budget in budgets {
        found.push((live_unit(tx, &budget.unit)?, budget.clone()));
    }
    Ok(Some(found))
}

/// The leaf of a unit that is registered and not frozen.
pub(super) fn live_unit<V: StateView>(tx: &Transaction<'_, V>, id: &ObjectId) -> Rule<StateIndex, V::Error> {
    let record = tx.leaf_of(id, Code::UnknownUnit)?;
    let index = record.leaf.index;
    if record.leaf.unit().is_none() {
        return Err(Code::UnknownUnit.into());
    }
    if record.leaf.mask & MASK_OPERATOR != 0 {
        return Err(Stop::at(Code::UnitFrozen, index));
    }
    Ok(index)
}

/// A child's budget names a unit that the chain budgets, and states no more than any link above.
fn require_within<E>(chain: &Chain, unit: StateIndex, budget: &Budget) -> Rule<(), E> {
    if budget.share == Share::Carved && budget.total.is_none_or(|total| total == Amount(0)) {
        return Err(Code::BadAmount.into());
    }
    let above = chain.links.iter().rev();
    let listed = above.clone().find(|link| link.info.budgets.is_some());
    if listed.is_none_or(|link| budget_of(link, unit).is_none()) {
        return Err(Code::UnitNotBudgeted.into());
    }
    let wider = |own: Option<Amount>, of: fn(&Budget) -> Option<Amount>| {
        let stated = above.clone().filter_map(|link| budget_of(link, unit).and_then(of)).min();
        matches!((own, stated), (Some(own), Some(stated)) if own > stated)
    };
    let total = wider(budget.total, |b| b.total) || wider(budget.per_use, |b| b.per_use);
    // Refunds of a carved total post on nothing above it, so its default must fit too.
    let refundable = if budget.share == Share::Carved { budget.refundable() } else { budget.refundable };
    if total || wider(refundable, Budget::refundable) {
        return Err(Code::WiderThanParent.into());
    }
    Ok(())
}

/// Where a new token stands.
struct Admitted {
    parent: StateIndex,
    issuer: StateIndex,
    ancestors: Vec<StateIndex>,
    budgets: UnitBudgets,
}

fn create<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    token: &Token,
    sealed: &Sealed,
    admitted: Admitted,
) -> Rule<StateIndex, V::Error> {
    let signer = *operation.signers.first().ok_or(Code::WrongSigner)?.bytes();
    let leaf = TokenLeaf {
        parent: admitted.parent,
        holder: *token.holder.bytes(),
        holder_since: Millis(0),
        expires: token.expires,
        carved_children: 0,
        authority: TokenLeaf::authority_of(&token.encode()),
        values: Hash::default(),
    };
    let private = Private { secret: sealed.secret, values: Values::default() };
    let index = tx.create(|index| new_leaf(index, operation.id, LeafBody::Token(leaf)), Some(private))?;
    let info = TokenInfo {
        id: operation.id,
        entry: tx.entry,
        signer,
        token: token.clone(),
        budgets: admitted.budgets,
        issuer: admitted.issuer,
        ancestors: admitted.ancestors,
    };
    tx.put(&key::TokenOf(index), Arc::new(info));
    Ok(index)
}
